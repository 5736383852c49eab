//! One value of a configuration file with the place where it stands, and the sections that hold
//! such values. Knows nothing of what the keys mean.
//!
//! None of these types implement `Debug`: a value may be an API key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use crate::model::{Failure, FailureKind};

/// Who wrote a file, and so how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileOrigin {
    /// The user: the user file, or one named by `--config` or `RBGV_CONFIG`.
    User,
    /// Whoever wrote the directory that we run in: a cloned repository, perhaps.
    Project,
}

/// A file that is being read, for naming places in it.
#[derive(Clone, Copy)]
pub(crate) struct SourceFile<'a> {
    pub(crate) path: &'a Arc<Path>,
    pub(crate) author: FileOrigin,
    pub(crate) text: &'a str,
}

impl SourceFile<'_> {
    /// The place at `offset` bytes from the start.
    pub(crate) fn place(&self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Location {
            path: Arc::clone(self.path),
            author: self.author,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Where in which file something stands.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) path: Arc<Path>,
    pub(crate) author: FileOrigin,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

impl Location {
    /// A mistake at this place.
    pub(crate) fn failure(&self, why: impl Into<String>) -> Failure {
        let what = format!("{}, line {}, column {}", self.path.display(), self.line, self.column);
        Failure::new(FailureKind::Configuration, what, why)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// A value without parts.
#[derive(Clone)]
pub(crate) enum ScalarValue {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    /// A date or time, as it was written.
    Date(String),
}

impl ScalarValue {
    /// What it is, in words, and never the value itself.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text in quotes",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
        }
    }
}

/// A value and its place.
#[derive(Clone)]
pub(crate) struct LocatedValue {
    pub(crate) scalar: ScalarValue,
    pub(crate) place: Location,
}

impl LocatedValue {
    /// Takes a value that has no parts; a table or an array is a mistake here.
    pub(crate) fn take(
        source: SourceFile<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Self, Failure> {
        let place = source.place(value.span().start);
        let scalar = match value.get_ref() {
            DeValue::String(text) => ScalarValue::Text(text.to_string()),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map(ScalarValue::Integer)
                .map_err(|_| place.failure(format!("the number at `{key}` is too large")))?,
            DeValue::Float(digits) => digits
                .as_str()
                .parse()
                .map(ScalarValue::Float)
                .map_err(|_| place.failure(format!("the number at `{key}` cannot be read")))?,
            DeValue::Boolean(flag) => ScalarValue::Flag(*flag),
            DeValue::Datetime(date) => ScalarValue::Date(date.to_string()),
            DeValue::Array(_) => {
                return Err(place.failure(format!("`{key}` takes one value, not a list")));
            }
            DeValue::Table(_) => {
                return Err(place.failure(format!("`{key}` takes one value, not a table")));
            }
        };
        Ok(Self { scalar, place })
    }
}

/// The values of one table, by key.
#[derive(Clone, Default)]
pub(crate) struct ConfigSection(pub(crate) BTreeMap<String, LocatedValue>);

impl ConfigSection {
    /// Takes the values of `over` where it has them.
    pub(crate) fn overlay(&mut self, over: &Self) {
        self.0.extend(over.0.iter().map(|(key, entry)| (key.clone(), entry.clone())));
    }

    pub(crate) fn get(&self, key: &str) -> Option<&LocatedValue> {
        self.0.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let path: Arc<Path> = Path::new("x.toml").into();
        let text = "a = 1\nüb = 2\n";
        let source = SourceFile { path: &path, author: FileOrigin::User, text };
        let at = |offset| {
            let place = source.place(offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 5));
        assert_eq!(at(text.find('2').unwrap()), (2, 6));
        assert_eq!(at(text.len() + 9), (3, 1));
    }
}
