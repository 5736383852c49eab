//! Parsing and formatting of durations: `250ms`, `2s`, `10m`, `2h`, `90d`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Parses a number with a unit (`ms`, `s`, `m`, `h`, `d`, `w`), or several, such as `1h30m`. A day
/// is 24 hours. `0` needs no unit.
///
/// # Errors
/// A message that shows the accepted forms.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unclear =
        || format!("invalid duration '{text}'; use \"250ms\", \"2s\", \"10m\", \"2h\" or \"90d\"");
    let span: Span = text.parse().map_err(|_| unclear())?;
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err(format!("duration '{text}' has no fixed length; use days, such as \"90d\""));
    }
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| unclear())?;
    if exact.is_negative() {
        return Err(format!("negative duration '{text}'; use 0 or more"));
    }
    Duration::try_from(exact).map_err(|_| unclear())
}

/// `span` in the largest unit that expresses it as a whole number, readable by [`parse`]. Fractions
/// of a millisecond are dropped.
#[must_use]
pub fn show(span: Duration) -> String {
    const UNITS: [(u128, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let millis = span.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    match UNITS.into_iter().find(|(unit, _)| millis.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let table = [
            ("250ms", 250),
            ("2s", 2_000),
            ("0", 0),
            ("0s", 0),
            ("1.5s", 1_500),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            (" 2h ", 7_200_000),
            ("90d", 7_776_000_000),
            ("2w", 1_209_600_000),
        ];
        for (text, millis) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused_with_an_example() {
        for bad in ["", "2", "fast", "2 parsecs", "s", "2s3"] {
            assert!(parse(bad).unwrap_err().contains("\"250ms\""), "{bad}");
        }
        assert!(parse("2mo").unwrap_err().contains("days"));
        assert!(parse("-2s").unwrap_err().contains("negative"));
    }

    proptest! {
        #[test]
        fn shown_spans_read_back(millis in 0_u64..100_000_000_000) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(parse(&show(span)), Ok(span));
        }
    }
}
