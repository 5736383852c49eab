//! Keys of the metadata that is sent with each job, by which jobs are recognised in lists.

/// Identifies the attempt: a job whose create got no answer is found by it.
pub(crate) const CORRELATION_ID: &str = "rbgv_id";

/// The content key of the input: jobs are recognised by it when the ledger was lost.
pub(crate) const CONTENT_KEY: &str = "rbgv_item";
