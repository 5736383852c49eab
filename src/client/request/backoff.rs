//! Backoff: the wait before a retry. Pure: the number of failures, `Retry-After` and a random
//! number are parameters, and the caller sleeps.

use std::time::{Duration, SystemTime};

use crate::model::Timestamp;
use crate::model::Timing;

/// The wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackoffWait {
    Sleep(Duration),
    /// `Retry-After` exceeds `retry_after_max`. It must not be shortened, so there is no retry.
    TooLong(Duration),
}

/// The wait after `failures` failed attempts (1 for the first), with `random` in `[0, 1)`.
///
/// Without `Retry-After`, the wait is uniform in `[d, 2d)`, where `d` doubles from `backoff_first`
/// up to half of `backoff_max`: the contract's 1-2, 2-4, 4-8 and 8-16 s. With it, up to
/// `backoff_first` is added as jitter, since other clients may have received the same time.
#[must_use]
pub fn wait(
    timing: &Timing,
    failures: u32,
    requested: Option<Duration>,
    random: f64,
) -> BackoffWait {
    let random = random.clamp(0.0, 1.0);
    match requested {
        Some(requested) if requested > timing.retry_after_max => BackoffWait::TooLong(requested),
        Some(requested) => BackoffWait::Sleep(requested + timing.backoff_first.mul_f64(random)),
        None => BackoffWait::Sleep(min_wait(timing, failures).mul_f64(1.0 + random)),
    }
}

/// Lower end of the backoff interval.
fn min_wait(timing: &Timing, failures: u32) -> Duration {
    let doubled = 2_u32.checked_pow(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    timing.backoff_first.saturating_mul(doubled).min(timing.backoff_max / 2)
}

/// Parses `Retry-After`, in seconds or as a date. A date is relative to the `Date` of the response
/// if there is one, since the local clock may be wrong. Negative, past and unreadable values are
/// ignored.
#[must_use]
pub fn retry_after(header: &str, date: Option<&str>, wall: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let requested = match header.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() || seconds <= 0.0 => return None,
        // Values beyond the range of a duration exceed any limit.
        Ok(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
        Err(_) => {
            let until = httpdate::parse_http_date(header).ok()?;
            let service_time = date.and_then(|date| httpdate::parse_http_date(date).ok());
            until.duration_since(service_time.or_else(|| system_time(wall))?).ok()?
        }
    };
    (!requested.is_zero()).then_some(requested)
}

fn system_time(wall: Timestamp) -> Option<SystemTime> {
    let since_epoch = Duration::from_millis(u64::try_from(wall.0).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    #[test]
    fn the_windows_are_the_contract_s() {
        let timing = Timing::default();
        // (failures, from, until)
        let table = [(1, 1.0, 2.0), (2, 2.0, 4.0), (3, 4.0, 8.0), (4, 8.0, 16.0), (5, 8.0, 16.0)];
        for (failures, from, until) in table {
            let at = |random| wait(&timing, failures, None, random);
            assert_eq!(at(0.0), BackoffWait::Sleep(seconds(from)), "{failures}");
            assert_eq!(
                at(0.5),
                BackoffWait::Sleep(seconds(f64::midpoint(from, until))),
                "{failures}"
            );
            let BackoffWait::Sleep(longest) = at(0.999_999) else { panic!("{failures}") };
            assert!(longest < seconds(until) && longest > seconds(until - 0.01), "{failures}");
        }
        assert_eq!(wait(&timing, u32::MAX, None, 0.0), BackoffWait::Sleep(seconds(8.0)));
        assert_eq!(wait(&timing, 0, None, 0.0), BackoffWait::Sleep(seconds(1.0)));
    }

    #[test]
    fn what_the_service_asks_for_is_obeyed_and_never_shortened() {
        let timing = Timing::default();
        let after = |requested: f64, random| wait(&timing, 1, Some(seconds(requested)), random);
        assert_eq!(after(7.0, 0.0), BackoffWait::Sleep(seconds(7.0)));
        assert_eq!(after(7.0, 0.5), BackoffWait::Sleep(seconds(7.5)));
        assert_eq!(after(300.0, 0.0), BackoffWait::Sleep(seconds(300.0)));
        assert_eq!(after(300.1, 0.0), BackoffWait::TooLong(seconds(300.1)));
        assert_eq!(after(36_000.0, 0.0), BackoffWait::TooLong(seconds(36_000.0)));
    }

    #[test]
    fn retry_after_has_two_forms_and_many_mistakes() {
        let wall = Timestamp(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        let table = [
            ("3", None, Some(3.0)),
            (" 3 ", None, Some(3.0)),
            ("1.5", None, Some(1.5)),
            ("36000", None, Some(36_000.0)),
            ("0", None, None),
            ("-5", None, None),
            ("NaN", None, None),
            ("soon", None, None),
            ("", None, None),
            ("Sun, 06 Nov 1994 08:49:47 GMT", None, Some(10.0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None, None),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None, None),
            // The clock of the service is an hour behind, and takes precedence.
            ("Sun, 06 Nov 1994 07:49:47 GMT", Some("Sun, 06 Nov 1994 07:49:37 GMT"), Some(10.0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some("garbage"), Some(10.0)),
        ];
        for (header, date, expected) in table {
            assert_eq!(
                retry_after(header, date, wall),
                expected.map(seconds),
                "{header:?} {date:?}"
            );
        }
        assert_eq!(retry_after("1e300", None, wall), Some(Duration::MAX));
        assert_eq!(retry_after("inf", None, wall), Some(Duration::MAX));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", None, Timestamp(-1)), None);
    }

    proptest::proptest! {
        #[test]
        fn no_wait_leaves_its_window(failures: u32, random in 0.0..1.0_f64, requested: Option<u32>) {
            let timing = Timing::default();
            let requested = requested.map(|ms| Duration::from_millis(ms.into()));
            match wait(&timing, failures, requested, random) {
                BackoffWait::Sleep(slept) => {
                    let least = requested.unwrap_or(timing.backoff_first);
                    proptest::prop_assert!(slept >= least);
                    proptest::prop_assert!(slept <= requested.unwrap_or_default() + timing.backoff_max);
                }
                BackoffWait::TooLong(wait) => {
                    proptest::prop_assert_eq!(Some(wait), requested);
                    proptest::prop_assert!(wait > timing.retry_after_max);
                }
            }
        }

        #[test]
        fn no_header_can_panic(header in ".{0,40}", date: Option<String>, wall: i64) {
            let _ = retry_after(&header, date.as_deref(), Timestamp(wall));
        }
    }
}
