//! Search of the key's jobs for the one of a create whose answer was lost.
//!
//! The result is "ours" only for a job that carries our correlation id, and "nothing" only when
//! every recent job is known to belong to another attempt of ours. Everything else is unclear, and
//! the user decides: a wrong "nothing" could create, and bill, a second job.

use std::time::Duration;

use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::flow::job_metadata::CORRELATION_ID;
use crate::flow::polling::ListPoller;
use crate::flow::polling::job_list::{ListPages, has_passed, is_older};
use crate::flow::state_machine::SearchResult;
use crate::model::{Failure, JobView, Timestamp};

/// Maximum clock difference to the service at which a new job is not taken for an old one.
const MAX_CLOCK_SKEW: Duration = Duration::from_hours(1);

/// Evidence of one page about the lost create.
enum PageMatch {
    Unclear(String),
    /// Not found; older pages may have it.
    Continue,
    /// Not found, and all older jobs are too old.
    TooOld,
}

/// Searches for the job that carries `correlation` and whose create was sent at `sent`: a
/// wall-clock time, since the search may happen hours and reboots later.
pub(crate) async fn search(
    context: &Context,
    list_poll: &ListPoller,
    correlation: &str,
    sent: Timestamp,
    call: &RequestOptions<'_>,
) -> Result<SearchResult, Failure> {
    let oldest = sent.before(MAX_CLOCK_SKEW);
    let mut pages = ListPages::default();
    loop {
        let requested_at = context.clock.now();
        let Some(page) = pages.next(context, call).await? else { break };
        if page.unreadable > 0 {
            return Ok(SearchResult::Unclear(
                "the list of jobs contains unreadable entries".into(),
            ));
        }
        page.jobs.iter().for_each(|job| list_poll.remember_end(requested_at, job));
        if let Some(ours) = ours(&page.jobs, correlation) {
            return Ok(SearchResult::Ours(ours.id.clone(), ours.status.clone()));
        }
        match read(context, &page.jobs, oldest).await? {
            PageMatch::Unclear(why) => return Ok(SearchResult::Unclear(why)),
            PageMatch::TooOld => return Ok(SearchResult::Nothing),
            PageMatch::Continue => {}
        }
    }
    if pages.have_ended() {
        return Ok(SearchResult::Nothing);
    }
    Ok(SearchResult::Unclear("the list of jobs is too long".into()))
}

fn ours<'a>(jobs: &'a [JobView], correlation: &str) -> Option<&'a JobView> {
    jobs.iter().find(|job| job.metadata(CORRELATION_ID) == Some(correlation))
}

async fn read(
    context: &Context,
    jobs: &[JobView],
    oldest: Timestamp,
) -> Result<PageMatch, Failure> {
    for job in jobs {
        if is_older(job, oldest) {
            continue;
        }
        if !context.ledger.knows_job(&job.id, job.metadata(CORRELATION_ID)).await? {
            return Ok(PageMatch::Unclear(format!(
                "a create request got no response, and job {} of unknown origin may be its result",
                job.id
            )));
        }
    }
    Ok(if has_passed(jobs, oldest) { PageMatch::TooOld } else { PageMatch::Continue })
}
