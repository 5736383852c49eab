//! The stages in order, the effect of one failure on later stages, and latency limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::batch::BatchSpec;
use super::judgements::fields::Drift;
use super::selection::SkipReason;
use super::setup::SmokeSetup;
use crate::client::{Client, RequestOptions, UsageSummary};
use crate::flow::context::{interrupted, unless_cancelled};
use crate::flow::{Context, Destination, InputSpec};
use crate::media::ExpectedLength;
use crate::model::event::PublishedOutput;
use crate::model::smoke::{SmokeStage, StageFailure, StageGroup, StageOutcome, StageResult};
use crate::model::{Credits, Failure, FailureKind, JobId, Pricing};

/// A finished job of the built-in clip.
#[derive(Debug, Clone)]
pub(crate) struct FinishedJob {
    pub(crate) job: JobId,
    pub(crate) output: PublishedOutput,
    pub(crate) estimate: Credits,
    /// Length of the clip in seconds.
    pub(crate) length: Option<ExpectedLength>,
}

/// Results of a smoke test.
#[derive(Debug, Default)]
pub struct SmokeFindings {
    pub stages: Vec<StageResult>,
    /// Differences of answers from the contract, a line each.
    pub drift: Vec<String>,
    /// Estimate of all jobs.
    pub estimate: Option<Credits>,
}

/// Progress of a smoke test.
#[derive(Debug, Clone, Copy)]
pub enum SmokeMessage<'a> {
    /// A stage begins.
    Began(SmokeStage),
    /// A stage, or one of its parts, ended.
    Ended(&'a StageResult),
}

/// Runs `stages` in order, and reports each.
pub async fn run(
    setup: &SmokeSetup,
    stages: &[(SmokeStage, Option<SkipReason>)],
    report: &(dyn Fn(SmokeMessage<'_>) + Sync),
) -> SmokeFindings {
    let mut smoke = SmokeRun {
        setup,
        drift: Drift::default(),
        pricing: None,
        silent: false,
        watches_credits: stages.contains(&(SmokeStage::Credits, None)),
        usage_before: None,
        finished: None,
        upload: None,
        lag: None,
        found: SmokeFindings::default(),
    };
    for (stage, skip_reason) in stages {
        let results = if let Some(skip_reason) = skip_reason {
            vec![StageResult::skipped(*stage, skip_reason.to_string())]
        } else {
            report(SmokeMessage::Began(*stage));
            smoke.stage(*stage).await
        };
        for result in results {
            report(SmokeMessage::Ended(&result));
            smoke.found.stages.push(result);
        }
    }
    smoke.found.drift = smoke.drift.lines();
    smoke.found
}

/// A running smoke test.
pub(crate) struct SmokeRun<'a> {
    pub(crate) setup: &'a SmokeSetup,
    pub(crate) drift: Drift,
    pub(crate) pricing: Option<Pricing>,
    /// The service gave no answer to the health check.
    pub(crate) silent: bool,
    /// The usage before the jobs has to be recorded.
    pub(crate) watches_credits: bool,
    pub(crate) usage_before: Option<UsageSummary>,
    pub(crate) finished: Option<FinishedJob>,
    /// URL of the uploaded built-in clip.
    pub(crate) upload: Option<String>,
    /// Time until usage showed the job.
    pub(crate) lag: Option<Duration>,
    pub(crate) found: SmokeFindings,
}

impl SmokeRun<'_> {
    async fn stage(&mut self, stage: SmokeStage) -> Vec<StageResult> {
        if self.setup.stop.is_cancelled() {
            let was_interrupted =
                |result: &StageResult| result.cause == Some(StageFailure::Interrupted);
            return vec![if self.found.stages.iter().any(was_interrupted) {
                StageResult::skipped(stage, "stopped")
            } else {
                StageResult::of_failure(stage, &interrupted())
            }];
        }
        if let Some(why) = self.skip_reason(stage) {
            return vec![StageResult::skipped(stage, why)];
        }
        let began = self.setup.clock.now();
        let retries = Mutex::default();
        let mut results = self
            .run_stage(stage, &retries)
            .await
            .unwrap_or_else(|failure| vec![StageResult::of_failure(stage, &failure)]);
        let took = self.setup.clock.now().since(began);
        if let [result] = results.as_mut_slice() {
            warn_of_retries(&retries.into_inner().unwrap_or_default(), result);
            if result.outcome != StageOutcome::Skipped && result.took.is_none() {
                result.took = Some(took);
            }
            check_latency(result);
        }
        results
    }

    /// Runs a stage, and adds the reason of each retry to `retries`.
    async fn run_stage(
        &mut self,
        stage: SmokeStage,
        retries: &Mutex<Vec<String>>,
    ) -> Result<Vec<StageResult>, Failure> {
        // Jobs handle the stop themselves, and keep their state consistent; a check may be
        // cancelled at any time.
        let result = match stage {
            SmokeStage::Suite => return self.suite().await,
            SmokeStage::Success => self.success().await,
            SmokeStage::DeadLink => self.dead_link().await,
            SmokeStage::NoCredits => self.no_credits().await,
            _ => {
                let stop = self.setup.stop.clone();
                unless_cancelled(&stop, self.check(stage, retries)).await?
            }
        };
        Ok(vec![result?])
    }

    async fn check(
        &mut self,
        stage: SmokeStage,
        retries: &Mutex<Vec<String>>,
    ) -> Result<StageResult, Failure> {
        let report = |failure: &Failure, _: Duration| {
            let reason = match failure.status {
                Some(status) => format!("HTTP {status}"),
                None => words(failure.kind),
            };
            retries.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
        };
        let call = RequestOptions { on_retry: &report, ..RequestOptions::plain() };
        match stage {
            SmokeStage::Name => self.name().await,
            SmokeStage::Tls => self.tls().await,
            SmokeStage::Health => self.health(call).await,
            SmokeStage::Pricing => self.prices(call).await,
            SmokeStage::Authentication => self.authentication(call).await,
            SmokeStage::Isolation => self.isolation(call).await,
            SmokeStage::Listing => self.listing(call).await,
            SmokeStage::Usage => self.usage(call).await,
            SmokeStage::Output => self.output().await,
            SmokeStage::Credits => self.credits(call).await,
            SmokeStage::NotAVideo => self.not_a_video(call).await,
            SmokeStage::InvalidOption => self.invalid_option(call).await,
            SmokeStage::Burst => self.burst().await,
            other => Ok(StageResult::skipped(other, "this stage has no check of its own")),
        }
    }

    /// Reason to skip `stage` after earlier results.
    fn skip_reason(&self, stage: SmokeStage) -> Option<String> {
        let failed = |wanted: SmokeStage| {
            self.found
                .stages
                .iter()
                .find(|result| result.stage == wanted && result.outcome == StageOutcome::Failed)
        };
        if failed(SmokeStage::Name).is_some() && stage != SmokeStage::Tls {
            return Some("the host name cannot be resolved".to_owned());
        }
        if failed(SmokeStage::Name).or(failed(SmokeStage::Tls)).is_some() {
            return Some("skipped, because the host cannot be found or trusted".to_owned());
        }
        if self.silent {
            return Some("the service does not respond".to_owned());
        }
        if stage.group() == StageGroup::Free {
            let keyed =
                matches!(stage, SmokeStage::Isolation | SmokeStage::Listing | SmokeStage::Usage);
            return (keyed && failed(SmokeStage::Authentication).is_some())
                .then(|| "authentication failed".to_owned());
        }
        // Credits are spent, and files are sent, only where the free stages passed. A service that
        // is merely slow still has to show that it works.
        let wrong = self.found.stages.iter().find(|result| {
            let free = result.stage.group() == StageGroup::Free;
            free && result.outcome == StageOutcome::Failed
                && result.cause != Some(StageFailure::Slow)
        });
        if let Some(wrong) = wrong {
            return Some(format!("nothing was sent, because {} failed", wrong.name));
        }
        // An unreachable video has no price. The budget needs a reserve in case it is billed
        // against the documentation.
        if stage == SmokeStage::DeadLink {
            let refused = |result: &&StageResult| result.cause == Some(StageFailure::Credits);
            if let Some(result) = self.found.stages.iter().find(refused) {
                return Some(format!(
                    "no job was started, because {} ran out of credits",
                    result.name
                ));
            }
            if self.left().is_some_and(|left| left.0 <= 0.0) {
                return Some("the rest of the budget does not cover the job".to_owned());
            }
        }
        let builds_on = matches!(stage, SmokeStage::Output | SmokeStage::Credits);
        (builds_on && self.finished.is_none()).then(|| "no finished job".to_owned())
    }

    /// Adds differences from the contract, and reports them in `result`. New fields are only
    /// listed: the contract permits them.
    pub(crate) fn record_drift(&mut self, drift: Drift, result: &mut StageResult) {
        for state in &drift.states {
            result.fail(StageFailure::Contract, format!("unknown job status: {state}"));
        }
        for field in &drift.broken {
            result.warn(field.clone());
        }
        self.drift.add(drift);
    }

    /// The remaining budget, by the estimates of what was started; `None` without a budget.
    pub(crate) fn left(&self) -> Option<Credits> {
        let begun = self.found.estimate.unwrap_or_default();
        self.setup.budget.map(|budget| Credits((budget.0 - begun.0).max(0.0)))
    }

    /// Subtracts an estimate from the budget.
    pub(crate) fn reserve_budget(&mut self, estimate: Credits) {
        let before = self.found.estimate.unwrap_or_default();
        self.found.estimate = Some(Credits(before.0 + estimate.0));
    }

    /// The client with the key.
    pub(crate) fn keyed(&self) -> Result<&Client, Failure> {
        self.setup.clients.keyed.as_ref().map_err(Failure::clone)
    }

    /// A batch of one input within the budget. Its output goes to the working directory.
    pub(crate) fn batch_spec<'b>(
        &'b self,
        context: &'b Arc<Context>,
        named: InputSpec,
    ) -> BatchSpec<'b> {
        BatchSpec {
            context,
            pricing: self.pricing.as_ref(),
            named: vec![named],
            destination: Destination::Directory(self.setup.directory.clone()),
            options: &self.setup.options,
            budget: self.setup.budget,
            spool: self.setup.spool.clone(),
            timeout: self.setup.timeout,
            in_flight: 1,
        }
    }
}

/// Fails a stage that passed and took too long.
fn check_latency(result: &mut StageResult) {
    result.budget = result.stage.latency_budget();
    let (Some(took), Some(budget)) = (result.took, result.budget) else { return };
    if took > budget && matches!(result.outcome, StageOutcome::Passed | StageOutcome::Warned) {
        let (took, budget) = (took.as_secs_f64(), budget.as_secs_f64());
        result.fail(StageFailure::Slow, format!("took {took:.1} s, limit {budget:.1} s"));
    }
}

/// Warns of retried calls, if there are any.
pub(crate) fn warn_of_retries(reasons: &[String], result: &mut StageResult) {
    let calls = match reasons.len() {
        0 => return,
        1 => "1 call was".to_owned(),
        calls => format!("{calls} calls were"),
    };
    result.warn(format!("{calls} retried: {}", reasons.join(", ")));
}

/// The name of a kind, for messages.
pub(crate) fn words(kind: FailureKind) -> String {
    kind.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_warning_with_their_reasons() {
        let details = |reasons: &[&str]| {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let mut result = StageResult::passed(SmokeStage::Health, "healthy");
            warn_of_retries(&reasons, &mut result);
            (result.outcome, result.details.join("; "))
        };
        assert_eq!(details(&[]), (StageOutcome::Passed, String::new()));
        let one = "1 call was retried: HTTP 503".to_owned();
        assert_eq!(details(&["HTTP 503"]), (StageOutcome::Warned, one));
        let two = "2 calls were retried: HTTP 503, broken".to_owned();
        assert_eq!(details(&["HTTP 503", "broken"]), (StageOutcome::Warned, two));
    }
}
