//! What came of one stage: how it ended, why, how long it took, and what was measured.

use std::time::Duration;

use strum::IntoStaticStr;

use super::{SmokeStage, StageFailure};
use crate::model::{Failure, JobId};

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StageOutcome {
    /// As documented, and in time.
    Passed,
    /// Works, and should be looked at.
    Warned,
    /// Does not work.
    Failed,
    /// Was not run.
    Skipped,
}

impl StageOutcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
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
    pub stage: SmokeStage,
    /// The stage's word, or for one of many (clips, rehearsals) a name of its own. May be foreign.
    pub name: String,
    /// How it ended.
    pub outcome: StageOutcome,
    /// Why, where it failed.
    pub cause: Option<StageFailure>,
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
    pub fn new(stage: SmokeStage, outcome: StageOutcome, told: impl Into<String>) -> Self {
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
    pub fn passed(stage: SmokeStage, told: impl Into<String>) -> Self {
        Self::new(stage, StageOutcome::Passed, told)
    }

    /// A stage that was not run, and why.
    #[must_use]
    pub fn skipped(stage: SmokeStage, told: impl Into<String>) -> Self {
        Self::new(stage, StageOutcome::Skipped, told)
    }

    /// A stage that failed for `cause`.
    #[must_use]
    pub fn failed(stage: SmokeStage, cause: StageFailure, told: impl Into<String>) -> Self {
        Self { cause: Some(cause), ..Self::new(stage, StageOutcome::Failed, told) }
    }

    /// A stage that failed because something in it did.
    #[must_use]
    pub fn of_failure(stage: SmokeStage, failure: &Failure) -> Self {
        Self {
            job: failure.job.clone(),
            request_id: failure.request_id.clone(),
            next: failure.next.clone(),
            ..Self::failed(stage, StageFailure::of(failure.kind), failure.to_string())
        }
    }

    /// Adds something that should be looked at, without failing the stage.
    pub fn warn(&mut self, detail: impl Into<String>) {
        if self.outcome == StageOutcome::Passed {
            self.outcome = StageOutcome::Warned;
        }
        self.details.push(detail.into());
    }

    /// Fails the stage for `cause`, unless it failed already; `told` is added either way.
    pub fn fail(&mut self, cause: StageFailure, told: impl Into<String>) {
        if self.outcome == StageOutcome::Failed {
            self.details.push(told.into());
            return;
        }
        let before = std::mem::replace(&mut self.told, told.into());
        if !before.is_empty() {
            self.details.insert(0, before);
        }
        self.outcome = StageOutcome::Failed;
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
        let mut result = StageResult::passed(SmokeStage::Health, "healthy");
        result.warn("odd");
        assert_eq!(result.outcome, StageOutcome::Warned);
        result.fail(StageFailure::Contract, "changed");
        result.fail(StageFailure::Slow, "slow");
        assert_eq!(
            (result.outcome, result.cause),
            (StageOutcome::Failed, Some(StageFailure::Contract))
        );
        assert_eq!(result.told, "changed");
        assert_eq!(result.details, ["healthy", "odd", "slow"]);
    }
}
