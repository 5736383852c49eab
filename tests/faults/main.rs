//! The faults of `docs/faults.md`, one after another: each test names its row.
//!
//! After every case the same must hold: the ledger is intact, every item is final or can be
//! resumed, at most one effective start for each attempt, no secret in any output, and no partial
//! file under a final name. [`Case`] checks that when it is dropped.
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

mod answers;
mod billing;
mod case;
mod collecting;
mod files;
mod ledger;
mod limits;
mod polling;
mod rows;
mod signals;
mod stops;
mod webhooks;
