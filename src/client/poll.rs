//! When to look at a job next: pure functions of how long it has been running and what the earlier
//! looks showed. The caller sleeps, and never looks again after a final state (design, *Polling*).

use std::time::Duration;

/// How much the pause grows from look to look.
const GROWTH: f64 = 1.25;
/// The first look is not put off beyond this many of the longest pause, however long jobs usually
/// take: a job that fails at once should be noticed, above all by a canary.
const FIRST_LOOK_PAUSES: u32 = 3;
/// The share of the least time that such jobs have taken after which the first look comes.
const FIRST_LOOK_EARLIER: f64 = 0.85;

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

/// The looks at one job so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Looks {
    count: u32,
    /// When, since the start, the job was seen to be how far, in percent.
    seen: Option<(Duration, f64)>,
}

impl Looks {
    /// The pause between starting a job and the first look at it. `least` is how long such jobs
    /// have taken at least. The look comes a little before that: were it made exactly then, no job
    /// could ever be seen to take less, and what was learned could only grow.
    #[must_use]
    pub fn first(timing: &PollTiming, least: Option<Duration>) -> Duration {
        let latest = timing.first.max(timing.max * FIRST_LOOK_PAUSES);
        least.map_or(timing.first, |least| {
            least.mul_f64(FIRST_LOOK_EARLIER).clamp(timing.floor.min(timing.first), latest)
        })
    }

    /// Takes note of a look at `since_start` that showed the job at `percent`, and gives the pause
    /// until the next one: growing from look to look, shorter when the job is about to end at the
    /// pace that it has shown, and never below the vendor's cadence.
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
        let pause = grown(timing, self.count);
        let left = percent.and_then(|percent| {
            let earlier = self.seen.unwrap_or_default();
            let left = remaining(earlier, (since_start, percent));
            self.seen = Some((since_start, percent));
            left
        });
        left.map_or(pause, |left| left.clamp(timing.first, pause))
    }

    /// Counts a look at the job itself.
    pub fn count_one(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}

/// The pause after `count` earlier looks, without regard to progress.
fn grown(timing: &PollTiming, count: u32) -> Duration {
    let growths = i32::try_from(count.min(100)).unwrap_or(100);
    let factor = GROWTH.powi(growths).min(1e6);
    timing.first.mul_f64(factor).min(timing.max.max(timing.first))
}

/// Time until 100 percent at the pace between two looks; none when there is no pace to tell.
fn remaining(earlier: (Duration, f64), now: (Duration, f64)) -> Option<Duration> {
    let passed = now.0.checked_sub(earlier.0)?.as_secs_f64();
    let gained = now.1 - earlier.1;
    if !(passed > 0.0 && gained > 0.0) {
        return None;
    }
    let left = (100.0 - now.1).max(0.0) * passed / gained;
    Duration::try_from_secs_f64(left).ok()
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
    fair.clamp(timing.floor.min(timing.first), timing.first)
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
        // (least so far, first look)
        let table = [
            (None, 2.0),
            (Some(0.1), 0.25),
            (Some(1.0), 0.85),
            (Some(10.0), 8.5),
            (Some(30.0), 25.5),
            (Some(3_600.0), 30.0),
        ];
        for (least, expected) in table {
            assert_eq!(Looks::first(&timing, least.map(seconds)), seconds(expected), "{least:?}");
        }
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
            (30.0, Some(40.0), 3.1),  // no gain tells nothing
            (40.0, Some(30.0), 3.9),  // and less than none neither
            (50.0, Some(80.0), 4.0),  // 50 percent in 10 s: 4 s left
            (54.0, Some(99.9), 2.0),  // about to end, and still no sooner than the cadence
            (56.0, Some(100.0), 2.0), // done but not final
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

    proptest::proptest! {
        #[test]
        fn no_pause_leaves_its_bounds(
            looks in proptest::collection::vec((0_u64..10_000_000, proptest::option::of(-1e9..1e9_f64)), 0..40),
        ) {
            let timing = PollTiming::default();
            let mut job = Looks::default();
            for (since_start, percent) in looks {
                let pause = job.next(&timing, Duration::from_millis(since_start), percent);
                proptest::prop_assert!(pause >= timing.first && pause <= timing.max);
            }
        }
    }
}
