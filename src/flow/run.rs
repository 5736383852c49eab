//! What the items of one run share: gates before the calls that matter, and the reasons to begin
//! nothing more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify, Semaphore};

use super::canary::Canary;
use super::conduct::Conduct;
use super::context::{Context, interrupted};
use super::protocol::Goal;
use super::service::Service;
use crate::client::{Call, Wait, backoff};
use crate::ledger::{BatchId, Commit, Drafts, StartGate, Started, Task};
use crate::model::{Failure, FailureKind};

/// Uploads that run side by side: enough to fill a line, few enough that each gets somewhere.
const UPLOADS: usize = 4;

/// Outputs that are fetched side by side.
const DOWNLOADS: usize = 4;

/// How often a full house is looked at again: another process may have freed a place.
const PLACE_CHECK: Duration = Duration::from_millis(250);

/// One run over one batch.
pub struct Run<S> {
    /// What it works with.
    pub context: Arc<Context<S>>,
    /// What it works on.
    pub batch: BatchId,
    /// How it behaves.
    pub conduct: Conduct,
    pub(super) uploads: Semaphore,
    pub(super) downloads: Semaphore,
    /// When strays were last looked at.
    strays_at: AtomicU64,
    create_turn: tokio::sync::Mutex<()>,
    start_turn: tokio::sync::Mutex<()>,
    place_freed: Notify,
    latches: Mutex<Latches>,
    canary: Mutex<Canary>,
    last_success: AtomicU64,
}

/// Reasons to begin nothing more, the first of each kind.
#[derive(Debug, Default)]
struct Latches {
    starts: Option<Failure>,
    everything: Option<Failure>,
}

impl<S: Service> Run<S> {
    /// A run that has begun nothing. `proven` says whether jobs with its options have succeeded
    /// before; others start with a single one.
    #[must_use]
    pub fn new(context: Arc<Context<S>>, batch: BatchId, conduct: Conduct, proven: bool) -> Self {
        let now = context.clock.now();
        // Without following jobs there is nothing to learn from a first one.
        let proven = proven || conduct.goal != Goal::Finish;
        Self {
            context,
            batch,
            conduct,
            uploads: Semaphore::new(UPLOADS),
            downloads: Semaphore::new(DOWNLOADS),
            strays_at: AtomicU64::new(0),
            create_turn: tokio::sync::Mutex::new(()),
            start_turn: tokio::sync::Mutex::new(()),
            place_freed: Notify::new(),
            latches: Mutex::default(),
            canary: Mutex::new(Canary::new(proven)),
            last_success: AtomicU64::new(now.0),
        }
    }

    /// Remembers a failure that concerns more than one item.
    pub(super) fn latch(&self, failure: &Failure) {
        // What holds the others back is not about this one's job.
        let failure = &Failure { what: "not begun".to_owned(), job: None, ..failure.clone() };
        let mut latches = self.latches.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.kind {
            FailureKind::Unauthorized => {
                latches.everything.get_or_insert_with(|| failure.clone());
            }
            FailureKind::InsufficientCredits | FailureKind::BudgetReached => {
                latches.starts.get_or_insert_with(|| failure.clone());
            }
            _ => {}
        }
    }

    /// Begins nothing more because an item failed (`--fail-fast`).
    pub(super) fn stop_starting(&self, failure: &Failure) {
        let mut latches = self.latches.lock().unwrap_or_else(PoisonError::into_inner);
        latches.starts.get_or_insert_with(|| failure.clone());
    }

    /// The time that the user gave is over: nothing more is begun, and what waits is given up.
    pub fn out_of_time(&self) {
        let failure = Failure::new(FailureKind::TimedOut, "stopped", "the time given is over")
            .with_next(format!("rbgv resume {}", self.batch.0));
        self.latches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .everything
            .get_or_insert(failure);
        self.context.stop.cancel();
    }

    /// Why nothing may be sent at all.
    pub(super) fn held(&self) -> Option<Failure> {
        let latched =
            self.latches.lock().unwrap_or_else(PoisonError::into_inner).everything.clone();
        latched.or_else(|| self.context.stop.is_cancelled().then(interrupted))
    }

    /// Why no job may be made or started.
    pub(super) fn starts_held(&self) -> Option<Failure> {
        self.held()
            .or_else(|| self.latches.lock().unwrap_or_else(PoisonError::into_inner).starts.clone())
    }

    /// The service took something: it is not gone, whatever other calls say.
    pub(super) fn good(&self) {
        self.last_success.store(self.context.clock.now().0, Ordering::Relaxed);
    }

    fn canary(&self) -> std::sync::MutexGuard<'_, Canary> {
        self.canary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job of this run ended. When jobs fail in a surge, nothing more is started: whatever is
    /// wrong with the options would be paid for again and again.
    pub(super) fn job_ended(&self, well: bool) {
        if self.canary().ended(well) {
            let why = "jobs fail in a surge; look at one of them before more are paid for";
            let surge = Failure::new(FailureKind::JobFailed, "not begun", why)
                .with_next(format!("rbgv status --failed, then rbgv resume {}", self.batch.0));
            self.stop_starting(&surge);
        }
        self.free_place();
    }

    /// A job left the service's hands: a place is free.
    pub(super) fn free_place(&self) {
        self.place_freed.notify_waiters();
    }

    /// Waits out a refusal, or gives up: at once when the service asked for more time than is ever
    /// waited, and when nothing at all has succeeded for that long.
    pub(super) fn back_off(&self, failure: &Failure, refusals: u32) -> Result<Duration, Failure> {
        let timing = &self.context.timing.client;
        let now = self.context.clock.now();
        let quiet = now.since(crate::model::Instant(self.last_success.load(Ordering::Relaxed)));
        if quiet > timing.retry_after_max {
            return Err(failure.clone());
        }
        match backoff::wait(timing, refusals, failure.retry_after, self.context.random.unit()) {
            Wait::TooLong(_) => Err(failure.clone()),
            Wait::Sleep(wait) => Ok(wait),
        }
    }

    /// Until drafts are known to cost nothing, creates go one at a time: a lost one can then be
    /// told from its neighbours. Returns the turn, where one is needed, and what is known.
    pub(super) async fn create_turn(
        &self,
    ) -> Result<(Option<MutexGuard<'_, ()>>, Drafts), Failure> {
        if self.drafts().await? == Drafts::Honoured {
            return Ok((None, Drafts::Honoured));
        }
        let turn = self.context.unless_stopped(self.create_turn.lock()).await?;
        let drafts = self.drafts().await?;
        Ok((Some(turn).filter(|_| drafts != Drafts::Honoured), drafts))
    }

    /// Commits a create that has to be the only one of its key.
    pub(super) async fn commit_lone_create(
        &self,
        task: &Task,
        answered: Option<String>,
    ) -> Result<Commit, Failure> {
        loop {
            let (row, answered) = (task.clone(), answered.clone());
            let committed = self.context.ledger(move |ledger, owner| {
                ledger.commit_lone_create(owner, &row, answered.as_deref())
            });
            if let Some(commit) = committed.await? {
                return Ok(commit);
            }
            self.context.sleep(PLACE_CHECK).await?;
        }
    }

    /// How drafts of this key behave, as far as seen by any process.
    pub(super) async fn drafts(&self) -> Result<Drafts, Failure> {
        let key = self.context.key.clone();
        self.context.ledger(move |ledger, _| ledger.drafts(&key)).await
    }

    /// Commits a start as soon as the key has a free place. The commit's time stands in the row, so
    /// that waiting here does not make the start stale.
    pub(super) async fn commit_start(
        &self,
        task: &mut Task,
        holds_place: bool,
        call: &Call<'_>,
    ) -> Result<(Started, Option<S::Leave>), Failure> {
        let Some(job) = task.row.job.clone() else {
            let why = "the ledger has no job for this item";
            return Err(Failure::new(FailureKind::Local, "starting the job", why));
        };
        // Whoever holds a place already must not queue behind those who wait for it.
        let _turn = if holds_place {
            None
        } else {
            Some(self.context.unless_stopped(self.start_turn.lock()).await?)
        };
        loop {
            if let Some(failure) = self.starts_held() {
                return Err(failure);
            }
            let freed = self.place_freed.notified();
            if self.has_place(task).await? {
                // Leave first: nothing may stand between the commit and the bytes.
                let asking = self.context.service.admit_start(&job, call);
                let leave = self.context.unless_stopped(asking).await??;
                let started = self.commit_now(task).await?;
                if started != Started::AtCap {
                    return Ok((started, Some(leave)));
                }
            }
            self.free_stray_places().await?;
            let wait = tokio::time::timeout(PLACE_CHECK, freed);
            // Freed or not: either way it is time to look again.
            let _ = self.context.unless_stopped(wait).await?;
        }
    }

    /// Looks at jobs that nobody follows, no oftener than a job is looked at.
    async fn free_stray_places(&self) -> Result<(), Failure> {
        let now = self.context.clock.now();
        let last = crate::model::Instant(self.strays_at.load(Ordering::Relaxed));
        if now.since(last) < self.context.timing.poll.first {
            return Ok(());
        }
        self.strays_at.store(now.0, Ordering::Relaxed);
        self.look_at_strays().await
    }

    /// Jobs of the key that may be in flight: what is learned, within what the user allows.
    async fn cap(&self) -> Result<u32, Failure> {
        let learned = self.context.service.in_flight_cap().await?;
        Ok(learned.min(self.conduct.in_flight).min(self.canary().allows()))
    }

    async fn has_place(&self, task: &Task) -> Result<bool, Failure> {
        let cap = self.cap().await?;
        let others = self.others_in_flight(task).await?;
        Ok(others < cap)
    }

    /// Jobs of the key in flight besides this one.
    pub(super) async fn others_in_flight(&self, task: &Task) -> Result<u32, Failure> {
        let (key, id) = (self.context.key.clone(), task.id);
        self.context.ledger(move |ledger, _| ledger.in_flight_besides(&key, id)).await
    }

    async fn commit_now(&self, task: &mut Task) -> Result<Started, Failure> {
        let gate = StartGate {
            batch: self.batch,
            in_flight: self.cap().await?,
            max_credits: self.conduct.max_credits,
        };
        task.row.sent = Some(self.context.clock.now());
        let row = task.clone();
        self.context.ledger(move |ledger, owner| ledger.commit_start(owner, &row, &gate)).await
    }
}
