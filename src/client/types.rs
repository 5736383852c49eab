//! What callers hand to the client and get back from it, in domain terms. How these travel is in
//! [`wire`](super::wire).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::model::{ApiKey, Credits, JobId, JobOptions, JobStatus, JobView, Timestamp};

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What the service is told it is called. Sent in plain ASCII; other characters become `_`.
    pub name: String,
    /// Bytes. A file that turns out shorter is an error; more is not sent.
    pub size: u64,
    /// Media type, such as `video/mp4` (contract, *Upload*).
    pub content_type: String,
}

/// `POST /v1/uploads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// Names the upload in a job.
    pub video_url: String,
    /// The service's name of the upload.
    pub video_id: Option<String>,
    /// Bytes that the service says it got.
    pub size: Option<u64>,
    /// The service's name of the request.
    pub request_id: Option<String>,
}

/// A job to make.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// From an upload, or any public address.
    pub video_url: &'a str,
    /// What is asked for.
    pub options: &'a JobOptions,
    /// Address of the uploaded picture, where the background is a file.
    pub background_image_url: Option<&'a str>,
    /// Whether it runs, and is billed, at once.
    pub auto_start: bool,
    /// Kept with the job: our correlation id, the user's tags.
    pub metadata: &'a BTreeMap<String, String>,
}

/// `POST /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedJob {
    /// The job.
    pub id: JobId,
    /// Its state, when the service says: a draft is `created`.
    pub status: Option<JobStatus>,
    /// The service's name of the request.
    pub request_id: Option<String>,
}

/// What is sent along with a start.
#[derive(Debug, Clone, Copy)]
pub struct StartJob<'a> {
    /// What is asked for, as it was in the draft.
    pub options: &'a JobOptions,
    /// Address of the uploaded picture, where the background is a file.
    pub background_image_url: Option<&'a str>,
}

/// `POST /v1/jobs/{id}/start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedJob {
    /// The job's state, when the service says.
    pub status: Option<JobStatus>,
    /// The service's name of the request.
    pub request_id: Option<String>,
}

/// Which page of `GET /v1/jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// How many jobs are asked for; the service may give fewer.
    pub limit: u32,
    /// How many jobs are passed over.
    pub offset: u64,
    /// Only jobs in this state.
    pub status: Option<JobStatus>,
}

/// A page of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPage {
    /// In the service's order.
    pub jobs: Vec<JobView>,
    /// How many there are in all, when the service says.
    pub total: Option<u64>,
    /// Entries that hold no job that can be told: while there are any, absence proves nothing.
    pub unreadable: usize,
}

/// `GET /health`.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// `healthy`, `degraded`, or what else the service says.
    pub status: String,
    /// The single checks.
    pub checks: BTreeMap<String, bool>,
    /// The service's clock when it answered, by its `Date` header.
    pub date: Option<Timestamp>,
    /// The answer as it came.
    pub raw: Value,
}

impl Health {
    /// Whether the service calls itself well.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.eq_ignore_ascii_case("healthy")
    }

    /// The checks that are not well.
    #[must_use]
    pub fn ill(&self) -> Vec<&str> {
        let ill = self.checks.iter().filter(|(_, well)| !**well);
        ill.map(|(name, _)| name.as_str()).collect()
    }
}

/// `GET /v1/usage/summary`. Its fields are not documented (contract, *Credits*): what is known is
/// looked for under several names.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSummary {
    /// Jobs in the period.
    pub total_jobs: Option<u64>,
    /// Of these, completed.
    pub completed_jobs: Option<u64>,
    /// Of these, failed.
    pub failed_jobs: Option<u64>,
    /// Credits charged.
    pub credits_used: Option<Credits>,
    /// Credits that are left.
    pub credits_left: Option<Credits>,
    /// Day by day, where the answer has that.
    pub days: Vec<UsageDay>,
    /// The answer as it came.
    pub raw: Value,
}

impl UsageSummary {
    /// Credits of the period: the total, or else the sum of its days, if each has a figure.
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
    /// As the service writes it.
    pub date: String,
    /// Jobs of the day.
    pub jobs: Option<u64>,
    /// Credits charged on the day.
    pub credits: Option<Credits>,
}

/// `GET /v1/usage/events`: the latest events. The contract has no way to ask for older ones.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageEventPage {
    /// In the service's order.
    pub events: Vec<UsageEvent>,
    /// How many there are in all, when the service says.
    pub total: Option<u64>,
}

/// An entry of `GET /v1/usage/events`; undocumented fields, read like [`UsageSummary`].
#[derive(Debug, Clone, PartialEq)]
pub struct UsageEvent {
    /// The job it is about.
    pub job: Option<JobId>,
    /// Whether the entry says that this is a job: a bare `id` may as well name the event.
    pub names_job: bool,
    /// What happened.
    pub kind: Option<String>,
    /// Credits charged.
    pub credits: Option<Credits>,
    /// When, as the service writes it.
    pub at: Option<String>,
    /// The entry as it came.
    pub raw: Value,
}

/// An entry of `GET /v1/admin/keys`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminKey {
    /// Whose key it is.
    pub client_id: Option<String>,
    /// The service's name of the key. Not made like our [`Fingerprint`](crate::model::Fingerprint).
    pub key_fingerprint: Option<String>,
    /// Whether it works, when the service says.
    pub enabled: Option<bool>,
    /// The entry as it came.
    pub raw: Value,
}

/// `POST /v1/admin/keys`.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key. The service shows it this once.
    pub api_key: ApiKey,
    /// The service's name of the key.
    pub key_fingerprint: Option<String>,
}
