//! The service, in the variants that its documentation leaves open, with the bills it writes.

use rbgv::ledger::DraftObservation;
use rbgv::model::JobStatus;

use crate::row_key::{QUEUE, WATCHED};

/// What a start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StartRule {
    /// Runs a draft; anything else is answered with 409.
    OnlyDrafts,
    /// Runs a draft, and runs and bills a failed job once more.
    AlsoFailed,
    /// Runs and bills every job that is started.
    Everything,
}

/// What `auto_start: false` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DraftRule {
    /// A draft, shown as `created`.
    ShownCreated,
    /// A draft, shown as `pending`.
    ShownPending,
    /// A draft, shown in a state that is not documented.
    ShownOddly,
    /// Ignored: the job runs, is billed, and is shown as `processing`.
    RunsProcessing,
    /// Ignored: the job is billed, waits for a worker, and is shown as `pending` meanwhile.
    RunsPending,
}

impl DraftRule {
    pub(crate) const ALL: [Self; 5] = [
        Self::ShownCreated,
        Self::ShownPending,
        Self::ShownOddly,
        Self::RunsProcessing,
        Self::RunsPending,
    ];
}

/// What other jobs of the key tell of a start in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Evidence {
    /// Nothing.
    Absent,
    /// Jobs that were started later run.
    LaterRan,
    /// Jobs that were started later are charged for.
    LaterCharged,
}

/// One variant of the service.
#[expect(clippy::struct_excessive_bools, reason = "each is something that is left open")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) starts: StartRule,
    pub(crate) drafts: DraftRule,
    /// Whether the list of jobs shows the metadata that the jobs were made with.
    pub(crate) echoes_metadata: bool,
    /// Whether a job that started by itself has a worker before the watch is over.
    pub(crate) prompt: bool,
    /// Whether views show the bill of every started job.
    pub(crate) shows_bills: bool,
    pub(crate) evidence: Evidence,
    /// Whether jobs run, and are charged for, in the order of their starts.
    pub(crate) in_order: bool,
    /// Whether it may carry a start out that it answers with 429, and nothing but the bill tells.
    pub(crate) denies: bool,
}

/// The real state of a job; what the service shows may say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Draft,
    Queued,
    Working,
    Completed,
    Failed,
    /// The service has forgotten the draft.
    Gone,
}

/// A job at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) state: State,
    /// How often it was billed.
    pub(crate) bills: u8,
    /// Ticks in the queue, counted only where promptness limits them.
    pub(crate) queued: u8,
    /// Whether somebody else started it, or the service denied that it was: no row can know.
    pub(crate) by_another: bool,
}

/// What is shown of a job's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Created,
    Pending,
    Odd,
    Processing,
    Completed,
    Failed,
}

impl Word {
    pub(crate) fn status(self) -> JobStatus {
        match self {
            Self::Created => JobStatus::Created,
            Self::Pending => JobStatus::Pending,
            Self::Odd => JobStatus::Other("drafted".to_owned()),
            Self::Processing => JobStatus::Processing,
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
        }
    }
}

impl Server {
    /// The variant in which drafts and lists behave and only the start differs.
    pub(crate) const fn with_starts(starts: StartRule) -> Self {
        Self {
            starts,
            drafts: DraftRule::ShownCreated,
            echoes_metadata: true,
            prompt: true,
            shows_bills: false,
            evidence: Evidence::Absent,
            in_order: true,
            denies: false,
        }
    }

    /// The job that a create makes.
    pub(crate) fn create(self) -> Job {
        let (state, bills) = match self.drafts {
            DraftRule::ShownCreated | DraftRule::ShownPending | DraftRule::ShownOddly => {
                (State::Draft, 0)
            }
            DraftRule::RunsProcessing => (State::Working, 1),
            DraftRule::RunsPending => (State::Queued, 1),
        };
        Job { state, bills, queued: 0, by_another: false }
    }

    /// Carries a start out; the answer is whether it was accepted.
    pub(crate) fn start(self, job: &mut Job) -> bool {
        let runs = match self.starts {
            StartRule::OnlyDrafts => job.state == State::Draft,
            StartRule::AlsoFailed => matches!(job.state, State::Draft | State::Failed),
            StartRule::Everything => true,
        };
        if runs {
            (job.state, job.queued) = (State::Queued, 0);
            job.bills += 1;
        }
        runs
    }

    /// What a poll of the job shows.
    pub(crate) fn shown(self, job: Job) -> Word {
        match job.state {
            State::Draft if self.drafts == DraftRule::ShownPending => Word::Pending,
            State::Draft if self.drafts == DraftRule::ShownOddly => Word::Odd,
            State::Draft => Word::Created,
            State::Gone => unreachable!("what is forgotten is not shown"),
            State::Queued => Word::Pending,
            State::Working => Word::Processing,
            State::Completed => Word::Completed,
            State::Failed => Word::Failed,
        }
    }

    /// Whether a draft of this service costs nothing.
    pub(crate) fn keeps_drafts(self) -> bool {
        !matches!(self.drafts, DraftRule::RunsProcessing | DraftRule::RunsPending)
    }

    /// Whether it may be denied that a job was started whose draft was seen like this: a view tells
    /// the one from the other.
    pub(crate) fn may_deny(self, seen: DraftObservation) -> bool {
        let named = matches!(seen, DraftObservation::Created | DraftObservation::Other);
        self.keeps_drafts() && (self.denies || self.shows_bills || named)
    }

    /// Most ticks that a job is in the queue, where the service promises that.
    pub(crate) fn longest_queue(self) -> Option<u8> {
        let prompt = self.prompt && self.drafts == DraftRule::RunsPending;
        let in_order = self.in_order && self.evidence != Evidence::Absent;
        let prompt = prompt.then_some(WATCHED - 1);
        prompt.into_iter().chain(in_order.then_some(QUEUE)).min()
    }
}
