//! State shared by the attempts of one run: gates before creates and starts, and the reasons to
//! stop.
//!
//! - `stop`: why a run starts nothing more
//! - `canary`: a few jobs first, until one succeeds. Pure
//! - `draft_gate`: how many drafts are created ahead of their starts. Pure
//! - `active_inputs`: inputs whose job has not ended
//! - `spending`: prices and charges, for `--max-credits`
//! - `start_evidence`: what other jobs tell of a start that got no response. Pure
//! - `outage`: when the service does not answer

pub(crate) mod active_inputs;
pub(crate) mod canary;
pub(crate) mod draft_gate;
pub(crate) mod outage;
pub(crate) mod spending;
pub(crate) mod start_evidence;
pub(crate) mod stop;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify, Semaphore, SemaphorePermit};

use self::active_inputs::ActiveInputs;
use self::canary::{Canary, JobResult};
use self::draft_gate::{DraftGate, DraftPermit};
use self::spending::Spending;
use self::start_evidence::StartEvidence;
use self::stop::{RunStop, RunStops, StopReason};
use super::context::{Context, interrupted, key_not_at_hand, unless_cancelled};
use super::polling::{DurationStats, ListPoller, REMEMBERED};
use super::run_options::RunOptions;
use super::state_machine::Goal;
use crate::client::limits::circuit_breaker;
use crate::client::outage::{Outage, OutageMonitor};
use crate::client::{Backlog, BackoffWait, CallPermit, RequestOptions, request::backoff};
use crate::ledger::{
    Attempt, AttemptStatus, BatchId, Commit, DraftSupport, StartCommit, StartLimits,
};
use crate::model::{Event, Failure, FailureKind, Instant};

/// Maximum parallel uploads: enough to saturate a link, few enough that each makes progress.
const UPLOADS: usize = 8;

/// Maximum parallel downloads.
const DOWNLOADS: usize = 4;

/// Maximum parallel creates: enough to hide the latency, few enough that a start does not queue
/// behind them.
const CREATES: usize = 8;

/// Drafts beyond those that free slots need, in addition to an eighth of the concurrency limit.
const DRAFTS_AHEAD: u32 = 2;

/// Inputs uploaded and drafted ahead of the concurrency limit, in addition to an eighth of it.
const INPUTS_AHEAD: usize = 4;

/// One run of one batch.
pub struct RunState {
    pub context: Arc<Context>,
    pub batch: BatchId,
    pub run_options: RunOptions,
    pub(crate) uploads: Semaphore,
    pub(crate) downloads: Semaphore,
    /// Since when downloads get no response.
    pub(crate) output_outage: OutageMonitor,
    /// List polls of the followed jobs, and the latest views of any job of the key.
    pub(crate) list_poll: Arc<ListPoller>,
    /// Observations of clearly started jobs, as evidence for ambiguous starts.
    pub(crate) evidence: StartEvidence,
    durations: Mutex<DurationStats>,
    pub(crate) began: Instant,
    /// Time of the last poll of orphans.
    orphans_polled_at: AtomicU64,
    creates: Semaphore,
    /// Held by a create that has to be the only one of the key.
    exclusive_create: tokio::sync::Mutex<()>,
    start_mutex: tokio::sync::Mutex<()>,
    /// One input at a time waits for a slot that its draft may serve.
    draft_turn: tokio::sync::Mutex<()>,
    slot_freed: Notify,
    draft_gate: DraftGate,
    active_inputs: Arc<ActiveInputs>,
    stops: RunStops,
    canary: Mutex<Canary>,
    last_success: AtomicU64,
    pub(crate) spending: Spending,
    /// During a key rotation, the same run under the previous key: gates, stops and caution belong
    /// to a key.
    previous: Option<Arc<RunState>>,
}

/// Result of one round of orphan polls.
#[derive(Debug, Default)]
pub(crate) struct OrphanPolls {
    /// Number of jobs polled.
    pub(crate) polled: u32,
    /// The failure that ended the round early.
    pub(crate) failure: Option<Failure>,
}

/// Permit to send a create.
pub(crate) struct CreatePermit<'a> {
    _permit: SemaphorePermit<'a>,
    _draft: DraftPermit<'a>,
    alone: Option<MutexGuard<'a, ()>>,
}

impl CreatePermit<'_> {
    /// No other create of the key may be in flight.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }
}

impl RunState {
    /// A new run. `proven`: jobs with these options have succeeded before; other runs start with a
    /// few jobs.
    #[must_use]
    pub fn new(
        context: Arc<Context>,
        batch: BatchId,
        run_options: RunOptions,
        proven: bool,
    ) -> Self {
        let now = context.clock.now();
        let previous = context.previous.as_ref().map(|previous| {
            Arc::new(Self::new(Arc::clone(previous), batch, run_options.clone(), proven))
        });
        // A run that does not follow its jobs never sees one succeed.
        let proven = proven || run_options.goal != Goal::Finish;
        let stops = RunStops::new(&context.stop, &context.time_is_over);
        Self {
            context,
            batch,
            spending: Spending::new(batch, run_options.max_credits),
            run_options,
            uploads: Semaphore::new(UPLOADS),
            downloads: Semaphore::new(DOWNLOADS),
            output_outage: OutageMonitor::default(),
            list_poll: Arc::default(),
            evidence: StartEvidence::default(),
            durations: Mutex::default(),
            began: now,
            orphans_polled_at: AtomicU64::new(0),
            creates: Semaphore::new(CREATES),
            exclusive_create: tokio::sync::Mutex::new(()),
            start_mutex: tokio::sync::Mutex::new(()),
            draft_turn: tokio::sync::Mutex::new(()),
            slot_freed: Notify::new(),
            draft_gate: DraftGate::default(),
            active_inputs: Arc::default(),
            stops,
            canary: Mutex::new(Canary::new(proven)),
            last_success: AtomicU64::new(now.0),
            previous,
        }
    }

    /// Stops the run if the failure concerns more than one input; returns whether it does.
    pub(crate) fn stop_for(&self, failure: &Failure) -> bool {
        let Some(reason) = StopReason::of(failure.kind) else { return false };
        self.stop(RunStop { reason, failure: failure.clone() });
        true
    }

    /// Stops the run, and announces it once.
    pub(crate) fn stop(&self, stop: RunStop) {
        if self.stops.stop(stop.clone()) {
            self.context.observer.observe(&Event::Stopped(stop.failure));
        }
    }

    /// Stops the run under every key.
    pub(crate) fn stop_all(&self, stop: &RunStop) {
        self.stop(stop.clone());
        if let Some(previous) = &self.previous {
            // Silently: the stop is already announced.
            previous.stops.stop(stop.clone());
        }
    }

    /// The run under the key that created the attempt's job. An attempt without a job gets this
    /// run: see [`RunState::reassign_key`].
    pub(crate) fn for_key(&self, attempt: &Attempt) -> &Self {
        match &self.previous {
            Some(previous) if previous.context.key == attempt.work.key && !is_unsent(attempt) => {
                previous
            }
            _ => self,
        }
    }

    /// Reassigns an unsent attempt of another key to the key of this run, which then creates its
    /// job. `None` if another process owns it by now.
    pub(crate) async fn reassign_key(&self, attempt: Attempt) -> Result<Option<Attempt>, Failure> {
        if attempt.work.key == self.context.key || !is_unsent(&attempt) {
            return Ok(Some(attempt));
        }
        let Context { ledger, key, profile, .. } = &*self.context;
        ledger.reassign_to_key(attempt, key, profile).await
    }

    /// Error for an attempt that was sent with a key that this run does not have. Only that key can
    /// see its job: any other would report an existing, paid job as unknown, or create it a second
    /// time.
    pub(crate) fn missing_key_failure(&self, attempt: &Attempt) -> Option<Failure> {
        let key = &attempt.work.key;
        if *key == self.context.key || attempt.state.status.is_settled() {
            return None;
        }
        Some(key_not_at_hand(attempt, "stopped", "sent"))
    }

    /// No request may be sent with any key.
    pub(crate) fn all_stopped(&self) -> bool {
        self.all().all(|run| run.stops.everything().is_cancelled())
    }

    /// Nothing may be uploaded, created or started with any key.
    pub(crate) fn all_starts_stopped(&self) -> bool {
        self.all().all(|run| run.stops.starts().is_cancelled())
    }

    /// Waits until no request may be sent with any key.
    pub(crate) async fn stopped(&self) {
        for run in self.all() {
            run.stops.everything().cancelled().await;
        }
    }

    /// The stops of this run, one for each stopped key.
    pub(crate) fn stops(&self) -> impl Iterator<Item = RunStop> {
        self.all().filter_map(|run| run.stops.of_starts())
    }

    /// [`RunState::all`] as owned pointers.
    pub(crate) fn each(self: &Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::once(Arc::clone(self)).chain(self.previous.clone())
    }

    /// This run, and that of the previous key if there is one.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.previous.as_deref())
    }

    /// Maximum active inputs: the concurrency limit of each key, and a few inputs that are uploaded
    /// and drafted ahead.
    pub(crate) async fn inputs_at_once(&self) -> Result<usize, Failure> {
        let mut inputs = 0;
        for run in self.all() {
            let limit = run.in_flight_limit().await? as usize;
            inputs += limit + INPUTS_AHEAD + limit / 8;
        }
        Ok(inputs)
    }

    /// No request may be sent.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stops.everything().is_cancelled()
    }

    /// Nothing may be uploaded, created or started.
    pub(crate) fn starts_stopped(&self) -> bool {
        self.stops.starts().is_cancelled()
    }

    /// Waits for `work`, unless the run is stopped. `work` has to be cancel-safe.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        unless_cancelled(self.stops.everything(), work).await
    }

    /// Waits for `work` on the way to a start, unless starts are stopped. `work` has to be
    /// cancel-safe.
    pub(crate) async fn unless_starts_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        unless_cancelled(self.stops.starts(), work).await
    }

    /// Records that the service accepted a request, so that failures of others are not taken for an
    /// outage.
    pub(crate) fn mark_success(&self) {
        self.last_success.store(self.context.clock.now().0, Ordering::Relaxed);
    }

    pub(crate) fn durations(&self) -> std::sync::MutexGuard<'_, DurationStats> {
        self.durations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads the job durations of earlier runs.
    pub(crate) async fn load_durations(&self) -> Result<(), Failure> {
        let (ledger, key) = (&self.context.ledger, &self.context.key);
        let past = ledger.recent_job_durations(key, REMEMBERED).await?;
        *self.durations() = DurationStats::new(past);
        let counts = ledger.count_inputs(self.batch).await?;
        self.canary().set_inputs(u32::try_from(counts.open).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Jobs with the options of this run are known to succeed.
    pub(crate) fn is_proven(&self) -> bool {
        self.canary().is_proven()
    }

    fn canary(&self) -> std::sync::MutexGuard<'_, Canary> {
        self.canary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the end of a job. When many fail, nothing more is started: a wrong option would be
    /// paid for again and again.
    pub(crate) fn job_ended(&self, how: JobResult) {
        self.spending.job_ended();
        if self.canary().record(how) {
            let why = "too many jobs are failing; find out why before paying for more";
            let failure = Failure::new(FailureKind::JobFailed, "this batch", why)
                .with_next("rbgv status --failed");
            self.stop(RunStop { reason: StopReason::JobsFail, failure });
        }
        self.release_slot();
    }

    /// A job no longer occupies a concurrency slot.
    pub(crate) fn release_slot(&self) {
        self.draft_gate.slot_freed();
        self.slot_freed.notify_waiters();
    }

    /// Inputs of this run whose job has not ended.
    pub(crate) fn active_inputs(&self) -> &Arc<ActiveInputs> {
        &self.active_inputs
    }

    /// The current outage of the output hosts, while there are downloads.
    fn output_outage(&self) -> Option<Outage> {
        if self.downloads.available_permits() == DOWNLOADS {
            self.output_outage.answered();
        }
        self.output_outage.now().unanswered().cloned()
    }

    /// The failure is part of an outage of the service.
    pub(crate) fn is_outage(&self, failure: &Failure) -> bool {
        circuit_breaker::is_host_failure(failure.kind)
            && self.context.service.current_wait().failure().is_some()
    }

    /// Backs off after a rejection. Gives up when the service requests more time than the longest
    /// wait, or when nothing has succeeded for that long. An outage is waited for until the run is
    /// stopped for it.
    pub(crate) fn back_off(&self, failure: &Failure, refusals: u32) -> Result<Duration, Failure> {
        let timing = &self.context.timing;
        let now = self.context.clock.now();
        let quiet = now.since(Instant(self.last_success.load(Ordering::Relaxed)));
        if quiet > timing.retry_after_max && !self.is_outage(failure) {
            return Err(failure.clone());
        }
        match backoff::wait(timing, refusals, failure.retry_after, self.context.random.unit()) {
            BackoffWait::TooLong(_) => Err(failure.clone()),
            BackoffWait::Sleep(wait) => Ok(wait),
        }
    }

    /// Waits until a create may be sent. Until drafts are known to cost nothing, creates are sent
    /// one at a time, so that a lost one can be distinguished from others. Returns the permit and the key's
    /// draft support.
    pub(crate) async fn create_permit(&self) -> Result<(CreatePermit<'_>, DraftSupport), Failure> {
        let draft = self.unless_starts_stopped(self.wait_for_draft_permit()).await??;
        let permit = self.unless_starts_stopped(self.creates.acquire()).await?;
        let permit = permit.map_err(|error| Failure::local("creating a job", &error))?;
        let mut create_permit = CreatePermit { _permit: permit, _draft: draft, alone: None };
        if self.drafts().await? == DraftSupport::Supported {
            return Ok((create_permit, DraftSupport::Supported));
        }
        let alone = self.unless_starts_stopped(self.exclusive_create.lock()).await?;
        let drafts = self.drafts().await?;
        create_permit.alone = Some(alone).filter(|_| drafts != DraftSupport::Supported);
        Ok((create_permit, drafts))
    }

    /// Waits until another draft is needed: for a free slot, or as one of a few ahead.
    async fn wait_for_draft_permit(&self) -> Result<DraftPermit<'_>, Failure> {
        let _turn = self.draft_turn.lock().await;
        loop {
            let changed = self.draft_gate.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let in_flight = self.context.ledger.count_in_flight(&self.context.key, None);
            let (limit, in_flight) = tokio::try_join!(self.in_flight_limit(), in_flight)?;
            let free = limit.saturating_sub(in_flight);
            if let Some(draft) = self.draft_gate.draft((free + DRAFTS_AHEAD + limit / 8) as usize) {
                return Ok(draft);
            }
            // Another process may free a slot without notifying this one.
            let _ = tokio::time::timeout(self.context.timing.poll.first, changed).await;
        }
    }

    /// Commits a create that has to be the only one of its key.
    pub(crate) async fn commit_exclusive_create(
        &self,
        attempt: &Attempt,
        last_answer: Option<&str>,
    ) -> Result<Commit, Failure> {
        loop {
            let committed = self.context.ledger.commit_exclusive_create(attempt, last_answer);
            if let Some(commit) = committed.await? {
                return Ok(commit);
            }
            let pause = tokio::time::sleep(self.context.timing.poll.floor);
            self.unless_starts_stopped(pause).await?;
        }
    }

    /// Draft support of this key, as observed by any process.
    pub(crate) async fn drafts(&self) -> Result<DraftSupport, Failure> {
        self.context.ledger.draft_support(&self.context.key).await
    }

    /// Commits a start as soon as the key has a free slot. The commit time is part of the state, so
    /// that waiting here does not make the start stale.
    pub(crate) async fn commit_start(
        &self,
        attempt: &mut Attempt,
        occupies_slot: bool,
        call: &RequestOptions<'_>,
    ) -> Result<(StartCommit, Option<CallPermit>), Failure> {
        let Some(job) = attempt.state.job.clone() else {
            let why = "no job in the ledger for this input";
            return Err(Failure::new(FailureKind::Local, "starting the job", why));
        };
        let _waiting = self.draft_gate.start();
        // An attempt that already occupies a slot must not queue behind those that wait for one.
        let _guard = if occupies_slot {
            None
        } else {
            Some(self.unless_starts_stopped(self.start_mutex.lock()).await?)
        };
        let (waiting_since, mut polled_orphans) = (self.context.clock.now(), 0);
        loop {
            if self.starts_stopped() {
                return Err(interrupted());
            }
            let freed = self.slot_freed.notified();
            let free = self.free_slots(attempt).await?;
            self.context.service.set_backlog(match free {
                _ if !self.other_inputs_are_submitted() => Backlog::Empty,
                0 | 1 => Backlog::Window,
                // With more free slots than this one, the starts behind it wait for the rate limit.
                _ => Backlog::Pace,
            });
            if free > 0 {
                let charges = self.spending.read_charges(&self.context);
                self.unless_starts_stopped(charges).await??;
                // The permit comes first: nothing may delay the request after the commit.
                let request = self.context.service.admit_start(&job, call);
                let permit = self.unless_starts_stopped(request).await??;
                let started = self.commit_start_state(attempt).await?;
                if started != StartCommit::AtConcurrencyLimit {
                    return Ok((started, Some(permit)));
                }
            }
            let orphans = self.release_orphaned_slots(waiting_since).await?;
            polled_orphans += orphans.polled;
            if let Some(failure) = orphans.failure {
                // During an outage no slot becomes free; a long one ends the run.
                self.back_off(&failure, 1)?;
            }
            self.check_for_overdue(attempt, polled_orphans).await?;
            // Another process may free a slot without notifying this one.
            let wait = tokio::time::timeout(self.context.timing.poll.floor, freed);
            // Check again, whether a slot was freed or the wait timed out.
            let _ = self.unless_starts_stopped(wait).await?;
        }
    }

    /// Polls jobs that no process follows, at the interval of one job's polls.
    async fn release_orphaned_slots(&self, waiting_since: Instant) -> Result<OrphanPolls, Failure> {
        let now = self.context.clock.now();
        let last = Instant(self.orphans_polled_at.load(Ordering::Relaxed));
        let timing = &self.context.timing.poll;
        let pause = timing.pause(timing.first.max(now.since(waiting_since)));
        if now.since(last) < pause {
            return Ok(OrphanPolls::default());
        }
        self.orphans_polled_at.store(now.0, Ordering::Relaxed);
        self.poll_orphans().await
    }

    /// Stops starts when every slot of the key is occupied by a job that was not finished after
    /// `wait_timeout`, and fresh polls of all of them have confirmed that.
    async fn check_for_overdue(
        &self,
        attempt: &Attempt,
        polled_orphans: u32,
    ) -> Result<(), Failure> {
        let (others, overdue) = (self.others_in_flight(attempt).await?, self.overdue().await?);
        if overdue == 0
            || overdue < others
            || polled_orphans < others
            || self.free_slots(attempt).await? > 0
        {
            return Ok(());
        }
        let failure =
            self.not_finished(&format!("{overdue} overdue jobs use every slot of the key"));
        self.stop(RunStop { reason: StopReason::JobsDoNotEnd, failure });
        Err(interrupted())
    }

    /// Records that a job of this run was not finished after `wait_timeout`. Like a failed job, it
    /// is evidence against starting many more.
    pub(crate) fn job_timed_out(&self) {
        if self.canary().record(JobResult::Failed) {
            let failure = self.not_finished("the jobs of this run do not finish");
            self.stop(RunStop { reason: StopReason::JobsDoNotEnd, failure });
        }
        self.release_slot();
    }

    fn not_finished(&self, what: &str) -> Failure {
        let wait = self.context.timing.wait_timeout.as_secs_f64();
        let why = format!("{what}: not finished after {wait:.0} s");
        Failure::new(FailureKind::TimedOut, "this batch", why).with_next("rbgv status --wait")
    }

    /// Number of the key's jobs that have run for longer than `wait_timeout`. They do not count
    /// against the limits of the user and the canary.
    async fn overdue(&self) -> Result<u32, Failure> {
        let before = self.context.clock.wall().before(self.context.timing.wait_timeout);
        self.context.ledger.count_running_since(&self.context.key, before).await
    }

    /// Maximum jobs of the key in flight: the learned limit, bounded by the user's.
    pub(crate) async fn in_flight_limit(&self) -> Result<u32, Failure> {
        let learned = self.context.service.in_flight_limit();
        let (learned, overdue) = tokio::try_join!(learned, self.overdue())?;
        Ok(learned.min(self.user_in_flight_limit().saturating_add(overdue)))
    }

    /// The limits of the user and the canary.
    fn user_in_flight_limit(&self) -> u32 {
        self.run_options.in_flight.min(self.canary().allows())
    }

    /// Inputs besides the one about to be started are being uploaded, drafted or waiting.
    fn other_inputs_are_submitted(&self) -> bool {
        self.draft_gate.pending() > 1 || self.uploads.available_permits() < UPLOADS
    }

    async fn free_slots(&self, attempt: &Attempt) -> Result<u32, Failure> {
        let others = self.others_in_flight(attempt);
        let (others, limit) = tokio::try_join!(others, self.in_flight_limit())?;
        Ok(limit.saturating_sub(others))
    }

    /// Jobs of the key in flight besides this one.
    pub(crate) async fn others_in_flight(&self, attempt: &Attempt) -> Result<u32, Failure> {
        self.context.ledger.count_in_flight(&self.context.key, Some(attempt.id)).await
    }

    async fn commit_start_state(&self, attempt: &mut Attempt) -> Result<StartCommit, Failure> {
        let max = self.user_in_flight_limit().saturating_add(self.overdue().await?);
        let limits = *self.context.service.rate_limits();
        let now = self.context.clock.now();
        let rate = self.spending.credits_per_second(&self.context, attempt);
        let gate = StartLimits {
            batch: self.batch,
            in_flight: Arc::new(move |known| limits.in_flight(known, now).min(max)),
            max_credits: self.run_options.max_credits,
            rate: self.unless_starts_stopped(rate).await?,
        };
        attempt.state.sent = Some(self.context.clock.now());
        attempt.sent_at = self.context.clock.wall();
        self.context.ledger.commit_start(attempt, &gate).await
    }
}

/// No create of this attempt was sent.
fn is_unsent(attempt: &Attempt) -> bool {
    matches!(attempt.state.status, AttemptStatus::Planned | AttemptStatus::Ready)
        && attempt.state.create_count == 0
}
