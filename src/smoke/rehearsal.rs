//! One rehearsal: clips through the flow against a server that injects faults, and how the settings
//! coped. The caller starts the server and passes its address.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::batch::{BatchResult, BatchSpec, run_batch};
use super::judgements::credit_check::EVENTS;
use super::run::words;
use crate::client::{Client, RequestOptions};
use crate::flow::{Context, Destination, InputSpec};
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{FailureKind, JobOptions};

/// Expected end of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedEnd {
    /// Every clip is finished, and billed once.
    Finished,
    /// Nothing is started, and nothing billed.
    StoppedForCredits,
}

/// A rehearsal.
pub struct Rehearsal {
    pub name: String,
    /// Faults of the server, in words.
    pub trouble: String,
    /// Context with the profile's own limits and waits, and the server.
    pub context: Arc<Context>,
    /// Inputs.
    pub clips: Vec<PathBuf>,
    /// Directory of outputs and of the spool.
    pub directory: PathBuf,
    /// Timeout.
    pub timeout: Duration,
    pub expected: ExpectedEnd,
}

/// Runs a rehearsal, and judges its result.
pub async fn rehearse(rehearsal: &Rehearsal) -> StageResult {
    let clock = &rehearsal.context.clock;
    let began = clock.now();
    let spec = BatchSpec {
        context: &rehearsal.context,
        pricing: None,
        named: rehearsal.clips.iter().cloned().map(InputSpec::Path).collect(),
        destination: Destination::Directory(rehearsal.directory.join("out")),
        options: &JobOptions::default(),
        budget: None,
        spool: rehearsal.directory.clone(),
        timeout: rehearsal.timeout,
        in_flight: 64,
    };
    // Its jobs belong to no user, and may be cancelled at any time. A rehearsal that was cut short
    // says nothing about the settings.
    let batch = rehearsal.context.unless_stopped(run_batch(spec)).await;
    let took = clock.now().since(began);
    let mut result = match batch.flatten() {
        Ok(batch) => {
            let bills = bills(&rehearsal.context.service).await;
            judged(rehearsal.expected, &batch, bills, took)
        }
        Err(failure) => StageResult::of_failure(SmokeStage::Rehearsal, &failure),
    };
    result.name.clone_from(&rehearsal.name);
    result.details.insert(0, rehearsal.trouble.clone());
    result.took = Some(took);
    result
}

/// Number of bills of the key, which nothing else uses, including lost jobs. `None` where usage
/// does not show it.
async fn bills(client: &Client) -> Option<usize> {
    let page = client.usage_events(EVENTS, RequestOptions::plain()).await.ok()?;
    let charges = page.events.iter().filter_map(|event| event.credits);
    let bills = charges.filter(|credits| credits.0 > 0.0).count();
    (page.events.len() < EVENTS as usize).then_some(bills)
}

fn judged(
    expected: ExpectedEnd,
    batch: &BatchResult,
    bills: Option<usize>,
    took: Duration,
) -> StageResult {
    let done = batch.inputs.iter().filter(|input| input.output.is_some()).count();
    let all = batch.inputs.len();
    let seconds = took.as_secs_f64();
    let stage = SmokeStage::Rehearsal;
    let mut result = match expected {
        ExpectedEnd::Finished if done == all && all > 0 => {
            StageResult::passed(stage, format!("{done} of {all} finished in {seconds:.1} s"))
        }
        ExpectedEnd::Finished => failed_early(batch, done, seconds),
        ExpectedEnd::StoppedForCredits => stopped(batch, seconds),
    };
    let retries: Vec<_> = batch.inputs.iter().flat_map(|input| input.retries.iter()).collect();
    let waited: Duration = retries.iter().map(|(_, wait)| *wait).sum();
    result.details.extend(retry_lines(&retries));
    result.measure("retries", retries.len() as f64);
    result.measure("waited_seconds", waited.as_secs_f64());
    match bills {
        Some(bills) => {
            result.measure("bills", bills as f64);
            if bills > done {
                result.fail(StageFailure::Review, format!("{bills} charges for {done} outputs"));
            }
        }
        None => result.warn("the number of charges is unknown"),
    }
    result
}

/// The settings gave up too early: a matter of configuration.
fn failed_early(batch: &BatchResult, done: usize, seconds: f64) -> StageResult {
    let failure = batch.inputs.iter().find_map(|input| input.failure.as_ref());
    let why = match failure {
        _ if batch.out_of_time => "timed out".to_owned(),
        Some(failure) => failure.to_string(),
        None => "nothing was sent".to_owned(),
    };
    let message = format!("{done} of {} finished in {seconds:.1} s: {why}", batch.inputs.len());
    let mut result =
        StageResult::failed(SmokeStage::Rehearsal, StageFailure::Configuration, message);
    result.next =
        Some("change limits and timing of the profile, then rbgv smoke-test --rehearse".to_owned());
    result
}

fn stopped(batch: &BatchResult, seconds: f64) -> StageResult {
    let for_credits = batch.inputs.iter().all(|input| {
        let failure = input.failure.as_ref();
        failure.is_some_and(|failure| failure.kind == FailureKind::InsufficientCredits)
    });
    if for_credits && !batch.inputs.is_empty() {
        let message = format!("paused after {seconds:.1} s, and can be resumed after a top-up");
        return StageResult::passed(SmokeStage::Rehearsal, message);
    }
    let message = "it was not paused for lack of credits";
    StageResult::failed(SmokeStage::Rehearsal, StageFailure::Configuration, message)
}

/// Retries, with their number and the time waited, a line for each reason.
fn retry_lines(retries: &[&(FailureKind, Duration)]) -> Vec<String> {
    let mut by_kind: BTreeMap<FailureKind, Vec<Duration>> = BTreeMap::new();
    for (kind, wait) in retries {
        by_kind.entry(*kind).or_default().push(*wait);
    }
    let line = |(kind, waits): (FailureKind, Vec<Duration>)| {
        let shown: Vec<String> =
            waits.iter().take(6).map(|wait| format!("{:.1} s", wait.as_secs_f64())).collect();
        let more = if waits.len() > shown.len() { ", ..." } else { "" };
        format!("{}: {} waits of {}{more}", words(kind), waits.len(), shown.join(", "))
    };
    by_kind.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Failure;
    use crate::model::event::PublishedOutput;
    use crate::model::smoke::StageOutcome;
    use crate::smoke::batch::InputRecord;

    fn input(failure: Option<FailureKind>) -> InputRecord {
        let output = PublishedOutput {
            path: None,
            size: 1,
            sha256: String::new(),
            job: None,
            credits: None,
            elapsed: None,
            notes: Vec::new(),
        };
        InputRecord {
            output: failure.is_none().then_some(output),
            failure: failure.map(|kind| Failure::new(kind, "w", "y")),
            retries: vec![(FailureKind::RateLimited, Duration::from_secs(2)); 2],
            ..InputRecord::default()
        }
    }

    #[test]
    fn a_rehearsal_is_judged_by_its_end_and_its_bills() {
        use ExpectedEnd::{Finished, StoppedForCredits};
        use FailureKind::{InsufficientCredits, TimedOut};
        // (expected, inputs, bills, outcome, cause)
        let table = [
            (Finished, vec![None, None], Some(2), StageOutcome::Passed, None),
            (Finished, vec![None, None], None, StageOutcome::Warned, None),
            (Finished, vec![None], Some(2), StageOutcome::Failed, Some(StageFailure::Review)),
            (
                Finished,
                vec![None, Some(TimedOut)],
                Some(1),
                StageOutcome::Failed,
                Some(StageFailure::Configuration),
            ),
            (Finished, vec![], None, StageOutcome::Failed, Some(StageFailure::Configuration)),
            (
                StoppedForCredits,
                vec![Some(InsufficientCredits)],
                Some(0),
                StageOutcome::Passed,
                None,
            ),
            (
                StoppedForCredits,
                vec![None],
                Some(1),
                StageOutcome::Failed,
                Some(StageFailure::Configuration),
            ),
        ];
        for (expected, failures, bills, outcome, cause) in table {
            let inputs = failures.iter().map(|failure| input(*failure)).collect();
            let batch = BatchResult { inputs, ..BatchResult::default() };
            let result = judged(expected, &batch, bills, Duration::from_secs(3));
            assert_eq!(
                (result.outcome, result.cause),
                (outcome, cause),
                "{expected:?} {failures:?}"
            );
        }
    }

    #[test]
    fn waits_are_told_by_their_reason() {
        let batch = BatchResult { inputs: vec![input(None)], ..BatchResult::default() };
        let result = judged(ExpectedEnd::Finished, &batch, Some(1), Duration::from_secs(3));
        assert!(result.details.contains(&"rate limited: 2 waits of 2.0 s, 2.0 s".to_owned()));
    }
}
