//! What goes into a step of the state machine, and what comes out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ledger::DraftSupport;
use crate::model::{Failure, Instant, JobId, JobStatus};

/// Last stage that the user wants an input to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// A draft, which costs nothing (`--draft`).
    Draft,
    /// A started job (`--no-wait`).
    Start,
    /// A verified output.
    Finish,
}

/// Inputs of a step besides the state and the observation.
#[derive(Debug, Clone, Copy)]
pub struct StepContext {
    /// The time by the boot-time clock.
    pub now: Instant,
    /// Longest time that a request already sent may take to arrive.
    pub settle: Duration,
    /// Shortest time between two polls of the same job.
    pub poll_interval: Duration,
    /// Draft support of this key, as observed so far.
    pub drafts: DraftSupport,
    /// Some job of this key is known to show its bill from the start on.
    pub bills_shown: bool,
    /// Longest time between start and first running poll, among jobs of this key that were started
    /// after this start became ambiguous; `None` with fewer than three samples.
    pub later_ran_within: Option<Duration>,
    pub goal: Goal,
}

/// Result of one poll of the job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSnapshot {
    /// Time of the request: its content is not older than that.
    pub requested_at: Instant,
    pub status: JobStatus,
    /// The job has a billing status.
    pub billed: bool,
    /// Percent done, where the service reports it.
    pub progress: Option<f64>,
    /// Taken from a page of the job list, which may leave fields out.
    pub listed: bool,
    /// The output can be downloaded.
    pub has_output: bool,
    /// The service's reason for a failure.
    pub error: Option<String>,
}

impl JobSnapshot {
    /// Proof that the job was started.
    pub(super) fn has_started(&self) -> bool {
        self.billed
            || self.progress.is_some_and(|done| done > 0.0)
            || matches!(
                self.status,
                JobStatus::Processing | JobStatus::Completed | JobStatus::Failed
            )
    }
}

/// Result of a search for the job of a lost create.
#[derive(Debug, Clone, PartialEq)]
pub enum SearchResult {
    /// The job that carries our correlation id.
    Ours(JobId, JobStatus),
    /// A complete list without any new job of unknown origin.
    Nothing,
    /// A job that cannot be distinguished from ours, with the reason.
    Unclear(String),
}

/// Input of the state machine: the result of an effect, or an event from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// A process took over the attempt; observations of an earlier process are unknown.
    Resumed,
    /// A wait ended.
    TimerFired,
    /// The service has the bytes.
    Uploaded {
        url: String,
        /// An earlier upload was used.
        reused: bool,
    },
    /// A job was created.
    Created {
        job: JobId,
        /// Its status, where the response has one.
        status: Option<JobStatus>,
    },
    /// A create did not succeed, or got no answer.
    CreateFailed(Failure),
    /// The search for a lost create ended.
    Searched {
        /// Begin of the search.
        requested_at: Instant,
        found: SearchResult,
    },
    /// A start got a clear success.
    Started,
    /// A start got no clear success.
    StartFailed(Failure),
    /// The start was not sent: too much time had passed since its commit.
    StartStale,
    /// A poll of the job was answered.
    Polled(JobSnapshot),
    /// The service does not know the job.
    JobUnknown(Failure),
    /// The usage events were read.
    Usage {
        /// Time of the request.
        requested_at: Instant,
        /// They charge for this job.
        charged: bool,
        /// They charge for a job that was started after this start became ambiguous, and reach back
        /// to one that was started before.
        later_charged: bool,
    },
    /// An idempotent call failed for good, or a wait was cut short.
    CallFailed(Failure),
    /// The input is unusable.
    InputFailed(Failure),
    /// The user checked and decided to continue.
    Accepted,
    /// The user checked and decided to abandon the attempt.
    Abandoned,
}

/// Action of the driver after the state is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Upload the input, or find an earlier upload of it.
    Upload,
    /// Send the create.
    Create,
    /// Search the key's jobs for the one of a lost create.
    Search,
    /// Send the start, if the commit is still recent.
    Start,
    /// Poll the job now.
    Poll,
    /// Poll the job on the poll schedule.
    Follow,
    /// Request the usage events.
    AskUsage,
    /// Wait until then, and continue with [`Observation::TimerFired`].
    Wait(Instant),
    /// Back off for this failure, and continue with [`Observation::TimerFired`]; or give up.
    BackOff(Failure),
    /// The goal is reached, or the attempt is settled.
    Done,
    /// This run cannot continue; a later one does.
    Suspend(Failure),
}
