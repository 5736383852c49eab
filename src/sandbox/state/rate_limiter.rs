//! Rate limits per key: token buckets and concurrent calls. Pure: time is a parameter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::route::Route;
use crate::sandbox::faults::scenario::{Bucket, Caps, Routes};

/// `Retry-After` if no bucket determines it.
const UNKNOWN_WAIT: Duration = Duration::from_secs(1);

/// Tolerance for rounding errors of refills, in tokens: a client that waits as announced is
/// admitted.
const ROUNDING_TOLERANCE: f64 = 1e-9;

/// Tokens in a bucket at a time.
#[derive(Debug, Clone, Copy)]
struct BucketLevel {
    calls: Routes,
    tokens: f64,
    at: Duration,
}

impl BucketLevel {
    /// The level of `bucket` at `now`. A bucket for other calls starts full.
    fn refilled(self, bucket: &Bucket, now: Duration) -> Self {
        if self.calls != bucket.calls {
            return Self::full(bucket, now);
        }
        let gained = now.saturating_sub(self.at).as_secs_f64() * bucket.rate;
        Self { tokens: (self.tokens + gained).min(bucket.burst), at: now, ..self }
    }

    fn full(bucket: &Bucket, now: Duration) -> Self {
        Self { calls: bucket.calls, tokens: bucket.burst, at: now }
    }
}

#[derive(Debug, Default)]
struct KeyUse {
    /// By bucket number.
    levels: BTreeMap<usize, BucketLevel>,
    calls: usize,
}

#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    keys: BTreeMap<String, KeyUse>,
}

/// A pause after a refusal, and the calls to which it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusalPause {
    pub(crate) wait: Duration,
    pub(crate) calls: Routes,
}

impl RefusalPause {
    /// A pause of unknown length.
    pub(crate) fn unknown(calls: Routes) -> Self {
        Self { wait: UNKNOWN_WAIT, calls }
    }
}

impl RateLimiter {
    /// Takes a token from every bucket that counts the call, at `now` since the start of the
    /// sandbox. On refusal, takes none and returns the pause.
    pub(crate) fn admit(
        &mut self,
        caps: &Caps,
        key: &str,
        route: Route,
        now: Duration,
    ) -> Result<(), RefusalPause> {
        let used = self.keys.entry(key.to_owned()).or_default();
        if caps.concurrency.is_some_and(|cap| used.calls >= cap) {
            return Err(RefusalPause::unknown(Routes::ALL));
        }
        let counting = || caps.buckets.iter().filter(|(_, bucket)| bucket.calls.has(route));
        let mut refusal: Option<RefusalPause> = None;
        for (number, bucket) in counting() {
            let level =
                used.levels.entry(*number).or_insert_with(|| BucketLevel::full(bucket, now));
            *level = level.refilled(bucket, now);
            if level.tokens < 1.0 - ROUNDING_TOLERANCE {
                let wait = Duration::try_from_secs_f64((1.0 - level.tokens) / bucket.rate);
                let wait = wait.unwrap_or(Duration::from_hours(24));
                if refusal.is_none_or(|longest| wait > longest.wait) {
                    refusal = Some(RefusalPause { wait, calls: bucket.calls });
                }
            }
        }
        if let Some(pause) = refusal {
            return Err(pause);
        }
        for (number, _) in counting() {
            if let Some(level) = used.levels.get_mut(number) {
                level.tokens -= 1.0;
            }
        }
        used.calls += 1;
        Ok(())
    }

    pub(crate) fn release(&mut self, key: &str) {
        if let Some(used) = self.keys.get_mut(key) {
            used.calls = used.calls.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::faults::scenario::Scenario;

    fn caps(text: &str) -> Caps {
        let scenario = Scenario::parse(&format!("[limits]\n{text}")).unwrap();
        scenario.limits.at(Duration::ZERO).clone()
    }

    fn admitted(caps: &Caps, route: Route, times: &[f64]) -> Vec<bool> {
        let mut limiter = RateLimiter::default();
        times
            .iter()
            .map(|seconds| {
                let admitted = limiter.admit(caps, "k", route, Duration::from_secs_f64(*seconds));
                limiter.release("k");
                admitted.is_ok()
            })
            .collect()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let caps = caps("control = { rate = 2.0, burst = 3.0 }");
        let times = [0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.5, 10.0, 10.0, 10.0, 10.0];
        let expected = [true, true, true, false, false, true, false, true, true, true, false];
        assert_eq!(admitted(&caps, Route::Start, &times), expected);
        assert!(admitted(&caps, Route::Get, &times).iter().all(|admitted| *admitted));
    }

    #[test]
    fn a_shared_bucket_counts_every_call() {
        let caps = caps("shared = { rate = 2.0, burst = 3.0 }");
        let mut limiter = RateLimiter::default();
        for route in [Route::Create, Route::Usage, Route::Upload] {
            assert!(limiter.admit(&caps, "k", route, Duration::ZERO).is_ok());
        }
        let pause = limiter.admit(&caps, "k", Route::List, Duration::ZERO).unwrap_err();
        assert_eq!(pause, RefusalPause { wait: Duration::from_millis(500), calls: Routes::ALL });
        assert!(limiter.admit(&caps, "other", Route::List, Duration::ZERO).is_ok());
    }

    #[test]
    fn a_call_takes_a_token_of_every_bucket_that_counts_it_or_none() {
        let caps = caps(
            "bucket = [\n\
             { calls = [\"upload\", \"start\"], rate = 1.0, burst = 2.0 },\n\
             { calls = [\"start\"], rate = 0.1, burst = 1.0 },\n\
             { calls = [\"start\"], rate = 0.2, burst = 1.0 } ]",
        );
        let mut limiter = RateLimiter::default();
        let mut admit = |route| limiter.admit(&caps, "k", route, Duration::ZERO);
        assert_eq!(admit(Route::Start), Ok(()));
        // The longest of the waits, and the calls of the bucket that it belongs to.
        let refused = Err(RefusalPause { wait: Duration::from_secs(10), calls: Routes::START });
        assert_eq!(admit(Route::Start), refused);
        assert_eq!(admit(Route::Start), refused);
        assert_eq!(admit(Route::Upload), Ok(()), "the refused starts took nothing");
        assert_eq!(admit(Route::Upload).unwrap_err().wait, Duration::from_secs(1));
        assert_eq!(admit(Route::Create), Ok(()));
    }

    #[test]
    fn levels_survive_a_change_of_rate_and_not_a_change_of_calls() {
        let rate = |rate: f64| caps(&format!("poll = {{ rate = {rate:?}, burst = 2.0 }}"));
        let bucket = |calls| {
            caps(&format!("bucket = [{{ calls = [\"{calls}\"], rate = 0.1, burst = 1.0 }}]"))
        };
        let mut limiter = RateLimiter::default();
        let mut admit = |caps: &Caps, seconds: f64| {
            limiter.admit(caps, "k", Route::Get, Duration::from_secs_f64(seconds)).is_ok()
        };
        assert!(admit(&rate(0.1), 0.0) && admit(&rate(0.1), 0.0) && !admit(&rate(0.2), 0.0));
        assert!(!admit(&rate(0.2), 4.0) && admit(&rate(0.2), 5.0));
        assert!(admit(&bucket("get"), 5.0) && !admit(&bucket("get"), 5.0));
        let both = caps("bucket = [{ calls = [\"get\", \"list\"], rate = 0.1, burst = 1.0 }]");
        assert!(admit(&both, 5.0) && !admit(&both, 5.0));
    }

    #[test]
    fn concurrency_frees_with_the_call() {
        let caps = Caps { concurrency: Some(1), ..Caps::default() };
        let mut limiter = RateLimiter::default();
        assert!(limiter.admit(&caps, "k", Route::Get, Duration::ZERO).is_ok());
        let refused = limiter.admit(&caps, "k", Route::Get, Duration::ZERO);
        assert_eq!(refused, Err(RefusalPause::unknown(Routes::ALL)));
        limiter.release("k");
        assert!(limiter.admit(&caps, "k", Route::Get, Duration::ZERO).is_ok());
    }
}
