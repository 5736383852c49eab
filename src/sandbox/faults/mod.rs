//! Faults on demand: `scenario/` parses the file that describes them, and `plan` picks those of one call.

pub(crate) mod plan;
pub(crate) mod scenario;

#[cfg(test)]
mod tests;
