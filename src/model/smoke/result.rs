//! What came of one stage: how it ended, why, how long it took, and what was measured.

use std::time::Duration;

use super::{Cause, Stage};
use crate::model::{Failure, JobId};

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

/// A measured figure.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
