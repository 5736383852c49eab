//! Values of a configuration file with their line and column, independent of the meaning of keys.
//!
//! The types with values do not implement `Debug`: a value may be an API key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use crate::model::Failure;

/// The author of a file, which decides how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileOrigin {
    /// The user: the user file, or one named by `--config` or `RBGV_CONFIG`.
    User,
    /// The author of the directory, for example of a cloned repository.
    Project,
}

/// A file that is being parsed.
#[derive(Clone, Copy)]
pub(crate) struct SourceFile<'a> {
    pub(crate) path: &'a Arc<Path>,
    pub(crate) origin: FileOrigin,
    pub(crate) text: &'a str,
}

impl SourceFile<'_> {
    /// The line and column at `offset` bytes from the start.
    pub(crate) fn place(&self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Location {
            path: Arc::clone(self.path),
            origin: self.origin,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) path: Arc<Path>,
    pub(crate) origin: FileOrigin,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

impl Location {
    /// A configuration error here.
    pub(crate) fn failure(&self, why: impl Into<String>) -> Failure {
        let what = format!("{}, line {}, column {}", self.path.display(), self.line, self.column);
        Failure::configuration(what, why)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// A value other than a list or a table.
#[derive(Clone)]
pub(crate) enum ScalarValue {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    /// A date or time, as written.
    Date(String),
}

impl ScalarValue {
    /// A description of the type, without the value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text in quotes",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
        }
    }
}

#[derive(Clone)]
pub(crate) struct LocatedValue {
    pub(crate) scalar: ScalarValue,
    pub(crate) place: Location,
}

impl LocatedValue {
    /// Converts the value of `key`, which must not be a list or a table.
    pub(crate) fn from_toml(
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

/// The values of a table, by key.
#[derive(Clone, Default)]
pub(crate) struct ConfigSection(pub(crate) BTreeMap<String, LocatedValue>);

impl ConfigSection {
    /// Replaces values by those of `over`.
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
        let source = SourceFile { path: &path, origin: FileOrigin::User, text };
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
