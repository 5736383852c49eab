//! TODO

pub(crate) mod event_lines;
pub mod json;
pub mod messages;
pub(crate) mod repeated_warnings;
pub(crate) mod reporter;
