//! Jobs as returned by the service (contract, *Job*).

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};

use super::secret::OutputLink;

/// Maximum displayed notes per job.
const NOTES_MAX: usize = 8;

/// Maximum displayed length of a note, in characters.
const NOTE_MAX: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub String);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Status of a job at the service. Its names are those on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, AsRefStr, EnumString)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum JobStatus {
    /// A draft; costs nothing until started.
    Created,
    /// Accepted, waiting for a worker.
    Pending,
    Processing,
    /// Final: the output can be downloaded.
    Completed,
    /// Final: there is no output.
    Failed,
    /// A status that the contract does not list. Never final.
    #[strum(default, transparent)]
    Other(String),
}

impl JobStatus {
    /// Status of a job whose response contains none.
    pub const UNKNOWN: &str = "unknown";

    /// Parses the wire format, ignoring case.
    pub fn parse(word: &str) -> Self {
        word.parse().unwrap_or_else(|_| Self::Other(word.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        self.as_ref()
    }

    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A job as returned by one poll.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// `id` or `job_id` of the response.
    pub id: JobId,
    pub status: JobStatus,
    /// Percent, 0 to 100; `None` if the service does not state it.
    pub progress: Option<f64>,
    /// Time-limited link to the output; `None` until completed.
    pub output_url: Option<OutputLink>,
    /// The service's reason for a failed job.
    pub error: Option<String>,
    /// Creation time (UTC), in the format of the service.
    pub created_at: Option<String>,
    /// Duration of the output in seconds, which is billed.
    pub duration_seconds: Option<f64>,
    /// Any value means that the job was started.
    pub billing_status: Option<String>,
    /// The response, including unknown fields, without the output link.
    pub raw: serde_json::Value,
}

impl JobView {
    /// Notes about the processing (another model was used, no person was found), under the field
    /// names used by services. Not documented by the contract.
    pub fn notes(&self) -> Vec<String> {
        let fields = ["notes", "note", "warnings", "warning"];
        let said = fields.iter().filter_map(|name| self.raw.get(name)).flat_map(|field| {
            let one = std::slice::from_ref(field);
            field.as_array().map_or(one, Vec::as_slice)
        });
        let text = |note: &serde_json::Value| {
            let text = note.as_str().or_else(|| note.get("message")?.as_str())?.trim();
            (!text.is_empty()).then(|| text.chars().take(NOTE_MAX).collect::<String>())
        };
        let mut notes: Vec<String> = Vec::new();
        for note in said.filter_map(text).take(NOTES_MAX) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    /// A field of the job's `metadata`, if the service returns it.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.raw.get("metadata")?.get(key)?.as_str()
    }
}

#[cfg(test)]
impl JobView {
    /// A job with only a status.
    pub(crate) fn bare(id: &str, status: JobStatus) -> Self {
        Self {
            id: JobId(id.to_owned()),
            status,
            progress: None,
            output_url: None,
            error: None,
            created_at: None,
            duration_seconds: None,
            billing_status: None,
            raw: serde_json::Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notes_are_found_under_several_names_and_bounded() {
        let notes = |raw: serde_json::Value| {
            JobView { raw, ..JobView::bare("j", JobStatus::Completed) }.notes()
        };
        assert_eq!(notes(json!({"notes": ["a", "", 7, "a"], "warning": "b"})), ["a", "b"]);
        assert_eq!(notes(json!({"warnings": [{"message": "c"}], "note": null})), ["c"]);
        assert!(notes(json!({"notes": {}, "status": "completed"})).is_empty());
        let many =
            notes(json!({"notes": (0..99).map(|n| n.to_string().repeat(999)).collect::<Vec<_>>()}));
        assert!(
            many.len() == NOTES_MAX && many.iter().all(|note| note.chars().count() <= NOTE_MAX)
        );
    }
}
