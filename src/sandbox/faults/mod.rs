//! TODO

pub(crate) mod plan;
