//! When a key was made and how long it may live, as the user notes it in a profile.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::time::millis;
use crate::model::{Failure, Timestamp};

use crate::duration;
use crate::settings::file::decode::{self, SectionReader};
use crate::settings::file::located_value::ScalarValue;
use crate::settings::profile::Profile;

/// How long before the end of a key's life it is warned about.
const NOTICE: Duration = Duration::from_hours(14 * 24);

/// Reads `key_created` and `key_max_age`.
pub(crate) fn read(
    read: &mut SectionReader<'_>,
) -> Result<(Option<Timestamp>, Option<Duration>), Failure> {
    let created = read.optional("key_created", ToString::to_string, |scalar| {
        let text = match scalar {
            ScalarValue::Date(text) => text,
            other => decode::text(other)?,
        };
        text.parse::<Date>().map_err(|_| format!("'{text}' is no date; write it as 2026-01-31"))
    })?;
    let age = read.optional("key_max_age", |age| duration::show(*age), decode::span)?;
    let midnight = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    let created = created.and_then(midnight).map(|at| Timestamp(at.as_millisecond()));
    Ok((created, age))
}

impl Profile {
    /// What to say about the age of the key at `now`: nothing while it has more than two weeks,
    /// or when the profile does not say how old it is and may become.
    #[must_use]
    pub fn key_age_warning(&self, now: Timestamp) -> Option<String> {
        let (created, age) = (self.key_created?, self.key_max_age?);
        let end = created.0.saturating_add(i64::try_from(millis(age)).unwrap_or(i64::MAX));
        let left = end.saturating_sub(now.0);
        let days = left.unsigned_abs() / 86_400_000;
        let (name, limit) = (&self.name, duration::show(age));
        let advice = "make a new key, and name it in the profile";
        if left < 0 {
            return Some(format!(
                "the key of profile {name} is {days} days older than the {limit} it may become; {advice}"
            ));
        }
        let notice = i64::try_from(millis(NOTICE)).unwrap_or(i64::MAX);
        (left < notice).then(|| {
            format!("the key of profile {name} reaches its {limit} in {days} days; {advice}")
        })
    }
}
