//! Operations of a run, each one transaction.
//!
//! Reading order:
//!
//! - `batches`: batches and their plan
//! - `inputs`: the queue of inputs, and their results
//! - `dedupe`: the attempt behind each input, and so whether it is paid for again
//! - `attempts`: claims and commits
//! - `starts`: the limits that a start has to pass
//! - `key_state`: what is known of a key: uploads, drafts, bills, prices
//! - `rate_limits`: storage of the client's rate limits (`grouped_changes`: several at once)
//! - `reconcile`: attempts of a shared ledger after its server was replaced, by the jobs that the service
//!   lists (`listed_jobs`)
//! - `deliveries`: webhook deliveries and their receiver

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod dedupe;
pub(crate) mod deliveries;
pub(crate) mod grouped_changes;
pub(crate) mod inputs;
pub(crate) mod key_state;
pub(crate) mod listed_jobs;
pub(crate) mod rate_limits;
pub(crate) mod reconcile;
pub(crate) mod starts;
