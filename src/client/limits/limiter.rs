//! The part of limits that waits: asks the policies whether a call may go, sleeps, asks again, and
//! tells the shared state how the call went.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinError;
use tracing::warn;

use super::admission::{self, AdmissionDecision, AdmissionRequest, Backlog, SentCall};
use super::circuit_breaker::{self, BreakerDecision};
use super::config::RateLimits;
use super::key_block;
use crate::blocking::blocking;
use crate::client::config::CallTiming;
use crate::client::outage::OutageMonitor;
use crate::client::request::options::RequestOptions;
use crate::model::limits::{CallKind, HostLimits, KeyLimits, LimitKey, LimiterStore};
use crate::model::{Clock, Failure, FailureKind};

/// A wait that is shorter than this is not reported.
const WORTH_REPORTING: Duration = Duration::from_secs(1);

/// What failures of the store are about.
const KEEPING: &str = "saving rate limits";

/// Outputs that are fetched at once.
const DOWNLOADS: usize = 8;

/// Permission to send one request. Dropping it lets another one go.
#[derive(Debug)]
pub struct CallPermit {
    _permit: OwnedSemaphorePermit,
    sent: SentCall,
}

/// Admission for one key, and for the hosts that it leads to.
pub(crate) struct Limiter {
    store: Arc<dyn LimiterStore>,
    key: LimitKey,
    shape: Arc<RateLimits>,
    requests: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// One caller of each kind asks at a time, in the order of arrival.
    turns: [Mutex<()>; 5],
    backlog: watch::Sender<Backlog>,
    clock: Arc<dyn Clock>,
    /// Longest pause that a call waits for.
    patience: Duration,
    /// Longest outage that a call waits for.
    outage_max: Duration,
    /// Breakers that this process has asked before.
    asked: std::sync::Mutex<BTreeSet<String>>,
    watched: Arc<OutageMonitor>,
}

impl Limiter {
    pub(crate) fn new(
        store: Arc<dyn LimiterStore>,
        key: LimitKey,
        shape: &RateLimits,
        clock: Arc<dyn Clock>,
        timing: &CallTiming,
    ) -> Self {
        Self {
            store,
            key,
            shape: Arc::new(*shape),
            requests: Arc::new(Semaphore::new(shape.concurrency.max(1))),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            turns: std::array::from_fn(|_| Mutex::new(())),
            backlog: watch::Sender::new(Backlog::Empty),
            clock,
            patience: timing.retry_after_max,
            outage_max: timing.outage_max,
            asked: std::sync::Mutex::default(),
            watched: Arc::default(),
        }
    }

    /// The same, whose pauses `watched` is shown.
    pub(crate) fn watched(self, watched: Arc<OutageMonitor>) -> Self {
        Self { watched, ..self }
    }

    /// Says what inputs that are not started yet wait for.
    pub(crate) fn set_backlog(&self, backlog: Backlog) {
        self.backlog.send_replace(backlog);
    }

    /// Waits until a call of `kind` may be sent to `host`. `what` names the call in failures.
    ///
    /// # Errors
    /// The key is blocked, or the pause is longer than a call waits; nothing was sent.
    pub(crate) async fn admit(
        &self,
        kind: CallKind,
        host: &str,
        what: &str,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        let mut has_waited = false;
        loop {
            self.pass_breaker(&scope(host, kind), what, call).await?;
            let answer = {
                let _turn = self.turns[kind as usize].lock().await;
                let permit = permit(&self.requests, what).await?;
                let (shape, now) = (Arc::clone(&self.shape), self.clock.now());
                let backlog = *self.backlog.borrow();
                let asking = AdmissionRequest { kind, backlog };
                let answer =
                    self.with_key(move |key| admission::ask(key, &shape, asking, now)).await?;
                if answer == AdmissionDecision::Go {
                    let sent = SentCall { kind, at: now, was_held: has_waited, others: None };
                    return Ok(CallPermit { _permit: permit, sent });
                }
                drop(permit);
                match answer {
                    AdmissionDecision::AskAfter(wait) => {
                        has_waited = true;
                        // Of several that wait for the same moment, starts are first to ask.
                        tokio::time::sleep(wait + rank(kind)).await;
                    }
                    AdmissionDecision::GiveWay(wait) => {
                        let mut changes = self.backlog.subscribe();
                        let other = changes.wait_for(|now| *now != backlog);
                        // Changed or not: either way it is time to ask again.
                        let _ = tokio::time::timeout(wait, other).await;
                    }
                    _ => {}
                }
                answer
            };
            match answer {
                AdmissionDecision::Paused(wait) => {
                    self.wait_out(paused(what, wait), wait, call).await?;
                }
                AdmissionDecision::Blocked(kind) => return Err(blocked(what, kind)),
                AdmissionDecision::Go
                | AdmissionDecision::AskAfter(_)
                | AdmissionDecision::GiveWay(_) => {}
            }
        }
    }

    /// Waits until an output may be fetched from `host`, which has no key and no pace, but may be in
    /// trouble.
    pub(crate) async fn admit_to_host(
        &self,
        host: &str,
        what: &str,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        self.pass_breaker(host, what, call).await?;
        let permit = permit(&self.downloads, what).await?;
        let sent = SentCall {
            kind: CallKind::Unkeyed,
            at: self.clock.now(),
            was_held: false,
            others: None,
        };
        Ok(CallPermit { _permit: permit, sent })
    }

    /// Learns how an admitted call went; `others` is how many jobs were in flight beside a start.
    /// What cannot be kept is no reason to lose an answer.
    pub(crate) async fn learn(
        &self,
        host: &str,
        admission: &CallPermit,
        others: Option<u32>,
        failed: Option<&Failure>,
    ) {
        self.learn_of_host(&scope(host, admission.sent.kind), failed).await;
        let failed = failed.map(|failure| (failure.kind, failure.delivery, failure.retry_after));
        let sent = SentCall { others, ..admission.sent };
        let (shape, now) = (Arc::clone(&self.shape), self.clock.now());
        let kept =
            self.with_key(move |key| admission::learn(key, &shape, &sent, failed, now)).await;
        if let Err(failure) = kept {
            warn!(%failure, "rate limits were not saved");
        }
    }

    /// Remembers the size of pages that the service accepts. Lists work without that, only slower.
    pub(crate) async fn remember_page_size(&self, size: u32) {
        if let Err(failure) = self.with_key(move |key| key.page_size = Some(size)).await {
            warn!(%failure, "rate limits were not saved");
        }
    }

    /// Learns how `host` answered.
    pub(crate) async fn learn_of_host(&self, host: &str, failed: Option<&Failure>) {
        let (shape, now) = (self.shape.breaker, self.clock.now());
        let badly = failed.is_some_and(|failure| circuit_breaker::counts(failure.kind));
        if !badly && failed.is_some_and(|failure| failure.status.is_none()) {
            // Nothing was sent, so nothing is known.
            return;
        }
        let kept = self
            .with_host(host, move |host| {
                if badly {
                    circuit_breaker::on_failure(host, &shape, now);
                } else {
                    circuit_breaker::well(host, &shape, now);
                }
            })
            .await;
        if let Err(failure) = kept {
            warn!(%failure, "rate limits were not saved");
        }
    }

    /// What is known of the key's limits.
    pub(crate) async fn known(&self) -> Result<KeyLimits, Failure> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        let known = blocking(move || store.key(&key));
        known.await.map_err(|error| Failure::local(KEEPING, &error))?
    }

    /// Releases what only the user may.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        self.with_key(|key| key_block::release(&mut key.block)).await
    }

    /// The bounds and shapes in use.
    pub(crate) fn shape(&self) -> &RateLimits {
        &self.shape
    }

    async fn pass_breaker(
        &self,
        host: &str,
        what: &str,
        call: &RequestOptions<'_>,
    ) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        loop {
            let (shape, now) = (self.shape.breaker, self.clock.now());
            // A new process is a probe: what opened the breaker may be long over.
            let is_new = self.asked().insert(host.to_owned());
            let ask = move |host: &mut HostLimits| circuit_breaker::ask(host, &shape, is_new, now);
            match self.with_host(host, ask).await? {
                BreakerDecision::Go | BreakerDecision::Probe => return Ok(()),
                BreakerDecision::GoAfter(wait) => {
                    tokio::time::sleep(wait).await;
                    return Ok(());
                }
                BreakerDecision::AskAfter(wait) => {
                    waited += wait;
                    let failure = breaker_open(what, host, wait);
                    if waited > self.outage_max {
                        return Err(failure);
                    }
                    self.wait_out(failure, wait, call).await?;
                }
            }
        }
    }

    fn asked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, unless that is more than a call waits, and says so.
    async fn wait_out(
        &self,
        failure: Failure,
        wait: Duration,
        call: &RequestOptions<'_>,
    ) -> Result<(), Failure> {
        let patience = match failure.kind {
            FailureKind::RateLimited => self.patience,
            _ => self.outage_max,
        };
        if wait > patience {
            return Err(failure);
        }
        if wait >= WORTH_REPORTING {
            (call.on_retry)(&failure, wait);
            self.watched.paused(&failure, self.clock.now().after(wait));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Changes the key's state off the threads that serve sockets: a store may wait for others.
    async fn with_key<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut KeyLimits) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        made(blocking(move || {
            let mut made = None;
            store.change_key(&key, &mut |limits| made = Some(change(limits)))?;
            Ok(made)
        }))
        .await
    }

    async fn with_host<T: Send + 'static>(
        &self,
        host: &str,
        mut change: impl FnMut(&mut HostLimits) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (store, host) = (Arc::clone(&self.store), host.to_owned());
        made(blocking(move || {
            let mut made = None;
            store.change_host(&host, &mut |limits| made = Some(change(limits)))?;
            Ok(made)
        }))
        .await
    }
}

/// What a change in the store made.
async fn made<T>(
    changing: impl Future<Output = Result<Result<Option<T>, Failure>, JoinError>>,
) -> Result<T, Failure> {
    let made = changing.await.map_err(|error| Failure::local(KEEPING, &error))?;
    made?.ok_or_else(|| Failure::local(KEEPING, &"the store changed nothing"))
}

/// The scope of a host's breaker. Failing uploads say nothing about small requests, and must not
/// hold up polls and downloads of what is finished.
fn scope(host: &str, kind: CallKind) -> String {
    if kind == CallKind::Upload { format!("{host} (uploads)") } else { host.to_owned() }
}

fn rank(kind: CallKind) -> Duration {
    Duration::from_millis(match kind {
        CallKind::Start | CallKind::Poll | CallKind::Unkeyed => 0,
        CallKind::Create => 1,
        CallKind::Upload => 2,
    })
}

async fn permit(of: &Arc<Semaphore>, what: &str) -> Result<OwnedSemaphorePermit, Failure> {
    // It is never closed.
    Arc::clone(of).acquire_owned().await.map_err(|error| Failure::local(what, &error))
}

fn paused(what: &str, wait: Duration) -> Failure {
    let mut failure = Failure::new(FailureKind::RateLimited, what, "the service asked for a pause");
    failure.retry_after = Some(wait);
    failure
}

fn breaker_open(what: &str, host: &str, wait: Duration) -> Failure {
    let why = format!("calls to {host} are paused after many failures");
    let mut failure = Failure::new(FailureKind::Unavailable, what, why);
    failure.retry_after = Some(wait);
    failure
}

fn blocked(what: &str, kind: FailureKind) -> Failure {
    let (why, next) = match kind {
        FailureKind::InsufficientCredits => {
            ("an earlier start failed for lack of credits; nothing was sent", "rbgv resume")
        }
        _ => ("an earlier call was rejected because of the key; nothing was sent", "rbgv doctor"),
    };
    Failure::new(kind, what, why).with_next(next)
}
