//! The dependencies of a run: the service, the ledger, clocks, and the stop signal.

use crate::model::Timing;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::ledger::{ApiKeyId, Attempt, LeasedLedger};
use crate::model::event::RemarkLevel;
use crate::model::{
    Clock, Event, Failure, FailureKind, Fingerprint, InputEvent, InputRef, Observer, Random, Stage,
};
use crate::store::ObjectStores;

/// Dependencies of a run, shared by all of its inputs.
#[derive(Clone)]
pub struct Context {
    pub service: Client,
    /// Object stores of inputs and outputs.
    pub stores: ObjectStores,
    pub ledger: LeasedLedger,
    /// Origin of the service and fingerprint of the API key.
    pub key: ApiKeyId,
    pub profile: String,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Receives every event.
    pub observer: Arc<dyn Observer>,
    pub timing: Timing,
    /// Cancelled when the run ends: nothing new begins, and everything stays resumable.
    pub stop: CancellationToken,
    /// Set when `stop` was cancelled by `--timeout`, not by a signal.
    pub time_is_over: Arc<AtomicBool>,
    /// During a key rotation: the same ledger, process and stop, with the previous key. Jobs
    /// created with that key are finished with it.
    pub previous: Option<Arc<Context>>,
}

impl Context {
    /// The context of the key that created a job. Jobs of an unknown key get this context, which
    /// then cannot see them.
    #[must_use]
    pub fn for_key<'a>(self: &'a Arc<Self>, fingerprint: &Fingerprint) -> &'a Arc<Self> {
        match &self.previous {
            Some(previous) if previous.key.fingerprint == *fingerprint => previous,
            _ => self,
        }
    }

    /// This context, and that of the previous key if there is one.
    pub fn all(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::once(self).chain(self.previous.as_ref())
    }
}

impl Context {
    /// Stops the run because `--timeout` was reached.
    pub fn stop_on_timeout(&self) {
        self.time_is_over.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }

    /// `failure`, or the reason of the stop if it is a plain interruption.
    #[must_use]
    pub fn with_stop_reason(&self, failure: Failure) -> Failure {
        match failure.kind {
            FailureKind::Interrupted if self.time_is_over.load(Ordering::SeqCst) => out_of_time(),
            _ => failure,
        }
    }

    pub(crate) fn emit(&self, input: &InputRef, what: InputEvent) {
        self.observer.observe(&Event::Input { input: input.clone(), what });
    }

    pub(crate) fn emit_stage(&self, input: &InputRef, stage: Stage) {
        self.emit(input, InputEvent::Phase(stage));
    }

    pub(crate) fn notice(&self, level: RemarkLevel, text: impl Into<String>) {
        self.observer.observe(&Event::Notice { level, text: text.into() });
    }

    /// Sleeps, unless the run is stopped first.
    pub(crate) async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    /// Waits for `work`, unless the run is stopped first. `work` has to be cancel-safe.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        unless_cancelled(&self.stop, work).await
    }
}

/// Waits for `work`, unless `stop` is cancelled first.
pub(crate) async fn unless_cancelled<T>(
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(interrupted()),
        done = work => Ok(done),
    }
}

/// Error for an attempt whose API key is not loaded in this process; only that key can see its job.
/// `done` is the past participle of what was done with that key: "sent", "created".
pub(crate) fn key_not_at_hand(attempt: &Attempt, what: &str, done: &str) -> Failure {
    let (key, profile) = (&attempt.work.key.fingerprint, &attempt.work.profile);
    let why =
        format!("it was {done} with key {key} of profile {profile}, which is not loaded here");
    let mut failure = Failure::configuration(what, why)
        .with_next("run the same command with that key (RBGV_API_KEY or --profile)");
    failure.job.clone_from(&attempt.state.job);
    failure
}

/// Failure of a run that `--timeout` stopped.
pub(crate) fn out_of_time() -> Failure {
    Failure::new(FailureKind::TimedOut, "stopped", "--timeout reached")
}

/// Failure of work that a stop cut short; [`Context::with_stop_reason`] adds the reason of the stop.
#[must_use]
pub fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, "stopped", "interrupted")
}
