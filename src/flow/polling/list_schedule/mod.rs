//! The followed jobs, their views from list polls, and the next action for each. Pure: `now` is a
//! parameter, and nothing is sent from here.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{BackoffWait, request::backoff};
use crate::flow::polling::poll_schedule::{max_pages, remaining};
use crate::model::{Failure, FailureKind, Instant, JobId, JobStatus, JobView, PollTiming, Timing};

/// Consecutive list polls that may miss a job, or fail, before jobs are polled by themselves.
const MAX_MISSES: u32 = 2;
/// Maximum delay of a list poll because of a predicted end, in intervals: progress need not be
/// even.
const MAX_DELAY_INTERVALS: u32 = 4;
/// Maximum number of saved list polls that may be spent near predicted ends.
const MAX_SAVED_POLLS: u32 = 4;
/// Maximum doublings of the longest pause, for a list request that fails permanently.
const MAX_DOUBLINGS: u32 = 5;
/// Factor on the poll interval of a job whose end a webhook listener reports.
const ANNOUNCED_FACTOR: u32 = 2;

/// Start of a job, and what is known of its end in advance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobStart {
    pub(crate) started: Instant,
    /// Earliest expected end, if similar jobs are known.
    pub(crate) expected: Option<Instant>,
    /// Last poll before the job was followed.
    pub(crate) polled_at: Option<Instant>,
    /// The job has a webhook URL.
    pub(crate) announced: bool,
}

/// Next action for a followed job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum JobUpdate {
    /// A view from a list page requested at this time.
    Shown(Instant, Box<JobView>),
    /// Poll the job itself.
    Poll,
    /// The service rejects the key.
    Refused(Box<Failure>),
}

/// Jobs on a list page.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageShown {
    /// A job that no earlier page of the same list poll showed.
    pub(crate) new: bool,
    /// A followed job.
    pub(crate) followed: bool,
}

/// State of a webhook that reports the end of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WebhookHint {
    None,
    Received,
    /// Its poll was sent. A job in another state is followed as if there had been no webhook.
    Used,
}

/// One followed job.
#[derive(Debug)]
struct ListedJob {
    start: JobStart,
    /// Start of following.
    since: Instant,
    /// Time of the latest answered poll, of the list or of the job.
    seen_at: Instant,
    /// Time of the latest poll of the job itself.
    polled_at: Option<Instant>,
    /// Number of polls of the job itself.
    polls: u32,
    /// Percent done, and when it was requested.
    progress: Option<(Instant, f64)>,
    /// The list is reliable while it shows the job as running. It is not for the status `created`,
    /// an unknown status, or an end without link or reason.
    is_reliable: bool,
    /// Consecutive complete list polls that did not show it.
    missed: u32,
    hint: WebhookHint,
}

/// All followed jobs.
#[derive(Debug, Default)]
pub(crate) struct ListSchedule {
    jobs: BTreeMap<JobId, ListedJob>,
    /// Recent views of any job of the key, with the time of each request.
    views: BTreeMap<JobId, (Instant, JobView)>,
    /// Pages of the last complete list poll.
    pages: u32,
    /// Offset of the first page of the next list poll. Beyond 0 if the list begins with jobs that
    /// nobody follows: that of the first page that showed a followed job, or of the first unread
    /// page if none did.
    first_offset: u64,
    sent_at: Option<Instant>,
    /// A list poll is in flight, or waits for its permit.
    is_polling: bool,
    /// Time up to which list polls have used their budget.
    budget_spent_until: Instant,
    /// Time of the last complete list poll.
    complete_at: Option<Instant>,
    /// Consecutive failed list polls.
    failures: u32,
    not_before: Instant,
    has_listener: bool,
    refused: Option<Failure>,
}

impl ListedJob {
    /// Time of the next poll of the job itself, if no list shows it. A predicted end brings that
    /// forward, as long as there is no more than one poll per `first` since the start.
    fn due(&self, timing: &PollTiming, factor: u32) -> Instant {
        let listed = Some(self.seen_at).filter(|at| self.is_reliable && *at > self.since);
        let Some(last) = self.polled_at.max(listed) else {
            return self.start.expected.unwrap_or(self.start.started.after(timing.first));
        };
        let scheduled = last.after(timing.pause(last.since(self.start.started)));
        let due = match self.expected_end() {
            Some(end) if end > last => end.max(self.start.started.after(timing.first * self.polls)),
            Some(_) => last.after(timing.first),
            None => scheduled,
        };
        last.after(due.min(scheduled).since(last) * factor)
    }

    /// Predicted end, assuming even progress.
    fn expected_end(&self) -> Option<Instant> {
        let (at, percent) = self.progress?;
        Some(at.after(remaining(at.since(self.start.started), percent)?))
    }

    /// Time of the next list poll for this job, after one at `sent`.
    fn next_list_poll_at(&self, interval: Duration, sent: Option<Instant>) -> Instant {
        let first = self.start.expected.unwrap_or(self.since.after(interval));
        let Some(sent) = sent else { return first };
        match self.expected_end() {
            Some(end) if end > sent => end.min(sent.after(interval * MAX_DELAY_INTERVALS)),
            _ => first.max(sent.after(interval)),
        }
    }
}

impl ListSchedule {
    pub(crate) fn follow(&mut self, job: &JobId, start: JobStart, now: Instant) {
        let followed = ListedJob {
            start,
            since: now,
            seen_at: now,
            polled_at: start.polled_at,
            polls: u32::from(start.polled_at.is_some()),
            progress: None,
            is_reliable: true,
            missed: 0,
            hint: WebhookHint::None,
        };
        self.jobs.insert(job.clone(), followed);
    }

    pub(crate) fn forget(&mut self, job: &JobId) {
        self.jobs.remove(job);
    }

    /// The next action for `job`; the time of the next one as an error.
    pub(crate) fn next(
        &mut self,
        timing: &PollTiming,
        job: &JobId,
        now: Instant,
    ) -> Result<JobUpdate, Instant> {
        if let Some(failure) = &self.refused {
            return Ok(JobUpdate::Refused(Box::new(failure.clone())));
        }
        let list_valid_until = self.list_valid_until(timing, job);
        let factor = if self.has_listener { ANNOUNCED_FACTOR } else { 1 };
        let Some(followed) = self.jobs.get_mut(job) else { return Ok(JobUpdate::Poll) };
        if followed.hint == WebhookHint::Received {
            followed.hint = WebhookHint::Used;
            return Ok(JobUpdate::Poll);
        }
        let factor = if followed.start.announced { factor } else { 1 };
        let mut due = followed.due(timing, factor);
        match self.views.get(job).filter(|(requested_at, _)| *requested_at > followed.seen_at) {
            // A started job is never a draft again: that takes a poll of the job itself.
            Some((_, view)) if view.status == JobStatus::Created => {}
            Some((requested_at, view)) if is_enough(view) => {
                followed.seen_at = *requested_at;
                return Ok(JobUpdate::Shown(*requested_at, Box::new(view.clone())));
            }
            // The job has ended, and only a poll of the job itself has the rest.
            Some(_) => due = followed.polled_at.map_or(now, |at| at.after(timing.first)),
            None => {}
        }
        due = due.max(list_valid_until);
        if due <= now { Ok(JobUpdate::Poll) } else { Err(due) }
    }

    /// Records a poll of the job itself that was sent at `requested_at` and showed it at `progress`.
    pub(crate) fn polled(&mut self, job: &JobId, requested_at: Instant, progress: Option<f64>) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.polled_at = Some(requested_at);
            job.seen_at = job.seen_at.max(requested_at);
            job.polls = job.polls.saturating_add(1);
            job.progress = progress.map(|percent| (requested_at, percent));
        }
    }

    /// The latest view of any job from a page requested at `since` or later.
    pub(crate) fn shown_since(&self, job: &JobId, since: Instant) -> Option<(Instant, JobView)> {
        self.views.get(job).filter(|(requested_at, _)| *requested_at >= since).cloned()
    }

    /// Time and maximum pages of the next list poll; `None` while each job is polled by itself.
    pub(crate) fn next_list_poll(&self, timing: &PollTiming) -> Option<(Instant, u32)> {
        let pages = max_pages(self.listed_jobs())?;
        let interval = self.list_interval(timing);
        let next_list_poll_at =
            self.listed().map(|job| job.next_list_poll_at(interval, self.sent_at)).min()?;
        let closest =
            self.sent_at.map_or(self.budget_spent_until, |sent| sent.after(timing.shortest()));
        Some((
            next_list_poll_at.max(closest).max(self.budget_spent_until).max(self.not_before),
            pages,
        ))
    }

    pub(crate) fn list_poll_sent(&mut self, timing: &PollTiming, now: Instant) {
        let interval = self.list_interval(timing);
        self.budget_spent_until =
            self.budget_spent_until.max(now.before(interval * MAX_SAVED_POLLS)).after(interval);
        (self.sent_at, self.is_polling) = (Some(now), true);
    }

    fn list_interval(&self, timing: &PollTiming) -> Duration {
        let all_announced = self.has_listener && self.listed().all(|job| job.start.announced);
        let factor = if all_announced { ANNOUNCED_FACTOR } else { 1 };
        let jobs = self.listed_jobs();
        let sent = self.sent_at.unwrap_or_default();
        let run: Duration = self.listed().map(|job| sent.since(job.start.started)).sum();
        timing.list_interval(self.pages, jobs, run / jobs.max(1)) * factor
    }

    pub(crate) fn first_offset(&self) -> u64 {
        self.first_offset
    }

    /// Stores the views of a page requested at `requested_at` by a list poll that began at `began`.
    pub(crate) fn page_shown(
        &mut self,
        began: Instant,
        requested_at: Instant,
        page: Vec<JobView>,
    ) -> PageShown {
        let mut shown = PageShown::default();
        for view in page {
            if let Some(job) = self.jobs.get_mut(&view.id) {
                shown.followed = true;
                job.missed = 0;
                let is_odd = matches!(view.status, JobStatus::Created | JobStatus::Other(_));
                job.is_reliable = !is_odd && is_enough(&view);
                job.progress = view.progress.map(|percent| (requested_at, percent));
            }
            shown.new |= self.shown_since(&view.id, began).is_none();
            self.keep(requested_at, view);
        }
        shown
    }

    pub(crate) fn keep(&mut self, requested_at: Instant, view: JobView) {
        self.views.insert(view.id.clone(), (requested_at, view));
    }

    /// Pages requested since `began` have shown every job that list polls are for.
    pub(crate) fn has_shown_all(&self, began: Instant) -> bool {
        let shown = |job: &JobId| self.shown_since(job, began).is_some();
        self.jobs.iter().all(|(id, job)| job.missed >= MAX_MISSES || shown(id))
    }

    /// Records a complete list poll of `pages` pages that began at `began`. The next one starts at
    /// the offset `next`, or at 0 if this one skipped pages that may show a followed job.
    pub(crate) fn list_poll_complete(
        &mut self,
        timing: &PollTiming,
        began: Instant,
        pages: u32,
        next: u64,
    ) {
        (self.pages, self.complete_at, self.is_polling) = (pages, Some(began), false);
        (self.failures, self.not_before) = (0, Instant::default());
        self.views.retain(|_, (requested_at, _)| requested_at.after(timing.longest()) > began);
        let mut has_missed = false;
        for (id, job) in &mut self.jobs {
            let was_shown =
                self.views.get(id).is_some_and(|(requested_at, _)| *requested_at >= began);
            if !was_shown && job.since < began {
                has_missed |= job.missed < MAX_MISSES;
                job.missed = job.missed.saturating_add(1);
            }
        }
        let skipped = self.first_offset > 0 && next == self.first_offset;
        self.first_offset = if skipped && has_missed { 0 } else { next };
    }

    /// Records a failed list poll. The next one follows at the usual interval the first time,
    /// unless the service requests a longer wait, and later after a backoff; when repeating cannot
    /// help, at growing intervals.
    pub(crate) fn list_poll_failed(
        &mut self,
        timing: &Timing,
        failure: Failure,
        now: Instant,
        random: f64,
    ) {
        self.failures = self.failures.saturating_add(1);
        self.is_polling = false;
        let wait = if !failure.kind.is_retryable_if_idempotent() {
            self.failures = self.failures.max(MAX_MISSES);
            timing.poll.longest() * (1 << self.failures.min(MAX_DOUBLINGS))
        } else if self.failures == 1 && !asks_for_pause(&failure) {
            Duration::ZERO
        } else {
            let failures = self.failures.saturating_sub(1).max(1);
            match backoff::wait(timing, failures, failure.retry_after, random) {
                BackoffWait::Sleep(wait) | BackoffWait::TooLong(wait) => wait,
            }
        };
        self.not_before = now.after(wait);
        if matches!(failure.kind, FailureKind::Unauthorized | FailureKind::Forbidden) {
            self.refused = Some(failure);
        }
    }

    /// Jobs with a webhook URL whose end no webhook has reported yet.
    pub(crate) fn unannounced(&self) -> Vec<JobId> {
        let waits = |job: &&ListedJob| job.start.announced && job.hint == WebhookHint::None;
        self.jobs.iter().filter(|(_, job)| waits(job)).map(|(id, _)| id.clone()).collect()
    }

    /// Sets whether a webhook listener runs, and which jobs webhooks report as ended.
    pub(crate) fn hint(&mut self, has_listener: bool, ended: &[JobId]) {
        self.has_listener = has_listener;
        for id in ended {
            if let Some(job) = self.jobs.get_mut(id).filter(|job| job.hint == WebhookHint::None) {
                job.hint = WebhookHint::Received;
            }
        }
    }

    /// Time until which list polls replace polls of `job`.
    fn list_valid_until(&self, timing: &PollTiming, job: &JobId) -> Instant {
        let is_listed = max_pages(self.listed_jobs()).is_some() && self.failures < MAX_MISSES;
        let job = self.jobs.get(job).filter(|job| job.is_reliable && job.missed < MAX_MISSES);
        let Some(job) = job.filter(|_| is_listed) else { return Instant::default() };
        if self.is_polling {
            return Instant(u64::MAX);
        }
        let last = self.complete_at.max(job.start.expected).unwrap_or_default().max(job.since);
        last.after(timing.longest() + timing.first)
    }

    /// Jobs that list polls are for.
    fn listed(&self) -> impl Iterator<Item = &ListedJob> {
        self.jobs.values().filter(|job| job.missed < MAX_MISSES)
    }

    fn listed_jobs(&self) -> u32 {
        u32::try_from(self.listed().count()).unwrap_or(u32::MAX)
    }
}

fn asks_for_pause(failure: &Failure) -> bool {
    failure.kind == FailureKind::RateLimited || failure.retry_after.is_some()
}

/// The job has ended, and its view is complete.
pub(crate) fn is_end(view: &JobView) -> bool {
    view.status.is_final() && is_enough(view)
}

/// The list view is complete: an end has its link or reason.
fn is_enough(view: &JobView) -> bool {
    match view.status {
        JobStatus::Completed => view.output_url.is_some(),
        JobStatus::Failed => view.error.is_some(),
        _ => true,
    }
}
