//! A circuit breaker for each host. A surge of failures opens it; after a cooldown one probe is sent,
//! and if that succeeds, calls are permitted again, at the pace of their key:
//!
//! ```text
//! closed --surge--> open --cooldown--> probing --success--> closed
//!                    ^                    |
//!                    +----- failure ------+   (doubles the cooldown)
//! ```

use std::time::Duration;

use crate::model::limits::{BreakerPhase, HostLimits};
use crate::model::{FailureKind, Instant};

/// Failures that open a breaker, if they are also more than half of the recent results.
const FAILURE_THRESHOLD: f64 = 5.0;
/// Half-life of the counts of successes and failures.
const HALF_LIFE: Duration = Duration::from_secs(10);
/// Longest cooldown, and the time without an opening after which the next one is the first again.
const COOLDOWN_MAX: Duration = Duration::from_mins(5);
/// Time after which a probe is considered lost, since its process may have ended, and another is
/// permitted.
const PROBE_TIMEOUT: Duration = Duration::from_secs(75);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerDecision {
    /// Send now.
    Go,
    /// Send now, as the probe.
    Probe,
    /// Check again after this time.
    CheckAfter(Duration),
}

/// Decides whether a call may be sent to the host. `cooldown` is the first one, and doubles with each
/// further opening. The first call of a process (`is_new`) passes an
/// open breaker as an extra probe, whose failure does not extend the cooldown.
pub fn check(
    state: &mut HostLimits,
    cooldown: Duration,
    is_new: bool,
    now: Instant,
) -> BreakerDecision {
    match state.phase {
        BreakerPhase::Open { .. } | BreakerPhase::Probing { .. } if is_new => BreakerDecision::Go,
        BreakerPhase::Closed => BreakerDecision::Go,
        BreakerPhase::Open { until } => match until.since(now) {
            // An implausibly distant end results from a clock change.
            wait if !wait.is_zero() && wait <= COOLDOWN_MAX => BreakerDecision::CheckAfter(wait),
            _ => probe(state, now),
        },
        BreakerPhase::Probing { since } => {
            let left = PROBE_TIMEOUT.saturating_sub(now.since(since));
            if left.is_zero() || since > now {
                probe(state, now)
            } else {
                BreakerDecision::CheckAfter(left.min(cooldown))
            }
        }
    }
}

fn probe(state: &mut HostLimits, now: Instant) -> BreakerDecision {
    state.phase = BreakerPhase::Probing { since: now };
    BreakerDecision::Probe
}

/// Failures that count against the host. A refusal, including 429, shows that it is alive.
#[must_use]
pub fn is_host_failure(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Unavailable | FailureKind::Unreachable | FailureKind::Broken)
}

/// Records a success.
pub fn on_success(state: &mut HostLimits, now: Instant) {
    decay(state, now);
    state.successes += 1.0;
    // Calls sent before the breaker opened may still succeed, which is sufficient evidence.
    if matches!(state.phase, BreakerPhase::Probing { .. } | BreakerPhase::Open { .. }) {
        state.phase = BreakerPhase::Closed;
        state.closed_at = Some(now);
        (state.successes, state.failures) = (0.0, 0.0);
    }
}

/// Records a failure for which [`is_host_failure`] holds. Returns `true` if it opened the breaker.
pub fn on_failure(state: &mut HostLimits, cooldown: Duration, now: Instant) -> bool {
    decay(state, now);
    state.failures += 1.0;
    let opens = match state.phase {
        BreakerPhase::Open { .. } => false,
        BreakerPhase::Probing { .. } => true,
        // Tolerates slight decay between the failures.
        BreakerPhase::Closed => {
            state.failures + 0.5 >= FAILURE_THRESHOLD && state.failures > state.successes
        }
    };
    if opens {
        open(state, cooldown, now);
    }
    opens
}

fn open(state: &mut HostLimits, cooldown: Duration, now: Instant) {
    let forgiven = state.closed_at.is_none_or(|closed| now.since(closed) >= COOLDOWN_MAX);
    let probing = matches!(state.phase, BreakerPhase::Probing { .. });
    state.flaps = if forgiven && !probing { 0 } else { state.flaps.saturating_add(1) };
    let factor = 2_u32.checked_pow(state.flaps).unwrap_or(u32::MAX);
    let cooldown = cooldown.saturating_mul(factor).min(COOLDOWN_MAX);
    state.phase = BreakerPhase::Open { until: now.after(cooldown) };
    (state.successes, state.failures) = (0.0, 0.0);
}

/// Applies the exponential decay to both counts.
fn decay(state: &mut HostLimits, now: Instant) {
    let passed = state.counted_at.map_or(Duration::ZERO, |then| now.since(then));
    let left = (-passed.as_secs_f64() / HALF_LIFE.as_secs_f64()).exp2();
    state.successes *= left;
    state.failures *= left;
    state.counted_at = Some(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(15);

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    fn at(second: u64) -> Instant {
        Instant(second * 1_000)
    }

    /// A host whose breaker opened at second 100, for 15 s.
    fn opened() -> HostLimits {
        let mut host = HostLimits::default();
        let opened: Vec<bool> = (0..5).map(|_| on_failure(&mut host, COOLDOWN, at(100))).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        host
    }

    #[test]
    fn only_a_surge_opens() {
        // (successes, failures, seconds in between, opens)
        let table = [
            (0, 4, 0, false),
            (0, 5, 0, true),
            (10, 9, 0, false), // fewer than half
            (0, 9, 30, false), // each is forgotten before the next
            (0, 9, 1, true),
        ];
        for (good, bad, between, expected) in table {
            let mut host = HostLimits::default();
            for _ in 0..good {
                on_success(&mut host, at(0));
            }
            let opens =
                (0..bad).any(|number| on_failure(&mut host, COOLDOWN, at(number * between)));
            assert_eq!(opens, expected, "{good} {bad} {between}");
        }
    }

    #[test]
    fn after_the_cool_down_one_call_tries() {
        let mut host = opened();
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(100)),
            BreakerDecision::CheckAfter(seconds(15))
        );
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(114)),
            BreakerDecision::CheckAfter(seconds(1))
        );
        assert_eq!(check(&mut host, COOLDOWN, false, at(115)), BreakerDecision::Probe);
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(115)),
            BreakerDecision::CheckAfter(seconds(15))
        );
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(189)),
            BreakerDecision::CheckAfter(seconds(1))
        );
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(190)),
            BreakerDecision::Probe,
            "the first one is lost"
        );
    }

    #[test]
    fn a_new_process_tries_at_once() {
        let mut host = opened();
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(101)),
            BreakerDecision::CheckAfter(seconds(14))
        );
        assert_eq!(check(&mut host, COOLDOWN, true, at(101)), BreakerDecision::Go);
        assert!(!on_failure(&mut host, COOLDOWN, at(101)), "others wait no longer for it");
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(101)),
            BreakerDecision::CheckAfter(seconds(14))
        );
        on_success(&mut host, at(102));
        assert_eq!(check(&mut host, COOLDOWN, false, at(102)), BreakerDecision::Go);
    }

    #[test]
    fn trouble_that_returns_cools_down_longer_each_time() {
        let mut host = opened();
        let mut now = 100;
        let mut waits = Vec::new();
        for _ in 0..6 {
            let BreakerDecision::CheckAfter(wait) = check(&mut host, COOLDOWN, false, at(now))
            else {
                panic!("open")
            };
            waits.push(wait.as_secs());
            now += wait.as_secs();
            assert_eq!(check(&mut host, COOLDOWN, false, at(now)), BreakerDecision::Probe);
            assert!(on_failure(&mut host, COOLDOWN, at(now)));
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 300]);
    }

    #[test]
    fn a_good_probe_closes_and_the_next_surge_cools_down_longer() {
        let mut host = opened();
        check(&mut host, COOLDOWN, false, at(115));
        on_success(&mut host, at(116));
        assert_eq!(check(&mut host, COOLDOWN, false, at(116)), BreakerDecision::Go);
        assert!((0..4).all(|_| !on_failure(&mut host, COOLDOWN, at(117))), "no surge yet");
        assert!(on_failure(&mut host, COOLDOWN, at(117)));
        assert_eq!(
            check(&mut host, COOLDOWN, false, at(117)),
            BreakerDecision::CheckAfter(seconds(30))
        );
    }

    #[test]
    fn a_long_quiet_time_is_forgiven() {
        let surge = |closed_at: u64, now: u64| {
            let mut host =
                HostLimits { flaps: 3, closed_at: Some(at(closed_at)), ..HostLimits::default() };
            (0..5).for_each(|_| {
                on_failure(&mut host, COOLDOWN, at(now));
            });
            host.flaps
        };
        assert_eq!((surge(100, 399), surge(100, 400)), (4, 0));
    }

    #[test]
    fn a_broken_clock_cannot_keep_a_host_closed() {
        let mut host =
            HostLimits { phase: BreakerPhase::Open { until: at(99_999) }, ..HostLimits::default() };
        assert_eq!(check(&mut host, COOLDOWN, false, at(1)), BreakerDecision::Probe);
        host.phase = BreakerPhase::Probing { since: at(99_999) };
        assert_eq!(check(&mut host, COOLDOWN, false, at(1)), BreakerDecision::Probe);
    }

    #[test]
    fn only_a_host_that_does_not_work_has_failed() {
        use FailureKind as K;
        for kind in [K::Unavailable, K::Unreachable, K::Broken] {
            assert!(is_host_failure(kind), "{kind:?}");
        }
        for kind in [K::RateLimited, K::Unauthorized, K::InsufficientCredits, K::Contract] {
            assert!(!is_host_failure(kind), "{kind:?}");
        }
    }

    #[test]
    fn half_of_the_results_are_no_surge_and_old_successes_hide_none() {
        // (successes, seconds before the failures, opens at the fifth failure)
        for (successes, before, expected) in [(5, 0, false), (4, 0, true), (1_000, 200, true)] {
            let mut host = HostLimits::default();
            (0..successes).for_each(|_| on_success(&mut host, at(0)));
            let opens: Vec<bool> =
                (0..5).map(|_| on_failure(&mut host, COOLDOWN, at(before))).collect();
            assert_eq!(opens, [false, false, false, false, expected], "{successes} {before}");
        }
    }
}
