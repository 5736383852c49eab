//! The creation date and maximum age of a key, as the user notes them in a profile.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::time::millis;
use crate::model::{Failure, Timestamp};

use crate::duration;
use crate::settings::file::decode::{self, SectionReader};
use crate::settings::file::located_value::ScalarValue;

/// Time before the maximum age from which on a warning is given.
const NOTICE_PERIOD: Duration = Duration::from_hours(14 * 24);

/// Reads `key_created` and `key_max_age`.
pub(crate) fn read(
    read: &mut SectionReader<'_>,
) -> Result<(Option<Timestamp>, Option<Duration>), Failure> {
    let created = read.optional("key_created", ToString::to_string, |scalar| {
        let text = match scalar {
            ScalarValue::Date(text) => text,
            other => decode::text(other)?,
        };
        text.parse::<Date>().map_err(|_| format!("'{text}' is not a date; write it as 2026-01-31"))
    })?;
    let age = read.optional("key_max_age", |age| duration::show(*age), decode::duration_of)?;
    let midnight = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    let created = created.and_then(midnight).map(|at| Timestamp(at.as_millisecond()));
    Ok((created, age))
}

/// A warning about a key of the profile `name` that has passed its maximum age, or reaches it within
/// two weeks.
pub(crate) fn warning(
    name: &str,
    created: Timestamp,
    max_age: Duration,
    now: Timestamp,
) -> Option<String> {
    let end = created.0.saturating_add(i64::try_from(millis(max_age)).unwrap_or(i64::MAX));
    let left = end.saturating_sub(now.0);
    let days = left.unsigned_abs() / 86_400_000;
    let limit = duration::show(max_age);
    let advice = "create a new key and name it in the profile";
    if left < 0 {
        return Some(format!(
            "the key of profile {name} passed its maximum age of {limit} {days} days ago; {advice}"
        ));
    }
    let notice = i64::try_from(millis(NOTICE_PERIOD)).unwrap_or(i64::MAX);
    (left < notice).then(|| {
        format!(
            "the key of profile {name} reaches its maximum age of {limit} in {days} days; {advice}"
        )
    })
}
