//! Everything that a user may be told while work goes on. The flow emits these; the human, JSON
//! and bar renderers in [`crate::output`] consume the same stream, and the flow knows nothing of
//! terminals.

use std::path::PathBuf;
use std::time::Duration;

use super::account::Credits;
use super::failure::Failure;
use super::job::{JobId, JobStatus};

/// Takes events as they happen. Must not block: it is called from the middle of the work.
pub trait Observer: Send + Sync {
    /// One event.
    fn observe(&self, event: &Event);
}

/// Which input an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InputRef {
    /// Number in the ledger; tells items of equal name apart. Below zero for what has no number
    /// there (yet): an input that is being read for the plan, an upload.
    pub id: i64,
    /// The input as the user named it. Foreign text: escaped where it is shown.
    pub name: String,
}

/// What an input is going through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading and hashing the input.
    Hash,
    /// Sending it.
    Upload,
    /// Making the draft.
    Create,
    /// Waiting for a place, or for an earlier request to settle.
    Queue,
    /// Started; the service has not begun.
    Waiting,
    /// The service works on it.
    Processing,
    /// Fetching the output.
    Download,
    /// Checking the output.
    Verify,
}

impl Stage {
    /// A word for people and for JSON.
    #[must_use]
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

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The plan of a run stands: nothing was sent or spent yet.
    Planned {
        /// Number of the batch in the ledger.
        batch: i64,
        /// Inputs that need work.
        todo: usize,
        /// Inputs that are done already.
        done: usize,
        /// Inputs that were found and cannot be taken: no video, or unreadable.
        rejected: usize,
        /// Price of what is to do, as far as durations and prices are known.
        estimate: Option<Credits>,
        /// Inputs whose price cannot be told beforehand.
        unpriced: usize,
    },
    /// Something about one input.
    Input {
        /// Which.
        input: InputRef,
        /// What.
        what: InputEvent,
    },
    /// A remark about the whole run, for people.
    Notice {
        /// How loud.
        level: RemarkLevel,
        /// In words.
        text: String,
    },
    /// Nothing more is begun, for this reason. What is left is counted in the summary.
    Stopped(Failure),
    /// The service does not answer.
    Outage {
        /// How calls fail, or which call is without an answer.
        failure: Failure,
        /// How long already.
        since: Duration,
        /// How much longer the run waits.
        patience: Duration,
    },
    /// The service answers again, after this long.
    Answers(Duration),
    /// The run is over.
    Finished(RunSummary),
}

/// How loud a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkLevel {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
}

/// Something that happened to one input.
#[derive(Debug, Clone)]
pub enum InputEvent {
    /// A new phase began.
    Phase(Stage),
    /// Bytes moved in the phase that has them (hash, upload, download).
    Bytes {
        /// Bytes so far.
        done: u64,
        /// Bytes in all, when known.
        total: Option<u64>,
    },
    /// Read and hashed: what follows comes under its number in the ledger.
    Known,
    /// The service has, or has given again, a job for it.
    Job(JobId),
    /// The service said how far it is.
    Progress {
        /// State at the service.
        status: JobStatus,
        /// Percent; never smaller than one told before.
        percent: Option<f64>,
    },
    /// How much longer it will take, by what like jobs took before: nearly all of them between
    /// these.
    Expected {
        /// From now, at least.
        least: Duration,
        /// From now, at most.
        most: Duration,
    },
    /// A call is tried again after a wait.
    Retry {
        /// Why.
        failure: Failure,
        /// How long until then.
        wait: Duration,
    },
    /// Done and verified.
    Done(PublishedOutput),
    /// Nothing to do: an earlier run did it.
    Skipped(PublishedOutput),
    /// Started, and left to itself (`--no-wait`), or made as a draft (`--draft`).
    Left {
        /// The job.
        job: JobId,
        /// Its state.
        status: JobStatus,
        /// Estimated credits of what this run started for the input; `None` when no price is known.
        credits: Option<Credits>,
    },
    /// It failed.
    Failed(Failure),
    /// It is no video, or cannot be read; recorded and passed over.
    Rejected(Failure),
    /// Cannot go on now; a later run goes on from here.
    Paused(Failure),
}

/// A verified output.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedOutput {
    /// Where it lies. None when its bytes went to standard output.
    pub path: Option<PathBuf>,
    /// Bytes.
    pub size: u64,
    /// SHA-256, in hex.
    pub sha256: String,
    /// The job that made it.
    pub job: Option<JobId>,
    /// Estimated credits of what this run started for the input: 0 where an earlier run paid, and
    /// for copies. `None` when no price is known.
    pub credits: Option<Credits>,
    /// From the start of the work to the verified file, when this run did it.
    pub elapsed: Option<Duration>,
    /// What the service says about how it was made, and what is remarkable about the file.
    pub notes: Vec<String>,
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunSummary {
    /// Number of the batch in the ledger.
    pub batch: i64,
    /// Done in this run.
    pub done: usize,
    /// Done before.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Not videos.
    pub rejected: usize,
    /// Not finished in this run, those that are still running or not started among them.
    pub open: usize,
    /// Of those, jobs that still run at the service, and are billed.
    pub running: usize,
    /// Of those, inputs of which no job was started.
    pub not_started: usize,
    /// Started and left to themselves, as asked.
    pub left: usize,
    /// Made as drafts and left to themselves, as asked.
    pub drafts: usize,
    /// The bound on credits that is enough for the rest, if the present one stopped the run.
    pub bound_needed: Option<Credits>,
    /// Estimated credits of what this run started, failed jobs and running ones included.
    pub credits: Credits,
    /// How long the run took.
    pub elapsed: Duration,
}
