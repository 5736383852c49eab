//! Help texts besides those of the arguments: `examples` of each command, and the `topics` of
//! `rbgv help`.

pub(crate) mod examples;
pub(crate) mod topics;
