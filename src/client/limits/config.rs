//! Bounds of the learned limits (`[profiles.NAME.limits]`) and tuned constants.

use std::time::Duration;

use crate::model::limits::LimitBounds;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimits {
    pub bounds: LimitBounds,
    /// Initial jobs a second, and initial polls a second.
    pub initial_rate: f64,
    pub tuning: LimitTuning,
}

/// Tuned constants of pace and window, fixed for all profiles. Their effect is measured in
/// `docs/benchmarks.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitTuning {
    /// Share by which a refusal cuts the rate, and by which an accepted call raises it at most.
    pub cut: f64,
    /// Rounds after which the rate is back at its ceiling.
    pub return_rounds: f64,
    /// Exponent of the growth beyond the ceiling, per recovery time.
    pub beyond: f64,
    /// Maximum interval between two trials of a larger window, in windows of accepted starts.
    pub patience_max: u32,
    /// Time without a start before a trial, and minimum time between the two refusals that show a
    /// window. A token bucket refills in this time.
    pub quiet: Duration,
    /// Submission rounds per poll while submissions wait for a bucket that polls may share.
    pub rounds_per_poll: f64,
}

impl LimitTuning {
    pub const DEFAULT: Self = Self {
        cut: 0.07,
        return_rounds: 40.0,
        beyond: 0.5,
        patience_max: 16,
        quiet: Duration::from_secs(1),
        rounds_per_poll: 8.0,
    };
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { bounds: LimitBounds::default(), initial_rate: 5.0, tuning: LimitTuning::DEFAULT }
    }
}

/// Bounds of one pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceBounds {
    /// Rounds a second before any refusal or growth.
    pub initial: f64,
    /// Maximum rounds a second.
    pub max: f64,
    /// Kinds of calls per round while none of them was refused.
    pub kinds: f64,
    pub tuning: LimitTuning,
}

impl RateLimits {
    pub(crate) fn submissions(&self) -> PaceBounds {
        // Uploads, creates and starts.
        PaceBounds {
            initial: self.initial_rate,
            max: self.bounds.submission_rate_max,
            kinds: 3.0,
            tuning: self.tuning,
        }
    }

    pub(crate) fn polls(&self) -> PaceBounds {
        PaceBounds {
            initial: self.initial_rate,
            max: self.bounds.poll_rate_max,
            kinds: 1.0,
            tuning: self.tuning,
        }
    }
}
