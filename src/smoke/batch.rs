//! One batch through the flow, for the smoke test: planned, checked against the budget, run, with a
//! record of each input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::judgements::contract;
use super::judgements::fields::Drift;
use crate::blocking::blocking;
use crate::client::Client;
use crate::flow::plan::{PlanRequest, Planner};
use crate::flow::state_machine::Goal;
use crate::flow::{
    BatchRunner, ByUrl, Context, Destination, FileSelection, InputSpec, NameTemplate, RunOptions,
    RunState,
};
use crate::model::event::PublishedOutput;
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
    /// The current stage, and when it began.
    pub(crate) phase: Option<(Stage, Instant)>,
    pub(crate) job: Option<JobId>,
    pub(crate) output: Option<PublishedOutput>,
    /// Reason for a missing output.
    pub(crate) failure: Option<Failure>,
    /// Retries: the reason and the delay of each.
    pub(crate) retries: Vec<(FailureKind, Duration)>,
    /// Job states that the contract does not have.
    pub(crate) unknown_states: BTreeSet<String>,
}

/// Plans a batch, checks the plan against the budget, and runs it.
///
/// # Errors
///
/// The plan cannot be created, or exceeds the budget; nothing was sent.
pub(crate) async fn run_batch(spec: BatchSpec<'_>) -> Result<BatchResult, Failure> {
    let record = Arc::new(RecordingObserver::new(spec.context.clock.clone()));
    let (service, answers) = recording_client(&spec.context.service);
    let context = Arc::new(Context {
        service,
        observer: record.clone(),
        // The timeout of the batch stops only this batch.
        stop: spec.context.stop.child_token(),
        time_is_over: Arc::default(),
        // A smoke test uses one key.
        previous: None,
        ..Context::clone(spec.context)
    });
    let run_options = RunOptions {
        goal: Goal::Finish,
        in_flight: spec.in_flight,
        max_credits: spec.budget,
        overwrite: true,
        fail_fast: false,
        retry_failed: 0,
        by_url: ByUrl::default(),
        // Each smoke test is a new attempt; an unfinished one is resumed.
        again: true,
    };
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
    let (batch, estimate) = (plan.batch, plan.totals.estimate);
    if let Err(refused) = check_budget(estimate, plan.totals.unpriced, spec.budget) {
        context.ledger.delete_batch(batch).await?;
        return Err(refused);
    }
    let proven = context.ledger.options_have_succeeded(batch).await?;
    let run = Arc::new(RunState::new(Arc::clone(&context), batch, run_options, proven));
    let runner = BatchRunner::new(run, spec.spool, None);
    let mut work = Box::pin(runner.work());
    let in_time = tokio::time::timeout(spec.timeout, &mut work).await;
    let out_of_time = in_time.is_err();
    if let Ok(ended) = in_time {
        ended?;
    } else {
        context.stop_on_timeout();
        work.await?;
    }
    Ok(BatchResult { estimate, inputs: record.inputs(), out_of_time, drift: answers.take() })
}

/// Runs a batch of one input. `None` if another process is processing the input.
pub(crate) async fn run_single(
    spec: BatchSpec<'_>,
) -> Result<Option<(BatchResult, InputRecord)>, Failure> {
    let mut batch = run_batch(spec).await?;
    let Some(input) = batch.inputs.pop() else { return Ok(None) };
    batch.drift.states.extend(input.unknown_states.iter().cloned());
    Ok(Some((batch, input)))
}

/// The differences of answers from the contract, collected while calls are made.
#[derive(Clone, Default)]
pub(crate) struct AnswerDrift(Arc<Mutex<Drift>>);

impl AnswerDrift {
    /// The differences so far.
    pub(crate) fn take(&self) -> Drift {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The same client, which compares every answer with the contract.
pub(crate) fn recording_client(client: &Client) -> (Client, AnswerDrift) {
    let drift = AnswerDrift::default();
    let recorded = drift.clone();
    let client = client.with_response_hook(Arc::new(move |route, raw| {
        let found = contract::answer(route, raw);
        recorded.0.lock().unwrap_or_else(PoisonError::into_inner).add(found);
    }));
    (client, drift)
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
    inputs: Mutex<BTreeMap<i64, InputRecord>>,
    /// Reason to stop starts: the failure of every input that did not end by itself.
    stopped: Mutex<Option<Failure>>,
}

impl RecordingObserver {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inputs: Mutex::default(), stopped: Mutex::default() }
    }

    fn inputs(&self) -> Vec<InputRecord> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inputs: Vec<_> = inputs.values().cloned().collect();
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        for input in &mut inputs {
            if input.output.is_none() && input.failure.is_none() {
                input.failure.clone_from(&stopped);
            }
        }
        inputs
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
        let record = inputs.entry(input.id).or_default();
        record.input = input.id;
        record.name.clone_from(&input.name);
        record.add(what, now);
    }
}

impl InputRecord {
    fn add(&mut self, what: &InputEvent, now: Instant) {
        match what {
            InputEvent::Phase(phase) => self.enter_phase(Some(*phase), now),
            InputEvent::Job(job) => self.job = Some(job.clone()),
            InputEvent::Progress { status: JobStatus::Other(word), .. } => {
                self.unknown_states.insert(word.clone());
            }
            InputEvent::Retry { failure, wait } => self.retries.push((failure.kind, *wait)),
            InputEvent::Done(output) | InputEvent::Skipped(output) => {
                self.job = output.job.clone().or(self.job.take());
                self.output = Some(output.clone());
                self.enter_phase(None, now);
            }
            InputEvent::Failed(failure)
            | InputEvent::Paused(failure)
            | InputEvent::Rejected(failure) => {
                self.job = failure.job.clone().or(self.job.take());
                self.failure = Some(failure.clone());
                self.enter_phase(None, now);
            }
            _ => {}
        }
    }

    fn enter_phase(&mut self, next: Option<Stage>, now: Instant) {
        if let Some((phase, since)) = self.phase.take() {
            let took = now.since(since);
            match self.steps.iter_mut().find(|(name, _)| *name == phase.as_str()) {
                Some((_, sum)) => *sum += took,
                None => self.steps.push((phase.as_str(), took)),
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
