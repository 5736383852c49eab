//! Reports for people. Nothing here writes.
//!
//! Reading order:
//!
//! - `status`: batches and attempts for `status`, and the log of an attempt
//! - `batch_record`: a batch with its inputs and attempts, for `report`
//! - `attempt_details`: one attempt for `logs`, and the search for it
//! - `cost_report`: costs for `usage` and for the audit
//! - `key_report`: figures of a key for `profile rotate`
//! - `durations`: durations of completed jobs

pub(crate) mod attempt_details;
pub(crate) mod batch_record;
pub(crate) mod cost_report;
pub(crate) mod durations;
pub(crate) mod key_report;
pub(crate) mod status;
