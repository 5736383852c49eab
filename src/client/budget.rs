//! A budget for repetitions: each first attempt earns a share of one, and one that is not covered
//! is put off until it would be. It delays and never fails, so that trouble slows a batch down
//! instead of multiplying its calls.

use std::time::Duration;

use crate::model::Instant;
use crate::model::limits::BudgetState;

/// How much repeating is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetShape {
    /// Repetitions that one first attempt earns: `retry_budget` of the configuration.
    pub share: f64,
    /// Repetitions a second that are always allowed, so that a quiet key can repeat, too.
    pub trickle: f64,
    /// Most that is saved up.
    pub most: f64,
}

impl Default for BudgetShape {
    fn default() -> Self {
        Self { share: 0.2, trickle: 0.5, most: 20.0 }
    }
}

/// Takes note of a first attempt.
pub fn earn(state: &mut BudgetState, shape: &BudgetShape, now: Instant) {
    count(state, shape, now);
    state.tokens = (state.tokens + shape.share).min(shape.most);
}

/// Takes one repetition, and gives how much longer than its backoff it has to wait.
pub fn spend(state: &mut BudgetState, shape: &BudgetShape, now: Instant) -> Duration {
    count(state, shape, now);
    // What has been promised already bounds how far promises reach: no wait is endless.
    state.tokens = (state.tokens - 1.0).max(-shape.most);
    let missing = (-state.tokens).max(0.0);
    Duration::try_from_secs_f64(missing / shape.trickle.max(0.01)).unwrap_or_default()
}

/// Brings the tokens up to date. A new budget is full.
fn count(state: &mut BudgetState, shape: &BudgetShape, now: Instant) {
    let before = match state.counted_at {
        Some(then) => state.tokens + now.since(then).as_secs_f64() * shape.trickle,
        None => shape.most,
    };
    state.tokens = before.min(shape.most);
    state.counted_at = Some(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_covered_is_put_off() {
        let shape = BudgetShape { share: 0.5, trickle: 0.5, most: 2.0 };
        let mut state = BudgetState::default();
        let mut spend = |now| spend(&mut state, &shape, Instant(now)).as_secs();
        assert_eq!([spend(0), spend(0)], [0, 0], "what was saved up");
        assert_eq!([spend(0), spend(0)], [2, 4], "in file, at the trickle");
        assert_eq!(spend(0), 4, "and never without end");
        assert_eq!(spend(4_000), 2);
        assert_eq!(spend(60_000), 0);
    }

    #[test]
    fn first_attempts_earn_repetitions() {
        let shape = BudgetShape { share: 0.5, trickle: 0.0, most: 2.0 };
        let mut state = BudgetState { tokens: 0.0, counted_at: Some(Instant(0)) };
        for _ in 0..2 {
            earn(&mut state, &shape, Instant(0));
        }
        assert_eq!(spend(&mut state, &shape, Instant(0)), Duration::ZERO);
        assert!(spend(&mut state, &shape, Instant(0)) > Duration::ZERO);
        for _ in 0..100 {
            earn(&mut state, &shape, Instant(0));
        }
        assert!((state.tokens - 2.0).abs() < 1e-9);
    }
}
