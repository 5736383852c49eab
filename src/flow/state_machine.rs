//! The protocol that bills an input at most once, as one pure function.
//!
//! The API has no idempotency key, so safety comes from order: [`step`] says what to write to the
//! ledger and what to do next; the driver commits the row *before* it carries the effect out, and
//! feeds what it saw into the next step. After a crash the ledger is the truth, and the driver
//! goes on with [`Observation::Resumed`].
//!
//! The rules are those of `docs/architecture.md`, *The protocol*. In short: a draft costs nothing,
//! so a lost create may be repeated once drafts are known to be honoured; a start may be billed,
//! so it is repeated only after every earlier one has drained, a poll asked *after* that still shows
//! the draft, and something that the service tells for free proves that it is one.

use std::time::Duration;

use crate::ledger::{AttemptState, AttemptStatus, DraftObservation, DraftSupport};
use crate::model::{Execution, Failure, FailureKind, Instant, JobId, JobStatus};

/// How often one run repeats a create without an answer before it leaves the item to a later run.
const CREATE_REPEATS: u32 = 3;
/// How often a start without an answer is sent again, in all runs together, before a person is
/// asked.
const START_REPEATS: u32 = 2;
/// How long a key's first draft that is not shown as `created` is watched, to see whether it runs by
/// itself.
pub const WATCH: Duration = Duration::from_secs(3);
/// A start in doubt is polled for this many times `settle` after it has drained, before the usage
/// events are asked for.
const DOUBT_SETTLES: u32 = 2;

/// How far the user wants an item to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// To a draft, which costs nothing (`--draft`).
    Draft,
    /// To a started job (`--no-wait`).
    Start,
    /// To the end.
    Finish,
}

/// What a step may know beside the row.
#[derive(Debug, Clone, Copy)]
pub struct StepContext {
    /// The time by the boot-time clock.
    pub now: Instant,
    /// How long a request that was sent may still arrive.
    pub settle: Duration,
    /// Shortest time between two looks at the same job.
    pub glance: Duration,
    /// What is known of this key's drafts.
    pub drafts: DraftSupport,
    /// Whether a job of this key is known to show a bill from its start on.
    pub bills_shown: bool,
    /// Longest time that jobs of this key which were started after the row's start came into doubt
    /// took until they ran; `None` while fewer than three of them have been seen to run.
    pub later_ran_within: Option<Duration>,
    /// How far to go.
    pub goal: Goal,
}

/// One look at the job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSnapshot {
    /// When the look was sent: what it shows is not older than that.
    pub asked: Instant,
    /// State.
    pub status: JobStatus,
    /// Whether the service says anything of a bill.
    pub billed: bool,
    /// Percent done, when the service says.
    pub progress: Option<f64>,
    /// Whether a list showed it: its entries may leave fields out.
    pub listed: bool,
    /// Whether the output can be fetched.
    pub has_output: bool,
    /// Why it failed, in the service's words.
    pub error: Option<String>,
}

impl JobSnapshot {
    /// Whether it proves that the job was started.
    fn has_started(&self) -> bool {
        self.billed || self.progress.is_some_and(|done| done > 0.0) || has_run(&self.status)
    }
}

/// What a search for the job of a lost create found.
#[derive(Debug, Clone, PartialEq)]
pub enum SearchResult {
    /// The job that carries our correlation id.
    Ours(JobId, JobStatus),
    /// A complete list without any new job of unknown origin.
    Nothing,
    /// Something that cannot be told apart from our job; why.
    Unclear(String),
}

/// What the driver saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// A process took the row up; nothing is known of what an earlier one saw.
    Resumed,
    /// The wait is over.
    Due,
    /// The service has the bytes.
    Uploaded {
        /// Where.
        url: String,
        /// Whether an earlier upload was used.
        reused: bool,
    },
    /// A job was made.
    Created {
        /// Its name.
        job: JobId,
        /// Its state, when the answer says.
        status: Option<JobStatus>,
    },
    /// A create got no success.
    CreateFailed(Failure),
    /// The search for a lost create, sent at `asked`, came to an end.
    Searched {
        /// When the search began.
        asked: Instant,
        /// What it found.
        found: SearchResult,
    },
    /// A start was answered with a clear success.
    Started,
    /// A start got no clear success.
    StartFailed(Failure),
    /// The start was not sent: too much time had passed since it was committed.
    StartStale,
    /// A look at the job.
    Looked(JobSnapshot),
    /// The service does not know the job.
    JobUnknown(Failure),
    /// The usage events.
    Usage {
        /// When they were asked for.
        asked: Instant,
        /// Whether they charge for this job.
        charged: bool,
        /// Whether they charge for a job that was started after this one's start came into doubt,
        /// and reach back to one that was started before.
        later_charged: bool,
    },
    /// A call that may be repeated freely was given up, or a wait was cut short.
    GaveUp(Failure),
    /// An input turned out to be unusable.
    InputFailed(Failure),
    /// The user has looked and says: go on.
    Accepted,
    /// The user has looked and says: let it be.
    Abandoned,
}

/// What the driver does after the row is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Give the bytes to the service, or find that it has them.
    Upload,
    /// Send the create.
    Create,
    /// Search the key's jobs for the one of a lost create.
    Search,
    /// Send the start, if the commit is still fresh.
    Start,
    /// Look at the job now.
    Look,
    /// Look at the job when the poll schedule says so.
    Follow,
    /// Ask for the usage events.
    AskUsage,
    /// Go on with [`Observation::Due`] then.
    Wait(Instant),
    /// Go on with [`Observation::Due`] after a backoff for this failure, or give up.
    BackOff(Failure),
    /// Nothing more to do: the goal is reached, or the row is settled.
    Finish,
    /// Cannot go on now; a later run goes on from here.
    Rest(Failure),
}

/// What follows from an observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The row to commit.
    pub state: AttemptState,
    /// What to do after that.
    pub effect: Effect,
    /// What is known of the key's drafts from now on, if the observation says anything of them.
    pub learned: Option<DraftSupport>,
}

impl Step {
    fn learning(self, drafts: DraftSupport) -> Self {
        Self { learned: Some(drafts), ..self }
    }
}

fn go(state: AttemptState, effect: Effect) -> Step {
    Step { state, effect, learned: None }
}

/// The row and effect that follow when `seen` is observed in `row`.
///
/// An observation that the phase does not expect changes nothing and looks again: a repeated
/// answer is harmless.
#[must_use]
pub fn step(state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match (state.status, seen) {
        (phase, Observation::InputFailed(failure)) if !phase.in_flight() && !phase.is_settled() => {
            fail(state, failure)
        }
        (AttemptStatus::NeedsReview, Observation::Accepted) => accept(state),
        (AttemptStatus::NeedsReview | AttemptStatus::Halted, Observation::Abandoned) => {
            abandon(state)
        }
        (AttemptStatus::Planned, seen) => from_planned(state, seen, facts),
        (AttemptStatus::Ready, Observation::GaveUp(failure)) => go(state, Effect::Rest(failure)),
        (AttemptStatus::Ready, _) => create(state, facts),
        (AttemptStatus::CreateSent, seen) => from_create_sent(state, seen, facts),
        (AttemptStatus::CreateDoubt, seen) => from_create_doubt(state, seen, facts),
        (AttemptStatus::Draft, seen) => from_draft(state, seen, facts),
        (AttemptStatus::StartSent, seen) => from_start_sent(state, seen, facts),
        (AttemptStatus::StartDoubt | AttemptStatus::StartRefused, seen) => {
            from_start_doubt(state, seen, facts)
        }
        (AttemptStatus::Running, seen) => from_running(state, seen, facts),
        (
            AttemptStatus::Completed
            | AttemptStatus::Failed
            | AttemptStatus::NeedsReview
            | AttemptStatus::Halted,
            _,
        ) => go(state, Effect::Finish),
    }
}

fn from_planned(mut state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Uploaded { url, reused } => {
            state.video_url = Some(url);
            state.upload_reused = reused;
            state.status = AttemptStatus::Ready;
            create(state, facts)
        }
        Observation::GaveUp(failure) => back_off_or_rest(state, failure),
        _ => go(state, Effect::Upload),
    }
}

/// Commits a create. The count goes up before the bytes go out.
fn create(mut state: AttemptState, facts: &StepContext) -> Step {
    state.status = AttemptStatus::CreateSent;
    state.create_count += 1;
    state.sent = Some(facts.now);
    go(state, Effect::Create)
}

fn from_create_sent(state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Created { job, status } => created(state, job, status.as_ref(), facts),
        Observation::CreateFailed(failure) => match failure.delivery {
            Execution::NotExecuted => create_not_executed(state, failure),
            Execution::Refused => create_refused(state, failure),
            Execution::Ambiguous => create_lost(state, failure, facts),
        },
        Observation::Resumed => create_interrupted(state, facts),
        _ => create_lost(state, unanswered("create the job"), facts),
    }
}

/// The process that sent this create ended before its answer. That says nothing about the service,
/// so it is the first of this run and none of its repeats: however often runs are killed, the next
/// one is not given up for it.
fn create_interrupted(mut state: AttemptState, facts: &StepContext) -> Step {
    state.create_count = 1;
    create_lost(state, unanswered("create the job"), facts)
}

fn create_not_executed(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Ready;
    state.create_count -= 1;
    back_off_or_rest(state, failure)
}

/// Waiting helps against limits and outages; against an empty account or a refused key it does not.
fn back_off_or_rest(state: AttemptState, failure: Failure) -> Step {
    if failure.kind.is_retryable_if_idempotent() {
        go(state, Effect::BackOff(failure))
    } else {
        go(state, Effect::Rest(failure))
    }
}

/// A service may forget an upload that it once took; then, once, the bytes are sent again.
fn create_refused(mut state: AttemptState, failure: Failure) -> Step {
    let forgotten = matches!(failure.kind, FailureKind::InvalidRequest | FailureKind::NotFound);
    state.create_count -= 1;
    if forgotten && state.upload_reused && state.reupload_count == 0 {
        state.status = AttemptStatus::Planned;
        state.reupload_count = 1;
        state.video_url = None;
        state.upload_reused = false;
        return go(state, Effect::Upload);
    }
    fail(state, failure)
}

/// A create without an answer may have made a job. Where drafts are known to cost nothing it is
/// repeated and the possible orphan counted; elsewhere it is searched for.
fn create_lost(mut state: AttemptState, failure: Failure, facts: &StepContext) -> Step {
    state.sent = Some(facts.now);
    if facts.drafts != DraftSupport::Supported {
        state.status = AttemptStatus::CreateDoubt;
        state.failure = Some(failure);
        return go(state, Effect::Search);
    }
    state.orphan_count += 1;
    state.status = AttemptStatus::Ready;
    repeat_create(state, failure)
}

fn repeat_create(mut state: AttemptState, failure: Failure) -> Step {
    if state.create_count <= CREATE_REPEATS {
        return go(state, Effect::BackOff(failure));
    }
    state.create_count = 0;
    go(state, Effect::Rest(failure))
}

fn from_create_doubt(mut state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Searched { found: SearchResult::Ours(job, status), .. } => {
            created(state, job, Some(&status), facts)
        }
        Observation::Searched { found: SearchResult::Unclear(why), .. } => review(state, why),
        Observation::Searched { asked, found: SearchResult::Nothing } => {
            let drained = settle_deadline_passed(&state, facts);
            if asked < drained {
                return go(state, Effect::Wait(drained));
            }
            state.status = AttemptStatus::Ready;
            let failure = state.failure.take().unwrap_or_else(|| unanswered("create the job"));
            repeat_create(state, failure)
        }
        Observation::GaveUp(failure) => back_off_or_rest(state, failure),
        _ => go(state, Effect::Search),
    }
}

/// The job exists. What its state says decides whether it still has to be started: anything but a
/// state of a job that ran is a draft, once drafts of the key are known to be honoured.
fn created(
    mut state: AttemptState,
    job: JobId,
    status: Option<&JobStatus>,
    facts: &StepContext,
) -> Step {
    state.job = Some(job);
    state.failure = None;
    state.status = AttemptStatus::Draft;
    state.sent = Some(facts.now);
    match status {
        Some(JobStatus::Created) => {
            state.draft_observation = DraftObservation::Created;
            start(state, facts).learning(DraftSupport::Supported)
        }
        Some(JobStatus::Processing | JobStatus::Completed) => {
            started_by_itself(state).learning(DraftSupport::Unsupported)
        }
        Some(JobStatus::Failed) => started_by_itself(state),
        _ if facts.drafts == DraftSupport::Supported => {
            state.draft_observation = status.map_or(DraftObservation::Unknown, draft_seen);
            start(state, facts)
        }
        _ => {
            state.draft_observation = DraftObservation::Unjudged;
            go(state, Effect::Look)
        }
    }
}

fn started_by_itself(mut state: AttemptState) -> Step {
    state.draft_observation = DraftObservation::Started;
    state.failure = None;
    state.status = AttemptStatus::Running;
    go(state, Effect::Look)
}

fn from_draft(state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Looked(look) => judge_draft(state, &look, facts),
        Observation::JobUnknown(failure)
            if state.start_count == 0
                && state.failure.is_none()
                && facts.drafts == DraftSupport::Supported =>
        {
            remake(state, failure)
        }
        Observation::JobUnknown(failure) => halt(state, failure),
        // Not backed off: after that wait, a start would follow without the look that is due.
        Observation::GaveUp(failure) => go(state, Effect::Rest(failure)),
        // Resumed among them: a draft may have been left for long, and started by another hand. Due
        // among them: a service may have carried out what it answered with 429.
        _ => go(state, Effect::Look),
    }
}

/// Starts the draft that a poll still shows; the first one of a key only after it was watched.
fn judge_draft(mut state: AttemptState, look: &JobSnapshot, facts: &StepContext) -> Step {
    let unjudged =
        matches!(state.draft_observation, DraftObservation::Unknown | DraftObservation::Unjudged);
    if look.has_started() {
        let by_itself = state.draft_observation == DraftObservation::Unjudged
            && facts.drafts == DraftSupport::Unknown;
        let step = started_by_itself(state);
        return if by_itself { step.learning(DraftSupport::Unsupported) } else { step };
    }
    // An answer from before the last create or start cannot say that nothing happened since.
    if state.sent.is_some_and(|sent| look.asked < sent) {
        return go(state, Effect::Look);
    }
    // Once seen under one name, any other means that somebody started it.
    if !shows_draft(state.draft_observation, &look.status) {
        return started_by_itself(state);
    }
    if look.status == JobStatus::Created {
        state.draft_observation = DraftObservation::Created;
        return start(state, facts).learning(DraftSupport::Supported);
    }
    if !unjudged || facts.drafts == DraftSupport::Supported {
        if unjudged {
            state.draft_observation = draft_seen(&look.status);
        }
        return start(state, facts);
    }
    // A job that runs by itself gets time to show it; only a draft stays as it is.
    let watched = state.sent.unwrap_or(facts.now).after(watch(facts));
    if look.asked < watched {
        let next = facts.now.after(facts.glance).min(watched);
        return go(state, Effect::Wait(next));
    }
    state.draft_observation = draft_seen(&look.status);
    let step = start(state, facts);
    if facts.drafts == DraftSupport::Unknown {
        step.learning(DraftSupport::Supported)
    } else {
        step
    }
}

/// How long a draft that may run by itself is watched. Where drafts were ignored before, that is not
/// ruled out by a few seconds.
fn watch(facts: &StepContext) -> Duration {
    if facts.drafts == DraftSupport::Unsupported { facts.settle } else { WATCH.min(facts.settle) }
}

/// The name under which a draft is seen.
fn draft_seen(status: &JobStatus) -> DraftObservation {
    match status {
        JobStatus::Created => DraftObservation::Created,
        JobStatus::Pending => DraftObservation::Pending,
        JobStatus::Other(word) if word == JobStatus::UNKNOWN => DraftObservation::Unknown,
        JobStatus::Other(_) => DraftObservation::Other,
        JobStatus::Processing | JobStatus::Completed | JobStatus::Failed => {
            DraftObservation::Started
        }
    }
}

/// Whether a job whose draft was seen under this name may still be that draft.
fn shows_draft(seen: DraftObservation, status: &JobStatus) -> bool {
    let untold = matches!(seen, DraftObservation::Unknown | DraftObservation::Unjudged);
    match draft_seen(status) {
        DraftObservation::Created | DraftObservation::Unknown => true,
        DraftObservation::Started => false,
        shown => untold || shown == seen,
    }
}

/// Makes a job anew whose draft the service forgot before any start of it could have been executed.
/// The draft is counted as left behind, should it be there after all.
fn remake(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Ready;
    state.job = None;
    state.draft_observation = DraftObservation::Unknown;
    state.start_count = 0;
    state.failure = None;
    state.orphan_count += 1;
    repeat_create(state, failure)
}

/// Commits a start. From here on the attempt may be billed.
fn start(mut state: AttemptState, facts: &StepContext) -> Step {
    if facts.goal == Goal::Draft {
        return go(state, Effect::Finish);
    }
    state.status = AttemptStatus::StartSent;
    state.start_count += 1;
    state.sent = Some(facts.now);
    go(state, Effect::Start)
}

fn from_start_sent(mut state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Started => running(state, facts),
        Observation::StartStale => {
            state.status = AttemptStatus::Draft;
            state.start_count -= 1;
            go(state, Effect::Look)
        }
        Observation::StartFailed(failure) if failure.delivery == Execution::NotExecuted => {
            state.status = AttemptStatus::Draft;
            state.start_count -= 1;
            state.sent = Some(facts.now);
            // Kept, since a service may have carried out what it answered with 429.
            state.failure = Some(&failure).filter(|f| f.kind == FailureKind::RateLimited).cloned();
            back_off_or_rest(state, failure)
        }
        Observation::StartFailed(failure) => {
            state.status = match failure.delivery {
                Execution::Refused => AttemptStatus::StartRefused,
                _ => AttemptStatus::StartDoubt,
            };
            state.failure = Some(failure);
            start_ambiguous(state, facts)
        }
        _ => {
            state.status = AttemptStatus::StartDoubt;
            state.failure = Some(unanswered("start the job"));
            start_ambiguous(state, facts)
        }
    }
}

/// Time to drain counts from now: the bytes went out after the commit and before this moment.
fn start_ambiguous(mut state: AttemptState, facts: &StepContext) -> Step {
    state.sent = Some(facts.now);
    go(state, Effect::Look)
}

fn from_start_doubt(state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Looked(look) => decide_start(state, &look, facts),
        Observation::Usage { asked, charged, later_charged } => {
            decide_by_usage(state, asked, (charged, later_charged), facts)
        }
        Observation::JobUnknown(failure) if was_refused_as_unknown(&state, facts) => {
            remake(state, failure)
        }
        Observation::JobUnknown(failure) => halt(state, failure),
        Observation::GaveUp(failure) => back_off_or_rest(state, failure),
        _ => go(state, Effect::Look),
    }
}

/// Whether the only start was answered with 404.
fn was_refused_as_unknown(state: &AttemptState, facts: &StepContext) -> bool {
    let not_found = state.failure.as_ref().is_some_and(|f| f.kind == FailureKind::NotFound);
    state.status == AttemptStatus::StartRefused
        && not_found
        && state.start_count == 1
        && facts.drafts == DraftSupport::Supported
}

/// Decides by a poll whether a start without a clear answer landed.
fn decide_start(mut state: AttemptState, look: &JobSnapshot, facts: &StepContext) -> Step {
    if look.has_started() {
        let ran_before = was_started_before(&state);
        let step = landed(state, look, facts);
        return if ran_before { step.learning(DraftSupport::Unsupported) } else { step };
    }
    // A look from before the doubt, an answer that came twice, cannot say that nothing happened.
    if state.sent.is_some_and(|sent| look.asked < sent) {
        return go(state, Effect::Look);
    }
    if !shows_draft(state.draft_observation, &look.status) {
        return landed(state, look, facts);
    }
    let created = look.status == JobStatus::Created;
    let drained = settle_deadline_passed(&state, facts);
    let refused = state.status == AttemptStatus::StartRefused;
    if facts.bills_shown && look.listed && !created && (refused || look.asked >= drained) {
        return go(state, Effect::Look);
    }
    let not_started = created || facts.bills_shown;
    let never_started = not_started && state.start_count == 1;
    if refused && (never_started || look.asked >= drained) {
        if never_started {
            state.start_count = 0;
        }
        let refusal = state.failure.take().unwrap_or_else(|| unanswered("start the job"));
        return fail(state, refusal);
    }
    if look.asked < drained {
        return go(state, if created { Effect::Wait(drained) } else { Effect::Follow });
    }
    // Jobs run in the order of their starts: one that landed while the others did has run by now.
    let overtaken = facts.later_ran_within.is_some_and(|took| look.asked >= drained.after(took));
    if not_started || overtaken {
        return start_again(state, facts);
    }
    if look.asked < drained.after(facts.settle * DOUBT_SETTLES) {
        return go(state, Effect::Follow);
    }
    go(state, Effect::AskUsage)
}

/// Whether a first start was refused as one too many: the draft ran by itself.
fn was_started_before(state: &AttemptState) -> bool {
    let refused = state.status == AttemptStatus::StartRefused
        || state.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Conflict);
    refused
        && state.start_count == 1
        && matches!(state.draft_observation, DraftObservation::Pending | DraftObservation::Other)
}

/// Decides by the usage events, when polls do not tell. Those that were asked for too early, an
/// answer that came twice, say nothing of this start.
fn decide_by_usage(
    mut state: AttemptState,
    asked: Instant,
    (charged, later_charged): (bool, bool),
    facts: &StepContext,
) -> Step {
    if charged {
        state.failure = None;
        state.status = AttemptStatus::Running;
        return go(state, Effect::Look);
    }
    if asked < settle_deadline_passed(&state, facts).after(facts.settle * DOUBT_SETTLES) {
        return go(state, Effect::Look);
    }
    if later_charged {
        return start_again(state, facts);
    }
    review(
        state,
        "a start request got no clear response, so it is unknown whether the job is \
                   running"
            .to_owned(),
    )
}

/// No start of this job landed, and none is under way.
fn start_again(state: AttemptState, facts: &StepContext) -> Step {
    if state.start_count > START_REPEATS {
        let why = "no start request got a response, and the job is still a draft";
        return review(state, why.to_owned());
    }
    start(state, facts)
}

fn landed(mut state: AttemptState, look: &JobSnapshot, facts: &StepContext) -> Step {
    state.failure = None;
    state.status = AttemptStatus::Running;
    observe_running(state, look, facts)
}

fn running(mut state: AttemptState, facts: &StepContext) -> Step {
    state.failure = None;
    state.status = AttemptStatus::Running;
    follow(state, facts)
}

fn follow(state: AttemptState, facts: &StepContext) -> Step {
    let effect = if facts.goal == Goal::Finish { Effect::Follow } else { Effect::Finish };
    go(state, effect)
}

fn from_running(state: AttemptState, seen: Observation, facts: &StepContext) -> Step {
    match seen {
        Observation::Looked(look) => observe_running(state, &look, facts),
        Observation::JobUnknown(failure) => halt(state, failure),
        Observation::GaveUp(failure) => back_off_or_rest(state, failure),
        Observation::Resumed => go(state, Effect::Look),
        _ => follow(state, facts),
    }
}

fn observe_running(mut state: AttemptState, look: &JobSnapshot, facts: &StepContext) -> Step {
    match look.status {
        JobStatus::Completed if look.has_output => {
            state.status = AttemptStatus::Completed;
            go(state, Effect::Finish)
        }
        JobStatus::Failed => {
            let why = look.error.clone().unwrap_or_else(|| "the service gave no reason".into());
            let mut failure = Failure::new(FailureKind::JobFailed, "the job failed", why);
            failure.job.clone_from(&state.job);
            fail(state, failure)
        }
        // What was started is never a draft again: somebody said "started" and was mistaken.
        JobStatus::Created if look.asked >= settle_deadline_passed(&state, facts) => review(
            state,
            "the service confirmed the start, but the job is still a draft".to_owned(),
        ),
        _ => follow(state, facts),
    }
}

/// When everything that was sent has arrived or never will.
fn settle_deadline_passed(state: &AttemptState, facts: &StepContext) -> Instant {
    state.sent.unwrap_or(facts.now).after(facts.settle)
}

fn has_run(status: &JobStatus) -> bool {
    matches!(status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed)
}

fn fail(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Failed;
    state.failure = Some(failure);
    go(state, Effect::Finish)
}

fn review(mut state: AttemptState, why: String) -> Step {
    let next = how_to_decide(state.job.as_ref());
    let mut failure =
        Failure::new(FailureKind::NeedsReview, "cannot continue safely", why).with_next(next);
    failure.job.clone_from(&state.job);
    state.status = AttemptStatus::NeedsReview;
    state.failure = Some(failure);
    go(state, Effect::Finish)
}

/// How a person decides, in one line.
fn how_to_decide(job: Option<&JobId>) -> String {
    let Some(JobId(job)) = job else {
        return "if the vendor's dashboard shows no job for this input: rbgv resume --accept; if it \
                shows one: rbgv resume --abandon"
            .to_owned();
    };
    // The name is the service's: only a plain one goes into a command that is to be copied.
    let plain = job.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && job.starts_with(|first: char| first.is_ascii_alphanumeric());
    let only = if plain { format!(" --job {job}") } else { String::new() };
    format!(
        "if the vendor's dashboard shows the job running or charged: rbgv resume --accept{only}; if \
         not: rbgv resume --abandon{only}"
    )
}

/// The job is not visible to this key: a rotated key, or a job that was deleted. Never made anew.
fn halt(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Halted;
    state.failure = Some(failure);
    go(state, Effect::Finish)
}

/// With a job, the user says that it runs; without one, that none was made.
fn accept(mut state: AttemptState) -> Step {
    state.failure = None;
    if state.job.is_some() {
        state.status = AttemptStatus::Running;
        return go(state, Effect::Look);
    }
    state.status = AttemptStatus::Ready;
    state.create_count = 0;
    go(state, Effect::Finish)
}

fn abandon(state: AttemptState) -> Step {
    let mut failure = Failure::new(FailureKind::NeedsReview, "abandoned", "interrupted");
    failure.job.clone_from(&state.job);
    fail(state, failure)
}

fn unanswered(what: &str) -> Failure {
    let mut failure = Failure::new(
        FailureKind::Interrupted,
        what,
        "an earlier run ended before the response \
                                                      arrived",
    );
    failure.delivery = Execution::Ambiguous;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(100);
    const DOUBT: Instant = Instant(1_000_000);

    fn facts(now: Instant) -> StepContext {
        StepContext {
            now,
            settle: SETTLE,
            glance: Duration::from_secs(2),
            drafts: DraftSupport::Supported,
            bills_shown: false,
            later_ran_within: None,
            goal: Goal::Finish,
        }
    }

    fn state(phase: AttemptStatus, draft: DraftObservation, starts: u32) -> AttemptState {
        let job = Some(JobId("j-1".into()));
        AttemptState {
            status: phase,
            job,
            draft_observation: draft,
            create_count: 1,
            start_count: starts,
            sent: Some(DOUBT),
            ..AttemptState::planned()
        }
    }

    fn look(asked: Instant, status: JobStatus) -> JobSnapshot {
        JobSnapshot {
            asked,
            status,
            billed: false,
            progress: None,
            listed: false,
            has_output: false,
            error: None,
        }
    }

    fn failed(kind: FailureKind, delivery: Execution) -> Failure {
        Failure { delivery, ..Failure::new(kind, "start", "words") }
    }

    /// What a poll of a start in doubt leads to, by when it was asked for and what else is known.
    #[test]
    fn a_start_in_doubt_is_decided_by_what_is_free() {
        let pending = |seconds| look(DOUBT.after(Duration::from_secs(seconds)), JobStatus::Pending);
        let plain = facts(DOUBT.after(SETTLE * 4));
        let bills = StepContext { bills_shown: true, ..plain };
        let later = StepContext { later_ran_within: Some(Duration::from_secs(7)), ..plain };
        let odd = look(pending(1).asked, JobStatus::Other("queued".into()));
        // (what is known, poll, phase, effect)
        let table = [
            (
                plain,
                JobSnapshot { billed: true, ..pending(1) },
                AttemptStatus::Running,
                Effect::Follow,
            ),
            (
                plain,
                JobSnapshot { progress: Some(0.5), ..pending(1) },
                AttemptStatus::Running,
                Effect::Follow,
            ),
            (plain, odd, AttemptStatus::Running, Effect::Follow),
            (plain, pending(1), AttemptStatus::StartDoubt, Effect::Follow),
            (plain, pending(100), AttemptStatus::StartDoubt, Effect::Follow),
            (plain, pending(299), AttemptStatus::StartDoubt, Effect::Follow),
            (plain, pending(300), AttemptStatus::StartDoubt, Effect::AskUsage),
            (bills, pending(99), AttemptStatus::StartDoubt, Effect::Follow),
            (
                bills,
                JobSnapshot { listed: true, ..pending(100) },
                AttemptStatus::StartDoubt,
                Effect::Look,
            ),
            (bills, pending(100), AttemptStatus::StartSent, Effect::Start),
            (later, pending(106), AttemptStatus::StartDoubt, Effect::Follow),
            (
                later,
                JobSnapshot { listed: true, ..pending(107) },
                AttemptStatus::StartSent,
                Effect::Start,
            ),
        ];
        for (facts, look, phase, effect) in table {
            let state = state(AttemptStatus::StartDoubt, DraftObservation::Pending, 1);
            let next = step(state, Observation::Looked(look.clone()), &facts);
            assert_eq!((next.state.status, next.effect), (phase, effect), "{look:?}");
        }
    }

    #[test]
    fn the_usage_events_decide_last_and_then_a_person() {
        let late = DOUBT.after(SETTLE * 3);
        // (asked, charged, later ones charged, phase)
        let table = [
            (DOUBT, true, false, AttemptStatus::Running),
            (late, true, true, AttemptStatus::Running),
            (DOUBT.after(SETTLE), false, true, AttemptStatus::StartDoubt),
            (late, false, true, AttemptStatus::StartSent),
            (late, false, false, AttemptStatus::NeedsReview),
        ];
        for (asked, charged, later_charged, phase) in table {
            let state = state(AttemptStatus::StartDoubt, DraftObservation::Pending, 1);
            let seen = Observation::Usage { asked, charged, later_charged };
            let next = step(state, seen, &facts(late));
            assert_eq!(next.state.status, phase, "{asked:?} {charged} {later_charged}");
        }
    }

    #[test]
    fn the_message_for_a_person_holds_commands_that_can_be_typed() {
        let told = |job: &str| how_to_decide(Some(&JobId(job.into())));
        assert_eq!(
            told("j-1"),
            "if the vendor's dashboard shows the job running or charged: rbgv resume --accept --job \
             j-1; if not: rbgv resume --abandon --job j-1"
        );
        for hostile in ["$(rm x)", "--accept", "a b", ""] {
            assert!(!told(hostile).contains("--job"), "{hostile}");
        }
    }

    #[test]
    fn a_refused_key_rests_and_a_refused_start_is_polled_before_it_is_sent_again() {
        let not_executed = |kind| {
            let state = state(AttemptStatus::StartSent, DraftObservation::Pending, 1);
            let seen = Observation::StartFailed(failed(kind, Execution::NotExecuted));
            step(state, seen, &facts(DOUBT))
        };
        for kind in [FailureKind::Unauthorized, FailureKind::Forbidden] {
            let next = not_executed(kind);
            assert_eq!((next.state.status, next.state.start_count), (AttemptStatus::Draft, 0));
            assert!(matches!(next.effect, Effect::Rest(_)), "{kind:?}");
        }
        let refused = not_executed(FailureKind::RateLimited);
        assert!(matches!(refused.effect, Effect::BackOff(_)));
        let due = step(refused.state, Observation::Due, &facts(DOUBT));
        assert_eq!(due.effect, Effect::Look);
        for (asked, effect) in [(Instant(DOUBT.0 - 1), Effect::Look), (DOUBT, Effect::Start)] {
            let seen = Observation::Looked(look(asked, JobStatus::Pending));
            assert_eq!(step(due.state.clone(), seen, &facts(DOUBT)).effect, effect, "{asked:?}");
        }
    }

    #[test]
    fn only_a_draft_of_which_no_start_can_have_been_executed_is_made_anew() {
        let rate_limited = failed(FailureKind::RateLimited, Execution::NotExecuted);
        let missing = failed(FailureKind::NotFound, Execution::Refused);
        let lost = failed(FailureKind::Broken, Execution::Ambiguous);
        // (phase, starts, what happened before, made anew)
        let table = [
            (AttemptStatus::Draft, 0, None, true),
            (AttemptStatus::Draft, 1, None, false),
            (AttemptStatus::Draft, 0, Some(rate_limited), false),
            (AttemptStatus::StartRefused, 1, Some(missing.clone()), true),
            (AttemptStatus::StartRefused, 2, Some(missing.clone()), false),
            (AttemptStatus::StartDoubt, 1, Some(lost), false),
            (AttemptStatus::Running, 1, None, false),
        ];
        for (phase, starts, failure, anew) in table {
            let state = AttemptState { failure, ..state(phase, DraftObservation::Created, starts) };
            let known = facts(DOUBT);
            let next = step(state.clone(), Observation::JobUnknown(missing.clone()), &known);
            let expected = if anew { AttemptStatus::Ready } else { AttemptStatus::Halted };
            assert_eq!(next.state.status, expected, "{phase:?} {starts}");
            let unknown = StepContext { drafts: DraftSupport::Unknown, ..known };
            let next = step(state, Observation::JobUnknown(missing.clone()), &unknown);
            assert_eq!(next.state.status, AttemptStatus::Halted, "{phase:?} {starts}");
        }
    }

    /// The first draft of a key under any name but `created` is watched; later ones are not.
    #[test]
    fn a_first_draft_is_watched_and_later_ones_are_started_at_once() {
        let names = [None, Some(JobStatus::Pending), Some(JobStatus::Other("drafted".into()))];
        for status in names {
            let job = JobId("j-1".into());
            let created = Observation::Created { job, status: status.clone() };
            let sent = state(AttemptStatus::CreateSent, DraftObservation::Unknown, 0);
            let at_once = step(sent.clone(), created.clone(), &facts(DOUBT));
            assert_eq!((at_once.effect, at_once.learned), (Effect::Start, None), "{status:?}");
            let unknown = |now| StepContext { drafts: DraftSupport::Unknown, ..facts(now) };
            let first = step(sent, created, &unknown(DOUBT));
            assert_eq!((first.effect, first.learned), (Effect::Look, None), "{status:?}");
            let shown = status.unwrap_or(JobStatus::Pending);
            let mut state = first.state;
            for (asked, wait) in [(0, 2), (2, 3)] {
                let now = DOUBT.after(Duration::from_secs(asked));
                let seen = Observation::Looked(look(now, shown.clone()));
                let next = step(state, seen, &unknown(now));
                let until = DOUBT.after(Duration::from_secs(wait));
                assert_eq!(next.effect, Effect::Wait(until), "{shown}");
                state = next.state;
            }
            let now = DOUBT.after(WATCH);
            let idle = Observation::Looked(look(now, shown.clone()));
            let next = step(state.clone(), idle, &unknown(now));
            assert_eq!((next.effect, next.learned), (Effect::Start, Some(DraftSupport::Supported)));
            let runs = Observation::Looked(look(now, JobStatus::Processing));
            let next = step(state, runs, &unknown(now));
            assert_eq!(
                (next.effect, next.learned),
                (Effect::Look, Some(DraftSupport::Unsupported))
            );
        }
    }
}
