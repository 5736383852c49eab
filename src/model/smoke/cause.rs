//! Causes of failed stages, and their exit codes.

use strum::IntoStaticStr;

use crate::model::{ExitClass, FailureKind};

/// The cause of a failed stage, as far as it determines the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StageFailure {
    /// The service is unreachable, has errors, or keeps rate-limiting.
    Unavailable,
    /// The service works, but too slowly.
    Slow,
    /// The key or the configuration is wrong.
    Configuration,
    /// The service responds, but not as documented.
    Contract,
    /// Insufficient credits, or the budget would be exceeded.
    Credits,
    /// The job failed at the service.
    Job,
    /// The job did not finish in time.
    Timeout,
    /// The output does not match the request.
    Output,
    /// This machine: disk, permissions, ledger.
    Local,
    /// The outcome is unknown: a person has to check.
    Review,
    /// A file of a directory is not a video.
    Input,
    /// The command line is wrong.
    Usage,
    /// Stopped by a signal.
    Interrupted,
}

impl StageFailure {
    /// Stable name for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Determines the exit code.
    #[must_use]
    pub fn exit_class(self) -> ExitClass {
        match self {
            Self::Unavailable => ExitClass::Unavailable,
            Self::Slow => ExitClass::Check,
            Self::Configuration => ExitClass::Credentials,
            Self::Contract => ExitClass::Contract,
            Self::Credits => ExitClass::Credits,
            Self::Job => ExitClass::Job,
            Self::Timeout => ExitClass::TimedOut,
            Self::Output => ExitClass::Unverified,
            Self::Local => ExitClass::Local,
            Self::Review | Self::Input => ExitClass::PartialFailure,
            Self::Usage => ExitClass::Usage,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// The cause of a failed call or job that should have succeeded. A rejected request that the
    /// contract permits means that the contract has changed.
    #[must_use]
    pub fn of(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Usage => Self::Usage,
            FailureKind::Configuration | FailureKind::Unauthorized | FailureKind::Forbidden => {
                Self::Configuration
            }
            FailureKind::InsufficientCredits | FailureKind::BudgetReached => Self::Credits,
            FailureKind::RateLimited
            | FailureKind::Unavailable
            | FailureKind::Unreachable
            | FailureKind::Broken => Self::Unavailable,
            FailureKind::InvalidRequest
            | FailureKind::NotFound
            | FailureKind::Conflict
            | FailureKind::LinkExpired
            | FailureKind::Contract => Self::Contract,
            FailureKind::JobFailed => Self::Job,
            FailureKind::TimedOut => Self::Timeout,
            FailureKind::Unverified => Self::Output,
            FailureKind::Local | FailureKind::Unwritable => Self::Local,
            FailureKind::NeedsReview => Self::Review,
            FailureKind::Interrupted => Self::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_cause_whose_exit_code_is_documented() {
        for &kind in FailureKind::ALL {
            // Rejecting a documented request violates the contract here; elsewhere the job is at
            // fault.
            let refused = matches!(kind, FailureKind::InvalidRequest | FailureKind::NotFound);
            let expected = if refused { ExitClass::Contract } else { kind.exit_class() };
            assert_eq!(StageFailure::of(kind).exit_class(), expected, "{kind:?}");
        }
    }
}
