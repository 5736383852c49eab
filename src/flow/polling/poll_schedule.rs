//! Poll schedule. Pure: times are parameters, and the caller sleeps.

use std::time::Duration;

use crate::model::PollTiming;

/// Time of the first poll, as a share of the shortest known duration of similar jobs. Below 1, so
/// that shorter jobs are noticed.
const FIRST_POLL_SHARE: f64 = 0.8;
/// Pause between two polls of one job, as a share of its running time. Bounds the relative delay
/// with which its end is noticed.
const PAUSE_SHARE: f64 = 0.125;
/// Pause between two list polls, as a share of the mean running time of the listed jobs. In steady
/// state that mean is half of a job's duration, so an end is noticed late by 1/128 of it on
/// average.
const LIST_PAUSE_SHARE: f64 = 1.0 / 32.0;
/// Resolution of reported progress, in percent.
const PROGRESS_STEP: f64 = 1.0;

impl PollTiming {
    /// Shortest pause of any kind.
    pub fn shortest(&self) -> Duration {
        self.floor.min(self.first)
    }

    /// Longest pause between two polls of one job, at least `first`.
    pub fn longest(&self) -> Duration {
        self.max.max(self.first)
    }

    /// Time from the start of a job to its first poll. `shortest_known` is the shortest duration of
    /// similar jobs.
    pub fn first_poll(&self, shortest_known: Option<Duration>) -> Duration {
        let expected = shortest_known.map(|known| known.mul_f64(FIRST_POLL_SHARE));
        expected.map_or(self.first, |after| after.clamp(self.shortest(), self.longest()))
    }

    /// Pause after a poll of a job that has run for `elapsed`.
    pub fn pause(&self, elapsed: Duration) -> Duration {
        // An early first poll does not delay the second one.
        if let Some(left) = self.first.checked_sub(elapsed).filter(|left| !left.is_zero()) {
            return left;
        }
        elapsed.mul_f64(PAUSE_SHARE).clamp(self.first, self.longest())
    }

    /// Pause between list polls of `pages` pages that serve `jobs` jobs with the mean running time
    /// `elapsed`: at most as many requests as polls of the single jobs, and fewer for long jobs.
    pub fn list_interval(&self, pages: u32, jobs: u32, elapsed: Duration) -> Duration {
        let fair = self.first.mul_f64(f64::from(pages.max(1)) / f64::from(jobs.max(1)));
        let fair = fair.clamp(self.shortest(), self.first);
        fair.max(elapsed.mul_f64(LIST_PAUSE_SHARE)).min(self.longest())
    }
}

/// Upper bound of the remaining time of a job that reached `percent` in `elapsed`, if it progresses
/// evenly.
pub(crate) fn remaining(elapsed: Duration, percent: f64) -> Option<Duration> {
    let least = percent.min(100.0) - PROGRESS_STEP;
    if least <= 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * (100.0 - least) / least).ok()
}

/// Maximum pages of a list poll for `jobs` jobs, so that each page saves at least one request;
/// `None` if single polls take no more requests.
pub(crate) fn max_pages(jobs: u32) -> Option<u32> {
    Some(jobs / 2).filter(|pages| *pages > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    #[test]
    fn the_first_poll_comes_before_like_jobs_have_ended_so_far() {
        let timing = PollTiming::default();
        // (shortest known, first poll)
        let table = [(0.1, 0.25), (1.0, 0.8), (10.0, 8.0), (3_600.0, 10.0)];
        for (known, expected) in table {
            assert_eq!(timing.first_poll(Some(seconds(known))), seconds(expected), "{known}");
        }
        assert_eq!(timing.first_poll(None), timing.first);
    }

    #[test]
    fn polls_of_one_job_slow_from_two_to_ten_seconds() {
        let timing = PollTiming::default();
        // (elapsed, pause)
        let table =
            [(0.8, 1.2), (2.0, 2.0), (16.0, 2.0), (40.0, 5.0), (80.0, 10.0), (8_000.0, 10.0)];
        for (elapsed, expected) in table {
            assert_eq!(timing.pause(seconds(elapsed)), seconds(expected), "{elapsed}");
        }
    }

    #[test]
    fn progress_foretells_the_end() {
        // (elapsed, percent, remaining)
        let table = [
            (10.0, 51.0, Some(10.0)),
            (9.0, 91.0, Some(1.0)),
            (99.0, 100.0, Some(1.0)),
            (99.0, 1e9, Some(1.0)),
            (10.0, 1.0, None),
            (10.0, -5.0, None),
        ];
        for (elapsed, percent, expected) in table {
            let left = remaining(seconds(elapsed), percent).map(|left| left.as_secs_f64());
            let is_near = left.zip(expected).is_none_or(|(left, due)| (left - due).abs() < 1e-6);
            assert!(
                is_near && left.is_some() == expected.is_some(),
                "{elapsed} {percent} {left:?}"
            );
        }
    }

    #[test]
    fn list_polls_keep_the_cadence_and_follow_how_long_jobs_run() {
        let timing = PollTiming::default();
        // (pages, jobs, elapsed, pause)
        let table = [
            (1, 1, 0.0, 2.0),
            (1, 2, 0.0, 1.0),
            (1, 4, 0.0, 0.5),
            (1, 100, 0.0, 0.25),
            (10, 100, 0.0, 0.25),
            (20, 100, 0.0, 0.4),
            (3, 2, 0.0, 2.0),
            (1, 0, 0.0, 2.0),
            (1, 100, 8.0, 0.25),
            (1, 4, 16.0, 0.5),
            (1, 100, 64.0, 2.0),
            (1, 100, 3_600.0, 10.0),
        ];
        for (pages, jobs, elapsed, expected) in table {
            let interval = timing.list_interval(pages, jobs, seconds(elapsed));
            assert_eq!(interval, seconds(expected), "{pages} {jobs} {elapsed}");
        }
        let pages: Vec<_> = [0, 1, 2, 3, 4, 100].map(max_pages).into();
        assert_eq!(pages, [None, None, Some(1), Some(1), Some(2), Some(50)]);
    }

    proptest::proptest! {
        #[test]
        fn no_pause_leaves_its_bounds(
            millis in 0_u64..10_000_000,
            first in 1_u64..10_000,
            max in 1_u64..100_000,
        ) {
            let first = Duration::from_millis(first);
            let timing = PollTiming { first, max: Duration::from_millis(max), ..PollTiming::default() };
            let elapsed = Duration::from_millis(millis);
            let pause = timing.pause(elapsed);
            proptest::prop_assert!(elapsed + pause >= first && pause <= timing.longest());
            proptest::prop_assert!(pause >= first || elapsed < first);
        }
    }
}
