//! What a smoke test is made of and what came of it, as plain data: stages, outcomes, causes, the
//! report. How stages are carried out and judged is the flow's affair, how a report looks the
//! output's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::account::Credits;
use super::failure::{ExitClass, Failure, FailureKind};
use super::job::JobId;
use super::time::Timestamp;

/// A check with a name of its own, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The host's name leads to addresses.
    Name,
    /// The certificate is accepted, and lives on for a while.
    Tls,
    /// The service calls itself healthy.
    Health,
    /// The price list names every model.
    Pricing,
    /// The key is accepted; no key and a wrong key are refused.
    Authentication,
    /// A job that is not ours answers 404.
    Isolation,
    /// A page of our jobs can be read.
    Listing,
    /// Usage can be read.
    Usage,
    /// The built-in clip goes the whole way.
    Success,
    /// Its output is what was asked for: subject kept, background gone.
    Output,
    /// Estimate, bill, usage and link agree.
    Credits,
    /// A clip of the team's own goes the whole way.
    Suite,
    /// A file that is no video is refused.
    NotAVideo,
    /// An option that does not exist is refused.
    InvalidOption,
    /// A link that cannot be fetched fails the job, and bills nothing.
    DeadLink,
    /// A key without credits starts nothing.
    NoCredits,
    /// A burst is slowed down and answered.
    Burst,
    /// The profile's settings meet trouble that was scripted.
    Rehearsal,
    /// The figures are not worse than those of an earlier run.
    Comparison,
}

/// Stages that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Cost nothing and change nothing.
    Free,
    /// Start jobs that are billed.
    Paid,
    /// Send what has to be refused.
    Failures,
    /// Only run when they are asked for in another way.
    Asked,
}

impl Stage {
    /// Every stage that can be chosen by name, in order.
    pub const NAMED: [Self; 16] = [
        Self::Name,
        Self::Tls,
        Self::Health,
        Self::Pricing,
        Self::Authentication,
        Self::Isolation,
        Self::Listing,
        Self::Usage,
        Self::Success,
        Self::Output,
        Self::Credits,
        Self::NotAVideo,
        Self::InvalidOption,
        Self::DeadLink,
        Self::NoCredits,
        Self::Burst,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Tls => "tls",
            Self::Health => "health",
            Self::Pricing => "pricing",
            Self::Authentication => "authentication",
            Self::Isolation => "isolation",
            Self::Listing => "listing",
            Self::Usage => "usage",
            Self::Success => "success",
            Self::Output => "output",
            Self::Credits => "credits",
            Self::Suite => "suite",
            Self::NotAVideo => "not-a-video",
            Self::InvalidOption => "invalid-option",
            Self::DeadLink => "dead-link",
            Self::NoCredits => "no-credits",
            Self::Burst => "burst",
            Self::Rehearsal => "rehearsal",
            Self::Comparison => "comparison",
        }
    }

    /// What it belongs to.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Self::Name
            | Self::Tls
            | Self::Health
            | Self::Pricing
            | Self::Authentication
            | Self::Isolation
            | Self::Listing
            | Self::Usage => Group::Free,
            Self::Success | Self::Output | Self::Credits | Self::Suite => Group::Paid,
            Self::NotAVideo | Self::InvalidOption | Self::DeadLink | Self::NoCredits => {
                Group::Failures
            }
            Self::Burst | Self::Rehearsal | Self::Comparison => Group::Asked,
        }
    }

    /// Whether it starts a job, which may be billed even where it should not.
    #[must_use]
    pub fn starts_jobs(self) -> bool {
        matches!(self, Self::Success | Self::Suite | Self::DeadLink | Self::NoCredits)
    }

    /// How long it may take before the service counts as slow; none where that depends on what is
    /// sent.
    #[must_use]
    pub fn usual_budget(self) -> Option<Duration> {
        let seconds = match self {
            Self::Name => 2,
            Self::Tls
            | Self::Health
            | Self::Pricing
            | Self::Isolation
            | Self::Listing
            | Self::Usage => 3,
            // Three calls.
            Self::Authentication => 6,
            Self::Success => 180,
            _ => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What `--only` and `--skip` take: a stage, or a group of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One.
    One(Stage),
    /// All of a group.
    All(Group),
}

impl Choice {
    /// Whether it names `stage`.
    #[must_use]
    pub fn names(self, stage: Stage) -> bool {
        match self {
            Self::One(one) => one == stage,
            Self::All(group) => group == stage.group(),
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "free" => return Ok(Self::All(Group::Free)),
            "paid" => return Ok(Self::All(Group::Paid)),
            "failures" => return Ok(Self::All(Group::Failures)),
            _ => {}
        }
        Stage::NAMED.into_iter().find(|stage| stage.as_str() == word).map(Self::One).ok_or_else(
            || {
                let known = Stage::NAMED.map(Stage::as_str).join(", ");
                format!("unknown stage '{word}'; known: {known}, and free, paid, failures for many")
            },
        )
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As documented, and in time.
    Passed,
    /// Works, and should be looked at.
    Warned,
    /// Does not work.
    Failed,
    /// Was not run.
    Skipped,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a stage failed, as far as it matters for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The service is not there, is in trouble, or keeps refusing us.
    Down,
    /// It works, and takes too long.
    Slow,
    /// It works, and does worse than in an earlier run.
    Worse,
    /// Our key or our configuration is wrong.
    Ours,
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
    /// A wrong command line.
    Usage,
    /// Stopped by a signal.
    Interrupted,
}

impl Cause {
    /// A stable word for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Slow => "slow",
            Self::Worse => "worse",
            Self::Ours => "ours",
            Self::Contract => "contract",
            Self::Credits => "credits",
            Self::Job => "job",
            Self::Timeout => "timeout",
            Self::Output => "output",
            Self::Local => "local",
            Self::Review => "review",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
        }
    }

    /// The class that decides the exit code (design, *Exit codes*).
    #[must_use]
    pub fn exit_class(self) -> ExitClass {
        match self {
            Self::Down => ExitClass::Unavailable,
            Self::Slow | Self::Worse => ExitClass::Check,
            Self::Ours => ExitClass::Credentials,
            Self::Contract => ExitClass::Contract,
            Self::Credits => ExitClass::Credits,
            Self::Job => ExitClass::Job,
            Self::Timeout => ExitClass::TimedOut,
            Self::Output => ExitClass::Unverified,
            Self::Local => ExitClass::Local,
            Self::Review => ExitClass::Some,
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
                Self::Ours
            }
            FailureKind::InsufficientCredits | FailureKind::BudgetReached => Self::Credits,
            FailureKind::RateLimited
            | FailureKind::Unavailable
            | FailureKind::Unreachable
            | FailureKind::Broken => Self::Down,
            FailureKind::InvalidRequest
            | FailureKind::NotFound
            | FailureKind::Conflict
            | FailureKind::LinkExpired
            | FailureKind::Contract => Self::Contract,
            FailureKind::JobFailed => Self::Job,
            FailureKind::TimedOut => Self::Timeout,
            FailureKind::Unverified => Self::Output,
            FailureKind::Local => Self::Local,
            FailureKind::NeedsReview => Self::Review,
            FailureKind::Interrupted => Self::Interrupted,
        }
    }
}

/// A figure that a later run can be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// A stable word for it.
    pub name: &'static str,
    /// How much.
    pub value: f64,
}

/// What came of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageResult {
    /// Which.
    pub stage: Stage,
    /// The stage's word, or for one of many (clips, rehearsals) a name of its own. May be foreign.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where it failed.
    pub cause: Option<Cause>,
    /// How long it took; none when it was not run.
    pub took: Option<Duration>,
    /// How long it may take.
    pub budget: Option<Duration>,
    /// What was found, in one sentence. May hold foreign text.
    pub told: String,
    /// What else there is to know, a line each. May hold foreign text.
    pub details: Vec<String>,
    /// The parts that it consists of, and how long each took.
    pub steps: Vec<(&'static str, Duration)>,
    /// Figures.
    pub measures: Vec<Measure>,
    /// The job that it was about.
    pub job: Option<JobId>,
    /// The service's name of the request that failed.
    pub request_id: Option<String>,
    /// What the user can type next.
    pub next: Option<String>,
}

impl StageResult {
    /// A result that says only how it ended.
    #[must_use]
    pub fn new(stage: Stage, outcome: Outcome, told: impl Into<String>) -> Self {
        Self {
            stage,
            name: stage.as_str().to_owned(),
            outcome,
            cause: None,
            took: None,
            budget: None,
            told: told.into(),
            details: Vec::new(),
            steps: Vec::new(),
            measures: Vec::new(),
            job: None,
            request_id: None,
            next: None,
        }
    }

    /// A stage that went well.
    #[must_use]
    pub fn passed(stage: Stage, told: impl Into<String>) -> Self {
        Self::new(stage, Outcome::Passed, told)
    }

    /// A stage that was not run, and why.
    #[must_use]
    pub fn skipped(stage: Stage, told: impl Into<String>) -> Self {
        Self::new(stage, Outcome::Skipped, told)
    }

    /// A stage that failed for `cause`.
    #[must_use]
    pub fn failed(stage: Stage, cause: Cause, told: impl Into<String>) -> Self {
        Self { cause: Some(cause), ..Self::new(stage, Outcome::Failed, told) }
    }

    /// A stage that failed because something in it did.
    #[must_use]
    pub fn of_failure(stage: Stage, failure: &Failure) -> Self {
        Self {
            job: failure.job.clone(),
            request_id: failure.request_id.clone(),
            next: failure.next.clone(),
            ..Self::failed(stage, Cause::of(failure.kind), failure.to_string())
        }
    }

    /// Adds something that should be looked at, without failing the stage.
    pub fn warn(&mut self, detail: impl Into<String>) {
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Warned;
        }
        self.details.push(detail.into());
    }

    /// Fails the stage for `cause`, unless it failed already; `told` is added either way.
    pub fn fail(&mut self, cause: Cause, told: impl Into<String>) {
        if self.outcome == Outcome::Failed {
            self.details.push(told.into());
            return;
        }
        let before = std::mem::replace(&mut self.told, told.into());
        if !before.is_empty() {
            self.details.insert(0, before);
        }
        self.outcome = Outcome::Failed;
        self.cause = Some(cause);
    }

    /// Adds a figure.
    pub fn measure(&mut self, name: &'static str, value: f64) {
        self.measures.push(Measure { name, value });
    }
}

/// What a smoke test comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// For the exit code.
    pub class: ExitClass,
    /// A stable word: `well`, `down`, `slow`, `ours`, `contract`, `credits` and others.
    pub word: &'static str,
    /// In a sentence.
    pub told: String,
    /// What to do next.
    pub next: Option<String>,
}

/// Whom and what a smoke test is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The profile.
    pub profile: String,
    /// What the profile is for: `dev`, `staging`, `prod`.
    pub environment: String,
    /// Where the API is, without credentials.
    pub base_url: String,
    /// Tells the key from others; none when there is no key.
    pub key: Option<String>,
    /// The version of the contract that answers were held against.
    pub contract: &'static str,
}

/// A smoke test, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Whom and what it is about.
    pub subject: Subject,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Most credits that it was allowed.
    pub budget: Option<Credits>,
    /// What its jobs were estimated at.
    pub estimate: Option<Credits>,
    /// Fields and states that the contract does not list, or lists and the service left out.
    pub drift: Vec<String>,
    /// Every stage.
    pub stages: Vec<StageResult>,
    /// What it comes to.
    pub verdict: Verdict,
}

impl Report {
    /// How many stages ended as `outcome`.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.stages.iter().filter(|stage| stage.outcome == outcome).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_stage_reads_back_and_groups_stand_for_many() {
        for stage in Stage::NAMED {
            assert_eq!(stage.as_str().parse(), Ok(Choice::One(stage)));
        }
        let paid: Choice = "paid".parse().unwrap();
        assert!(paid.names(Stage::Success) && !paid.names(Stage::Health));
        assert!("helth".parse::<Choice>().unwrap_err().contains("health"));
    }

    #[test]
    fn a_stage_keeps_its_first_cause_and_every_word() {
        let mut result = StageResult::passed(Stage::Health, "healthy");
        result.warn("odd");
        assert_eq!(result.outcome, Outcome::Warned);
        result.fail(Cause::Contract, "changed");
        result.fail(Cause::Slow, "slow");
        assert_eq!((result.outcome, result.cause), (Outcome::Failed, Some(Cause::Contract)));
        assert_eq!(result.told, "changed");
        assert_eq!(result.details, ["healthy", "odd", "slow"]);
    }

    #[test]
    fn every_failure_has_a_cause_whose_exit_code_is_documented() {
        for kind in FailureKind::ALL {
            // A refusal of a documented request is a matter of the contract here, elsewhere of the
            // job.
            let refused = matches!(kind, FailureKind::InvalidRequest | FailureKind::NotFound);
            let expected = if refused { ExitClass::Contract } else { kind.exit_class() };
            assert_eq!(Cause::of(kind).exit_class(), expected, "{kind:?}");
        }
    }
}
