//! The command line. Reading order: `app` (parse and dispatch), `args` (shared arguments), `context`
//! (settings, clients, ledger), then one file for each of the `commands`; those that work through a
//! batch share `run_batch`, those that add a profile `new_profile`, those that write a page about a batch
//! `report_file`. `files` reads and writes files that the user names, `help` holds help texts, `completion`
//! answers the shells.
//!
//! Flags are parsed into domain types here. Settings are resolved once, in `context`; nothing below
//! this module reads a flag or a variable.

mod app;
mod args;
mod commands;
mod completion;
mod context;
mod files;
mod help;
mod new_profile;
mod report_file;
mod run_batch;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::args::rows::fuzz_row_template;

pub use self::app::{Cli, command, main, report_early};
