//! Converts the values of a section to typed ones within bounds, and records each with its origin for
//! `config show`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::Failure;

use super::located_value::{ConfigSection, Location, ScalarValue};
use crate::duration;

/// A row of `config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveValue {
    /// Dotted, as in the file: `profiles.dev.timing.settle`.
    pub key: String,
    /// The fingerprint of a secret. May contain foreign text.
    pub value: String,
    /// A file and line, a variable, a flag, or `default`.
    pub origin: String,
}

/// Origin of a value that nothing sets.
pub(crate) const DEFAULT: &str = "default";

pub(crate) fn row(key: &str, value: &impl ToString, origin: impl Into<String>) -> EffectiveValue {
    EffectiveValue { key: key.to_owned(), value: value.to_string(), origin: origin.into() }
}

pub(crate) struct SectionReader<'a> {
    section: &'a ConfigSection,
    prefix: String,
    shown: Vec<EffectiveValue>,
}

impl<'a> SectionReader<'a> {
    /// Reads `section`, whose keys are shown with `prefix` and a dot before them.
    pub(crate) fn new(prefix: impl Into<String>, section: &'a ConfigSection) -> Self {
        Self { section, prefix: prefix.into(), shown: Vec::new() }
    }

    /// The recorded rows, in the order of reading.
    pub(crate) fn into_shown(self) -> Vec<EffectiveValue> {
        self.shown
    }

    /// Continues with another section and keeps the recorded rows.
    pub(crate) fn section(&mut self, prefix: impl Into<String>, section: &'a ConfigSection) {
        self.prefix = prefix.into();
        self.section = section;
    }

    /// Records a value from another origin.
    pub(crate) fn record(
        &mut self,
        key: &str,
        value: impl Into<String>,
        origin: impl Into<String>,
    ) {
        let key = format!("{}.{key}", self.prefix);
        self.shown.push(EffectiveValue { key, value: value.into(), origin: origin.into() });
    }

    pub(crate) fn place(&self, key: &str) -> Option<&'a Location> {
        self.section.get(key).map(|entry| &entry.place)
    }

    /// The error that `low` is above `high`.
    pub(crate) fn contradiction(&self, low: &str, high: &str) -> Failure {
        let why = format!("`{low}` is above `{high}`; lower the first or raise the second");
        match self.place(low).or_else(|| self.place(high)) {
            Some(place) => place.failure(why),
            None => Failure::configuration(&self.prefix, why),
        }
    }

    /// The parsed value at `key`, if it is set.
    pub(crate) fn optional<T>(
        &mut self,
        key: &str,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&ScalarValue) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let Some(entry) = self.section.get(key) else { return Ok(None) };
        let value =
            parse(&entry.scalar).map_err(|why| entry.place.failure(format!("`{key}`: {why}")))?;
        self.record(key, show(&value), entry.place.to_string());
        Ok(Some(value))
    }

    /// The parsed value at `key`, or `default`.
    pub(crate) fn value_or<T>(
        &mut self,
        key: &str,
        default: T,
        show: impl Fn(&T) -> String,
        parse: impl Fn(&ScalarValue) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if let Some(value) = self.optional(key, &show, parse)? {
            return Ok(value);
        }
        self.record(key, show(&default), DEFAULT);
        Ok(default)
    }

    pub(crate) fn duration(
        &mut self,
        key: &str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Duration, Failure> {
        let show = |value: &Duration| duration::show(*value);
        self.value_or(key, default, show, |scalar| within(duration_of(scalar)?, &bounds, show))
    }

    pub(crate) fn count(
        &mut self,
        key: &str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> Result<u32, Failure> {
        self.value_or(key, default, ToString::to_string, |scalar| {
            let ScalarValue::Integer(number) = scalar else {
                return Err(format!("expected a whole number, not {}", scalar.kind()));
            };
            let number = u32::try_from(*number)
                .map_err(|_| out_of_bounds(number, bounds.start(), bounds.end()))?;
            within(number, &bounds, ToString::to_string)
        })
    }

    pub(crate) fn number(
        &mut self,
        key: &str,
        default: f64,
        bounds: RangeInclusive<f64>,
    ) -> Result<f64, Failure> {
        self.value_or(key, default, ToString::to_string, |scalar| {
            within(number(scalar)?, &bounds, ToString::to_string)
        })
    }

    pub(crate) fn flag(&mut self, key: &str, default: bool) -> Result<bool, Failure> {
        self.value_or(key, default, ToString::to_string, |scalar| match scalar {
            ScalarValue::Flag(flag) => Ok(*flag),
            other => Err(format!("expected true or false without quotes, not {}", other.kind())),
        })
    }
}

pub(crate) fn text(scalar: &ScalarValue) -> Result<&str, String> {
    match scalar {
        ScalarValue::Text(text) => Ok(text),
        other => Err(format!("expected text in quotes, not {}", other.kind())),
    }
}

/// A number, whole or not. A huge whole number loses only digits on which no bound depends.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn number(scalar: &ScalarValue) -> Result<f64, String> {
    match scalar {
        ScalarValue::Integer(number) => Ok(*number as f64),
        ScalarValue::Float(number) => Ok(*number),
        other => Err(format!("expected a number, not {}", other.kind())),
    }
}

pub(crate) fn duration_of(scalar: &ScalarValue) -> Result<Duration, String> {
    match scalar {
        ScalarValue::Text(text) => duration::parse(text),
        other => Err(format!("expected a duration such as \"2s\", not {}", other.kind())),
    }
}

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
    format!("{value} is out of range; use {low} to {high}")
}
