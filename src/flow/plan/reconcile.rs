//! A shared ledger after a fail-over: the standby may lack the last commits of the server that it
//! replaced, and with them starts that were sent. Before anything is created or started with a key, its
//! jobs at the service are compared with the ledger once. What was sent before must have arrived by then:
//! a start that the ledger lost, and that arrives after the comparison, would be sent a second time.

use std::time::Duration;

use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::flow::job_metadata::{CONTENT_KEY, CORRELATION_ID};
use crate::flow::polling::job_list::{ListPages, has_passed};
use crate::flow::state_machine::MAX_START_AGE;
use crate::ledger::{JobProgress, ListedJob};
use crate::model::event::RemarkLevel;
use crate::model::{Failure, FailureKind, JobStatus, JobView, Timestamp};

/// Jobs are read at least back to this age: attempts whose rows were lost may be as old.
const DAY: Duration = Duration::from_hours(24);

/// Brings the attempts of the key in line with the service, if that was not done with the ledger's
/// present server. The first use of a key may be what a fail-over lost.
///
/// # Errors
///
/// The jobs cannot be listed: nothing may be created or started.
pub(crate) async fn reconcile_after_failover(context: &Context) -> Result<(), Failure> {
    let (ledger, key) = (&context.ledger, &context.key);
    let Some(due) = ledger.due_reconciliation(key).await? else { return Ok(()) };
    if due.is_after_failover {
        let wait = context.timing.settle + MAX_START_AGE;
        let text = format!(
            "the server of the ledger was replaced; comparing the key's jobs with the ledger in {} s, when all \
             earlier requests have arrived",
            wait.as_secs()
        );
        context.notice(RemarkLevel::Info, &text);
        context.unless_stopped(tokio::time::sleep(wait)).await?;
    }
    let day = context.clock.wall().before(DAY);
    let oldest = ledger.oldest_open_attempt(key).await?.map_or(day, |made| made.min(day));
    let jobs = match listed_jobs(context, oldest).await {
        Err(failure) if failure.kind == FailureKind::NotFound && due.is_after_failover => {
            let why =
                "the service does not list jobs, so starts that the ledger lost cannot be found";
            return Err(Failure::new(FailureKind::Local, "the job ledger", why)
                .with_next("rbgv status --wait, then rbgv resume"));
        }
        // A new ledger has said that jobs cannot be recognised.
        Err(failure) if failure.kind == FailureKind::NotFound => Vec::new(),
        jobs => jobs?,
    };
    let changed = ledger.reconcile(key, &due.server, &jobs).await?;
    if changed > 0 {
        let text = format!("{changed} attempts were behind the service and are followed again");
        context.notice(RemarkLevel::Warning, &text);
    }
    Ok(())
}

async fn listed_jobs(context: &Context, oldest: Timestamp) -> Result<Vec<ListedJob>, Failure> {
    let (mut pages, call) = (ListPages::default(), RequestOptions::plain());
    let mut jobs = Vec::new();
    while let Some(page) = context.unless_stopped(pages.next(context, &call)).await?? {
        let is_past = has_passed(&page.jobs, oldest);
        jobs.extend(page.jobs.into_iter().map(listed_job));
        if is_past {
            break;
        }
    }
    Ok(jobs)
}

fn listed_job(job: JobView) -> ListedJob {
    ListedJob {
        correlation_id: job.metadata(CORRELATION_ID).map(ToOwned::to_owned),
        content_key: job.metadata(CONTENT_KEY).map(ToOwned::to_owned),
        progress: progress_of(&job.status),
        job: job.id,
    }
}

/// How far a job of this status certainly is.
#[must_use]
pub fn progress_of(status: &JobStatus) -> JobProgress {
    match status {
        JobStatus::Created => JobProgress::Draft,
        JobStatus::Processing | JobStatus::Completed | JobStatus::Failed => JobProgress::Started,
        // Some services show drafts like this, too.
        JobStatus::Pending | JobStatus::Other(_) => JobProgress::PerhapsStarted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::JobId;

    #[test]
    fn only_a_created_job_is_certainly_a_draft() {
        let listed = |status: JobStatus| {
            let raw = json!({"metadata": {CORRELATION_ID: "c-1", CONTENT_KEY: "k-1"}});
            listed_job(JobView { raw, ..JobView::bare("j-1", status) })
        };
        let draft = listed(JobStatus::Created);
        assert_eq!((draft.job, draft.progress), (JobId("j-1".into()), JobProgress::Draft));
        assert_eq!(draft.correlation_id.as_deref(), Some("c-1"));
        assert_eq!(draft.content_key.as_deref(), Some("k-1"));
        for (status, progress) in [
            (JobStatus::Processing, JobProgress::Started),
            (JobStatus::Failed, JobProgress::Started),
            (JobStatus::Pending, JobProgress::PerhapsStarted),
            (JobStatus::Other("queued".into()), JobProgress::PerhapsStarted),
        ] {
            assert_eq!(listed(status).progress, progress);
        }
    }
}
