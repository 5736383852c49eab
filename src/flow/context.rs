//! What a run works with: the service, the ledger, clocks, and how it may be stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::{self, Client};
use crate::ledger::{ApiKeyId, Attempt, Ledger, LedgerError, ProcessLease};
use crate::model::event::RemarkLevel;
use crate::model::{
    Clock, Event, Failure, FailureKind, Fingerprint, InputEvent, InputRef, Observer, Random, Stage,
};

/// Every wait of the flow, by name (design, *Configuration*).
#[derive(Debug, Clone, Copy)]
pub struct RunTiming {
    /// The client's waits; the flow uses its backoff windows too.
    pub client: client::CallTiming,
    /// How long a request that was sent may still arrive.
    pub settle: Duration,
    /// When jobs are looked at.
    pub poll: client::PollTiming,
    /// Longest time that a started job is waited for.
    pub wait_timeout: Duration,
}

/// What work is done with. One value serves every item of a run.
pub struct Context {
    /// The service.
    pub service: Client,
    /// The ledger.
    pub ledger: Ledger,
    /// This process in the ledger.
    pub owner: Arc<ProcessLease>,
    /// Service and key.
    pub key: ApiKeyId,
    /// Name of the profile.
    pub profile: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Told of everything.
    pub observer: Arc<dyn Observer>,
    /// Waits.
    pub timing: RunTiming,
    /// Cancelled when the run is to end: nothing new is begun, and everything stays resumable.
    pub stop: CancellationToken,
    /// Whether it was stopped because the time given for it is over, and not by a signal.
    pub time_is_over: Arc<AtomicBool>,
    /// The same ledger, process and stop with the key that is being replaced, during a rotation: the
    /// jobs that it made are finished with it.
    pub previous: Option<Arc<Context>>,
}

impl Context {
    /// The context of the key that made a job: this one, unless it was made with the previous key.
    /// Jobs of keys that nobody has fall to this one, and are then not visible to it.
    #[must_use]
    pub fn of_key<'a>(self: &'a Arc<Self>, fingerprint: &Fingerprint) -> &'a Arc<Self> {
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
    /// Runs an operation of the ledger where it may block.
    ///
    /// # Errors
    /// What the operation answers.
    pub async fn ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger, &ProcessLease) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Failure> {
        let (ledger, owner) = (self.ledger.clone(), Arc::clone(&self.owner));
        blocking(move || work(&ledger, &owner).map_err(Failure::from)).await
    }

    /// The time given for the work is over: it is stopped like by a signal, and says so.
    pub fn end_time(&self) {
        self.time_is_over.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }

    /// `failure` of work that was stopped, with the reason of the stop.
    #[must_use]
    pub fn explained(&self, failure: Failure) -> Failure {
        match failure.kind {
            FailureKind::Interrupted if self.time_is_over.load(Ordering::SeqCst) => out_of_time(),
            _ => failure,
        }
    }

    pub(crate) fn tell(&self, input: &InputRef, what: InputEvent) {
        self.observer.observe(&Event::Input { input: input.clone(), what });
    }

    pub(crate) fn phase(&self, input: &InputRef, phase: Stage) {
        self.tell(input, InputEvent::Phase(phase));
    }

    pub(crate) fn notice(&self, level: RemarkLevel, text: impl Into<String>) {
        self.observer.observe(&Event::Notice { level, text: text.into() });
    }

    /// Sleeps, unless the run is stopped first.
    pub(crate) async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    /// Waits for `work`, unless the run is stopped first. Only for work that may be cut anywhere.
    ///
    /// # Errors
    /// The run was stopped.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        unless(&self.stop, work).await
    }
}

/// Waits for `work`, unless `stop` is cancelled first.
pub(crate) async fn unless<T>(
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(interrupted()),
        done = work => Ok(done),
    }
}

/// Runs something that blocks away from the workers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match crate::blocking::blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::local("working in the background", &error)),
    }
}

/// What `task` was `done` with (sent, made) is a key that is not at hand: only that one sees what came
/// of it.
pub(crate) fn key_not_at_hand(attempt: &Attempt, what: &str, done: &str) -> Failure {
    let (key, profile) = (&attempt.work.key.fingerprint, &attempt.work.profile);
    let why =
        format!("it was {done} with key {key} of profile {profile}, which is not loaded here");
    let mut failure = Failure::new(FailureKind::Configuration, what, why)
        .with_next("run the same command with that key (RBGV_API_KEY or --profile)");
    failure.job.clone_from(&attempt.state.job);
    failure
}

/// The time given is over.
pub(crate) fn out_of_time() -> Failure {
    Failure::new(FailureKind::TimedOut, "stopped", "--timeout reached")
}

/// Work was stopped before it could go on. Inside a run this stands for the reason of the stop.
#[must_use]
pub fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, "stopped", "interrupted")
}
