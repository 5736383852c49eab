//! Durations in scenarios and options, some of them signed.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

pub(crate) use crate::duration::parse;

/// Parses a signed duration to milliseconds.
pub(crate) fn parse_signed_milliseconds(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let span = parse(rest)?;
    i64::try_from(span.as_millis())
        .map(|milliseconds| sign * milliseconds)
        .map_err(|_| format!("`{text}` is too long"))
}

pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// For optional durations.
pub(crate) fn read_optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    read(from).map(Some)
}

/// For signed durations in milliseconds.
pub(crate) fn read_signed<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    parse_signed_milliseconds(&String::deserialize(from)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_people_write_them() {
        for (text, milliseconds) in
            [("250ms", 250), ("2s", 2000), ("1.5s", 1500), ("10m", 600_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "s", "-2s", "2 parsecs", "1e400s", "ms"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse_signed_milliseconds("-1h"), Ok(-3_600_000));
        assert_eq!(parse_signed_milliseconds("+2s"), Ok(2000));
    }
}
