//! Polls of many jobs with few requests: pages of the key's list instead of a poll of each job.
//! Absence from a list proves nothing, so a job that lists do not show is polled by itself.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tracing::debug;

use super::job_list::PAGE;
use super::list_schedule::{JobStart, JobUpdate, ListSchedule, is_end};
use crate::client::{ListQuery, RequestOptions};
use crate::flow::context::Context;
use crate::model::{Failure, Instant, JobId, JobView};

/// List poller of one key: the followed jobs, and the views from list pages.
#[derive(Default)]
pub(crate) struct ListPoller {
    state: Mutex<ListSchedule>,
    /// Notified on a possible update of a job, and on a change of the schedule.
    changed: Notify,
}

/// A followed job; dropping it stops following.
pub(crate) struct FollowedJob {
    list: Arc<ListPoller>,
    job: JobId,
}

impl ListPoller {
    /// Follows `job`. Its updates come from polls that are sent after `now`.
    pub(crate) fn follow(
        self: &Arc<Self>,
        job: &JobId,
        start: JobStart,
        now: Instant,
    ) -> FollowedJob {
        self.change(|state| state.follow(job, start, now));
        FollowedJob { list: Arc::clone(self), job: job.clone() }
    }

    /// The latest view of any job of the key, followed or not, from a list page requested at
    /// `since` or later, and the time of that request. Views are kept for about `poll_max`.
    pub(crate) fn shown_since(&self, job: &JobId, since: Instant) -> Option<(Instant, JobView)> {
        self.state().shown_since(job, since)
    }

    /// The end of a job of the key, followed or not, once a page requested at `since` or later
    /// shows it.
    pub(crate) async fn end_of(
        &self,
        context: &Context,
        job: &JobId,
        since: Instant,
    ) -> (Instant, JobView) {
        let shown = |state: &mut ListSchedule, _| {
            state.shown_since(job, since).filter(|(_, view)| is_end(view)).ok_or(None)
        };
        self.wait_for(context, shown).await
    }

    /// Stores an ended job from a poll or search sent at `requested_at`, as if a list page had shown it.
    pub(crate) fn remember_end(&self, requested_at: Instant, view: &JobView) {
        if is_end(view) {
            self.change(|state| state.keep(requested_at, view.clone()));
        }
    }

    /// Sets whether a webhook listener of this machine runs, and which jobs webhooks report as
    /// ended.
    pub(crate) fn hint(&self, has_listener: bool, ended: &[JobId]) {
        self.change(|state| state.hint(has_listener, ended));
    }

    fn state(&self) -> MutexGuard<'_, ListSchedule> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut ListSchedule) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_waiters();
        changed
    }

    /// Waits until `ask` returns a value. An error is the time of the next attempt, which also
    /// follows every change.
    pub(crate) async fn wait_for<T>(
        &self,
        context: &Context,
        mut ask: impl FnMut(&mut ListSchedule, Instant) -> Result<T, Option<Instant>>,
    ) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = context.clock.now();
            let until = match ask(&mut self.state(), now) {
                Ok(answer) => return answer,
                Err(until) => until,
            };
            let wait = until.map_or(Duration::MAX, |until| until.since(now));
            let _ = tokio::time::timeout(wait, changed).await;
        }
    }
}

impl FollowedJob {
    /// The next update of the job, once there is one.
    ///
    /// # Errors
    ///
    /// The run was stopped.
    pub(crate) async fn next_update(&self, context: &Context) -> Result<JobUpdate, Failure> {
        let timing = context.timing.poll;
        let next =
            |state: &mut ListSchedule, now| state.next(&timing, &self.job, now).map_err(Some);
        context.unless_stopped(self.list.wait_for(context, next)).await
    }

    /// Records a poll of the job itself that was sent at `requested_at`, with the progress that it showed.
    pub(crate) fn polled(&self, requested_at: Instant, progress: Option<f64>) {
        self.list.state().polled(&self.job, requested_at, progress);
    }
}

impl Drop for FollowedJob {
    fn drop(&mut self) {
        self.list.change(|state| state.forget(&self.job));
    }
}

/// Polls the key's list for the followed jobs, until the run is stopped.
pub(crate) async fn poll_lists(context: Arc<Context>, list: Arc<ListPoller>) {
    let timing = context.timing.poll;
    loop {
        let due = |state: &mut ListSchedule, now| match state.next_list_poll(&timing) {
            Some((at, pages)) if at <= now => Ok(pages),
            planned => Err(planned.map(|(at, _)| at)),
        };
        let polling = async {
            let pages = list.wait_for(&context, due).await;
            poll_list(&context, &list, pages).await;
        };
        if context.unless_stopped(polling).await.is_err() {
            return;
        }
    }
}

/// One list poll of at most `max_pages` pages. A failed page is not repeated: the next list poll follows
/// soon, and the earlier pages count.
async fn poll_list(context: &Context, list: &ListPoller, max_pages: u32) {
    let began = context.clock.now();
    let timing = &context.timing;
    list.state().list_poll_sent(&timing.poll, began);
    let read = read_pages(context, list, began, max_pages).await;
    list.change(|state| match read {
        Ok((pages, next)) => state.list_poll_complete(&timing.poll, began, pages, next),
        Err(failure) => {
            debug!(%failure, "a list poll failed");
            let (now, random) = (context.clock.now(), context.random.unit());
            state.list_poll_failed(timing, failure, now, random);
        }
    });
}

/// Reads pages until every followed job was shown, the list ends, or `max_pages` are read. Returns their
/// number, and the offset at which the next list poll starts.
async fn read_pages(
    context: &Context,
    list: &ListPoller,
    began: Instant,
    max_pages: u32,
) -> Result<(u32, u64), Failure> {
    // The rate limit may have delayed the page: its content dates from when it was sent.
    let sent_at = AtomicU64::new(0);
    let leaves = || {
        sent_at.store(context.clock.now().0, Ordering::Relaxed);
        ready(Ok(())).boxed()
    };
    let call =
        RequestOptions { repeats: false, last_check: Some(&leaves), ..RequestOptions::plain() };
    let (mut pages, mut offset) = (0, list.state().first_offset());
    let mut shown_from = None;
    while pages < max_pages {
        let query = ListQuery { limit: PAGE, offset, status: None };
        let page = context.service.list(query, call.clone()).await?;
        let requested_at = Instant(sent_at.load(Ordering::Relaxed));
        pages += 1;
        let following = next_offset(offset, page.jobs.len());
        let (shown, is_complete) = list.change(|state| {
            (state.page_shown(began, requested_at, page.jobs), state.has_shown_all(began))
        });
        if shown.followed {
            shown_from.get_or_insert(offset);
        }
        // A page without any new job is the end, or comes from a service without pages.
        offset = if shown.new { following } else { 0 };
        if !shown.new || is_complete {
            break;
        }
    }
    Ok((pages, shown_from.unwrap_or(offset)))
}

/// Offset of the next page. Pages overlap, since jobs created in the meantime shift the list.
fn next_offset(offset: u64, listed: usize) -> u64 {
    let overlap = (listed / 10).min(10);
    offset + (listed - overlap) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_overlap() {
        for (offset, listed, next) in [(0, 100, 90), (90, 100, 180), (0, 20, 18), (5, 3, 8)] {
            assert_eq!(next_offset(offset, listed), next);
        }
    }
}
