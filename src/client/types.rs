//! Parameters and results of the client, in domain terms. Their wire formats are in
//! [`wire`](super::wire).

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde_json::Value;

use crate::model::{ApiKey, Credits, JobId, JobOptions, JobStatus, JobView, Timestamp};

/// Opens the bytes of an upload from their start, once for each attempt to send them.
pub type OpenStream = Arc<
    dyn Fn() -> BoxFuture<'static, io::Result<BoxStream<'static, io::Result<Bytes>>>> + Send + Sync,
>;

/// The bytes of an upload.
#[derive(Clone)]
pub enum UploadContent {
    File(PathBuf),
    Stream(OpenStream),
}

impl From<PathBuf> for UploadContent {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

#[derive(Clone)]
pub struct UploadFile {
    pub content: UploadContent,
    /// File name sent to the service, in ASCII; other characters become `_`.
    pub name: String,
    /// Size in bytes. A shorter file is an error; bytes beyond it are not sent.
    pub size: u64,
    /// Media type, such as `video/mp4` (contract, *Upload*).
    pub content_type: String,
}

/// Response of `POST /v1/uploads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// Refers to the upload in a job.
    pub video_url: String,
    /// Size in bytes, as received by the service.
    pub size: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// URL of an upload, or any public URL.
    pub video_url: &'a str,
    pub options: &'a JobOptions,
    /// URL of the uploaded background image, if the background is a file.
    pub background_image_url: Option<&'a str>,
    /// Starts the job at once, which bills it.
    pub auto_start: bool,
    /// Stored with the job: our correlation ID and the user's tags.
    pub metadata: &'a BTreeMap<String, String>,
}

/// Response of `POST /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedJob {
    pub id: JobId,
    /// `created` for a draft; `None` if the service does not state it.
    pub status: Option<JobStatus>,
}

/// Parameters of a start.
#[derive(Debug, Clone, Copy)]
pub struct StartJob<'a> {
    /// The options of the draft.
    pub options: &'a JobOptions,
    /// URL of the uploaded background image, if the background is a file.
    pub background_image_url: Option<&'a str>,
}

/// Response of `POST /v1/jobs/{id}/start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedJob {
    /// `None` if the service does not state it.
    pub status: Option<JobStatus>,
}

/// Parameters of `GET /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Page size; the service may return fewer jobs.
    pub limit: u32,
    /// Jobs to skip.
    pub offset: u64,
    /// Only jobs with this status.
    pub status: Option<JobStatus>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct JobPage {
    /// In the order of the service.
    pub jobs: Vec<JobView>,
    /// Number of all jobs, if the service states it.
    pub total: Option<u64>,
    /// Entries without a readable job ID. While there are any, the absence of a job is not proven.
    pub unreadable: usize,
}

/// Response of `GET /health`.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// `healthy`, `degraded`, or another status of the service.
    pub status: String,
    /// Individual checks.
    pub checks: BTreeMap<String, bool>,
    /// `Date` of the response.
    pub date: Option<Timestamp>,
    /// Unmodified response.
    pub raw: Value,
}

impl Health {
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.eq_ignore_ascii_case("healthy")
    }

    /// Names of the failed checks.
    #[must_use]
    pub fn failed_checks(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|(_, passed)| !**passed);
        failed.map(|(name, _)| name.as_str()).collect()
    }
}

/// Response of `GET /v1/usage/summary`. Its fields are undocumented (contract, *Credits*), so each
/// is read under several names.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSummary {
    /// Jobs in the period.
    pub total_jobs: Option<u64>,
    pub completed_jobs: Option<u64>,
    pub failed_jobs: Option<u64>,
    /// Credits charged.
    pub credits_used: Option<Credits>,
    /// Remaining credits.
    pub credits_left: Option<Credits>,
    /// Usage per day, if the response has it.
    pub days: Vec<UsageDay>,
    /// Unmodified response.
    pub raw: Value,
}

impl UsageSummary {
    /// Credits of the period: the total, or the sum of the days if all of them have a value.
    #[must_use]
    pub fn used(&self) -> Option<Credits> {
        let days = || {
            let credits: Vec<_> = self.days.iter().map(|day| day.credits).collect();
            (!credits.is_empty()).then(|| credits.into_iter().sum())?
        };
        self.credits_used.or_else(days)
    }
}

/// A day of a [`UsageSummary`].
#[derive(Debug, Clone, PartialEq)]
pub struct UsageDay {
    /// In the format of the service.
    pub date: String,
    pub jobs: Option<u64>,
    /// Credits charged.
    pub credits: Option<Credits>,
}

/// Response of `GET /v1/usage/events`: the latest events. The contract offers no access to older
/// ones.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageEventPage {
    /// In the order of the service.
    pub events: Vec<UsageEvent>,
    /// Number of all events, if the service states it.
    pub total: Option<u64>,
}

/// An entry of `GET /v1/usage/events`; its fields are undocumented, and read like [`UsageSummary`].
#[derive(Debug, Clone, PartialEq)]
pub struct UsageEvent {
    pub job: Option<JobId>,
    /// The entry names a job explicitly; a plain `id` may be that of the event.
    pub names_job: bool,
    pub kind: Option<String>,
    /// Credits charged.
    pub credits: Option<Credits>,
    /// In the format of the service.
    pub at: Option<String>,
    /// Unmodified entry.
    pub raw: Value,
}

/// An entry of `GET /v1/admin/keys`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminKey {
    /// Owner of the key.
    pub client_id: Option<String>,
    /// The service's fingerprint, which differs from our
    /// [`Fingerprint`](crate::model::Fingerprint).
    pub key_fingerprint: Option<String>,
    /// `None` if the service does not state it.
    pub enabled: Option<bool>,
    /// Unmodified entry.
    pub raw: Value,
}

/// Response of `POST /v1/admin/keys`.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Shown by the service only once.
    pub api_key: ApiKey,
    /// The service's fingerprint.
    pub key_fingerprint: Option<String>,
}
