//! Time and randomness as values.
//!
//! Two clocks with different duties: [`Instant`] measures waits (boot-time clock, which runs
//! through suspend, so that a laptop lid cannot make a stale request look fresh), [`Timestamp`] is
//! wall time and is kept for people only.

use std::time::Duration;

/// Milliseconds of the boot-time clock (`CLOCK_BOOTTIME`), or of a stand-in in tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// The instant `wait` later, saturating.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Wall time in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// The clocks of the machine, or of a test.
pub trait Clock: Send + Sync {
    /// Now, by the clock that waits are measured with.
    fn now(&self) -> Instant;
    /// Now, by the clock that people read.
    fn wall(&self) -> Timestamp;
    /// Identifies the boot that [`Clock::now`] counts from: instants of different boots must not
    /// be compared.
    fn boot_id(&self) -> String;
}

/// A source of random numbers.
pub trait Random: Send + Sync {
    /// The next number, uniform in `[0, 1)`.
    fn unit(&self) -> f64;
    /// The next 64 random bits, for identifiers.
    fn bits(&self) -> u64;
}

/// `wait` in whole milliseconds, saturating.
#[must_use]
pub fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
