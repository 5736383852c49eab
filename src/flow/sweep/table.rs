//! Whom a sweep serves, and when the next one comes. Pure: `now` is given, and nothing is sent
//! from here.

use std::collections::HashMap;
use std::time::Duration;

use crate::client::poll::{Pace, SweepBudget, sweep_pages, sweep_pause};
use crate::client::{PollTiming, Timing, Wait, backoff};
use crate::model::{Failure, FailureKind, Instant, JobId, JobStatus, JobView};

/// Sweeps in a row that may miss a job before it is looked at singly.
const MISSES: u32 = 2;
/// Sweeping rests after a failure for this many of the longest pause, doubled with each further
/// one, at most `RESTS_MOST` times.
const RESTS: u32 = 1;
const RESTS_MOST: u32 = 5;

/// What a sweep says of a job.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::flow) enum News {
    /// As the list shows it.
    Shown {
        /// When the page was asked for.
        asked: Instant,
        /// The entry.
        view: Box<JobView>,
    },
    /// The list cannot tell enough: look at the job itself.
    LookNow,
}

/// One followed job.
#[derive(Debug)]
struct Followed {
    /// Nothing is to be expected before.
    ripe_at: Instant,
    since: Instant,
    pace: Pace,
    /// When the sweep was sent that showed it last.
    shown_at: Option<Instant>,
    missed: u32,
    /// The list does not show it: single looks only.
    hidden: bool,
}

/// All jobs that a run follows.
#[derive(Debug, Default)]
pub(super) struct Table {
    followed: HashMap<JobId, Followed>,
    /// Pages of the last sweep.
    pages: u32,
    swept_at: Option<Instant>,
    /// The last sweep that was sent, whatever came of it.
    sent_at: Option<Instant>,
    budget: SweepBudget,
    /// Sweeps in a row that broke off.
    failures: u32,
    rests: u32,
    rests_until: Option<Instant>,
}

/// What is to be done about sweeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing until the jobs change: each is looked at singly.
    Idle,
    /// A sweep at that time.
    At(Instant),
    /// A sweep now, of at most so many pages.
    Now {
        /// Most pages.
        pages: u32,
    },
}

/// What follows a sweep that broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The next one, as soon as the cadence allows it.
    AtCadence,
    /// The next one after this wait at the least.
    After(Duration),
    /// Single looks for a while.
    Rest,
}

impl Table {
    /// Follows a job that runs since `started`, and of which nothing is expected before `ripe_at`.
    pub(super) fn follow(&mut self, job: &JobId, started: Instant, ripe_at: Instant, now: Instant) {
        let pace = Pace::new(started);
        let followed =
            Followed { ripe_at, since: now, pace, shown_at: None, missed: 0, hidden: false };
        self.followed.insert(job.clone(), followed);
    }

    pub(super) fn forget(&mut self, job: &JobId) {
        self.followed.remove(job);
    }

    /// Whether sweeps look at `job`, so that nobody else needs to.
    pub(super) fn covers(&self, job: &JobId, now: Instant) -> bool {
        self.is_on(now) && self.followed.get(job).is_some_and(|followed| !followed.hidden)
    }

    /// When the next sweep comes: as soon as one of the jobs can be expected to have something to
    /// tell. Every open job counts for the cadence.
    pub(super) fn plan(&self, timing: &PollTiming, now: Instant) -> Plan {
        let open = self.open();
        let Some(pages) = sweep_pages(open) else { return Plan::Idle };
        if let Some(until) = self.rests_until.filter(|until| *until > now) {
            return Plan::At(until);
        }
        let pause = sweep_pause(timing, self.pages, open);
        let wanted = |followed: &Followed| {
            let wants = |swept| followed.pace.wants(timing, swept, pause);
            let wanted = self.swept_at.map_or(now, wants);
            // What it has shown by chance, in a sweep for others, is better than a guess.
            if followed.pace.foretells() { wanted } else { followed.ripe_at.max(wanted) }
        };
        let wanted = self.listed().map(wanted).min().unwrap_or(now);
        let earliest = self.sent_at.map_or(now, |sent| self.budget.earliest(timing, sent));
        match wanted.max(earliest) {
            due if due > now => Plan::At(due),
            _ => Plan::Now { pages },
        }
    }

    /// Whether a sweep that has shown `shown` needs no further page.
    pub(super) fn is_complete(&self, shown: &HashMap<JobId, JobView>) -> bool {
        self.followed.iter().all(|(job, followed)| followed.hidden || shown.contains_key(job))
    }

    /// Takes in what pages have shown that were asked for from `asked` on, and answers what is to be
    /// told of which job.
    pub(super) fn shown(
        &mut self,
        asked: Instant,
        shown: HashMap<JobId, JobView>,
    ) -> Vec<(JobId, News)> {
        let mut news = Vec::new();
        for (job, view) in shown {
            let Some(followed) = self.followed.get_mut(&job) else { continue };
            followed.missed = 0;
            followed.hidden = false;
            followed.shown_at = Some(asked);
            followed.pace.saw(asked, view.progress);
            news.push((job, read(asked, view)));
        }
        news
    }

    /// Takes note that everything has been shown of a sweep that read `pages` pages from `asked` on,
    /// and answers what is to be told of jobs that were not among it.
    pub(super) fn swept(
        &mut self,
        timing: &PollTiming,
        asked: Instant,
        pages: u32,
    ) -> Vec<(JobId, News)> {
        self.pages = pages;
        self.swept_at = Some(asked);
        self.count(timing, asked);
        (self.failures, self.rests, self.rests_until) = (0, 0, None);
        let mut news = Vec::new();
        for (job, followed) in &mut self.followed {
            let was_shown = followed.shown_at == Some(asked);
            if !was_shown && followed.since < asked && !followed.hidden {
                followed.missed += 1;
                followed.hidden = followed.missed >= MISSES;
                if followed.hidden {
                    news.push((job.clone(), News::LookNow));
                }
            }
        }
        news
    }

    /// Whether the last sweep broke off.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// What follows a sweep that broke off. A single one is no reason to look away: the next
    /// one is a look in its own right, and within the cadence. Further ones, refusals of the rate, and
    /// pauses that were asked for make the next one wait like any repetition; when those are used up, or the wait would be
    /// too long, the list is given up.
    pub(super) fn after(&self, failure: &Failure, timing: &Timing, random: f64) -> Then {
        let failures = self.failures.saturating_add(1);
        if !failure.kind.repeat_when_harmless() || failures > timing.retries {
            return Then::Rest;
        }
        let is_asked = failure.kind == FailureKind::RateLimited || failure.retry_after.is_some();
        // The first of them was not waited for.
        match backoff::wait(timing, (failures - 1).max(1), failure.retry_after, random) {
            Wait::TooLong(_) => Then::Rest,
            Wait::Sleep(wait) if failures > 1 || is_asked => Then::After(wait),
            Wait::Sleep(_) => Then::AtCadence,
        }
    }

    /// A sweep that was sent at `asked` broke off.
    pub(super) fn failed(
        &mut self,
        timing: &PollTiming,
        (asked, now): (Instant, Instant),
        then: Then,
    ) {
        self.failures = self.failures.saturating_add(1);
        self.count(timing, asked);
        match then {
            Then::AtCadence => {}
            Then::After(wait) => self.budget.hold_until(now.after(wait)),
            Then::Rest => {
                let rest = RESTS << self.rests.min(RESTS_MOST);
                self.rests = self.rests.saturating_add(1);
                self.failures = 0;
                self.rests_until = Some(now.after(timing.max * rest));
            }
        }
    }

    /// Counts a sweep that was sent at `asked` into what the cadence allows.
    fn count(&mut self, timing: &PollTiming, asked: Instant) {
        self.sent_at = Some(asked);
        self.budget.spend(asked, sweep_pause(timing, self.pages, self.open()));
    }

    fn is_on(&self, now: Instant) -> bool {
        sweep_pages(self.open()).is_some() && self.rests_until.is_none_or(|until| until <= now)
    }

    fn listed(&self) -> impl Iterator<Item = &Followed> {
        self.followed.values().filter(|followed| !followed.hidden)
    }

    fn open(&self) -> u32 {
        u32::try_from(self.listed().count()).unwrap_or(u32::MAX)
    }
}

/// What an entry of the list is worth. That a job goes on may be believed of any list; an end only
/// with what belongs to it; everything else, above all that a started job is a draft, only of the
/// job itself.
fn read(asked: Instant, view: JobView) -> News {
    let enough = match view.status {
        JobStatus::Pending | JobStatus::Processing => true,
        JobStatus::Completed => view.output_url.is_some(),
        JobStatus::Failed => view.error.is_some(),
        JobStatus::Created | JobStatus::Other(_) => false,
    };
    if enough { News::Shown { asked, view: Box::new(view) } } else { News::LookNow }
}

/// How much of a page the next one repeats, since jobs that are made meanwhile shift the list.
pub(super) fn next_offset(offset: u64, listed: usize) -> u64 {
    let overlap = (listed / 10).min(10);
    offset + (listed - overlap) as u64
}

/// How long a single look is put off while sweeps cover the job, in case they end unheard.
pub(super) fn backstop(timing: &PollTiming) -> Duration {
    timing.max.max(timing.first)
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
        JobView {
            id: job(n),
            status,
            progress: None,
            output_url: None,
            error: None,
            created_at: None,
            duration_seconds: None,
            billing_status: None,
            raw: serde_json::Value::Null,
        }
    }

    fn following(jobs: u64, ripe_at: u64) -> Table {
        let mut table = Table::default();
        for n in 0..jobs {
            table.follow(&job(n), Instant(0), Instant(ripe_at), Instant(0));
        }
        table
    }

    fn page(jobs: impl IntoIterator<Item = u64>) -> HashMap<JobId, JobView> {
        jobs.into_iter().map(|n| (job(n), view(n, JobStatus::Processing))).collect()
    }

    /// A whole sweep.
    fn sweep(
        table: &mut Table,
        asked: Instant,
        pages: u32,
        shown: HashMap<JobId, JobView>,
    ) -> Vec<(JobId, News)> {
        let mut news = table.shown(asked, shown);
        news.extend(table.swept(&TIMING, asked, pages));
        news
    }

    #[test]
    fn one_job_is_looked_at_singly_and_several_are_swept_at_the_pace_of_all() {
        // (jobs, ripe at, now, plan)
        let table = [
            (0, 0, 0, Plan::Idle),
            (1, 0, 0, Plan::Idle),
            (2, 3_000, 1_000, Plan::At(Instant(3_000))),
            (2, 3_000, 3_000, Plan::Now { pages: 1 }),
            (9, 0, 0, Plan::Now { pages: 4 }),
        ];
        for (jobs, ripe_at, now, expected) in table {
            let table = following(jobs, ripe_at);
            assert_eq!(table.plan(&TIMING, Instant(now)), expected, "{jobs} {now}");
            assert_eq!(table.covers(&job(0), Instant(now)), jobs > 1, "{jobs} {now}");
        }
        let mut four = following(4, 0);
        sweep(&mut four, Instant(1_000), 1, page(0..4));
        assert_eq!(four.plan(&TIMING, Instant(1_000)), Plan::At(Instant(1_500)));
        sweep(&mut four, Instant(1_000), 2, page(0..4));
        assert_eq!(four.plan(&TIMING, Instant(1_000)), Plan::At(Instant(2_000)));
    }

    #[test]
    fn what_two_sweeps_have_not_shown_is_looked_at_singly_until_it_is_shown() {
        let mut table = following(3, 0);
        assert_eq!(sweep(&mut table, Instant(1), 1, page(0..2)).len(), 2);
        assert!(table.covers(&job(2), Instant(1)));
        let news = sweep(&mut table, Instant(2), 1, page(0..2));
        assert!(news.contains(&(job(2), News::LookNow)));
        assert!(!table.covers(&job(2), Instant(2)) && table.covers(&job(0), Instant(2)));
        assert!(table.is_complete(&page(0..2)), "pages are not read for what is not listed");
        sweep(&mut table, Instant(3), 1, page(0..3));
        assert!(table.covers(&job(2), Instant(3)));
    }

    #[test]
    fn a_sweep_that_broke_off_tells_what_it_has_seen_and_misses_nothing() {
        let mut table = following(3, 0);
        for n in 1..5 {
            let (asked, now) = (Instant(n * 1_000), Instant(n * 1_000 + 10));
            let news = table.shown(asked, page(0..2));
            let told = |n| news.iter().any(|(told, _)| *told == job(n));
            assert!(told(0) && told(1) && !told(2));
            table.failed(&TIMING, (asked, now), Then::AtCadence);
            assert!(table.covers(&job(2), now));
        }
        sweep(&mut table, Instant(9_000), 2, page(0..2));
        assert!(table.covers(&job(2), Instant(9_000)), "which is the first that has missed it");
    }

    #[test]
    fn a_job_that_was_started_after_the_sweep_was_sent_is_not_missed() {
        let mut table = following(2, 0);
        table.follow(&job(9), Instant(5), Instant(0), Instant(5));
        for _ in 0..3 {
            sweep(&mut table, Instant(5), 1, page(0..2));
        }
        assert!(table.covers(&job(9), Instant(6)));
    }

    #[test]
    fn an_end_is_believed_of_the_list_only_with_what_belongs_to_it() {
        let link = OutputLink::new("https://cdn.example/o.webm");
        let shown = |view: JobView| matches!(read(Instant(1), view), News::Shown { .. });
        // (entry, believed)
        let table = [
            (view(1, JobStatus::Pending), true),
            (view(1, JobStatus::Processing), true),
            (view(1, JobStatus::Completed), false),
            (JobView { output_url: Some(link), ..view(1, JobStatus::Completed) }, true),
            (view(1, JobStatus::Failed), false),
            (JobView { error: Some("bad".into()), ..view(1, JobStatus::Failed) }, true),
            (view(1, JobStatus::Created), false),
            (view(1, JobStatus::Other("resting".into())), false),
        ];
        for (entry, believed) in table {
            let status = entry.status.clone();
            assert_eq!(shown(entry), believed, "{status}");
        }
    }

    #[test]
    fn a_single_failure_changes_nothing_and_several_make_sweeps_wait() {
        use FailureKind as K;
        let after = Then::After(Duration::from_secs(3));
        let (wait, long) = (Some(Duration::from_secs(3)), Some(Duration::from_hours(3)));
        // (failures before, kind of this one, asked to wait, what follows)
        let table = [
            (0, K::Unavailable, None, Then::AtCadence),
            (0, K::Unavailable, wait, after),
            (0, K::Broken, None, Then::AtCadence),
            (0, K::RateLimited, wait, after),
            (1, K::Unavailable, wait, after),
            (1, K::Broken, None, Then::After(Duration::from_secs(1))),
            (2, K::Broken, None, Then::After(Duration::from_secs(2))),
            (4, K::Broken, wait, after),
            (5, K::Broken, wait, Then::Rest),
            (0, K::RateLimited, long, Then::Rest),
            (0, K::NotFound, wait, Then::Rest),
        ];
        for (before, kind, retry_after, expected) in table {
            let table = Table { failures: before, ..Table::default() };
            let failure = Failure { retry_after, ..Failure::new(kind, "listing jobs", "words") };
            let then = table.after(&failure, &Timing::default(), 0.0);
            assert_eq!(then, expected, "{before} {kind:?} {retry_after:?}");
        }
        let mut four = following(4, 0);
        sweep(&mut four, Instant(1_000), 1, page(0..4));
        let failed = (Instant(1_500), Instant(1_510));
        four.failed(&TIMING, failed, Then::AtCadence);
        assert_eq!(four.plan(&TIMING, Instant(1_510)), Plan::At(Instant(1_550)), "from savings");
        four.failed(&TIMING, (Instant(2_000), Instant(2_100)), after);
        assert!(four.covers(&job(0), Instant(2_100)));
        assert_eq!(four.plan(&TIMING, Instant(2_100)), Plan::At(Instant(5_100)));
        sweep(&mut four, Instant(5_100), 1, page(0..4));
        assert_eq!(four.plan(&TIMING, Instant(5_100)), Plan::At(Instant(5_600)));
    }

    #[test]
    fn a_list_that_is_given_up_rests_longer_each_time() {
        let mut table = following(2, 0);
        let mut rests = Vec::new();
        for _ in 0..8 {
            table.failed(&TIMING, (Instant(0), Instant(0)), Then::Rest);
            assert!(!table.covers(&job(0), Instant(9_999)));
            let Plan::At(until) = table.plan(&TIMING, Instant(0)) else { panic!("it rests") };
            rests.push(until.0 / 1_000);
        }
        assert_eq!(rests, [10, 20, 40, 80, 160, 320, 320, 320]);
        sweep(&mut table, Instant(400_000), 1, page(0..2));
        assert!(table.covers(&job(0), Instant(400_000)));
    }

    #[test]
    fn pages_overlap() {
        for (offset, listed, next) in [(0, 100, 90), (90, 100, 180), (0, 20, 18), (5, 3, 8)] {
            assert_eq!(next_offset(offset, listed), next);
        }
    }
}
