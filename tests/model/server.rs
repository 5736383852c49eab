//! The service, in the variants that its documentation leaves open, with the bills it writes.

use rbgv::model::JobStatus;

/// What a start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StartRule {
    /// Runs a draft; anything else is answered with 409.
    OnlyDrafts,
    /// Runs a draft, and runs and bills a failed job once more.
    AlsoFailed,
    /// Runs and bills whatever it is told to start.
    Everything,
}

/// What `auto_start: false` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DraftRule {
    /// A draft, shown as `created`.
    ShownCreated,
    /// A draft, shown as `pending`.
    ShownPending,
    /// Ignored: the job runs, is billed, and is shown as `processing`.
    RunsProcessing,
    /// Ignored: the job is billed, waits for a worker, and is shown as `pending` meanwhile.
    RunsPending,
}

impl DraftRule {
    pub(crate) const ALL: [Self; 4] =
        [Self::ShownCreated, Self::ShownPending, Self::RunsProcessing, Self::RunsPending];
}

/// One variant of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) starts: StartRule,
    pub(crate) drafts: DraftRule,
    /// Whether the list of jobs shows the metadata that the jobs were made with.
    pub(crate) echoes_metadata: bool,
    /// Whether a job that started by itself has a worker before `settle` has passed.
    pub(crate) prompt: bool,
}

/// Where a job really stands; what is shown of it may say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Draft,
    Queued,
    Working,
    Completed,
    Failed,
}

/// A job at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) state: State,
    /// How often it was billed.
    pub(crate) bills: u8,
    /// Ticks in the queue, counted only where promptness limits them.
    pub(crate) queued: u8,
    /// Whether somebody else started it, which no row can know.
    pub(crate) by_another: bool,
}

/// What is shown of a job's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Created,
    Pending,
    Processing,
    Completed,
    Failed,
}

impl Word {
    pub(crate) fn status(self) -> JobStatus {
        match self {
            Self::Created => JobStatus::Created,
            Self::Pending => JobStatus::Pending,
            Self::Processing => JobStatus::Processing,
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
        }
    }
}

impl Server {
    /// The variant in which drafts and lists behave and only the start differs.
    pub(crate) const fn with_starts(starts: StartRule) -> Self {
        Self { starts, drafts: DraftRule::ShownCreated, echoes_metadata: true, prompt: true }
    }

    /// The job that a create makes.
    pub(crate) fn create(self) -> Job {
        let (state, bills) = match self.drafts {
            DraftRule::ShownCreated | DraftRule::ShownPending => (State::Draft, 0),
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

    /// What a look at the job shows.
    pub(crate) fn shown(self, job: Job) -> Word {
        match job.state {
            State::Draft if self.drafts == DraftRule::ShownPending => Word::Pending,
            State::Draft => Word::Created,
            State::Queued => Word::Pending,
            State::Working => Word::Processing,
            State::Completed => Word::Completed,
            State::Failed => Word::Failed,
        }
    }

    /// Whether a draft of this service costs nothing.
    pub(crate) fn keeps_drafts(self) -> bool {
        matches!(self.drafts, DraftRule::ShownCreated | DraftRule::ShownPending)
    }

    /// Whether time in the queue is counted, because the service promises to be prompt.
    pub(crate) fn counts_queue(self) -> bool {
        self.prompt && self.drafts == DraftRule::RunsPending
    }
}
