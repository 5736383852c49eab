//! Webhooks as hints. A webhook decides nothing: it brings the next poll of its job forward. A job
//! that no run follows is polled once for it.

use std::sync::Arc;
use std::time::Duration;

use super::list_poll::ListPoller;
use crate::flow::context::Context;
use crate::flow::job::wait::polling_run;
use crate::ledger::{Attempt, AttemptStatus, Claim};
use crate::model::{Failure, JobId};

/// How often the ledger is read for deliveries. One read serves every job of a run.
const READ_INTERVAL: Duration = Duration::from_millis(250);

/// Reads what a listener of this machine has received for the followed jobs, until the run is
/// stopped.
pub(crate) async fn read_hints(context: Arc<Context>, list: Arc<ListPoller>) {
    let waiting = |state: &mut super::list_schedule::ListSchedule, _| match state.unannounced() {
        jobs if jobs.is_empty() => Err(None),
        jobs => Ok(jobs),
    };
    while let Ok(jobs) = context.unless_stopped(list.wait_for(&context, waiting)).await {
        let origin = context.key.origin.clone();
        let read = context.ledger(move |ledger, _| {
            let mut ended = Vec::new();
            for job in jobs {
                if ledger.has_final_delivery(&origin, &job)? {
                    ended.push(job);
                }
            }
            Ok((ledger.listener_address(&origin)?.is_some(), ended))
        });
        // A ledger that cannot be read says nothing here; the next commit says what is wrong.
        if let Ok((has_listener, ended)) = read.await {
            list.hint(has_listener, &ended);
        }
        if context.sleep(READ_INTERVAL).await.is_err() {
            return;
        }
    }
}

/// What followed from a webhook that says that a job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookResult {
    /// The ledger does not know the job.
    Unknown,
    /// It was made with another key, which is not at hand.
    OtherKey,
    /// A living process follows the job, and polls it by itself.
    Followed,
    /// It was settled before.
    Already,
    /// One poll has confirmed it, and the ledger says so.
    Settled,
    /// The job was never started from here, or one poll has shown something else.
    NotConfirmed,
}

impl WebhookResult {
    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_job",
            Self::OtherKey => "other_key",
            Self::Followed => "followed",
            Self::Already => "already_settled",
            Self::Settled => "settled",
            Self::NotConfirmed => "not_confirmed",
        }
    }
}

/// Settles the job of a webhook with one poll, if no process follows it.
///
/// # Errors
/// The ledger cannot be used, or the poll got no answer; then the job stays as it was.
pub async fn settle_by_webhook(
    context: &Arc<Context>,
    job: &JobId,
) -> Result<WebhookResult, Failure> {
    let asked = job.clone();
    let known = context.ledger(move |ledger, _| ledger.find_attempt_by_job(&asked)).await?;
    let Some(attempt) = known.filter(|attempt| attempt.work.key.origin == context.key.origin)
    else {
        return Ok(WebhookResult::Unknown);
    };
    if attempt.state.status.is_settled() {
        return Ok(WebhookResult::Already);
    }
    let context = context.of_key(&attempt.work.key.fingerprint);
    if attempt.work.key != context.key {
        return Ok(WebhookResult::OtherKey);
    }
    if !attempt.state.status.in_flight() {
        return Ok(WebhookResult::NotConfirmed);
    }
    let id = attempt.id;
    let claim = context.ledger(move |ledger, owner| ledger.claim(owner, id)).await?;
    let Claim::Acquired(attempt) = claim else { return Ok(WebhookResult::Followed) };
    let polled = poll_once(context, *attempt).await;
    polled.map(|phase| match phase {
        AttemptStatus::Completed | AttemptStatus::Failed => WebhookResult::Settled,
        _ => WebhookResult::NotConfirmed,
    })
}

/// Polls the job of a claimed attempt, writes what was seen, and gives the attempt back.
async fn poll_once(context: &Arc<Context>, attempt: Attempt) -> Result<AttemptStatus, Failure> {
    if !attempt.state.status.in_flight() {
        let phase = attempt.state.status;
        context.ledger(move |ledger, owner| ledger.release(owner, &attempt)).await?;
        return Ok(phase);
    }
    polling_run(context).glance(attempt).await
}
