//! What the answers to one key's calls teach: rates, the cap on jobs, pauses and latches. Pure, over the
//! plain state that processes share. A refusal does not say which limit was met; that is judged here.

use std::time::Duration;

use super::adaptive::{self, Strain};
use super::bucket;
use super::burst;
use super::cap;
use super::lanes::{Errand, Limits, Standing, bucket_shape};
use super::latch;
use super::tally;
use crate::model::limits::{KeyLimits, Lane, StartRefusal};
use crate::model::{Delivery, FailureKind, Instant};

/// Two lanes that are refused within this time are taken to share one bucket at the service.
const TOGETHER: Duration = Duration::from_secs(5);
/// A start that is refused within this time of another one, and was decided after it, has not met
/// the rate.
const AGAIN: Duration = Duration::from_secs(5);
/// Starts and creates that are refused within this time have met the same limit.
const TOGETHER_AT_ONCE: Duration = Duration::from_secs(1);

/// So many more may have been in flight beside a refused start than were counted: another start may
/// have been faster.
const MISCOUNTED: u32 = 1;

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    /// When its place was reserved, by what was known then.
    pub(super) reserved: Instant,
    pub(super) standing: Standing,
    /// Kind, certainty, and the pause that was asked for; none when it went well.
    pub(super) failed: Option<(FailureKind, Delivery, Option<Duration>)>,
}

/// Learns from how `errand` went.
pub(super) fn learn(
    limits: &mut KeyLimits,
    shape: &Limits,
    errand: &Errand,
    outcome: &Outcome,
    now: Instant,
) {
    let refused = matches!(outcome.failed, Some((FailureKind::RateLimited, ..)));
    tally::count(&mut limits.tallies, errand.lane, refused, now);
    match outcome.failed {
        None => passed(limits, shape, errand, outcome, now),
        Some((FailureKind::RateLimited, _, asked)) => {
            limited(limits, shape, errand, outcome, now, asked);
        }
        // Only the service itself can say this of a key; a gateway's word falls no latch.
        Some((kind, Delivery::NotExecuted, _)) if errand.keyed => {
            latch::failed(&mut limits.latches, kind);
        }
        Some(_) => {}
    }
}

fn passed(
    limits: &mut KeyLimits,
    shape: &Limits,
    errand: &Errand,
    outcome: &Outcome,
    now: Instant,
) {
    let lane = limits.lane(errand.lane);
    let bounds = shape.lane(errand.lane);
    let Standing { strain, proof, nth } = outcome.standing;
    adaptive::good(&mut lane.rate, &bounds.rate, strain, proof, now);
    burst::good(&mut lane.burst, bounds.burst, nth);
    if !errand.starts {
        lane.good_at = Some(now);
    } else if let Some(others) = errand.in_flight {
        if let Some(refusal) = &mut limits.start_refused
            && others >= refusal.beside + MISCOUNTED
            && outcome.reserved > refusal.at
        {
            refusal.passed_since += 1;
            if refusal.passed_since >= cap::proofs(&limits.cap, &shape.in_flight) {
                // More fit than there were when it was refused: that was the rate indeed.
                limits.start_refused = None;
            }
        }
        cap::accepted(&mut limits.cap, &shape.in_flight, f64::from(others) + 1.0, now);
    }
}

/// A 429 does not say which limit was met.
fn limited(
    limits: &mut KeyLimits,
    shape: &Limits,
    errand: &Errand,
    outcome: &Outcome,
    now: Instant,
    asked: Option<Duration>,
) {
    let until = asked.map(|asked| now.after(asked));
    if let Some(others) = meets_cap(limits, shape, errand, outcome, now) {
        let no_different = |earlier: StartRefusal| {
            limits.control.rate.cut_at <= Some(earlier.at)
                && (now.since(earlier.at) < AGAIN
                    || f64::from(earlier.beside + MISCOUNTED) >= others)
        };
        if limits.start_refused.is_some_and(no_different) {
            // The rate was blamed for it.
            adaptive::revoke(&mut limits.control.rate);
        }
        limits.start_refused = None;
        let (times, pause) = ((outcome.reserved, now), asked.unwrap_or_default());
        cap::refused(&mut limits.cap, &shape.in_flight, times, others, pause);
        limits.starts_parked_until = limits.starts_parked_until.max(until);
        return;
    }
    let shared = is_shared(limits, errand.lane, now);
    let mut is_new = false;
    for lane in Lane::ALL.into_iter().filter(|lane| shared || *lane == errand.lane) {
        let (state, bounds) = (limits.lane(lane), shape.lane(lane));
        let is_same = adaptive::is_of_last_episode(&state.rate, outcome.reserved, now);
        // A start may have met the cap, and a bucket that other lanes draw from is not this one's.
        let nth = outcome.standing.nth.filter(|_| !errand.starts && !shared);
        if burst::refused(&mut state.burst, bounds.burst, nth, is_same) {
            if !is_same {
                adaptive::spared(&mut state.rate, &bounds.rate, now);
            }
        } else {
            adaptive::refused(&mut state.rate, &bounds.rate, outcome.reserved, now);
        }
        if !is_same {
            // The service's bucket is empty; what was reserved of ours is reserved anew.
            let bucket = bucket_shape(state, bounds);
            bucket::empty(&mut state.bucket, &bucket, now);
            is_new = true;
        }
        state.parked_until = state.parked_until.max(until);
    }
    if errand.starts {
        // One of the same episode tells nothing new: what was decided since the first one does.
        if is_new {
            let beside = errand.in_flight.unwrap_or_default();
            limits.start_refused = Some(StartRefusal { at: now, beside, passed_since: 0 });
        }
    } else {
        limits.lane(errand.lane).refused_at = Some(now);
        let just_cut = limits.cap.cut_at.is_some_and(|cut| now.since(cut) < TOGETHER_AT_ONCE);
        if errand.lane == Lane::Control && just_cut {
            // A start was refused a moment ago, and so it was for the rate, too.
            cap::revoke(&mut limits.cap, &shape.in_flight);
        }
    }
}

/// Whether a refusal is about the cap on jobs in flight, and beside how many it came. Creates meet
/// only the rate: a start that is refused while they pass has met the cap. One that the rate had
/// held back, or that came soon after others and fits into what is known to fit, has rather met the
/// rate; but if the next one is refused as well, although the rate was cut and the bucket emptied in
/// between, and no create was refused since, it was the cap.
fn meets_cap(
    limits: &KeyLimits,
    shape: &Limits,
    errand: &Errand,
    outcome: &Outcome,
    now: Instant,
) -> Option<f64> {
    let others = errand.in_flight.filter(|others| errand.starts && *others > 0)?;
    let control = &limits.control;
    let creates_pass = control.refused_at <= control.good_at
        && control.refused_at.is_none_or(|at| now.since(at) >= TOGETHER_AT_ONCE);
    let others = f64::from(others);
    let trial = cap::is_trial(&limits.cap, &shape.in_flight, others);
    let again = limits.start_refused.is_some_and(|earlier| {
        outcome.reserved > earlier.at
            && now.since(earlier.at) < AGAIN
            && control.refused_at <= Some(earlier.at)
    });
    let unlike_rate = match outcome.standing.strain {
        Strain::Pressed => false,
        Strain::Rested => true,
        Strain::Eased | Strain::PutOff => limits.cap.ceiling <= 0.0,
    };
    (again || (creates_pass && (trial || unlike_rate))).then_some(others)
}

/// Whether the service seems to count all lanes in one bucket: another lane was refused as well a
/// moment ago. Then slowing one of them leaves the others to fill the room that it made.
fn is_shared(limits: &KeyLimits, refused: Lane, now: Instant) -> bool {
    let others = [
        (Lane::Control, &limits.control),
        (Lane::Poll, &limits.poll),
        (Lane::Transfer, &limits.transfer),
    ];
    let lately = |at: Instant| now.since(at) < TOGETHER;
    others.into_iter().any(|(lane, state)| lane != refused && state.refused_at.is_some_and(lately))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::call::Before;
    use crate::client::lanes::{Place, holds, obstacle, place};

    fn errand(lane: Lane) -> Errand {
        let before = Before::Nothing;
        Errand { lane, starts: false, keyed: true, before, in_flight: None }
    }

    fn start(in_flight: u32) -> Errand {
        Errand { starts: true, in_flight: Some(in_flight), ..errand(Lane::Control) }
    }

    fn failed(kind: FailureKind, delivery: Delivery, asked: Option<u64>) -> Outcome {
        let asked = asked.map(Duration::from_secs);
        Outcome {
            reserved: Instant(1_000),
            standing: Standing::FREE,
            failed: Some((kind, delivery, asked)),
        }
    }

    const GOOD: Outcome = Outcome { reserved: Instant(0), standing: Standing::FREE, failed: None };
    const PRESSED: Standing = Standing { strain: Strain::Pressed, ..Standing::FREE };
    const NOW: Instant = Instant(1_000);
    const MS: Duration = Duration::from_millis(1);

    /// What a start, a create, a look and an upload meet after `lessons`.
    fn after(lessons: &[(Errand, Outcome)]) -> (KeyLimits, [Option<Place>; 4]) {
        let mut limits = KeyLimits::default();
        for (number, (errand, outcome)) in lessons.iter().enumerate() {
            let now = Instant(NOW.0 + number as u64);
            learn(&mut limits, &Limits::default(), errand, outcome, now);
        }
        let met = [start(3), errand(Lane::Control), errand(Lane::Poll), errand(Lane::Transfer)]
            .map(|errand| obstacle(&limits, &errand, NOW));
        (limits, met)
    }

    #[test]
    fn a_pause_holds_for_the_lane_that_was_refused() {
        let limited = |seconds| failed(FailureKind::RateLimited, Delivery::NotExecuted, seconds);
        let parked = |seconds| Some(Place::Parked(Duration::from_secs(seconds)));
        let (_, met) = after(&[(errand(Lane::Poll), limited(Some(7)))]);
        assert_eq!(met, [None, None, parked(7), None], "submitting goes on");
        let (_, met) = after(&[(errand(Lane::Control), limited(Some(7)))]);
        assert_eq!(met, [parked(7), parked(7), None, None]);
        let (_, met) = after(&[(errand(Lane::Control), limited(None))]);
        assert_eq!(met, [None; 4], "without a word, the backoff of the call itself is enough");
        let (_, met) = after(&[(errand(Lane::Poll), limited(Some(36_000)))]);
        assert_eq!(met[2], parked(36_000), "a long one is kept, too");
        let (_, met) = after(&[(errand(Lane::Poll), limited(Some(1_000_000)))]);
        assert_eq!(met[2], None, "one without end is a mistake");
    }

    #[test]
    fn lanes_that_are_refused_together_are_slowed_together() {
        let limited = failed(FailureKind::RateLimited, Delivery::NotExecuted, Some(7));
        let (poll, create) = (errand(Lane::Poll), errand(Lane::Control));
        // (lessons, lanes that were cut: control, poll, transfer)
        let table = [
            (vec![(poll, limited)], [false, true, false]),
            (vec![(poll, limited), (poll, limited)], [false, true, false]),
            (vec![(create, GOOD), (poll, limited), (create, limited)], [true, true, true]),
            (vec![(create, limited), (poll, limited)], [true, true, true]),
        ];
        for (lessons, expected) in table {
            let (limits, met) = after(&lessons);
            let cut = [&limits.control, &limits.poll, &limits.transfer]
                .map(|lane| lane.rate.cut_at.is_some());
            assert_eq!(cut, expected, "{lessons:?}");
            assert_eq!(met[1].is_some(), expected[0], "and they wait together");
        }
        let mut limits = KeyLimits::default();
        for (lane, now) in [(poll, NOW), (create, NOW.after(TOGETHER))] {
            learn(&mut limits, &Limits::default(), &lane, &limited, now);
        }
        assert!(limits.transfer.rate.cut_at.is_none(), "long after is not together");
    }

    #[test]
    fn refusals_of_what_was_reserved_before_a_cut_are_one_episode_with_it() {
        let (mut limits, shape) = (KeyLimits::default(), Limits::default());
        let create = errand(Lane::Control);
        let at = |reserved| Outcome {
            reserved: Instant(reserved),
            ..failed(FailureKind::RateLimited, Delivery::NotExecuted, None)
        };
        for _ in 0..30 {
            place(&mut limits, &shape, &create, Instant(1_000));
        }
        learn(&mut limits, &shape, &create, &at(1_000), Instant(1_500));
        let cut = limits.control.rate;
        assert!(!holds(&mut limits, &create, Instant(1_000), Instant(1_500)), "reserved anew");
        for late in 0..29 {
            learn(&mut limits, &shape, &create, &at(1_000), Instant(1_600 + late));
        }
        assert_eq!(limits.control.rate, cut, "one cut");
        let Place::At { wait, .. } = place(&mut limits, &shape, &create, Instant(1_500)) else {
            panic!("nothing is in the way")
        };
        assert_eq!(wait.as_millis(), 222, "the burst is gone, and so are the old places");
        assert!(holds(&mut limits, &create, Instant(1_500), Instant(1_722)));
    }

    #[test]
    fn a_refused_start_is_the_cap_while_creates_pass_and_the_rate_otherwise() {
        let limited = failed(FailureKind::RateLimited, Delivery::NotExecuted, Some(7));
        let create = errand(Lane::Control);
        // (lessons, the cap was cut, the rate was cut)
        let table = [
            (vec![(create, GOOD), (start(3), limited)], true, false),
            (vec![(start(3), limited)], true, false),
            (vec![(create, GOOD), (create, limited), (start(3), limited)], false, true),
            (vec![(create, limited), (create, GOOD), (start(3), limited)], false, true),
            (vec![(start(3), limited), (create, limited)], false, true),
            (vec![(create, GOOD), (start(0), limited)], false, true),
        ];
        for (lessons, cap, rate) in table {
            let (limits, met) = after(&lessons);
            let cut = (limits.cap.cut_at.is_some(), limits.control.rate.cut_at.is_some());
            assert_eq!(cut, (cap, rate), "{lessons:?}");
            assert!(met[0].is_some(), "starts wait in any case");
            assert_eq!(met[1].is_some(), rate, "creates only wait for their rate");
        }
    }

    #[test]
    fn a_start_that_is_refused_again_below_its_rate_has_met_the_cap() {
        let (mut limits, shape) = (KeyLimits::default(), Limits::default());
        limits.cap.value = 20.0;
        let pressed = |reserved| Outcome {
            reserved: Instant(reserved),
            standing: PRESSED,
            failed: Some((FailureKind::RateLimited, Delivery::NotExecuted, None)),
        };
        learn(&mut limits, &shape, &start(8), &pressed(1_000), Instant(1_010));
        assert!(limits.control.rate.cut_at.is_some() && limits.cap.cut_at.is_none());
        learn(&mut limits, &shape, &start(8), &pressed(1_005), Instant(1_020));
        assert!(limits.cap.cut_at.is_none(), "one of the same episode tells nothing new");
        let rate = limits.control.rate.before;
        learn(&mut limits, &shape, &start(8), &pressed(1_015), Instant(1_030));
        let at = |state: &crate::model::limits::AdaptiveState| (state.value * 10.0).round();
        assert!((at(&limits.cap) - 80.0).abs() < 0.1, "{:?}", limits.cap);
        assert!((limits.control.rate.value - rate).abs() < 0.1, "the rate is as it was");
        learn(&mut limits, &shape, &start(4), &pressed(9_000), Instant(9_100));
        assert!(limits.control.rate.cut_at.is_some(), "long after, it is another story");
        learn(&mut limits, &shape, &start(8), &pressed(30_000), Instant(30_100));
        assert!(limits.control.rate.cut_at.is_some(), "and was beside fewer");
    }

    #[test]
    fn starts_that_are_refused_again_soon_after_a_create_cut_the_rate_once() {
        // (a create is refused between the two starts, the cap is blamed)
        for (between, expected) in [(false, true), (true, false)] {
            let (mut limits, shape) = (KeyLimits::default(), Limits::default());
            (limits.cap.value, limits.control.rate.value) = (20.0, 10.0);
            let create = errand(Lane::Control);
            let mut refuse = |errand: Errand, reserved| {
                let outcome = Outcome {
                    reserved: Instant(reserved),
                    standing: PRESSED,
                    failed: Some((FailureKind::RateLimited, Delivery::NotExecuted, None)),
                };
                learn(&mut limits, &shape, &errand, &outcome, Instant(reserved + 10));
                (limits.control.rate.value, limits.cap.cut_at.is_some())
            };
            let (rate, _) = refuse(create, 1_000);
            assert!(rate < 10.0);
            let (less, cap_is_cut) = refuse(start(8), 1_050);
            assert!(less < rate && !cap_is_cut, "it may be the rate still");
            if between {
                refuse(create, 1_100);
            }
            let (last, cap_is_cut) = refuse(start(8), 1_150);
            assert_eq!(cap_is_cut, expected, "{between}");
            assert_eq!((last - rate).abs() < 0.01, expected, "{between} {last} {rate}");
        }
    }

    #[test]
    fn starts_that_pass_beside_more_show_that_it_was_the_rate() {
        // (starts that pass, jobs in flight beside them, the next refusal is about the cap)
        for (number, beside, expected) in [(6, 6, false), (5, 6, true), (6, 5, true)] {
            let (mut limits, shape) = (KeyLimits::default(), Limits::default());
            (limits.cap.value, limits.cap.ceiling) = (20.0, 20.0);
            let outcome = |reserved, refused: bool| Outcome {
                reserved: Instant(reserved),
                standing: PRESSED,
                failed: refused.then_some((FailureKind::RateLimited, Delivery::NotExecuted, None)),
            };
            let passes = (0..number).map(|n| (beside, 1_200 + n, false));
            let starts = [(5, 1_000, true)].into_iter().chain(passes).chain([(5, 1_400, true)]);
            for (others, at, refused) in starts {
                let outcome = outcome(at, refused);
                learn(&mut limits, &shape, &start(others), &outcome, Instant(at + 10));
            }
            assert_eq!(limits.cap.cut_at.is_some(), expected, "{number} {beside}");
        }
    }

    #[test]
    fn once_the_cap_is_known_an_earlier_refusal_beside_as_many_was_about_it() {
        // (jobs in flight at the first refusal, a create was refused in between, the rate is cut)
        for (others, between, expected) in
            [(8, false, false), (7, false, false), (6, false, true), (8, true, true)]
        {
            let (mut limits, shape) = (KeyLimits::default(), Limits::default());
            limits.cap.value = 20.0;
            let refused = |reserved, strain| Outcome {
                reserved: Instant(reserved),
                standing: Standing { strain, ..Standing::FREE },
                failed: Some((FailureKind::RateLimited, Delivery::NotExecuted, None)),
            };
            let first = refused(1_000, Strain::Pressed);
            learn(&mut limits, &shape, &start(others), &first, Instant(1_010));
            let create = errand(Lane::Control);
            if between {
                let refused = refused(20_000, Strain::Pressed);
                learn(&mut limits, &shape, &create, &refused, Instant(20_010));
            }
            learn(&mut limits, &shape, &create, &GOOD, Instant(30_000));
            let later = refused(60_000, Strain::Rested);
            learn(&mut limits, &shape, &start(8), &later, Instant(60_010));
            assert!(limits.cap.cut_at.is_some());
            let cut = limits.control.rate.cut_at.is_some();
            assert_eq!(cut, expected, "{others} {between}");
        }
    }

    #[test]
    fn a_refusal_of_what_only_needed_a_full_bucket_is_about_the_burst() {
        // (calls since there was quiet that are refused, burst then, the rate is cut)
        let table: [(&[u32], u32, bool); 5] = [
            (&[4, 5, 6], 3, false),
            (&[6, 4, 5], 3, false),
            (&[11], 10, true),
            (&[1], 10, true),
            (&[11, 5], 10, true),
        ];
        for (nths, burst, is_cut) in table {
            let (mut limits, shape) = (KeyLimits::default(), Limits::default());
            let create = errand(Lane::Control);
            let places: Vec<_> =
                (0..12).map(|_| place(&mut limits, &shape, &create, NOW)).collect();
            for (late, nth) in (1..).zip(nths) {
                let Place::At { standing, .. } = places[*nth as usize - 1] else { unreachable!() };
                let failed = Some((FailureKind::RateLimited, Delivery::NotExecuted, None));
                let outcome = Outcome { reserved: NOW, standing, failed };
                learn(&mut limits, &shape, &create, &outcome, NOW.after(MS * late));
            }
            let learned = burst::value(&limits.control.burst, shape.control.burst);
            assert_eq!(learned, burst, "{nths:?}");
            let value = adaptive::value(&limits.control.rate, &shape.control.rate);
            assert_eq!(value < shape.control.rate.first, is_cut, "{nths:?}");
            let now = NOW.after(MS * 10);
            assert!(!holds(&mut limits, &create, NOW, now), "what was reserved is reserved anew");
            let Place::At { wait, .. } = place(&mut limits, &shape, &create, now) else {
                panic!("nothing is in the way")
            };
            assert!(wait > MS * 150, "{nths:?} {wait:?}: the service's bucket is empty");
        }
    }

    #[test]
    fn latches_fall_on_the_service_s_own_word() {
        use FailureKind as K;
        let credits = Some(Place::Stopped(K::InsufficientCredits));
        let key = Some(Place::Stopped(K::Unauthorized));
        let keyless = Errand { keyed: false, ..errand(Lane::Poll) };
        let table = [
            (start(1), K::InsufficientCredits, Delivery::NotExecuted, [credits, None, None, None]),
            (start(1), K::InsufficientCredits, Delivery::Ambiguous, [None; 4]),
            (errand(Lane::Poll), K::Unauthorized, Delivery::NotExecuted, [key; 4]),
            (keyless, K::Unauthorized, Delivery::NotExecuted, [None; 4]),
            (start(1), K::Unreachable, Delivery::NotExecuted, [None; 4]),
        ];
        for (errand, kind, delivery, expected) in table {
            let (limits, met) = after(&[(errand, failed(kind, delivery, None))]);
            assert_eq!(met, expected, "{kind:?} {delivery:?}");
            assert_eq!(obstacle(&limits, &keyless, NOW), None, "prices can always be asked for");
        }
    }

    #[test]
    fn a_start_soon_after_others_that_is_known_to_fit_is_refused_for_the_rate() {
        // (strain, known cap, others in flight, the cap is blamed)
        let table = [
            (Strain::Eased, 8.0, 3, false),
            (Strain::Eased, 8.0, 7, false),
            (Strain::Eased, 8.0, 8, true),
            (Strain::Pressed, 8.0, 8, true),
            (Strain::Eased, 0.0, 3, true),
            (Strain::Rested, 8.0, 3, true),
            (Strain::Pressed, 0.0, 3, false),
        ];
        for (strain, ceiling, others, expected) in table {
            let (mut limits, shape) = (KeyLimits::default(), Limits::default());
            (limits.cap.value, limits.cap.ceiling) = (8.0, ceiling);
            let failed = Some((FailureKind::RateLimited, Delivery::NotExecuted, None));
            let standing = Standing { strain, ..Standing::FREE };
            let outcome = Outcome { reserved: NOW, standing, failed };
            learn(&mut limits, &shape, &start(others), &outcome, NOW);
            let blamed = (limits.cap.cut_at.is_some(), limits.control.rate.cut_at.is_some());
            assert_eq!(blamed, (expected, !expected), "{strain:?} {ceiling} {others}");
        }
    }
}
