//! The stages in their order: what one failure means for the stages after it, how long each took,
//! and whether that was too long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::contract::Drift;
use super::paid::Finished;
use super::select::Because;
use super::setup::Setup;
use crate::client::{Call, UsageSummary};
use crate::flow::context::interrupted;
use crate::model::smoke::{Cause, Group, Outcome, Stage, StageResult};
use crate::model::{Credits, Failure, FailureKind, Pricing};

/// What a smoke test found.
#[derive(Debug, Default)]
pub struct Found {
    /// Every stage.
    pub stages: Vec<StageResult>,
    /// In what answers differed from the contract, a line each.
    pub drift: Vec<String>,
    /// What the jobs were estimated at.
    pub estimate: Option<Credits>,
}

/// What is told while a smoke test runs.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// A stage begins.
    Began(Stage),
    /// A stage, or one of its parts, came to this.
    Ended(&'a StageResult),
}

/// Runs `stages` in order, and tells of each.
pub async fn run(
    setup: &Setup,
    stages: &[(Stage, Option<Because>)],
    tell: &(dyn Fn(Told<'_>) + Sync),
) -> Found {
    let mut smoke = Smoke::new(setup);
    smoke.watches_credits = stages.contains(&(Stage::Credits, None));
    for (stage, because) in stages {
        let results = if let Some(because) = because {
            vec![StageResult::skipped(*stage, because.words())]
        } else {
            tell(Told::Began(*stage));
            smoke.stage(*stage).await
        };
        for result in results {
            tell(Told::Ended(&result));
            smoke.found.stages.push(result);
        }
    }
    smoke.found.drift = smoke.drift.lines();
    smoke.found
}

/// A smoke test under way.
pub(super) struct Smoke<'a> {
    pub(super) setup: &'a Setup,
    pub(super) drift: Drift,
    pub(super) pricing: Option<Pricing>,
    /// Whether the service did not answer at all when it was asked how it is.
    pub(super) silent: bool,
    /// Whether the usage before the jobs has to be remembered.
    pub(super) watches_credits: bool,
    pub(super) usage_before: Option<UsageSummary>,
    pub(super) finished: Option<Finished>,
    /// Where the service has the built-in clip.
    pub(super) upload: Option<String>,
    /// How long usage took to show the job.
    pub(super) lag: Option<Duration>,
    pub(super) found: Found,
}

impl<'a> Smoke<'a> {
    fn new(setup: &'a Setup) -> Self {
        Self {
            setup,
            drift: Drift::default(),
            pricing: None,
            silent: false,
            watches_credits: false,
            usage_before: None,
            finished: None,
            upload: None,
            lag: None,
            found: Found::default(),
        }
    }

    async fn stage(&mut self, stage: Stage) -> Vec<StageResult> {
        if self.setup.stop.is_cancelled() {
            let told = |result: &StageResult| result.cause == Some(Cause::Interrupted);
            return vec![if self.found.stages.iter().any(told) {
                StageResult::skipped(stage, "stopped")
            } else {
                StageResult::of_failure(stage, &interrupted())
            }];
        }
        if let Some(why) = self.hindered(stage) {
            return vec![StageResult::skipped(stage, why)];
        }
        let began = self.setup.clock.now();
        let repeats = Repeats::default();
        let mut results = self.carry_out(stage, &repeats).await;
        let took = self.setup.clock.now().since(began);
        if let [result] = results.as_mut_slice() {
            repeats.put_into(result);
            if result.outcome != Outcome::Skipped && result.took.is_none() {
                result.took = Some(took);
            }
            hold_to_budget(result);
        }
        results
    }

    async fn carry_out(&mut self, stage: Stage, repeats: &Repeats) -> Vec<StageResult> {
        // Jobs stop by themselves, and leave their rows in order; a look may be cut anywhere.
        let stop = self.setup.stop.clone();
        if stage.starts_jobs() {
            return self.jobs(stage).await;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => vec![StageResult::of_failure(stage, &interrupted())],
            result = self.look(stage, repeats) => vec![result],
        }
    }

    async fn jobs(&mut self, stage: Stage) -> Vec<StageResult> {
        match stage {
            Stage::Suite => self.suite().await,
            Stage::DeadLink => vec![self.dead_link().await],
            Stage::NoCredits => vec![self.no_credits().await],
            _ => vec![self.success().await],
        }
    }

    async fn look(&mut self, stage: Stage, repeats: &Repeats) -> StageResult {
        let tell = |failure: &Failure, _: Duration| repeats.note(failure);
        let call = Call { on_retry: &tell, ..Call::plain() };
        match stage {
            Stage::Name => self.name().await,
            Stage::Tls => self.tls().await,
            Stage::Health => self.health(call).await,
            Stage::Pricing => self.prices(call).await,
            Stage::Authentication => self.authentication(call).await,
            Stage::Isolation => self.isolation(call).await,
            Stage::Listing => self.listing(call).await,
            Stage::Usage => self.usage(call).await,
            Stage::Output => self.output().await,
            Stage::Credits => self.credits(call).await,
            Stage::NotAVideo => self.not_a_video(call).await,
            Stage::InvalidOption => self.invalid_option(call).await,
            Stage::Burst => self.burst().await,
            other => StageResult::skipped(other, "it has no look of its own"),
        }
    }

    /// Why `stage` cannot tell anything after what was found so far.
    fn hindered(&self, stage: Stage) -> Option<String> {
        let failed = |wanted: Stage| {
            self.found
                .stages
                .iter()
                .find(|result| result.stage == wanted && result.outcome == Outcome::Failed)
        };
        if failed(Stage::Name).is_some() && stage != Stage::Tls {
            return Some("the host's name leads nowhere".to_owned());
        }
        if failed(Stage::Name).or(failed(Stage::Tls)).is_some() {
            return Some(
                "nothing can be asked of a host that cannot be trusted or found".to_owned(),
            );
        }
        if self.silent {
            return Some("nobody answers there".to_owned());
        }
        if stage.group() == Group::Free {
            let keyed = matches!(stage, Stage::Isolation | Stage::Listing | Stage::Usage);
            return (keyed && failed(Stage::Authentication).is_some())
                .then(|| "authentication failed".to_owned());
        }
        // Money is spent, and files are sent, only where the free stages found nothing wrong. A
        // service that is merely slow still has to show that it works.
        let wrong = self.found.stages.iter().find(|result| {
            let free = result.stage.group() == Group::Free;
            free && result.outcome == Outcome::Failed && result.cause != Some(Cause::Slow)
        });
        if let Some(wrong) = wrong {
            return Some(format!("nothing is sent or spent, because {} failed", wrong.name));
        }
        // What cannot be fetched has no price. Should it be billed, against what is documented, the
        // budget has to have room for it.
        if stage == Stage::DeadLink {
            let refused = |result: &&StageResult| result.cause == Some(Cause::Credits);
            if let Some(result) = self.found.stages.iter().find(refused) {
                return Some(format!(
                    "no job is started, because {} met the end of credits",
                    result.name
                ));
            }
            if self.left().is_some_and(|left| left.0 <= 0.0) {
                return Some("nothing is left of the budget, should the job be billed".to_owned());
            }
        }
        let builds_on = matches!(stage, Stage::Output | Stage::Credits);
        (builds_on && self.finished.is_none()).then(|| "there is no finished job".to_owned())
    }

    /// Adds what differs from the contract, and says so in `result`. New fields are only listed: the
    /// contract allows them.
    pub(super) fn note_drift(&mut self, drift: Drift, result: &mut StageResult) {
        for state in &drift.states {
            result.fail(Cause::Contract, format!("a job is in an unknown state: {state}"));
        }
        for field in &drift.broken {
            result.warn(field.clone());
        }
        self.drift.add(drift);
    }

    /// What is left of the budget, by the estimates of what was begun; none where there is no bound.
    pub(super) fn left(&self) -> Option<Credits> {
        let begun = self.found.estimate.unwrap_or_default();
        self.setup.budget.map(|budget| Credits((budget.0 - begun.0).max(0.0)))
    }

    /// Counts what an errand was estimated at.
    pub(super) fn committed(&mut self, estimate: Credits) {
        let before = self.found.estimate.unwrap_or_default();
        self.found.estimate = Some(Credits(before.0 + estimate.0));
    }

    /// The client with the key, or the result that says why there is none.
    pub(super) fn keyed(&self, stage: Stage) -> Result<crate::client::Client, StageResult> {
        let missing = |failure| StageResult::of_failure(stage, &failure);
        self.setup.clients.keyed.clone().map_err(missing)
    }
}

/// Fails a stage that went well and took too long.
fn hold_to_budget(result: &mut StageResult) {
    result.budget = result.stage.latency_budget();
    let (Some(took), Some(budget)) = (result.took, result.budget) else { return };
    if took > budget && matches!(result.outcome, Outcome::Passed | Outcome::Warned) {
        let (took, budget) = (took.as_secs_f64(), budget.as_secs_f64());
        result.fail(Cause::Slow, format!("it took {took:.1} s, and may take {budget:.1} s"));
    }
}

/// Calls that were only answered when they were repeated.
#[derive(Default)]
pub(super) struct Repeats(Mutex<Vec<(FailureKind, Option<u16>)>>);

impl Repeats {
    fn note(&self, failure: &Failure) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push((failure.kind, failure.status));
    }

    fn put_into(&self, result: &mut StageResult) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_empty() {
            return;
        }
        let words: Vec<String> = seen
            .iter()
            .map(|(kind, status)| match status {
                Some(status) => format!("HTTP {status}"),
                None => kind.as_str().replace('_', " "),
            })
            .collect();
        result.warn(format!("{} calls had to be repeated: {}", seen.len(), words.join(", ")));
    }
}
