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
use crate::model::limits::{CallKind, CallLimits, HostLimits, KeyLimits, LimitKey, LimiterStore};
use crate::model::{Clock, Failure, FailureKind, Instant};

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
    turns: [Mutex<()>; 6],
    backlog: watch::Sender<Backlog>,
    clock: Arc<dyn Clock>,
    /// Longest requested pause (`Retry-After`) that a call waits for.
    pause_max: Duration,
    outage_max: Duration,
    /// First cooldown of a circuit breaker.
    cooldown: Duration,
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
        outage: Arc<OutageMonitor>,
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
            cooldown: timing.breaker_cooldown,
            known_hosts: std::sync::Mutex::default(),
            outage,
            save_failed: AtomicBool::default(),
        }
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
        let scope = breaker_scope(host, kind);
        let slots = if kind == CallKind::Download { &self.downloads } else { &self.requests };
        let (mut has_waited, mut is_probe) = (false, false);
        let mut down_for = Duration::ZERO;
        loop {
            let decision = {
                let _turn = self.turns[kind as usize].lock().await;
                let permit = permit(slots, what).await?;
                let (config, cooldown, now) =
                    (Arc::clone(&self.config), self.cooldown, self.clock.now());
                let backlog = *self.backlog.borrow();
                let request = AdmissionRequest { kind, backlog };
                // A new process sends its first call regardless: the outage may be long over. And once
                // this call is the probe, the breaker would make it wait for itself.
                let passes_breaker = is_probe || self.known_hosts().insert(scope.clone());
                let admit = move |limits: &mut CallLimits| {
                    let breaker =
                        circuit_breaker::check(&mut limits.host, cooldown, passes_breaker, now);
                    (
                        breaker,
                        match breaker {
                            BreakerDecision::CheckAfter(wait) => AdmissionDecision::HostDown(wait),
                            _ => admission::admit(&mut limits.key, &config, request, now),
                        },
                    )
                };
                let (breaker, decision) = self.change(&scope, admit).await?;
                is_probe |= breaker == BreakerDecision::Probe;
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
                AdmissionDecision::HostDown(wait) => {
                    self.wait_for_host(host, &mut down_for, wait, (what, call)).await?;
                }
                AdmissionDecision::Blocked(kind) => return Err(blocked(what, kind)),
                AdmissionDecision::Go
                | AdmissionDecision::CheckAfter(_)
                | AdmissionDecision::Yield(_) => {}
            }
        }
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
        let scope = breaker_scope(host, admission.sent.kind);
        let of_host = HostResult::of(failed);
        let failed = failed.map(|failure| (failure.kind, failure.delivery, failure.retry_after));
        let sent = SentCall { others, ..admission.sent };
        let (config, cooldown, now) = (Arc::clone(&self.config), self.cooldown, self.clock.now());
        let record = move |limits: &mut CallLimits| {
            of_host.record(&mut limits.host, cooldown, now);
            admission::record(&mut limits.key, &config, &sent, failed, now);
        };
        self.warn_unless_saved(self.change(&scope, record).await);
    }

    /// Stores the page size that the service at `host` accepts. Without it, the next list request is
    /// refused once more.
    pub(crate) async fn remember_page_size(&self, host: &str, size: u32) {
        let remember = move |limits: &mut CallLimits| limits.key.page_size = Some(size);
        self.warn_unless_saved(self.change(host, remember).await);
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
    pub(crate) async fn release(&self, host: &str) -> Result<(), Failure> {
        self.change(host, |limits| key_block::release(&mut limits.key.block)).await
    }

    pub(crate) fn config(&self) -> &RateLimits {
        &self.config
    }

    /// Reports that calls to `host` are paused, and sleeps. `down_for` is the sum of such waits.
    async fn wait_for_host(
        &self,
        host: &str,
        down_for: &mut Duration,
        wait: Duration,
        (what, call): (&str, &RequestOptions<'_>),
    ) -> Result<(), Failure> {
        *down_for += wait;
        let failure = breaker_open(what, host, wait);
        if *down_for > self.outage_max {
            return Err(failure);
        }
        self.report_and_sleep(failure, wait, call).await
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

    /// Changes the limits on a blocking thread: a store may wait for other processes. Of a change that
    /// ran twice, the last result counts.
    async fn change<T: Send + 'static>(
        &self,
        host: &str,
        mut change: impl FnMut(&mut CallLimits) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (store, key, host) = (Arc::clone(&self.store), self.key.clone(), host.to_owned());
        blocking(move || {
            let (send, results) = mpsc::channel();
            let change = move |limits: &mut CallLimits| {
                // The receiver outlives the change.
                let _ = send.send(change(limits));
            };
            store.change(&key, &host, Box::new(change))?;
            let result = results.try_iter().last();
            result.ok_or_else(|| Failure::local("saving rate limits", &"the store changed nothing"))
        })
        .await
    }
}

/// What the result of a call says about its host.
#[derive(Clone, Copy)]
enum HostResult {
    Answered,
    Failed,
    /// Nothing was sent.
    Unknown,
}

impl HostResult {
    fn of(failed: Option<&Failure>) -> Self {
        match failed {
            Some(failure) if circuit_breaker::is_host_failure(failure.kind) => Self::Failed,
            Some(failure) if failure.status.is_none() => Self::Unknown,
            _ => Self::Answered,
        }
    }

    fn record(self, host: &mut HostLimits, cooldown: Duration, now: Instant) {
        match self {
            Self::Answered => circuit_breaker::on_success(host, now),
            Self::Failed => {
                circuit_breaker::on_failure(host, cooldown, now);
            }
            Self::Unknown => {}
        }
    }
}

/// The scope of a circuit breaker. Uploads have their own: their failures say nothing about small
/// requests and must not delay polls and downloads.
fn breaker_scope(host: &str, kind: CallKind) -> String {
    if kind == CallKind::Upload { format!("{host} (uploads)") } else { host.to_owned() }
}

fn tie_break(kind: CallKind) -> Duration {
    Duration::from_millis(match kind {
        CallKind::Create => 1,
        CallKind::Upload => 2,
        _ => 0,
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
