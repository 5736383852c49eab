//! What can go wrong, in one enum that owns the decisions made about it: whether a call may be
//! repeated, and which exit code a run ends with.

use std::fmt;
use std::time::Duration;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::job::JobId;

/// The class of a failure. Each variant says what the client does about it.
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
    /// `--max-credits` or `--budget` would be passed. Nothing more is started.
    BudgetReached,
    /// 429: retried with backoff, or when `Retry-After` says.
    RateLimited,
    /// 5xx, or an answer from a gateway. Retried with backoff where repeating is harmless.
    Unavailable,
    /// The connection was refused or the name not resolved: nothing reached the service, so every
    /// call may be repeated.
    Unreachable,
    /// The connection broke or went silent after bytes may have arrived. Retried only where
    /// repeating is harmless.
    Broken,
    /// 400 or 422: the request has to change. Never retried.
    InvalidRequest,
    /// 404. Never retried.
    NotFound,
    /// 409. What it means depends on the call; never repeated blindly.
    Conflict,
    /// The output link no longer works (400, 401, 403, 404 or 410 from the output host): the job
    /// is asked for a new one.
    LinkExpired,
    /// The service finished the job without an output. Never started again by itself.
    JobFailed,
    /// Our patience ended; the job goes on at the service.
    TimedOut,
    /// An output is not what was asked for, or not whole.
    Unverified,
    /// Disk, permissions, ledger.
    Local,
    /// Outputs cannot be written, and will not be until somebody acts: no permission, a read-only or
    /// full file system, a path that cannot be. Stops all starts.
    Unwritable,
    /// The service answered, but not as documented.
    Contract,
    /// What happened at the service cannot be told: a person has to look.
    NeedsReview,
    /// Stopped by a signal.
    Interrupted,
}

impl FailureKind {
    /// Whether a call that cannot change anything (a look, a download, an upload) may be repeated.
    #[must_use]
    pub fn repeat_when_harmless(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Unreachable | Self::Broken)
    }

    /// Causes that pass without a change of the input or the command: the service, the network, the
    /// account and the disk. A watcher tries such inputs again.
    pub const PASSING: [Self; 9] = [
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

    /// The class that decides the exit code.
    #[must_use]
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
            Self::NeedsReview => ExitClass::Some,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// A stable word for logs, the ledger and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Every kind, for tables and for reading [`FailureKind::as_str`] back.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Reads a word of [`FailureKind::as_str`] back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// What is known of a call that did not succeed: whether the service may have acted on it. Only
/// create and start need this, since only they cannot be repeated freely (design, *The protocol*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Execution {
    /// Certainly not executed: refused connection, unresolved name, structured 401, 402 or 429.
    NotExecuted,
    /// A structured refusal (400, 403, 404, 422): executed or not, the service said no.
    Refused,
    /// Anything else: it may have been executed.
    Ambiguous,
}

/// A failure with the story of its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Class.
    pub kind: FailureKind,
    /// What was attempted, in words: "start job 17".
    pub what: String,
    /// Why it failed, in words; may hold foreign text, so it is escaped where it is shown.
    pub why: String,
    /// Whether the service may have acted.
    pub delivery: Execution,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// The service's error code.
    pub code: Option<String>,
    /// The service's name of the request, for its support.
    pub request_id: Option<String>,
    /// The job it was about.
    pub job: Option<JobId>,
    /// How often it was tried.
    pub attempts: u32,
    /// Time from the first attempt to giving up.
    pub elapsed: Duration,
    /// How long the service asked to be left alone.
    pub retry_after: Option<Duration>,
    /// What the user can type next.
    pub next: Option<String>,
}

impl Failure {
    /// A failure that no answer of the service belongs to.
    #[must_use]
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

    /// Names the command that helps.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Names the job.
    #[must_use]
    pub fn with_job(mut self, job: &JobId) -> Self {
        self.job = Some(job.clone());
        self
    }

    /// A local input/output error.
    #[must_use]
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

/// How a run can end (design, *Exit codes*). [`ExitClass::code`] is the contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitClass {
    /// Everything asked for is done and verified.
    Done,
    /// Some inputs failed, others are done.
    Some,
    /// The command line, or an input named on it, is wrong.
    Usage,
    /// Configuration or credentials.
    Credentials,
    /// Credits, or a bound on them.
    Credits,
    /// The service is unavailable or keeps limiting us.
    Unavailable,
    /// The job failed at the service.
    Job,
    /// Timed out waiting.
    TimedOut,
    /// An output did not verify.
    Unverified,
    /// Disk, permissions, ledger.
    Local,
    /// A budget or a check was passed over.
    Check,
    /// The service answers, but not as documented.
    Contract,
    /// Interrupted.
    Interrupted,
}

impl ExitClass {
    /// The process exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Some => 1,
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

    /// Which class wins when several occurred, strongest first.
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
        Self::Some,
        Self::Usage,
    ];

    /// The class of a run in which all of `seen` occurred and `succeeded` says whether any input
    /// was done: failures at the service beside successes are [`ExitClass::Some`].
    #[must_use]
    pub fn combine(seen: impl IntoIterator<Item = Self>, succeeded: bool) -> Self {
        let seen: Vec<Self> = seen.into_iter().filter(|class| *class != Self::Done).collect();
        let strongest = Self::PRECEDENCE.into_iter().find(|class| seen.contains(class));
        match strongest {
            None => Self::Done,
            Some(Self::Job) if succeeded => Self::Some,
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
            (vec![E::Job], true, E::Some),
            (vec![E::Job, E::Unverified], true, E::Unverified),
            (vec![E::Some, E::Credits, E::Unavailable], true, E::Credits),
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
