//! How many jobs may be in flight is not published either, and is learned from what is accepted and
//! refused. Unlike a rate it is a whole number, and each refusal tells it: what was in flight at the
//! time is all that there is room for.
//!
//! Before any refusal the cap doubles in each *round*, one round being as many starts as the cap of
//! their time. After one it stands at what was accepted, and is tried with one job more
//! every few rounds: seldom, while that goes wrong, and with twice the step each round once it goes
//! well, since a cap that has risen may have risen far.

use std::time::Duration;

use super::adaptive::{Bounds, is_of_last_episode, value};
use crate::model::Instant;
use crate::model::limits::AdaptiveState;

/// Growth a round before any refusal.
const FIRST_GROWTH: f64 = 1.0;
/// Rounds between a refusal and the next trial; doubled when that is refused as well.
const PATIENCE: f64 = 3.0;
/// The same, at most.
const PATIENCE_MAX: f64 = 12.0;
/// Share of the capacity that trials may cost. A refusal that comes with a pause stops all starts for
/// that time, in which a place that becomes free stays free for half of it: a pause of a round or more,
/// which is what a job takes, costs half a round and more.
const WORTH: f64 = 0.01;
/// The patience that a pause makes, at most.
const PATIENCE_FOR_PAUSES: f64 = 50.0;
/// Share that is left by a refusal that follows another one at once, well below the known cap: it
/// has fallen, and going down job by job would be many refusals.
const DEEP_CUT: f64 = 0.75;
/// What lies below this share of the known cap is well below it: a job or two may be in flight that
/// we do not count.
const WELL_BELOW: f64 = 0.85;
/// Rounds within which a refusal follows at once.
const AT_ONCE: f64 = 0.5;
/// Accepted starts beyond what is known to fit that prove it, at the most.
const PROOFS_MAX: f64 = 6.0;

/// Takes note of an accepted start that made it `used` jobs in flight.
pub(super) fn accepted(state: &mut AdaptiveState, bounds: &Bounds, used: f64, at: Instant) {
    let now = value(state, bounds);
    state.value = now;
    // When places become free together, the starts that fill them again do not all meet the cap;
    // half of it is taken to be close. One that nobody comes near is not proved.
    if used * 2.0 < now.floor() {
        return;
    }
    state.rounds += 1.0 / now.max(1.0);
    if state.ceiling <= 0.0 {
        state.value = bounds.hold(now * (1.0 + FIRST_GROWTH / now.max(1.0)));
        return;
    }
    if used > state.ceiling {
        state.proofs += 1;
    }
    if used > state.ceiling && state.proofs >= proofs(state, bounds) {
        state.proofs = 0;
        state.ceiling = used;
        state.step = if now.floor() <= used { state.step.max(1.0) * 2.0 } else { state.step };
        state.patience = 1.0;
    }
    if now < state.ceiling {
        state.value = bounds.hold((now + 1.0 / now.max(1.0)).min(state.ceiling));
    } else if now.floor() <= state.ceiling && state.rounds >= patience(state, at) {
        state.value = bounds.hold(state.ceiling + state.step.max(1.0));
        state.rounds = 0.0;
    }
}

/// How many accepted starts beyond what was believed to fit prove that it does. A job ends some time
/// before we know of it, and a start that takes its place then looks like one too many that is
/// accepted. The more jobs there are, the more often that happens; hardly ever several times in a row.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded")]
pub(super) fn proofs(state: &AdaptiveState, bounds: &Bounds) -> u32 {
    (value(state, bounds) / 2.0).clamp(1.0, PROOFS_MAX) as u32
}

/// Takes note of a start that was refused beside `held` jobs in flight, that was decided at
/// `reserved`, and that was answered with a wish for a `pause`. Refusals of what was decided before a
/// cut are one episode with it.
pub(super) fn refused(
    state: &mut AdaptiveState,
    bounds: &Bounds,
    (reserved, now): (Instant, Instant),
    held: f64,
    pause: Duration,
) {
    if is_of_last_episode(state, reserved, now) {
        return;
    }
    let before = value(state, bounds);
    let room = bounds.hold(before.min(held));
    let known = state.ceiling > 0.0;
    let as_known = known && room + 0.5 >= state.ceiling;
    let at_once = known && room < state.ceiling * WELL_BELOW && state.rounds < AT_ONCE;
    let longer = (state.patience * 2.0).clamp(PATIENCE, PATIENCE_MAX);
    state.patience = if as_known { longer } else { PATIENCE };
    state.pause = pause.as_secs_f64();
    state.before = before;
    state.ceiling = room;
    state.value = bounds.hold(if at_once { (room * DEEP_CUT).floor() } else { room });
    state.step = 1.0;
    state.rounds = 0.0;
    state.proofs = 0;
    state.cut_at = Some(now);
}

/// Rounds between a cut and the next trial: so many that a pause like the last one would cost no more
/// than a trial is worth, by the time that the rounds since the cut took.
fn patience(state: &AdaptiveState, now: Instant) -> f64 {
    let Some(cut) = state.cut_at.filter(|_| state.rounds > 0.0) else { return state.patience };
    let round = now.since(cut).as_secs_f64() / state.rounds;
    let rounds = if round > 0.0 { state.pause / round } else { 0.0 };
    let cost = if rounds < 1.0 { rounds * rounds / 2.0 } else { rounds - 0.5 };
    state.patience.max((cost / WORTH).min(PATIENCE_FOR_PAUSES))
}

/// Whether a start beside `others` in flight goes beyond what is known to fit; before anything is known,
/// whether it comes to what may be tried.
pub(super) fn is_trial(state: &AdaptiveState, bounds: &Bounds, others: f64) -> bool {
    if state.ceiling > 0.0 {
        others >= state.ceiling
    } else {
        others + 1.0 >= value(state, bounds).floor()
    }
}

/// The last refusal turned out to be about something else.
pub(super) fn revoke(state: &mut AdaptiveState, bounds: &Bounds) {
    state.value = bounds.hold(state.before.max(state.value));
    state.ceiling = state.value;
    state.rounds = AT_ONCE;
    state.proofs = 0;
    state.cut_at = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { min: 1.0, max: 64.0, first: 4.0 };

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded")]
    fn whole(state: &AdaptiveState) -> u32 {
        value(state, &BOUNDS) as u32
    }

    /// Rounds of accepted starts that fill the cap; gives the cap after each.
    fn rounds(state: &mut AdaptiveState, number: u32) -> Vec<u32> {
        let round = |_| {
            let cap = value(state, &BOUNDS).floor();
            let mut left = cap;
            while left > 0.0 {
                let used = value(state, &BOUNDS).floor();
                accepted(state, &BOUNDS, used, Instant::default());
                left -= 1.0;
            }
            whole(state)
        };
        (0..number).map(round).collect()
    }

    fn refuse(state: &mut AdaptiveState, at: u64, held: f64) -> u32 {
        refused(state, &BOUNDS, (Instant(at), Instant(at + 1)), held, Duration::ZERO);
        whole(state)
    }

    #[test]
    fn nothing_is_learned_from_what_was_not_tried() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        for _ in 0..1_000 {
            accepted(&mut state, &BOUNDS, 5.0, Instant::default());
        }
        assert_eq!(whole(&state), 20);
    }

    #[test]
    fn before_any_refusal_growth_is_quick_and_bounded() {
        let mut state = AdaptiveState::default();
        assert_eq!(rounds(&mut state, 8), [8, 16, 32, 64, 64, 64, 64, 64]);
    }

    #[test]
    fn a_refusal_tells_the_cap_and_it_is_tried_again_ever_more_seldom() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        assert_eq!(refuse(&mut state, 10, 8.0), 8);
        let mut waits = Vec::new();
        for trial in 2..6 {
            let mut waited = 0;
            while value(&state, &BOUNDS).floor() <= 8.0 {
                accepted(&mut state, &BOUNDS, 8.0, Instant::default());
                waited += 1;
            }
            waits.push(waited / 8);
            assert_eq!(refuse(&mut state, trial * 10, 8.0), 8);
        }
        assert_eq!(waits, [3, 6, 12, 12]);
    }

    #[test]
    fn trials_that_stop_all_starts_for_long_are_made_more_seldom() {
        // (pause in milliseconds, known before, starts until the next trial, one each 250 ms)
        let table = [
            (0, false, 24),
            (200, false, 24),
            (1_000, false, 100),
            (1_600, true, 256),
            (60_000, true, 400),
            (0, true, 48),
        ];
        for (pause, known, expected) in table {
            let ceiling = if known { 8.0 } else { 0.0 };
            let mut state = AdaptiveState {
                value: 9.0,
                ceiling,
                patience: PATIENCE,
                ..AdaptiveState::default()
            };
            let mut now = Instant(7_000);
            refused(&mut state, &BOUNDS, (now, now), 8.0, Duration::from_millis(pause));
            let mut starts: i32 = 0;
            while whole(&state) == 8 {
                now = now.after(Duration::from_millis(250));
                accepted(&mut state, &BOUNDS, 8.0, now);
                starts += 1;
            }
            assert!((starts - expected).abs() <= 1, "{pause} {known}: {starts}");
        }
    }

    #[test]
    fn a_cap_that_has_risen_is_followed_with_doubled_steps() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        refuse(&mut state, 10, 8.0);
        let caps = rounds(&mut state, 8);
        assert_eq!(caps[..3], [8, 8, 9], "patience first");
        assert!(caps[7] >= 30, "{caps:?}");
    }

    #[test]
    fn one_accepted_start_beyond_what_is_known_to_fit_proves_nothing_yet() {
        let known =
            |cap: f64| AdaptiveState { value: cap, ceiling: cap, ..AdaptiveState::default() };
        // (what is tried, accepted starts that prove it)
        for (tried, expected) in
            [(2.0, 1), (3.0, 1), (4.0, 2), (7.0, 3), (8.0, 4), (12.0, 6), (21.0, 6)]
        {
            let mut state = AdaptiveState { value: tried, ..known(tried - 1.0) };
            let proofs = (1..10)
                .find(|_| {
                    accepted(&mut state, &BOUNDS, tried, Instant::default());
                    state.ceiling >= tried
                })
                .unwrap();
            assert_eq!(proofs, expected, "{tried}");
        }
        let mut state = AdaptiveState { value: 21.0, patience: 6.0, ..known(20.0) };
        (0..3).for_each(|_| accepted(&mut state, &BOUNDS, 21.0, Instant::default()));
        assert_eq!(refuse(&mut state, 10, 20.0), 20, "three had taken the places of ended ones");
        assert!((state.patience - 12.0).abs() < 0.01, "which was no success: {state:?}");
        (0..3).for_each(|_| accepted(&mut state, &BOUNDS, 21.0, Instant::default()));
        assert!(state.ceiling < 20.5, "and is forgotten");
    }

    #[test]
    fn a_cap_that_has_fallen_is_found_with_few_refusals() {
        let mut state = AdaptiveState { value: 16.0, ceiling: 16.0, ..AdaptiveState::default() };
        rounds(&mut state, 2);
        let caps: Vec<u32> = [15.0, 11.0, 8.0]
            .iter()
            .zip(1..)
            .map(|(held, n)| refuse(&mut state, n * 10, *held))
            .collect();
        assert_eq!(caps, [15, 8, 6]);
        assert_eq!(rounds(&mut state, 3).last(), Some(&8), "and what was seen to fit comes back");
    }

    #[test]
    fn a_job_that_we_do_not_count_is_no_fallen_cap() {
        let mut state = AdaptiveState { value: 21.0, ceiling: 20.0, ..AdaptiveState::default() };
        assert_eq!(refuse(&mut state, 10, 19.0), 19);
        assert_eq!(refuse(&mut state, 20, 18.0), 18, "and so again, at once");
        assert_eq!(refuse(&mut state, 30, 12.0), 9, "which is something else");
    }

    #[test]
    fn a_start_beyond_what_is_known_to_fit_is_a_trial() {
        let state = |value, ceiling| AdaptiveState { value, ceiling, ..AdaptiveState::default() };
        // (state, others in flight, is a trial)
        let table = [
            (state(24.0, 20.0), 20.0, true),
            (state(24.0, 20.0), 19.0, false),
            (state(12.0, 20.0), 11.0, false),
            (state(24.0, 0.0), 20.0, false),
            (state(24.0, 0.0), 23.0, true),
            (state(0.0, 0.0), 3.0, true),
        ];
        for (state, others, expected) in table {
            assert_eq!(is_trial(&state, &BOUNDS, others), expected, "{state:?} {others}");
        }
    }

    #[test]
    fn twenty_refusals_at_once_are_one() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        for number in 0..20_u32 {
            let at = |early: u64| Instant(early + u64::from(number));
            let held = f64::from(20 - number);
            refused(&mut state, &BOUNDS, (at(900), at(1_000)), held, Duration::ZERO);
        }
        assert_eq!(whole(&state), 20);
        revoke(&mut state, &BOUNDS);
        assert_eq!(whole(&state), 20);
    }

    #[test]
    fn a_mistaken_refusal_is_taken_back() {
        let mut state = AdaptiveState { value: 20.0, ..AdaptiveState::default() };
        assert_eq!(refuse(&mut state, 10, 2.0), 2);
        revoke(&mut state, &BOUNDS);
        assert_eq!(whole(&state), 20);
        assert_eq!(refuse(&mut state, 10, 8.0), 8, "and hides no later one");
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
                    let held = ends.len() as f64;
                    refused(state, &BOUNDS, (Instant(*now), Instant(*now)), held, Duration::ZERO);
                    refusals += 1;
                    break;
                }
                ends.push(*now + 10);
                started += 1;
                accepted(state, &BOUNDS, ends.len() as f64, Instant(*now));
            }
            used += ends.len().min(places);
        }
        (used as f64 / (places as u64 * steps) as f64, f64::from(refusals) / f64::from(started))
    }

    #[test]
    fn a_cap_is_found_and_followed_with_few_refusals() {
        let (mut state, mut now) = (AdaptiveState::default(), 0);
        for places in [16, 8, 16, 32, 5] {
            // A phase of 100 service times, of which the first 20 are for learning.
            run_jobs(&mut state, &mut now, places, 200);
            let (used, refusals) = run_jobs(&mut state, &mut now, places, 800);
            assert!(used > 0.95 && refusals < 0.03, "{places}: {used} {refusals}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_leaves_its_bounds(
            steps in proptest::collection::vec((0_u8..5, 0_u64..1_000, 0.0..100.0_f64), 0..200),
        ) {
            let mut state = AdaptiveState::default();
            let mut now = 0;
            for (what, passed, held) in steps {
                now += passed;
                match what {
                    0 => {
                        let (times, pause) = ((Instant(now), Instant(now + 1)), Duration::from_millis(passed));
                        refused(&mut state, &BOUNDS, times, held, pause);
                    }
                    1 => revoke(&mut state, &BOUNDS),
                    _ => accepted(&mut state, &BOUNDS, held, Instant(now)),
                }
                let value = value(&state, &BOUNDS);
                proptest::prop_assert!((BOUNDS.min..=BOUNDS.max).contains(&value), "{}", value);
            }
        }
    }
}
