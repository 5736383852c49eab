//! Removes backgrounds from videos through the RemoveBGVideo API.
//!
//! The heart of the crate is a client that is fast *and* safe against a slow, billed,
//! rate-limited service without idempotency keys: it never bills an input twice, survives a kill
//! at any moment, and always says what happened.
//!
//! # Rooms
//!
//! Every concern has one room, and imports point to the right only (a test holds this):
//!
//! ```text
//! main -> cli -> {settings, flow, listen, output, sandbox}
//! flow -> {client, ledger, media}
//! listen -> {client, ledger}
//! sandbox -> media
//! ```
//!
//! All rooms but `sandbox` may use [`model`], which is plain data; `client` and `flow` run what blocks
//! through [`blocking`]. [`duration`] reads and writes durations, for every room. The sandbox is an independent
//! implementation of the documented API and shares no wire types with [`client`]: a mistake in
//! both would otherwise pass its own tests.

pub mod audit;
pub mod blocking;
pub mod cli;
pub mod client;
pub mod duration;
pub mod env;
pub mod flow;
pub mod ledger;
pub mod listen;
pub mod media;
pub mod model;
pub mod output;
pub mod sandbox;
pub mod settings;
pub mod smoke;
