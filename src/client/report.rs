//! What is known of a key's limits, in figures for people.

use std::time::Duration;

use super::adaptive;
use super::bucket;
use super::burst;
use super::call::Before;
use super::lanes::{Errand, Limits, Place, bucket_shape, obstacle};
use super::tally::last_hour;
use crate::model::limits::{KeyLimits, Lane};
use crate::model::{FailureKind, Instant};

/// What is known of a key's limits.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitsReport {
    /// Each lane.
    pub lanes: Vec<LaneReport>,
    /// Jobs that may be in flight.
    pub cap: f64,
    /// Most that may be learned.
    pub cap_max: f64,
    /// What the cap was when it was last refused.
    pub cap_ceiling: Option<f64>,
    /// When a start may be sent.
    pub next_start: Next,
    /// Calls of the last hour.
    pub calls: u32,
    /// Of these, refused.
    pub refused: u32,
}

/// What is known of a lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneReport {
    /// Which.
    pub lane: Lane,
    /// Requests a second.
    pub rate: f64,
    /// Most that may be learned.
    pub rate_max: f64,
    /// What the rate was when it was last refused.
    pub ceiling: Option<f64>,
    /// Requests that may go at once after a quiet time.
    pub burst: u32,
    /// When a call may be sent.
    pub next: Next,
    /// Refusals of the last hour.
    pub refused: u32,
}

/// When something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// After this time.
    In(Duration),
    /// After this time, for which the service asked.
    Parked(Duration),
    /// Not before the user has done something about it.
    Stopped(FailureKind),
}

/// Draws up a report. Takes no place from anybody.
pub(super) fn report(limits: &KeyLimits, shape: &Limits, now: Instant) -> LimitsReport {
    let (calls, refused) = last_hour(&limits.tallies, now);
    let known = |ceiling: f64| (ceiling > 0.0).then_some(ceiling);
    let lanes = Lane::ALL.map(|lane| {
        let state = *limits.clone().lane(lane);
        let bounds = shape.lane(lane);
        LaneReport {
            lane,
            rate: adaptive::value(&state.rate, &bounds.rate),
            rate_max: bounds.rate.max,
            ceiling: known(state.rate.ceiling),
            burst: burst::value(&state.burst, bounds.burst),
            next: next(limits, shape, &errand(lane, false), now),
            refused: refused[lane as usize],
        }
    });
    LimitsReport {
        lanes: lanes.to_vec(),
        cap: adaptive::value(&limits.cap, &shape.in_flight).floor(),
        cap_max: shape.in_flight.max,
        cap_ceiling: known(limits.cap.ceiling),
        next_start: next(limits, shape, &errand(Lane::Control, true), now),
        calls,
        refused: refused.iter().sum(),
    }
}

fn errand(lane: Lane, starts: bool) -> Errand {
    Errand { lane, starts, keyed: true, before: Before::Nothing, in_flight: None }
}

fn next(limits: &KeyLimits, shape: &Limits, errand: &Errand, now: Instant) -> Next {
    match obstacle(limits, errand, now) {
        Some(Place::Stopped(kind)) => Next::Stopped(kind),
        Some(Place::Parked(wait)) => Next::Parked(wait),
        Some(Place::At { wait, .. }) => Next::In(wait),
        None => {
            let mut state = *limits.clone().lane(errand.lane);
            let bucket = bucket_shape(&state, shape.lane(errand.lane));
            Next::In(bucket::reserve(&mut state.bucket, &bucket, now))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::lanes::{Standing, place};
    use crate::client::lessons::{Outcome, learn};
    use crate::model::Delivery;

    #[test]
    fn what_was_met_is_what_is_reported() {
        let (mut limits, shape, now) = (KeyLimits::default(), Limits::default(), Instant(1_000));
        for _ in 0..11 {
            place(&mut limits, &shape, &errand(Lane::Poll, false), now);
        }
        let refused = |kind, asked| Outcome {
            reserved: now,
            standing: Standing::FREE,
            failed: Some((kind, Delivery::NotExecuted, asked)),
        };
        let asked = Some(Duration::from_secs(30));
        let limited = refused(FailureKind::RateLimited, asked);
        learn(&mut limits, &shape, &errand(Lane::Transfer, false), &limited, now);
        let empty = refused(FailureKind::InsufficientCredits, None);
        learn(&mut limits, &shape, &errand(Lane::Control, true), &empty, now);

        let told = report(&limits, &shape, now);
        let nexts: Vec<_> = told.lanes.iter().map(|lane| lane.next).collect();
        let polls = Next::In(Duration::from_millis(400));
        assert_eq!(nexts, [Next::In(Duration::ZERO), polls, Next::Parked(Duration::from_secs(30))]);
        assert_eq!(told.next_start, Next::Stopped(FailureKind::InsufficientCredits));
        assert_eq!((told.calls, told.refused, told.lanes[2].refused), (2, 1, 1));
        assert_eq!(told.lanes[2].ceiling, Some(5.0));
        assert!(told.lanes[2].rate < 5.0 && told.lanes[1].ceiling.is_none());
        assert_eq!(told.lanes[2].burst, 10);
        assert_eq!(report(&limits, &shape, now), told, "looking takes nothing");
    }
}
