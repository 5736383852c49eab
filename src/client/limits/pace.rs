//! Rate limit, learned from refusals (429).
//!
//! Each job needs one upload, one create and one start, so every limit of a service reduces to one
//! number, whichever calls its token buckets count: *rounds* a second, where a round is one call of
//! each kind. Each kind is spaced by the round. Kinds that were refused are assumed to share one
//! bucket, and are also spaced among each other.
//!
//! The rate grows with each accepted round until the first refusal. A refusal cuts it once: to the rate
//! measured since the last cut if that was recent (excluding times in which no call waited); otherwise to
//! the geometric mean of that and the current rate; to half if nothing was measured. It
//! recovers along a cubic curve that is flat around the old ceiling (as in CUBIC), and grows
//! exponentially beyond it. Only calls that were delayed by the pace let it grow.

use std::time::Duration;

use super::config::{LimitTuning, PaceBounds};
use crate::model::Instant;
use crate::model::limits::Pace;

/// Slowest rate, one round in 100 s. Bounds the damage of a wrong measurement.
const MIN_RATE: f64 = 0.01;

const MICROS_PER_SECOND: f64 = 1_000_000.0;

/// Permitted rounds a second.
#[must_use]
pub fn rate(pace: &Pace, bounds: &PaceBounds) -> f64 {
    clamp_rate(if pace.rate > 0.0 { pace.rate } else { bounds.initial }, bounds)
}

fn clamp_rate(rate: f64, bounds: &PaceBounds) -> f64 {
    rate.clamp(MIN_RATE, bounds.max.max(MIN_RATE))
}

/// `true` once a refusal has shown a limit.
#[must_use]
pub fn is_known(pace: &Pace) -> bool {
    pace.ceiling > 0.0
}

/// Admits a call of `kind`, or returns the time until the next check.
pub fn admit(
    pace: &mut Pace,
    bounds: &PaceBounds,
    kind: usize,
    now: Instant,
) -> Result<(), Duration> {
    let at = micros(now);
    let round = MICROS_PER_SECOND / rate(pace, bounds);
    let gap = round / kinds_in_shared_bucket(pace, bounds);
    reset_after_clock_change(pace, at, round);
    let kind_due = pace.kind_due_micros[kind].max(at);
    let shares = uses_shared_bucket(pace, kind);
    let shared_due = if shares { pace.due_micros.max(at) } else { 0 };
    let due = kind_due.max(shared_due);
    if due > at {
        return Err(Duration::from_micros(due - at));
    }
    pace.kind_due_micros[kind] = add(kind_due, round);
    if shares {
        let unused_since = pace.due_micros.max(pace.cut_at.map_or(at, micros));
        // Shorter gaps are scheduling jitter: the call was waiting.
        if add(unused_since, gap) < at {
            pace.unused_micros = pace.unused_micros.saturating_add(at - unused_since);
        }
        pace.due_micros = add(shared_due, gap);
    }
    Ok(())
}

/// Due times are at most two rounds ahead; later ones result from a clock change.
fn reset_after_clock_change(pace: &mut Pace, at: u64, round: f64) {
    let latest = add(at, round * 3.0);
    for due in pace.kind_due_micros.iter_mut().chain([&mut pace.due_micros]) {
        if *due > latest {
            *due = at;
        }
    }
}

/// Takes the next slot of the shared bucket for a call of another pace, or returns the time until
/// it is free.
pub fn take_shared_slot(
    pace: &mut Pace,
    bounds: &PaceBounds,
    now: Instant,
) -> Result<(), Duration> {
    let at = micros(now);
    if pace.due_micros > at {
        return Err(Duration::from_micros(pace.due_micros - at));
    }
    pace.due_micros =
        add(at, MICROS_PER_SECOND / rate(pace, bounds) / kinds_in_shared_bucket(pace, bounds));
    Ok(())
}

/// Records an accepted call of another pace, sent at `sent`, that took a slot of the shared bucket:
/// it is part of the rate that the bucket lets through.
pub(crate) fn on_shared_slot_accepted(pace: &mut Pace, bounds: &PaceBounds, sent: Instant) {
    if pace.cut_at.is_none_or(|cut| sent > cut) {
        pace.accepted_rounds += 1.0 / kinds_in_shared_bucket(pace, bounds);
    }
}

/// Records an accepted call of `kind`, sent at `sent`. `was_delayed` if only the pace had delayed
/// it.
pub fn on_accepted(
    pace: &mut Pace,
    bounds: &PaceBounds,
    kind: usize,
    (sent, now): (Instant, Instant),
    was_delayed: bool,
) {
    if !uses_shared_bucket(pace, kind) || pace.cut_at.is_some_and(|cut| sent <= cut) {
        return;
    }
    let rounds = 1.0 / kinds_in_shared_bucket(pace, bounds);
    pace.accepted_rounds += rounds;
    if !was_delayed {
        return;
    }
    let before = rate(pace, bounds);
    let grown = if is_known(pace) {
        // A cut has no time after a reboot: recovery then starts at the first call.
        let since = now.since(*pace.cut_at.get_or_insert(now)).as_secs_f64();
        let tuning = &bounds.tuning;
        let back = recovery_curve(tuning, pace.ceiling, since / recovery_seconds(tuning, before));
        back.clamp(before, before * (1.0 + tuning.cut))
    } else {
        before + rounds
    };
    pace.rate = clamp_rate(grown, bounds);
}

/// Rate after a cut; `part` is the elapsed share of the recovery time.
fn recovery_curve(tuning: &LimitTuning, ceiling: f64, part: f64) -> f64 {
    let from_ceiling = part - 1.0;
    if from_ceiling < 0.0 {
        ceiling * (1.0 + tuning.cut * from_ceiling.powi(3))
    } else {
        ceiling * (tuning.beyond * from_ceiling).exp()
    }
}

/// Time in which a rate recovers to its ceiling.
fn recovery_seconds(tuning: &LimitTuning, rate: f64) -> f64 {
    tuning.return_rounds / rate
}

/// Records a refused call of `kind`, sent at `sent`. Cuts the rate, except if the call was sent
/// before the last cut, or is the first refused one of its kind: that kind joins the shared bucket,
/// which may be the only correction needed. A pause that the service requested ends at `paused_until`:
/// in that time the calls wait, so that it counts in the measured rate.
pub fn on_refused(
    pace: &mut Pace,
    bounds: &PaceBounds,
    kind: usize,
    (sent, now): (Instant, Instant),
    paused_until: Option<Instant>,
) {
    pace.due_micros = pace.due_micros.max(paused_until.map_or(0, micros));
    let is_new = !std::mem::replace(&mut pace.refused_kinds[kind], true);
    if pace.cut_at.is_some_and(|cut| sent <= cut) {
        return;
    }
    if !(is_new && is_known(pace)) {
        cut(pace, bounds, now);
    }
    pace.cut_at = Some(now);
    pace.accepted_rounds = 0.0;
    pace.unused_micros = 0;
    // The bucket of the service is empty.
    let at = micros(now);
    let gap = MICROS_PER_SECOND / rate(pace, bounds) / kinds_in_shared_bucket(pace, bounds);
    pace.due_micros = pace.due_micros.max(add(at, gap));
    for due in &mut pace.kind_due_micros {
        *due = (*due).max(at);
    }
}

fn cut(pace: &mut Pace, bounds: &PaceBounds, now: Instant) {
    let before = rate(pace, bounds);
    let tuning = &bounds.tuning;
    let kept = 1.0 - tuning.cut;
    // Times without waiting calls do not show what the service would have accepted.
    let unused = Duration::from_micros(pace.unused_micros);
    let since = pace.cut_at.map(|cut| now.since(cut).saturating_sub(unused).as_secs_f64());
    let measured = since
        .filter(|since| pace.accepted_rounds >= 1.0 && *since > 0.0)
        .map(|since| pace.accepted_rounds / since);
    let was_cut_lately = since.is_some_and(|since| since < recovery_seconds(tuning, before) / 2.0);
    let after = match measured {
        // The bucket was empty at the last cut: it lets through exactly its rate.
        Some(passed) if was_cut_lately => (passed * kept).clamp(before / 2.0, before * kept),
        // It was not: its rate is between what passed and what was tried.
        Some(passed) => (passed.min(before) * before).sqrt() * kept,
        None => before / 2.0,
    };
    pace.rate = clamp_rate(after, bounds);
    // A refusal that measures nothing is a pause: the rate returns to what was known.
    if measured.is_some() || !is_known(pace) {
        pace.ceiling = pace.rate / kept;
    }
}

/// Undoes the last cut, whose refusal was due to another limit. `before` is the pace before that
/// cut.
pub fn undo_cut(pace: &mut Pace, before: &Pace, now: Instant) {
    pace.rate = pace.rate.max(before.rate);
    pace.ceiling = if is_known(before) { pace.ceiling.max(before.ceiling) } else { 0.0 };
    pace.refused_kinds = before.refused_kinds;
    pace.accepted_rounds = 0.0;
    pace.unused_micros = 0;
    pace.cut_at = Some(now);
}

fn uses_shared_bucket(pace: &Pace, kind: usize) -> bool {
    pace.refused_kinds[kind] || pace.refused_kinds.iter().all(|counted| !counted)
}

/// Number of kinds that share a bucket of the service; all kinds while none was refused.
fn kinds_in_shared_bucket(pace: &Pace, bounds: &PaceBounds) -> f64 {
    match pace.refused_kinds.iter().filter(|counted| **counted).count() {
        0 => bounds.kinds,
        #[expect(clippy::cast_precision_loss, reason = "at most four")]
        some => some as f64,
    }
}

fn micros(at: Instant) -> u64 {
    at.0.saturating_mul(1_000)
}

// Spans are at most 100 s in microseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn add(at: u64, span: f64) -> u64 {
    at.saturating_add(span.max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: PaceBounds =
        PaceBounds { initial: 5.0, max: 50.0, kinds: 3.0, tuning: LimitTuning::DEFAULT };
    const MS: Duration = Duration::from_millis(1);

    /// Sends calls of all kinds in turn, as soon as they are admitted, to a token bucket of `rate`
    /// calls a second that applies to the kinds in `counts`, for `seconds`. Returns accepted calls,
    /// refusals, and the pace.
    fn drive(
        mut pace: Pace,
        counts: [bool; 3],
        (rate, burst): (f64, f64),
        seconds: u64,
    ) -> (u32, u32, Pace) {
        let (mut tokens, mut accepted_calls, mut refusals) = (burst, 0, 0);
        let mut kind = 0;
        for ms in 0..seconds * 1_000 {
            let now = Instant(10_000 + ms);
            tokens = (tokens + rate / 1_000.0).min(burst);
            let was_delayed = match admit(&mut pace, &BOUNDS, kind, now) {
                Ok(()) => true,
                Err(_) => continue,
            };
            if counts[kind] && tokens < 1.0 {
                refusals += 1;
                on_refused(&mut pace, &BOUNDS, kind, (now, now.after(MS)), None);
                continue;
            }
            tokens -= f64::from(u8::from(counts[kind]));
            on_accepted(&mut pace, &BOUNDS, kind, (now, now.after(MS)), was_delayed);
            accepted_calls += 1;
            kind = (kind + 1) % 3;
        }
        (accepted_calls, refusals, pace)
    }

    #[test]
    fn the_pace_finds_the_limit_whichever_calls_are_counted() {
        // (kinds that the bucket applies to, calls a second, burst)
        let table = [
            ([true, true, true], 12.0, 1.0),
            ([true, true, true], 12.0, 20.0),
            ([false, true, true], 4.0, 2.0),
            ([false, false, true], 1.0, 5.0),
            ([true, false, false], 30.0, 3.0),
        ];
        for (counts, rate, burst) in table {
            let kinds = f64::from(counts.iter().map(|counted| u8::from(*counted)).sum::<u8>());
            let (_, _, learned) = drive(Pace::default(), counts, (rate, burst), 60);
            let (calls, refusals, _) = drive(learned, counts, (rate, burst), 600);
            let rounds = f64::from(calls) / 3.0 / 600.0;
            let best = rate / kinds;
            // A bucket of one call refuses every early call.
            let least = if burst > 1.0 { 0.9 } else { 0.85 };
            assert!(rounds > best * least, "{counts:?} {rate}: {rounds} of {best} rounds a second");
            assert!(rounds < best * 1.05, "{counts:?} {rate}: {rounds} of {best} rounds a second");
            let share = f64::from(refusals) / f64::from(calls);
            assert!(share < 0.02, "{counts:?} {rate}: {share} refused");
        }
    }

    #[test]
    fn refusals_of_what_was_sent_before_a_cut_belong_to_it() {
        let mut pace = Pace::default();
        on_refused(&mut pace, &BOUNDS, 2, (Instant(1_000), Instant(1_100)), None);
        let cut = pace;
        on_refused(&mut pace, &BOUNDS, 2, (Instant(1_050), Instant(1_200)), None);
        assert_eq!(pace, cut);
        assert!((rate(&pace, &BOUNDS) - 2.5).abs() < 1e-9, "half, while nothing is known");
        on_refused(&mut pace, &BOUNDS, 2, (Instant(1_150), Instant(1_300)), None);
        assert!(rate(&pace, &BOUNDS) < 2.5);
    }

    #[test]
    fn a_kind_that_is_refused_for_the_first_time_is_spaced_among_the_others() {
        let mut pace = Pace::default();
        on_refused(&mut pace, &BOUNDS, 2, (Instant(1_000), Instant(1_100)), None);
        on_refused(&mut pace, &BOUNDS, 1, (Instant(2_000), Instant(2_100)), None);
        assert!((rate(&pace, &BOUNDS) - 2.5).abs() < 1e-9, "no second cut");
        assert_eq!(admit(&mut pace, &BOUNDS, 1, Instant(2_299)), Err(MS));
        assert_eq!(admit(&mut pace, &BOUNDS, 1, Instant(2_300)), Ok(()));
        // Two kinds at 2.5 rounds a second: a call each 200 ms.
        assert_eq!(admit(&mut pace, &BOUNDS, 2, Instant(2_400)), Err(MS * 100));
        on_refused(&mut pace, &BOUNDS, 1, (Instant(2_500), Instant(2_600)), None);
        assert!(rate(&pace, &BOUNDS) < 2.5);
    }

    /// A pace of 4 rounds a second whose last cut was at 100 s.
    fn cut_at_100_s() -> Pace {
        let cut_at = Some(Instant(100_000));
        Pace { rate: 4.0, ceiling: 4.3, cut_at, refused_kinds: [true; 4], ..Pace::default() }
    }

    #[test]
    fn a_refusal_that_measures_nothing_is_a_pause() {
        for seconds in [0, 20] {
            let mut pace = cut_at_100_s();
            let at = |ms: u64| Instant(100_000 + seconds * 1_000 + ms);
            on_refused(&mut pace, &BOUNDS, 0, (at(100), at(200)), None);
            assert!(
                (pace.rate - 2.0).abs() < 1e-9 && (pace.ceiling - 4.3).abs() < 1e-9,
                "{pace:?}"
            );
            for nth in 1..=12 {
                on_accepted(&mut pace, &BOUNDS, 0, (at(nth * 400), at(nth * 400 + 1)), true);
            }
            assert!(pace.rate > 3.9, "{}", pace.rate);
        }
    }

    #[test]
    fn a_later_refusal_cuts_to_between_what_passed_and_what_was_tried() {
        // (seconds since the last cut, rounds accepted, rate after the cut, without the 7 %)
        let table = [(2, 6.0, 3.0), (20, 20.0, 2.0), (20, 60.0, 12_f64.sqrt())];
        for (seconds, accepted_rounds, expected) in table {
            let mut pace = Pace { accepted_rounds, ..cut_at_100_s() };
            let at = Instant(100_000 + seconds * 1_000);
            on_refused(&mut pace, &BOUNDS, 0, (at, at), None);
            let kept = 1.0 - LimitTuning::DEFAULT.cut;
            assert!((pace.rate - expected * kept).abs() < 0.01, "{seconds} s: {}", pace.rate);
        }
    }

    #[test]
    fn only_calls_that_were_held_back_let_it_grow() {
        let mut pace = Pace::default();
        for at in 0..100 {
            on_accepted(&mut pace, &BOUNDS, 0, (Instant(at), Instant(at + 1)), false);
        }
        assert!((rate(&pace, &BOUNDS) - BOUNDS.initial).abs() < 1e-9);
        on_accepted(&mut pace, &BOUNDS, 0, (Instant(200), Instant(201)), true);
        assert!(rate(&pace, &BOUNDS) > BOUNDS.initial);
    }

    #[test]
    fn a_pause_between_two_batches_is_not_measured() {
        let known = Pace { rate: 3.0, ceiling: 3.0, ..Pace::default() };
        // Two refusals with ten calls of a kind in between, with and without a pause of 20 s.
        let cut_after = |pause: u64| {
            let mut pace = known;
            on_refused(&mut pace, &BOUNDS, 2, (Instant(1_000), Instant(1_001)), None);
            let mut at = 1_001;
            for nth in 0..10 {
                at += if nth == 5 { pause } else { 0 };
                while admit(&mut pace, &BOUNDS, 2, Instant(at)).is_err() {
                    at += 1;
                }
                on_accepted(&mut pace, &BOUNDS, 2, (Instant(at), Instant(at + 1)), true);
            }
            on_refused(&mut pace, &BOUNDS, 2, (Instant(at + 300), Instant(at + 301)), None);
            rate(&pace, &BOUNDS)
        };
        let (at_once, later) = (cut_after(0), cut_after(20_000));
        assert!((later / at_once - 1.0).abs() < 0.05, "{at_once} and {later}");
    }

    #[test]
    fn a_pause_that_the_service_requested_is_measured() {
        let mut pace = Pace { rate: 40.0, ceiling: 40.0, ..Pace::default() };
        let at = |ms: u64| Instant(100_000 + ms);
        on_refused(&mut pace, &BOUNDS, 2, (at(0), at(1)), Some(at(1_000)));
        for nth in 0..5 {
            let sent = at(1_000 + nth * 30);
            assert_eq!(admit(&mut pace, &BOUNDS, 2, sent), Ok(()));
            on_accepted(&mut pace, &BOUNDS, 2, (sent, sent.after(MS)), true);
        }
        on_refused(&mut pace, &BOUNDS, 2, (at(1_150), at(1_151)), Some(at(2_150)));
        // Five rounds in 1.15 s; at most half of the rate is cut at once.
        assert!(pace.rate < 21.0, "{}", pace.rate);
    }

    #[test]
    fn a_cut_that_had_another_reason_is_taken_back() {
        let before = Pace { rate: 8.0, ceiling: 9.0, ..Pace::default() };
        let mut pace = before;
        on_refused(&mut pace, &BOUNDS, 2, (Instant(1_000), Instant(1_100)), None);
        undo_cut(&mut pace, &before, Instant(2_000));
        assert_eq!((pace.rate, pace.ceiling, pace.refused_kinds), (8.0, 9.0, before.refused_kinds));
        let mut unknown = Pace::default();
        on_refused(&mut unknown, &BOUNDS, 2, (Instant(1_000), Instant(1_100)), None);
        undo_cut(&mut unknown, &Pace::default(), Instant(2_000));
        assert!(!is_known(&unknown));
    }

    #[test]
    fn after_a_boot_it_grows_again() {
        let mut pace = Pace { rate: 2.0, ceiling: 2.2, ..Pace::default() };
        for at in 0..200 {
            let at = Instant(1_000 + at * 500);
            on_accepted(&mut pace, &BOUNDS, 0, (at, at.after(MS)), true);
        }
        assert!(pace.rate > 2.2, "{}", pace.rate);
    }

    #[test]
    fn a_call_of_another_pace_takes_one_slot_of_the_bucket() {
        // Two kinds at 2.5 rounds a second: a call each 200 ms.
        let (cut_at, refused_kinds) = (Some(Instant(1_000)), [true, false, true, false]);
        let mut pace = Pace { rate: 2.5, ceiling: 2.5, cut_at, refused_kinds, ..Pace::default() };
        assert_eq!(take_shared_slot(&mut pace, &BOUNDS, Instant(1_000)), Ok(()));
        assert_eq!(take_shared_slot(&mut pace, &BOUNDS, Instant(1_050)), Err(MS * 150));
        assert_eq!(take_shared_slot(&mut pace, &BOUNDS, Instant(1_200)), Ok(()));
        for (sent, rounds) in [(1_000, 0.0), (1_001, 0.5), (1_200, 1.0)] {
            on_shared_slot_accepted(&mut pace, &BOUNDS, Instant(sent));
            assert!((pace.accepted_rounds - rounds).abs() < 1e-9, "{sent}: {pace:?}");
        }
    }

    #[test]
    fn only_a_call_that_took_a_slot_since_the_cut_is_counted() {
        // (kinds that were refused, kind of the call, sent at, rounds)
        for (refused_kinds, kind, sent, rounds) in [
            ([true; 4], 0, 100_000, 0.0),
            ([true; 4], 0, 100_001, 0.25),
            ([true, false, false, false], 1, 100_001, 0.0),
            ([true, false, false, false], 0, 100_001, 1.0),
        ] {
            let mut pace = Pace { refused_kinds, ..cut_at_100_s() };
            on_accepted(&mut pace, &BOUNDS, kind, (Instant(sent), Instant(100_100)), true);
            assert!((pace.accepted_rounds - rounds).abs() < 1e-9, "{kind} {sent}: {pace:?}");
        }
    }

    #[test]
    fn a_due_time_after_three_rounds_is_of_another_clock() {
        let due = 1_000_000 + 3 * 400_000;
        for (due, admitted) in [(due, Err(MS * 1_200)), (due + 1, Ok(()))] {
            let mut pace = Pace { rate: 2.5, kind_due_micros: [due; 4], ..Pace::default() };
            assert_eq!(admit(&mut pace, &BOUNDS, 0, Instant(1_000)), admitted, "{due}");
        }
    }

    #[test]
    fn time_is_unused_once_a_slot_has_passed() {
        // One kind at 2.5 rounds a second, whose next slot is at 1 s: a call each 400 ms.
        for (at, unused_micros) in [(1_000, 0), (1_400, 0), (1_401, 401_000)] {
            let refused_kinds = [true, false, false, false];
            let (cut_at, due_micros) = (Some(Instant(0)), 1_000_000);
            let mut pace = Pace { rate: 2.5, cut_at, refused_kinds, due_micros, ..Pace::default() };
            assert_eq!(admit(&mut pace, &BOUNDS, 0, Instant(at)), Ok(()));
            assert_eq!(pace.unused_micros, unused_micros, "{at}");
        }
    }

    #[test]
    fn the_curve_is_flat_around_the_ceiling_and_grows_beyond_it() {
        let tuning = LimitTuning { cut: 0.5, beyond: 0.5, ..LimitTuning::DEFAULT };
        let table = [(0.0, 2.0), (0.5, 3.75), (1.0, 4.0), (3.0, 4.0 * std::f64::consts::E)];
        for (part, expected) in table {
            let rate = recovery_curve(&tuning, 4.0, part);
            assert!((rate - expected).abs() < 1e-9, "{part}: {rate}");
        }
    }

    #[test]
    fn a_measured_rate_is_bounded_by_what_was_tried() {
        let tuning = LimitTuning::DEFAULT;
        let kept = 1.0 - tuning.cut;
        let half_of_recovery = tuning.return_rounds / 4.0 / 2.0;
        // (seconds since the last cut, of which unused, rounds accepted, rate after the cut)
        let table = [
            (2.0, 0.0, 60.0, 4.0 * kept),
            (2.0, 0.0, 2.0, 2.0),
            (half_of_recovery, 0.0, 2.0 * half_of_recovery, 8_f64.sqrt() * kept),
            // No time to measure in.
            (0.2, 0.2, 2.0, 2.0),
        ];
        for (seconds, unused, accepted_rounds, expected) in table {
            let micros = |seconds: f64| u64::try_from(Duration::from_secs_f64(seconds).as_micros());
            let unused_micros = micros(unused).unwrap();
            let mut pace = Pace { accepted_rounds, unused_micros, ..cut_at_100_s() };
            let at = Instant(100_000).after(Duration::from_secs_f64(seconds));
            on_refused(&mut pace, &BOUNDS, 0, (at, at), None);
            assert!((pace.rate - expected).abs() < 1e-9, "{seconds} s: {}", pace.rate);
        }
    }
}
