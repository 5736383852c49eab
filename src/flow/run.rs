//! What the items of one run share: gates before the calls that matter, and the reasons to begin
//! nothing more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify, OnceCell, Semaphore, SemaphorePermit};
use tracing::debug;

use super::canary::{Canary, Ending};
use super::conduct::Conduct;
use super::context::{Context, interrupted, key_not_at_hand, unless};
use super::draft_gate::{DraftGate, NewDraft};
use super::evidence::{EVENTS, Evidence};
use super::polling::{DurationStats, ListPoll, REMEMBERED, StrayRound};
use super::protocol::Goal;
use super::stop::{Stop, StopReason, Stops};
use super::underway::Underway;
use crate::client::limits::breaker;
use crate::client::{Admission, Backlog, Call, Wait, backoff};
use crate::ledger::{BatchId, Commit, Drafts, Ledger, Owner, Phase, StartGate, Started, Task};
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
pub struct Run {
    /// What it works with.
    pub context: Arc<Context>,
    /// What it works on.
    pub batch: BatchId,
    /// How it behaves.
    pub conduct: Conduct,
    pub(super) uploads: Semaphore,
    pub(super) downloads: Semaphore,
    /// Polls of the jobs that it follows, and what they show of any job of the key.
    pub(super) list_poll: Arc<ListPoll>,
    /// What its started jobs tell of those whose start is in doubt.
    pub(super) evidence: Evidence,
    durations: Mutex<DurationStats>,
    /// When it began.
    pub(super) began: Instant,
    /// When strays were last polled.
    strays_at: AtomicU64,
    creates: Semaphore,
    create_turn: tokio::sync::Mutex<()>,
    start_turn: tokio::sync::Mutex<()>,
    place_freed: Notify,
    draft_gate: DraftGate,
    underway: Arc<Underway>,
    stops: Stops,
    canary: Mutex<Canary>,
    last_success: AtomicU64,
    prices: OnceCell<Pricing>,
    /// Jobs that ended in this run, and how many had when charges were learned last.
    ended: AtomicUsize,
    charges_known_of: AtomicUsize,
    /// The same run under the key that is being replaced, during a rotation: gates, latches and
    /// caution belong to a key.
    previous: Option<Arc<Run>>,
}

/// A turn to make a job.
pub(super) struct CreateTurn<'a> {
    _permit: SemaphorePermit<'a>,
    _draft: NewDraft<'a>,
    alone: Option<MutexGuard<'a, ()>>,
}

impl CreateTurn<'_> {
    /// Whether no other create may be under way.
    pub(super) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }
}

impl Run {
    /// A run that has begun nothing. `proven` says whether jobs with its options have succeeded
    /// before; others start with a single one.
    #[must_use]
    pub fn new(context: Arc<Context>, batch: BatchId, conduct: Conduct, proven: bool) -> Self {
        let now = context.clock.now();
        let previous = context.previous.as_ref().map(|previous| {
            Arc::new(Self::new(Arc::clone(previous), batch, conduct.clone(), proven))
        });
        // Without following jobs there is nothing to learn from a first one.
        let proven = proven || conduct.goal != Goal::Finish;
        let stops = Stops::new(&context.stop, &context.time_is_over);
        Self {
            context,
            batch,
            conduct,
            uploads: Semaphore::new(UPLOADS),
            downloads: Semaphore::new(DOWNLOADS),
            list_poll: Arc::default(),
            evidence: Evidence::default(),
            durations: Mutex::default(),
            began: now,
            strays_at: AtomicU64::new(0),
            creates: Semaphore::new(CREATES),
            create_turn: tokio::sync::Mutex::new(()),
            start_turn: tokio::sync::Mutex::new(()),
            place_freed: Notify::new(),
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
    pub(super) fn stop_for(&self, failure: &Failure) -> bool {
        let Some(reason) = StopReason::of(failure.kind) else { return false };
        self.stop(Stop { reason, failure: failure.clone() });
        true
    }

    /// Begins nothing more, and says so once.
    pub(super) fn stop(&self, stop: Stop) {
        if self.stops.stop(stop.clone()) {
            self.context.observer.observe(&Event::Stopped(stop.failure));
        }
    }

    /// Begins nothing more under any key.
    pub(super) fn stop_all(&self, stop: &Stop) {
        self.stop(stop.clone());
        if let Some(previous) = &self.previous {
            // It was said.
            previous.stops.stop(stop.clone());
        }
    }

    /// The run under the key that made the job of `task`. An attempt without a job gets the key of
    /// this run: see [`Run::adopt`].
    pub(super) fn of_key(&self, task: &Task) -> &Self {
        match &self.previous {
            Some(previous) if previous.context.key == task.work.key && !is_unsent(task) => previous,
            _ => self,
        }
    }

    /// Gives an attempt of another key that has sent nothing yet to the key of this run, which then
    /// makes its job. `None` if another process owns it by now.
    pub(super) async fn adopt(&self, mut task: Task) -> Result<Option<Task>, Failure> {
        if task.work.key == self.context.key || !is_unsent(&task) {
            return Ok(Some(task));
        }
        let (key, profile) = (self.context.key.clone(), self.context.profile.clone());
        let given = self.context.ledger(move |ledger, owner| {
            let commit = ledger.give_to_key(owner, &mut task, &key, &profile)?;
            Ok((commit == Commit::Written).then_some(task))
        });
        given.await
    }

    /// Why an attempt rests: it was sent with a key that this run does not have, and only that key
    /// sees what came of it. Asked with another, the service would not know a job that is there, and
    /// paid for; or a job would be made a second time.
    pub(super) fn lacks_key_of(&self, task: &Task) -> Option<Failure> {
        let key = &task.work.key;
        if *key == self.context.key || task.row.phase.is_settled() {
            return None;
        }
        Some(key_not_at_hand(task, "not gone on with", "sent"))
    }

    /// Whether nothing may be sent with any key.
    pub(super) fn is_stopped(&self) -> bool {
        self.all().all(|run| run.stops.everything().is_cancelled())
    }

    /// Whether nothing may be uploaded, created or started with any key.
    pub(super) fn is_starting_stopped(&self) -> bool {
        self.all().all(|run| run.stops.starts().is_cancelled())
    }

    /// Waits until nothing may be sent with any key.
    pub(super) async fn stopped(&self) {
        for run in self.all() {
            run.stops.everything().cancelled().await;
        }
    }

    /// Why this run was stopped, key by key.
    pub(super) fn all_stops(&self) -> impl Iterator<Item = Stop> {
        self.all().filter_map(|run| run.stops.of_starts())
    }

    /// [`Run::all`], to be kept.
    pub(super) fn each(self: &Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::once(Arc::clone(self)).chain(self.previous.clone())
    }

    /// This run, and that of the previous key if there is one.
    pub(super) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.previous.as_deref())
    }

    /// Inputs that may be under way at once: for each key what it may have in flight, and a few that
    /// are uploaded and drafted ahead.
    pub(super) async fn inputs_at_once(&self) -> Result<usize, Failure> {
        let mut inputs = 0;
        for run in self.all() {
            let limit = run.in_flight_limit().await? as usize;
            inputs += limit + INPUTS_AHEAD + limit / 8;
        }
        Ok(inputs)
    }

    /// Whether nothing may be sent at all.
    pub(super) fn held(&self) -> bool {
        self.stops.everything().is_cancelled()
    }

    /// Whether no job may be made or started, and nothing uploaded for one.
    pub(super) fn starts_held(&self) -> bool {
        self.stops.starts().is_cancelled()
    }

    /// Waits for `work`, unless nothing may be sent any more. Only for work that may be cut anywhere.
    pub(super) async fn unless_held<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        unless(self.stops.everything(), work).await
    }

    /// Waits for `work` on the way to a start, unless nothing may be started any more. Only for work
    /// that may be cut anywhere.
    pub(super) async fn unless_starts_held<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        unless(self.stops.starts(), work).await
    }

    /// The service took something: it is not gone, whatever other calls say.
    pub(super) fn good(&self) {
        self.last_success.store(self.context.clock.now().0, Ordering::Relaxed);
    }

    /// How long jobs take.
    pub(super) fn durations(&self) -> std::sync::MutexGuard<'_, DurationStats> {
        self.durations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns how long jobs took before this run.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) async fn recall(&self) -> Result<(), Failure> {
        let key = self.context.key.clone();
        let past = self.context.ledger(move |ledger, _| ledger.past(&key, REMEMBERED)).await?;
        *self.durations() = DurationStats::new(past);
        let batch = self.batch;
        let counts = self.context.ledger(move |ledger, _| ledger.counts(batch)).await?;
        self.canary().set_inputs(u32::try_from(counts.open).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Whether jobs with the options of this run are known to succeed.
    pub(super) fn is_proven(&self) -> bool {
        self.canary().is_proven()
    }

    fn canary(&self) -> std::sync::MutexGuard<'_, Canary> {
        self.canary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job of this run ended. When jobs fail in a surge, nothing more is started: whatever is
    /// wrong with the options would be paid for again and again.
    pub(super) fn job_ended(&self, how: Ending) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        if self.canary().ended(how) {
            let why = "jobs fail in a surge; find out why before more are paid for";
            let failure = Failure::new(FailureKind::JobFailed, "this batch", why)
                .with_next("rbgv status --failed");
            self.stop(Stop { reason: StopReason::JobsFail, failure });
        }
        self.free_place();
    }

    /// A job left the service's hands: a place is free.
    pub(super) fn free_place(&self) {
        self.draft_gate.place_freed();
        self.place_freed.notify_waiters();
    }

    /// Items of this run whose job has not ended.
    pub(super) fn underway(&self) -> &Arc<Underway> {
        &self.underway
    }

    /// Whether `failure` is part of an outage of the service.
    pub(super) fn is_outage(&self, failure: &Failure) -> bool {
        breaker::counts(failure.kind) && self.context.service.silence().failure().is_some()
    }

    /// Waits out a refusal, or gives up: at once when the service asked for more time than is ever
    /// waited, and when nothing at all has succeeded for that long. An outage is waited for until the
    /// run is stopped for it.
    pub(super) fn back_off(&self, failure: &Failure, refusals: u32) -> Result<Duration, Failure> {
        let timing = &self.context.timing.client;
        let now = self.context.clock.now();
        let quiet = now.since(Instant(self.last_success.load(Ordering::Relaxed)));
        if quiet > timing.retry_after_max && !self.is_outage(failure) {
            return Err(failure.clone());
        }
        match backoff::wait(timing, refusals, failure.retry_after, self.context.random.unit()) {
            Wait::TooLong(_) => Err(failure.clone()),
            Wait::Sleep(wait) => Ok(wait),
        }
    }

    /// Waits until a create may be sent. Until drafts are known to cost nothing, creates go one at a
    /// time: a lost one can then be told from its neighbours. Returns the turn and what is known of
    /// drafts.
    pub(super) async fn create_turn(&self) -> Result<(CreateTurn<'_>, Drafts), Failure> {
        let draft = self.unless_starts_held(self.draft_is_wanted()).await??;
        let permit = self.unless_starts_held(self.creates.acquire()).await?;
        let permit = permit.map_err(|error| Failure::local("creating a job", &error))?;
        let mut turn = CreateTurn { _permit: permit, _draft: draft, alone: None };
        if self.drafts().await? == Drafts::Honoured {
            return Ok((turn, Drafts::Honoured));
        }
        let alone = self.unless_starts_held(self.create_turn.lock()).await?;
        let drafts = self.drafts().await?;
        turn.alone = Some(alone).filter(|_| drafts != Drafts::Honoured);
        Ok((turn, drafts))
    }

    /// Waits until another draft is wanted: for a free place, or a few ahead of one.
    async fn draft_is_wanted(&self) -> Result<NewDraft<'_>, Failure> {
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
            let pause = tokio::time::sleep(self.context.timing.poll.floor);
            self.unless_starts_held(pause).await?;
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
    ) -> Result<(Started, Option<Admission>), Failure> {
        let Some(job) = task.row.job.clone() else {
            let why = "the ledger has no job for this item";
            return Err(Failure::new(FailureKind::Local, "starting the job", why));
        };
        let _waiting = self.draft_gate.start();
        // Whoever holds a place already must not queue behind those who wait for it.
        let _turn = if holds_place {
            None
        } else {
            Some(self.unless_starts_held(self.start_turn.lock()).await?)
        };
        let (waits_since, mut polled_strays) = (self.context.clock.now(), 0);
        loop {
            if self.starts_held() {
                return Err(interrupted());
            }
            let freed = self.place_freed.notified();
            let free = self.free_places(task).await?;
            self.context.service.set_backlog(match free {
                _ if !self.others_are_submitted() => Backlog::Empty,
                0 | 1 => Backlog::Window,
                // With room for more than this one, those behind it wait for the pace.
                _ => Backlog::Pace,
            });
            if free > 0 {
                self.learn_charges().await?;
                // Leave first: nothing may stand between the commit and the bytes.
                let asking = self.context.service.admit_start(&job, call);
                let leave = self.unless_starts_held(asking).await??;
                let started = self.commit_now(task).await?;
                if started != Started::AtCap {
                    return Ok((started, Some(leave)));
                }
            }
            let strays = self.free_stray_places(waits_since).await?;
            polled_strays += strays.polled;
            if let Some(failure) = strays.failure {
                // With the service gone for long, no place becomes free: that is the end of the run.
                self.back_off(&failure, 1)?;
            }
            self.check_for_overdue(task, polled_strays).await?;
            // Another process may free one, and cannot say so.
            let wait = tokio::time::timeout(self.context.timing.poll.floor, freed);
            // Freed or not: either way it is time to look again.
            let _ = self.unless_starts_held(wait).await?;
        }
    }

    /// Polls jobs that no process follows, at the pace of one job's polls.
    async fn free_stray_places(&self, waits_since: Instant) -> Result<StrayRound, Failure> {
        let now = self.context.clock.now();
        let last = Instant(self.strays_at.load(Ordering::Relaxed));
        let timing = &self.context.timing.poll;
        let pause = timing.pause(timing.first.max(now.since(waits_since)));
        if now.since(last) < pause {
            return Ok(StrayRound::default());
        }
        self.strays_at.store(now.0, Ordering::Relaxed);
        self.poll_strays().await
    }

    /// Ends all starts when every place that the key has is held by a job that was not finished after
    /// `wait_timeout`, and polls of all of them have just shown that again.
    async fn check_for_overdue(&self, task: &Task, polled_strays: u32) -> Result<(), Failure> {
        let (others, overdue) = (self.others_in_flight(task).await?, self.overdue().await?);
        if overdue == 0
            || overdue < others
            || polled_strays < others
            || self.free_places(task).await? > 0
        {
            return Ok(());
        }
        let failure = self.not_finished(&format!("{overdue} jobs hold every place of the key"));
        self.stop(Stop { reason: StopReason::JobsDoNotEnd, failure });
        Err(interrupted())
    }

    /// A job that was started in this run was not finished after `wait_timeout`. Like one that
    /// failed, it speaks against starting many more.
    pub(super) fn job_timed_out(&self) {
        if self.canary().ended(Ending::Badly) {
            let failure = self.not_finished("jobs of this run do not finish");
            self.stop(Stop { reason: StopReason::JobsDoNotEnd, failure });
        }
        self.free_place();
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
        self.context.ledger(move |ledger, _| ledger.running_since_before(&key, before)).await
    }

    /// Credits a second of the model of `task`, as far as a bound on credits needs it.
    async fn rate(&self, task: &Task) -> Result<Option<f64>, Failure> {
        if self.conduct.max_credits.is_none() {
            return Ok(None);
        }
        // Few ask, and what asks is large.
        let asking =
            Box::pin(self.prices.get_or_try_init(|| self.context.service.pricing(Call::plain())));
        Ok(match self.unless_starts_held(asking).await? {
            Ok(prices) => prices.a_second(task.work.options.model),
            Err(failure) => {
                // Only an input without an estimate needs them.
                debug!(%failure, "prices are not known");
                None
            }
        })
    }

    /// The bound on credits that is enough for the rest of the batch.
    pub(super) async fn bound_needed(&self) -> Result<Option<Credits>, Failure> {
        let batch = self.batch;
        let task = self.context.ledger(move |ledger, _| ledger.some_task(batch)).await?;
        let Some(task) = task else { return Ok(None) };
        let prices = self.prices.get();
        let rate = prices.and_then(|prices| prices.a_second(task.work.options.model));
        let needed = self.context.ledger(move |ledger, _| ledger.bound_needed(batch, rate));
        needed.await.map(Some)
    }

    /// With a bound on credits, learns what the service has charged once jobs have ended: it may be
    /// more than was estimated.
    async fn learn_charges(&self) -> Result<(), Failure> {
        if self.conduct.max_credits.is_none() {
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
        let call = Call { repeats: false, ..Call::plain() };
        let asking = Box::pin(self.context.service.usage_events(EVENTS, call));
        let page = match self.unless_starts_held(asking).await? {
            Ok(page) => page,
            Err(failure) => {
                // The lengths that jobs show count all the same.
                debug!(%failure, "usage events are not known");
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
        let record = move |ledger: &Ledger, _: &Owner| {
            let jobs: Vec<JobId> = by_job.keys().cloned().collect();
            let known = ledger.spending_of_jobs(&origin, &jobs)?;
            let charges: Vec<_> = known
                .iter()
                .filter_map(|spent| Some((spent.task, Credits(*by_job.get(spent.job.as_ref()?)?))))
                .filter(|(_, credits)| credits.0 > 0.0)
                .collect();
            ledger.record_charges(&charges)
        };
        self.context.ledger(record).await
    }

    /// Jobs of the key that may be in flight: what is learned, within what the user allows.
    pub(super) async fn in_flight_limit(&self) -> Result<u32, Failure> {
        let learned = self.context.service.in_flight_limit().await?;
        Ok(learned.min(self.most_in_flight().saturating_add(self.overdue().await?)))
    }

    /// What the user, and caution, allow.
    fn most_in_flight(&self) -> u32 {
        self.conduct.in_flight.min(self.canary().allows())
    }

    /// Whether inputs besides the one that is about to be started are uploaded, drafted or waiting.
    fn others_are_submitted(&self) -> bool {
        self.draft_gate.pending() > 1 || self.uploads.available_permits() < UPLOADS
    }

    async fn free_places(&self, task: &Task) -> Result<u32, Failure> {
        let others = self.others_in_flight(task).await?;
        Ok(self.in_flight_limit().await?.saturating_sub(others))
    }

    /// Jobs of the key in flight.
    async fn in_flight(&self) -> Result<u32, Failure> {
        let key = self.context.key.clone();
        self.context.ledger(move |ledger, _| ledger.in_flight(&key)).await
    }

    /// Jobs of the key in flight besides this one.
    pub(super) async fn others_in_flight(&self, task: &Task) -> Result<u32, Failure> {
        let (key, id) = (self.context.key.clone(), task.id);
        self.context.ledger(move |ledger, _| ledger.in_flight_besides(&key, id)).await
    }

    async fn commit_now(&self, task: &mut Task) -> Result<Started, Failure> {
        let most = self.most_in_flight().saturating_add(self.overdue().await?);
        let limits = *self.context.service.shape();
        let now = self.context.clock.now();
        let gate = StartGate {
            batch: self.batch,
            in_flight: Arc::new(move |known| limits.in_flight(known, now).min(most)),
            max_credits: self.conduct.max_credits,
            rate: self.rate(task).await?,
        };
        task.row.sent = Some(self.context.clock.now());
        task.sent_at = self.context.clock.wall();
        let row = task.clone();
        self.context.ledger(move |ledger, owner| ledger.commit_start(owner, &row, &gate)).await
    }
}

/// Whether no create of this attempt was sent.
fn is_unsent(task: &Task) -> bool {
    matches!(task.row.phase, Phase::Planned | Phase::Ready) && task.row.creates == 0
}
