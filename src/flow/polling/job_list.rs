//! The list of the key's jobs, read page by page, when every recent job has to be seen.

use crate::client::{JobPage, ListQuery, RequestOptions};
use crate::flow::context::Context;
use crate::model::{Failure, JobView, Timestamp};

/// Jobs requested per page. A page may hold fewer: the service may not accept pages of this size.
pub(crate) const PAGE: u32 = 100;

/// Maximum jobs read.
const JOBS_MAX: u64 = 5_000;

/// Maximum pages read.
const PAGES_MAX: u32 = 200;

/// Position in the list.
#[derive(Debug, Default)]
pub(crate) struct ListPages {
    offset: u64,
    read: u32,
    ended: bool,
}

impl ListPages {
    /// The next page; `None` at the end of the list or after `JOBS_MAX`. An empty page is the only
    /// end that every kind of list has.
    pub(crate) async fn next(
        &mut self,
        context: &Context,
        call: &RequestOptions<'_>,
    ) -> Result<Option<JobPage>, Failure> {
        if self.ended || self.offset >= JOBS_MAX || self.read == PAGES_MAX {
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

/// The job was created before `oldest`. A job without a time may be recent.
pub(crate) fn is_older(job: &JobView, oldest: Timestamp) -> bool {
    let made = job.created_at.as_deref().and_then(Timestamp::read);
    made.is_some_and(|made| made < oldest)
}
