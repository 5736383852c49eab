//! What the attempts of one run share: gates before creates and starts, and the reasons to stop.
//!
//! - `stop`: why a run starts nothing more
//! - `canary`: a few jobs first, until one succeeds. Pure
//! - `draft_gate`: how many drafts are created ahead of their starts. Pure
//! - `active_inputs`: inputs whose job has not ended
//! - `outage`: when the service does not answer

pub(crate) mod active_inputs;
pub(crate) mod canary;
pub(crate) mod draft_gate;
pub(crate) mod outage;
pub(crate) mod stop;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify, OnceCell, Semaphore, SemaphorePermit};
use tracing::debug;

use self::active_inputs::ActiveInputs;
use self::canary::{Canary, JobResult};
use self::draft_gate::{DraftGate, DraftPermit};
use self::stop::{RunStop, RunStops, StopReason};
use super::context::{Context, interrupted, key_not_at_hand, unless};
use super::job::start_evidence::{EVENTS, StartEvidence};
use super::polling::{DurationStats, ListPoller, REMEMBERED};
use super::run_options::RunOptions;
use super::state_machine::Goal;
use crate::client::limits::circuit_breaker;
use crate::client::{Backlog, BackoffWait, CallPermit, RequestOptions, request::backoff};
use crate::ledger::{
    Attempt, AttemptStatus, BatchId, Commit, DraftSupport, Ledger, ProcessLease, StartCommit,
    StartLimits,
};
use crate::model::{Credits, Event, Failure, FailureKind, Instant, JobId, Pricing};

/// Uploads at once: enough to fill a line, few enough that each makes progress.
const UPLOADS: usize = 8;

/// Outputs that are fetched at once.
const DOWNLOADS: usize = 4;

/// Creates at once: enough to hide the latency, few enough that a start does not queue behind them.
const CREATES: usize = 8;

/// Drafts beyond those that free places need, and an eighth of the window.
const DRAFTS_AHEAD: u32 = 2;

/// Inputs beyond the window that are uploaded and drafted ahead, and an eighth of the window.
const INPUTS_AHEAD: usize = 4;

/// No charges were learned yet.
const NEVER: usize = usize::MAX;

/// One run over one batch.
pub struct RunState {
    /// What it works with.
    pub context: Arc<Context>,
    /// What it works on.
    pub batch: BatchId,
    /// How it behaves.
    pub run_options: RunOptions,
    pub(crate) uploads: Semaphore,
    pub(crate) downloads: Semaphore,
    /// Polls of the jobs that it follows, and what they show of any job of the key.
    pub(crate) list_poll: Arc<ListPoller>,
    /// What its started jobs tell of those whose start is in doubt.
    pub(crate) evidence: StartEvidence,
    durations: Mutex<DurationStats>,
    /// When it began.
    pub(crate) began: Instant,
    /// When strays were last polled.
    strays_at: AtomicU64,
    creates: Semaphore,
    create_permit: tokio::sync::Mutex<()>,
    start_turn: tokio::sync::Mutex<()>,
    slot_freed: Notify,
    draft_gate: DraftGate,
    underway: Arc<ActiveInputs>,
    stops: RunStops,
    canary: Mutex<Canary>,
    last_success: AtomicU64,
    prices: OnceCell<Pricing>,
    /// Jobs that ended in this run, and how many had when charges were learned last.
    ended: AtomicUsize,
    charges_known_of: AtomicUsize,
    /// The same run under the key that is being replaced, during a rotation: gates, latches and
    /// caution belong to a key.
    previous: Option<Arc<RunState>>,
}

/// One round of polls of strays.
#[derive(Debug, Default)]
pub(crate) struct OrphanPolls {
    /// How many were polled.
    pub(crate) polled: u32,
    /// Why a poll was given up, if one was.
    pub(crate) failure: Option<Failure>,
}

/// A turn to make a job.
pub(crate) struct CreatePermit<'a> {
    _permit: SemaphorePermit<'a>,
    _draft: DraftPermit<'a>,
    alone: Option<MutexGuard<'a, ()>>,
}

impl CreatePermit<'_> {
    /// Whether no other create may be under way.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }
}

impl RunState {
    /// A run that has begun nothing. `options_have_succeeded` says whether jobs with its options have succeeded
    /// before; others start with a single one.
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
        // Without following jobs there is nothing to learn from a first one.
        let proven = proven || run_options.goal != Goal::Finish;
        let stops = RunStops::new(&context.stop, &context.time_is_over);
        Self {
            context,
            batch,
            run_options,
            uploads: Semaphore::new(UPLOADS),
            downloads: Semaphore::new(DOWNLOADS),
            list_poll: Arc::default(),
            evidence: StartEvidence::default(),
            durations: Mutex::default(),
            began: now,
            strays_at: AtomicU64::new(0),
            creates: Semaphore::new(CREATES),
            create_permit: tokio::sync::Mutex::new(()),
            start_turn: tokio::sync::Mutex::new(()),
            slot_freed: Notify::new(),
            draft_gate: DraftGate::default(),
            underway: Arc::default(),
            stops,
            canary: Mutex::new(Canary::new(proven)),
            last_success: AtomicU64::new(now.0),
            prices: OnceCell::new(),
            ended: AtomicUsize::new(0),
            charges_known_of: AtomicUsize::new(NEVER),
            previous,
        }
    }

    /// Stops the run where a failure concerns more than one item; says whether it does.
    pub(crate) fn stop_for(&self, failure: &Failure) -> bool {
        let Some(reason) = StopReason::of(failure.kind) else { return false };
        self.stop(RunStop { reason, failure: failure.clone() });
        true
    }

    /// Begins nothing more, and says so once.
    pub(crate) fn stop(&self, stop: RunStop) {
        if self.stops.stop(stop.clone()) {
            self.context.observer.observe(&Event::Stopped(stop.failure));
        }
    }

    /// Begins nothing more under any key.
    pub(crate) fn stop_all(&self, stop: &RunStop) {
        self.stop(stop.clone());
        if let Some(previous) = &self.previous {
            // It was said.
            previous.stops.stop(stop.clone());
        }
    }

    /// The run under the key that made the job of `task`. An attempt without a job gets the key of
    /// this run: see [`RunState::adopt`].
    pub(crate) fn of_key(&self, attempt: &Attempt) -> &Self {
        match &self.previous {
            Some(previous) if previous.context.key == attempt.work.key && !is_unsent(attempt) => {
                previous
            }
            _ => self,
        }
    }

    /// Gives an attempt of another key that has sent nothing yet to the key of this run, which then
    /// makes its job. `None` if another process owns it by now.
    pub(crate) async fn adopt(&self, mut attempt: Attempt) -> Result<Option<Attempt>, Failure> {
        if attempt.work.key == self.context.key || !is_unsent(&attempt) {
            return Ok(Some(attempt));
        }
        let (key, profile) = (self.context.key.clone(), self.context.profile.clone());
        let given = self.context.ledger(move |ledger, owner| {
            let commit = ledger.reassign_to_key(owner, &mut attempt, &key, &profile)?;
            Ok((commit == Commit::Written).then_some(attempt))
        });
        given.await
    }

    /// Why an attempt rests: it was sent with a key that this run does not have, and only that key
    /// sees what came of it. Asked with another, the service would not know a job that is there, and
    /// paid for; or a job would be made a second time.
    pub(crate) fn missing_key_error(&self, attempt: &Attempt) -> Option<Failure> {
        let key = &attempt.work.key;
        if *key == self.context.key || attempt.state.status.is_settled() {
            return None;
        }
        Some(key_not_at_hand(attempt, "stopped", "sent"))
    }

    /// Whether nothing may be sent with any key.
    pub(crate) fn is_stopped(&self) -> bool {
        self.all().all(|run| run.stops.everything().is_cancelled())
    }

    /// Whether nothing may be uploaded, created or started with any key.
    pub(crate) fn is_starting_stopped(&self) -> bool {
        self.all().all(|run| run.stops.starts().is_cancelled())
    }

    /// Waits until nothing may be sent with any key.
    pub(crate) async fn stopped(&self) {
        for run in self.all() {
            run.stops.everything().cancelled().await;
        }
    }

    /// Why this run was stopped, key by key.
    pub(crate) fn stops(&self) -> impl Iterator<Item = RunStop> {
        self.all().filter_map(|run| run.stops.of_starts())
    }

    /// [`RunState::all`], to be kept.
    pub(crate) fn each(self: &Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::once(Arc::clone(self)).chain(self.previous.clone())
    }

    /// This run, and that of the previous key if there is one.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.previous.as_deref())
    }

    /// Inputs that may be under way at once: for each key what it may have in flight, and a few that
    /// are uploaded and drafted ahead.
    pub(crate) async fn inputs_at_once(&self) -> Result<usize, Failure> {
        let mut inputs = 0;
        for run in self.all() {
            let limit = run.in_flight_limit().await? as usize;
            inputs += limit + INPUTS_AHEAD + limit / 8;
        }
        Ok(inputs)
    }

    /// Whether nothing may be sent at all.
    pub(crate) fn held(&self) -> bool {
        self.stops.everything().is_cancelled()
    }

    /// Whether no job may be made or started, and nothing uploaded for one.
    pub(crate) fn starts_stopped(&self) -> bool {
        self.stops.starts().is_cancelled()
    }

    /// Waits for `work`, unless nothing may be sent any more. Only for work that may be cut anywhere.
    pub(crate) async fn unless_held<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        unless(self.stops.everything(), work).await
    }

    /// Waits for `work` on the way to a start, unless nothing may be started any more. Only for work
    /// that may be cut anywhere.
    pub(crate) async fn unless_starts_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        unless(self.stops.starts(), work).await
    }

    /// The service took something: it is not gone, whatever other calls say.
    pub(crate) fn mark_success(&self) {
        self.last_success.store(self.context.clock.now().0, Ordering::Relaxed);
    }

    /// How long jobs take.
    pub(crate) fn durations(&self) -> std::sync::MutexGuard<'_, DurationStats> {
        self.durations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns how long jobs took before this run.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) async fn load_durations(&self) -> Result<(), Failure> {
        let key = self.context.key.clone();
        let past = self
            .context
            .ledger(move |ledger, _| ledger.recent_job_durations(&key, REMEMBERED))
            .await?;
        *self.durations() = DurationStats::new(past);
        let batch = self.batch;
        let counts = self.context.ledger(move |ledger, _| ledger.count_inputs(batch)).await?;
        self.canary().set_inputs(u32::try_from(counts.open).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Whether jobs with the options of this run are known to succeed.
    pub(crate) fn is_proven(&self) -> bool {
        self.canary().is_proven()
    }

    fn canary(&self) -> std::sync::MutexGuard<'_, Canary> {
        self.canary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job of this run ended. When jobs fail in a surge, nothing more is started: whatever is
    /// wrong with the options would be paid for again and again.
    pub(crate) fn job_ended(&self, how: JobResult) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        if self.canary().ended(how) {
            let why = "too many jobs are failing; find out why before paying for more";
            let failure = Failure::new(FailureKind::JobFailed, "this batch", why)
                .with_next("rbgv status --failed");
            self.stop(RunStop { reason: StopReason::JobsFail, failure });
        }
        self.release_slot();
    }

    /// A job left the service's hands: a place is free.
    pub(crate) fn release_slot(&self) {
        self.draft_gate.slot_freed();
        self.slot_freed.notify_waiters();
    }

    /// Items of this run whose job has not ended.
    pub(crate) fn underway(&self) -> &Arc<ActiveInputs> {
        &self.underway
    }

    /// Whether `failure` is part of an outage of the service.
    pub(crate) fn is_outage(&self, failure: &Failure) -> bool {
        circuit_breaker::is_host_failure(failure.kind)
            && self.context.service.current_wait().failure().is_some()
    }

    /// Waits out a refusal, or gives up: at once when the service asked for more time than is ever
    /// waited, and when nothing at all has succeeded for that long. An outage is waited for until the
    /// run is stopped for it.
    pub(crate) fn back_off(&self, failure: &Failure, refusals: u32) -> Result<Duration, Failure> {
        let timing = &self.context.timing.client;
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

    /// Waits until a create may be sent. Until drafts are known to cost nothing, creates go one at a
    /// time: a lost one can then be told from its neighbours. Returns the turn and what is known of
    /// drafts.
    pub(crate) async fn create_permit(&self) -> Result<(CreatePermit<'_>, DraftSupport), Failure> {
        let draft = self.unless_starts_stopped(self.draft_is_wanted()).await??;
        let permit = self.unless_starts_stopped(self.creates.acquire()).await?;
        let permit = permit.map_err(|error| Failure::local("creating a job", &error))?;
        let mut turn = CreatePermit { _permit: permit, _draft: draft, alone: None };
        if self.drafts().await? == DraftSupport::Supported {
            return Ok((turn, DraftSupport::Supported));
        }
        let alone = self.unless_starts_stopped(self.create_permit.lock()).await?;
        let drafts = self.drafts().await?;
        turn.alone = Some(alone).filter(|_| drafts != DraftSupport::Supported);
        Ok((turn, drafts))
    }

    /// Waits until another draft is wanted: for a free place, or a few ahead of one.
    async fn draft_is_wanted(&self) -> Result<DraftPermit<'_>, Failure> {
        loop {
            let changed = self.draft_gate.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let limit = self.in_flight_limit().await?;
            let free = limit.saturating_sub(self.in_flight().await?);
            if let Some(draft) = self.draft_gate.draft((free + DRAFTS_AHEAD + limit / 8) as usize) {
                return Ok(draft);
            }
            // Another process may free a place, and cannot say so.
            let _ = tokio::time::timeout(self.context.timing.poll.first, changed).await;
        }
    }

    /// Commits a create that has to be the only one of its key.
    pub(crate) async fn commit_exclusive_create(
        &self,
        attempt: &Attempt,
        answered: Option<String>,
    ) -> Result<Commit, Failure> {
        loop {
            let (state, answered) = (attempt.clone(), answered.clone());
            let committed = self.context.ledger(move |ledger, owner| {
                ledger.commit_exclusive_create(owner, &state, answered.as_deref())
            });
            if let Some(commit) = committed.await? {
                return Ok(commit);
            }
            let pause = tokio::time::sleep(self.context.timing.poll.floor);
            self.unless_starts_stopped(pause).await?;
        }
    }

    /// How drafts of this key behave, as far as seen by any process.
    pub(crate) async fn drafts(&self) -> Result<DraftSupport, Failure> {
        let key = self.context.key.clone();
        self.context.ledger(move |ledger, _| ledger.draft_support(&key)).await
    }

    /// Commits a start as soon as the key has a free place. The commit's time stands in the row, so
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
        // Whoever holds a place already must not queue behind those who wait for it.
        let _turn = if occupies_slot {
            None
        } else {
            Some(self.unless_starts_stopped(self.start_turn.lock()).await?)
        };
        let (waits_since, mut polled_strays) = (self.context.clock.now(), 0);
        loop {
            if self.starts_stopped() {
                return Err(interrupted());
            }
            let freed = self.slot_freed.notified();
            let free = self.free_slots(attempt).await?;
            self.context.service.set_backlog(match free {
                _ if !self.other_inputs_are_submitted() => Backlog::Empty,
                0 | 1 => Backlog::Window,
                // With room for more than this one, those behind it wait for the pace.
                _ => Backlog::Pace,
            });
            if free > 0 {
                self.learn_charges().await?;
                // Leave first: nothing may stand between the commit and the bytes.
                let asking = self.context.service.admit_start(&job, call);
                let leave = self.unless_starts_stopped(asking).await??;
                let started = self.commit_start_row(attempt).await?;
                if started != StartCommit::AtConcurrencyLimit {
                    return Ok((started, Some(leave)));
                }
            }
            let strays = self.release_orphaned_slots(waits_since).await?;
            polled_strays += strays.polled;
            if let Some(failure) = strays.failure {
                // With the service gone for long, no place becomes free: that is the end of the run.
                self.back_off(&failure, 1)?;
            }
            self.check_for_overdue(attempt, polled_strays).await?;
            // Another process may free one, and cannot say so.
            let wait = tokio::time::timeout(self.context.timing.poll.floor, freed);
            // Freed or not: either way it is time to look again.
            let _ = self.unless_starts_stopped(wait).await?;
        }
    }

    /// Polls jobs that no process follows, at the pace of one job's polls.
    async fn release_orphaned_slots(&self, waits_since: Instant) -> Result<OrphanPolls, Failure> {
        let now = self.context.clock.now();
        let last = Instant(self.strays_at.load(Ordering::Relaxed));
        let timing = &self.context.timing.poll;
        let pause = timing.pause(timing.first.max(now.since(waits_since)));
        if now.since(last) < pause {
            return Ok(OrphanPolls::default());
        }
        self.strays_at.store(now.0, Ordering::Relaxed);
        self.poll_orphans().await
    }

    /// Ends all starts when every place that the key has is held by a job that was not finished after
    /// `wait_timeout`, and polls of all of them have just shown that again.
    async fn check_for_overdue(
        &self,
        attempt: &Attempt,
        polled_strays: u32,
    ) -> Result<(), Failure> {
        let (others, overdue) = (self.others_in_flight(attempt).await?, self.overdue().await?);
        if overdue == 0
            || overdue < others
            || polled_strays < others
            || self.free_slots(attempt).await? > 0
        {
            return Ok(());
        }
        let failure =
            self.not_finished(&format!("{overdue} overdue jobs use every slot of the key"));
        self.stop(RunStop { reason: StopReason::JobsDoNotEnd, failure });
        Err(interrupted())
    }

    /// A job that was started in this run was not finished after `wait_timeout`. Like one that
    /// failed, it speaks against starting many more.
    pub(crate) fn job_timed_out(&self) {
        if self.canary().ended(JobResult::Badly) {
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

    /// Jobs of the key that have run for longer than `wait_timeout`. They do not count against what
    /// the user and the canary allow.
    async fn overdue(&self) -> Result<u32, Failure> {
        let key = self.context.key.clone();
        let before = self.context.clock.wall().before(self.context.timing.wait_timeout);
        self.context.ledger(move |ledger, _| ledger.count_running_since(&key, before)).await
    }

    /// Credits a second of the model of `task`, as far as a bound on credits needs it.
    async fn rate(&self, attempt: &Attempt) -> Result<Option<f64>, Failure> {
        if self.run_options.max_credits.is_none() {
            return Ok(None);
        }
        // Few ask, and what asks is large.
        let asking = Box::pin(
            self.prices.get_or_try_init(|| self.context.service.pricing(RequestOptions::plain())),
        );
        Ok(match self.unless_starts_stopped(asking).await? {
            Ok(prices) => prices.credits_per_second(attempt.work.options.model),
            Err(failure) => {
                // Only an input without an estimate needs them.
                debug!(%failure, "prices are unknown");
                None
            }
        })
    }

    /// The bound on credits that is enough for the rest of the batch.
    pub(crate) async fn bound_needed(&self) -> Result<Option<Credits>, Failure> {
        let batch = self.batch;
        let attempt = self.context.ledger(move |ledger, _| ledger.any_attempt(batch)).await?;
        let Some(attempt) = attempt else { return Ok(None) };
        let prices = self.prices.get();
        let rate = prices.and_then(|prices| prices.credits_per_second(attempt.work.options.model));
        let needed = self.context.ledger(move |ledger, _| ledger.credits_to_start_all(batch, rate));
        needed.await.map(Some)
    }

    /// With a bound on credits, learns what the service has charged once jobs have ended: it may be
    /// more than was estimated.
    async fn learn_charges(&self) -> Result<(), Failure> {
        if self.run_options.max_credits.is_none() {
            return Ok(());
        }
        let ended = self.ended.load(Ordering::Relaxed);
        let known = self.charges_known_of.swap(ended, Ordering::Relaxed);
        if known == ended {
            return Ok(());
        }
        if known == NEVER {
            let batch = self.batch;
            let started = self.context.ledger(move |ledger, _| ledger.started_credits(batch));
            if started.await?.0 <= 0.0 {
                return Ok(());
            }
        }
        let call = RequestOptions { repeats: false, ..RequestOptions::plain() };
        let asking = Box::pin(self.context.service.usage_events(EVENTS, call));
        let page = match self.unless_starts_stopped(asking).await? {
            Ok(page) => page,
            Err(failure) => {
                // The lengths that jobs show count all the same.
                debug!(%failure, "usage events are unavailable");
                return Ok(());
            }
        };
        let mut by_job: BTreeMap<JobId, f64> = BTreeMap::new();
        for event in page.events {
            if let (Some(job), Some(credits)) = (event.job, event.credits) {
                *by_job.entry(job).or_default() += credits.0;
            }
        }
        let origin = self.context.key.origin.clone();
        let record = move |ledger: &Ledger, _: &ProcessLease| {
            let jobs: Vec<JobId> = by_job.keys().cloned().collect();
            let known = ledger.attempt_costs_of_jobs(&origin, &jobs)?;
            let charges: Vec<_> = known
                .iter()
                .filter_map(|spent| {
                    Some((spent.attempt, Credits(*by_job.get(spent.job.as_ref()?)?)))
                })
                .filter(|(_, credits)| credits.0 > 0.0)
                .collect();
            ledger.record_charges(&charges)
        };
        self.context.ledger(record).await
    }

    /// Jobs of the key that may be in flight: what is learned, within what the user allows.
    pub(crate) async fn in_flight_limit(&self) -> Result<u32, Failure> {
        let learned = self.context.service.in_flight_limit().await?;
        Ok(learned.min(self.most_in_flight().saturating_add(self.overdue().await?)))
    }

    /// What the user, and caution, allow.
    fn most_in_flight(&self) -> u32 {
        self.run_options.in_flight.min(self.canary().allows())
    }

    /// Whether inputs besides the one that is about to be started are uploaded, drafted or waiting.
    fn other_inputs_are_submitted(&self) -> bool {
        self.draft_gate.pending() > 1 || self.uploads.available_permits() < UPLOADS
    }

    async fn free_slots(&self, attempt: &Attempt) -> Result<u32, Failure> {
        let others = self.others_in_flight(attempt).await?;
        Ok(self.in_flight_limit().await?.saturating_sub(others))
    }

    /// Jobs of the key in flight.
    async fn in_flight(&self) -> Result<u32, Failure> {
        let key = self.context.key.clone();
        self.context.ledger(move |ledger, _| ledger.count_in_flight(&key)).await
    }

    /// Jobs of the key in flight besides this one.
    pub(crate) async fn others_in_flight(&self, attempt: &Attempt) -> Result<u32, Failure> {
        let (key, id) = (self.context.key.clone(), attempt.id);
        self.context.ledger(move |ledger, _| ledger.count_others_in_flight(&key, id)).await
    }

    async fn commit_start_row(&self, attempt: &mut Attempt) -> Result<StartCommit, Failure> {
        let most = self.most_in_flight().saturating_add(self.overdue().await?);
        let limits = *self.context.service.rate_limits();
        let now = self.context.clock.now();
        let gate = StartLimits {
            batch: self.batch,
            in_flight: Arc::new(move |known| limits.in_flight(known, now).min(most)),
            max_credits: self.run_options.max_credits,
            rate: self.rate(attempt).await?,
        };
        attempt.state.sent = Some(self.context.clock.now());
        attempt.sent_at = self.context.clock.wall();
        let state = attempt.clone();
        self.context.ledger(move |ledger, owner| ledger.commit_start(owner, &state, &gate)).await
    }
}

/// Whether no create of this attempt was sent.
fn is_unsent(attempt: &Attempt) -> bool {
    matches!(attempt.state.status, AttemptStatus::Planned | AttemptStatus::Ready)
        && attempt.state.create_count == 0
}
