//! The JSON documents of the commands, as types: their names and kinds of values are the interface that
//! scripts rely on. `docs/schema/` holds the JSON Schema of each, and `docs/json.md` describes them. The
//! events of a run are in [`super::events::json`].
//!
//! Times are RFC 3339 in UTC, durations in seconds, sizes in bytes. `answer` and `raw` values are the
//! service's own.

pub(crate) mod account;
pub(crate) mod local;
pub(crate) mod smoke;
pub(crate) mod status;
pub(crate) mod usage;
pub(crate) mod webhooks;

#[cfg(test)]
mod tests;
