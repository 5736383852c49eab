//! The events of a run. The flow emits them; the renderers in [`crate::output`] (lines, bars, JSON)
//! consume them.

use std::time::Duration;

use super::account::Credits;
use super::failure::Failure;
use super::job::{JobId, JobStatus};
use super::object::Target;

/// Receives events. Must not block.
pub trait Observer: Send + Sync {
    fn observe(&self, event: &Event);
}

/// The input of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InputRef {
    /// Number in the ledger; negative without one (an input that is being planned, an upload).
    pub id: i64,
    /// The input as the user named it. Foreign text: escaped where it is shown.
    pub name: String,
}

/// The stage of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading and hashing the input.
    Hash,
    Upload,
    /// Creating the draft.
    Create,
    /// Waiting for a free slot, or for an earlier request to settle.
    Queue,
    /// Started; waiting for the service.
    Waiting,
    /// Being processed by the service.
    Processing,
    Download,
    Verify,
}

impl Stage {
    /// The name for people and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hashing",
            Self::Upload => "uploading",
            Self::Create => "creating",
            Self::Queue => "queued",
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Download => "downloading",
            Self::Verify => "verifying",
        }
    }
}

#[derive(Debug, Clone)]
pub enum Event {
    /// A run was planned; nothing was sent or spent yet.
    Planned {
        /// Number of the batch in the ledger.
        batch: i64,
        /// Inputs to process.
        todo: usize,
        /// Inputs that are already done.
        done: usize,
        /// Inputs that failed already, such as those whose output would replace another file.
        failed: usize,
        /// Inputs that are not videos or cannot be read.
        rejected: usize,
        /// Estimated cost, as far as durations and prices are known.
        estimate: Option<Credits>,
        /// Inputs of unknown price.
        unpriced: usize,
    },
    /// An event of one input.
    Input {
        input: InputRef,
        what: InputEvent,
    },
    /// A note about the whole run.
    Notice {
        level: RemarkLevel,
        text: String,
    },
    /// No more jobs are started, for this reason.
    Stopped(Failure),
    /// The service or an output host does not respond.
    Outage {
        /// The failure of the calls, or the call without a response.
        failure: Failure,
        /// Duration so far.
        since: Duration,
        /// Time until the run gives up.
        patience: Duration,
    },
    /// The service or the output host responds again, after this outage.
    Answers(Duration),
    Finished(RunSummary),
}

/// Level of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkLevel {
    Info,
    Warning,
}

/// An event of one input.
#[derive(Debug, Clone)]
pub enum InputEvent {
    /// The input entered a stage.
    Phase(Stage),
    /// Progress in bytes (hashing, upload, download).
    Bytes {
        done: u64,
        total: Option<u64>,
    },
    /// Read and hashed; later events use its number in the ledger.
    Known,
    /// A job exists for the input.
    Job(JobId),
    /// Progress reported by the service.
    Progress {
        status: JobStatus,
        /// Percent; never decreases.
        percent: Option<f64>,
    },
    /// Expected remaining time, from the durations of similar jobs.
    Expected {
        least: Duration,
        most: Duration,
    },
    /// A call will be retried.
    Retry {
        failure: Failure,
        wait: Duration,
    },
    /// Done and verified.
    Done(PublishedOutput),
    /// Already done by an earlier run.
    Skipped(PublishedOutput),
    /// Started without waiting (`--no-wait`), or created as a draft (`--draft`).
    Left {
        job: JobId,
        status: JobStatus,
        /// Estimated credits of what this run started for the input; `None` when no price is known.
        credits: Option<Credits>,
    },
    Failed(Failure),
    /// Not a video, or unreadable; skipped.
    Rejected(Failure),
    /// Cannot continue now; can be resumed.
    Paused(Failure),
}

/// A verified output.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedOutput {
    /// `None` if the output was written to standard output.
    pub path: Option<Target>,
    pub size: u64,
    /// SHA-256, in hex.
    pub sha256: String,
    pub job: Option<JobId>,
    /// Estimated credits of this run for the input: 0 if an earlier run paid, and for copies. `None` if
    /// the price is unknown.
    pub credits: Option<Credits>,
    /// Time from the start to the verified file, if this run processed it.
    pub elapsed: Option<Duration>,
    /// Notes of the service, and about the file.
    pub notes: Vec<String>,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunSummary {
    /// Number of the batch in the ledger.
    pub batch: i64,
    /// Done in this run.
    pub done: usize,
    /// Already done before.
    pub skipped: usize,
    pub failed: usize,
    /// Not videos, or unreadable.
    pub rejected: usize,
    /// Not finished, including `running` and `not_started`.
    pub open: usize,
    /// Jobs that are still running at the service (billed).
    pub running: usize,
    /// Inputs without a started job.
    pub not_started: usize,
    /// Started without waiting, as requested.
    pub left: usize,
    /// Created as drafts, as requested.
    pub drafts: usize,
    /// The `--max-credits` needed for the rest, if the limit stopped the run.
    pub bound_needed: Option<Credits>,
    /// Estimated credits of the jobs started by this run, including failed and running ones.
    pub credits: Credits,
    pub elapsed: Duration,
    /// The service and the ledger end with the command (`--sandbox`), so there is nothing to resume.
    pub ephemeral: bool,
}
