//! Caution with options that are new: one job first, then two, then four. And a stop when jobs
//! fail in a surge, so that a wrong option does not bill ten thousand failures. Pure.

use std::collections::VecDeque;

/// Outcomes that are looked back at.
const LATELY: usize = 10;

/// Failures among the latest outcomes that make a surge.
const SURGE: usize = 6;

/// Failures that are enough while nothing has succeeded.
const AT_FIRST: usize = 3;

/// What the jobs of a run have shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Canary {
    proven: bool,
    successes: u32,
    lately: VecDeque<bool>,
}

impl Canary {
    /// A run whose options are known to have succeeded before (`proven`), or not.
    pub(super) fn new(proven: bool) -> Self {
        Self { proven, ..Self::default() }
    }

    /// Whether a job is known to have succeeded.
    pub(super) fn is_proven(&self) -> bool {
        self.proven || self.successes > 0
    }

    /// Most jobs that may be in flight by what is known of the options: twice as many with each
    /// success.
    pub(super) fn allows(&self) -> u32 {
        if self.proven { u32::MAX } else { 1_u32.checked_shl(self.successes).unwrap_or(u32::MAX) }
    }

    /// Takes note of how a job of this run ended, and says whether jobs fail in a surge.
    pub(super) fn ended(&mut self, well: bool) -> bool {
        if well {
            self.successes = self.successes.saturating_add(1);
        }
        self.lately.push_back(well);
        if self.lately.len() > LATELY {
            self.lately.pop_front();
        }
        let failures = self.lately.iter().filter(|well| !**well).count();
        failures >= SURGE || (self.successes == 0 && failures >= AT_FIRST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_options_start_with_one_job_and_double() {
        let mut canary = Canary::new(false);
        assert!(!canary.is_proven() && Canary::new(true).is_proven());
        let mut allowed = Vec::new();
        for well in [true, false, true, true, true] {
            allowed.push(canary.allows());
            assert!(!canary.ended(well));
        }
        assert_eq!(allowed, [1, 2, 2, 4, 8], "what fails allows nothing more");
        (0..40).for_each(|_| assert!(!canary.ended(true)));
        assert_eq!(canary.allows(), u32::MAX);
        assert_eq!(Canary::new(true).allows(), u32::MAX);
    }

    #[test]
    fn a_surge_of_failures_stops_and_single_ones_do_not() {
        let mut first = Canary::new(false);
        assert_eq!([false; 3].map(|well| first.ended(well)), [false, false, true]);
        let mut later = Canary::new(true);
        assert!((0..40).all(|n| !later.ended(n % 2 == 0)), "every second one is no surge");
        assert!((0..6).any(|_| later.ended(false)));
    }
}
