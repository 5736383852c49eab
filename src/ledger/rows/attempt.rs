//! Attempts: their types, and how a row of `attempts` is read.
//!
//! The rules that change an attempt's status are in `flow::state_machine`.

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::ids::{ApiKeyId, AttemptId};
use crate::ledger::database::Tx;
use crate::ledger::database::value::{Row, params};
use crate::ledger::{Ledger, LedgerError};
use crate::model::secret::redact_url;
use crate::model::text::shell_quoted;
use crate::model::{
    Credits, Failure, Instant, JobId, JobOptions, JobStatus, ObjectUrl, StoredObject, Timestamp,
};

/// Status of an attempt; `docs/architecture.md` has the diagram.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptStatus {
    /// Nothing sent yet, or the upload has to be repeated.
    Planned,
    /// Uploaded; no job yet.
    Ready,
    /// A create was sent or is about to be sent; no response recorded.
    CreateSent,
    /// A create without a response, before it is known that drafts cost nothing.
    CreateDoubt,
    /// The job exists and was not started by us.
    Draft,
    /// A start was sent or is about to be sent; no response recorded. From here on the attempt may
    /// be billed.
    StartSent,
    /// A start without a conclusive response.
    StartDoubt,
    /// A start that the service rejected; one poll decides whether the job runs anyway.
    StartRefused,
    Running,
    /// Final. The output can be downloaded repeatedly at no cost.
    Completed,
    /// Final. Whether it was billed depends on `start_count`.
    Failed,
    /// A person has to decide: an automatic retry might bill twice, or follow the wrong job.
    NeedsReview,
    /// The service does not know our job under this key. No job is created in its place
    /// automatically.
    Halted,
}

impl AttemptStatus {
    /// Every status, in the order in which a job passes through them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Whether the attempt may occupy one of the key's slots at the service.
    #[must_use]
    pub fn in_flight(self) -> bool {
        matches!(self, Self::StartSent | Self::StartDoubt | Self::StartRefused | Self::Running)
    }

    /// Whether no job was started. `UNSTARTED_STATUSES` says the same.
    #[must_use]
    pub fn is_unstarted(self) -> bool {
        matches!(
            self,
            Self::Planned | Self::Ready | Self::CreateSent | Self::CreateDoubt | Self::Draft
        )
    }

    /// Whether the state machine takes no further step by itself.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::NeedsReview | Self::Halted)
    }
}

/// Condition on a row of `attempts`: a start was sent, or the draft ran, or may run, by itself.
pub(crate) const MAY_BE_BILLED: &str =
    "(start_count > 0 OR draft_observation IN ('started', 'pending'))";

/// Statuses of a job that runs, or may run, at the service.
pub(crate) const IN_FLIGHT_STATUSES: &str =
    "'start_sent', 'start_doubt', 'start_refused', 'running'";

/// Statuses in which no job was started.
pub(crate) const UNSTARTED_STATUSES: &str =
    "'planned', 'ready', 'create_sent', 'create_doubt', 'draft'";

/// First status in which the job was seen after its create, and whether it then ran by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DraftObservation {
    /// Not seen yet.
    #[default]
    Unknown,
    /// `created`, documented as not started.
    Created,
    /// Any other status, before it is known whether the job runs by itself.
    #[strum(serialize = "pending")]
    Unjudged,
    /// `pending`, and the job did not run by itself.
    #[strum(serialize = "pending_draft")]
    Pending,
    /// An undocumented status, and the job did not run by itself.
    #[strum(serialize = "other_draft")]
    Other,
    /// Running, although a draft was requested.
    Started,
}

impl DraftObservation {
    /// `pending` means [`DraftObservation::Unjudged`] since the first version of the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// Mutable part of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptState {
    pub status: AttemptStatus,
    /// `None` until the service has named it.
    pub job: Option<JobId>,
    pub draft_observation: DraftObservation,
    /// Creates sent that may have been executed.
    pub create_count: u32,
    /// Starts sent that may have been executed.
    pub start_count: u32,
    /// Number of times that the service forgot the upload.
    pub reupload_count: u32,
    /// Drafts that may have been orphaned, unbilled.
    pub orphan_count: u32,
    /// Time at which the last create or start was committed or became ambiguous, the draft was
    /// first seen, or its start was rejected.
    pub sent: Option<Instant>,
    /// URL of the upload at the service.
    pub video_url: Option<String>,
    /// Whether `video_url` is from an earlier upload.
    pub upload_reused: bool,
    /// Reason why it failed or needs review.
    pub failure: Option<Failure>,
}

impl AttemptState {
    #[must_use]
    pub fn planned() -> Self {
        Self {
            status: AttemptStatus::Planned,
            job: None,
            draft_observation: DraftObservation::Unknown,
            create_count: 0,
            start_count: 0,
            reupload_count: 0,
            orphan_count: 0,
            sent: None,
            video_url: None,
            upload_reused: false,
            failure: None,
        }
    }

    /// Whether the attempt may have cost anything.
    #[must_use]
    pub fn may_be_billed(&self) -> bool {
        self.start_count > 0
            || matches!(
                self.draft_observation,
                DraftObservation::Started | DraftObservation::Unjudged
            )
    }
}

/// Flag with which the user requested a further attempt for the same content and options. The audit
/// uses it to tell a requested second bill from an unwanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RerunReason {
    Again,
    RetryFailed,
}

impl RerunReason {
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Again => "--again",
            Self::RetryFailed => "--retry-failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum InputSource {
    /// A local file, as it was when it was hashed.
    File {
        path: PathBuf,
        size: u64,
        /// Modification time in nanoseconds, to detect a change.
        modified_ns: i64,
        /// Lowercase hex digest.
        sha256: String,
    },
    /// A public URL; its content is taken as unchanging.
    Url(String),
    /// An object of a store, as it was when it was planned.
    Object {
        object: StoredObject,
        /// Lowercase hex digest, if the content was read.
        sha256: Option<String>,
    },
}

/// Start of the source of an attempt of which only the job is known.
pub(crate) const JOB_SOURCE: &[u8] = b"job:";

impl fmt::Display for InputSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => path.display().fmt(f),
            Self::Url(url) => f.write_str(&redact_url(url)),
            Self::Object { object, .. } => object.url.fmt(f),
        }
    }
}

impl InputSource {
    /// The source of an attempt of which only the job is known.
    #[must_use]
    pub fn of_job(job: &JobId) -> Self {
        Self::Url(format!("job:{job}"))
    }

    /// The input of a command, quoted for a shell; a placeholder where its URL is not known, or
    /// has secrets.
    #[must_use]
    pub fn argument(&self) -> String {
        match self {
            Self::File { path, .. } => shell_quoted(path),
            Self::Object { object, .. } => object.url.shell_quoted(),
            Self::Url(url) if self.job().is_none() && redact_url(url) == *url => {
                shell_quoted(Path::new(url))
            }
            Self::Url(_) => "INPUT".to_owned(),
        }
    }

    /// The job of [`Self::of_job`].
    pub(crate) fn job(&self) -> Option<&str> {
        match self {
            Self::Url(url) => url.strip_prefix("job:"),
            Self::File { .. } | Self::Object { .. } => None,
        }
    }

    /// Identifies the bytes among uploads of the same key: SHA-256 of the content, or of what
    /// identifies an object.
    #[must_use]
    pub fn upload_id(&self) -> Option<String> {
        match self {
            Self::File { sha256, .. } | Self::Object { sha256: Some(sha256), .. } => {
                Some(sha256.clone())
            }
            Self::Object { object, sha256: None } => {
                Some(hex::encode(Sha256::digest(object_identity(object)?)))
            }
            Self::Url(_) => None,
        }
    }
}

/// What identifies the content of an object that was not read: URL, entity tag and size. `None` without
/// an entity tag. A version is not part of it, since it also changes when the content does not.
#[must_use]
pub fn object_identity(object: &StoredObject) -> Option<String> {
    let etag = object.etag.as_ref()?;
    Some(format!("object {} {etag} {}", object.url, object.size))
}

/// Immutable part of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSpec {
    /// Hash of origin, content and options.
    pub content_key: String,
    /// API key that creates the job.
    pub key: ApiKeyId,
    pub profile: String,
    pub source: InputSource,
    /// Seconds of video, if the container says.
    pub duration: Option<f64>,
    pub options: JobOptions,
    /// Price estimated before the job ran.
    pub estimate: Option<Credits>,
    /// Row of `pricings` that the estimate is based on.
    pub pricing: Option<i64>,
}

/// Maximum length of a video of unknown length: the largest file that the service accepts, at a bit
/// rate below that of any usual video.
const MAX_FILE_BYTES: u64 = 500_000_000;
const MIN_BYTES_PER_SECOND: f64 = 8_000.0;
const MIN_ASSUMED_SECONDS: f64 = 60.0;

impl AttemptSpec {
    /// The estimate, or for a video of unknown length its maximum price, at `rate` credits per
    /// second. `COST_SQL` computes the same.
    #[must_use]
    pub fn max_price(&self, rate: Option<f64>) -> Option<Credits> {
        let size = match &self.source {
            InputSource::File { size, .. } => *size,
            InputSource::Object { object, .. } => object.size,
            InputSource::Url(_) => MAX_FILE_BYTES,
        };
        let longest = (size as f64 / MIN_BYTES_PER_SECOND).max(MIN_ASSUMED_SECONDS);
        self.estimate.or_else(|| Some(Credits(rate? * longest)))
    }
}

/// Result of the last poll.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastPoll {
    pub job_status: Option<JobStatus>,
    pub progress: Option<f64>,
    /// Seconds of output, which are what is billed.
    pub output_seconds: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub id: AttemptId,
    /// Sequence number among the attempts with this `content_key`, from 1.
    pub number: u32,
    /// ID in the job's metadata, by which a job is found whose create got no response.
    pub correlation_id: String,
    pub work: AttemptSpec,
    pub state: AttemptState,
    pub last_poll: LastPoll,
    /// Time at which the service was first seen to run it.
    pub started_at: Option<Timestamp>,
    /// Wall time at which its last create or start was committed; before any, when it was planned.
    /// Only for comparison with the service's times, across crashes and reboots: waits use
    /// `state.sent`.
    pub sent_at: Timestamp,
    /// Fencing token: raised by each claim, named by every write.
    pub epoch: i64,
    /// Refused calls since the last commit, which writes them to the log.
    pub repeated: Vec<RepeatedCall>,
}

/// A refused call that the client repeats by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedCall {
    pub at: Timestamp,
    pub status: AttemptStatus,
    pub failure: Failure,
}

/// An estimate for a video of `duration`, scaled if the output is longer or shorter, in seconds.
pub(crate) fn scaled_estimate(
    estimate: Option<Credits>,
    duration: Option<f64>,
    output_seconds: Option<f64>,
) -> Option<Credits> {
    match (output_seconds, duration) {
        (Some(seconds), Some(duration)) if duration > 0.0 => {
            estimate.map(|estimate| Credits(estimate.0 * seconds / duration))
        }
        _ => estimate,
    }
}

impl Attempt {
    /// The estimate, scaled if the output is longer or shorter than the input.
    #[must_use]
    pub fn price(&self) -> Option<Credits> {
        scaled_estimate(self.work.estimate, self.work.duration, self.last_poll.output_seconds)
    }

    /// Maximum price by what is known now: the output length that the job shows, else the input.
    /// `COST_SQL` computes the same.
    #[must_use]
    pub fn max_price(&self, rate: Option<f64>) -> Option<Credits> {
        let shown = self.last_poll.output_seconds.filter(|&seconds| seconds > 0.0);
        let by_length = shown.and_then(|seconds| match (self.work.duration, self.work.estimate) {
            (Some(duration), Some(estimate)) if duration > 0.0 && estimate.0 > 0.0 => {
                Some(Credits(estimate.0 * seconds / duration))
            }
            _ => rate.map(|rate| Credits(seconds * rate)),
        });
        by_length.or_else(|| self.work.max_price(rate))
    }

    /// Whether it occupies, or may occupy, one of the key's slots at the service. A job whose start
    /// got no response, and that was polled since and does not run, occupies none: if the start
    /// takes effect late, the service rejects it or another one, and neither is billed twice.
    #[must_use]
    pub fn occupies_slot(&self) -> bool {
        let seen_idle = self.last_poll.job_status.as_ref().is_some_and(|status| {
            !matches!(status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed)
        });
        self.state.status.in_flight()
            && !(self.state.status == AttemptStatus::StartDoubt && seen_idle)
    }
}

pub(crate) const ATTEMPT_COLUMNS: &str = "id, content_key, number, correlation_id, origin, profile, \
     key_fingerprint, source, source_is_url, size, modified_ns, sha256, etag, duration, options, \
     estimate, pricing, status, job, draft_observation, create_count, start_count, reupload_count, \
     orphan_count, sent_boot_ms, boot_id, video_url, upload_reused, failure, job_status, progress, \
     output_seconds, started_at, coalesce(sent_at, created_at) AS sent_at, epoch";

impl Ledger {
    pub(crate) fn load_attempt(&self, tx: &Tx<'_>, id: AttemptId) -> Result<Attempt, LedgerError> {
        let sql = format!("SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE id = ?1");
        let found = tx.query_with(&sql, params![id], |row| self.read_attempt(row))?;
        found.into_iter().next().ok_or(LedgerError::NoRow)
    }

    pub(crate) fn read_attempt(&self, row: &Row<'_>) -> Result<Attempt, LedgerError> {
        let boot_id: Option<String> = row.get("boot_id")?;
        let sent: Option<Instant> = row.get("sent_boot_ms")?;
        // A time of another boot is meaningless. Taken as now, every wait starts over.
        let sent = sent.map(|sent| {
            if boot_id.as_deref() == Some(self.shared.attempt_boot_id.as_str()) {
                sent
            } else {
                self.shared.clock.now()
            }
        });
        Ok(Attempt {
            id: row.get("id")?,
            number: row.get("number")?,
            correlation_id: row.get("correlation_id")?,
            work: AttemptSpec {
                content_key: row.get("content_key")?,
                key: ApiKeyId {
                    origin: row.get("origin")?,
                    fingerprint: row.get("key_fingerprint")?,
                },
                profile: row.get("profile")?,
                source: source_from(row)?,
                duration: row.get("duration")?,
                options: row.get("options")?,
                estimate: row.get("estimate")?,
                pricing: row.get("pricing")?,
            },
            state: AttemptState {
                status: row.get("status")?,
                job: row.get("job")?,
                draft_observation: row.get("draft_observation")?,
                create_count: row.get("create_count")?,
                start_count: row.get("start_count")?,
                reupload_count: row.get("reupload_count")?,
                orphan_count: row.get("orphan_count")?,
                sent,
                video_url: row.get("video_url")?,
                upload_reused: row.get("upload_reused")?,
                failure: row.get("failure")?,
            },
            last_poll: LastPoll {
                job_status: row.get("job_status")?,
                progress: row.get("progress")?,
                output_seconds: row.get("output_seconds")?,
            },
            started_at: row.get("started_at")?,
            sent_at: row.get("sent_at")?,
            epoch: row.get("epoch")?,
            repeated: Vec::new(),
        })
    }
}

fn source_from(row: &Row<'_>) -> Result<InputSource, LedgerError> {
    let size = row.get::<_, Option<u64>>("size")?.unwrap_or_default();
    if row.get("source_is_url")? {
        let bytes: Vec<u8> = row.get("source")?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(match ObjectUrl::parse(&text) {
            Some(Ok(url)) => InputSource::Object {
                object: StoredObject { url, size, etag: row.get("etag")? },
                sha256: row.get("sha256")?,
            },
            _ => InputSource::Url(text),
        });
    }
    Ok(InputSource::File {
        path: row.get("source")?,
        size,
        modified_ns: row.get("modified_ns")?,
        sha256: row.get("sha256")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_argument_that_can_be_typed() {
        let url = |url: &str| InputSource::Url(url.to_owned()).argument();
        assert_eq!(url("https://a.example/b%20c.mp4"), "'https://a.example/b%20c.mp4'");
        for unknown in ["https://a.example/b.mp4?signature=1", "https://u:p@a.example/b.mp4"] {
            assert_eq!(url(unknown), "INPUT", "{unknown}");
        }
        assert_eq!(InputSource::of_job(&JobId("j-1".into())).argument(), "INPUT");
        let source = InputSource::File {
            path: "/clips/it's.mp4".into(),
            size: 1,
            modified_ns: 0,
            sha256: String::new(),
        };
        assert_eq!(source.argument(), r"'/clips/it'\''s.mp4'");
    }
}
