//! Time and randomness as values.
//!
//! Two clocks: [`Instant`] measures waits, on the boot-time clock, which includes suspend, so that
//! a stale request does not look fresh after it. [`Timestamp`] is wall time, for display only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds of the boot-time clock (`CLOCK_BOOTTIME`), or of a test clock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Instant(pub u64);

impl Instant {
    /// Saturating.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// Saturating.
    #[must_use]
    pub fn before(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(millis(wait)))
    }

    /// Zero if `earlier` is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Wall time in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Parses the formats used by services: RFC 3339; without a zone, as UTC; a date, as its start;
    /// seconds or milliseconds since 1970.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            return Self::of_number(number);
        }
        let zoned = text.parse::<jiff::Timestamp>().ok();
        let time = zoned.or_else(|| {
            let civil = text.parse::<jiff::civil::DateTime>().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
        })?;
        Some(Self(time.as_millisecond()))
    }

    /// Seconds or milliseconds since 1970; the ranges do not overlap between the years 1973 and
    /// 5138. Other numbers are rejected.
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked before")]
    fn of_number(number: f64) -> Option<Self> {
        match number {
            1e8..1e11 => Some(Self((number * 1_000.0) as i64)),
            1e11..1e14 => Some(Self(number as i64)),
            _ => None,
        }
    }

    /// The day in UTC: `2026-01-31`.
    pub fn day(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => time.strftime("%Y-%m-%d").to_string(),
            Err(_) => "-".to_owned(),
        }
    }

    /// Saturating.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(millis(span)).unwrap_or(i64::MAX)))
    }
}

/// Clocks of the machine, or of a test.
pub trait Clock: Send + Sync {
    /// Current time of the clock that measures waits.
    fn now(&self) -> Instant;
    /// Current wall time.
    fn wall(&self) -> Timestamp;
    /// The boot to which [`Clock::now`] refers: instants of different boots are not comparable.
    fn boot_id(&self) -> String;
}

/// A source of random numbers.
pub trait Random: Send + Sync {
    /// Uniform in `[0, 1)`.
    fn unit(&self) -> f64;
    /// 64 random bits, for identifiers.
    fn bits(&self) -> u64;
}

/// `wait` in whole milliseconds, saturating.
pub fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// A duration as whole milliseconds, for `#[serde(with)]`.
pub(crate) mod duration_ms {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(wait: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(super::millis(*wait))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
pub(crate) use self::manual_clock::ManualClock;

#[cfg(test)]
mod manual_clock {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
    use std::time::Duration;

    use super::{Clock, Instant, Timestamp, millis};

    /// A clock that only advances on request.
    #[derive(Debug)]
    pub(crate) struct ManualClock {
        now: AtomicU64,
        wall: AtomicI64,
    }

    impl ManualClock {
        /// Advances both clocks.
        pub(crate) fn advance(&self, wait: Duration) {
            let wait = millis(wait);
            self.now.fetch_add(wait, Ordering::SeqCst);
            self.wall.fetch_add(i64::try_from(wait).unwrap_or(i64::MAX), Ordering::SeqCst);
        }

        /// Sets only the wall time, as a user or a time server does.
        pub(crate) fn set_wall(&self, wall: Timestamp) {
            self.wall.store(wall.0, Ordering::SeqCst);
        }
    }

    impl Default for ManualClock {
        /// One second after boot, at the start of 2026 (UTC).
        fn default() -> Self {
            Self { now: AtomicU64::new(1_000), wall: AtomicI64::new(1_767_225_600_000) }
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Instant {
            Instant(self.now.load(Ordering::SeqCst))
        }

        fn wall(&self) -> Timestamp {
            Timestamp(self.wall.load(Ordering::SeqCst))
        }

        fn boot_id(&self) -> String {
            "boot-1".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::default();
        let (start, wall) = (clock.now(), clock.wall());
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now(), start.after(Duration::from_millis(1_500)));
        assert_eq!(clock.wall().0, wall.0 + 1_500);
        clock.set_wall(wall);
        assert_eq!((clock.wall(), clock.now().since(start).as_millis()), (wall, 1_500));
    }

    #[test]
    fn times_are_read_in_the_usual_spellings() {
        let expected = Some(Timestamp(1_767_225_600_000));
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T01:00:00+01:00",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00",
            "2026-01-01T00:00:00.000000",
            "2026-01-01T00:00:00.000000+00:00",
            "2026-01-01 00:00:00+00:00",
            "2025-12-31T19:00:00-0500",
            "2026-01-01",
            "1767225600",
            "1767225600.0",
            "1767225600000",
        ] {
            assert_eq!(Timestamp::read(text), expected, "{text}");
        }
        for text in ["yesterday", "", "7", "NaN", "-1767225600"] {
            assert_eq!(Timestamp::read(text), None, "{text}");
        }
        assert_eq!(Timestamp(1_767_225_599_999).day(), "2025-12-31");
        assert_eq!(Timestamp(1_000).before(Duration::from_secs(2)), Timestamp(-1_000));
    }
}
