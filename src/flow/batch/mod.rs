//! The batch runner: takes inputs from the ledger in the order of the queue, a bounded number at a
//! time, and runs each to its outcome. Memory is constant in the number of inputs; waiting inputs
//! stay in the ledger.

pub(crate) mod queue;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use self::queue::InputQueue;
use super::job::collect::{CollectResult, OutputCollector};
use super::job::driver::{DriveOutcome, JobDriver};
use super::plan::earlier_jobs::reconcile::reconcile_after_failover;
use super::polling::{poll_lists, read_hints};
use super::run::RunState;
use super::run::active_inputs::ActiveGuard;
use super::run::canary::JobResult;
use super::run::outage::watch_outages;
use super::run::stop::{RunStop, StopReason};
use super::state_machine::Observation;
use crate::ledger::{Attempt, AttemptId, AttemptStatus, BatchInput, Claim, InputId, InputState};
use crate::model::event::{PublishedOutput, RunSummary};
use crate::model::{
    Credits, Event, ExitClass, Failure, FailureKind, InputEvent, InputRef, Instant, Target,
};

/// Maximum inputs that download or wait for their download, besides the active ones.
const DOWNLOAD_BACKLOG: usize = 64;

/// Time that work has to end by itself once the run is stopped.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Interval between checks of attempts that another process owns, in multiples of the shortest poll
/// interval.
const FOREIGN_RECHECK_POLLS: u32 = 2;

/// Writes the file of an output to standard output.
pub type StdoutSink = Arc<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync>;

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunResult {
    pub summary: RunSummary,
    /// Exit class of the run.
    pub class: ExitClass,
    /// The reason to stop, if no request may be sent with any key.
    pub stop_reason: Option<FailureKind>,
}

/// Outcome of one input.
enum InputOutcome {
    Done(PublishedOutput),
    Skipped(PublishedOutput),
    Left,
    Failed(Failure),
    Paused(Failure),
    /// The run was stopped first.
    Stopped,
    /// Another living process owns the attempt.
    Foreign,
    /// Another process finished or paused the input meanwhile.
    NotOpen,
}

impl InputOutcome {
    /// The outcome of an input that cannot continue because of `failure`.
    fn of(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Interrupted => Self::Stopped,
            _ => Self::Paused(failure),
        }
    }
}

/// Result of one input's task.
type WorkResult = (InputId, InputRef, Result<InputOutcome, Failure>);

/// An input and the target of its output.
struct OutputWriter {
    input: BatchInput,
    spool: PathBuf,
    stdout: Option<StdoutSink>,
}

/// Runs one batch.
pub struct BatchRunner {
    run: Arc<RunState>,
    spool: PathBuf,
    stdout: Option<StdoutSink>,
    began: Instant,
    /// Credits that earlier runs of the batch have started.
    started_before: Credits,
    summary: RunSummary,
    classes: Vec<ExitClass>,
    is_beside_others: bool,
}

impl BatchRunner {
    /// A runner for a batch. Outputs without a target are spooled in `spool` and passed to
    /// `stdout`.
    #[must_use]
    pub fn new(run: Arc<RunState>, spool: PathBuf, stdout: Option<StdoutSink>) -> Self {
        let began = run.context.clock.now();
        let summary = RunSummary { batch: run.batch.0, ..RunSummary::default() };
        let started_before = Credits::default();
        let (classes, is_beside_others) = (Vec::new(), false);
        Self { run, spool, stdout, began, started_before, summary, classes, is_beside_others }
    }

    /// Leaves the batch to other workers when this process is stopped, instead of pausing it.
    #[must_use]
    pub fn beside_others(self) -> Self {
        Self { is_beside_others: true, ..self }
    }

    /// Runs until every input is settled, or this run cannot continue.
    ///
    /// # Errors
    ///
    /// Ledger errors only. Every other failure is reported for its input.
    pub async fn work(mut self) -> Result<RunResult, Failure> {
        self.started_before = self.run.context.ledger.started_credits(self.run.batch).await?;
        let mut polling = JoinSet::new();
        for run in self.run.each() {
            reconcile_after_failover(&run.context, run.batch).await?;
            run.load_durations().await?;
            polling.spawn(poll_lists(Arc::clone(&run.context), Arc::clone(&run.list_poll)));
            polling.spawn(read_hints(Arc::clone(&run.context), Arc::clone(&run.list_poll)));
            polling.spawn(watch_outages(run));
        }
        self.run_until_done().await?;
        drop(polling);
        self.finish().await
    }

    async fn run_until_done(&mut self) -> Result<(), Failure> {
        loop {
            let foreign = self.run_pass().await?;
            if foreign == 0 || self.run.all_stopped() {
                return Ok(());
            }
            let pause = self.run.context.timing.poll.floor * FOREIGN_RECHECK_POLLS;
            if self.run.context.sleep(pause).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Runs the open inputs once, and returns the number that another process owns.
    async fn run_pass(&mut self) -> Result<usize, Failure> {
        let mut tasks = JoinSet::new();
        let mut attempts = HashSet::new();
        let long_first = if self.run.is_proven() { self.run.inputs_at_once().await? } else { 0 };
        let (mut queue, mut foreign) = (InputQueue::new(self.run.batch, long_first), 0);
        loop {
            foreign += self.wait_for_capacity(&mut tasks).await?;
            if self.run.all_stopped() {
                break;
            }
            if self.run.all_starts_stopped() {
                // Started jobs are paid for, so they are finished.
                queue.keep_to_started();
            }
            let Some(input) = queue.next(&self.run.context.ledger).await? else { break };
            let Some(attempt) = input.attempt else { continue };
            // The second input of one attempt waits for the first and then costs nothing.
            if !attempts.insert(attempt) {
                foreign += 1;
                continue;
            }
            let mut active_inputs = Some(self.run.active_inputs().enter());
            let (run, spool, stdout) =
                (Arc::clone(&self.run), self.spool.clone(), self.stdout.clone());
            tasks.spawn(async move {
                let id = input.id;
                let input_ref = InputRef { id: id.0, name: input.name.clone() };
                let output_writer = OutputWriter { input, spool, stdout };
                let outcome =
                    run_input(&mut active_inputs, &run, &output_writer, attempt, &input_ref).await;
                drop(active_inputs);
                (id, input_ref, outcome)
            });
        }
        foreign += self.finish_running(&mut tasks).await?;
        Ok(foreign)
    }

    /// Waits for the running tasks. Once the run is stopped, tasks that do not end by themselves
    /// are cancelled soon: the ledger has everything that a later run needs.
    async fn finish_running(&mut self, tasks: &mut JoinSet<WorkResult>) -> Result<usize, Failure> {
        let mut foreign = 0;
        let run = Arc::clone(&self.run);
        let grace = async {
            run.stopped().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::pin!(grace);
        loop {
            tokio::select! {
                biased;
                joined = tasks.join_next() => match joined {
                    Some(joined) => foreign += self.handle_finished(joined).await?,
                    None => return Ok(foreign),
                },
                () = &mut grace => {
                    tasks.shutdown().await;
                    self.run.context.ledger.release_all().await?;
                    return Ok(foreign);
                }
            }
        }
    }

    /// Handles finished inputs until one more may begin; returns the number that another process
    /// owns.
    async fn wait_for_capacity(
        &mut self,
        tasks: &mut JoinSet<WorkResult>,
    ) -> Result<usize, Failure> {
        let mut foreign = 0;
        loop {
            let run = Arc::clone(&self.run);
            let window = run.inputs_at_once().await?;
            let has_room =
                run.active_inputs().count() < window && tasks.len() < window + DOWNLOAD_BACKLOG;
            if has_room || run.all_stopped() {
                return Ok(foreign);
            }
            tokio::select! {
                biased;
                () = run.stopped() => return Ok(foreign),
                joined = tasks.join_next() => match joined {
                    Some(joined) => foreign += self.handle_finished(joined).await?,
                    None => return Ok(foreign),
                },
                () = run.active_inputs().wait_until_one_ends() => {}
            }
        }
    }

    /// Handles a finished input; returns 1 if another process owns it.
    async fn handle_finished(
        &mut self,
        joined: Result<WorkResult, JoinError>,
    ) -> Result<usize, Failure> {
        let (id, input_ref, outcome) =
            joined.map_err(|error| Failure::local("processing an input", &error))?;
        let outcome = match outcome {
            // Others continue once this process has ended.
            Err(failure) | Ok(InputOutcome::Paused(failure))
                if failure.kind == FailureKind::Local
                    && self.run.context.ledger.blocking().has_given_up() =>
            {
                return Err(failure);
            }
            outcome => outcome,
        };
        // A local error of one input pauses it; a failing ledger shows at the next step.
        match outcome.unwrap_or_else(InputOutcome::of) {
            InputOutcome::Foreign => return Ok(1),
            // Counted as paused with all others at the end.
            InputOutcome::Stopped | InputOutcome::NotOpen => {}
            outcome => self.record(id, &input_ref, outcome).await?,
        }
        Ok(0)
    }

    async fn record(
        &mut self,
        id: InputId,
        input_ref: &InputRef,
        outcome: InputOutcome,
    ) -> Result<(), Failure> {
        let (state, failure, event) = match outcome {
            InputOutcome::Done(output) => {
                self.summary.done += 1;
                (InputState::Done, None, Some(InputEvent::Done(output)))
            }
            InputOutcome::Skipped(output) => {
                self.summary.skipped += 1;
                (InputState::Skipped, None, Some(InputEvent::Skipped(output)))
            }
            InputOutcome::Left => (InputState::Left, None, None),
            InputOutcome::Failed(failure) => {
                self.summary.failed += 1;
                self.classes.push(failure.kind.exit_class());
                if self.run.run_options.fail_fast {
                    let why = "--fail-fast";
                    let failure = Failure::new(failure.kind, "an input failed", why);
                    self.run.stop_all(&RunStop { reason: StopReason::InputFailed, failure });
                }
                (InputState::Failed, Some(failure.clone()), Some(InputEvent::Failed(failure)))
            }
            InputOutcome::Paused(failure) => {
                // Outputs of both keys share directories.
                if failure.kind == FailureKind::Unwritable {
                    let failure = failure.clone();
                    self.run.stop_all(&RunStop { reason: StopReason::Unwritable, failure });
                }
                self.classes.push(failure.kind.exit_class());
                (InputState::Paused, Some(failure.clone()), Some(InputEvent::Paused(failure)))
            }
            InputOutcome::Stopped | InputOutcome::Foreign | InputOutcome::NotOpen => return Ok(()),
        };
        self.run.context.ledger.set_input_state(id, state, failure).await?;
        if let Some(event) = event {
            self.run.context.emit(input_ref, event);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<RunResult, Failure> {
        let (context, batch) = (Arc::clone(&self.run.context), self.run.batch);
        let stops: Vec<RunStop> = self.run.stops().collect();
        if let Some(stop) = stops.iter().find(|stop| stop.reason == StopReason::OutOfTime) {
            context.observer.observe(&Event::Stopped(stop.failure.clone()));
        }
        if let Some(stop) = stops.first()
            && !(self.is_beside_others && stop.reason.concerns_only_this_process())
        {
            context.ledger.pause_open_inputs(batch, &stop.failure).await?;
        }
        context.ledger.finish_batch(batch).await?;
        let counts = context.ledger.count_inputs(batch).await?;
        let unfinished = context.ledger.count_unfinished_inputs(batch).await?;
        let credits = context.ledger.started_credits(batch).await?;
        if stops.iter().any(|stop| stop.reason == StopReason::BudgetReached) {
            self.summary.bound_needed = self.run.spending.bound_needed(&context).await?;
        }
        self.classes.extend(stops.iter().map(RunStop::exit_class));
        let stop_reason =
            if self.run.all_stopped() { stops.first().map(|stop| stop.failure.kind) } else { None };
        if counts.rejected > 0 {
            self.classes.push(ExitClass::PartialFailure);
        }
        // Inputs that the plan rejected count like those that failed later.
        if counts.failed > self.summary.failed {
            self.classes.push(ExitClass::PartialFailure);
        }
        self.summary.failed = counts.failed;
        self.summary.rejected = counts.rejected;
        self.summary.open = counts.open;
        self.summary.running = unfinished.running;
        self.summary.not_started = unfinished.not_started;
        self.summary.left = unfinished.left;
        self.summary.drafts = unfinished.drafts;
        self.summary.credits = Credits(credits.0 - self.started_before.0);
        self.summary.elapsed = context.clock.now().since(self.began);
        let succeeded = self.summary.done + self.summary.skipped > 0;
        let class = ExitClass::combine(self.classes, succeeded);
        context.observer.observe(&Event::Finished(self.summary));
        Ok(RunResult { summary: self.summary, class, stop_reason })
    }
}

async fn run_input(
    active_inputs: &mut Option<ActiveGuard>,
    run: &RunState,
    output_writer: &OutputWriter,
    attempt: AttemptId,
    input_ref: &InputRef,
) -> Result<InputOutcome, Failure> {
    let mut next = attempt;
    for retries in 0.. {
        let claim = run.context.ledger.claim(next).await?;
        let Claim::Acquired(attempt) = claim else { return Ok(InputOutcome::Foreign) };
        if retries == 0 && !run.context.ledger.is_input_open(output_writer.input.id).await? {
            run.context.ledger.release(&attempt).await?;
            return Ok(InputOutcome::NotOpen);
        }
        let run = run.for_key(&attempt);
        let Some(attempt) = run.reassign_key(*attempt).await? else {
            return Ok(InputOutcome::Foreign);
        };
        if let Some(failure) = run.missing_key_failure(&attempt) {
            run.context.ledger.release(&attempt).await?;
            return Ok(InputOutcome::Paused(failure));
        }
        let mut driver = JobDriver::new(run, attempt, input_ref.clone());
        let outcome = run_attempt(active_inputs, &mut driver, output_writer).await;
        run.context.ledger.release(&driver.attempt).await?;
        match outcome? {
            InputOutcome::Failed(failure)
                if failure.kind == FailureKind::JobFailed
                    && retries < run.run_options.retry_failed
                    && !run.starts_stopped() =>
            {
                next = new_attempt_for(run, next).await?;
                let wait = Duration::ZERO;
                run.context.emit(input_ref, InputEvent::Retry { failure, wait });
            }
            outcome => return Ok(outcome),
        }
    }
    Ok(InputOutcome::Foreign)
}

async fn new_attempt_for(run: &RunState, failed: AttemptId) -> Result<AttemptId, Failure> {
    let correlation = super::plan::content_key::correlation(run.context.random.as_ref());
    run.context.ledger.retry_failed_attempt(run.batch, failed, &correlation).await
}

async fn run_attempt(
    active_inputs: &mut Option<ActiveGuard>,
    driver: &mut JobDriver<'_>,
    output_writer: &OutputWriter,
) -> Result<InputOutcome, Failure> {
    let began = driver.run.context.clock.now();
    if !driver.attempt.state.status.is_settled() {
        match driver.drive(Observation::Resumed).await? {
            DriveOutcome::Settled => match driver.attempt.state.status {
                AttemptStatus::Completed => driver.run.job_ended(JobResult::Succeeded),
                AttemptStatus::Failed if driver.attempt.state.start_count > 0 => {
                    let reason = driver.attempt.state.failure.as_ref().map(|failure| &*failure.why);
                    driver.run.job_ended(JobResult::of_failure(reason.unwrap_or_default()));
                }
                _ => {}
            },
            DriveOutcome::LeaseLost => return Ok(InputOutcome::Foreign),
            DriveOutcome::Stopped => return Ok(InputOutcome::Stopped),
            DriveOutcome::Suspended(failure) if driver.run.stop_for(&failure) => {
                return Ok(InputOutcome::Stopped);
            }
            DriveOutcome::Suspended(failure) => {
                let is_timed_out = failure.kind == FailureKind::TimedOut;
                if is_timed_out && driver.running_since >= Some(driver.run.began) {
                    driver.run.job_timed_out();
                }
                return Ok(InputOutcome::Paused(failure));
            }
            DriveOutcome::GoalReached => {
                report_detached(driver);
                return Ok(InputOutcome::Left);
            }
        }
    }
    match driver.attempt.state.status {
        AttemptStatus::Completed => {
            drop(active_inputs.take());
            save_output(driver, output_writer, began).await
        }
        AttemptStatus::Failed => Ok(InputOutcome::Failed(failure_of_attempt(&driver.attempt))),
        // The user decides; a later run continues.
        _ => Ok(InputOutcome::Paused(failure_of_attempt(&driver.attempt))),
    }
}

fn report_detached(driver: &JobDriver<'_>) {
    if let Some(job) = driver.attempt.state.job.clone() {
        let status = driver.attempt.last_poll.job_status.clone().unwrap_or(
            match driver.attempt.state.status {
                AttemptStatus::Draft => crate::model::JobStatus::Created,
                _ => crate::model::JobStatus::Pending,
            },
        );
        let credits = driver.started_credits();
        driver.run.context.emit(&driver.input, InputEvent::Left { job, status, credits });
    }
}

async fn save_output(
    driver: &mut JobDriver<'_>,
    output_writer: &OutputWriter,
    began: Instant,
) -> Result<InputOutcome, Failure> {
    let mut collector = OutputCollector::new(driver);
    let collected = loop {
        match collector.collect(&output_writer.input, &output_writer.spool).await {
            Err(failure) if driver.waits_out(&failure) => driver.back_off(failure).await?,
            collected => break collected,
        }
    };
    match collected {
        Ok(CollectResult::Existing(output)) => Ok(InputOutcome::Skipped(output)),
        Ok(CollectResult::New(mut output)) => {
            output.elapsed = Some(driver.run.context.clock.now().since(began));
            if output_writer.input.target.is_none()
                && let (Some(Target::File(path)), Some(sink)) =
                    (output.path.take(), output_writer.stdout.clone())
            {
                crate::blocking::blocking(move || {
                    sink(&path)
                        .and_then(|()| std::fs::remove_file(&path))
                        .map_err(|error| Failure::local("writing to standard output", &error))
                })
                .await?;
            }
            Ok(InputOutcome::Done(output))
        }
        Err(failure) => {
            if failure.kind == FailureKind::Unwritable {
                driver.run.stop_for(&failure);
            }
            Ok(InputOutcome::of(failure))
        }
    }
}

/// Failure of a settled attempt without output, with its remedy.
fn failure_of_attempt(attempt: &Attempt) -> Failure {
    let mut failure = attempt.state.failure.clone().unwrap_or_else(|| {
        Failure::new(FailureKind::JobFailed, "the job failed", "reason not recorded")
    });
    if failure.job.is_none() {
        failure.job.clone_from(&attempt.state.job);
    }
    if failure.next.is_none() {
        failure.next = match failure.kind {
            FailureKind::JobFailed => {
                Some("add --retry-failed 1 for a new attempt (may be billed again)".to_owned())
            }
            FailureKind::NeedsReview if attempt.state.status == AttemptStatus::Failed => {
                Some(format!(
                    "rbgv run --again {}  # with the same options; this is billed again",
                    attempt.work.source.argument()
                ))
            }
            FailureKind::NeedsReview => Some(
                "check the job, then rbgv resume --accept or rbgv resume --abandon; nothing is \
                 sent until then"
                    .to_owned(),
            ),
            _ => None,
        };
    }
    failure
}
