//! The process edge of `rbgv`.
fn main() {}
