//! The binary, driven as users drive it, against the sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::format_push_string,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

#[path = "../support/postgres_server.rs"]
mod postgres_server;
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "matting")]
mod artefacts;
mod commands;
#[cfg(feature = "matting")]
mod docs;
mod doctor;
mod explain;
mod fleet;
mod fleet_outage;
mod fleet_tls;
mod gcs_server;
#[cfg(feature = "matting")]
mod help;
mod init;
mod inputs;
mod json;
mod keys;
mod kill;
mod limits;
mod listen;
mod logs;
mod output;
mod profiles;
#[cfg(feature = "matting")]
mod real;
mod recipes;
mod report;
mod rotate;
mod run;
mod s3_server;
mod schemas;
mod screens;
mod secrets;
mod settings;
mod smoke;
mod smoke_ci;
mod smoke_forms;
mod smoke_paid;
mod smoke_tls;
mod storage;
mod targets;
mod terminal;
mod usage;
