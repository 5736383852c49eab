//! Keys of the metadata that is sent with each job, by which jobs are recognised in lists.

/// Identifies the attempt: finds a job whose create got no answer.
pub(crate) const CORRELATION_ID: &str = "rbgv_id";

/// The content key of the input: recognises jobs after the ledger was lost.
pub(crate) const CONTENT_KEY: &str = "rbgv_item";
