//! The binary, driven as users drive it, against the sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::format_push_string,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

mod artefacts;
mod commands;
mod doctor;
mod explain;
mod kill;
mod logs;
mod output;
mod real;
mod recipes;
mod run;
mod secrets;
mod settings;
mod usage;
