//! Failures. One enum of kinds decides whether a call is retried, and which exit code a run has.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::job::JobId;

/// The kind of a failure.
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
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case", from = "String")]
pub enum FailureKind {
    /// The command line or an input is wrong. Nothing was sent. Never retried.
    Usage,
    /// Configuration is missing or malformed. Never retried.
    Configuration,
    /// 401: the key is missing or not accepted. Never retried; stops all work of the key.
    Unauthorized,
    /// 403. Never retried.
    Forbidden,
    /// 402, or its code under another status: stops all starts until the user tops up.
    InsufficientCredits,
    /// `--max-credits` or `--budget` would be exceeded. No more jobs are started.
    BudgetReached,
    /// 429: retried with backoff, or after `Retry-After`.
    RateLimited,
    /// 5xx, or a response of a gateway. Idempotent calls are retried with backoff.
    Unavailable,
    /// The connection was refused or the name not resolved. Nothing reached the service, so every call
    /// may be retried.
    Unreachable,
    /// The connection broke or went silent after bytes may have arrived. Only idempotent calls are
    /// retried.
    Broken,
    /// 400 or 422: the request has to change. Never retried.
    InvalidRequest,
    /// 404. Never retried.
    NotFound,
    /// 409. The meaning depends on the call; never retried blindly.
    Conflict,
    /// The output link no longer works (400, 401, 403, 404 or 410 from the output host); a new one is
    /// requested.
    LinkExpired,
    /// The job finished without an output. Never restarted automatically.
    JobFailed,
    /// Timed out; the job is still running at the service.
    TimedOut,
    /// An output does not match the request, or is incomplete.
    Unverified,
    /// Disk, permissions, ledger.
    Local,
    /// Outputs cannot be written until the user acts: no permission, a read-only or full file system,
    /// an impossible path. Stops all starts.
    Unwritable,
    /// The service responded, but not as documented.
    Contract,
    /// The state at the service is unknown; a person has to check.
    NeedsReview,
    /// Stopped by a signal.
    Interrupted,
}

impl FailureKind {
    /// Retryable if the call is idempotent (poll, download, upload).
    pub fn is_retryable_if_idempotent(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Unreachable | Self::Broken)
    }

    /// Temporary causes, which do not need a change of input or command. `run --watch` retries these.
    pub const TEMPORARY: [Self; 9] = [
        Self::InsufficientCredits,
        Self::RateLimited,
        Self::Unavailable,
        Self::Unreachable,
        Self::Broken,
        Self::LinkExpired,
        Self::TimedOut,
        Self::Local,
        Self::Unwritable,
    ];

    pub fn exit_class(self) -> ExitClass {
        match self {
            Self::Usage => ExitClass::Usage,
            Self::Configuration | Self::Unauthorized | Self::Forbidden => ExitClass::Credentials,
            Self::InsufficientCredits | Self::BudgetReached => ExitClass::Credits,
            Self::RateLimited | Self::Unavailable | Self::Unreachable | Self::Broken => {
                ExitClass::Unavailable
            }
            Self::InvalidRequest | Self::NotFound | Self::JobFailed => ExitClass::Job,
            Self::TimedOut => ExitClass::TimedOut,
            Self::Unverified => ExitClass::Unverified,
            Self::Local | Self::Unwritable => ExitClass::Local,
            Self::Conflict | Self::LinkExpired | Self::Contract => ExitClass::Contract,
            Self::NeedsReview => ExitClass::PartialFailure,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// The next command after a command that ended with such a failure. `None` for what the message
    /// itself says how to change.
    fn next(self) -> Option<String> {
        Some(match self {
            Self::Usage => return None,
            Self::Configuration
            | Self::Unauthorized
            | Self::Forbidden
            | Self::Unreachable
            | Self::Local
            | Self::Unwritable => "rbgv doctor".to_owned(),
            Self::InsufficientCredits | Self::BudgetReached => "rbgv usage".to_owned(),
            Self::RateLimited
            | Self::Unavailable
            | Self::Broken
            | Self::LinkExpired
            | Self::TimedOut
            | Self::Unverified
            | Self::Interrupted => "run the same command again".to_owned(),
            Self::InvalidRequest
            | Self::NotFound
            | Self::Conflict
            | Self::JobFailed
            | Self::Contract
            | Self::NeedsReview => format!("rbgv explain {}", self.as_str()),
        })
    }

    /// The stable name in logs, ledger and JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Every kind.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The inverse of [`FailureKind::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// A later version may have stored a kind that this one does not know.
impl From<String> for FailureKind {
    fn from(word: String) -> Self {
        Self::parse(&word).unwrap_or(Self::Contract)
    }
}

/// Certainty of execution of a failed call. Only create and start need this, because they
/// are not idempotent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case", from = "String")]
pub enum Execution {
    /// Certainly not executed: connection refused, name not resolved, structured 401, 402 or 429.
    NotExecuted,
    /// Rejected by the service with a structured error (400, 403, 404, 422).
    Refused,
    /// May have been executed.
    Ambiguous,
}

/// An unknown value counts as [`Execution::Ambiguous`], which is never retried.
impl From<String> for Execution {
    fn from(word: String) -> Self {
        word.parse().unwrap_or(Self::Ambiguous)
    }
}

/// A failure, with details of its attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// The operation: "start job 17".
    pub what: String,
    /// The reason. May contain foreign text, which is escaped on output.
    pub why: String,
    pub delivery: Execution,
    /// HTTP status of the last response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The service's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The service's request id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    pub attempts: u32,
    /// Time from the first attempt to the last.
    #[serde(rename = "elapsed_ms", with = "super::time::duration_ms")]
    pub elapsed: Duration,
    /// `Retry-After` of the service.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The suggested next command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Failure {
    /// A failure without a response of the service.
    pub fn new(kind: FailureKind, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            why: why.into(),
            delivery: Execution::NotExecuted,
            status: None,
            code: None,
            request_id: None,
            job: None,
            attempts: 1,
            elapsed: Duration::ZERO,
            retry_after: None,
            next: None,
        }
    }

    /// Sets the suggested next command.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// With the next command for its kind, where it names none. For the failure of a whole command.
    #[must_use]
    pub fn or_next_of_kind(self) -> Self {
        let next = self.next.or_else(|| self.kind.next());
        Self { next, ..self }
    }

    #[must_use]
    pub fn with_job(mut self, job: &JobId) -> Self {
        self.job = Some(job.clone());
        self
    }

    /// A mistake in the command line or in an input.
    pub fn usage(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, what, why)
    }

    /// A mistake in the configuration.
    pub fn configuration(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(FailureKind::Configuration, what, why)
    }

    /// A local I/O error.
    pub fn local(what: impl Into<String>, why: &dyn fmt::Display) -> Self {
        Self::new(FailureKind::Local, what, why.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        let mut notes = Vec::new();
        if let Some(status) = self.status {
            notes.push(format!("HTTP {status}"));
        }
        if let Some(code) = &self.code {
            notes.push(code.clone());
        }
        if let Some(job) = &self.job {
            notes.push(format!("job {job}"));
        }
        if let Some(id) = &self.request_id {
            notes.push(format!("request {id}"));
        }
        if self.attempts > 1 {
            notes.push(format!(
                "{} attempts in {:.1} s",
                self.attempts,
                self.elapsed.as_secs_f64()
            ));
        }
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl std::error::Error for Failure {}

/// The result class of a run. Scripts rely on [`ExitClass::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitClass {
    /// Everything is done and verified.
    Done,
    /// Some inputs failed, others are done.
    PartialFailure,
    /// The command line, or an input named on it, is wrong.
    Usage,
    /// Configuration or credentials.
    Credentials,
    /// Out of credits, or a credit limit.
    Credits,
    /// The service is unavailable or keeps rate-limiting.
    Unavailable,
    /// The job failed at the service.
    Job,
    /// Timed out waiting.
    TimedOut,
    /// An output did not verify.
    Unverified,
    /// Disk, permissions, ledger.
    Local,
    /// A budget was exceeded, or a check failed.
    Check,
    /// The service responds, but not as documented.
    Contract,
    /// Interrupted.
    Interrupted,
}

impl ExitClass {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::PartialFailure => 1,
            Self::Usage => 2,
            Self::Credentials => 3,
            Self::Credits => 4,
            Self::Unavailable => 5,
            Self::Job => 6,
            Self::TimedOut => 7,
            Self::Unverified => 8,
            Self::Local => 9,
            Self::Check => 10,
            Self::Contract => 11,
            Self::Interrupted => 130,
        }
    }

    /// The class that wins if several occurred, strongest first.
    const PRECEDENCE: [Self; 12] = [
        Self::Interrupted,
        Self::Credentials,
        Self::Credits,
        Self::Unavailable,
        Self::Local,
        Self::Unverified,
        Self::Contract,
        Self::TimedOut,
        Self::Job,
        Self::Check,
        Self::PartialFailure,
        Self::Usage,
    ];

    /// The class of a run in which all of `seen` occurred. If any input `succeeded`, job failures are
    /// only [`ExitClass::PartialFailure`].
    pub fn combine(seen: impl IntoIterator<Item = Self>, succeeded: bool) -> Self {
        let seen: Vec<Self> = seen.into_iter().filter(|class| *class != Self::Done).collect();
        let strongest = Self::PRECEDENCE.into_iter().find(|class| seen.contains(class));
        match strongest {
            None => Self::Done,
            Some(Self::Job) if succeeded => Self::PartialFailure,
            Some(class) => class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_classes_end_as_the_strongest() {
        use ExitClass as E;
        let table = [
            (vec![], true, E::Done),
            (vec![E::Job], false, E::Job),
            (vec![E::Job], true, E::PartialFailure),
            (vec![E::Job, E::Unverified], true, E::Unverified),
            (vec![E::PartialFailure, E::Credits, E::Unavailable], true, E::Credits),
            (vec![E::Interrupted, E::Credentials], false, E::Interrupted),
            (vec![E::Contract, E::TimedOut], false, E::Contract),
        ];
        for (seen, succeeded, expected) in table {
            assert_eq!(E::combine(seen.clone(), succeeded), expected, "{seen:?} {succeeded}");
        }
    }

    #[test]
    fn every_kind_has_a_word_that_reads_back() {
        for &kind in FailureKind::ALL {
            assert_eq!(FailureKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(FailureKind::parse("nonsense"), None);
    }

    #[test]
    fn a_command_that_fails_names_a_next_one() {
        for &kind in FailureKind::ALL {
            let failure = Failure::new(kind, "a", "b");
            let next = failure.clone().or_next_of_kind().next;
            assert_eq!(next.is_none(), kind == FailureKind::Usage, "{kind:?}");
            let named = failure.with_next("rbgv status").or_next_of_kind().next;
            assert_eq!(named.as_deref(), Some("rbgv status"), "{kind:?}");
        }
    }

    #[test]
    fn a_failure_tells_its_story() {
        let mut failure = Failure::new(FailureKind::Unavailable, "start", "no worker");
        failure.status = Some(503);
        failure.request_id = Some("r-1".into());
        failure.job = Some(JobId("j-1".into()));
        failure.attempts = 4;
        failure.elapsed = Duration::from_millis(12_340);
        assert_eq!(
            failure.to_string(),
            "start: no worker (HTTP 503, job j-1, request r-1, 4 attempts in 12.3 s)"
        );
    }
}
