//! What is known of a key's limits, in figures for people.

use std::time::Duration;

use super::admission::{AdmissionDecision, blocking_limit};
use super::config::{PaceBounds, RateLimits};
use super::pace;
use super::request_stats::last_hour;
use crate::model::limits::{CallKind, KeyLimits, Pace};
use crate::model::{FailureKind, Instant};

/// What is known of a key's limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitsReport {
    /// Uploads, creates and starts; its rate is in jobs a second.
    pub submissions: PaceReport,
    /// Polls.
    pub polls: PaceReport,
    /// Jobs that may be in flight now.
    pub in_flight: u32,
    /// Most that the profile allows.
    pub in_flight_max: u32,
    /// Jobs that fit, once a refusal has shown it.
    pub window: Option<u32>,
    /// Whether a start may be sent.
    pub next_start: NextCall,
    /// Calls of the last hour.
    pub calls: u32,
    /// Of these, refused.
    pub refused: u32,
}

/// What is known of a pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceReport {
    /// A second.
    pub rate: f64,
    /// Most that the profile allows.
    pub rate_max: f64,
    /// The rate to which it returns after the last refusal, if there was one.
    pub ceiling: Option<f64>,
    /// Refusals of the last hour.
    pub refused: u32,
    /// Whether a call may be sent.
    pub next: NextCall,
}

/// Whether something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCall {
    /// At its pace.
    AtPace,
    /// After this time, for which the service asked.
    Paused(Duration),
    /// Not before the user has done something about it.
    Blocked(FailureKind),
}

/// Draws up a report.
pub(crate) fn report(limits: &KeyLimits, config: &RateLimits, now: Instant) -> LimitsReport {
    let (calls, refused) = last_hour(&limits.request_counts, now);
    let of = |pace: &Pace, bounds: PaceBounds, refused: u32, kind: CallKind| PaceReport {
        rate: pace::rate(pace, &bounds),
        rate_max: bounds.max,
        ceiling: pace::is_known(pace).then_some(pace.ceiling),
        refused,
        next: next(limits, kind, now),
    };
    LimitsReport {
        submissions: of(&limits.submissions, config.submissions(), refused[0], CallKind::Upload),
        polls: of(&limits.polls, config.polls(), refused[1], CallKind::Poll),
        in_flight: config.in_flight(limits, now),
        in_flight_max: config.in_flight_max,
        window: Some(limits.jobs.size).filter(|size| *size > 0),
        next_start: next(limits, CallKind::Start, now),
        calls,
        refused: refused.iter().sum(),
    }
}

fn next(limits: &KeyLimits, kind: CallKind, now: Instant) -> NextCall {
    match blocking_limit(limits, kind, now) {
        Some(AdmissionDecision::Blocked(kind)) => NextCall::Blocked(kind),
        Some(AdmissionDecision::Paused(wait)) => NextCall::Paused(wait),
        _ => NextCall::AtPace,
    }
}
