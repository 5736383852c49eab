//! Arguments that several commands share: `global` (every command), `input` and `job` (commands
//! that make jobs), `run` (commands that work through a batch), `rows` (commands that print lists).

pub(crate) mod global;
pub(crate) mod input;
pub(crate) mod job;
pub(crate) mod rows;
pub(crate) mod run;

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A parser of the `known` words of `T`, which the help lists.
fn one_of<T>(known: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::error::Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(known).try_map(|word| word.parse::<T>())
}
