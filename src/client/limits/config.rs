//! The bounds of what is learned: `[profiles.NAME.limits]`.

use std::time::Duration;

use super::circuit_breaker::BreakerConfig;

/// What is never exceeded, whatever a service accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimits {
    /// Jobs submitted, and polls, a second before anything is known.
    pub first_rate: f64,
    /// Jobs submitted a second, at most: so many uploads, creates and starts each.
    pub submission_rate_max: f64,
    /// Polls a second, at most.
    pub poll_rate_max: f64,
    /// Jobs in flight, at most.
    pub in_flight_max: u32,
    /// API requests of this process under way at once.
    pub concurrency: usize,
    /// When a host is left alone.
    pub breaker: BreakerConfig,
    /// How pace and window change.
    pub tuning: LimitTuning,
}

/// Every tuned constant of pace and window. No profile sets them; what each is worth is measured in
/// `docs/benchmarks.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitTuning {
    /// Share of a pace that a refusal takes.
    pub cut: f64,
    /// Share that is left where too little passed since the last refusal to measure.
    pub unmeasured: f64,
    /// Rounds in which a pace returns to where it was cut.
    pub return_rounds: f64,
    /// Growth beyond that: its exponent after another such time.
    pub beyond: f64,
    /// Largest factor of growth by one accepted call.
    pub step: f64,
    /// Calls of a kind that may go at once after a pause.
    pub burst: f64,
    /// Accepted starts that prove that a refusal was about the pace, or a window larger.
    pub proofs: u32,
    /// Windows of accepted starts between two trials of a larger one, at most.
    pub patience_max: u32,
    /// Time without a start before such a trial, and from one refused start to another that makes a
    /// known window smaller.
    pub quiet: Duration,
    /// Once polls were refused as well, there is at most one in so many rounds of submissions that
    /// their pace holds back: a bucket may count both.
    pub rounds_per_poll: f64,
    /// And at least one in this time.
    pub seldom: Duration,
}

impl LimitTuning {
    /// The values in use.
    pub const DEFAULT: Self = Self {
        cut: 0.07,
        unmeasured: 0.7,
        return_rounds: 40.0,
        beyond: 0.5,
        step: 1.05,
        burst: 2.0,
        proofs: 3,
        patience_max: 16,
        quiet: Duration::from_secs(2),
        rounds_per_poll: 8.0,
        seldom: Duration::from_mins(2),
    };
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            first_rate: 5.0,
            submission_rate_max: 50.0,
            poll_rate_max: 20.0,
            in_flight_max: 64,
            concurrency: 16,
            breaker: BreakerConfig::default(),
            tuning: LimitTuning::DEFAULT,
        }
    }
}

/// What bounds a pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceBounds {
    /// Rounds a second before anything is known.
    pub initial: f64,
    /// Rounds a second, at most.
    pub max: f64,
    /// Kinds of calls in a round while none of them was refused.
    pub kinds: f64,
    /// How it changes.
    pub tuning: LimitTuning,
}

impl RateLimits {
    pub(crate) fn submissions(&self) -> PaceBounds {
        // An upload, a create and a start.
        PaceBounds {
            initial: self.first_rate,
            max: self.submission_rate_max,
            kinds: 3.0,
            tuning: self.tuning,
        }
    }

    pub(crate) fn polls(&self) -> PaceBounds {
        PaceBounds {
            initial: self.first_rate,
            max: self.poll_rate_max,
            kinds: 1.0,
            tuning: self.tuning,
        }
    }
}
