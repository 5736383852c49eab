//! The learned limits of a key, for display.

use std::time::Duration;

use super::admission::{AdmissionDecision, blocking_limit};
use super::config::{PaceBounds, RateLimits};
use super::pace;
use super::request_stats::last_hour;
use crate::model::limits::{CallKind, KeyLimits, Pace};
use crate::model::{FailureKind, Instant};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitsReport {
    /// Uploads, creates and starts; the rate is in jobs a second.
    pub submissions: PaceReport,
    pub polls: PaceReport,
    /// Jobs permitted in flight now.
    pub in_flight: u32,
    /// Maximum of the profile.
    pub in_flight_max: u32,
    /// Learned concurrency limit; `None` until a refusal has shown one.
    pub window: Option<u32>,
    pub next_start: NextCall,
    /// Calls in the last hour.
    pub calls: u32,
    /// Refused calls (429) in the last hour.
    pub refused: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceReport {
    /// Rounds a second.
    pub rate: f64,
    /// Maximum of the profile.
    pub rate_max: f64,
    /// Rate to which it recovers after the last refusal, if there was one.
    pub ceiling: Option<f64>,
    /// Refusals in the last hour.
    pub refused: u32,
    pub next: NextCall,
}

/// State of the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCall {
    /// Permitted by the pace.
    AtPace,
    /// Paused for this long, as the service requested.
    Paused(Duration),
    /// Blocked until the user acts.
    Blocked(FailureKind),
}

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
        in_flight_max: config.bounds.in_flight_max,
        window: Some(limits.jobs.size).filter(|size| *size > 0),
        next_start: next(limits, CallKind::Start, now),
        calls,
        refused: refused[0].saturating_add(refused[1]),
    }
}

fn next(limits: &KeyLimits, kind: CallKind, now: Instant) -> NextCall {
    match blocking_limit(limits, kind, now) {
        Some(AdmissionDecision::Blocked(kind)) => NextCall::Blocked(kind),
        Some(AdmissionDecision::Paused(wait)) => NextCall::Paused(wait),
        _ => NextCall::AtPace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limits::{KeyBlock, Window};

    #[test]
    fn what_is_learned_and_what_the_next_call_waits_for_is_shown() {
        let (config, now) = (RateLimits::default(), Instant(1_000));
        let shown = report(&KeyLimits::default(), &config, now);
        assert_eq!((shown.window, shown.next_start), (None, NextCall::AtPace));
        assert_eq!((shown.submissions.ceiling, shown.in_flight), (None, shown.in_flight_max));
        let wait = Duration::from_secs(7);
        let limits = KeyLimits {
            submissions: Pace { rate: 2.0, ceiling: 3.0, ..Pace::default() },
            jobs: Window { size: 1, trial_interval: 1, ..Window::default() },
            polls_paused_until: Some(now.after(wait)),
            block: KeyBlock { no_credits: true, unauthorized: false },
            ..KeyLimits::default()
        };
        let shown = report(&limits, &config, now);
        assert_eq!((shown.window, shown.in_flight), (Some(1), 1));
        assert_eq!(shown.next_start, NextCall::Blocked(FailureKind::InsufficientCredits));
        assert_eq!(
            (shown.submissions.next, shown.polls.next),
            (NextCall::AtPace, NextCall::Paused(wait))
        );
        assert_eq!((shown.submissions.ceiling, shown.polls.ceiling), (Some(3.0), None));
    }
}
