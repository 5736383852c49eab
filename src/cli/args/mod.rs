//! Arguments that several commands share: `global` (every command), `input` and `job` (commands
//! that make jobs), `run` (commands that work through a batch), `rows` (commands that print lists).

pub(crate) mod global;
pub(crate) mod input;
pub(crate) mod job;
pub(crate) mod rows;
pub(crate) mod run;
