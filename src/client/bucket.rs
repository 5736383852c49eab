//! A token bucket that hands out send times instead of tokens (GCRA): whoever asks is told when to
//! send, and that time is theirs. There is nothing to wait for together, so there is no herd, and
//! the whole state is one number that one UPDATE can change.

use std::time::Duration;

use crate::model::Instant;
use crate::model::limits::BucketState;

const SECOND: f64 = 1_000_000.0;

/// How fast and how bursty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketShape {
    /// Requests a second.
    pub rate: f64,
    /// Requests that may go at once after a quiet time.
    pub burst: u32,
    /// The farthest that send times are handed out ahead. A state beyond it comes from a broken
    /// clock and counts as an empty one.
    pub horizon: Duration,
}

/// Reserves the next place and gives the wait until it.
pub fn reserve(state: &mut BucketState, shape: &BucketShape, now: Instant) -> Duration {
    let gap = gap_micros(shape.rate);
    let now = now.0.saturating_mul(1_000);
    let slack = gap.saturating_mul(u64::from(shape.burst.max(1) - 1));
    let horizon = u64::try_from(shape.horizon.as_micros()).unwrap_or(u64::MAX);
    let broken = state.full_at_micros > now.saturating_add(horizon).saturating_add(slack);
    let full_at = if broken { now } else { state.full_at_micros.max(now) };
    state.full_at_micros = full_at.saturating_add(gap);
    Duration::from_micros(full_at.saturating_sub(slack).saturating_sub(now))
}

/// For how long all that may go at once has been there; none if it is not.
#[must_use]
pub fn full_for(state: &BucketState, now: Instant) -> Option<Duration> {
    now.0.saturating_mul(1_000).checked_sub(state.full_at_micros).map(Duration::from_micros)
}

/// The wait until so much as `part` of the burst is there to be taken. Reserves nothing.
#[must_use]
pub fn until_spare(state: &BucketState, shape: &BucketShape, part: f64, now: Instant) -> Duration {
    let tokens = f64::from(shape.burst.max(1)) * (1.0 - part.clamp(0.0, 1.0));
    let gap = gap_micros(shape.rate);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of u32")]
    let may_lack = gap.saturating_mul(tokens as u64);
    let lacks = state.full_at_micros.saturating_sub(now.0.saturating_mul(1_000));
    Duration::from_micros(lacks.saturating_sub(may_lack)).min(shape.horizon)
}

/// The time in which an empty bucket fills up.
#[must_use]
pub fn refill(shape: &BucketShape) -> Duration {
    Duration::from_micros(gap_micros(shape.rate).saturating_mul(u64::from(shape.burst.max(1))))
}

/// Empties the bucket: places that were reserved are void, and the next one comes a gap from now.
pub fn empty(state: &mut BucketState, shape: &BucketShape, now: Instant) {
    let full_in = u64::try_from(refill(shape).as_micros()).unwrap_or(u64::MAX);
    state.full_at_micros = now.0.saturating_mul(1_000).saturating_add(full_in);
}

/// Time between two requests. A rate that is none, or next to it, is one in an hour.
fn gap_micros(rate: f64) -> u64 {
    let gap = if rate > 0.0 { SECOND / rate } else { f64::MAX };
    // Clamped to what fits just before.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let micros = gap.clamp(1.0, 3_600.0 * SECOND) as u64;
    micros
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: BucketShape =
        BucketShape { rate: 10.0, burst: 3, horizon: Duration::from_mins(10) };

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn what_can_be_spared_is_what_lies_over_a_share_of_the_burst() {
        let shape = BucketShape { burst: 10, ..SHAPE };
        let mut state = BucketState::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            waits.push(until_spare(&state, &shape, 0.5, Instant(1_000)).as_millis());
            reserve(&mut state, &shape, Instant(1_000));
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 100, 200]);
        assert_eq!(until_spare(&state, &shape, 0.5, Instant(1_250)), ms(50));
        assert_eq!(until_spare(&state, &shape, 0.5, Instant(9_000)), ms(0));
        assert_eq!(full_for(&state, Instant(1_250)), None);
        assert_eq!(full_for(&state, Instant(9_000)), Some(ms(7_200)));
        let broken = BucketState { full_at_micros: u64::MAX };
        assert_eq!(until_spare(&broken, &shape, 0.5, Instant(1_000)), shape.horizon);
    }

    #[test]
    fn an_emptied_bucket_hands_out_nothing_but_what_flows_in() {
        let mut state = BucketState::default();
        for _ in 0..20 {
            reserve(&mut state, &SHAPE, Instant(1_000));
        }
        let slower = BucketShape { rate: 5.0, ..SHAPE };
        empty(&mut state, &slower, Instant(1_100));
        let waits = [(); 3].map(|()| reserve(&mut state, &slower, Instant(1_100)).as_millis());
        assert_eq!(waits, [200, 400, 600]);
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_in_file() {
        let mut state = BucketState::default();
        // (now, wait): ten a second, three at once.
        let table = [
            (1_000, 0),
            (1_000, 0),
            (1_000, 0),
            (1_000, 100),
            (1_000, 200),
            (1_050, 250),
            (1_400, 0),   // its time had come: 1,400 was the next
            (1_400, 100), // and the burst is still used up
            (9_000, 0),
            (9_000, 0),
            (9_000, 0),
            (9_000, 100),
        ];
        for (number, (now, wait)) in table.into_iter().enumerate() {
            assert_eq!(reserve(&mut state, &SHAPE, Instant(now)), ms(wait), "{number}");
        }
    }

    #[test]
    fn a_broken_clock_neither_stalls_nor_bursts() {
        // A state from an hour ahead counts as none.
        let mut state = BucketState { full_at_micros: 3_600_000_000 };
        assert_eq!(reserve(&mut state, &SHAPE, Instant(1_000)), ms(0));
        let waits: Vec<_> = (0..4).map(|_| reserve(&mut state, &SHAPE, Instant(1_000))).collect();
        assert_eq!(waits, [ms(0), ms(0), ms(100), ms(200)]);
        // A jump ahead gives one burst and no more.
        let waits: Vec<_> =
            (0..5).map(|_| reserve(&mut state, &SHAPE, Instant(3_600_000))).collect();
        assert_eq!(waits, [ms(0), ms(0), ms(0), ms(100), ms(200)]);
    }

    #[test]
    fn odd_rates_are_slow_and_never_wild() {
        for rate in [0.0, -1.0, f64::NAN, 1e-300] {
            let mut state = BucketState::default();
            let shape = BucketShape { rate, burst: 1, ..SHAPE };
            assert_eq!(reserve(&mut state, &shape, Instant(0)), ms(0));
            assert_eq!(state.full_at_micros, 3_600_000_000, "{rate}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_window_holds_more_than_rate_and_burst(
            steps in proptest::collection::vec(0_u64..300, 1..60),
        ) {
            let mut state = BucketState::default();
            let mut now = 0;
            let mut sent: Vec<u64> = steps
                .iter()
                .map(|step| {
                    now += step;
                    now * 1_000 + u64::try_from(reserve(&mut state, &SHAPE, Instant(now)).as_micros()).unwrap()
                })
                .collect();
            sent.sort_unstable();
            for window in sent.windows(4) {
                // A fourth request is at least one gap behind the first of its three.
                proptest::prop_assert!(window[3] - window[0] >= 100_000, "{:?}", window);
            }
        }
    }
}
