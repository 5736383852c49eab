//! Caution with options that are new: a few jobs until the first one succeeds, then all that the
//! window allows. And a stop when jobs fail in a surge, so that a wrong option does not bill ten
//! thousand failures. Pure.

use std::collections::VecDeque;

/// Outcomes that are looked back at.
const LATELY: usize = 10;

/// Failures among the latest outcomes that make a surge.
const SURGE: usize = 6;

/// Failures that are enough while nothing has succeeded.
const AT_FIRST: usize = 3;

/// Jobs in flight until one has succeeded, at least; of a large batch, this share of it.
const FIRST_JOBS: u32 = 4;
const FIRST_PART: u32 = 50;

/// What the jobs of a run have shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Canary {
    proven: bool,
    /// Inputs of the batch.
    inputs: u32,
    /// Jobs that were given up waiting for, and that hold up nothing.
    given_up: u32,
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

    /// Sets how many inputs there are.
    pub(super) fn set_inputs(&mut self, inputs: u32) {
        self.inputs = inputs;
    }

    /// A job was given up waiting for: another one may be tried in its place.
    pub(super) fn give_up(&mut self) {
        self.given_up = self.given_up.saturating_add(1);
    }

    /// Jobs that may be in flight by what is known of the options.
    pub(super) fn allows(&self) -> u32 {
        if self.is_proven() {
            return u32::MAX;
        }
        FIRST_JOBS.max(self.inputs / FIRST_PART).saturating_add(self.given_up)
    }

    /// Counts how a job of this run ended, and says whether jobs fail in a surge.
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
    fn new_options_start_with_a_few_jobs_until_one_succeeds() {
        let mut canary = Canary::new(false);
        assert!(!canary.is_proven() && Canary::new(true).is_proven());
        assert_eq!((canary.allows(), Canary::new(true).allows()), (4, u32::MAX));
        canary.set_inputs(1_000);
        assert_eq!(canary.allows(), 20);
        assert!(!canary.ended(false));
        assert_eq!(canary.allows(), 20, "a failure allows nothing more");
        canary.give_up();
        assert_eq!(canary.allows(), 21);
        assert!(!canary.ended(true));
        assert_eq!(canary.allows(), u32::MAX);
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
