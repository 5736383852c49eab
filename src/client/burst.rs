//! How many calls may go at once after a quiet time. A service does not say how much its bucket holds; what is
//! configured is the most that is tried. A call that needed nothing but a full bucket and was refused
//! shows that the service's is smaller, and says nothing of the rate.

use crate::model::limits::BurstState;

/// What a whole burst that passed adds. So few calls are refused even where each burst is a single call.
const REGAINED: f64 = 1.0 / 64.0;

/// So many may go at once; at `most` what is configured.
#[must_use]
pub(super) fn value(state: &BurstState, most: u32) -> u32 {
    let most = most.max(1);
    // Between one and `most`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let learned = state.value.clamp(1.0, f64::from(most)) as u32;
    if state.value > 0.0 { learned } else { most }
}

/// There was quiet: all that may go at once is there.
pub(super) fn rested(state: &mut BurstState) {
    state.since_rest = Some(0);
}

/// Takes note of a call that is to be sent. Gives which one it is since there was quiet, unless one of
/// these was refused.
pub(super) fn sent(state: &mut BurstState) -> Option<u32> {
    let nth = state.since_rest?.saturating_add(1);
    state.since_rest = Some(nth);
    Some(nth)
}

/// The `nth` call since there was quiet went well. One that was the last of a whole burst lets a
/// little more be tried.
pub(super) fn good(state: &mut BurstState, most: u32, nth: Option<u32>) {
    let is_less = state.value > 0.0 && state.value < f64::from(most);
    if is_less && nth == Some(value(state, most)) {
        state.value = (state.value.max(1.0) + REGAINED).min(f64::from(most));
    }
}

/// The `nth` call since there was quiet was refused. Gives whether that was about the burst: the call needed
/// no more than a full one. One that was decided before the last refusal was known, `is_same`, may tell more
/// exactly what that one told, and nothing else.
pub(super) fn refused(state: &mut BurstState, most: u32, nth: Option<u32>, is_same: bool) -> bool {
    let allowed = value(state, most);
    // Where not even one passes, it is not the burst that is too large.
    let shown = nth.filter(|nth| (2..=allowed).contains(nth));
    if !is_same {
        (state.since_rest, state.was_blamed) = (None, shown.is_some());
    }
    if let Some(nth) = shown.filter(|_| state.was_blamed) {
        state.value = f64::from(nth - 1);
    }
    state.was_blamed
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u32 = 10;

    /// A service whose bucket holds `holds`; gives how many calls of one burst it refuses, of
    /// which the first `unheard` are sent before any answer is there.
    fn burst(state: &mut BurstState, holds: u32, unheard: u32) -> u32 {
        rested(state);
        let nths: Vec<_> = (0..value(state, MOST).min(unheard)).map(|_| sent(state)).collect();
        let mut refusals = 0;
        for nth in nths {
            if nth.unwrap() <= holds {
                good(state, MOST, nth);
            } else {
                assert!(refused(state, MOST, nth, refusals > 0));
                refusals += 1;
            }
        }
        refusals
    }

    #[test]
    fn a_smaller_bucket_is_found_at_once() {
        // (what it holds, sent before an answer, refused of three bursts, believed then)
        let table = [
            (10, 10, [0, 0, 0], 10),
            (20, 10, [0, 0, 0], 10),
            (9, 10, [1, 0, 0], 9),
            (3, 10, [7, 0, 0], 3),
            (3, 5, [2, 0, 0], 3),
            (1, 10, [9, 0, 0], 1),
        ];
        for (holds, unheard, expected, believed) in table {
            let mut state = BurstState::default();
            let refusals = [(); 3].map(|()| burst(&mut state, holds, unheard));
            assert_eq!((refusals, value(&state, MOST)), (expected, believed), "{holds} {unheard}");
        }
    }

    #[test]
    fn answers_that_come_out_of_order_tell_the_same() {
        let mut state = BurstState::default();
        rested(&mut state);
        let nths = [(); 10].map(|()| sent(&mut state));
        assert_eq!(nths[9], Some(10));
        for (number, nth) in [9, 6, 10, 7].into_iter().enumerate() {
            assert!(refused(&mut state, MOST, Some(nth), number > 0), "{nth}");
        }
        assert_eq!(value(&state, MOST), 5);
    }

    #[test]
    fn other_refusals_are_not_about_the_burst() {
        // (call since there was quiet, of an episode that is known)
        for (nth, is_same) in [(None, false), (Some(1), false), (Some(11), false), (Some(5), true)]
        {
            let mut state = BurstState::default();
            assert!(!refused(&mut state, MOST, nth, is_same), "{nth:?}");
            assert_eq!(value(&state, MOST), MOST, "{nth:?}");
        }
    }

    #[test]
    fn after_a_refusal_nothing_is_known_until_there_was_quiet() {
        let mut state = BurstState::default();
        rested(&mut state);
        assert_eq!([sent(&mut state), sent(&mut state)], [Some(1), Some(2)]);
        refused(&mut state, MOST, Some(2), false);
        assert_eq!(sent(&mut state), None);
        rested(&mut state);
        assert_eq!(sent(&mut state), Some(1));
    }

    #[test]
    fn what_was_lost_is_regained_slowly_and_never_more() {
        for holds in [1, 3, 8, 10] {
            let mut state = BurstState { value: 3.0, ..BurstState::default() };
            let (mut refusals, mut calls) = (0, 0);
            for _ in 0..2_000 {
                calls += value(&state, MOST);
                refusals += burst(&mut state, holds, MOST);
            }
            let (share, expected) = (f64::from(refusals) / f64::from(calls), holds.min(MOST));
            assert!(share < 0.02, "{holds}: {refusals} of {calls}");
            assert!((expected..=expected + 1).contains(&value(&state, MOST)), "{holds}: {state:?}");
        }
    }
}
