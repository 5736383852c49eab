//! One rehearsal: clips through the flow against a server that was told to make trouble, and what
//! the settings made of it. The caller starts the server; here it is only an address.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::agreement::EVENTS;
use super::batch::{Came, Errand, carry_out};
use crate::client::{Call, Client};
use crate::flow::context::interrupted;
use crate::flow::{Context, Destination, Named};
use crate::model::smoke::{Cause, Stage, StageResult};
use crate::model::{FailureKind, JobOptions};

/// How a rehearsal should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Every clip is finished, and billed once.
    Finished,
    /// Nothing is started, and nothing billed.
    StoppedForCredits,
}

/// A rehearsal.
pub struct Rehearsal {
    /// What it is called.
    pub name: String,
    /// What the server does, in words.
    pub trouble: String,
    /// What it works with: the profile's own limits and waits, and the server.
    pub context: Arc<Context>,
    /// What is sent.
    pub clips: Vec<PathBuf>,
    /// What is wanted of it.
    pub options: JobOptions,
    /// Where outputs go, and where they wait.
    pub place: PathBuf,
    /// How long it may take.
    pub patience: Duration,
    /// How it should end.
    pub expected: Expected,
}

/// Runs a rehearsal, and tells what the settings did.
pub async fn rehearse(rehearsal: &Rehearsal) -> StageResult {
    let clock = &rehearsal.context.clock;
    let began = clock.now();
    let errand = Errand {
        context: &rehearsal.context,
        pricing: None,
        named: rehearsal.clips.iter().cloned().map(Named::Path).collect(),
        destination: Destination::Directory(rehearsal.place.join("out")),
        options: &rehearsal.options,
        budget: None,
        spool: rehearsal.place.clone(),
        patience: rehearsal.patience,
        in_flight: 64,
    };
    // Its jobs are nobody's, and may be cut anywhere. What was cut short says nothing of the settings.
    let came = tokio::select! {
        biased;
        () = rehearsal.context.stop.cancelled() => Err(interrupted()),
        came = carry_out(errand) => came,
    };
    let took = clock.now().since(began);
    let mut result = match came {
        Ok(came) => {
            let bills = bills(&rehearsal.context.service).await;
            judged(rehearsal.expected, &came, bills, took)
        }
        Err(failure) => StageResult::of_failure(Stage::Rehearsal, &failure),
    };
    result.name.clone_from(&rehearsal.name);
    result.details.insert(0, rehearsal.trouble.clone());
    result.took = Some(took);
    result
}

/// How often the key was billed, which nothing else uses: for jobs that we lost sight of, too. None
/// where that cannot be told.
async fn bills(client: &Client) -> Option<usize> {
    let page = client.usage_events(EVENTS, Call::plain()).await.ok()?;
    let charges = page.events.iter().filter_map(|event| event.credits);
    let bills = charges.filter(|credits| credits.0 > 0.0).count();
    (page.events.len() < EVENTS as usize).then_some(bills)
}

fn judged(expected: Expected, came: &Came, bills: Option<usize>, took: Duration) -> StageResult {
    let done = came.items.iter().filter(|item| item.output.is_some()).count();
    let all = came.items.len();
    let seconds = took.as_secs_f64();
    let stage = Stage::Rehearsal;
    let mut result = match expected {
        Expected::Finished if done == all && all > 0 => {
            StageResult::passed(stage, format!("{done} of {all} finished in {seconds:.1} s"))
        }
        Expected::Finished => gave_up(came, done, seconds),
        Expected::StoppedForCredits => stopped(came, seconds),
    };
    let retries: Vec<_> = came.items.iter().flat_map(|item| item.retries.iter()).collect();
    let waited: Duration = retries.iter().map(|(_, wait)| *wait).sum();
    result.details.extend(repetitions(&retries));
    result.measure("retries", retries.len() as f64);
    result.measure("waited_seconds", waited.as_secs_f64());
    match bills {
        Some(bills) => {
            result.measure("bills", bills as f64);
            if bills > done {
                result.fail(Cause::Review, format!("{bills} bills for {done} outputs"));
            }
        }
        None => result.warn("how often it was billed cannot be told"),
    }
    result
}

/// The settings gave up where they should have gone on: that is a matter of configuration.
fn gave_up(came: &Came, done: usize, seconds: f64) -> StageResult {
    let why = came.items.iter().find_map(|item| item.failure.as_ref());
    let why = match why {
        _ if came.out_of_time => "the time for it was over".to_owned(),
        Some(failure) => failure.to_string(),
        None => "nothing was sent".to_owned(),
    };
    let told = format!("{done} of {} finished in {seconds:.1} s: {why}", came.items.len());
    let mut result = StageResult::failed(Stage::Rehearsal, Cause::Ours, told);
    result.next = Some("change the profile's limits and timing, and rehearse again".to_owned());
    result
}

fn stopped(came: &Came, seconds: f64) -> StageResult {
    let for_credits = came.items.iter().all(|item| {
        item.failure
            .as_ref()
            .is_some_and(|failure| failure.kind == FailureKind::InsufficientCredits)
    });
    if for_credits && !came.items.is_empty() {
        let told = format!("paused in {seconds:.1} s, and can be resumed after a top-up");
        return StageResult::passed(Stage::Rehearsal, told);
    }
    let told = "it was not paused for want of credits";
    StageResult::failed(Stage::Rehearsal, Cause::Ours, told)
}

/// What was repeated, how often, and how long was waited, a line for each reason.
fn repetitions(retries: &[&(FailureKind, Duration)]) -> Vec<String> {
    let mut by_kind: BTreeMap<FailureKind, Vec<Duration>> = BTreeMap::new();
    for (kind, wait) in retries {
        by_kind.entry(*kind).or_default().push(*wait);
    }
    let line = |(kind, waits): (FailureKind, Vec<Duration>)| {
        let shown: Vec<String> =
            waits.iter().take(6).map(|wait| format!("{:.1} s", wait.as_secs_f64())).collect();
        let more = if waits.len() > shown.len() { ", ..." } else { "" };
        let kind = kind.as_str().replace('_', " ");
        format!("{kind}: {} waits, of {}{more}", waits.len(), shown.join(", "))
    };
    by_kind.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::smoke::batch::Item;
    use crate::model::Failure;
    use crate::model::event::Output;
    use crate::model::smoke::Outcome;

    fn item(failure: Option<FailureKind>) -> Item {
        let output = Output {
            path: None,
            size: 1,
            sha256: String::new(),
            job: None,
            credits: None,
            elapsed: None,
            notes: Vec::new(),
        };
        Item {
            output: failure.is_none().then_some(output),
            failure: failure.map(|kind| Failure::new(kind, "w", "y")),
            retries: vec![(FailureKind::RateLimited, Duration::from_secs(2)); 2],
            ..Item::default()
        }
    }

    #[test]
    fn a_rehearsal_is_judged_by_its_end_and_its_bills() {
        use Expected::{Finished, StoppedForCredits};
        use FailureKind::{InsufficientCredits, TimedOut};
        // (expected, items, bills, outcome, cause)
        let table = [
            (Finished, vec![None, None], Some(2), Outcome::Passed, None),
            (Finished, vec![None, None], None, Outcome::Warned, None),
            (Finished, vec![None], Some(2), Outcome::Failed, Some(Cause::Review)),
            (Finished, vec![None, Some(TimedOut)], Some(1), Outcome::Failed, Some(Cause::Ours)),
            (Finished, vec![], None, Outcome::Failed, Some(Cause::Ours)),
            (StoppedForCredits, vec![Some(InsufficientCredits)], Some(0), Outcome::Passed, None),
            (StoppedForCredits, vec![None], Some(1), Outcome::Failed, Some(Cause::Ours)),
        ];
        for (expected, failures, bills, outcome, cause) in table {
            let items = failures.iter().map(|failure| item(*failure)).collect();
            let came = Came { items, ..Came::default() };
            let result = judged(expected, &came, bills, Duration::from_secs(3));
            assert_eq!(
                (result.outcome, result.cause),
                (outcome, cause),
                "{expected:?} {failures:?}"
            );
        }
    }

    #[test]
    fn waits_are_told_by_their_reason() {
        let came = Came { items: vec![item(None)], ..Came::default() };
        let result = judged(Expected::Finished, &came, Some(1), Duration::from_secs(3));
        assert!(result.details.contains(&"rate limited: 2 waits, of 2.0 s, 2.0 s".to_owned()));
    }
}
