//! Values in statements and rows, alike for both databases.

use std::fmt::Display;

use crate::ledger::LedgerError;

/// A parameter of a statement, or a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The parameters of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::ledger::database::value::ToValue::to_value(&$value)),*]
    };
}
pub(crate) use params;

/// What can be a parameter.
pub(crate) trait ToValue {
    fn to_value(&self) -> Value;
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value {
        Value::Int(*self)
    }
}

/// Numbers beyond the range of `i64` are stored as negative ones.
impl ToValue for u64 {
    fn to_value(&self) -> Value {
        Value::Int(self.cast_signed())
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value {
        Value::Int((*self).into())
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value {
        Value::Real(*self)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}

/// What a column can be read as.
pub(crate) trait FromValue: Sized {
    /// # Errors
    ///
    /// The reason why the value cannot be used.
    fn from_value(value: Value) -> Result<Self, String>;
}

fn unusable<T>() -> Result<T, String> {
    Err("unusable value".to_owned())
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Int(number) => Ok(number),
            _ => unusable(),
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, String> {
        i64::from_value(value).map(i64::cast_unsigned)
    }
}

impl FromValue for u32 {
    fn from_value(value: Value) -> Result<Self, String> {
        i64::from_value(value)?.try_into().or_else(|_| unusable())
    }
}

impl FromValue for usize {
    fn from_value(value: Value) -> Result<Self, String> {
        i64::from_value(value)?.try_into().or_else(|_| unusable())
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Bool(flag) => Ok(flag),
            Value::Int(number) => Ok(number != 0),
            _ => unusable(),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Real(number) => Ok(number),
            Value::Int(number) => Ok(number as Self),
            _ => unusable(),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text),
            _ => unusable(),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => unusable(),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A column by number or name.
pub(crate) trait Column:
    rusqlite::RowIndex + tokio_postgres::row::RowIndex + Display + Copy
{
}
impl<T: rusqlite::RowIndex + tokio_postgres::row::RowIndex + Display + Copy> Column for T {}

/// A row of a query.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column.
    ///
    /// # Errors
    ///
    /// There is no such column, or its value is of another type.
    pub(crate) fn get<C: Column, T: FromValue>(&self, column: C) -> Result<T, LedgerError> {
        let value = match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        };
        T::from_value(value)
            .map_err(|reason| LedgerError::Corrupt(format!("column {column}: {reason}")))
    }
}

/// What a row of a query can be read as: its only column, all columns in order, or a type that names
/// its columns.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError>;
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        row.get(0)
    }
}

impl<A: FromValue, B: FromValue> FromRow for (A, B) {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok((row.get(0)?, row.get(1)?))
    }
}

impl<A: FromValue, B: FromValue, C: FromValue> FromRow for (A, B, C) {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    }
}

impl<A: FromValue, B: FromValue, C: FromValue, D: FromValue> FromRow for (A, B, C, D) {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    }
}
