//! Recovery of a lost ledger. A ledger without any job of its service, with a key that has worked
//! before, may be a new one whose predecessor was lost, and the jobs of that one are paid for. Jobs
//! that carry the content key of their input are recognised; about others, the user is asked.

use std::collections::HashMap;
use std::time::Duration;

use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::flow::job_metadata::CONTENT_KEY;
use crate::flow::polling::job_list::{ListPages, has_passed, is_older, lists_no_jobs};
use crate::ledger::BatchId;
use crate::model::event::RemarkLevel;
use crate::model::{Failure, JobId, JobStatus, JobView, Timestamp};

/// Age up to which jobs are considered.
const DAY: Duration = Duration::from_hours(24);

/// Jobs of the key's last day that the ledger does not have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UnknownJobs {
    /// By content key.
    recognised: HashMap<String, JobId>,
    /// Jobs without a content key.
    pub unknown: usize,
}

impl UnknownJobs {
    /// Adds a page; returns whether older pages may have more.
    fn read(&mut self, jobs: Vec<JobView>, oldest: Timestamp) -> bool {
        let has_more = !has_passed(&jobs, oldest);
        for job in jobs {
            if is_older(&job, oldest) {
                continue;
            }
            // A draft is not billed, and a failed job has nothing to fetch.
            if matches!(job.status, JobStatus::Created | JobStatus::Failed) {
                continue;
            }
            match job.metadata(CONTENT_KEY) {
                Some(input) => {
                    self.recognised.entry(input.to_owned()).or_insert(job.id);
                }
                None => self.unknown += 1,
            }
        }
        has_more
    }
}

/// Jobs of the key's last day, if this ledger has never used this service.
pub async fn unknown_jobs_of_key(context: &Context) -> Result<UnknownJobs, Failure> {
    let mut earlier = UnknownJobs::default();
    if context.ledger.has_used_service(&context.key).await? {
        return Ok(earlier);
    }
    let oldest = context.clock.wall().before(DAY);
    let (mut pages, call) = (ListPages::default(), RequestOptions::plain());
    loop {
        let page = match context.unless_stopped(pages.next(context, &call)).await? {
            Err(failure) if lists_no_jobs(&failure) => {
                let why = "the service does not list jobs, so jobs that this key already paid \
                           for cannot be recognised";
                context.notice(RemarkLevel::Warning, why);
                break;
            }
            page => page?,
        };
        let Some(page) = page else { break };
        earlier.unknown += page.unreadable;
        if !earlier.read(page.jobs, oldest) {
            break;
        }
    }
    Ok(earlier)
}

/// Adds the recognised jobs to the plan of `batch`, and remembers that the user knows of the
/// others: the question is asked only once.
pub async fn adopt(
    context: &Context,
    batch: BatchId,
    earlier: UnknownJobs,
) -> Result<usize, Failure> {
    let recognised: Vec<_> = earlier.recognised.into_iter().collect();
    context.ledger.adopt_jobs(&context.key, batch, &recognised).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(id: &str, status: JobStatus, made: &str, input: Option<&str>) -> JobView {
        JobView {
            created_at: Some(made.into()),
            raw: input.map_or(json!({}), |input| json!({"metadata": {CONTENT_KEY: input}})),
            ..JobView::bare(id, status)
        }
    }

    #[test]
    fn jobs_of_the_last_day_are_recognised_or_counted() {
        let oldest = Timestamp::read("2026-01-01T00:00:00Z").unwrap();
        let (today, before) = ("2026-01-01T08:00:00Z", "2025-12-31T08:00:00Z");
        let mut earlier = UnknownJobs::default();
        assert!(earlier.read(
            vec![
                view("a", JobStatus::Completed, today, Some("item-1")),
                view("b", JobStatus::Processing, today, None),
                view("c", JobStatus::Created, today, None),
                view("d", JobStatus::Failed, today, Some("item-2")),
                view("e", JobStatus::Completed, before, None),
                view("f", JobStatus::Completed, "yesterday", None),
                view("g", JobStatus::Completed, today, Some("item-1")),
            ],
            oldest
        ));
        assert_eq!(earlier.unknown, 2, "one without a readable time is taken to be young");
        let job = |id: &str| JobId(id.into());
        assert_eq!(earlier.recognised, HashMap::from([("item-1".to_owned(), job("a"))]));
        assert!(!earlier.read(vec![view("h", JobStatus::Completed, before, None)], oldest));
    }
}
