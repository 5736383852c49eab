//! TODO

pub(crate) mod global;
pub(crate) mod input;
pub(crate) mod job;
