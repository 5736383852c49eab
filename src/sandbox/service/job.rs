//! Records of the service: jobs, charges, uploads, keys and clients.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_id;
use super::request::JobRequest;

/// State of a job (contract, *Job*).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum ServiceStatus {
    /// A draft, free of charge.
    Created,
    /// Started and charged, waiting for a worker.
    Pending,
    Processing,
    Completed,
    Failed,
}

impl ServiceStatus {
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// Whether the job is started and not final: it counts as in flight.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }
}

/// Source of the video of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VideoSource {
    /// An upload of the same key.
    Upload(String),
    /// The output of another job.
    Output(String),
    /// A URL to fetch.
    Remote,
}

/// One charge, for a start of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CreditCharge {
    pub(crate) id: String,
    pub(crate) job_id: String,
    pub(crate) key: String,
    pub(crate) client_id: String,
    pub(crate) model: String,
    pub(crate) credits: f64,
    pub(crate) seconds: f64,
    /// Number of the start that it pays for, from 1.
    pub(crate) start_number: u32,
    pub(crate) at: Timestamp,
    /// Metadata of the job, with which a test finds its input.
    pub(crate) metadata: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobOutput {
    /// File name in the outputs directory.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Content hash, quoted for `ETag`.
    pub(crate) etag: String,
    /// Whether the timer made it, so that there is no file.
    #[serde(default)]
    pub(crate) stand_in: bool,
    /// Length of a stand-in, in seconds.
    #[serde(default)]
    pub(crate) seconds: f64,
}

/// Start and duration of a job of the timer, since the start of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timed {
    pub(crate) began: Duration,
    pub(crate) takes: Duration,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceJob {
    pub(crate) id: String,
    /// Key fingerprint.
    pub(crate) key: String,
    pub(crate) client_id: String,
    pub(crate) status: ServiceStatus,
    /// 0 to 100.
    pub(crate) progress: f64,
    pub(crate) request: JobRequest,
    pub(crate) source: VideoSource,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) began_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) duration_seconds: Option<f64>,
    /// `pending` until the duration is known, then `charged` or `refunded`.
    pub(crate) billing: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) output: Option<JobOutput>,
    pub(crate) engine: Option<String>,
    pub(crate) notes: Vec<String>,
    /// Number of effective starts.
    pub(crate) starts: u32,
    pub(crate) charges: Vec<CreditCharge>,
    pub(crate) webhook_events: BTreeMap<String, String>,
    /// Set by a scenario: the job fails with this message when it runs.
    pub(crate) doomed: Option<String>,
    /// Set while the timer runs; determines the progress.
    #[serde(skip)]
    pub(crate) timed: Option<Timed>,
}

impl ServiceJob {
    /// Whether the files in its record have names that a sandbox gave to it.
    pub(crate) fn names_own_files(&self) -> bool {
        let source = match &self.source {
            VideoSource::Upload(id) | VideoSource::Output(id) => is_id(id),
            VideoSource::Remote => true,
        };
        let own = |name: &str| {
            let rest = name.strip_prefix(&self.id).and_then(|rest| rest.strip_prefix('-'));
            let parts = rest.and_then(|rest| rest.split_once('.'));
            parts.is_some_and(|(start, extension)| is_id(start) && is_id(extension))
        };
        source && self.output.as_ref().is_none_or(|output| own(&output.name))
    }

    /// The state at an earlier time; `None` before its creation. Only the latest start is known.
    pub(crate) fn status_at(&self, time: Timestamp) -> Option<ServiceStatus> {
        let had_come = |event: Option<Timestamp>| event.is_some_and(|event| event <= time);
        Some(if self.created_at > time {
            return None;
        } else if had_come(self.finished_at) {
            self.status
        } else if had_come(self.began_at) {
            ServiceStatus::Processing
        } else if had_come(self.started_at) || self.starts > 1 {
            ServiceStatus::Pending
        } else {
            ServiceStatus::Created
        })
    }

    /// 0 to 100, at `now` since the start of the sandbox.
    pub(crate) fn progress_at(&self, now: Duration) -> f64 {
        match self.timed {
            Some(Timed { began, takes }) if !takes.is_zero() => {
                100.0 * now.saturating_sub(began).as_secs_f64() / takes.as_secs_f64()
            }
            _ => self.progress,
        }
    }
}

/// Metadata of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Name given by the client; never used as a path.
    pub(crate) filename: String,
    /// Extension by content; empty in records of earlier versions.
    #[serde(default)]
    pub(crate) extension: String,
    pub(crate) bytes: u64,
    /// Seconds of video, if the engine could read it.
    pub(crate) seconds: Option<f64>,
    pub(crate) at: Timestamp,
}

impl Upload {
    /// Last segment of its URL.
    pub(crate) fn name(&self) -> String {
        if self.extension.is_empty() {
            return self.id.clone();
        }
        format!("{}.{}", self.id, self.extension)
    }
}

/// An API key, shown once and then known by its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) fingerprint: String,
    pub(crate) sha256: String,
    pub(crate) client_id: String,
    pub(crate) note: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) enabled: bool,
}

/// A client that pays. Its balance is the granted credits minus the charges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) client_id: String,
    pub(crate) granted: f64,
}
