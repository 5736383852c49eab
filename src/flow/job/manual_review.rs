//! Manual decisions on attempts that the protocol does not settle: jobs that need review, and jobs
//! that the service no longer knows.

use crate::flow::context::Context;
use crate::flow::state_machine::{Goal, Observation, StepContext, step};
use crate::ledger::{AttemptId, AttemptStatus, BatchId, Claim, DraftSupport, StepAction};
use crate::model::{Failure, JobId};

/// Accepts or abandons the attempts of a batch that need review, or only those of `only`, and
/// returns their number.
pub async fn settle_by_hand(
    context: &Context,
    batch: BatchId,
    accept: bool,
    only: &[JobId],
) -> Result<usize, Failure> {
    let mut settled = 0;
    for id in context.ledger.attempts_awaiting_review(batch).await? {
        if settle(context, id, accept, only).await? {
            settled += 1;
        }
    }
    Ok(settled)
}

async fn settle(
    context: &Context,
    id: AttemptId,
    accept: bool,
    only: &[JobId],
) -> Result<bool, Failure> {
    let Claim::Acquired(mut attempt) = context.ledger.claim(id).await? else {
        return Ok(false);
    };
    let chosen =
        only.is_empty() || attempt.state.job.as_ref().is_some_and(|job| only.contains(job));
    let decidable = attempt.state.status == AttemptStatus::NeedsReview || !accept;
    let mut settled = false;
    if chosen && decidable {
        let facts = StepContext {
            now: context.clock.now(),
            settle: context.timing.settle,
            poll_interval: context.timing.poll.first,
            drafts: DraftSupport::Unknown,
            bills_shown: false,
            later_ran_within: None,
            goal: Goal::Finish,
        };
        let decision = if accept { Observation::Accepted } else { Observation::Abandoned };
        attempt.state = step(attempt.state.clone(), decision, &facts).state;
        settled = true;
        let note = if accept { StepAction::Accepted } else { StepAction::Abandoned };
        context.ledger.commit(&attempt, &note.into(), None).await?;
    }
    context.ledger.release(&attempt).await?;
    Ok(settled)
}
