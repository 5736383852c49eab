//! Attempts: their types, and how a row of `attempts` is read.
//!
//! The rules that change an attempt's status are in `flow::state_machine`.

use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::types::Type;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::ids::{ApiKeyId, AttemptId};
use super::json_columns::{decode_failure, decode_options, path_from_bytes};
use super::{Ledger, LedgerError};
use crate::model::{
    Credits, Failure, Fingerprint, Instant, JobId, JobOptions, JobStatus, Timestamp,
};

/// Where an attempt stands. The words are the ledger's; see `docs/architecture.md` for the drawing.
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
    /// The service has the bytes; no job yet.
    Ready,
    /// A create was, or is about to be, sent; no answer recorded.
    CreateSent,
    /// A create without an answer, before it is known that drafts cost nothing.
    CreateDoubt,
    /// The job exists and was not started by us.
    Draft,
    /// A start was, or is about to be, sent; no answer recorded. From here on it may be billed.
    StartSent,
    /// A start without a clear answer.
    StartDoubt,
    /// A start that was refused in words; one look decides.
    StartRefused,
    /// Started.
    Running,
    /// Final: the output can be had, again and again, for nothing.
    Completed,
    /// Final: failed. Whether it was billed depends on `starts`.
    Failed,
    /// A person has to look: going on might bill twice, or follow the wrong job.
    NeedsReview,
    /// The service does not know our job under this key. Never made anew by itself.
    Halted,
}

impl AttemptStatus {
    /// Every phase, in the order that a job goes through them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The ledger's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Whether the attempt may occupy one of the key's places at the service.
    #[must_use]
    pub fn in_flight(self) -> bool {
        matches!(self, Self::StartSent | Self::StartDoubt | Self::StartRefused | Self::Running)
    }

    /// Whether the protocol does nothing more by itself.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::NeedsReview | Self::Halted)
    }
}

/// Of a row of `tasks`: a start was sent, or the draft ran, or may run, by itself.
pub(crate) const MAY_BE_BILLED: &str =
    "(start_count > 0 OR draft_observation IN ('started', 'pending'))";

/// Phases of a job that runs, or may run, at the service.
pub(crate) const IN_FLIGHT_STATUSES: &str =
    "'start_sent', 'start_doubt', 'start_refused', 'running'";

/// Phases in which no job was started.
pub(crate) const UNSTARTED_STATUSES: &str =
    "'planned', 'ready', 'create_sent', 'create_doubt', 'draft'";

/// Under which name the job's draft was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DraftObservation {
    /// Under none.
    #[default]
    Unknown,
    /// As `created`, which is documented as not started.
    Created,
    /// Under any other name, before it is known whether it runs by itself.
    #[strum(serialize = "pending")]
    Unjudged,
    /// As `pending`, and it did not run by itself.
    #[strum(serialize = "pending_draft")]
    Pending,
    /// Under a name that is not documented, and it did not run by itself.
    #[strum(serialize = "other_draft")]
    Other,
    /// Running, although a draft was asked for.
    Started,
}

impl DraftObservation {
    /// The ledger's word. `pending` has meant [`DraftObservation::Unjudged`] since the first ledgers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// The row.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptState {
    /// Where the attempt stands.
    pub status: AttemptStatus,
    /// The job, once known.
    pub job: Option<JobId>,
    /// Under which name its draft was seen.
    pub draft_observation: DraftObservation,
    /// Creates sent for this attempt that may have been executed.
    pub create_count: u32,
    /// Starts sent for this attempt that may have been executed.
    pub start_count: u32,
    /// How often the service forgot the upload.
    pub reupload_count: u32,
    /// Drafts that may have been left behind, unbilled.
    pub orphan_count: u32,
    /// When the last create or start was committed to be sent or came into doubt, the draft was first
    /// seen, or its start was refused.
    pub sent: Option<Instant>,
    /// Where the service has the bytes.
    pub video_url: Option<String>,
    /// Whether that address was known from an earlier upload.
    pub upload_reused: bool,
    /// Why it failed, or what a person has to look at.
    pub failure: Option<Failure>,
}

impl AttemptState {
    /// The row of an attempt that has done nothing.
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

/// How the user asked for an attempt at an item that had one already: so that the audit can tell a
/// second bill that was wanted from one that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RerunReason {
    /// `--again`.
    Again,
    /// `--retry-failed`.
    RetryFailed,
}

impl RerunReason {
    /// The flag that the user gave.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Again => "--again",
            Self::RetryFailed => "--retry-failed",
        }
    }

    /// The ledger's word.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// Where the video comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum InputSource {
    /// A file of this machine, as it was when it was hashed.
    File {
        /// Absolute path.
        path: PathBuf,
        /// Bytes.
        size: u64,
        /// Time of the last change in nanoseconds, to notice one.
        modified_ns: i64,
        /// Of the content, in hex.
        sha256: String,
    },
    /// A public address, which counts as unchanged.
    Url(String),
}

/// What an attempt is about; never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSpec {
    /// Origin, content and options in one hash.
    pub content_key: String,
    /// The key that makes the job.
    pub key: ApiKeyId,
    /// Profile that it was asked under.
    pub profile: String,
    /// The video.
    pub source: InputSource,
    /// Seconds of video, when the container says.
    pub duration: Option<f64>,
    /// What is wanted of it.
    pub options: JobOptions,
    /// Price beforehand.
    pub estimate: Option<Credits>,
    /// The prices that the estimate was made with.
    pub pricing: Option<i64>,
}

/// The longest video of unknown length, by what the service takes: 500 MB of a file, at a rate below
/// that of any usual video. A video of which nothing is known may be that long.
const MAX_FILE_BYTES: u64 = 500_000_000;
const MIN_BYTES_PER_SECOND: f64 = 8_000.0;
const MIN_ASSUMED_SECONDS: f64 = 60.0;

impl AttemptSpec {
    /// The estimate; of a video whose length is not known, the price of the longest one that it can
    /// be, at `rate` credits a second. The ledger's statements count alike.
    #[must_use]
    pub fn max_price(&self, rate: Option<f64>) -> Option<Credits> {
        let size = match &self.source {
            InputSource::File { size, .. } => *size,
            InputSource::Url(_) => MAX_FILE_BYTES,
        };
        let longest = (size as f64 / MIN_BYTES_PER_SECOND).max(MIN_ASSUMED_SECONDS);
        self.estimate.or_else(|| Some(Credits(rate? * longest)))
    }
}

/// The last look at the job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastPoll {
    /// State.
    pub job_status: Option<JobStatus>,
    /// Percent.
    pub progress: Option<f64>,
    /// Seconds of output, which is what is billed.
    pub output_seconds: Option<f64>,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Number.
    pub id: AttemptId,
    /// Which attempt at the item, from 1.
    pub number: u32,
    /// What the job carries in its metadata to be recognised by.
    pub correlation_id: String,
    /// What it is about.
    pub work: AttemptSpec,
    /// Where it stands.
    pub state: AttemptState,
    /// The last look.
    pub last_poll: LastPoll,
    /// When the service was first known to run it.
    pub started_at: Option<Timestamp>,
    /// When its last create or start was committed to be sent; before any, when it was planned. For
    /// comparing with the service's times only, over crashes and reboots: waits go by `row.sent`.
    pub sent_at: Timestamp,
    /// Guards every write.
    pub epoch: i64,
}

impl Attempt {
    /// The estimate, put right where the output turned out longer or shorter than the input.
    #[must_use]
    pub fn price(&self) -> Option<Credits> {
        let estimate = self.work.estimate?;
        match (self.last_poll.output_seconds, self.work.duration) {
            (Some(seconds), Some(duration)) if duration > 0.0 => {
                Some(Credits(estimate.0 * seconds / duration))
            }
            _ => Some(estimate),
        }
    }

    /// What it costs at most, by what is known now: the length that the job shows, else what is known
    /// of the input. The ledger's statements count alike.
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

    /// Whether it occupies, or may occupy, one of the key's places at the service. A job whose start
    /// went without an answer, and that was not seen to run since then, does not: should the start
    /// land yet, the service refuses it or another one, and neither is billed twice.
    #[must_use]
    pub fn occupies_slot(&self) -> bool {
        let seen_idle = self.last_poll.job_status.as_ref().is_some_and(|status| {
            !matches!(status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed)
        });
        self.state.status.in_flight()
            && !(self.state.status == AttemptStatus::StartDoubt && seen_idle)
    }
}

pub(crate) const ATTEMPT_COLUMNS: &str = "id, content_key, number, correlation_id, origin, profile, key_fingerprint, \
     source, source_is_url, size, modified_ns, sha256, duration, options, estimate, pricing, status, job, \
     draft_observation, create_count, start_count, reupload_count, orphan_count, sent_boot_ms, boot_id, video_url, upload_reused, \
     failure, job_status, progress, output_seconds, started_at, coalesce(sent_at, created_at) AS sent_at, epoch";

impl Ledger {
    pub(crate) fn load_attempt(
        &self,
        db: &Connection,
        id: AttemptId,
    ) -> Result<Attempt, LedgerError> {
        let sql = format!("SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE id = ?1");
        let read = |row: &rusqlite::Row<'_>| self.read_attempt(row);
        db.prepare_cached(&sql)?.query_row([id.0], read)?
    }

    fn read_attempt(
        &self,
        row: &rusqlite::Row<'_>,
    ) -> rusqlite::Result<Result<Attempt, LedgerError>> {
        let status: String = row.get("status")?;
        let draft: String = row.get("draft_observation")?;
        let options: String = row.get("options")?;
        let failure: Option<String> = row.get("failure")?;
        let boot_id: Option<String> = row.get("boot_id")?;
        let sent: Option<i64> = row.get("sent_boot_ms")?;
        // A time of another boot says nothing; taken as now, everything waits its full time again.
        let sent = sent.map(|sent| {
            if boot_id.as_deref() == Some(self.shared.boot_id.as_str()) {
                Instant(sent.cast_unsigned())
            } else {
                self.shared.clock.now()
            }
        });
        let failure = match failure.as_deref().map(decode_failure).transpose() {
            Ok(failure) => failure,
            Err(error) => return Ok(Err(error)),
        };
        let options = match decode_options(&options) {
            Ok(options) => options,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(Attempt {
            id: AttemptId(row.get("id")?),
            number: row.get("number")?,
            correlation_id: row.get("correlation_id")?,
            work: AttemptSpec {
                content_key: row.get("content_key")?,
                key: ApiKeyId {
                    origin: row.get("origin")?,
                    fingerprint: Fingerprint(row.get("key_fingerprint")?),
                },
                profile: row.get("profile")?,
                source: source_from(row)?,
                duration: row.get("duration")?,
                options,
                estimate: row.get::<_, Option<f64>>("estimate")?.map(Credits),
                pricing: row.get("pricing")?,
            },
            state: AttemptState {
                status: AttemptStatus::parse(&status).ok_or_else(|| unreadable(&status))?,
                job: row.get::<_, Option<String>>("job")?.map(JobId),
                draft_observation: DraftObservation::parse(&draft)
                    .ok_or_else(|| unreadable(&draft))?,
                create_count: row.get("create_count")?,
                start_count: row.get("start_count")?,
                reupload_count: row.get("reupload_count")?,
                orphan_count: row.get("orphan_count")?,
                sent,
                video_url: row.get("video_url")?,
                upload_reused: row.get("upload_reused")?,
                failure,
            },
            last_poll: LastPoll {
                job_status: row
                    .get::<_, Option<String>>("job_status")?
                    .map(|word| JobStatus::parse(&word)),
                progress: row.get("progress")?,
                output_seconds: row.get("output_seconds")?,
            },
            started_at: row.get::<_, Option<i64>>("started_at")?.map(Timestamp),
            sent_at: Timestamp(row.get("sent_at")?),
            epoch: row.get("epoch")?,
        }))
    }
}

fn unreadable(word: &str) -> rusqlite::Error {
    let why = format!("unknown word '{word}'");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into())
}

fn source_from(row: &rusqlite::Row<'_>) -> rusqlite::Result<InputSource> {
    let bytes: Vec<u8> = row.get("source")?;
    if row.get("source_is_url")? {
        return Ok(InputSource::Url(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(InputSource::File {
        path: path_from_bytes(bytes),
        size: row.get::<_, i64>("size")?.cast_unsigned(),
        modified_ns: row.get("modified_ns")?,
        sha256: row.get("sha256")?,
    })
}
