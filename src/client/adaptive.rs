//! A rate that is not published is learned by trying: raised while all is well, cut when refused.
//!
//! Growth follows the cubic curve that TCP uses: fast while far below the last ceiling, slow
//! around it, and faster again once that has proved outdated. Progress is counted in *rounds*, one
//! round being as many good answers as the value of their time. A ceiling that does not move is
//! thus touched seldom, and few calls are refused.
//!
//! A good answer proves little by itself: a service's bucket that filled up meanwhile bears much more
//! than its rate, for a while. So calls are counted, and a rate is *proved* by what went beyond such a
//! bucket in the time that passed. Once a ceiling is known, a rate that is far above what is proved does
//! not grow, and after a quiet time, when everything is likely to come at once, about what was
//! proved is believed.

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
/// A rate grows while at least this share of it is proved.
const PROVED_TO_GROW: f64 = 0.7;
/// What is believed once the bucket is full, as a share of what was proved: a little more, since what a
/// service may have borne at once is left out of each proof, and nobody may have needed more.
const BELIEVED: f64 = 1.15;
/// The same after a long quiet: a little less, since calls do not arrive as evenly as they are sent, above
/// all those of several processes that begin together.
const BELIEVED_AFTER_QUIET: f64 = 0.95;
/// Calls are counted anew after this many bursts, so that what passed long ago does not hide a limit
/// that has risen.
const COUNTED_BURSTS: i64 = 16;

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

/// What a good answer to a call would prove, by the calls that were counted up to it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Proof {
    /// Calls beyond those that the service may have borne at once.
    pub beyond: u32,
    /// Since when they are counted.
    pub from: Instant,
    /// When the last of them was to be sent.
    pub at: Instant,
    /// Whether there are so many that the service bears them in the long run.
    pub is_firm: bool,
}

impl Proof {
    /// Calls a second that the service bears if they arrived until `by`; 0 if it might bear all of them
    /// at once.
    fn rate(&self, by: Instant) -> f64 {
        if self.beyond == 0 {
            return 0.0;
        }
        f64::from(self.beyond) / by.since(self.from).as_secs_f64()
    }
}

/// There was quiet until `now`, `is_long` if a whole burst could have gone in it: the service can bear a
/// full `burst`, and of the rate no more than about what was proved is believed, or what the last
/// refusal left of it.
pub(super) fn quiet(
    state: &mut AdaptiveState,
    bounds: &Bounds,
    burst: u32,
    is_long: bool,
    now: Instant,
) {
    let was_left =
        if state.ceiling > 0.0 { state.ceiling * (1.0 - CUT) } else { bounds.hold(bounds.first) };
    let share = if is_long { BELIEVED_AFTER_QUIET } else { BELIEVED };
    let believed = was_left.max(state.proven * share);
    state.value = bounds.hold(value(state, bounds).min(believed));
    count_from(state, burst, now);
}

/// Counts a call that is to be sent at `at`, and gives what a good answer to it will prove: more than
/// fits into a full `burst` went in the time that has passed.
pub(super) fn count(state: &mut AdaptiveState, burst: u32, at: Instant) -> Proof {
    let is_old = state.beyond > i64::from(burst.max(1)) * (COUNTED_BURSTS - 1);
    let from = state.counted_from.filter(|from| *from <= at && !is_old);
    if from.is_none() {
        count_from(state, burst, at);
    }
    state.beyond += 1;
    let from = from.unwrap_or(at);
    let beyond = u32::try_from(state.beyond).unwrap_or(0);
    Proof { beyond: if from < at { beyond } else { 0 }, from, at, is_firm: beyond >= burst }
}

fn count_from(state: &mut AdaptiveState, burst: u32, at: Instant) {
    (state.counted_from, state.beyond) = (Some(at), -i64::from(burst));
}

/// Takes note of a good answer that came at `answered`, until when all that was counted had arrived; when
/// it was sent is no proof of that. Only an answer to what the limit had held back lets it grow: a limit
/// that nobody comes near is not proved by it. Before any ceiling is known, growth is quick where calls
/// stand in line, and the first refusal takes its last round back; else a rate grows only while most of it
/// is proved, or up to what was proved before.
pub fn good(
    state: &mut AdaptiveState,
    bounds: &Bounds,
    strain: Strain,
    proof: Proof,
    answered: Instant,
) {
    let now = value(state, bounds);
    state.value = now;
    if proof.is_firm {
        state.proven = state.proven.max(proof.rate(answered.max(proof.at)));
    }
    let needs_proof = (state.ceiling > 0.0 || strain == Strain::PutOff) && now >= state.proven;
    let was_held_back = matches!(strain, Strain::PutOff | Strain::Pressed);
    if !was_held_back || (needs_proof && proof.rate(proof.at) < now * PROVED_TO_GROW) {
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
    begin_episode(state, before, now);
    state.ceiling = if is_far_off { after / (1.0 - CUT) } else { before };
    state.value = bounds.hold(after);
    state.rounds = 0.0;
    state.proven = state.proven.min(before);
    true
}

/// A refusal that was not about the rate: nothing is cut, but what was decided before is one episode with
/// it.
pub(super) fn spared(state: &mut AdaptiveState, bounds: &Bounds, now: Instant) {
    let before = value(state, bounds);
    begin_episode(state, before, now);
}

fn begin_episode(state: &mut AdaptiveState, before: f64, now: Instant) {
    (state.before, state.ceiling_before) = (before, state.ceiling);
    state.proven_before = state.proven;
    state.cut_at = Some(now);
    // The service's bucket is empty: what goes well from now on, its rate bears.
    (state.counted_from, state.beyond) = (Some(now), 0);
}

/// The last refusal turned out to be about something else: what was known before it holds again.
pub(super) fn revoke(state: &mut AdaptiveState) {
    state.value = state.before.max(state.value);
    let was_known = state.ceiling_before > 0.0;
    state.ceiling = if was_known { state.value.max(state.ceiling_before) } else { 0.0 };
    state.proven = state.proven.max(state.proven_before);
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

    const NOW: Instant = Instant(1_000_000);

    /// What proves any rate.
    const PROVED: Proof = Proof { beyond: 1, from: NOW, at: NOW, is_firm: false };

    /// What proves so many tenths of a call a second.
    fn proof(tenths: u32, is_firm: bool) -> Proof {
        Proof { beyond: tenths * 100, from: Instant(0), at: NOW, is_firm }
    }

    /// Good answers until a round is full, `rounds` times.
    fn go_well(state: &mut AdaptiveState, rounds: u32) {
        for _ in 0..rounds {
            let mut left = value(state, &BOUNDS).round();
            while left > 0.0 {
                good(state, &BOUNDS, Strain::Pressed, PROVED, NOW);
                left -= 1.0;
            }
        }
    }

    #[test]
    fn nothing_is_learned_from_what_was_not_tried() {
        let mut state = AdaptiveState::default();
        assert!(close(value(&state, &BOUNDS), 4.0));
        for _ in 0..1_000 {
            good(&mut state, &BOUNDS, Strain::Rested, PROVED, NOW);
            good(&mut state, &BOUNDS, Strain::Eased, PROVED, NOW);
        }
        assert!(close(value(&state, &BOUNDS), 4.0));
    }

    #[test]
    fn a_rate_is_proved_by_what_goes_beyond_a_full_bucket() {
        let mut state = AdaptiveState::default();
        quiet(&mut state, &BOUNDS, 10, true, Instant(1_000));
        // (milliseconds, calls then, proved by the last of them, firm)
        let table = [
            (1_000, 10, 0.0, false),
            (1_250, 1, 4.0, false),
            (1_500, 1, 4.0, false),
            (3_000, 6, 4.0, false),
            (3_500, 2, 4.0, true),
            (6_000, 5, 3.0, true),
        ];
        for (at, calls, rate, is_firm) in table {
            let proofs = (0..calls).map(|_| count(&mut state, 10, Instant(at)));
            let last = proofs.last().unwrap();
            assert!(
                close(last.rate(Instant(at)), rate) && last.is_firm == is_firm,
                "{at} {last:?}"
            );
        }
        refused(&mut state, &BOUNDS, Instant(6_000), Instant(6_000));
        let proof = count(&mut state, 10, Instant(6_500));
        assert!(close(proof.rate(proof.at), 2.0), "its bucket is known to be empty");
        let rates = (1..200).map(|n| {
            let at = Instant(6_500 + n * 100);
            count(&mut state, 10, at).rate(at)
        });
        let anew = rates.collect::<Vec<_>>().windows(2).filter(|two| two[0] > two[1] * 2.0).count();
        assert_eq!(anew, 1, "after sixteen bursts it may have filled up for all that is known");
    }

    #[test]
    fn a_rate_grows_while_most_of_it_is_proved() {
        // (tenths proved, strain, ceiling, grows)
        let table = [
            (27, Strain::Pressed, 0.0, true),
            (27, Strain::Pressed, 4.1, false),
            (29, Strain::Pressed, 4.1, true),
            (27, Strain::PutOff, 0.0, false),
            (27, Strain::PutOff, 4.1, false),
            (29, Strain::PutOff, 0.0, true),
            (29, Strain::PutOff, 4.1, true),
            (29, Strain::Eased, 0.0, false),
        ];
        for (proved, strain, ceiling, grows) in table {
            let known = AdaptiveState { value: 4.0, ceiling, ..AdaptiveState::default() };
            let mut state = AdaptiveState { proven: 6.0, ..known };
            (0..20).for_each(|_| good(&mut state, &BOUNDS, strain, Proof::default(), NOW));
            assert_eq!(state.value > 4.0, strain != Strain::Eased, "what was proved before");
            let mut state = known;
            let proof = proof(proved, false);
            (0..20).for_each(|_| good(&mut state, &BOUNDS, strain, proof, NOW));
            assert_eq!(state.value > 4.0, grows, "{proved} {strain:?} {ceiling}");
        }
    }

    #[test]
    fn after_a_quiet_time_about_what_was_proved_is_believed() {
        let firm = |rate: u32| proof(rate * 10, true);
        // (value, ceiling, proofs, believed after quiet)
        let table = [
            (16.0, 0.0, vec![firm(10)], 9.5),
            (16.0, 0.0, vec![firm(8), firm(10), firm(6)], 9.5),
            (16.0, 0.0, vec![proof(100, false)], 4.0),
            (16.0, 0.0, vec![firm(2)], 4.0),
            (3.0, 0.0, vec![firm(10)], 3.0),
            (16.0, 12.0, vec![firm(2)], 10.8),
            (16.0, 12.0, vec![firm(12)], 11.4),
            (16.0, 12.0, vec![firm(15)], 14.25),
        ];
        for (value, ceiling, proofs, expected) in table {
            let mut state = AdaptiveState { value, ceiling, ..AdaptiveState::default() };
            for proof in &proofs {
                good(&mut state, &BOUNDS, Strain::Eased, *proof, NOW);
            }
            quiet(&mut state, &BOUNDS, 10, true, Instant(1_000));
            assert!(close(state.value, expected), "{value} {ceiling} {proofs:?}: {}", state.value);
        }
        let mut state = AdaptiveState { value: 16.0, proven: 10.0, ..AdaptiveState::default() };
        quiet(&mut state, &BOUNDS, 10, false, Instant(1_000));
        assert!(close(state.value, 11.5), "nobody may have needed more: {}", state.value);
    }

    #[test]
    fn only_what_was_answered_is_proved() {
        let mut state = AdaptiveState::default();
        quiet(&mut state, &BOUNDS, 10, true, Instant(1_000));
        // Ten a second as they were sent, but all may have arrived as late as the answer says.
        let proofs: Vec<Proof> = (0..20_u64)
            .map(|n| count(&mut state, 10, Instant(1_000 + n.saturating_sub(9) * 100)))
            .collect();
        good(&mut state, &BOUNDS, Strain::Eased, proofs[19], Instant(3_000));
        assert!(close(state.proven, 5.0), "{}", state.proven);
    }

    #[test]
    fn a_refusal_that_is_not_about_the_rate_cuts_nothing_and_begins_an_episode() {
        let known = AdaptiveState { value: 9.0, ceiling: 10.0, proven: 8.0, ..Default::default() };
        let mut state = known;
        spared(&mut state, &BOUNDS, Instant(1_000));
        assert_eq!((state.value, state.ceiling, state.proven), (9.0, 10.0, 8.0));
        assert!(!refused(&mut state, &BOUNDS, Instant(990), Instant(1_010)), "one episode");
        assert!(refused(&mut state, &BOUNDS, Instant(1_020), Instant(1_030)));
        let mut state = known;
        spared(&mut state, &BOUNDS, Instant(1_000));
        revoke(&mut state);
        assert_eq!((state.value, state.ceiling, state.proven), (9.0, 10.0, 8.0));
    }

    #[test]
    fn what_was_refused_is_proved_no_more() {
        let mut state = AdaptiveState { value: 10.0, proven: 18.0, ..AdaptiveState::default() };
        refused(&mut state, &BOUNDS, Instant(1), Instant(2));
        assert!(close(state.proven, 10.0));
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
            let known = AdaptiveState { value: 20.0, ceiling, ..AdaptiveState::default() };
            let mut state = AdaptiveState { proven: 25.0, ..known };
            refused(&mut state, &BOUNDS, Instant(1), Instant(2));
            assert!(state.value < 20.0);
            revoke(&mut state);
            assert!(close(state.value, 20.0) && close(state.ceiling, ceiling), "{state:?}");
            assert!(close(state.proven, 25.0));
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
        // More than any of the services has.
        let burst_believed = 10;
        let (mut passed, mut refusals) = (0, 0);
        while *now < end {
            let gap = 1.0 / value(state, &BOUNDS);
            *now += gap;
            tokens = (tokens + gap * rate).min(burst);
            let at = Instant(crate::model::time::millis(Duration::from_secs_f64(*now)));
            let proof = count(state, burst_believed, at);
            if tokens >= 1.0 {
                tokens -= 1.0;
                passed += 1;
                good(state, &BOUNDS, Strain::Pressed, proof, at);
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
                    1 => quiet(&mut state, &BOUNDS, 3, passed > 500, Instant(now)),
                    2 => good(&mut state, &BOUNDS, Strain::PutOff, PROVED, Instant(now)),
                    _ => {
                        let proof = count(&mut state, 3, Instant(now));
                        good(&mut state, &BOUNDS, Strain::Pressed, proof, Instant(now));
                    }
                }
                let value = value(&state, &BOUNDS);
                proptest::prop_assert!((BOUNDS.min..=BOUNDS.max).contains(&value), "{}", value);
            }
        }
    }
}
