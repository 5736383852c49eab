//! A shared ledger after a fail-over: the standby may lack the last commits of the server that it
//! replaced, and with them starts that were sent. Before anything is created or started with a key, its
//! jobs at the service are compared with the ledger once. What was sent before must have arrived by then:
//! a start that the ledger lost, and that arrives after the comparison, would be sent a second time.

use std::sync::Arc;
use std::time::Duration;

use super::existing_jobs::work_of_job;
use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::flow::job_metadata::{CONTENT_KEY, CORRELATION_ID, id_of};
use crate::flow::polling::job_list::{ListPages, has_passed, is_older, lists_no_jobs};
use crate::flow::state_machine::{MAX_START_AGE, job_failure};
use crate::ledger::{
    ApiKeyId, BatchId, JobProgress, JobRecord, ListedJob, ListedJobEnd, Reconciled,
};
use crate::model::event::RemarkLevel;
use crate::model::{Failure, FailureKind, JobStatus, JobView, Timestamp};

/// Jobs are read at least back to this age: attempts whose rows were lost may be as old.
const DAY: Duration = Duration::from_hours(24);

/// Brings the attempts of the key in line with the service, if that was not done with the ledger's
/// present server. The first use of a key may be what a fail-over lost.
///
/// # Errors
///
/// The jobs cannot be listed: nothing may be created or started for `batch`. A service that does not list
/// jobs never says which starts the ledger lost, so the user has to accept that.
pub(crate) async fn reconcile_after_failover(
    context: &Context,
    batch: BatchId,
) -> Result<(), Failure> {
    reconcile(context, batch, false).await
}

/// Compares as every run does, but continues without a list where the service has none: the
/// user accepts that starts that the ledger lost are paid for again.
///
/// # Errors
///
/// The service does not answer, or rejects the key.
pub async fn accept_lost_starts(context: &Arc<Context>, batch: BatchId) -> Result<(), Failure> {
    for context in context.all() {
        reconcile(context, batch, true).await?;
    }
    Ok(())
}

async fn reconcile(
    context: &Context,
    batch: BatchId,
    accepts_lost_starts: bool,
) -> Result<(), Failure> {
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
    let list = match listed_jobs(context, oldest).await {
        Err(failure)
            if lists_no_jobs(&failure)
                || due.is_after_failover && failure.kind == FailureKind::Contract =>
        {
            if due.is_after_failover {
                if !accepts_lost_starts {
                    return Err(unknown_starts(&failure, batch));
                }
                let text = "the service does not list jobs; if the ledger lost starts, their inputs are paid for \
                            again; to find out afterwards: rbgv usage --reconcile";
                context.notice(RemarkLevel::Warning, text);
            }
            // A new ledger has said that jobs cannot be recognised.
            JobList::default()
        }
        list => list?,
    };
    if due.is_after_failover
        && let Some(gap) = list.gap()
    {
        let text = format!(
            "{gap}: a start that the ledger lost may not have been found, and its input may be paid for again; to \
             find out afterwards: rbgv usage --reconcile"
        );
        context.notice(RemarkLevel::Warning, &text);
    }
    let Reconciled { behind, restored } = ledger.reconcile(key, &due.server, &list.jobs).await?;
    if behind > 0 {
        let text = format!("{behind} attempts were behind the service and are followed again");
        context.notice(RemarkLevel::Warning, &text);
    }
    if restored > 0 {
        let text = format!(
            "{restored} jobs of rbgv at the service were not in the ledger and are now: their inputs are not paid \
             for again"
        );
        context.notice(RemarkLevel::Warning, &text);
    }
    Ok(())
}

/// Failure of a run after a fail-over, with a service that lists no jobs.
fn unknown_starts(failure: &Failure, batch: BatchId) -> Failure {
    let why = format!(
        "its server was replaced, and the service does not list jobs ({}): starts of the last moments before that \
         may be lost, and their inputs would be paid for a second time. rbgv usage --reconcile shows charges for \
         jobs that the ledger does not know; to accept the rest, use the next command once",
        failure.status.map_or_else(|| failure.why.clone(), |status| format!("HTTP {status}"))
    );
    Failure::new(FailureKind::Local, "the job ledger", why)
        .with_next(format!("rbgv resume {} --accept-lost-starts", batch.0))
}

/// The jobs that the service lists.
#[derive(Default)]
struct JobList {
    jobs: Vec<ListedJob>,
    /// Entries that cannot be read.
    unreadable: usize,
    /// More jobs than were read.
    has_more: bool,
}

impl JobList {
    /// Why jobs may be missing.
    fn gap(&self) -> Option<String> {
        match self {
            Self { unreadable: 1.., .. } => {
                Some(format!("{} entries of the list of jobs cannot be read", self.unreadable))
            }
            Self { has_more: true, .. } => {
                Some(format!("only {} jobs of the list were read", self.jobs.len()))
            }
            _ => None,
        }
    }
}

async fn listed_jobs(context: &Context, oldest: Timestamp) -> Result<JobList, Failure> {
    let (mut pages, call) = (ListPages::of_all_jobs(), RequestOptions::plain());
    let mut list = JobList::default();
    let (key, profile) = (&context.key, &context.profile);
    while let Some(page) = context.unless_stopped(pages.next(context, &call)).await?? {
        let is_past = has_passed(&page.jobs, oldest) && page.unreadable == 0;
        list.unreadable += page.unreadable;
        list.jobs.extend(page.jobs.into_iter().map(|job| listed_job(key, profile, job, oldest)));
        if is_past {
            return Ok(list);
        }
    }
    list.has_more = !pages.have_ended();
    Ok(list)
}

fn listed_job(key: &ApiKeyId, profile: &str, job: JobView, oldest: Timestamp) -> ListedJob {
    let (correlation_id, content_key) = (id_of(&job, CORRELATION_ID), id_of(&job, CONTENT_KEY));
    let record = content_key.clone().filter(|_| !is_older(&job, oldest)).map(|content_key| {
        let end = match job.status {
            JobStatus::Completed if job.output_url.is_some() => Some(ListedJobEnd::Completed),
            JobStatus::Failed => {
                Some(ListedJobEnd::Failed(job_failure(job.error.as_deref()).with_job(&job.id)))
            }
            _ => None,
        };
        JobRecord {
            work: work_of_job(key, profile, &job, content_key),
            created_at: job.created_at.as_deref().and_then(Timestamp::read),
            end,
        }
    });
    let progress = progress_of(&job.status);
    ListedJob { job: job.id, correlation_id, content_key, progress, record }
}

/// How far a job of this status certainly is.
pub fn progress_of(status: &JobStatus) -> JobProgress {
    match status {
        JobStatus::Created => JobProgress::Draft,
        JobStatus::Processing | JobStatus::Completed | JobStatus::Failed => JobProgress::Started,
        // Some services show drafts like this, too.
        JobStatus::Pending | JobStatus::Other(_) => JobProgress::PerhapsStarted,
    }
}

/// Reads what the jobs of a page say about lost attempts.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_jobs(page: crate::client::JobPage) {
    let key = ApiKeyId {
        origin: "https://api.example".to_owned(),
        fingerprint: crate::model::Fingerprint("f".to_owned()),
    };
    let _ = has_passed(&page.jobs, Timestamp(0));
    for job in page.jobs {
        let job = listed_job(&key, "default", job, Timestamp(0));
        let ids = [job.correlation_id, job.content_key];
        assert!(
            ids.iter().flatten().all(|id| crate::flow::job_metadata::is_hex_id(id)),
            "foreign ids are checked"
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::InputSource;
    use crate::model::{Fingerprint, JobId};

    const CORRELATION: &str = "00112233445566778899aabbccddeeff";
    const CONTENT: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn view(status: JobStatus, correlation_id: &str, content_key: &str) -> JobView {
        let raw = json!({"metadata": {CORRELATION_ID: correlation_id, CONTENT_KEY: content_key}});
        let created_at = Some("2026-01-01T08:00:00Z".to_owned());
        JobView { created_at, raw, ..JobView::bare("j-1", status) }
    }

    fn listed(view: JobView, oldest: &str) -> ListedJob {
        let key = ApiKeyId {
            origin: "https://api.example".into(),
            fingerprint: Fingerprint("abc".into()),
        };
        listed_job(&key, "dev", view, Timestamp::read(oldest).unwrap())
    }

    const TODAY: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn only_a_created_job_is_certainly_a_draft() {
        let draft = listed(view(JobStatus::Created, CORRELATION, CONTENT), TODAY);
        assert_eq!((draft.job, draft.progress), (JobId("j-1".into()), JobProgress::Draft));
        assert_eq!(draft.correlation_id.as_deref(), Some(CORRELATION));
        assert_eq!(draft.content_key.as_deref(), Some(CONTENT));
        for (status, progress) in [
            (JobStatus::Processing, JobProgress::Started),
            (JobStatus::Failed, JobProgress::Started),
            (JobStatus::Pending, JobProgress::PerhapsStarted),
            (JobStatus::Other("queued".into()), JobProgress::PerhapsStarted),
        ] {
            assert_eq!(listed(view(status, CORRELATION, CONTENT), TODAY).progress, progress);
        }
    }

    #[test]
    fn an_attempt_can_be_restored_from_a_young_job_with_our_metadata() {
        let failed = JobView {
            error: Some("no subject".into()),
            ..view(JobStatus::Failed, CORRELATION, CONTENT)
        };
        let record = listed(failed, TODAY).record.unwrap();
        assert_eq!(record.work.content_key, CONTENT);
        assert_eq!(record.work.source, InputSource::Url("job:j-1".into()));
        assert_eq!(record.created_at, Timestamp::read("2026-01-01T08:00:00Z"));
        assert!(matches!(record.end, Some(ListedJobEnd::Failed(why)) if why.why == "no subject"));
        let without_link = listed(view(JobStatus::Completed, CORRELATION, CONTENT), TODAY);
        assert!(without_link.record.unwrap().end.is_none(), "a poll decides");
        let old = listed(view(JobStatus::Processing, CORRELATION, CONTENT), "2026-01-02T00:00:00Z");
        assert!(old.record.is_none() && old.correlation_id.is_some());
        for foreign in ["", "something else of this length here", "\u{1b}[2J"] {
            let job = listed(view(JobStatus::Processing, foreign, foreign), TODAY);
            assert!(job.record.is_none() && job.correlation_id.is_none());
        }
    }
}
