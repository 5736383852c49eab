//! The clock of the sandbox, and its only file that reads time.
//!
//! A scenario can skew wall time, for `Date` headers and timestamps that are wrong; durations use
//! Tokio's monotonic clock, which tests can pause.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Monotonic time since the start of the sandbox, and a wall clock that may be skewed.
#[derive(Debug)]
pub(crate) struct SandboxClock {
    began: Instant,
    /// Wall time at `began`, if the wall clock follows the monotonic clock.
    base: Option<Timestamp>,
    skew_milliseconds: AtomicI64,
}

impl SandboxClock {
    /// The machine's clocks.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), base: None, skew_milliseconds: AtomicI64::new(0) }
    }

    /// A wall clock that starts at `base` and follows the monotonic clock.
    pub(crate) fn starting_at(base: Timestamp) -> Self {
        Self { base: Some(base), ..Self::new() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.began)
    }

    /// The wall clock plus the skew.
    pub(crate) fn wall(&self) -> Timestamp {
        let now = self.true_wall();
        let skew = SignedDuration::from_millis(self.skew_milliseconds.load(Ordering::Relaxed));
        now.checked_add(skew).unwrap_or(now)
    }

    /// The wall clock without the skew.
    #[expect(clippy::disallowed_methods, reason = "the sandbox's clock is read here only")]
    pub(crate) fn true_wall(&self) -> Timestamp {
        match self.base {
            Some(base) => base.checked_add(self.elapsed()).unwrap_or(base),
            None => Timestamp::now(),
        }
    }

    /// Sets the skew of the wall clock, which may be negative.
    pub(crate) fn set_skew(&self, milliseconds: i64) {
        self.skew_milliseconds.store(milliseconds, Ordering::Relaxed);
    }
}

pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_moves_the_wall_clock_only() {
        let clock = SandboxClock::new();
        let before = clock.wall();
        clock.set_skew(3_600_000);
        let ahead = clock.wall().duration_since(before).as_secs();
        assert!((3600..3700).contains(&ahead), "{ahead}");
        assert!(clock.elapsed() < Duration::from_mins(1));
    }

    #[tokio::test(start_paused = true)]
    async fn in_virtual_time_both_clocks_follow_the_runtime() {
        let base = Timestamp::from_second(1_000_000_000).unwrap();
        let clock = SandboxClock::starting_at(base);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(clock.elapsed(), Duration::from_secs(5));
        assert_eq!(clock.wall().as_second(), 1_000_000_005);
        clock.set_skew(-1000);
        assert_eq!(clock.wall().as_second(), 1_000_000_004);
        assert_eq!(clock.true_wall().as_second(), 1_000_000_005);
    }
}
