//! The sandbox's own clock: the only file of the sandbox that reads time.
//!
//! Wall time can be skewed by a scenario, so that clients meet a server whose `Date` and
//! timestamps are off; everything that measures spans uses the unskewed monotonic side. That side
//! is Tokio's, so a runtime whose time is paused rules it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Monotonic time since the sandbox began, and a wall clock that may be wrong on purpose.
#[derive(Debug)]
pub(crate) struct SandboxClock {
    began: Instant,
    /// Wall time at `began`, where the wall clock follows the monotonic one.
    base: Option<Timestamp>,
    skew_milliseconds: AtomicI64,
}

impl SandboxClock {
    /// The machine's clocks.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), base: None, skew_milliseconds: AtomicI64::new(0) }
    }

    /// A wall clock that shows `base` now and then follows the monotonic clock.
    pub(crate) fn starting_at(base: Timestamp) -> Self {
        Self { base: Some(base), ..Self::new() }
    }

    /// Time since the sandbox began.
    pub(crate) fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.began)
    }

    /// What the sandbox says the time is: the true wall clock plus the skew.
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

    /// Sets how far the wall clock is ahead (or, negative, behind).
    pub(crate) fn set_skew(&self, milliseconds: i64) {
        self.skew_milliseconds.store(milliseconds, Ordering::Relaxed);
    }
}

/// An instant as an HTTP date.
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
