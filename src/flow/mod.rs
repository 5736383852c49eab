//! Placeholder.

pub mod protocol;
