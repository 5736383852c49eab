//! Why a stage failed, and which exit code that is.

use strum::IntoStaticStr;

use crate::model::{ExitClass, FailureKind};

/// Why a stage failed, as far as it matters for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StageFailure {
    /// The service is not there, is in trouble, or keeps refusing us.
    Unavailable,
    /// It works, and takes too long.
    Slow,
    /// Our key or our configuration is wrong.
    Configuration,
    /// The service answers, but not as documented.
    Contract,
    /// There are not enough credits, or the budget would be passed.
    Credits,
    /// The job failed at the service.
    Job,
    /// The job was not finished in time.
    Timeout,
    /// The output is not what was asked for.
    Output,
    /// This machine: disk, permissions, ledger.
    Local,
    /// What happened cannot be told: a person has to look.
    Review,
    /// A file among those of a directory is no video.
    Input,
    /// A wrong command line.
    Usage,
    /// Stopped by a signal.
    Interrupted,
}

impl StageFailure {
    /// A stable word for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The class that decides the exit code (design, *Exit codes*).
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
            Self::Review | Self::Input => ExitClass::Some,
            Self::Usage => ExitClass::Usage,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// The cause behind a call or a job that should have gone well and did not. A request that
    /// the contract allows and the service refuses shows a contract that has changed.
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
            // A refusal of a documented request is a matter of the contract here, elsewhere of the
            // job.
            let refused = matches!(kind, FailureKind::InvalidRequest | FailureKind::NotFound);
            let expected = if refused { ExitClass::Contract } else { kind.exit_class() };
            assert_eq!(StageFailure::of(kind).exit_class(), expected, "{kind:?}");
        }
    }
}
