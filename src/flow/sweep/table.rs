//! Whom a sweep serves, and when the next one comes. Pure: `now` is given, and nothing is sent
//! from here.

use std::collections::HashMap;
use std::time::Duration;

use crate::client::PollTiming;
use crate::client::poll::{Pace, SweepBudget, sweep_pages, sweep_pause};
use crate::model::{Instant, JobId, JobStatus, JobView};

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
    budget: SweepBudget,
    failures: u32,
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

impl Table {
    /// Follows a job that runs since `started`, and of which nothing is expected before `ripe_at`.
    pub(super) fn follow(&mut self, job: &JobId, started: Instant, ripe_at: Instant, now: Instant) {
        let pace = Pace::new(started);
        let followed = Followed { ripe_at, since: now, pace, missed: 0, hidden: false };
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
        let earliest = self.swept_at.map_or(now, |swept| self.budget.earliest(timing, swept));
        match wanted.max(earliest) {
            due if due > now => Plan::At(due),
            _ => Plan::Now { pages },
        }
    }

    /// Whether a sweep that has shown `shown` needs no further page.
    pub(super) fn is_complete(&self, shown: &HashMap<JobId, JobView>) -> bool {
        self.followed.iter().all(|(job, followed)| followed.hidden || shown.contains_key(job))
    }

    /// Takes a whole sweep in, that read `pages` pages from `asked` on, and answers what is to be
    /// told of which job.
    pub(super) fn swept(
        &mut self,
        timing: &PollTiming,
        asked: Instant,
        pages: u32,
        mut shown: HashMap<JobId, JobView>,
    ) -> Vec<(JobId, News)> {
        self.pages = pages;
        self.swept_at = Some(asked);
        let pause = sweep_pause(timing, pages, self.open());
        self.budget.spend(asked, pause);
        self.failures = 0;
        self.rests_until = None;
        let mut news = Vec::new();
        for (job, followed) in &mut self.followed {
            if let Some(view) = shown.remove(job) {
                followed.missed = 0;
                followed.hidden = false;
                followed.pace.saw(asked, view.progress);
                news.push((job.clone(), read(asked, view)));
            } else if followed.since < asked && !followed.hidden {
                followed.missed += 1;
                followed.hidden = followed.missed >= MISSES;
                if followed.hidden {
                    news.push((job.clone(), News::LookNow));
                }
            }
        }
        news
    }

    /// The list could not be had: single looks for a while.
    pub(super) fn failed(&mut self, timing: &PollTiming, now: Instant) {
        let rest = RESTS << self.failures.min(RESTS_MOST);
        self.failures = self.failures.saturating_add(1);
        self.rests_until = Some(now.after(timing.max * rest));
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
        four.swept(&TIMING, Instant(1_000), 1, page(0..4));
        assert_eq!(four.plan(&TIMING, Instant(1_000)), Plan::At(Instant(1_500)));
        four.swept(&TIMING, Instant(1_000), 2, page(0..4));
        assert_eq!(four.plan(&TIMING, Instant(1_000)), Plan::At(Instant(2_000)));
    }

    #[test]
    fn what_two_sweeps_have_not_shown_is_looked_at_singly_until_it_is_shown() {
        let mut table = following(3, 0);
        assert_eq!(table.swept(&TIMING, Instant(1), 1, page(0..2)).len(), 2);
        assert!(table.covers(&job(2), Instant(1)));
        let news = table.swept(&TIMING, Instant(2), 1, page(0..2));
        assert!(news.contains(&(job(2), News::LookNow)));
        assert!(!table.covers(&job(2), Instant(2)) && table.covers(&job(0), Instant(2)));
        assert!(table.is_complete(&page(0..2)), "pages are not read for what is not listed");
        table.swept(&TIMING, Instant(3), 1, page(0..3));
        assert!(table.covers(&job(2), Instant(3)));
    }

    #[test]
    fn a_job_that_was_started_after_the_sweep_was_sent_is_not_missed() {
        let mut table = following(2, 0);
        table.follow(&job(9), Instant(5), Instant(0), Instant(5));
        for _ in 0..3 {
            table.swept(&TIMING, Instant(5), 1, page(0..2));
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
    fn after_a_failure_sweeping_rests_longer_each_time() {
        let mut table = following(2, 0);
        let mut rests = Vec::new();
        for _ in 0..8 {
            table.failed(&TIMING, Instant(0));
            assert!(!table.covers(&job(0), Instant(9_999)));
            let Plan::At(until) = table.plan(&TIMING, Instant(0)) else { panic!("it rests") };
            rests.push(until.0 / 1_000);
        }
        assert_eq!(rests, [10, 20, 40, 80, 160, 320, 320, 320]);
        table.swept(&TIMING, Instant(400_000), 1, page(0..2));
        assert!(table.covers(&job(0), Instant(400_000)));
    }

    #[test]
    fn pages_overlap() {
        for (offset, listed, next) in [(0, 100, 90), (90, 100, 180), (0, 20, 18), (5, 3, 8)] {
            assert_eq!(next_offset(offset, listed), next);
        }
    }
}
