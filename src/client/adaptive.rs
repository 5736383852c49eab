//! A rate that is not published is learned by trying: raised while all is well, cut when refused.
//!
//! Growth follows the cubic curve that TCP uses: fast while far below the last ceiling, slow
//! around it, and faster again once that has proved outdated. Progress is counted in *rounds*, one
//! round being as many good answers as the value of their time. A ceiling that does not move is
//! thus touched seldom, and few calls are refused.

use crate::model::Instant;
use crate::model::limits::AdaptiveState;

/// Share that a refusal takes away.
const CUT: f64 = 0.1;
/// Share that it takes away when hardly anything went well since the last one, since the limit has
/// fallen, and small steps would be many refusals; and when it is the very first, if the value had
/// grown until then, since that was as quick.
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
    pub(super) fn hold(&self, value: f64) -> f64 {
        value.clamp(self.min, self.max.max(self.min))
    }
}

/// What is allowed now.
#[must_use]
pub fn value(state: &AdaptiveState, bounds: &Bounds) -> f64 {
    bounds.hold(if state.value > 0.0 { state.value } else { bounds.first })
}

/// How a call stood to the rate that was allowed when it asked for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strain {
    /// There had been quiet: all that may go at once was there.
    Rested,
    /// Something of that was there.
    Eased,
    /// The call was not needed yet, and was put off to leave something of it to others.
    PutOff,
    /// Nothing was there, and the call had to wait.
    Pressed,
}

/// Takes note of a good answer. Only one that the limit had held back counts: a limit that nobody
/// comes near is not proved by it. And once a ceiling is known, the first `burst` calls since there was
/// quiet prove nothing: a bucket bears them that filled up at the service meanwhile. Neither do they
/// while calls are put off, which leaves such a bucket to be used. Before any ceiling is known, growth
/// is quick, and the first refusal takes its last round back.
pub fn good(state: &mut AdaptiveState, bounds: &Bounds, strain: Strain, burst: u32) {
    let now = value(state, bounds);
    state.value = now;
    if strain == Strain::Rested {
        state.since_quiet = 0;
        return;
    }
    state.since_quiet = state.since_quiet.saturating_add(1);
    let needs_proof = state.ceiling > 0.0 || strain == Strain::PutOff;
    if strain == Strain::Eased || (needs_proof && state.since_quiet <= burst) {
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
/// All refusals of what was decided before a cut are one episode with it, whenever it was sent.
/// Gives whether it was cut.
pub fn refused(
    state: &mut AdaptiveState,
    bounds: &Bounds,
    reserved: Instant,
    now: Instant,
) -> bool {
    if is_of_last_episode(state, reserved, now) {
        return false;
    }
    let before = value(state, bounds);
    let hardly_any = state.rounds < HARDLY_ANY;
    let is_far_off = if state.ceiling > 0.0 { hardly_any } else { !hardly_any };
    let share = if is_far_off { DEEP_CUT } else { CUT };
    let after = before * (1.0 - share);
    (state.before, state.ceiling_before) = (before, state.ceiling);
    state.ceiling = if is_far_off { after / (1.0 - CUT) } else { before };
    state.value = bounds.hold(after);
    state.rounds = 0.0;
    state.cut_at = Some(now);
    // The service's bucket is empty: what goes well from now on, its rate bears.
    state.since_quiet = u32::MAX;
    true
}

/// The last refusal turned out to be about something else: what was known before it holds again.
pub(super) fn revoke(state: &mut AdaptiveState) {
    state.value = state.before.max(state.value);
    let was_known = state.ceiling_before > 0.0;
    state.ceiling = if was_known { state.value.max(state.ceiling_before) } else { 0.0 };
    state.rounds = ROUNDS_TO_CEILING;
    state.cut_at = None;
}

/// Whether a refusal of what was decided at `reserved` belongs to the last cut. A cut in the future
/// comes from a broken clock.
pub(super) fn is_of_last_episode(state: &AdaptiveState, reserved: Instant, now: Instant) -> bool {
    state.cut_at.is_some_and(|cut| reserved <= cut && cut <= now)
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
                good(state, &BOUNDS, Strain::Pressed, 0);
                left -= 1.0;
            }
        }
    }

    #[test]
    fn nothing_is_learned_from_what_was_not_tried() {
        let mut state = AdaptiveState::default();
        assert!(close(value(&state, &BOUNDS), 4.0));
        for _ in 0..1_000 {
            good(&mut state, &BOUNDS, Strain::Rested, 10);
            good(&mut state, &BOUNDS, Strain::Eased, 10);
        }
        assert!(close(value(&state, &BOUNDS), 4.0));
    }

    #[test]
    fn what_a_full_bucket_at_the_service_bears_proves_nothing() {
        let quiet = |state: &mut AdaptiveState| good(state, &BOUNDS, Strain::Rested, 10);
        let mut state = AdaptiveState { ceiling: 20.0, ..AdaptiveState::default() };
        let grows = |state: &mut AdaptiveState| {
            let before = value(state, &BOUNDS);
            good(state, &BOUNDS, Strain::Pressed, 10);
            value(state, &BOUNDS) > before
        };
        quiet(&mut state);
        for _ in 0..3 {
            assert_eq!((0..10).filter(|_| grows(&mut state)).count(), 0);
            assert!(grows(&mut state) && grows(&mut state));
            quiet(&mut state);
        }
        refused(&mut state, &BOUNDS, Instant(1), Instant(2));
        assert!(grows(&mut state), "after a refusal its bucket is known to be empty");
        quiet(&mut state);
        assert!(!grows(&mut state), "and may be full again after a quiet time");
        (0..9).for_each(|_| good(&mut state, &BOUNDS, Strain::Eased, 10));
        assert!(grows(&mut state), "what did not have to wait has used it up as well");
    }

    #[test]
    fn what_is_put_off_proves_something_once_a_full_bucket_would_be_used_up() {
        let mut state = AdaptiveState::default();
        let grown = |state: &mut AdaptiveState, calls: u32| {
            (0..calls).for_each(|_| good(state, &BOUNDS, Strain::PutOff, 10));
            value(state, &BOUNDS)
        };
        assert!(close(grown(&mut state, 10), 4.0));
        assert!(grown(&mut state, 4) > 5.5);
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
    fn the_first_refusal_takes_the_last_round_of_quick_growth_back() {
        let mut state = AdaptiveState::default();
        go_well(&mut state, 3);
        let grown = state.value;
        refused(&mut state, &BOUNDS, Instant(1), Instant(2));
        assert!(close(state.value, grown * 0.7), "{grown} {}", state.value);
        go_well(&mut state, 12);
        assert!(state.value < grown * 0.8, "{}", state.value);
    }

    #[test]
    fn a_refusal_about_something_else_leaves_no_trace() {
        for ceiling in [0.0, 20.0] {
            let mut state = AdaptiveState { value: 20.0, ceiling, ..AdaptiveState::default() };
            refused(&mut state, &BOUNDS, Instant(1), Instant(2));
            assert!(state.value < 20.0);
            revoke(&mut state);
            assert!(close(state.value, 20.0) && close(state.ceiling, ceiling), "{state:?}");
            assert!(state.cut_at.is_none());
        }
    }

    #[test]
    fn one_episode_is_one_cut() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        let cuts = (0..20)
            .filter(|number| {
                refused(&mut state, &BOUNDS, Instant(900 + number), Instant(1_000 + number))
            })
            .count();
        assert_eq!(cuts, 1);
        assert!(close(state.value, 18.0));
    }

    #[test]
    fn a_refusal_soon_after_a_cut_cuts_deep() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        let refuse = |state: &mut AdaptiveState, at| {
            refused(state, &BOUNDS, Instant(at), Instant(at + 1));
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
    fn the_curve_is_flat_around_the_ceiling_and_steep_beyond() {
        let mut state = AdaptiveState { value: 40.0, ..AdaptiveState::default() };
        refused(&mut state, &BOUNDS, Instant(1), Instant(2));
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
        assert!(refused(&mut state, &BOUNDS, Instant(10), Instant(11)));
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
                good(state, &BOUNDS, Strain::Pressed, 0);
            } else {
                refusals += 1;
                refused(state, &BOUNDS, at, at);
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
            steps in proptest::collection::vec((0_u8..5, 0_u64..1_000), 0..200),
        ) {
            let mut state = AdaptiveState::default();
            let mut now = 0;
            for (what, passed) in steps {
                now += passed;
                match what {
                    0 => { refused(&mut state, &BOUNDS, Instant(now), Instant(now + 1)); }
                    1 => good(&mut state, &BOUNDS, Strain::Pressed, 3),
                    2 => good(&mut state, &BOUNDS, Strain::PutOff, 3),
                    3 => good(&mut state, &BOUNDS, Strain::Eased, 3),
                    _ => good(&mut state, &BOUNDS, Strain::Rested, 3),
                }
                let value = value(&state, &BOUNDS);
                proptest::prop_assert!((BOUNDS.min..=BOUNDS.max).contains(&value), "{}", value);
            }
        }
    }
}
