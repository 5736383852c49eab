//! The followed jobs, their views from list polls, and the next action for each. Pure: `now` is a
//! parameter, and nothing is sent from here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::poll_schedule::{max_pages, remaining};
use crate::client::{BackoffWait, request::backoff};
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
        match self.views.get(job).filter(|(asked, _)| *asked > followed.seen_at) {
            // A started job is never a draft again: that takes a poll of the job itself.
            Some((_, view)) if view.status == JobStatus::Created => {}
            Some((asked, view)) if is_enough(view) => {
                followed.seen_at = *asked;
                return Ok(JobUpdate::Shown(*asked, Box::new(view.clone())));
            }
            // The job has ended, and only a poll of the job itself has the rest.
            Some(_) => due = followed.polled_at.map_or(now, |at| at.after(timing.first)),
            None => {}
        }
        due = due.max(list_valid_until);
        if due <= now { Ok(JobUpdate::Poll) } else { Err(due) }
    }

    /// Records a poll of the job itself that was sent at `asked` and showed it at `progress`.
    pub(crate) fn polled(&mut self, job: &JobId, asked: Instant, progress: Option<f64>) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.polled_at = Some(asked);
            job.seen_at = job.seen_at.max(asked);
            job.polls = job.polls.saturating_add(1);
            job.progress = progress.map(|percent| (asked, percent));
        }
    }

    /// The latest view of any job from a page requested at `since` or later.
    pub(crate) fn shown_since(&self, job: &JobId, since: Instant) -> Option<(Instant, JobView)> {
        self.views.get(job).filter(|(asked, _)| *asked >= since).cloned()
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

    /// Stores the views of a page requested at `asked` by a list poll that began at `began`.
    pub(crate) fn page_shown(
        &mut self,
        began: Instant,
        asked: Instant,
        page: Vec<JobView>,
    ) -> PageShown {
        let mut shown = PageShown::default();
        for view in page {
            if let Some(job) = self.jobs.get_mut(&view.id) {
                shown.followed = true;
                job.missed = 0;
                let is_odd = matches!(view.status, JobStatus::Created | JobStatus::Other(_));
                job.is_reliable = !is_odd && is_enough(&view);
                job.progress = view.progress.map(|percent| (asked, percent));
            }
            shown.new |= self.shown_since(&view.id, began).is_none();
            self.keep(asked, view);
        }
        shown
    }

    pub(crate) fn keep(&mut self, asked: Instant, view: JobView) {
        self.views.insert(view.id.clone(), (asked, view));
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
        self.views.retain(|_, (asked, _)| asked.after(timing.longest()) > began);
        let mut has_missed = false;
        for (id, job) in &mut self.jobs {
            let was_shown = self.views.get(id).is_some_and(|(asked, _)| *asked >= began);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OutputLink;

    const TIMING: PollTiming = PollTiming {
        first: Duration::from_secs(2),
        max: Duration::from_secs(10),
        floor: Duration::from_millis(250),
    };

    fn job(n: u64) -> JobId {
        JobId(format!("job-{n}"))
    }

    fn view(n: u64, status: JobStatus) -> JobView {
        JobView::bare(&job(n).0, status)
    }

    fn done(n: u64) -> JobView {
        let link = OutputLink::new("https://cdn.example/o.webm");
        JobView { output_url: Some(link), ..view(n, JobStatus::Completed) }
    }

    fn going_on(jobs: impl IntoIterator<Item = u64>) -> Vec<JobView> {
        jobs.into_iter().map(|n| view(n, JobStatus::Processing)).collect()
    }

    fn start(expected: Option<u64>) -> JobStart {
        let expected = expected.map(Instant);
        JobStart { started: Instant(0), expected, polled_at: None, announced: false }
    }

    fn following(jobs: u64, expected: Option<u64>) -> ListSchedule {
        let mut state = ListSchedule::default();
        (0..jobs).for_each(|n| state.follow(&job(n), start(expected), Instant(0)));
        state
    }

    /// A complete list poll of one page.
    fn list(state: &mut ListSchedule, at: u64, page: Vec<JobView>) {
        state.list_poll_sent(&TIMING, Instant(at));
        state.page_shown(Instant(at), Instant(at), page);
        state.list_poll_complete(&TIMING, Instant(at), 1, 0);
    }

    fn due(state: &mut ListSchedule, n: u64, now: u64) -> u64 {
        state.next(&TIMING, &job(n), Instant(now)).unwrap_err().0
    }

    fn fail(state: &mut ListSchedule, kind: FailureKind, asked: Option<Duration>, now: u64) -> u64 {
        state.list_poll_sent(&TIMING, Instant(now));
        let mut failure = Failure::new(kind, "listing jobs", "words");
        failure.retry_after = asked;
        state.list_poll_failed(
            &Timing { poll: TIMING, ..Timing::default() },
            failure,
            Instant(now),
            0.0,
        );
        state.next_list_poll(&TIMING).unwrap().0.0
    }

    #[test]
    fn one_job_is_polled_by_itself_and_several_by_lists_at_the_pace_of_all() {
        // (jobs, expected end, next list poll, its pages)
        let table = [
            (0, None, None),
            (1, None, None),
            (2, None, Some((1_000, 1))),
            (2, Some(3_000), Some((3_000, 1))),
            (9, None, Some((250, 4))),
        ];
        for (jobs, expected, planned) in table {
            let state = following(jobs, expected);
            let next = state.next_list_poll(&TIMING).map(|(at, pages)| (at.0, pages));
            assert_eq!(next, planned, "{jobs} {expected:?}");
        }
        assert_eq!(due(&mut following(1, None), 0, 0), 2_000);
        assert_eq!(due(&mut following(1, Some(7_000)), 0, 0), 7_000);
        let mut four = following(4, None);
        list(&mut four, 1_000, going_on(0..4));
        assert_eq!(four.next_list_poll(&TIMING), Some((Instant(1_500), 2)));
        four.list_poll_complete(&TIMING, Instant(1_000), 2, 0);
        assert_eq!(four.next_list_poll(&TIMING), Some((Instant(2_000), 2)), "for two pages");
    }

    #[test]
    fn a_job_that_the_list_shows_is_not_polled_by_itself_until_the_list_is_silent() {
        let mut state = following(2, None);
        assert_eq!(due(&mut state, 0, 0), 12_000);
        list(&mut state, 1_000, going_on(0..2));
        let shown = state.next(&TIMING, &job(0), Instant(1_100));
        assert!(matches!(shown, Ok(JobUpdate::Shown(Instant(1_000), _))));
        assert_eq!(due(&mut state, 0, 1_100), 13_000, "what was taken in is no news");
        assert_eq!(state.next(&TIMING, &job(0), Instant(13_000)), Ok(JobUpdate::Poll));
        state.polled(&job(0), Instant(13_000), None);
        assert_eq!(due(&mut state, 0, 13_000), 15_000);
        // The last one is left to polls of its own.
        list(&mut state, 14_000, going_on(0..2));
        state.next(&TIMING, &job(0), Instant(14_000)).unwrap();
        state.forget(&job(1));
        assert_eq!(due(&mut state, 0, 14_100), 16_000);
    }

    #[test]
    fn what_two_list_polls_have_not_shown_is_polled_by_itself_until_one_shows_it() {
        let mut state = following(3, None);
        list(&mut state, 1, going_on(0..2));
        assert_eq!(due(&mut state, 2, 1), 12_001, "one may have come too early");
        list(&mut state, 2, going_on(0..2));
        assert_eq!(due(&mut state, 2, 2), 2_000);
        assert!(state.has_shown_all(Instant(2)), "pages are not read for what is not listed");
        list(&mut state, 3, going_on(0..3));
        assert!(state.next(&TIMING, &job(2), Instant(3)).is_ok());
        assert_eq!(due(&mut state, 2, 3), 12_003);
        // A list poll sent before a job was started cannot miss it.
        state.follow(&job(9), start(None), Instant(5));
        (0..3).for_each(|_| list(&mut state, 5, going_on(0..3)));
        assert_eq!(due(&mut state, 9, 6), 12_005);
    }

    #[test]
    fn pages_before_the_followed_jobs_are_skipped_while_none_is_missed() {
        // (offset at which the poll starts, where the next one would, shown of 3 followed jobs, next)
        let table = [
            (0, 180, 0, 180),
            (180, 270, 0, 270),
            (270, 270, 3, 270),
            (270, 360, 3, 360),
            (360, 360, 2, 0),
            (0, 0, 2, 0),
        ];
        for (first, next, shown, expected) in table {
            let mut state = following(3, None);
            state.first_offset = first;
            state.list_poll_sent(&TIMING, Instant(1_000));
            let page = state.page_shown(Instant(1_000), Instant(1_000), going_on(0..shown));
            assert_eq!(page, PageShown { new: shown > 0, followed: shown > 0 });
            state.list_poll_complete(&TIMING, Instant(1_000), 1, next);
            assert_eq!(state.first_offset(), expected, "{first} {next} {shown}");
        }
        // What lists do not show at all holds nothing up.
        let mut state = following(3, None);
        for at in 1..5 {
            state.first_offset = 90;
            state.list_poll_sent(&TIMING, Instant(at));
            state.page_shown(Instant(at), Instant(at), going_on(0..2));
            state.list_poll_complete(&TIMING, Instant(at), 1, 90);
        }
        assert_eq!(state.first_offset(), 90);
    }

    #[test]
    fn an_unclear_state_in_a_list_is_polled_at_the_pace_of_single_polls() {
        // (view, is passed on, first poll of the job itself)
        let table = [
            (view(0, JobStatus::Other("resting".into())), true, 2_000),
            (view(0, JobStatus::Created), false, 2_000),
            (view(0, JobStatus::Completed), false, 1_000),
            (view(0, JobStatus::Failed), false, 1_000),
        ];
        for (input, is_shown, first_poll) in table {
            let (mut state, mut polls, mut shown) = (following(2, None), Vec::new(), 0);
            for at in (1_000..10_000).step_by(250) {
                list(&mut state, at, vec![input.clone(), view(1, JobStatus::Processing)]);
                for _ in 0..2 {
                    match state.next(&TIMING, &job(0), Instant(at)) {
                        Ok(JobUpdate::Shown(..)) => shown += 1,
                        Ok(_) => {
                            polls.push(at);
                            state.polled(&job(0), Instant(at), None);
                        }
                        Err(_) => {}
                    }
                }
            }
            let expected: Vec<u64> = (first_poll..10_000).step_by(2_000).collect();
            assert_eq!((shown > 0, polls), (is_shown, expected), "{}", input.status);
        }
    }

    #[test]
    fn only_a_page_that_was_asked_for_after_the_last_poll_is_news() {
        let mut state = following(2, None);
        state.polled(&job(0), Instant(2_000), None);
        list(&mut state, 1_500, vec![done(0)]);
        assert!(state.next(&TIMING, &job(0), Instant(2_000)).is_err(), "older than what is known");
        list(&mut state, 3_000, vec![done(0)]);
        let shown = state.next(&TIMING, &job(0), Instant(3_000));
        assert_eq!(shown, Ok(JobUpdate::Shown(Instant(3_000), Box::new(done(0)))));
    }

    #[test]
    fn views_of_any_job_are_kept_for_a_while() {
        let mut state = following(2, None);
        list(&mut state, 1_000, going_on(0..8));
        assert_eq!(state.shown_since(&job(7), Instant(1_000)).unwrap().0, Instant(1_000));
        assert!(state.shown_since(&job(7), Instant(1_001)).is_none());
        list(&mut state, 11_000, going_on(0..2));
        assert!(state.shown_since(&job(7), Instant(0)).is_none());
    }

    #[test]
    fn jobs_are_not_polled_by_themselves_while_a_list_poll_waits_for_its_turn() {
        let mut state = following(4, None);
        list(&mut state, 1_000, going_on(0..4));
        state.next(&TIMING, &job(0), Instant(1_000)).unwrap();
        assert_eq!(due(&mut state, 0, 1_000), 13_000);
        state.list_poll_sent(&TIMING, Instant(3_000));
        assert_eq!(due(&mut state, 0, 60_000), u64::MAX);
        state.list_poll_complete(&TIMING, Instant(3_000), 1, 0);
        assert_eq!(state.next(&TIMING, &job(0), Instant(60_000)), Ok(JobUpdate::Poll));
    }

    #[test]
    fn a_single_failure_changes_nothing_and_several_make_lists_wait() {
        use FailureKind as K;
        let seconds = |number| Some(Duration::from_secs(number));
        // (failures before, kind, requested wait, next list poll after)
        let table = [
            (0, K::Unavailable, None, 625),
            (0, K::Unavailable, seconds(3), 3_000),
            (0, K::RateLimited, None, 1_000),
            (1, K::Broken, None, 1_000),
            (2, K::Broken, None, 2_000),
            (9, K::Broken, None, 8_000),
            (0, K::RateLimited, seconds(10_800), 10_800_000),
            (0, K::NotFound, None, 40_000),
            (9, K::Contract, None, 320_000),
        ];
        for (before, kind, asked, expected) in table {
            let mut state = following(4, None);
            list(&mut state, 1_000, going_on(0..4));
            (0..before).for_each(|_| {
                fail(&mut state, K::Broken, None, 5_000);
            });
            let next = fail(&mut state, kind, asked, 20_000) - 20_000;
            assert_eq!(next, expected, "{before} {kind:?} {asked:?}");
        }
        let mut state = following(4, None);
        list(&mut state, 1_000, going_on(0..4));
        (0..4).for_each(|n| {
            state.next(&TIMING, &job(n), Instant(1_000)).unwrap();
        });
        fail(&mut state, K::Broken, None, 1_500);
        assert_eq!(due(&mut state, 0, 1_500), 13_000);
        fail(&mut state, K::Broken, None, 2_000);
        let next = state.next(&TIMING, &job(0), Instant(2_000));
        assert_eq!(next, Ok(JobUpdate::Poll), "by itself after the second one");
        list(&mut state, 4_000, going_on(0..4));
        state.next(&TIMING, &job(0), Instant(4_000)).unwrap();
        assert_eq!(due(&mut state, 0, 4_000), 16_000);
    }

    #[test]
    fn a_foretold_end_is_polled_for_within_the_cadence() {
        let at = |percent| JobView { progress: Some(percent), ..view(0, JobStatus::Processing) };
        let mut state = following(2, None);
        state.forget(&job(1));
        state.polled(&job(0), Instant(2_000), Some(81.0));
        assert_eq!(due(&mut state, 0, 2_000), 2_500, "none was sent at the start");
        state.polled(&job(0), Instant(2_500), Some(95.0));
        assert_eq!(due(&mut state, 0, 2_500), 4_000, "and only one");
        state.polled(&job(0), Instant(40_000), Some(41.0));
        assert_eq!(due(&mut state, 0, 40_000), 45_000, "the usual pause is shorter");
        state.polled(&job(0), Instant(45_000), Some(100.0));
        assert_eq!(due(&mut state, 0, 45_000), 45_454);
        state.polled(&job(0), Instant(45_460), Some(100.0));
        assert_eq!(due(&mut state, 0, 45_460), 45_919);
        // Two jobs, a list poll each second.
        let mut state = following(2, None);
        let other = || JobView { progress: Some(3.0), ..view(1, JobStatus::Processing) };
        let mut next = |now: u64, percent: f64| {
            list(&mut state, now, vec![at(percent), other()]);
            state.next_list_poll(&TIMING).unwrap().0.0
        };
        // (list poll at, first job at percent, next list poll)
        for (now, percent, expected) in [
            (1_000, 51.0, 2_000),
            (2_000, 81.0, 2_500),
            (2_500, 96.0, 3_000), // no more than one each second in all
            (3_000, 100.0, 4_000),
            (4_000, 21.0, 8_000), // put off, and no further
            (8_000, 21.0, 12_000),
        ] {
            assert_eq!(next(now, percent), expected, "{now} {percent}");
        }
        let mut now = 12_000;
        let polls = [(); 8].map(|()| {
            now = next(now, 100.0);
            now
        });
        let saved = [12_250, 12_500, 12_750, 13_000, 13_250, 14_000, 15_000, 16_000];
        assert_eq!(polls, saved, "those that were put off, not closer than the floor");
    }

    #[test]
    fn a_refused_key_ends_polling() {
        for kind in [FailureKind::Unauthorized, FailureKind::Forbidden] {
            let mut state = following(3, None);
            fail(&mut state, kind, None, 1_000);
            for n in 0..3 {
                let next = state.next(&TIMING, &job(n), Instant(1_000));
                assert!(matches!(next, Ok(JobUpdate::Refused(failure)) if failure.kind == kind));
            }
        }
    }

    #[test]
    fn a_hint_brings_one_poll_forward_and_a_listener_doubles_the_pauses() {
        let announced = JobStart { announced: true, ..start(None) };
        let mut state = ListSchedule::default();
        (0..2).for_each(|n| state.follow(&job(n), announced, Instant(0)));
        assert_eq!(state.next_list_poll(&TIMING), Some((Instant(1_000), 1)));
        state.hint(true, &[job(0), job(7)]);
        assert_eq!(state.next_list_poll(&TIMING), Some((Instant(2_000), 1)));
        assert_eq!(state.unannounced(), [job(1)]);
        assert_eq!(state.next(&TIMING, &job(0), Instant(500)), Ok(JobUpdate::Poll));
        state.polled(&job(0), Instant(500), None);
        state.hint(true, &[job(0)]);
        assert_eq!(due(&mut state, 0, 500), 12_000, "it is not used twice");
        state.forget(&job(1));
        assert_eq!(due(&mut state, 0, 500), 3_500);
        state.hint(false, &[]);
        assert_eq!(due(&mut state, 0, 500), 2_000);
    }
}
