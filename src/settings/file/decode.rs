//! Turns the placed values of a section into typed ones, checks their bounds, and notes each with
//! its origin for `config show`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::{Failure, FailureKind};

use super::located_value::{ConfigSection, Location, ScalarValue};
use crate::duration;

/// An effective value and where it came from, as `config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveValue {
    /// Dotted, as in the file: `profiles.dev.timing.settle`.
    pub key: String,
    /// The value; of a secret only its fingerprint. May hold foreign text.
    pub value: String,
    /// A file with its line, a variable, a flag, or `default`.
    pub origin: String,
}

/// What a value is when no file names it.
pub(crate) const DEFAULT: &str = "default";

/// A row of `config show`.
pub(crate) fn row(key: &str, value: &impl ToString, origin: impl Into<String>) -> EffectiveValue {
    EffectiveValue { key: key.to_owned(), value: value.to_string(), origin: origin.into() }
}

/// Reads one section.
pub(crate) struct SectionReader<'a> {
    section: &'a ConfigSection,
    prefix: String,
    shown: Vec<EffectiveValue>,
}

impl<'a> SectionReader<'a> {
    /// A reader of `section`, whose keys are shown behind `prefix` and a dot.
    pub(crate) fn new(prefix: impl Into<String>, section: &'a ConfigSection) -> Self {
        Self { section, prefix: prefix.into(), shown: Vec::new() }
    }

    /// Everything that was read, in order.
    pub(crate) fn into_shown(self) -> Vec<EffectiveValue> {
        self.shown
    }

    /// Goes on with another section, keeping what was noted.
    pub(crate) fn section(&mut self, prefix: impl Into<String>, section: &'a ConfigSection) {
        self.prefix = prefix.into();
        self.section = section;
    }

    /// Notes a value that comes from elsewhere.
    pub(crate) fn note(&mut self, key: &str, value: impl Into<String>, origin: impl Into<String>) {
        let key = format!("{}.{key}", self.prefix);
        self.shown.push(EffectiveValue { key, value: value.into(), origin: origin.into() });
    }

    /// Where `key` stands.
    pub(crate) fn place(&self, key: &str) -> Option<&'a Location> {
        self.section.get(key).map(|entry| &entry.place)
    }

    /// Two values of this section that cannot both be: `low` is above `high`.
    pub(crate) fn contradiction(&self, low: &str, high: &str) -> Failure {
        let why = format!("`{low}` is above `{high}`; lower the one or raise the other");
        match self.place(low).or_else(|| self.place(high)) {
            Some(place) => place.failure(why),
            None => Failure::new(FailureKind::Configuration, &self.prefix, why),
        }
    }

    /// The value at `key` by `parse`, if there is one.
    pub(crate) fn optional<T>(
        &mut self,
        key: &str,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&ScalarValue) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let Some(entry) = self.section.get(key) else { return Ok(None) };
        let value =
            parse(&entry.scalar).map_err(|why| entry.place.failure(format!("`{key}`: {why}")))?;
        self.note(key, show(&value), entry.place.to_string());
        Ok(Some(value))
    }

    /// The value at `key` by `parse`, or `default`.
    pub(crate) fn required<T>(
        &mut self,
        key: &str,
        default: T,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&ScalarValue) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if let Some(value) = self.optional(key, &show, parse)? {
            return Ok(value);
        }
        self.note(key, show(&default), DEFAULT);
        Ok(default)
    }

    /// A wait within `bounds`.
    pub(crate) fn wait(
        &mut self,
        key: &str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Duration, Failure> {
        let show = |wait: &Duration| duration::show(*wait);
        self.required(key, default, show, |scalar| within(span(scalar)?, &bounds, show))
    }

    /// A whole number within `bounds`.
    pub(crate) fn count(
        &mut self,
        key: &str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> Result<u32, Failure> {
        self.required(key, default, ToString::to_string, |scalar| {
            let ScalarValue::Integer(number) = scalar else {
                return Err(format!("wants a whole number, not {}", scalar.kind()));
            };
            let number = u32::try_from(*number)
                .map_err(|_| out_of_bounds(number, bounds.start(), bounds.end()))?;
            within(number, &bounds, ToString::to_string)
        })
    }

    /// A number within `bounds`.
    pub(crate) fn number(
        &mut self,
        key: &str,
        default: f64,
        bounds: RangeInclusive<f64>,
    ) -> Result<f64, Failure> {
        self.required(key, default, ToString::to_string, |scalar| {
            within(number(scalar)?, &bounds, ToString::to_string)
        })
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &str, default: bool) -> Result<bool, Failure> {
        self.required(key, default, ToString::to_string, |scalar| match scalar {
            ScalarValue::Flag(flag) => Ok(*flag),
            other => Err(format!("wants true or false without quotes, not {}", other.kind())),
        })
    }
}

/// The text in `scalar`.
pub(crate) fn text(scalar: &ScalarValue) -> Result<&str, String> {
    match scalar {
        ScalarValue::Text(text) => Ok(text),
        other => Err(format!("wants a text in quotes, not {}", other.kind())),
    }
}

/// The number in `scalar`, whole or not.
// Whole numbers in a file are small; a huge one only loses digits that no bound depends on.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn number(scalar: &ScalarValue) -> Result<f64, String> {
    match scalar {
        ScalarValue::Integer(number) => Ok(*number as f64),
        ScalarValue::Float(number) => Ok(*number),
        other => Err(format!("wants a number, not {}", other.kind())),
    }
}

/// The span of time in `scalar`.
pub(crate) fn span(scalar: &ScalarValue) -> Result<Duration, String> {
    match scalar {
        ScalarValue::Text(text) => duration::parse(text),
        other => Err(format!("wants a span of time such as \"2s\", not {}", other.kind())),
    }
}

/// `value`, if it lies in `bounds`.
fn within<T: PartialOrd>(
    value: T,
    bounds: &RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> Result<T, String> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(out_of_bounds(show(&value), show(bounds.start()), show(bounds.end())))
}

fn out_of_bounds(value: impl Display, low: impl Display, high: impl Display) -> String {
    format!("{value} is out of bounds; use {low} to {high}")
}
