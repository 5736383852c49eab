//! One poll of a job, with the key that created it.

use std::sync::Arc;

use crate::client::RequestOptions;
use crate::flow::context::{Context, interrupted, key_not_at_hand};
use crate::model::{Failure, FailureKind, JobId, JobView};

/// Polls a job once, with the key that created it.
pub async fn poll_job(context: &Arc<Context>, job: &JobId) -> Result<JobView, Failure> {
    find_job(context, job).await.map(|(_, view)| view)
}

/// Polls a job once: with the key that created it, where the ledger knows; otherwise with each key
/// until one sees it. Returns the context of that key too.
pub(crate) async fn find_job<'a>(
    context: &'a Arc<Context>,
    job: &JobId,
) -> Result<(&'a Arc<Context>, JobView), Failure> {
    let first = key_context(context, job).await?;
    let others = context.all().filter(|other| !Arc::ptr_eq(other, first));
    let mut failure = None;
    for context in std::iter::once(first).chain(others) {
        let call = RequestOptions { job: Some(job.clone()), ..RequestOptions::plain() };
        match context.unless_stopped(context.service.get(job, call)).await? {
            Ok(view) => return Ok((context, view)),
            Err(unseen) if unseen.kind == FailureKind::NotFound => {
                failure.get_or_insert(unseen);
            }
            Err(other) => return Err(other),
        }
    }
    Err(failure.unwrap_or_else(interrupted))
}

/// The context of the key that created a job, where the ledger knows. No other key is tried: the
/// service would report an existing job as unknown.
pub(crate) async fn key_context<'a>(
    context: &'a Arc<Context>,
    job: &JobId,
) -> Result<&'a Arc<Context>, Failure> {
    let known = context.ledger.find_attempt_by_job(job).await?;
    let Some(attempt) = known.filter(|attempt| attempt.work.key.origin == context.key.origin)
    else {
        return Ok(context);
    };
    let key_context = context.for_key(&attempt.work.key.fingerprint);
    if key_context.key == attempt.work.key {
        return Ok(key_context);
    }
    Err(key_not_at_hand(&attempt, "polling the job", "made"))
}
