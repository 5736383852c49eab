//! Command-line client of the RemoveBGVideo API, which removes backgrounds from videos.
//!
//! The service is slow, billed and rate-limited, and has no idempotency keys. The client never bills
//! an input twice, survives a kill at any moment, and reports the outcome of every input.
//!
//! # Modules
//!
//! Imports point to the right only, without cycles; `tests/module_dependencies.rs` checks both:
//!
//! ```text
//! main -> cli -> {settings, flow, smoke, audit, listen, report, output, sandbox}
//! smoke -> flow -> {client, store, ledger, media}
//! store -> {client, media}
//! audit, listen -> {client, ledger}
//! report -> {ledger, media, output}
//! sandbox -> media
//! ```
//!
//! All modules except `sandbox` may use [`model`], which is plain data. [`duration`] parses and formats
//! durations for all modules; [`blocking`] runs blocking work for async code. The sandbox is an
//! independent implementation of the documented API and shares no wire types with [`client`], so that
//! a mistake in both would not pass our own tests.

pub mod audit;
pub mod blocking;
pub mod cli;
pub mod client;
pub mod duration;
pub mod env;
pub mod flow;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod ledger;
pub mod listen;
pub mod media;
pub mod model;
pub mod output;
pub mod report;
pub mod sandbox;
pub mod settings;
pub mod smoke;
pub mod store;
