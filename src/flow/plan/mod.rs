//! The plan of a run. Every input is discovered, checked, hashed, priced and named, and the whole
//! plan is in the ledger before the first byte is sent. It is never whole in memory. In reading
//! order:
//!
//! - `request`, `planner`, `plan_builder`: what is planned, and the plan, input by input
//! - `inputs`: inputs as the user names them, and the files of directories
//! - `source`, `content_key`: an input's content, and the key by which equal work is recognised
//! - `outputs`: the name of an output, and proof that it can be written there
//! - `objects`: the objects of prefixes and globs
//! - `earlier_jobs`: jobs that exist already, for `rbgv fetch`, after a fail-over, or after the
//!   ledger was lost

pub(crate) mod content_key;
pub(crate) mod earlier_jobs;
pub(crate) mod inputs;
pub(crate) mod objects;
pub(crate) mod outputs;
mod plan_builder;
mod planner;
mod request;
pub(crate) mod source;

pub use self::request::{Plan, PlanRequest, Planner};
