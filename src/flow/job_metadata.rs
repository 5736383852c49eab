//! Keys of the metadata that is sent with each job, by which jobs are recognised in lists.

use crate::model::JobView;

/// Identifies the attempt: finds a job whose create got no answer.
pub(crate) const CORRELATION_ID: &str = "rbgv_id";

/// The content key of the input: recognises jobs after the ledger was lost.
pub(crate) const CONTENT_KEY: &str = "rbgv_item";

/// An id of ours in the metadata of a job. Metadata is foreign text.
pub(crate) fn id_of(job: &JobView, name: &str) -> Option<String> {
    job.metadata(name).filter(|id| is_hex_id(id)).map(ToOwned::to_owned)
}

pub(crate) fn is_hex_id(text: &str) -> bool {
    matches!(text.len(), 32 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
