//! Asks for leave before each attempt, waits for it, and tells the shared state afterwards how it
//! went. The decisions are made in `lanes` and `breaker`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use tracing::warn;

use super::breaker::{self, Leave};
use super::call::Call;
use super::lanes::{self, Errand, Limits, Place, Standing};
use super::lessons::{self, Outcome};
use crate::blocking::blocking;
use crate::model::limits::{HostLimits, KeyLimits, Lane, LimitKey, LimiterStore};
use crate::model::{Clock, Failure, FailureKind, Instant};

/// A wait that is shorter than this is nobody's concern.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// What failures of the store are about.
const KEEPING: &str = "keeping limits";

/// Leave to send one request. Dropping it gives the place in the lane back.
#[derive(Debug)]
pub struct Admission {
    _slot: OwnedSemaphorePermit,
    standing: Standing,
    reserved: Instant,
}

/// Admission for one key, and for the hosts that it leads to.
pub(super) struct Limiter {
    store: Arc<dyn LimiterStore>,
    key: LimitKey,
    shape: Arc<Limits>,
    slots: [Arc<Semaphore>; 3],
    clock: Arc<dyn Clock>,
    /// Longest pause that a call sits out.
    patience: Duration,
}

impl Limiter {
    pub(super) fn new(
        store: Arc<dyn LimiterStore>,
        key: LimitKey,
        shape: &Limits,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Self {
        let slots =
            Lane::ALL.map(|lane| Arc::new(Semaphore::new(shape.lane(lane).concurrency.max(1))));
        Self { store, key, shape: Arc::new(*shape), slots, clock, patience }
    }

    /// Waits for leave to send `errand` to `host`. `what` names the call in failures.
    ///
    /// # Errors
    /// A latch has fallen, or the pause is longer than a call sits out; nothing was sent.
    pub(super) async fn admit(
        &self,
        errand: Errand,
        host: &str,
        what: &str,
        call: &Call<'_>,
    ) -> Result<Admission, Failure> {
        loop {
            self.pass_breaker(host, what, call).await?;
            let slot = self.slot(errand.lane, what).await?;
            let now = self.clock.now();
            let shape = Arc::clone(&self.shape);
            let place = self.with_key(move |key| lanes::place(key, &shape, &errand, now)).await?;
            match place {
                Place::At { wait, standing } => {
                    tokio::time::sleep(wait).await;
                    // While it waited, others may have learned better.
                    if wait.is_zero() || self.holds(errand, now).await? {
                        return Ok(Admission { _slot: slot, standing, reserved: now });
                    }
                }
                Place::Parked(wait) => {
                    drop(slot);
                    self.sit_out(parked(what, wait), wait, call).await?;
                }
                Place::Stopped(kind) => return Err(stopped(what, kind)),
            }
        }
    }

    /// Waits for leave to fetch from `host`, which has no key and no rate, but may be in trouble.
    pub(super) async fn admit_to_host(
        &self,
        host: &str,
        what: &str,
        call: &Call<'_>,
    ) -> Result<Admission, Failure> {
        self.pass_breaker(host, what, call).await?;
        let slot = self.slot(Lane::Transfer, what).await?;
        Ok(Admission { _slot: slot, standing: Standing::FREE, reserved: self.clock.now() })
    }

    /// Learns how an admitted errand went. What cannot be kept is no reason to lose an answer.
    pub(super) async fn learn(
        &self,
        errand: Errand,
        host: &str,
        admission: &Admission,
        failed: Option<&Failure>,
    ) {
        self.learn_of_host(host, failed).await;
        let failed = failed.map(|failure| (failure.kind, failure.delivery, failure.retry_after));
        let Admission { standing, reserved, .. } = *admission;
        let outcome = Outcome { reserved, standing, failed };
        let (shape, now) = (Arc::clone(&self.shape), self.clock.now());
        let kept =
            self.with_key(move |key| lessons::learn(key, &shape, &errand, &outcome, now)).await;
        if let Err(failure) = kept {
            warn!(%failure, "limits were not kept");
        }
    }

    /// Remembers the size of pages that the service accepts. Lists work without that, only slower.
    pub(super) async fn remember_page_size(&self, size: u32) {
        if let Err(failure) = self.with_key(move |key| key.page_size = Some(size)).await {
            warn!(%failure, "limits were not kept");
        }
    }

    /// Learns how `host` answered.
    pub(super) async fn learn_of_host(&self, host: &str, failed: Option<&Failure>) {
        let (shape, now) = (self.shape.breaker, self.clock.now());
        let badly = failed.is_some_and(|failure| breaker::counts(failure.kind));
        if !badly && failed.is_some_and(|failure| failure.status.is_none()) {
            // Nothing was sent, so nothing is known.
            return;
        }
        let kept = self
            .with_host(host, move |host| {
                if badly {
                    breaker::badly(host, &shape, now);
                } else {
                    breaker::well(host, &shape, now);
                }
            })
            .await;
        if let Err(failure) = kept {
            warn!(%failure, "limits were not kept");
        }
    }

    /// What is known of the key's limits.
    pub(super) async fn known(&self) -> Result<KeyLimits, Failure> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        let known = blocking(move || store.key(&key));
        known.await.map_err(|error| Failure::local(KEEPING, &error))?
    }

    /// Releases what only the user may.
    pub(super) async fn release(&self) -> Result<(), Failure> {
        self.with_key(|key| super::latch::release(&mut key.latches)).await
    }

    /// The bounds and shapes in use.
    pub(super) fn shape(&self) -> &Limits {
        &self.shape
    }

    async fn pass_breaker(&self, host: &str, what: &str, call: &Call<'_>) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        loop {
            let (shape, now) = (self.shape.breaker, self.clock.now());
            match self.with_host(host, move |host| breaker::ask(host, &shape, now)).await? {
                Leave::Go | Leave::Probe => return Ok(()),
                Leave::GoAfter(wait) => {
                    tokio::time::sleep(wait).await;
                    return Ok(());
                }
                Leave::AskAfter(wait) => {
                    waited += wait;
                    let failure = left_alone(what, host, wait);
                    if waited > self.patience {
                        return Err(failure);
                    }
                    self.sit_out(failure, wait, call).await?;
                }
            }
        }
    }

    /// Waits, unless that is more than a call waits, and says so.
    async fn sit_out(
        &self,
        failure: Failure,
        wait: Duration,
        call: &Call<'_>,
    ) -> Result<(), Failure> {
        if wait > self.patience {
            return Err(failure);
        }
        if wait >= WORTH_TELLING {
            (call.on_retry)(&failure, wait);
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn slot(&self, lane: Lane, what: &str) -> Result<OwnedSemaphorePermit, Failure> {
        let [control, poll, transfer] = &self.slots;
        let slots = match lane {
            Lane::Control => control,
            Lane::Poll => poll,
            Lane::Transfer => transfer,
        };
        // It is never closed.
        Arc::clone(slots).acquire_owned().await.map_err(|error| Failure::local(what, &error))
    }

    async fn holds(&self, errand: Errand, reserved: Instant) -> Result<bool, Failure> {
        let now = self.clock.now();
        Ok(lanes::holds(&mut self.known().await?, &errand, reserved, now))
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

fn parked(what: &str, wait: Duration) -> Failure {
    let mut failure = Failure::new(FailureKind::RateLimited, what, "the service asked for a pause");
    failure.retry_after = Some(wait);
    failure
}

fn left_alone(what: &str, host: &str, wait: Duration) -> Failure {
    let why = format!("{host} is left alone for a while after a surge of failures");
    let mut failure = Failure::new(FailureKind::Unavailable, what, why);
    failure.retry_after = Some(wait);
    failure
}

fn stopped(what: &str, kind: FailureKind) -> Failure {
    let (why, next) = match kind {
        FailureKind::InsufficientCredits => {
            ("an earlier start found no credits left; nothing was sent", "rbgv resume")
        }
        _ => {
            ("an earlier call found that the key is not accepted; nothing was sent", "rbgv doctor")
        }
    };
    Failure::new(kind, what, why).with_next(next)
}
