//! Speed and remaining time of a transfer. Pure: `now` is a parameter.
//!
//! A remaining time is only shown after some time, some progress and several steps, and not during a
//! stall.

use std::time::Duration;

use crate::model::Instant;

/// Time constant of the smoothed rate, in seconds.
const MEMORY: f64 = 8.0;
/// Steps closer together than this count as one, in seconds.
const GAP: f64 = 0.25;
/// Required before a remaining time is shown: seconds, steps, and share of the total.
const WATCHED: f64 = 3.0;
const STEPS: u32 = 3;
const SHARE: f64 = 0.02;
/// Weight of a new estimate.
const ESTIMATE_WEIGHT: f64 = 0.3;
/// No progress for this long, or for four average steps, is a stall; in seconds.
const STALL: f64 = 10.0;

/// Measures an amount (bytes or percent) that only grows.
#[derive(Debug, Clone)]
pub(crate) struct Throughput {
    started: Instant,
    first: f64,
    amount: f64,
    counted: f64,
    counted_at: Instant,
    moved_at: Instant,
    steps: u32,
    /// Smoothed amount per second, and the weight of the samples in it (0 to 1).
    rate: f64,
    weight: f64,
    /// Expected end, in seconds after `started`.
    expected_end: Option<f64>,
}

impl Throughput {
    pub(crate) fn new(amount: f64, now: Instant) -> Self {
        Self {
            started: now,
            first: amount,
            amount,
            counted: amount,
            counted_at: now,
            moved_at: now,
            steps: 0,
            rate: 0.0,
            weight: 0.0,
            expected_end: None,
        }
    }

    /// Records the current amount. Less than before is ignored, so that a bar never jumps back.
    pub(crate) fn record(&mut self, amount: f64, total: Option<f64>, now: Instant) {
        if amount > self.amount {
            self.amount = amount;
            self.moved_at = now;
        }
        let gap = now.since(self.counted_at).as_secs_f64();
        let step = self.amount - self.counted;
        // Without progress, the next step counts with the whole time since the last one: polls may be
        // more frequent than steps.
        if gap < GAP || step <= 0.0 {
            return;
        }
        (self.rate, self.weight) = self.blended(step, gap);
        self.steps += 1;
        self.counted = self.amount;
        self.counted_at = now;
        self.guess_end(total, now);
    }

    pub(crate) fn amount(&self) -> f64 {
        self.amount
    }

    /// Amount per second, which falls during a stall; `None` before the first step.
    pub(crate) fn rate(&self, now: Instant) -> Option<f64> {
        let silent = now.since(self.counted_at).as_secs_f64();
        let (rate, weight) = if silent > 2.0 {
            self.blended(self.amount - self.counted, silent)
        } else {
            (self.rate, self.weight)
        };
        (weight > 0.0 && self.steps > 0).then(|| rate / weight)
    }

    /// Remaining time until `total`, if it can be estimated.
    pub(crate) fn remaining(&self, total: f64, now: Instant) -> Option<Duration> {
        let watched = now.since(self.started).as_secs_f64();
        let gained = self.amount - self.first;
        let proven = watched >= WATCHED && self.steps >= STEPS && gained >= total * SHARE;
        let still = now.since(self.moved_at).as_secs_f64();
        let usual = watched / f64::from(self.steps.max(1));
        if !proven || still > STALL.max(usual * 4.0) {
            return None;
        }
        let left = self.expected_end? - watched;
        (left > 0.0).then(|| Duration::try_from_secs_f64(left).ok()).flatten()
    }

    /// The smoothed rate and its weight after `step` in `seconds`.
    fn blended(&self, step: f64, seconds: f64) -> (f64, f64) {
        let keep = (-seconds / MEMORY).exp();
        (self.rate * keep + step / seconds * (1.0 - keep), self.weight * keep + (1.0 - keep))
    }

    fn guess_end(&mut self, total: Option<f64>, now: Instant) {
        let rate = if self.weight > 0.0 { self.rate / self.weight } else { 0.0 };
        let Some(total) = total.filter(|_| rate > 0.0) else { return };
        let watched = now.since(self.started).as_secs_f64();
        let guess = watched + (total - self.amount).max(0.0) / rate;
        self.expected_end = Some(match self.expected_end {
            Some(before) if self.steps > STEPS => before + (guess - before) * ESTIMATE_WEIGHT,
            _ => guess,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::formats::amounts;

    fn at(seconds: f64) -> Instant {
        Instant(amounts::whole(seconds * 1_000.0))
    }

    fn seconds_left(meter: &Throughput, total: f64, now: f64) -> Option<f64> {
        meter.remaining(total, at(now)).map(|left| left.as_secs_f64())
    }

    #[test]
    fn a_steady_transfer_is_told_truly() {
        let mut meter = Throughput::new(0.0, at(0.0));
        for tick in 1..=40_u32 {
            let now = f64::from(tick) * 0.5;
            meter.record(now * 10.0, Some(1_000.0), at(now));
        }
        assert!((meter.rate(at(20.0)).unwrap() - 10.0).abs() < 0.1);
        let left = seconds_left(&meter, 1_000.0, 20.0).unwrap();
        assert!((left - 80.0).abs() < 1.0, "{left}");
        // It counts down by itself between two observations.
        let later = seconds_left(&meter, 1_000.0, 21.5).unwrap();
        assert!((left - later - 1.5).abs() < 0.01, "{later}");
    }

    #[test]
    fn nothing_is_claimed_without_evidence() {
        let mut meter = Throughput::new(0.0, at(0.0));
        assert_eq!(meter.rate(at(9.0)), None);
        meter.record(50.0, Some(100.0), at(1.0));
        meter.record(52.0, Some(100.0), at(2.0));
        assert_eq!(seconds_left(&meter, 100.0, 2.0), None, "two steps in two seconds");
        meter.record(54.0, Some(100.0), at(3.0));
        assert!(seconds_left(&meter, 100.0, 3.0).is_some());
        let mut slow = Throughput::new(0.0, at(0.0));
        for tick in 1..=20_u32 {
            slow.record(f64::from(tick) * 0.01, Some(100.0), at(f64::from(tick)));
        }
        assert_eq!(seconds_left(&slow, 100.0, 20.0), None, "a fifth of a percent");
    }

    #[test]
    fn a_stall_and_an_overdue_end_hide_the_claim_and_the_rate_falls() {
        let mut meter = Throughput::new(0.0, at(0.0));
        for tick in 1..=10_u32 {
            meter.record(f64::from(tick) * 5.0, Some(100.0), at(f64::from(tick)));
        }
        assert!(seconds_left(&meter, 100.0, 10.0).is_some());
        assert_eq!(seconds_left(&meter, 100.0, 20.5), None);
        let (before, after) = (meter.rate(at(10.0)).unwrap(), meter.rate(at(30.0)).unwrap());
        assert!(after < before / 4.0, "{before} {after}");
    }

    #[test]
    fn an_amount_never_falls() {
        let mut meter = Throughput::new(0.0, at(0.0));
        meter.record(40.0, Some(100.0), at(1.0));
        meter.record(10.0, Some(100.0), at(2.0));
        assert!((meter.amount() - 40.0).abs() < f64::EPSILON);
    }

    #[test]
    fn steps_of_a_polled_percentage_do_not_make_the_claim_jump() {
        // 10 % every 5 s, seen by a look every 2 s.
        let mut meter = Throughput::new(0.0, at(0.0));
        let mut claims = Vec::new();
        for look in 1..=24_u32 {
            let now = f64::from(look) * 2.0;
            meter.record((now / 5.0).floor() * 10.0, Some(100.0), at(now));
            if let Some(left) = seconds_left(&meter, 100.0, now) {
                claims.push((now, left));
            }
        }
        assert!(claims.len() > 8, "{claims:?}");
        for (now, left) in claims {
            assert!((left - (50.0 - now)).abs() < 8.0, "{left} left told at {now}");
        }
    }
}
