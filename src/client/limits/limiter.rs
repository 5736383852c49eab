//! The only part of the limits that waits: consults the policies, sleeps until a call is admitted,
//! and records its result in the shared state.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tracing::warn;

use super::admission::{self, AdmissionDecision, AdmissionRequest, Backlog, SentCall};
use super::circuit_breaker::{self, BreakerDecision};
use super::config::RateLimits;
use super::key_block;
use crate::blocking::blocking;
use crate::client::outage::OutageMonitor;
use crate::client::request::options::RequestOptions;
use crate::model::Timing;
use crate::model::limits::{CallKind, HostLimits, KeyLimits, LimitKey, LimiterStore, LimitsChange};
use crate::model::{Clock, Failure, FailureKind};

/// Shorter waits are not reported to the user.
const MIN_REPORTED_WAIT: Duration = Duration::from_secs(1);

/// Maximum concurrent downloads of outputs.
const MAX_DOWNLOADS: usize = 8;

/// Permission to send one request. Dropping it releases its concurrency slot.
#[derive(Debug)]
pub struct CallPermit {
    _permit: OwnedSemaphorePermit,
    sent: SentCall,
}

/// Admission for one key and the hosts that its calls go to.
pub(crate) struct Limiter {
    store: Arc<dyn LimiterStore>,
    key: LimitKey,
    config: Arc<RateLimits>,
    requests: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// Admission is serialised by kind of call, first come, first served.
    turns: [Mutex<()>; 5],
    backlog: watch::Sender<Backlog>,
    clock: Arc<dyn Clock>,
    /// Longest requested pause (`Retry-After`) that a call waits for.
    pause_max: Duration,
    outage_max: Duration,
    /// Hosts whose breaker this process has checked before.
    known_hosts: std::sync::Mutex<BTreeSet<String>>,
    outage: Arc<OutageMonitor>,
    /// Whether the last change of the stored limits failed.
    save_failed: AtomicBool,
}

impl Limiter {
    pub(crate) fn new(
        store: Arc<dyn LimiterStore>,
        key: LimitKey,
        config: &RateLimits,
        clock: Arc<dyn Clock>,
        timing: &Timing,
    ) -> Self {
        Self {
            store,
            key,
            config: Arc::new(*config),
            requests: Arc::new(Semaphore::new(config.bounds.concurrency.max(1) as usize)),
            downloads: Arc::new(Semaphore::new(MAX_DOWNLOADS)),
            turns: std::array::from_fn(|_| Mutex::new(())),
            backlog: watch::Sender::new(Backlog::Empty),
            clock,
            pause_max: timing.retry_after_max,
            outage_max: timing.outage_max,
            known_hosts: std::sync::Mutex::default(),
            outage: Arc::default(),
            save_failed: AtomicBool::default(),
        }
    }

    /// Reports pauses to `outage`.
    pub(crate) fn with_outage_monitor(self, outage: Arc<OutageMonitor>) -> Self {
        Self { outage, ..self }
    }

    pub(crate) fn set_backlog(&self, backlog: Backlog) {
        self.backlog.send_replace(backlog);
    }

    /// Waits until a call of `kind` may be sent to `host`. `what` names the call in failures.
    ///
    /// # Errors
    /// The key is blocked, or the wait exceeds its maximum. Nothing was sent.
    pub(crate) async fn admit(
        &self,
        kind: CallKind,
        host: &str,
        what: &str,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        let (mut has_waited, mut has_turn) = (false, false);
        loop {
            // Once this call is the probe, the breaker would make it wait for itself.
            if !has_turn {
                has_turn = self.pass_breaker(&breaker_scope(host, kind), what, call).await?;
            }
            let decision = {
                let _turn = self.turns[kind as usize].lock().await;
                let permit = permit(&self.requests, what).await?;
                let (config, now) = (Arc::clone(&self.config), self.clock.now());
                let backlog = *self.backlog.borrow();
                let request = AdmissionRequest { kind, backlog };
                let decision =
                    self.with_key(move |key| admission::admit(key, &config, request, now)).await?;
                if decision == AdmissionDecision::Go {
                    let sent = SentCall { kind, at: now, was_delayed: has_waited, others: None };
                    return Ok(CallPermit { _permit: permit, sent });
                }
                drop(permit);
                match decision {
                    AdmissionDecision::CheckAfter(wait) => {
                        has_waited = true;
                        // Starts first among calls that wait for the same time.
                        tokio::time::sleep(wait + tie_break(kind)).await;
                    }
                    AdmissionDecision::Yield(wait) => {
                        let mut changes = self.backlog.subscribe();
                        let other = changes.wait_for(|now| *now != backlog);
                        // Either the backlog changed or the wait is over: check again.
                        let _ = tokio::time::timeout(wait, other).await;
                    }
                    _ => {}
                }
                decision
            };
            match decision {
                AdmissionDecision::Paused(wait) => {
                    self.report_and_sleep(paused(what, wait), wait, call).await?;
                }
                AdmissionDecision::Blocked(kind) => return Err(blocked(what, kind)),
                AdmissionDecision::Go
                | AdmissionDecision::CheckAfter(_)
                | AdmissionDecision::Yield(_) => {}
            }
        }
    }

    /// Waits until an output may be downloaded from `host`. Output hosts have no key and no pace,
    /// only a circuit breaker.
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
            was_delayed: false,
            others: None,
        };
        Ok(CallPermit { _permit: permit, sent })
    }

    /// Records the result of an admitted call. `others` is the number of other jobs in flight at a
    /// start. A failure of the store is only logged, so that no response is lost.
    pub(crate) async fn record(
        &self,
        host: &str,
        admission: &CallPermit,
        others: Option<u32>,
        failed: Option<&Failure>,
    ) {
        self.record_host_result(&breaker_scope(host, admission.sent.kind), failed).await;
        let failed = failed.map(|failure| (failure.kind, failure.delivery, failure.retry_after));
        let sent = SentCall { others, ..admission.sent };
        let (config, now) = (Arc::clone(&self.config), self.clock.now());
        let saved =
            self.with_key(move |key| admission::record(key, &config, &sent, failed, now)).await;
        self.warn_unless_saved(saved);
    }

    /// Stores the page size that the service accepts. Without it, the next list request is refused
    /// once more.
    pub(crate) async fn remember_page_size(&self, size: u32) {
        let saved = self.with_key(move |key| key.page_size = Some(size)).await;
        self.warn_unless_saved(saved);
    }

    /// Records a success or failure of `host` in its circuit breaker.
    pub(crate) async fn record_host_result(&self, host: &str, failed: Option<&Failure>) {
        let (config, now) = (self.config.breaker, self.clock.now());
        let is_failure =
            failed.is_some_and(|failure| circuit_breaker::is_host_failure(failure.kind));
        if !is_failure && failed.is_some_and(|failure| failure.status.is_none()) {
            // Nothing was sent.
            return;
        }
        let saved = self
            .with_host(host, move |host| {
                if is_failure {
                    circuit_breaker::on_failure(host, &config, now);
                } else {
                    circuit_breaker::on_success(host, &config, now);
                }
            })
            .await;
        self.warn_unless_saved(saved);
    }

    /// Warns at the first of several failures in a row.
    fn warn_unless_saved(&self, saved: Result<(), Failure>) {
        let failed_before = self.save_failed.swap(saved.is_err(), Ordering::Relaxed);
        if let Err(failure) = saved
            && !failed_before
        {
            warn!(%failure, "rate limits were not saved");
        }
    }

    pub(crate) async fn state(&self) -> Result<KeyLimits, Failure> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        blocking(move || store.key(&key)).await
    }

    /// Lifts the blocks of the key that only the user may lift.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        self.with_key(|key| key_block::release(&mut key.block)).await
    }

    pub(crate) fn config(&self) -> &RateLimits {
        &self.config
    }

    /// Waits until the breaker lets a call pass. `true` if it admitted this very call, as the probe.
    async fn pass_breaker(
        &self,
        host: &str,
        what: &str,
        call: &RequestOptions<'_>,
    ) -> Result<bool, Failure> {
        let mut waited = Duration::ZERO;
        loop {
            let (config, now) = (self.config.breaker, self.clock.now());
            // A new process sends its first call regardless: the outage may be long over.
            let is_new = self.known_hosts().insert(host.to_owned());
            let check =
                move |host: &mut HostLimits| circuit_breaker::check(host, &config, is_new, now);
            match self.with_host(host, check).await? {
                BreakerDecision::Go => return Ok(false),
                BreakerDecision::Probe => return Ok(true),
                BreakerDecision::CheckAfter(wait) => {
                    waited += wait;
                    let failure = breaker_open(what, host, wait);
                    if waited > self.outage_max {
                        return Err(failure);
                    }
                    self.report_and_sleep(failure, wait, call).await?;
                }
            }
        }
    }

    fn known_hosts(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.known_hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports a wait and sleeps, or fails if the wait exceeds the maximum for its kind.
    async fn report_and_sleep(
        &self,
        failure: Failure,
        wait: Duration,
        call: &RequestOptions<'_>,
    ) -> Result<(), Failure> {
        let wait_max = match failure.kind {
            FailureKind::RateLimited => self.pause_max,
            _ => self.outage_max,
        };
        if wait > wait_max {
            return Err(failure);
        }
        if wait >= MIN_REPORTED_WAIT {
            (call.on_retry)(&failure, wait);
            self.outage.paused(&failure, self.clock.now().after(wait));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Changes the state of the key on a blocking thread: a store may wait for other processes.
    async fn with_key<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut KeyLimits) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        blocking(move || result_of(change, |change| store.change_key(&key, change))).await
    }

    async fn with_host<T: Send + 'static>(
        &self,
        host: &str,
        change: impl FnMut(&mut HostLimits) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (store, host) = (Arc::clone(&self.store), host.to_owned());
        blocking(move || result_of(change, |change| store.change_host(&host, change))).await
    }
}

/// The result of `change`, once `save` has saved what it changes. Of a change that ran twice, the last
/// one counts.
fn result_of<S, T: Send + 'static>(
    mut change: impl FnMut(&mut S) -> T + Send + 'static,
    save: impl FnOnce(LimitsChange<S>) -> Result<(), Failure>,
) -> Result<T, Failure> {
    let (results, all) = mpsc::channel();
    save(Box::new(move |limits| {
        // The receiver outlives the change.
        let _ = results.send(change(limits));
    }))?;
    let result = all.try_iter().last();
    result.ok_or_else(|| Failure::local("saving rate limits", &"the store changed nothing"))
}

/// The scope of a circuit breaker. Uploads have their own: their failures say nothing about small
/// requests and must not delay polls and downloads.
fn breaker_scope(host: &str, kind: CallKind) -> String {
    if kind == CallKind::Upload { format!("{host} (uploads)") } else { host.to_owned() }
}

fn tie_break(kind: CallKind) -> Duration {
    Duration::from_millis(match kind {
        CallKind::Start | CallKind::Poll | CallKind::Unkeyed => 0,
        CallKind::Create => 1,
        CallKind::Upload => 2,
    })
}

async fn permit(of: &Arc<Semaphore>, what: &str) -> Result<OwnedSemaphorePermit, Failure> {
    // Never closed.
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
