//! Whether one key's calls may be sent, and when: the pure part of admission, over the plain state that
//! processes share. What their answers teach is in `lessons`.

use std::time::Duration;

use super::adaptive::{self, Bounds, Proof, Strain};
use super::breaker::BreakerShape;
use super::bucket::{self, BucketShape};
use super::budget::{self, BudgetShape};
use super::burst;
use super::call::Before;
use super::latch;
use crate::model::limits::{KeyLimits, Lane, LaneState};
use crate::model::{FailureKind, Instant};

/// Send times are handed out no farther ahead than this.
const HORIZON: Duration = Duration::from_mins(10);
/// Share of the burst that is left for calls that cannot wait.
const KEPT: f64 = 0.5;
/// A pause beyond this comes from a broken clock.
const PAUSE_MAX: Duration = Duration::from_hours(48);

/// Bounds of what is learned, and the shapes of the policies: `[profiles.x.limits]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Creating and starting.
    pub control: LaneLimits,
    /// Looking.
    pub poll: LaneLimits,
    /// Sending and fetching.
    pub transfer: LaneLimits,
    /// Jobs in flight.
    pub in_flight: Bounds,
    /// Repetitions.
    pub budget: BudgetShape,
    /// Hosts in trouble.
    pub breaker: BreakerShape,
}

/// Bounds of one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneLimits {
    /// Requests a second.
    pub rate: Bounds,
    /// The most requests that may go at once after a quiet time.
    pub burst: u32,
    /// Requests of this process under way at the same time.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let rate = Bounds { min: 0.2, max: 20.0, first: 5.0 };
        let lane = |concurrency| LaneLimits { rate, burst: 10, concurrency };
        Self {
            control: lane(8),
            poll: lane(16),
            transfer: lane(8),
            in_flight: Bounds { min: 1.0, max: 64.0, first: 4.0 },
            budget: BudgetShape::default(),
            breaker: BreakerShape::default(),
        }
    }
}

impl Limits {
    /// The bounds of one lane.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> &LaneLimits {
        match lane {
            Lane::Control => &self.control,
            Lane::Poll => &self.poll,
            Lane::Transfer => &self.transfer,
        }
    }

    /// How many jobs may be in flight by what is known of a key.
    #[must_use]
    pub fn in_flight_cap(&self, known: &KeyLimits) -> u32 {
        let cap = adaptive::value(&known.cap, &self.in_flight);
        // Bounded by the configuration; the fraction is what is still being learned.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = cap.floor().max(1.0) as u32;
        whole
    }
}

/// What a call is, as far as limits are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) lane: Lane,
    /// It starts a job.
    pub(super) starts: bool,
    /// It carries the API key.
    pub(super) keyed: bool,
    /// What came before it asked for its place.
    pub(super) before: Before,
    /// Jobs in flight at the time, where the caller knows.
    pub(super) in_flight: Option<u32>,
}

/// How a call stood to the limits when it was given its place, by which its answer is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// To the rate that was allowed.
    pub(super) strain: Strain,
    /// What a good answer proves of the rate.
    pub(super) proof: Proof,
    /// Which call it is since there was quiet, where that is known.
    pub(super) nth: Option<u32>,
}

impl Standing {
    /// Of a call that no limit concerns.
    pub(super) const FREE: Self = Self {
        strain: Strain::Rested,
        proof: Proof { beyond: 0, from: Instant(0), at: Instant(0), is_firm: false },
        nth: None,
    };
}

/// Whether a call may be sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// After this wait.
    At { wait: Duration, standing: Standing },
    /// The service asked for a pause that lasts this long.
    Parked(Duration),
    /// A latch has fallen.
    Stopped(FailureKind),
}

/// What stands in the way of `errand`, if anything.
pub(super) fn obstacle(limits: &KeyLimits, errand: &Errand, now: Instant) -> Option<Place> {
    if errand.keyed
        && let Some(kind) = latch::stopped(limits.latches, errand.starts)
    {
        return Some(Place::Stopped(kind));
    }
    let lane = match errand.lane {
        Lane::Control => &limits.control,
        Lane::Poll => &limits.poll,
        Lane::Transfer => &limits.transfer,
    };
    let starts = limits.starts_parked_until.filter(|_| errand.starts);
    let until = lane.parked_until.max(starts)?;
    let left = until.since(now);
    (!left.is_zero() && left <= PAUSE_MAX).then_some(Place::Parked(left))
}

/// Whether a place that was reserved at `reserved` may still be used: nothing stands in the way,
/// and the lane has not been slowed since.
pub(super) fn holds(
    limits: &mut KeyLimits,
    errand: &Errand,
    reserved: Instant,
    now: Instant,
) -> bool {
    let slowed = limits.lane(errand.lane).rate.cut_at.is_some_and(|cut| cut > reserved);
    !slowed && obstacle(limits, errand, now).is_none()
}

/// Finds a place for `errand` and takes it.
pub(super) fn place(
    limits: &mut KeyLimits,
    shape: &Limits,
    errand: &Errand,
    now: Instant,
) -> Place {
    if let Some(obstacle) = obstacle(limits, errand, now) {
        return obstacle;
    }
    let (lane, bounds) = (limits.lane(errand.lane), shape.lane(errand.lane));
    let quiet = bucket::full_for(&lane.bucket, now);
    let rested = quiet.is_some();
    if let Some(quiet) = quiet {
        let is_long = quiet >= bucket::refill(&bucket_shape(lane, bounds));
        adaptive::quiet(&mut lane.rate, &bounds.rate, bounds.burst, is_long, now);
        burst::rested(&mut lane.burst);
    }
    let bucket = bucket_shape(lane, bounds);
    let wait = bucket::reserve(&mut lane.bucket, &bucket, now);
    let nth = burst::sent(&mut lane.burst);
    let strain = match (wait.is_zero(), rested) {
        (false, _) => Strain::Pressed,
        _ if errand.before == Before::PutOff => Strain::PutOff,
        (true, true) => Strain::Rested,
        (true, false) => Strain::Eased,
    };
    let owed = if errand.before == Before::Sent {
        budget::spend(&mut limits.budget, &shape.budget, now)
    } else {
        budget::earn(&mut limits.budget, &shape.budget, now);
        Duration::ZERO
    };
    let wait = wait.max(owed);
    let rate = &mut limits.lane(errand.lane).rate;
    // What the service may have borne at once is at the most what is configured.
    let proof = adaptive::count(rate, bounds.burst, now.after(wait));
    Place::At { wait, standing: Standing { strain, proof, nth } }
}

/// The bucket of a lane at what is known of its rate.
pub(super) fn bucket_shape(lane: &LaneState, bounds: &LaneLimits) -> BucketShape {
    let rate = adaptive::value(&lane.rate, &bounds.rate);
    BucketShape { rate, burst: burst::value(&lane.burst, bounds.burst), horizon: HORIZON }
}

/// The wait until a lane can spare a place for what is not needed yet.
pub(super) fn until_spare(lane: &LaneState, bounds: &LaneLimits, now: Instant) -> Duration {
    bucket::until_spare(&lane.bucket, &bucket_shape(lane, bounds), KEPT, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(lane: Lane) -> Errand {
        let before = Before::Nothing;
        Errand { lane, starts: false, keyed: true, before, in_flight: None }
    }

    const NOW: Instant = Instant(1_000);

    #[test]
    fn lanes_have_places_of_their_own() {
        let mut limits = KeyLimits::default();
        let shape = Limits::default();
        let mut take = |lane| match place(&mut limits, &shape, &errand(lane), NOW) {
            Place::At { wait, standing } => (wait.as_millis(), standing.strain, standing.nth),
            other => panic!("{other:?}"),
        };
        for nth in 1..=10 {
            let strain = if nth == 1 { Strain::Rested } else { Strain::Eased };
            assert_eq!(take(Lane::Poll), (0, strain, Some(nth)));
        }
        assert_eq!(take(Lane::Poll), (200, Strain::Pressed, Some(11)));
        let free = (0, Strain::Rested, Some(1));
        assert_eq!([take(Lane::Control), take(Lane::Transfer)], [free, free]);
    }

    #[test]
    fn what_was_learned_of_the_burst_is_what_may_go_at_once() {
        let (mut limits, shape) = (KeyLimits::default(), Limits::default());
        limits.poll.burst.value = 3.5;
        let waits = [(); 5].map(|()| match place(&mut limits, &shape, &errand(Lane::Poll), NOW) {
            Place::At { wait, .. } => wait.as_millis(),
            other => panic!("{other:?}"),
        });
        assert_eq!(waits, [0, 0, 0, 200, 400]);
    }

    #[test]
    fn a_place_tells_how_the_call_stands_to_the_rate() {
        let (mut limits, shape) = (KeyLimits::default(), Limits::default());
        let mut strain = |put_off, now| {
            let before = if put_off { Before::PutOff } else { Before::Nothing };
            let create = Errand { before, ..errand(Lane::Control) };
            match place(&mut limits, &shape, &create, Instant(now)) {
                Place::At { standing, .. } => standing.strain,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(strain(false, 1_000), Strain::Rested);
        assert_eq!(strain(false, 1_000), Strain::Eased);
        assert_eq!(strain(true, 1_000), Strain::PutOff);
        (0..7).for_each(|_| assert_eq!(strain(false, 1_000), Strain::Eased));
        assert_eq!([strain(false, 1_000), strain(true, 1_000)], [Strain::Pressed; 2]);
        assert_eq!(strain(false, 9_000), Strain::Rested);
    }

    #[test]
    fn repetitions_beyond_the_budget_are_put_off() {
        let mut limits = KeyLimits::default();
        let shape = Limits {
            budget: BudgetShape { most: 2.0, ..BudgetShape::default() },
            ..Limits::default()
        };
        let again = Errand { before: Before::Sent, ..errand(Lane::Poll) };
        let waits = [(); 4].map(|()| match place(&mut limits, &shape, &again, NOW) {
            Place::At { wait, standing } if standing.strain != Strain::Pressed => wait.as_secs(),
            other => panic!("{other:?}"),
        });
        assert_eq!(waits, [0, 0, 2, 4]);
    }
}
