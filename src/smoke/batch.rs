//! One batch through the flow, for the smoke test: planned, checked against the budget, run, with a
//! record of each input.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::judgements::contract;
use super::judgements::fields::Drift;
use crate::blocking::blocking;
use crate::client::ResponseHook;
use crate::flow::plan::{PlanRequest, Planner};
use crate::flow::state_machine::Goal;
use crate::flow::{
    BatchRunner, ByUrl, Context, Destination, FileSelection, InputSpec, NameTemplate, RunOptions,
    RunState,
};
use crate::ledger::BatchId;
use crate::model::event::PublishedOutput;
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{
    Clock, Credits, Event, Failure, FailureKind, InputEvent, Instant, JobId, JobOptions, JobStatus,
    Observer, Pricing, Stage,
};

/// A batch to run.
pub(crate) struct BatchSpec<'a> {
    pub(crate) context: &'a Arc<Context>,
    /// Current prices.
    pub(crate) pricing: Option<&'a Pricing>,
    /// Files, directories and URLs.
    pub(crate) named: Vec<InputSpec>,
    pub(crate) destination: Destination,
    pub(crate) options: &'a JobOptions,
    /// Maximum credits. With a maximum, an input without a known price is not started.
    pub(crate) budget: Option<Credits>,
    /// Spool directory of outputs without a target.
    pub(crate) spool: PathBuf,
    /// Timeout of the whole batch.
    pub(crate) timeout: Duration,
    /// Maximum jobs in flight.
    pub(crate) in_flight: u32,
}

/// Result of a batch.
#[derive(Debug, Default)]
pub(crate) struct BatchResult {
    pub(crate) estimate: Credits,
    /// Every input, in the order of its first event.
    pub(crate) inputs: Vec<InputRecord>,
    /// The timeout ended the batch.
    pub(crate) out_of_time: bool,
    /// Differences of the answers from the contract. Unknown job states are recorded per input.
    pub(crate) drift: Drift,
}

/// Record of one input.
#[derive(Debug, Clone, Default)]
pub(crate) struct InputRecord {
    /// Id in the ledger.
    pub(crate) input: i64,
    /// As named by the user.
    pub(crate) name: String,
    /// Its stages, with the time spent in each.
    pub(crate) steps: Vec<(&'static str, Duration)>,
    pub(crate) job: Option<JobId>,
    pub(crate) output: Option<PublishedOutput>,
    /// Reason for a missing output.
    pub(crate) failure: Option<Failure>,
    /// Retries: the reason and the delay of each.
    pub(crate) retries: Vec<(FailureKind, Duration)>,
    /// Job states that the contract does not have.
    pub(crate) unknown_states: Vec<JobStatus>,
}

/// Plans a batch, checks the plan against the budget, and runs it.
///
/// # Errors
///
/// The plan cannot be created, or exceeds the budget; nothing was sent.
pub(crate) async fn run_batch(spec: BatchSpec<'_>) -> Result<BatchResult, Failure> {
    let record = Arc::new(RecordingObserver::new(spec.context.clock.clone()));
    let stop = spec.context.stop.child_token();
    let answers: Arc<Mutex<Drift>> = Arc::default();
    let context =
        Arc::new(isolated_context(spec.context, record.clone(), response_hook(&answers), stop));
    let run_options = run_options(&spec);
    let request = PlanRequest {
        named: spec.named,
        lists: Vec::new(),
        selection: FileSelection::new(true, &[], &[])?,
        only: None,
        destination: spec.destination,
        template: NameTemplate::default(),
        options: spec.options.clone(),
        run_options: run_options.clone(),
        hash_objects: false,
        current_dir: spec.spool.clone(),
    };
    let (planning, pricing) = (Arc::clone(&context), spec.pricing.cloned());
    let plan = blocking(move || {
        let planner = Planner {
            ledger: planning.ledger.blocking(),
            stores: &planning.stores,
            key: planning.key.clone(),
            profile: &planning.profile,
            pricing: pricing.as_ref(),
            random: planning.random.as_ref(),
            observer: planning.observer.as_ref(),
            stop: &planning.stop,
        };
        planner.plan(request)
    })
    .await?;
    let totals = &plan.totals;
    if let Err(refused) = check_budget(totals.estimate, totals.unpriced, spec.budget) {
        context.ledger.delete_batch(plan.batch).await?;
        return Err(refused);
    }
    let out_of_time = run_plan(&context, plan.batch, run_options, spec.spool, spec.timeout).await?;
    let drift = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(BatchResult { estimate: plan.totals.estimate, inputs: record.inputs(), out_of_time, drift })
}

/// Runs a batch of one input.
///
/// # Errors
/// The result of the stage: the batch cannot be run, or another process is processing the input.
pub(crate) async fn run_single(
    stage: SmokeStage,
    spec: BatchSpec<'_>,
) -> Result<(BatchResult, InputRecord), StageResult> {
    let mut batch =
        run_batch(spec).await.map_err(|failure| StageResult::of_failure(stage, &failure))?;
    let input = batch.inputs.pop().ok_or_else(|| {
        StageResult::failed(stage, StageFailure::Local, "another process is processing the input")
    })?;
    Ok((batch, input))
}

/// Compares every answer with the contract, and adds the differences to `answers`.
pub(crate) fn response_hook(answers: &Arc<Mutex<Drift>>) -> ResponseHook {
    let answers = Arc::clone(answers);
    Arc::new(move |route, raw| {
        let found = contract::answer(route, raw);
        answers.lock().unwrap_or_else(PoisonError::into_inner).add(found);
    })
}

fn run_options(spec: &BatchSpec<'_>) -> RunOptions {
    RunOptions {
        goal: Goal::Finish,
        in_flight: spec.in_flight,
        max_credits: spec.budget,
        overwrite: true,
        fail_fast: false,
        retry_failed: 0,
        by_url: ByUrl::default(),
        // Each smoke test is a new attempt; an unfinished one is resumed.
        again: true,
    }
}

/// The same context, with an observer, a response hook and a stop of its own.
fn isolated_context(
    context: &Context,
    observer: Arc<dyn Observer>,
    response_hook: ResponseHook,
    stop: CancellationToken,
) -> Context {
    Context {
        service: context.service.with_response_hook(response_hook),
        stores: context.stores.clone(),
        ledger: context.ledger.clone(),
        key: context.key.clone(),
        profile: context.profile.clone(),
        clock: context.clock.clone(),
        random: context.random.clone(),
        observer,
        timing: context.timing,
        stop,
        time_is_over: Arc::default(),
        // A smoke test uses one key.
        previous: None,
    }
}

/// Runs a batch; returns whether the timeout ended it.
async fn run_plan(
    context: &Arc<Context>,
    batch: BatchId,
    run_options: RunOptions,
    spool: PathBuf,
    timeout: Duration,
) -> Result<bool, Failure> {
    let proven = context.ledger.options_have_succeeded(batch).await?;
    let run = Arc::new(RunState::new(Arc::clone(context), batch, run_options, proven));
    let runner = BatchRunner::new(run, spool, None);
    let began = context.clock.now();
    let timer = {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            context.stop_on_timeout();
        })
    };
    let result = runner.work().await;
    let out_of_time = context.clock.now().since(began) >= timeout;
    timer.abort();
    result.map(|_| out_of_time)
}

/// Checks that a plan stays within the budget.
pub(crate) fn check_budget(
    estimate: Credits,
    unpriced: usize,
    budget: Option<Credits>,
) -> Result<(), Failure> {
    let Some(budget) = budget else { return Ok(()) };
    let refused = |why: String| {
        Failure::new(FailureKind::BudgetReached, "no job was started", why)
            .with_next("raise --budget, or add --only free")
    };
    if unpriced > 0 {
        let why = "the price of a clip is unknown, so it may exceed the budget";
        return Err(refused(why.to_owned()));
    }
    if estimate.0 > budget.0 {
        return Err(refused(format!(
            "estimated at {estimate} credits, but the budget is {budget}"
        )));
    }
    Ok(())
}

/// Observer that records each input.
struct RecordingObserver {
    clock: Arc<dyn Clock>,
    inputs: Mutex<BTreeMap<i64, OpenItem>>,
    /// Reason to stop starts: the failure of every input that did not end by itself.
    stopped: Mutex<Option<Failure>>,
}

/// An input in progress.
#[derive(Default)]
struct OpenItem {
    input: InputRecord,
    phase: Option<(Stage, Instant)>,
}

impl RecordingObserver {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inputs: Mutex::default(), stopped: Mutex::default() }
    }

    fn inputs(&self) -> Vec<InputRecord> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let message = |open: &OpenItem| {
            let mut input = open.input.clone();
            if input.output.is_none() && input.failure.is_none() {
                input.failure.clone_from(&stopped);
            }
            input
        };
        inputs.values().map(message).collect()
    }
}

impl Observer for RecordingObserver {
    fn observe(&self, event: &Event) {
        if let Event::Stopped(failure) = event {
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            *stopped = Some(failure.clone());
        }
        let Event::Input { input, what } = event else { return };
        // Inputs have no id while they are read for the plan.
        if input.id < 0 {
            return;
        }
        let now = self.clock.now();
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let open = inputs.entry(input.id).or_default();
        open.input.input = input.id;
        open.input.name.clone_from(&input.name);
        open.take(what, now);
    }
}

impl OpenItem {
    fn take(&mut self, what: &InputEvent, now: Instant) {
        let input = &mut self.input;
        match what {
            InputEvent::Phase(phase) => self.turn(Some(*phase), now),
            InputEvent::Job(job) => input.job = Some(job.clone()),
            InputEvent::Progress { status: status @ JobStatus::Other(_), .. }
                if !input.unknown_states.contains(status) =>
            {
                input.unknown_states.push(status.clone());
            }
            InputEvent::Retry { failure, wait } => input.retries.push((failure.kind, *wait)),
            InputEvent::Done(output) | InputEvent::Skipped(output) => {
                input.job = output.job.clone().or(input.job.take());
                input.output = Some(output.clone());
                self.turn(None, now);
            }
            InputEvent::Failed(failure)
            | InputEvent::Paused(failure)
            | InputEvent::Rejected(failure) => {
                input.job = failure.job.clone().or(input.job.take());
                input.failure = Some(failure.clone());
                self.turn(None, now);
            }
            _ => {}
        }
    }

    fn turn(&mut self, next: Option<Stage>, now: Instant) {
        if let Some((phase, since)) = self.phase.take() {
            let took = now.since(since);
            let steps = &mut self.input.steps;
            match steps.iter_mut().find(|(name, _)| *name == phase.as_str()) {
                Some((_, sum)) => *sum += took,
                None => steps.push((phase.as_str(), took)),
            }
        }
        self.phase = next.map(|phase| (phase, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InputRef, ManualClock};

    #[test]
    fn plans_above_the_budget_are_refused_before_anything_is_spent() {
        // (estimate, unpriced, budget, accepted)
        let table = [
            (2.0, 0, Some(2.0), true),
            (2.1, 0, Some(2.0), false),
            (0.0, 1, Some(9.0), false),
            (99.0, 3, None, true),
        ];
        for (estimate, unpriced, budget, goes) in table {
            let answer = check_budget(Credits(estimate), unpriced, budget.map(Credits));
            assert_eq!(answer.is_ok(), goes, "{estimate} {unpriced} {budget:?}");
            if let Err(failure) = answer {
                assert_eq!(failure.kind, FailureKind::BudgetReached);
            }
        }
    }

    #[test]
    fn a_record_adds_phases_up_and_keeps_how_it_ended() {
        let clock = Arc::new(ManualClock::default());
        let record = RecordingObserver::new(clock.clone());
        let tell = |id, what| {
            let input = InputRef { id, name: "a".to_owned() };
            record.observe(&Event::Input { input, what });
            clock.advance(Duration::from_millis(10));
        };
        tell(-1, InputEvent::Phase(Stage::Hash));
        for phase in [Stage::Upload, Stage::Processing, Stage::Download, Stage::Processing] {
            tell(7, InputEvent::Phase(phase));
        }
        for word in ["archived", "archived", "frozen"] {
            let status = JobStatus::Other(word.to_owned());
            tell(7, InputEvent::Progress { status, percent: None });
        }
        let job = JobId("j".to_owned());
        tell(7, InputEvent::Job(job.clone()));
        tell(7, InputEvent::Failed(Failure::new(FailureKind::JobFailed, "w", "y")));
        let inputs = record.inputs();
        assert_eq!(inputs.len(), 1);
        let steps: Vec<_> =
            inputs[0].steps.iter().map(|(name, took)| (*name, took.as_millis())).collect();
        assert_eq!(steps, [("uploading", 10), ("processing", 60), ("downloading", 10)]);
        assert_eq!(inputs[0].unknown_states.len(), 2);
        assert_eq!((inputs[0].job.clone(), inputs[0].failure.is_some()), (Some(job), true));
    }
}
