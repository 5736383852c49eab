//! Reasons to stop a run. A stop has a typed reason, is announced once, and wakes all waiting tasks
//! at once.
//!
//! There are two levels. A stop of *starts* lets running jobs and downloads finish: these are paid
//! for. A stop of *everything* ends those, too; a later run resumes them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::flow::context::{interrupted, out_of_time};
use crate::model::{ExitClass, Failure, FailureKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StopReason {
    /// A signal.
    Interrupted,
    /// `--timeout` was reached.
    OutOfTime,
    /// 401 or 403.
    KeyRefused,
    /// 402.
    NoCredits,
    /// `--max-credits`.
    BudgetReached,
    /// An input failed, and `--fail-fast` was given.
    InputFailed,
    /// Outputs can no longer be written.
    Unwritable,
    /// Too many jobs fail.
    JobsFail,
    /// Jobs are not finished after `wait_timeout`.
    JobsDoNotEnd,
    /// The service has not answered for `outage_max`.
    Outage,
}

impl StopReason {
    /// The reason to stop the run, if a failure of one input concerns the others too.
    pub(crate) fn of(kind: FailureKind) -> Option<Self> {
        match kind {
            FailureKind::Unauthorized | FailureKind::Forbidden => Some(Self::KeyRefused),
            FailureKind::InsufficientCredits => Some(Self::NoCredits),
            FailureKind::BudgetReached => Some(Self::BudgetReached),
            FailureKind::Unwritable => Some(Self::Unwritable),
            _ => None,
        }
    }

    /// Other workers can continue.
    pub(crate) fn concerns_only_this_process(self) -> bool {
        matches!(self, Self::Interrupted | Self::OutOfTime | Self::Outage)
    }

    /// Running jobs and downloads are stopped as well.
    fn stops_everything(self) -> bool {
        match self {
            Self::Interrupted | Self::OutOfTime | Self::KeyRefused | Self::Outage => true,
            Self::NoCredits
            | Self::BudgetReached
            | Self::InputFailed
            | Self::Unwritable
            | Self::JobsFail
            | Self::JobsDoNotEnd => false,
        }
    }
}

/// A stop, and the failure behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunStop {
    pub(crate) reason: StopReason,
    pub(crate) failure: Failure,
}

impl RunStop {
    /// Exit class of a run that was stopped.
    pub(crate) fn exit_class(&self) -> ExitClass {
        match self.reason {
            // The failed input has its own class.
            StopReason::InputFailed => ExitClass::PartialFailure,
            _ => self.failure.kind.exit_class(),
        }
    }
}

/// The stops of one run. The first stop of each level counts.
#[derive(Debug)]
pub(crate) struct RunStops {
    starts: StopLevel,
    everything: StopLevel,
    time_is_over: Arc<AtomicBool>,
}

#[derive(Debug)]
struct StopLevel {
    stop: OnceLock<RunStop>,
    token: CancellationToken,
}

impl RunStops {
    /// Stops of a run inside a command. The command's own stop is a stop of everything: by a
    /// signal, or by `--timeout`.
    pub(crate) fn new(command: &CancellationToken, time_is_over: &Arc<AtomicBool>) -> Self {
        let everything = StopLevel { stop: OnceLock::new(), token: command.child_token() };
        let starts = StopLevel { stop: OnceLock::new(), token: everything.token.child_token() };
        Self { starts, everything, time_is_over: Arc::clone(time_is_over) }
    }

    /// Stops; returns whether this is the first stop of its level.
    pub(crate) fn stop(&self, stop: RunStop) -> bool {
        if self.starts.token.is_cancelled() && !stop.reason.stops_everything() {
            return false;
        }
        let level = if stop.reason.stops_everything() { &self.everything } else { &self.starts };
        if level.token.is_cancelled() || level.stop.set(stop).is_err() {
            return false;
        }
        level.token.cancel();
        true
    }

    /// The stop because of which no request may be sent.
    pub(crate) fn of_everything(&self) -> Option<RunStop> {
        if !self.everything.token.is_cancelled() {
            return None;
        }
        let of_command = || {
            if self.time_is_over.load(Ordering::SeqCst) {
                RunStop { reason: StopReason::OutOfTime, failure: out_of_time() }
            } else {
                RunStop { reason: StopReason::Interrupted, failure: interrupted() }
            }
        };
        Some(self.everything.stop.get().cloned().unwrap_or_else(of_command))
    }

    /// The stop because of which nothing may be uploaded, created or started.
    pub(crate) fn of_starts(&self) -> Option<RunStop> {
        self.of_everything().or_else(|| self.starts.stop.get().cloned())
    }

    /// Cancelled when no request may be sent.
    pub(crate) fn everything(&self) -> &CancellationToken {
        &self.everything.token
    }

    /// Cancelled when nothing may be uploaded, created or started.
    pub(crate) fn starts(&self) -> &CancellationToken {
        &self.starts.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(reason: StopReason) -> RunStop {
        let kind = match reason {
            StopReason::KeyRefused => FailureKind::Unauthorized,
            StopReason::NoCredits => FailureKind::InsufficientCredits,
            StopReason::Outage => FailureKind::Unavailable,
            _ => FailureKind::Interrupted,
        };
        RunStop { reason, failure: Failure::new(kind, "a", "b") }
    }

    #[test]
    fn a_stop_of_starts_leaves_what_runs_and_the_first_of_each_level_counts() {
        let stops = RunStops::new(&CancellationToken::new(), &Arc::default());
        assert_eq!((stops.of_starts(), stops.of_everything()), (None, None));
        assert!(stops.stop(stop(StopReason::NoCredits)));
        assert!(!stops.stop(stop(StopReason::InputFailed)), "a second one is no news");
        assert!(stops.starts().is_cancelled() && !stops.everything().is_cancelled());
        assert_eq!(stops.of_starts().map(|stop| stop.reason), Some(StopReason::NoCredits));
        assert!(stops.stop(stop(StopReason::KeyRefused)), "it concerns more");
        assert!(!stops.stop(stop(StopReason::Outage)));
        assert_eq!(stops.of_starts().map(|stop| stop.reason), Some(StopReason::KeyRefused));
    }

    #[test]
    fn a_signal_stops_everything_and_is_its_own_reason() {
        let (command, time_is_over) = (CancellationToken::new(), Arc::default());
        let stops = RunStops::new(&command, &time_is_over);
        command.cancel();
        let stop_of_command = stops.of_starts().unwrap();
        assert_eq!(
            (stop_of_command.reason, stop_of_command.exit_class()),
            (StopReason::Interrupted, ExitClass::Interrupted)
        );
        assert!(!stops.stop(stop(StopReason::NoCredits)));
        time_is_over.store(true, Ordering::SeqCst);
        assert_eq!(stops.of_starts().map(|stop| stop.exit_class()), Some(ExitClass::TimedOut));
        // The failed input behind --fail-fast has the class that counts.
        assert_eq!(stop(StopReason::InputFailed).exit_class(), ExitClass::PartialFailure);
    }
}
