//! A webhook that reports the end of a job that no process follows: one poll confirms it.

use std::sync::Arc;

use super::wait::polling_run;
use crate::flow::context::Context;
use crate::ledger::{Attempt, AttemptStatus, Claim};
use crate::model::{Failure, JobId};
use strum::IntoStaticStr;

/// Result of handling a job-finished webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum WebhookResult {
    /// The ledger does not have the job.
    #[strum(serialize = "unknown_job")]
    Unknown,
    /// The job was created with another key, which is not loaded.
    OtherKey,
    /// A living process follows the job, and polls it by itself.
    Followed,
    /// The attempt was settled before.
    #[strum(serialize = "already_settled")]
    Already,
    /// One poll has confirmed it, and the ledger is updated.
    Settled,
    /// The job was never started from here, or the poll has shown another state.
    NotConfirmed,
}

impl WebhookResult {
    /// Stable name for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Settles the job of a webhook with one poll, if no process follows it.
///
/// # Errors
///
/// The ledger cannot be used, or the poll got no answer; the attempt is then unchanged.
pub async fn settle_by_webhook(
    context: &Arc<Context>,
    job: &JobId,
) -> Result<WebhookResult, Failure> {
    let known = context.ledger.find_attempt_by_job(job).await?;
    let Some(attempt) = known.filter(|attempt| attempt.work.key.origin == context.key.origin)
    else {
        return Ok(WebhookResult::Unknown);
    };
    if attempt.state.status.is_settled() {
        return Ok(WebhookResult::Already);
    }
    let context = context.for_key(&attempt.work.key.fingerprint);
    if attempt.work.key != context.key {
        return Ok(WebhookResult::OtherKey);
    }
    if !attempt.state.status.in_flight() {
        return Ok(WebhookResult::NotConfirmed);
    }
    let claim = context.ledger.claim(attempt.id).await?;
    let Claim::Acquired(attempt) = claim else { return Ok(WebhookResult::Followed) };
    let polled = poll_once(context, *attempt).await;
    polled.map(|phase| match phase {
        AttemptStatus::Completed | AttemptStatus::Failed => WebhookResult::Settled,
        _ => WebhookResult::NotConfirmed,
    })
}

/// Polls the job of a claimed attempt, records the result, and releases the attempt.
async fn poll_once(context: &Arc<Context>, attempt: Attempt) -> Result<AttemptStatus, Failure> {
    if !attempt.state.status.in_flight() {
        context.ledger.release(&attempt).await?;
        return Ok(attempt.state.status);
    }
    polling_run(context).poll_attempt(attempt).await
}
