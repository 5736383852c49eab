//! Formats amounts for people. Pure.

use std::time::Duration;

use crate::model::{Credits, Timestamp};

/// `bytes` in decimal units: `512 B`, `1.5 kB`, `12.3 MB`, `123 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        // 999.5 would round to 1000 of the smaller unit.
        if amount < 999.5 {
            break;
        }
        amount /= 1_000.0;
        unit = larger;
    }
    if amount < 99.95 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

/// A time as `2026-01-31 12:05:09Z`.
#[must_use]
pub fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => "-".to_owned(),
    }
}

/// How long ago a time was: `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`; the date from a week on, and for
/// times in the future.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let Ok(seconds) = u64::try_from(now.0.saturating_sub(at.0) / 1_000) else { return date(at) };
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..604_800 => format!("{} d ago", seconds / 86_400),
        _ => date(at),
    }
}

fn date(at: Timestamp) -> String {
    time(at).split(' ').next().unwrap_or_default().to_owned()
}

/// Bytes per second: `3.4 MB/s`.
#[must_use]
pub fn speed(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(whole(bytes_per_second.round())))
}

/// A duration: `0.8 s`, `41 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
#[must_use]
pub fn duration(took: Duration) -> String {
    let tenths = (took.as_millis() + 50) / 100;
    if tenths < 600 {
        return match tenths % 10 {
            0 => format!("{} s", tenths / 10),
            tenth => format!("{}.{tenth} s", tenths / 10),
        };
    }
    let seconds = (took.as_millis() + 500) / 1_000;
    two_units(seconds)
}

/// A duration as in [`duration`], in whole seconds.
#[must_use]
pub fn elapsed(since: Duration) -> String {
    let seconds = u128::from(since.as_secs());
    if seconds < 60 { format!("{seconds} s") } else { two_units(seconds) }
}

/// A remaining time between two bounds, such as `4-9 s left`; `None` if both have passed.
#[must_use]
pub fn left_between(least: Duration, most: Duration) -> Option<String> {
    let whole = |time: Duration, unit: u64| (time.as_secs() / unit, time.as_secs().div_ceil(unit));
    let (unit, name) = match most.as_secs() {
        0..=120 => (1, "s"),
        121..7_200 => (60, "min"),
        _ => (3_600, "h"),
    };
    let (from, to) = (whole(least, unit).0, whole(most, unit).1);
    match (from, to) {
        (_, 0) => None,
        (0, to) => Some(format!("at most {to} {name} left")),
        (from, to) if from >= to => Some(format!("{to} {name} left")),
        (from, to) => Some(format!("{from}-{to} {name} left")),
    }
}

fn two_units(seconds: u128) -> String {
    let (large, small, names) = match seconds {
        0..3_600 => (seconds / 60, seconds % 60, ["min", "s"]),
        3_600..86_400 => (seconds / 3_600, seconds % 3_600 / 60, ["h", "min"]),
        _ => (seconds / 86_400, seconds % 86_400 / 3_600, ["d", "h"]),
    };
    match small {
        0 => format!("{large} {}", names[0]),
        _ => format!("{large} {} {small} {}", names[0], names[1]),
    }
}

/// An estimated remaining time, coarsely rounded: `8 s left`, `25 s left`, `4 min left`,
/// `1 h 20 min left`.
#[must_use]
pub fn remaining(left: Duration) -> String {
    let seconds = u128::from(left.as_secs()) + u128::from(left.subsec_nanos() > 0);
    let coarse = match seconds {
        0..=10 => seconds.max(1),
        11..=55 => seconds.next_multiple_of(5),
        56..=3_540 => seconds.next_multiple_of(60),
        _ => seconds.next_multiple_of(600),
    };
    if coarse < 60 { format!("{coarse} s left") } else { format!("{} left", two_units(coarse)) }
}

/// An amount rounded down; 0 if negative or not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "these casts saturate, and a fraction is cut on purpose"
)]
#[must_use]
pub fn whole(amount: f64) -> u64 {
    amount as u64
}

/// A share (0 to 1) in percent, rounded down, so that only 1 is `100%`.
#[must_use]
pub fn percent(share: f64) -> String {
    // The hundredth corrects binary rounding errors.
    format!("{}%", whole((share * 100.0 + 0.01).clamp(0.0, 100.0)))
}

/// `2.00 credits`.
#[must_use]
pub fn credits(amount: Credits) -> String {
    // Avoids `-0.00`.
    format!("{} credits", if amount.0.abs() < 0.005 { Credits(0.0) } else { amount })
}

/// A number with separators: `12,345`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 input`, `2 inputs`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_at_most_three_digits() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_550, "1.6 kB"),
            (99_940, "99.9 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (500_000_000, "500 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (amount, shown) in table {
            assert_eq!(bytes(amount), shown, "{amount}");
        }
        assert_eq!(speed(3_400_000.0), "3.4 MB/s");
        assert_eq!(speed(f64::NAN), "0 B/s");
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let table = [
            (0, "0 s"),
            (40, "0 s"),
            (50, "0.1 s"),
            (12_340, "12.3 s"),
            (41_000, "41 s"),
            (59_940, "59.9 s"),
            (59_960, "1 min"),
            (185_400, "3 min 5 s"),
            (3_599_600, "1 h"),
            (7_800_000, "2 h 10 min"),
            (273_600_000, "3 d 4 h"),
        ];
        for (millis, shown) in table {
            assert_eq!(duration(Duration::from_millis(millis)), shown, "{millis}");
        }
        assert_eq!(elapsed(Duration::from_millis(59_999)), "59 s");
        assert_eq!(elapsed(Duration::from_secs(61)), "1 min 1 s");
    }

    #[test]
    fn a_guess_is_coarse_and_never_nothing() {
        let table = [
            (0, "1 s left"),
            (1_200, "2 s left"),
            (10_000, "10 s left"),
            (10_100, "15 s left"),
            (55_000, "55 s left"),
            (56_000, "1 min left"),
            (61_000, "2 min left"),
            (3_540_000, "59 min left"),
            (3_541_000, "1 h left"),
            (4_300_000, "1 h 20 min left"),
        ];
        for (millis, shown) in table {
            assert_eq!(remaining(Duration::from_millis(millis)), shown, "{millis}");
        }
    }

    #[test]
    fn a_time_is_told_as_people_say_it() {
        let now = Timestamp(1_767_225_600_000);
        let table = [
            (0, "0 s ago"),
            (59_999, "59 s ago"),
            (60_000, "1 min ago"),
            (3_600_000, "1 h ago"),
            (86_399_000, "23 h ago"),
            (172_800_000, "2 d ago"),
            (604_800_000, "2025-12-25"),
            (-60_000, "2026-01-01"),
        ];
        for (millis, shown) in table {
            assert_eq!(ago(Timestamp(now.0 - millis), now), shown, "{millis}");
        }
        assert_eq!(ago(Timestamp(i64::MIN), now), "-");
    }

    #[test]
    fn counts_and_credits() {
        let table = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, shown) in table {
            assert_eq!(count(number), shown);
        }
        assert_eq!(counted(1, "input", "inputs"), "1 input");
        assert_eq!(counted(0, "input", "inputs"), "0 inputs");
        assert_eq!(credits(Credits(2.0)), "2.00 credits");
        assert_eq!(credits(Credits(-0.001)), "0.00 credits");
    }
}
