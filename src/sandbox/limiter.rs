//! Limits per key: token buckets and simultaneous calls. Pure: time is a parameter.

use std::collections::HashMap;
use std::time::Duration;

use super::route::Lane;
use super::scenario::{Bucket, Caps};

/// How full a bucket was, and when.
#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    at: Duration,
}

/// What keys have used of their limits.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    levels: HashMap<(String, Option<Lane>), Level>,
    calls: HashMap<String, usize>,
}

impl Limiter {
    /// Admits a call at `now` (since the sandbox began), or says how long until one would be.
    pub(crate) fn admit(
        &mut self,
        caps: &Caps,
        key: &str,
        lane: Lane,
        now: Duration,
    ) -> Result<(), Duration> {
        if caps.concurrency.is_some_and(|cap| self.calls.get(key).copied().unwrap_or(0) >= cap) {
            return Err(Duration::from_secs(1));
        }
        let own = match lane {
            Lane::Control => caps.control,
            Lane::Poll => caps.poll,
            Lane::Transfer => caps.transfer,
            Lane::Output | Lane::Open => None,
        };
        if let Some(bucket) = caps.shared {
            self.take(bucket, (key.to_owned(), None), now)?;
        }
        if let Some(bucket) = own {
            self.take(bucket, (key.to_owned(), Some(lane)), now)?;
        }
        *self.calls.entry(key.to_owned()).or_default() += 1;
        Ok(())
    }

    /// An admitted call is over.
    pub(crate) fn release(&mut self, key: &str) {
        if let Some(calls) = self.calls.get_mut(key) {
            *calls = calls.saturating_sub(1);
        }
    }

    fn take(
        &mut self,
        bucket: Bucket,
        place: (String, Option<Lane>),
        now: Duration,
    ) -> Result<(), Duration> {
        let full = Level { tokens: bucket.burst, at: now };
        let level = self.levels.entry(place).or_insert(full);
        let gained = now.saturating_sub(level.at).as_secs_f64() * bucket.rate;
        level.tokens = (level.tokens + gained).min(bucket.burst);
        level.at = now;
        if level.tokens >= 1.0 {
            level.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - level.tokens) / bucket.rate;
        Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_hours(24)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: Bucket = Bucket { rate: 2.0, burst: 3.0 };

    fn admitted(caps: &Caps, lane: Lane, times: &[f64]) -> Vec<bool> {
        let mut limiter = Limiter::default();
        times
            .iter()
            .map(|seconds| {
                let admitted = limiter.admit(caps, "k", lane, Duration::from_secs_f64(*seconds));
                limiter.release("k");
                admitted.is_ok()
            })
            .collect()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let caps = Caps { control: Some(BUCKET), ..Caps::default() };
        let times = [0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.5, 10.0, 10.0, 10.0, 10.0];
        let expected = [true, true, true, false, false, true, false, true, true, true, false];
        assert_eq!(admitted(&caps, Lane::Control, &times), expected);
        assert!(admitted(&caps, Lane::Poll, &times).iter().all(|admitted| *admitted));
    }

    #[test]
    fn a_shared_bucket_counts_every_lane() {
        let caps = Caps { shared: Some(BUCKET), ..Caps::default() };
        let mut limiter = Limiter::default();
        for lane in [Lane::Control, Lane::Poll, Lane::Transfer] {
            assert!(limiter.admit(&caps, "k", lane, Duration::ZERO).is_ok());
        }
        let wait = limiter.admit(&caps, "k", Lane::Poll, Duration::ZERO).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        assert!(limiter.admit(&caps, "other", Lane::Poll, Duration::ZERO).is_ok());
    }

    #[test]
    fn concurrency_frees_with_the_call() {
        let caps = Caps { concurrency: Some(1), ..Caps::default() };
        let mut limiter = Limiter::default();
        assert!(limiter.admit(&caps, "k", Lane::Poll, Duration::ZERO).is_ok());
        assert!(limiter.admit(&caps, "k", Lane::Poll, Duration::ZERO).is_err());
        limiter.release("k");
        assert!(limiter.admit(&caps, "k", Lane::Poll, Duration::ZERO).is_ok());
    }
}
