//! The process edge: arguments, variables, terminal, clocks and seed, read once.
//!
//! This is the only file that reads anything ambient. Everything else is given values, so that
//! policies are pure and tests exact.
