//! The bounds of what is learned: `[profiles.NAME.limits]`.

use super::breaker::BreakerShape;
use super::pace::Bounds;
use super::window;
use crate::model::limits::KeyLimits;

/// What is never exceeded, whatever a service accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
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
    pub breaker: BreakerShape,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_rate: 5.0,
            submission_rate_max: 50.0,
            poll_rate_max: 20.0,
            in_flight_max: 64,
            concurrency: 16,
            breaker: BreakerShape::default(),
        }
    }
}

impl Limits {
    /// How many jobs may be in flight by what is known of a key.
    #[must_use]
    pub fn in_flight(&self, known: &KeyLimits, now: crate::model::Instant) -> u32 {
        window::limit(&known.jobs, now).min(self.in_flight_max).max(1)
    }

    pub(super) fn submissions(&self) -> Bounds {
        // An upload, a create and a start.
        Bounds { first: self.first_rate, most: self.submission_rate_max, kinds: 3.0 }
    }

    pub(super) fn polls(&self) -> Bounds {
        Bounds { first: self.first_rate, most: self.poll_rate_max, kinds: 1.0 }
    }
}
