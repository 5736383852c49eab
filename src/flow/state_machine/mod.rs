//! The protocol that bills an input at most once, as one pure function.
//!
//! The API has no idempotency key, so safety comes from order: [`step`] returns the state to write
//! to the ledger and the effect to execute; the driver commits the state *before* it executes the
//! effect, and passes the resulting observation to the next step. After a crash the ledger is
//! authoritative, and the driver continues with [`Observation::Resumed`].
//!
//! The rules are those of `docs/architecture.md`, *The protocol*. In short: a draft costs nothing,
//! so a lost create may be repeated once the key is known to support drafts; a start may be billed,
//! so it is repeated only after every earlier one has drained, a poll sent *after* that still shows
//! the draft, and free evidence from the service proves that the job is still a draft.

mod types;

use std::time::Duration;

pub use self::types::{Effect, Goal, JobSnapshot, Observation, SearchResult, StepContext};
use crate::ledger::{AttemptState, AttemptStatus, DraftObservation, DraftSupport};
use crate::model::{Execution, Failure, FailureKind, Instant, JobId, JobStatus};

/// Maximum repeats of an unanswered create in one run; after that a later run continues.
const CREATE_REPEATS: u32 = 3;
/// Maximum repeats of an unanswered start over all runs; after that the attempt needs review.
const START_REPEATS: u32 = 2;
/// Observation time of a key's first draft that is not shown as `created`, to see whether it runs
/// by itself.
pub const DRAFT_OBSERVATION_TIME: Duration = Duration::from_secs(3);
/// Longest time between the commit of a start and its first byte.
pub(crate) const MAX_START_AGE: Duration = Duration::from_secs(5);
/// Polling time of an ambiguous start after it has drained, in multiples of `settle`, before the
/// usage events are requested.
const DOUBT_SETTLES: u32 = 2;

/// Result of [`step`].
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The state to commit.
    pub state: AttemptState,
    /// The effect to execute after that.
    pub effect: Effect,
    /// Draft support of the key, where the observation proves it.
    pub learned: Option<DraftSupport>,
}

impl Step {
    fn learning(self, drafts: DraftSupport) -> Self {
        Self { learned: Some(drafts), ..self }
    }
}

fn transition(state: AttemptState, effect: Effect) -> Step {
    Step { state, effect, learned: None }
}

/// The state and effect that follow when `observation` is observed in `state`.
///
/// An observation that the status does not expect changes nothing and leads to a poll: a repeated
/// answer is harmless.
#[must_use]
pub fn step(state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match (state.status, observation) {
        (status, Observation::InputFailed(failure))
            if !status.in_flight() && !status.is_settled() =>
        {
            fail(state, failure)
        }
        (AttemptStatus::NeedsReview, Observation::Accepted) => accept(state),
        (AttemptStatus::NeedsReview | AttemptStatus::Halted, Observation::Abandoned) => {
            abandon(state)
        }
        (AttemptStatus::Planned, observation) => from_planned(state, observation, context),
        (AttemptStatus::Ready, Observation::CallFailed(failure)) => {
            transition(state, Effect::Suspend(failure))
        }
        (AttemptStatus::Ready, _) => create(state, context),
        (AttemptStatus::CreateSent, observation) => from_create_sent(state, observation, context),
        (AttemptStatus::CreateDoubt, observation) => from_create_doubt(state, observation, context),
        (AttemptStatus::Draft, observation) => from_draft(state, observation, context),
        (AttemptStatus::StartSent, observation) => from_start_sent(state, observation, context),
        (AttemptStatus::StartDoubt | AttemptStatus::StartRefused, observation) => {
            from_start_doubt(state, observation, context)
        }
        (AttemptStatus::Running, observation) => from_running(state, observation, context),
        (
            AttemptStatus::Completed
            | AttemptStatus::Failed
            | AttemptStatus::NeedsReview
            | AttemptStatus::Halted,
            _,
        ) => transition(state, Effect::Done),
    }
}

fn from_planned(mut state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match observation {
        Observation::Uploaded { url, reused } => {
            state.video_url = Some(url);
            state.upload_reused = reused;
            state.status = AttemptStatus::Ready;
            create(state, context)
        }
        Observation::CallFailed(failure) => back_off_or_suspend(state, failure),
        _ => transition(state, Effect::Upload),
    }
}

/// Commits a create. The count is incremented before the request is sent.
fn create(mut state: AttemptState, context: &StepContext) -> Step {
    state.status = AttemptStatus::CreateSent;
    state.create_count += 1;
    state.sent = Some(context.now);
    transition(state, Effect::Create)
}

fn from_create_sent(state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match observation {
        Observation::Created { job, status } => created(state, job, status.as_ref(), context),
        Observation::CreateFailed(failure) => match failure.delivery {
            Execution::NotExecuted => create_not_executed(state, failure),
            Execution::Refused => create_refused(state, failure),
            Execution::Ambiguous => create_lost(state, failure, context),
        },
        Observation::Resumed => create_interrupted(state, context),
        _ => create_lost(state, unanswered("create the job"), context),
    }
}

/// The process that sent this create ended before the answer. That is no evidence against the
/// service, so the create counts as the first of this run: however often runs are killed, the next
/// one does not give up because of it.
fn create_interrupted(mut state: AttemptState, context: &StepContext) -> Step {
    state.create_count = 1;
    create_lost(state, unanswered("create the job"), context)
}

fn create_not_executed(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Ready;
    state.create_count -= 1;
    back_off_or_suspend(state, failure)
}

/// Waiting helps against limits and outages, but not against a lack of credits or a rejected key.
fn back_off_or_suspend(state: AttemptState, failure: Failure) -> Step {
    if failure.kind.is_retryable_if_idempotent() {
        transition(state, Effect::BackOff(failure))
    } else {
        transition(state, Effect::Suspend(failure))
    }
}

/// The service may have dropped an earlier upload: the bytes are sent again, once.
fn create_refused(mut state: AttemptState, failure: Failure) -> Step {
    let forgotten = matches!(failure.kind, FailureKind::InvalidRequest | FailureKind::NotFound);
    state.create_count -= 1;
    if forgotten && state.upload_reused && state.reupload_count == 0 {
        state.status = AttemptStatus::Planned;
        state.reupload_count = 1;
        state.video_url = None;
        state.upload_reused = false;
        return transition(state, Effect::Upload);
    }
    fail(state, failure)
}

/// A create without an answer may have created a job. Where drafts are known to cost nothing it is
/// repeated, and the possible orphan is counted; elsewhere its job is searched for.
fn create_lost(mut state: AttemptState, failure: Failure, context: &StepContext) -> Step {
    state.sent = Some(context.now);
    if context.drafts != DraftSupport::Supported {
        state.status = AttemptStatus::CreateDoubt;
        state.failure = Some(failure);
        return transition(state, Effect::Search);
    }
    state.orphan_count += 1;
    state.status = AttemptStatus::Ready;
    repeat_create(state, failure)
}

fn repeat_create(mut state: AttemptState, failure: Failure) -> Step {
    if state.create_count <= CREATE_REPEATS {
        return transition(state, Effect::BackOff(failure));
    }
    state.create_count = 0;
    transition(state, Effect::Suspend(failure))
}

fn from_create_doubt(
    mut state: AttemptState,
    observation: Observation,
    context: &StepContext,
) -> Step {
    match observation {
        Observation::Searched { found: SearchResult::Ours(job, status), .. } => {
            created(state, job, Some(&status), context)
        }
        Observation::Searched { found: SearchResult::Unclear(why), .. } => {
            require_review(state, why)
        }
        Observation::Searched { requested_at, found: SearchResult::Nothing } => {
            let settled_at = settle_deadline(&state, context);
            if requested_at < settled_at {
                return transition(state, Effect::Wait(settled_at));
            }
            state.status = AttemptStatus::Ready;
            let failure = state.failure.take().unwrap_or_else(|| unanswered("create the job"));
            repeat_create(state, failure)
        }
        Observation::CallFailed(failure) => back_off_or_suspend(state, failure),
        _ => transition(state, Effect::Search),
    }
}

/// The job exists; its status decides whether it still has to be started. Once the key is known to
/// support drafts, every status but those of a job that ran means a draft.
fn created(
    mut state: AttemptState,
    job: JobId,
    status: Option<&JobStatus>,
    context: &StepContext,
) -> Step {
    state.job = Some(job);
    state.failure = None;
    state.status = AttemptStatus::Draft;
    state.sent = Some(context.now);
    match status {
        Some(JobStatus::Created) => {
            state.draft_observation = DraftObservation::Created;
            start(state, context).learning(DraftSupport::Supported)
        }
        Some(JobStatus::Processing | JobStatus::Completed) => {
            started_by_itself(state).learning(DraftSupport::Unsupported)
        }
        Some(JobStatus::Failed) => started_by_itself(state),
        _ if context.drafts == DraftSupport::Supported => {
            state.draft_observation = status.map_or(DraftObservation::Unknown, observed_as);
            start(state, context)
        }
        _ => {
            state.draft_observation = DraftObservation::Unjudged;
            transition(state, Effect::Poll)
        }
    }
}

fn started_by_itself(mut state: AttemptState) -> Step {
    state.draft_observation = DraftObservation::Started;
    state.failure = None;
    state.status = AttemptStatus::Running;
    transition(state, Effect::Poll)
}

fn from_draft(state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match observation {
        Observation::Polled(snapshot) => judge_draft(state, &snapshot, context),
        Observation::JobUnknown(failure)
            if state.start_count == 0
                && state.failure.is_none()
                && context.drafts == DraftSupport::Supported =>
        {
            recreate(state, failure)
        }
        Observation::JobUnknown(failure) => halt(state, failure),
        // Not backed off: after that wait, a start would follow without the required poll.
        Observation::CallFailed(failure) => transition(state, Effect::Suspend(failure)),
        // Includes `Resumed`: a draft may be old, and may have been started by someone else.
        // Includes `TimerFired`: the service may have executed a request that it answered with 429.
        _ => transition(state, Effect::Poll),
    }
}

/// Starts the draft that a poll still shows; the first draft of a key only after an observation
/// time.
fn judge_draft(mut state: AttemptState, snapshot: &JobSnapshot, context: &StepContext) -> Step {
    let unjudged =
        matches!(state.draft_observation, DraftObservation::Unknown | DraftObservation::Unjudged);
    if snapshot.has_started() {
        let by_itself = state.draft_observation == DraftObservation::Unjudged
            && context.drafts == DraftSupport::Unknown;
        let step = started_by_itself(state);
        return if by_itself { step.learning(DraftSupport::Unsupported) } else { step };
    }
    // A poll sent before the last create or start is not evidence of what that request did.
    if state.sent.is_some_and(|sent| snapshot.requested_at < sent) {
        return transition(state, Effect::Poll);
    }
    // Once a draft was seen under one status, any other means that it was started.
    if !shows_draft(state.draft_observation, &snapshot.status) {
        return started_by_itself(state);
    }
    if snapshot.status == JobStatus::Created {
        state.draft_observation = DraftObservation::Created;
        return start(state, context).learning(DraftSupport::Supported);
    }
    if !unjudged || context.drafts == DraftSupport::Supported {
        if unjudged {
            state.draft_observation = observed_as(&snapshot.status);
        }
        return start(state, context);
    }
    // A job that runs by itself gets time to show it; only a draft keeps its status.
    let until = state.sent.unwrap_or(context.now).after(draft_observation_time(context));
    if snapshot.requested_at < until {
        let next = context.now.after(context.poll_interval).min(until);
        return transition(state, Effect::Wait(next));
    }
    state.draft_observation = observed_as(&snapshot.status);
    let step = start(state, context);
    if context.drafts == DraftSupport::Unknown {
        step.learning(DraftSupport::Supported)
    } else {
        step
    }
}

/// Observation time of a draft that may run by itself. Where drafts were ignored before, a few
/// seconds do not rule that out.
fn draft_observation_time(context: &StepContext) -> Duration {
    if context.drafts == DraftSupport::Unsupported {
        context.settle
    } else {
        DRAFT_OBSERVATION_TIME.min(context.settle)
    }
}

/// The status under which a draft is seen.
fn observed_as(status: &JobStatus) -> DraftObservation {
    match status {
        JobStatus::Created => DraftObservation::Created,
        JobStatus::Pending => DraftObservation::Pending,
        JobStatus::Other(status) if status == JobStatus::UNKNOWN => DraftObservation::Unknown,
        JobStatus::Other(_) => DraftObservation::Other,
        JobStatus::Processing | JobStatus::Completed | JobStatus::Failed => {
            DraftObservation::Started
        }
    }
}

/// A job whose draft was seen under this status may still be that draft.
fn shows_draft(observation: DraftObservation, status: &JobStatus) -> bool {
    let unknown = matches!(observation, DraftObservation::Unknown | DraftObservation::Unjudged);
    match observed_as(status) {
        DraftObservation::Created | DraftObservation::Unknown => true,
        DraftObservation::Started => false,
        shown => unknown || shown == observation,
    }
}

/// Creates a new job after the service lost the draft, before any start of it could have been
/// executed. The draft is counted as an orphan, in case it still exists.
fn recreate(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Ready;
    state.job = None;
    state.draft_observation = DraftObservation::Unknown;
    state.start_count = 0;
    state.failure = None;
    state.orphan_count += 1;
    repeat_create(state, failure)
}

/// Commits a start. From here on the attempt may be billed.
fn start(mut state: AttemptState, context: &StepContext) -> Step {
    if context.goal == Goal::Draft {
        return transition(state, Effect::Done);
    }
    state.status = AttemptStatus::StartSent;
    state.start_count += 1;
    state.sent = Some(context.now);
    transition(state, Effect::Start)
}

fn from_start_sent(
    mut state: AttemptState,
    observation: Observation,
    context: &StepContext,
) -> Step {
    match observation {
        Observation::Started => running(state, context),
        Observation::StartStale => {
            state.status = AttemptStatus::Draft;
            state.start_count -= 1;
            transition(state, Effect::Poll)
        }
        Observation::StartFailed(failure) if failure.delivery == Execution::NotExecuted => {
            state.status = AttemptStatus::Draft;
            state.start_count -= 1;
            state.sent = Some(context.now);
            // Kept, since a service may have executed a start that it answered with 429.
            state.failure = Some(&failure).filter(|f| f.kind == FailureKind::RateLimited).cloned();
            back_off_or_suspend(state, failure)
        }
        Observation::StartFailed(failure) => {
            state.status = match failure.delivery {
                Execution::Refused => AttemptStatus::StartRefused,
                _ => AttemptStatus::StartDoubt,
            };
            state.failure = Some(failure);
            start_ambiguous(state, context)
        }
        _ => {
            state.status = AttemptStatus::StartDoubt;
            state.failure = Some(unanswered("start the job"));
            start_ambiguous(state, context)
        }
    }
}

/// The settle time counts from now: the bytes went out between the commit and this moment.
fn start_ambiguous(mut state: AttemptState, context: &StepContext) -> Step {
    state.sent = Some(context.now);
    transition(state, Effect::Poll)
}

fn from_start_doubt(state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match observation {
        Observation::Polled(snapshot) => decide_start(state, &snapshot, context),
        Observation::Usage { requested_at, charged, later_charged } => {
            decide_by_usage(state, requested_at, (charged, later_charged), context)
        }
        Observation::JobUnknown(failure) if was_refused_as_unknown(&state, context) => {
            recreate(state, failure)
        }
        Observation::JobUnknown(failure) => halt(state, failure),
        Observation::CallFailed(failure) => back_off_or_suspend(state, failure),
        _ => transition(state, Effect::Poll),
    }
}

/// The only start was answered with 404.
fn was_refused_as_unknown(state: &AttemptState, context: &StepContext) -> bool {
    let not_found = state.failure.as_ref().is_some_and(|f| f.kind == FailureKind::NotFound);
    state.status == AttemptStatus::StartRefused
        && not_found
        && state.start_count == 1
        && context.drafts == DraftSupport::Supported
}

/// Decides by a poll whether a start without a clear answer was executed.
fn decide_start(mut state: AttemptState, snapshot: &JobSnapshot, context: &StepContext) -> Step {
    if snapshot.has_started() {
        let ran_before = was_started_before(&state);
        let step = start_confirmed(state, snapshot, context);
        return if ran_before { step.learning(DraftSupport::Unsupported) } else { step };
    }
    // A poll from before the doubt (a repeated answer) is not evidence that nothing happened.
    if state.sent.is_some_and(|sent| snapshot.requested_at < sent) {
        return transition(state, Effect::Poll);
    }
    if !shows_draft(state.draft_observation, &snapshot.status) {
        return start_confirmed(state, snapshot, context);
    }
    let created = snapshot.status == JobStatus::Created;
    let settled_at = settle_deadline(&state, context);
    let refused = state.status == AttemptStatus::StartRefused;
    if context.bills_shown
        && snapshot.listed
        && !created
        && (refused || snapshot.requested_at >= settled_at)
    {
        return transition(state, Effect::Poll);
    }
    let not_started = created || context.bills_shown;
    let never_started = not_started && state.start_count == 1;
    if refused && (never_started || snapshot.requested_at >= settled_at) {
        if never_started {
            state.start_count = 0;
        }
        let refusal = state.failure.take().unwrap_or_else(|| unanswered("start the job"));
        return fail(state, refusal);
    }
    if snapshot.requested_at < settled_at {
        return transition(state, if created { Effect::Wait(settled_at) } else { Effect::Follow });
    }
    // Jobs run in the order of their starts: a start executed before those others would run by now.
    let overtaken = context
        .later_ran_within
        .is_some_and(|took| snapshot.requested_at >= settled_at.after(took));
    if not_started || overtaken {
        return start_again(state, context);
    }
    if snapshot.requested_at < settled_at.after(context.settle * DOUBT_SETTLES) {
        return transition(state, Effect::Follow);
    }
    transition(state, Effect::AskUsage)
}

/// The first start was rejected as a second one: the draft had run by itself.
fn was_started_before(state: &AttemptState) -> bool {
    let refused = state.status == AttemptStatus::StartRefused
        || state.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Conflict);
    refused
        && state.start_count == 1
        && matches!(state.draft_observation, DraftObservation::Pending | DraftObservation::Other)
}

/// Decides by the usage events, when polls are inconclusive. Events requested too early (a repeated
/// answer) are not evidence about this start.
fn decide_by_usage(
    mut state: AttemptState,
    requested_at: Instant,
    (charged, later_charged): (bool, bool),
    context: &StepContext,
) -> Step {
    if charged {
        state.failure = None;
        state.status = AttemptStatus::Running;
        return transition(state, Effect::Poll);
    }
    if requested_at < settle_deadline(&state, context).after(context.settle * DOUBT_SETTLES) {
        return transition(state, Effect::Poll);
    }
    if later_charged {
        return start_again(state, context);
    }
    require_review(
        state,
        "a start request got no clear response, so it is unknown whether the job is \
                   running"
            .to_owned(),
    )
}

/// Repeats the start: no earlier one was executed, and none is in flight.
fn start_again(state: AttemptState, context: &StepContext) -> Step {
    if state.start_count > START_REPEATS {
        let why = "no start request got a response, and the job is still a draft";
        return require_review(state, why.to_owned());
    }
    start(state, context)
}

fn start_confirmed(mut state: AttemptState, snapshot: &JobSnapshot, context: &StepContext) -> Step {
    state.failure = None;
    state.status = AttemptStatus::Running;
    observe_running(state, snapshot, context)
}

fn running(mut state: AttemptState, context: &StepContext) -> Step {
    state.failure = None;
    state.status = AttemptStatus::Running;
    follow(state, context)
}

fn follow(state: AttemptState, context: &StepContext) -> Step {
    let effect = if context.goal == Goal::Finish { Effect::Follow } else { Effect::Done };
    transition(state, effect)
}

fn from_running(state: AttemptState, observation: Observation, context: &StepContext) -> Step {
    match observation {
        Observation::Polled(snapshot) => observe_running(state, &snapshot, context),
        Observation::JobUnknown(failure) => halt(state, failure),
        Observation::CallFailed(failure) => back_off_or_suspend(state, failure),
        Observation::Resumed => transition(state, Effect::Poll),
        _ => follow(state, context),
    }
}

fn observe_running(mut state: AttemptState, snapshot: &JobSnapshot, context: &StepContext) -> Step {
    match snapshot.status {
        JobStatus::Completed if snapshot.has_output => {
            state.status = AttemptStatus::Completed;
            transition(state, Effect::Done)
        }
        JobStatus::Failed => {
            let mut failure = job_failure(snapshot.error.as_deref());
            failure.job.clone_from(&state.job);
            fail(state, failure)
        }
        // A started job is never a draft again: the reported success of the start was wrong.
        JobStatus::Created if snapshot.requested_at >= settle_deadline(&state, context) => {
            require_review(
                state,
                "the service confirmed the start, but the job is still a draft".to_owned(),
            )
        }
        _ => follow(state, context),
    }
}

/// Failure of a job that ended as `failed`.
pub(crate) fn job_failure(reason: Option<&str>) -> Failure {
    let why = reason.unwrap_or("the service gave no reason");
    Failure::new(FailureKind::JobFailed, "the job failed", why)
}

/// Time by which every request already sent has arrived or never will.
fn settle_deadline(state: &AttemptState, context: &StepContext) -> Instant {
    state.sent.unwrap_or(context.now).after(context.settle)
}

fn fail(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Failed;
    state.failure = Some(failure);
    transition(state, Effect::Done)
}

fn require_review(mut state: AttemptState, why: String) -> Step {
    let next = decision_hint(state.job.as_ref());
    let mut failure =
        Failure::new(FailureKind::NeedsReview, "cannot continue safely", why).with_next(next);
    failure.job.clone_from(&state.job);
    state.status = AttemptStatus::NeedsReview;
    state.failure = Some(failure);
    transition(state, Effect::Done)
}

/// The decision that the user has to make, with its commands, in one line.
fn decision_hint(job: Option<&JobId>) -> String {
    let Some(JobId(job)) = job else {
        return "if the vendor's dashboard shows no job for this input: rbgv resume --accept; if it \
                shows one: rbgv resume --abandon"
            .to_owned();
    };
    // The id is foreign text: only a plain one goes into a command that is to be copied.
    let plain = job.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && job.starts_with(|first: char| first.is_ascii_alphanumeric());
    let only = if plain { format!(" --job {job}") } else { String::new() };
    format!(
        "if the vendor's dashboard shows the job running or charged: rbgv resume --accept{only}; if \
         not: rbgv resume --abandon{only}"
    )
}

/// The job is not visible to this key: the key was rotated, or the job deleted. Never created anew.
fn halt(mut state: AttemptState, failure: Failure) -> Step {
    state.status = AttemptStatus::Halted;
    state.failure = Some(failure);
    transition(state, Effect::Done)
}

/// With a job, the user confirms that it runs; without one, that none was created.
fn accept(mut state: AttemptState) -> Step {
    state.failure = None;
    if state.job.is_some() {
        state.status = AttemptStatus::Running;
        return transition(state, Effect::Poll);
    }
    state.status = AttemptStatus::Ready;
    state.create_count = 0;
    transition(state, Effect::Done)
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
mod tests;
