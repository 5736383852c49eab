//! The result of one stage: outcome, cause, duration and measurements.

use std::time::Duration;

use strum::IntoStaticStr;

use super::{SmokeStage, StageFailure};
use crate::model::{Failure, JobId};

/// The outcome of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StageOutcome {
    /// As documented, and in time.
    Passed,
    /// Works, but needs attention.
    Warned,
    Failed,
    /// Not run.
    Skipped,
}

impl StageOutcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Stable name.
    pub name: &'static str,
    pub value: f64,
}

/// The result of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageResult {
    pub stage: SmokeStage,
    /// The stage's name, or an individual name of one among several (clips, rehearsals). May
    /// contain foreign text.
    pub name: String,
    pub outcome: StageOutcome,
    /// `None` unless the stage failed.
    pub cause: Option<StageFailure>,
    /// `None` if the stage was not run.
    pub took: Option<Duration>,
    /// Time limit.
    pub budget: Option<Duration>,
    /// One sentence about the outcome. May contain foreign text.
    pub told: String,
    /// Further details, one line each. May contain foreign text.
    pub details: Vec<String>,
    /// Steps of the stage with their durations.
    pub steps: Vec<(&'static str, Duration)>,
    pub measures: Vec<Measure>,
    /// The job of the stage.
    pub job: Option<JobId>,
    /// Request ID of the failed call.
    pub request_id: Option<String>,
    /// The suggested next command.
    pub next: Option<String>,
}

impl StageResult {
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

    #[must_use]
    pub fn passed(stage: SmokeStage, told: impl Into<String>) -> Self {
        Self::new(stage, StageOutcome::Passed, told)
    }

    #[must_use]
    pub fn skipped(stage: SmokeStage, told: impl Into<String>) -> Self {
        Self::new(stage, StageOutcome::Skipped, told)
    }

    #[must_use]
    pub fn failed(stage: SmokeStage, cause: StageFailure, told: impl Into<String>) -> Self {
        Self { cause: Some(cause), ..Self::new(stage, StageOutcome::Failed, told) }
    }

    /// A stage that failed because of `failure`.
    #[must_use]
    pub fn of_failure(stage: SmokeStage, failure: &Failure) -> Self {
        Self {
            job: failure.job.clone(),
            request_id: failure.request_id.clone(),
            next: failure.next.clone(),
            ..Self::failed(stage, StageFailure::of(failure.kind), failure.to_string())
        }
    }

    /// Adds a warning, without failing the stage.
    pub fn warn(&mut self, detail: impl Into<String>) {
        if self.outcome == StageOutcome::Passed {
            self.outcome = StageOutcome::Warned;
        }
        self.details.push(detail.into());
    }

    /// Fails the stage with `cause`, unless it has failed before; `told` is added in either case.
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
