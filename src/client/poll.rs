//! When to look at a job next: pure functions of how long it has been running and what the earlier
//! looks showed. The caller sleeps, and never looks again after a final state (design, *Polling*).

use std::time::Duration;

use crate::model::Instant;

/// How much the pause grows from look to look.
const GROWTH: f64 = 1.25;
/// The first look is not put off beyond this many of the longest pause, however long jobs usually
/// take: a job that fails at once should be noticed, above all by a canary.
const FIRST_LOOK_PAUSES: u32 = 3;
/// The share of the least time that such jobs have taken after which the first look comes.
const FIRST_LOOK_EARLIER: f64 = 0.85;
/// So many more like jobs are counted than are known, when the least of few is taken for the least of
/// all.
const FEW: u32 = 2;

/// Between sweeps for ends that are foretold lies at least this share of the shortest pause.
const CLOSEST: f64 = 0.2;
/// Sweeps that may be saved up for ends that are foretold.
const SAVED: u32 = 4;
/// An end that is foretold puts the next sweep off by no more than this many of the usual pause:
/// progress need not be even.
const PUT_OFF: u32 = 4;
/// Progress is told in whole percent.
const QUANTUM: f64 = 1.0;

/// The named waits of polling; the defaults are those of `[profiles.x.timing]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollTiming {
    /// The vendor's cadence: no job is looked at more often than this.
    pub first: Duration,
    /// Longest pause between two looks at a job.
    pub max: Duration,
    /// Shortest pause between two sweeps, however many jobs each serves.
    pub floor: Duration,
}

impl Default for PollTiming {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            max: Duration::from_secs(10),
            floor: Duration::from_millis(250),
        }
    }
}

impl PollTiming {
    /// Shortest pause of any kind.
    fn shortest(&self) -> Duration {
        self.floor.min(self.first)
    }
}

/// The looks at one job so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Looks {
    count: u32,
    pace: Pace,
    /// The next look comes sooner than the cadence has it.
    hurried: bool,
    /// One such look was made.
    has_hurried: bool,
}

impl Looks {
    /// The pause between starting a job and the first look at it. `least` is how long such jobs
    /// have taken at least, and how many of them are known. The look comes a little before that: were
    /// it made exactly then, no job could ever be seen to take less, and what was learned could only
    /// grow. It comes earlier while few are known, of which none may have been a quick one.
    #[must_use]
    pub fn first(timing: &PollTiming, least: Option<(Duration, u32)>) -> Duration {
        let latest = timing.first.max(timing.max * FIRST_LOOK_PAUSES);
        least.map_or(timing.first, |(least, of)| {
            let known = f64::from(of) / f64::from(of.saturating_add(FEW));
            least.mul_f64(FIRST_LOOK_EARLIER * known).clamp(timing.shortest(), latest)
        })
    }

    /// Takes note of a look at `since_start` that showed the job at `percent`, and gives the pause
    /// until the next one: growing from look to look, shorter when the job is about to end at the
    /// pace that it has shown. Only one look comes sooner than the vendor's cadence has it, and that
    /// one was saved up: none was made at the start.
    pub fn next(
        &mut self,
        timing: &PollTiming,
        since_start: Duration,
        percent: Option<f64>,
    ) -> Duration {
        let pause = self.pause(timing, since_start, percent);
        self.count_one();
        pause
    }

    /// [`Looks::next`] for what may have been learned without a look at the job itself, from a
    /// list: only looks that are counted, by [`Looks::count_one`], make the pauses grow.
    pub fn pause(
        &mut self,
        timing: &PollTiming,
        since_start: Duration,
        percent: Option<f64>,
    ) -> Duration {
        let now = Instant::default().after(since_start);
        self.pace.saw(now, percent);
        // Late enough that it is over: a look that comes too early is followed by a whole pause.
        let left = self.pace.end().filter(|(_, latest)| *latest > now);
        let left = left.map(|(_, latest)| latest.since(now) + closest(timing));
        let least = if self.has_hurried { timing.first } else { timing.shortest() };
        let pause = grown(timing, self.count);
        let pause = left.map_or(pause, |left| left.clamp(least, pause));
        self.hurried = pause < timing.first;
        pause
    }

    /// Counts a look at the job itself.
    pub fn count_one(&mut self) {
        self.count = self.count.saturating_add(1);
        self.has_hurried |= self.hurried;
    }
}

/// The pause after `count` earlier looks, without regard to progress.
fn grown(timing: &PollTiming, count: u32) -> Duration {
    let growths = i32::try_from(count.min(100)).unwrap_or(100);
    let factor = GROWTH.powi(growths).min(1e6);
    timing.first.mul_f64(factor).min(timing.max.max(timing.first))
}

/// Most pages that a sweep for `open` jobs may read, so that each is expected to cover at least two
/// of them; none when looking at each singly costs no more.
#[must_use]
pub fn sweep_pages(open: u32) -> Option<u32> {
    match open / 2 {
        0 => None,
        pages => Some(pages),
    }
}

/// The pause between sweeps of `pages` pages that serve `open` jobs: as many requests as single
/// looks at the vendor's cadence would take, and never more.
#[must_use]
pub fn sweep_pause(timing: &PollTiming, pages: u32, open: u32) -> Duration {
    let fair = timing.first.mul_f64(f64::from(pages.max(1)) / f64::from(open.max(1)));
    fair.clamp(timing.shortest(), timing.first)
}

/// The time that lies at least between two sweeps for ends that are foretold.
fn closest(timing: &PollTiming) -> Duration {
    timing.shortest().mul_f64(CLOSEST)
}

/// How a job's progress foretells its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From when on it got how far, in percent.
    from: Option<(Instant, f64)>,
    last: Option<(Instant, f64)>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(Instant::default())
    }
}

impl Pace {
    /// A job that was started at `started`.
    #[must_use]
    pub fn new(started: Instant) -> Self {
        Self { from: Some((started, 0.0)), last: None }
    }

    /// Takes note of how far the job was at `at`. What does not move yet, or goes back, tells
    /// nothing: its pace counts from where it begins to move.
    pub fn saw(&mut self, at: Instant, percent: Option<f64>) {
        let Some(percent) = percent.filter(|percent| *percent > 0.0) else {
            (self.from, self.last) = (None, None);
            return;
        };
        let latest = self.last.or(self.from);
        if latest.is_none_or(|(_, before)| percent < before) {
            (self.from, self.last) = (Some((at, percent)), None);
        } else if self.from.is_some_and(|(since, begun)| percent > begun && at > since) {
            self.last = Some((at, percent));
        }
    }

    /// Between which times it ends if it goes on like this: progress is told in whole percent.
    fn end(&self) -> Option<(Instant, Instant)> {
        let ((since, begun), (at, percent)) = (self.from?, self.last?);
        let took = at.since(since).as_secs_f64();
        let end = |gained: f64| {
            let whole = took * (100.0 - begun) / gained;
            Some(since.after(Duration::try_from_secs_f64(whole).ok()?))
        };
        let further = (percent + QUANTUM).min(100.0);
        Some((end(further - begun)?.max(at), end(percent - begun)?))
    }

    /// Whether it foretells anything.
    #[must_use]
    pub fn foretells(&self) -> bool {
        self.end().is_some()
    }

    /// When the next sweep is wanted for this job after one at `swept`, `usual` being the pause
    /// that the cadence allows: when its end is foretold, or else after that pause.
    #[must_use]
    pub fn wants(&self, timing: &PollTiming, swept: Instant, usual: Duration) -> Instant {
        let Some((earliest, latest)) = self.end() else { return swept.after(usual) };
        let closest = closest(timing);
        let spread = latest.since(earliest);
        if earliest > swept {
            // Late enough that it is over, for what is known exactly; early for what is not.
            return earliest.after(closest.min(spread / 2)).min(swept.after(usual * PUT_OFF));
        }
        let is_due = swept < latest.after(spread);
        swept.after(if is_due { (spread / 4).clamp(closest.min(usual), usual) } else { usual })
    }
}

/// Keeps sweeps within the cadence: those that were not needed may be made up for later, a few at a
/// time. What is saved up is time, so that it buys fewer of them once the pause has grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepBudget {
    /// Up to when the cadence has been used up.
    used_up: Instant,
}

impl SweepBudget {
    /// The earliest time for a sweep after one at `swept`.
    #[must_use]
    pub fn earliest(&self, timing: &PollTiming, swept: Instant) -> Instant {
        self.used_up.max(swept.after(closest(timing)))
    }

    /// Keeps sweeps back until `at`.
    pub fn hold_until(&mut self, at: Instant) {
        self.used_up = self.used_up.max(at);
    }

    /// Takes note of a sweep at `at`; `usual` is the pause that the cadence allows.
    pub fn spend(&mut self, at: Instant, usual: Duration) {
        self.used_up = self.used_up.max(at.before(usual * SAVED)).after(usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    #[test]
    fn the_first_look_comes_a_little_before_such_jobs_have_ended_so_far() {
        let timing = PollTiming::default();
        // (least so far, of how many, first look)
        let table = [
            (0.1, 98, 0.25),
            (1.0, 98, 0.833),
            (10.0, 98, 8.33),
            (10.0, 8, 6.8),
            (10.0, 3, 5.1),
            (30.0, 98, 24.99),
            (3_600.0, 98, 30.0),
        ];
        for (least, of, expected) in table {
            let pause = Looks::first(&timing, Some((seconds(least), of)));
            assert_eq!(pause.as_millis(), seconds(expected).as_millis(), "{least:?} {of}");
        }
        assert_eq!(Looks::first(&timing, None), timing.first, "the vendor's, of what is unknown");
    }

    #[test]
    fn without_progress_the_pause_slows_from_two_to_ten_seconds() {
        let timing = PollTiming::default();
        let mut looks = Looks::default();
        let mut since_start = Duration::ZERO;
        let pauses: Vec<f64> = (0..10)
            .map(|_| {
                let pause = looks.next(&timing, since_start, None);
                since_start += pause;
                (pause.as_secs_f64() * 10.0).round() / 10.0
            })
            .collect();
        assert_eq!(pauses, [2.0, 2.5, 3.1, 3.9, 4.9, 6.1, 7.6, 9.5, 10.0, 10.0]);
    }

    #[test]
    fn progress_foretells_the_end() {
        let timing = PollTiming::default();
        // (seconds since start, percent, pause); a row is a look at the same job.
        let table = [
            (10.0, Some(20.0), 2.0),  // 40 s left: the grown pause
            (20.0, Some(40.0), 2.5),  // 30 s left
            (30.0, Some(40.0), 3.1),  // more than it seemed
            (40.0, Some(30.0), 3.9),  // less than before tells nothing, and begins anew
            (50.0, Some(93.0), 1.2),  // 63 percent in 10 s: at the latest 1.1 s left
            (51.2, Some(99.9), 2.0),  // about to end, and no sooner again than the cadence
            (53.2, Some(100.0), 7.6), // done but not final: as if nothing were known
        ];
        let mut looks = Looks::default();
        for (since_start, percent, expected) in table {
            let pause = looks.next(&timing, seconds(since_start), percent).as_secs_f64();
            assert!((pause - expected).abs() < 0.05, "{since_start}: {pause} and not {expected}");
        }
    }

    #[test]
    fn sweeps_are_as_many_requests_as_the_cadence_allows() {
        let timing = PollTiming::default();
        // (pages, open jobs, pause)
        let table = [
            (1, 1, 2.0),
            (1, 2, 1.0),
            (1, 4, 0.5),
            (1, 100, 0.25),
            (10, 100, 0.25),
            (20, 100, 0.4),
            (3, 2, 2.0),
            (1, 0, 2.0),
        ];
        for (pages, open, expected) in table {
            assert_eq!(sweep_pause(&timing, pages, open), seconds(expected), "{pages} {open}");
        }
        // (open jobs, pages)
        let table =
            [(0, None), (1, None), (2, Some(1)), (3, Some(1)), (4, Some(2)), (100, Some(50))];
        for (open, pages) in table {
            assert_eq!(sweep_pages(open), pages, "{open}");
        }
    }

    #[test]
    fn a_sweep_is_wanted_when_an_end_is_foretold() {
        let timing = PollTiming::default();
        let usual = timing.floor;
        // (looks: ms since the start, percent; when the next sweep is wanted)
        let table: [(&[(u64, f64)], u64); 9] = [
            (&[], 250),
            // Between 1,961 and 2,000.
            (&[(1_000, 50.0)], 1_980),
            (&[(1_000, 50.0), (1_900, 95.0)], 1_989),
            // Not over when it should have been: closely, for a while.
            (&[(1_000, 50.0), (2_000, 99.0)], 2_050),
            (&[(1_000, 50.0), (2_500, 99.0)], 2_550),
            (&[(1_000, 50.0), (2_500, 100.0)], 2_750),
            // Far ahead, and progress need not be even.
            (&[(1_000, 10.0)], 2_000),
            // It waited for its turn: what counts is when it begins to move.
            (&[(1_000, 0.0), (2_000, 10.0), (3_000, 60.0)], 3_782),
            (&[(1_000, 50.0), (1_100, 20.0)], 1_350),
        ];
        for (looks, expected) in table {
            let mut pace = Pace::new(Instant(0));
            let mut swept = Instant(0);
            for (at, percent) in looks {
                swept = Instant(*at);
                pace.saw(swept, Some(*percent));
            }
            assert_eq!(pace.wants(&timing, swept, usual).0, expected, "{looks:?}");
        }
        // A percent of ten minutes is six seconds: all that time it may end.
        let mut pace = Pace::new(Instant(0));
        pace.saw(Instant(594_100), Some(99.0));
        assert_eq!(pace.wants(&timing, Instant(594_100), usual).0, 594_350);
    }

    #[test]
    fn sweeps_that_were_saved_up_come_closely_and_no_more_than_the_cadence_in_all() {
        let timing = PollTiming::default();
        let mut budget = SweepBudget::default();
        let (mut swept, mut times) = (Instant(10_000), Vec::new());
        for _ in 0..7 {
            budget.spend(swept, timing.floor);
            swept = budget.earliest(&timing, swept);
            times.push(swept.0);
        }
        assert_eq!(times, [10_050, 10_100, 10_150, 10_200, 10_250, 10_500, 10_750]);
    }

    proptest::proptest! {
        #[test]
        fn no_pause_leaves_its_bounds(
            looks in proptest::collection::vec((0_u64..10_000_000, proptest::option::of(-1e9..1e9_f64)), 0..40),
        ) {
            let timing = PollTiming::default();
            let (mut job, mut hurried) = (Looks::default(), 0);
            for (since_start, percent) in looks {
                let pause = job.next(&timing, Duration::from_millis(since_start), percent);
                hurried += u32::from(pause < timing.first);
                proptest::prop_assert!(pause >= timing.floor && pause <= timing.max);
            }
            proptest::prop_assert!(hurried <= 1);
        }
    }
}
