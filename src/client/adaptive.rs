//! A limit that is not published is learned by trying: raised while all is well, cut when refused.
//! It serves for rates (requests a second) and for the cap on jobs in flight.
//!
//! Growth follows the cubic curve that TCP uses: fast while far below the last ceiling, slow
//! around it, and faster again once that has proved outdated. Progress is counted in *rounds*, one
//! round being as many good answers as the value of their time, so nothing depends on how long a
//! job takes. A ceiling that does not move is thus touched seldom, and few calls are refused.

use crate::model::Instant;
use crate::model::limits::AdaptiveState;

/// Share that a first refusal takes away.
const CUT: f64 = 0.1;
/// Share that a further refusal takes away when hardly anything went well in between: the limit
/// has fallen, and small steps would be many refusals.
const DEEP_CUT: f64 = 0.3;
/// Rounds until the value is back at its ceiling after a cut.
const ROUNDS_TO_CEILING: f64 = 12.0;
/// Rounds within which a further refusal cuts deep.
const HARDLY_ANY: f64 = 1.0;
/// Growth a round before any ceiling is known.
const FIRST_GROWTH: f64 = 0.5;

/// What may be learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Where to begin when nothing is known.
    pub first: f64,
}

impl Bounds {
    fn hold(&self, value: f64) -> f64 {
        value.clamp(self.min, self.max.max(self.min))
    }
}

/// What is allowed now.
#[must_use]
pub fn value(state: &AdaptiveState, bounds: &Bounds) -> f64 {
    bounds.hold(if state.value > 0.0 { state.value } else { bounds.first })
}

/// Whether `used` presses against the limit, so that a good answer says something of it. When
/// places become free together, the starts that fill them again do not all meet the limit; half of
/// it is taken to be close.
#[must_use]
pub fn presses(state: &AdaptiveState, bounds: &Bounds, used: f64) -> bool {
    used * 2.0 >= value(state, bounds).floor()
}

/// Takes note of a good answer. Only one that the limit had held back counts (`pressed`): a limit
/// that nobody comes near is not proved by it.
pub fn good(state: &mut AdaptiveState, bounds: &Bounds, pressed: bool) {
    let now = value(state, bounds);
    state.value = now;
    if !pressed {
        return;
    }
    let share = 1.0 / now.max(1.0);
    state.rounds += share;
    let grown = if state.ceiling > 0.0 {
        state.ceiling * cubic(state.rounds)
    } else {
        now * (1.0 + FIRST_GROWTH * share)
    };
    state.value = bounds.hold(grown.max(now));
}

/// The curve, as a share of the ceiling: `1 - CUT` at 0 rounds, flat around 1, then rising.
fn cubic(rounds: f64) -> f64 {
    1.0 + CUT * (rounds / ROUNDS_TO_CEILING - 1.0).powi(3)
}

/// Takes note of a refusal of something that was decided at `reserved`, by what was allowed then.
/// All refusals of what was decided before a cut are one episode with it, whenever it was sent. `held` is how much was seen to be accepted at the time,
/// where that is known: the limit cannot be above it. Gives whether it was cut.
pub fn refused(
    state: &mut AdaptiveState,
    bounds: &Bounds,
    reserved: Instant,
    now: Instant,
    held: Option<f64>,
) -> bool {
    // A cut in the future comes from a broken clock.
    if state.cut_at.is_some_and(|cut| reserved <= cut && cut <= now) {
        return false;
    }
    let before = value(state, bounds);
    let again = state.ceiling > 0.0 && state.rounds < HARDLY_ANY;
    let share = if again { DEEP_CUT } else { CUT };
    let top = bounds.hold(held.map_or(before, |held| before.min(held)));
    // Where it is known what was accepted, that is the limit, and there is nothing to guess.
    let after = if held.is_some() { top } else { before * (1.0 - share) };
    state.ceiling = if again && held.is_none() { after / (1.0 - CUT) } else { top };
    state.value = bounds.hold(after);
    state.rounds = if held.is_some() { ROUNDS_TO_CEILING } else { 0.0 };
    state.cut_at = Some(now);
    true
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BOUNDS: Bounds = Bounds { min: 1.0, max: 64.0, first: 4.0 };

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 0.01
    }

    /// Good answers until a round is full, `rounds` times.
    fn go_well(state: &mut AdaptiveState, rounds: u32) {
        for _ in 0..rounds {
            let mut left = value(state, &BOUNDS).round();
            while left > 0.0 {
                good(state, &BOUNDS, true);
                left -= 1.0;
            }
        }
    }

    #[test]
    fn nothing_is_learned_from_what_was_not_tried() {
        let mut state = AdaptiveState::default();
        assert!(close(value(&state, &BOUNDS), 4.0));
        for _ in 0..1_000 {
            good(&mut state, &BOUNDS, false);
        }
        assert!(close(value(&state, &BOUNDS), 4.0));
    }

    #[test]
    fn before_any_ceiling_growth_is_quick_and_bounded() {
        let mut state = AdaptiveState::default();
        go_well(&mut state, 2);
        let after_two = value(&state, &BOUNDS);
        assert!(after_two > 8.0 && after_two < 12.0, "{after_two}");
        go_well(&mut state, 20);
        assert!(close(value(&state, &BOUNDS), 64.0));
    }

    #[test]
    fn one_episode_is_one_cut() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        let cuts = (0..20)
            .filter(|number| {
                refused(&mut state, &BOUNDS, Instant(900 + number), Instant(1_000 + number), None)
            })
            .count();
        assert_eq!(cuts, 1);
        assert!(close(state.value, 18.0));
    }

    #[test]
    fn a_refusal_soon_after_a_cut_cuts_deep() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        let refuse = |state: &mut AdaptiveState, at| {
            refused(state, &BOUNDS, Instant(at), Instant(at + 1), None);
            state.value
        };
        let values: Vec<f64> = (1..=4).map(|n| refuse(&mut state, n * 10)).collect();
        for (value, expected) in values.iter().zip([18.0, 12.6, 8.82, 6.174]) {
            assert!(close(*value, expected), "{values:?}");
        }
        go_well(&mut state, 2);
        let before = state.value;
        assert!(close(refuse(&mut state, 100), before * 0.9));
        for at in 11..40 {
            refuse(&mut state, at * 10);
        }
        assert!(close(state.value, 1.0), "never below its bound");
    }

    #[test]
    fn what_was_accepted_tells_the_limit() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        assert!(refused(&mut state, &BOUNDS, Instant(1), Instant(2), Some(8.0)));
        assert!(close(state.value, 8.0));
        go_well(&mut state, 4);
        assert!(state.value < 9.0, "around the ceiling it is careful: {}", state.value);
        go_well(&mut state, 10);
        assert!(state.value >= 9.0, "and tries again: {}", state.value);
    }

    #[test]
    fn the_curve_is_flat_around_the_ceiling_and_steep_beyond() {
        let mut state = AdaptiveState { value: 40.0, ..AdaptiveState::default() };
        refused(&mut state, &BOUNDS, Instant(1), Instant(2), None);
        let mut values = Vec::new();
        for _ in 0..6 {
            go_well(&mut state, 6);
            values.push(format!("{:.0}", state.value));
        }
        assert_eq!(values.join(" "), "39 40 40 44 53 64");
    }

    #[test]
    fn a_cut_in_the_future_does_not_hide_refusals() {
        let mut state =
            AdaptiveState { value: 20.0, cut_at: Some(Instant(9_999)), ..AdaptiveState::default() };
        assert!(refused(&mut state, &BOUNDS, Instant(10), Instant(11), None));
    }

    /// A service that takes a number of jobs at a time, each of them for ten steps; gives the share
    /// of its places that were used, and the refusals for each job.
    fn run_jobs(state: &mut AdaptiveState, now: &mut u64, places: usize, steps: u64) -> (f64, f64) {
        let mut ends: Vec<u64> = Vec::new();
        let (mut used, mut started, mut refusals) = (0, 0, 0);
        for _ in 0..steps {
            *now += 1;
            ends.retain(|end| end > now);
            while (ends.len() as f64) < value(state, &BOUNDS).floor() {
                if ends.len() >= places {
                    refused(state, &BOUNDS, Instant(*now), Instant(*now), Some(ends.len() as f64));
                    refusals += 1;
                    break;
                }
                let pressed = presses(state, &BOUNDS, ends.len() as f64 + 1.0);
                ends.push(*now + 10);
                started += 1;
                good(state, &BOUNDS, pressed);
            }
            used += ends.len().min(places);
        }
        (used as f64 / (places as u64 * steps) as f64, f64::from(refusals) / f64::from(started))
    }

    #[test]
    fn a_cap_is_found_and_followed_with_few_refusals() {
        let (mut state, mut now) = (AdaptiveState::default(), 0);
        for places in [16, 8, 16] {
            // A phase of 100 service times, of which the first 20 are for learning.
            run_jobs(&mut state, &mut now, places, 200);
            let (used, refusals) = run_jobs(&mut state, &mut now, places, 800);
            assert!(used > 0.95 && refusals < 0.03, "{places}: {used} {refusals}");
        }
    }

    /// A service with a token bucket; gives the share of its rate that was used, and the share of
    /// calls that were refused.
    fn run_calls(
        state: &mut AdaptiveState,
        now: &mut f64,
        (rate, burst): (f64, f64),
        seconds: f64,
    ) -> (f64, f64) {
        let (mut tokens, end) = (0.0_f64, *now + seconds);
        let (mut passed, mut refusals) = (0, 0);
        while *now < end {
            let gap = 1.0 / value(state, &BOUNDS);
            *now += gap;
            tokens = (tokens + gap * rate).min(burst);
            let at = Instant(crate::model::time::millis(Duration::from_secs_f64(*now)));
            if tokens >= 1.0 {
                tokens -= 1.0;
                passed += 1;
                good(state, &BOUNDS, true);
            } else {
                refusals += 1;
                refused(state, &BOUNDS, at, at, None);
            }
        }
        (f64::from(passed) / (rate * seconds), f64::from(refusals) / f64::from(passed + refusals))
    }

    #[test]
    fn a_rate_is_found_and_followed_with_few_refusals() {
        for burst in [1.0, 5.0] {
            let (mut state, mut now) = (AdaptiveState::default(), 0.0);
            for rate in [10.0, 5.0, 20.0] {
                run_calls(&mut state, &mut now, (rate, burst), 60.0);
                let (used, refusals) = run_calls(&mut state, &mut now, (rate, burst), 600.0);
                assert!(used > 0.95 && refusals < 0.02, "{rate} {burst}: {used} {refusals}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_leaves_its_bounds(
            steps in proptest::collection::vec((0_u8..4, 0_u64..1_000, 0.0..100.0_f64), 0..200),
        ) {
            let mut state = AdaptiveState::default();
            let mut now = 0;
            for (what, passed, held) in steps {
                now += passed;
                match what {
                    0 => { refused(&mut state, &BOUNDS, Instant(now), Instant(now + 1), Some(held)); }
                    1 => { refused(&mut state, &BOUNDS, Instant(now), Instant(now + 1), None); }
                    _ => good(&mut state, &BOUNDS, what == 2),
                }
                let value = value(&state, &BOUNDS);
                proptest::prop_assert!((BOUNDS.min..=BOUNDS.max).contains(&value), "{}", value);
            }
        }
    }
}
