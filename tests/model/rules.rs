//! Broken variants of the rules, each with one mistake that is easy to make. A search that does
//! not find them proves nothing.

use rbgv::flow::state_machine::{Effect, Observation, SearchResult, Step, StepContext, step};
use rbgv::ledger::{
    AttemptState, AttemptStatus, DraftObservation, DraftSupport, JobProgress, reconciled_state,
    restored_state,
};
use rbgv::model::{Execution, Instant, JobId, JobStatus};

use crate::row_key::{FRESH, SETTLE, ticks};
use crate::world::{InHand, Request};

/// How a row is corrected by the jobs that the service lists.
pub(crate) type Compare =
    fn(&AttemptState, &[(JobId, JobProgress)], Instant) -> Option<AttemptState>;

/// Nothing is compared after a fail-over.
pub(crate) fn compares_nothing(
    _row: &AttemptState,
    _listed: &[(JobId, JobProgress)],
    _now: Instant,
) -> Option<AttemptState> {
    None
}

/// Compares, and follows the first of several jobs that may have been started.
pub(crate) fn follows_the_first_job(
    row: &AttemptState,
    listed: &[(JobId, JobProgress)],
    now: Instant,
) -> Option<AttemptState> {
    reconciled_state(row, &listed[..listed.len().min(1)], now)
}

/// How a row that was lost is restored from its jobs, if its input has not been planned again by then.
pub(crate) type Restore = fn(&[(JobId, JobProgress)], Instant) -> Option<AttemptState>;

/// Jobs without a row are left alone.
pub(crate) fn restores_nothing(
    _listed: &[(JobId, JobProgress)],
    _now: Instant,
) -> Option<AttemptState> {
    None
}

/// Restores only what certainly runs.
pub(crate) fn restores_running_jobs_only(
    listed: &[(JobId, JobProgress)],
    now: Instant,
) -> Option<AttemptState> {
    restored_state(listed, now).filter(|state| state.status == AttemptStatus::Running)
}

/// What keeps a process whose attempt was adopted from sending what it has in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fence {
    /// Before the first byte it reads whether the attempt is still its own; a start is also too old by then.
    Epoch,
    /// Mistake: only the age of a start.
    Age,
    /// Outside the assumptions: it was suspended between that check and the first byte.
    Passed,
}

impl Fence {
    /// Whether the request leaves all the same.
    pub(crate) fn lets_through(self, in_hand: InHand) -> bool {
        let is_create = in_hand.request == Request::Create;
        let oldest = if is_create { 0 } else { FRESH };
        match self {
            Self::Epoch => in_hand.is_checked && in_hand.age <= oldest,
            Self::Age => is_create || in_hand.age <= oldest,
            Self::Passed => true,
        }
    }
}

fn start_again(mut row: AttemptState, facts: &StepContext) -> Step {
    row.status = AttemptStatus::StartSent;
    row.start_count += 1;
    row.sent = Some(facts.now);
    Step { state: row, effect: Effect::Start, learned: None }
}

/// A start without an answer is sent again at once.
pub(crate) fn retries_blindly(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    match &observation {
        Observation::StartFailed(failure)
            if row.status == AttemptStatus::StartSent
                && failure.delivery == Execution::Ambiguous =>
        {
            start_again(row, facts)
        }
        _ => step(row, observation, facts),
    }
}

/// Looks, and starts again if the job is still a draft, without letting the first start drain.
pub(crate) fn polls_but_does_not_settle(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    step(row, observation, &StepContext { settle: ticks(0), ..*facts })
}

/// Settles, but counts from the commit: the bytes went out later than that.
pub(crate) fn settles_from_the_commit(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let (before, committed) = (row.status, row.sent);
    let mut next = step(row, observation, facts);
    if before == AttemptStatus::StartSent && next.state.status == AttemptStatus::StartDoubt {
        next.state.sent = committed;
    }
    next
}

/// Settles, but decides by an answer that was asked for before.
pub(crate) fn decides_by_an_old_poll(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::Polled(mut snapshot) if row.status == AttemptStatus::StartDoubt => {
            snapshot.requested_at = facts.now;
            Observation::Polled(snapshot)
        }
        other => other,
    };
    step(row, observation, facts)
}

/// Records a start after it was sent: a crash in between leaves a draft in the ledger.
pub(crate) fn records_after_acting(
    mut row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    if row.status == AttemptStatus::StartSent && observation == Observation::Resumed {
        row.status = AttemptStatus::Draft;
        row.start_count -= 1;
    }
    step(row, observation, facts)
}

/// Takes silence for a refusal.
pub(crate) fn takes_silence_for_no(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::StartFailed(mut failure) if failure.delivery == Execution::Ambiguous => {
            failure.delivery = Execution::Refused;
            Observation::StartFailed(failure)
        }
        other => other,
    };
    step(row, observation, facts)
}

/// Decides a refusal by a poll from before it.
pub(crate) fn judges_a_refusal_too_early(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::Polled(mut snapshot) if row.status == AttemptStatus::StartRefused => {
            snapshot.requested_at = snapshot.requested_at.max(row.sent.unwrap_or(facts.now));
            Observation::Polled(snapshot)
        }
        other => other,
    };
    step(row, observation, facts)
}

/// Starts a failed job again.
pub(crate) fn restarts_a_failed_job(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    match &observation {
        Observation::Polled(snapshot)
            if row.status == AttemptStatus::Running && snapshot.status == JobStatus::Failed =>
        {
            start_again(row, facts)
        }
        _ => step(row, observation, facts),
    }
}

/// Sends a start again when a refusal (429) was waited out, without a poll.
pub(crate) fn starts_again_unseen(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    if row.status == AttemptStatus::Draft && observation == Observation::TimerFired {
        return start_again(row, facts);
    }
    step(row, observation, facts)
}

/// Makes a job anew that the service does not know, although it may have been started.
pub(crate) fn remakes_what_may_have_run(
    mut row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    match observation {
        Observation::JobUnknown(failure) if row.status == AttemptStatus::StartDoubt => {
            row.status = AttemptStatus::Ready;
            row.job = None;
            row.draft_observation = DraftObservation::Unknown;
            row.orphan_count += 1;
            Step { state: row, effect: Effect::BackOff(failure), learned: None }
        }
        observation => step(row, observation, facts),
    }
}

/// Believes that a start did not land as soon as jobs that were started later run.
pub(crate) fn does_not_wait_for_the_overtaken(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    match &observation {
        Observation::Polled(snapshot)
            if row.status == AttemptStatus::StartDoubt
                && snapshot.status == JobStatus::Pending
                && facts.later_ran_within.is_some() =>
        {
            start_again(row, facts)
        }
        _ => step(row, observation, facts),
    }
}

/// Takes `pending` after a start in doubt for a draft.
pub(crate) fn takes_pending_for_a_draft(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::Polled(mut snapshot)
            if row.status == AttemptStatus::StartDoubt
                && row.draft_observation == DraftObservation::Pending
                && snapshot.status == JobStatus::Pending =>
        {
            snapshot.status = JobStatus::Created;
            Observation::Polled(snapshot)
        }
        other => other,
    };
    step(row, observation, facts)
}

/// Starts a key's first draft that came back as `pending` before it had time to show that it runs.
pub(crate) fn starts_pending_at_once(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    match &observation {
        Observation::Polled(snapshot)
            if row.status == AttemptStatus::Draft
                && !snapshot.billed
                && snapshot.status == JobStatus::Pending =>
        {
            start_again(row, facts)
        }
        _ => step(row, observation, facts),
    }
}

/// Repeats a create before it is known that drafts cost nothing.
pub(crate) fn trusts_drafts_unseen(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    step(row, observation, &StepContext { drafts: DraftSupport::Supported, ..*facts })
}

/// Believes a search that began before the create had drained.
pub(crate) fn searches_too_early(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::Searched { found: SearchResult::Nothing, .. } => {
            let requested_at = facts.now.after(ticks(SETTLE));
            Observation::Searched { requested_at, found: SearchResult::Nothing }
        }
        other => other,
    };
    step(row, observation, facts)
}

/// Restarts settling at every poll.
pub(crate) fn never_stops_settling(
    mut row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    if row.status == AttemptStatus::StartDoubt {
        row.sent = Some(facts.now);
    }
    step(row, observation, facts)
}

/// Goes on although the driver gave up.
pub(crate) fn does_not_hear_that_it_is_over(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let observation = match observation {
        Observation::CallFailed(_) => Observation::TimerFired,
        other => other,
    };
    step(row, observation, facts)
}

/// Forgets drafts that may have been left behind.
pub(crate) fn counts_no_orphans(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let mut next = step(row, observation, facts);
    next.state.orphan_count = 0;
    next
}

/// Takes a job that runs for one that is done.
pub(crate) fn celebrates_too_early(
    row: AttemptState,
    observation: Observation,
    facts: &StepContext,
) -> Step {
    let mut next = step(row, observation, facts);
    if next.state.status == AttemptStatus::Running {
        next.state.status = AttemptStatus::Completed;
        next.effect = Effect::Done;
    }
    next
}
