//! The sandbox's own clock: the one place of this room that reads time.
//!
//! Wall time can be skewed by a scenario, so that clients meet a server whose `Date` and
//! timestamps are off; everything that measures spans uses the unskewed monotonic side.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Monotonic time since the sandbox began, and a wall clock that may be wrong on purpose.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    skew_milliseconds: AtomicI64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the sandbox's clock is read here only")]
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), skew_milliseconds: AtomicI64::new(0) }
    }

    /// Time since the sandbox began.
    #[expect(clippy::disallowed_methods, reason = "the sandbox's clock is read here only")]
    pub(crate) fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.began)
    }

    /// What the sandbox says the time is: the true wall clock plus the skew.
    #[expect(clippy::disallowed_methods, reason = "the sandbox's clock is read here only")]
    pub(crate) fn wall(&self) -> Timestamp {
        let now = Timestamp::now();
        let skew = SignedDuration::from_millis(self.skew_milliseconds.load(Ordering::Relaxed));
        now.checked_add(skew).unwrap_or(now)
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
        let clock = Clock::new();
        let before = clock.wall();
        clock.set_skew(3_600_000);
        let ahead = clock.wall().duration_since(before).as_secs();
        assert!((3600..3700).contains(&ahead), "{ahead}");
        assert!(clock.elapsed() < Duration::from_mins(1));
    }
}
