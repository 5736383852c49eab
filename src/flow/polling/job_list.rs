//! The list of the key's jobs, read page by page, when every recent job has to be seen.

use crate::client::{JobPage, ListQuery, RequestOptions};
use crate::flow::context::Context;
use crate::model::{Failure, FailureKind, JobView, Timestamp};

/// Jobs requested per page. A page may hold fewer: the service may not accept pages of this size.
pub(crate) const PAGE: u32 = 100;

/// Maximum jobs read when one is searched for.
const JOBS_MAX: u64 = 5_000;

/// Maximum jobs read when none may be missed.
const ALL_JOBS_MAX: u64 = 100_000;

/// A service may return fewer jobs per page than requested, down to a quarter.
const PAGE_MIN: u64 = 25;

/// Position in the list.
#[derive(Debug)]
pub(crate) struct ListPages {
    most: u64,
    offset: u64,
    read: u64,
    ended: bool,
}

impl Default for ListPages {
    fn default() -> Self {
        Self { most: JOBS_MAX, offset: 0, read: 0, ended: false }
    }
}

impl ListPages {
    /// The list of a key that has many jobs.
    pub(crate) fn of_all_jobs() -> Self {
        Self { most: ALL_JOBS_MAX, ..Self::default() }
    }

    /// The next page; `None` at the end of the list or after as many jobs as are
    /// read at most. An empty page is the only
    /// end that every kind of list has.
    pub(crate) async fn next(
        &mut self,
        context: &Context,
        call: &RequestOptions<'_>,
    ) -> Result<Option<JobPage>, Failure> {
        if self.ended || self.offset >= self.most || self.read >= self.most / PAGE_MIN {
            return Ok(None);
        }
        let query = ListQuery { limit: PAGE, offset: self.offset, status: None };
        let page = context.service.list(query, call.clone()).await?;
        self.read += 1;
        self.offset += (page.jobs.len() + page.unreadable) as u64;
        self.ended = page.jobs.is_empty() && page.unreadable == 0;
        Ok((!self.ended).then_some(page))
    }

    /// The list was read to its end.
    pub(crate) fn have_ended(&self) -> bool {
        self.ended
    }
}

/// The service has no list of jobs, by the failure of a request for a page (404, 405).
pub(crate) fn lists_no_jobs(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::NotFound | FailureKind::InvalidRequest)
}

/// After a page with `jobs`, no page can show one that was created after `oldest`: this one shows none, and the
/// list does not begin with the oldest jobs.
pub(crate) fn has_passed(jobs: &[JobView], oldest: Timestamp) -> bool {
    let made = |job: Option<&JobView>| Timestamp::read(job?.created_at.as_deref()?);
    let ascends = match (made(jobs.first()), made(jobs.last())) {
        (Some(first), Some(last)) => first < last,
        _ => false,
    };
    !ascends && jobs.iter().all(|job| is_older(job, oldest))
}

/// The job was created before `oldest`. A job without a time may be recent.
pub(crate) fn is_older(job: &JobView, oldest: Timestamp) -> bool {
    let made = job.created_at.as_deref().and_then(Timestamp::read);
    made.is_some_and(|made| made < oldest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobStatus;

    #[test]
    fn old_jobs_end_a_list_only_if_it_begins_with_the_newest() {
        let oldest = Timestamp::read("2026-01-02T00:00:00Z").unwrap();
        let page = |days: &[u32]| -> Vec<JobView> {
            let job = |day| JobView {
                created_at: Some(format!("2026-01-{day:02}T08:00:00Z")),
                ..JobView::bare("j", JobStatus::Completed)
            };
            days.iter().map(|day| job(*day)).collect()
        };
        let earlier = "2025-12-30T08:00:00Z";
        let mut ascending = page(&[1, 1]);
        ascending[0].created_at = Some(earlier.to_owned());
        assert!(!has_passed(&ascending, oldest), "newer jobs follow");
        ascending.reverse();
        assert!(has_passed(&ascending, oldest));
        assert!(has_passed(&page(&[1]), oldest));
        assert!(!has_passed(&page(&[3, 1]), oldest));
    }
}
