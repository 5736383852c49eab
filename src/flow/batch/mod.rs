//! Working through a batch: takes its entries from the ledger in the order of the queue, a bounded
//! number at a time, and settles each. Memory is flat in the number of inputs; what waits, waits in
//! the ledger.

pub(crate) mod queue;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use self::queue::InputQueue;
use super::job::collect::CollectResult;
use super::job::driver::{DriveOutcome, JobDriver};
use super::polling::{poll_lists, read_hints};
use super::run::RunState;
use super::run::active_inputs::ActiveGuard;
use super::run::canary::JobResult;
use super::run::outage::watch_outages;
use super::run::stop::{RunStop, StopReason};
use super::state_machine::Observation;
use crate::ledger::{
    Attempt, AttemptId, AttemptStatus, BatchInput, Claim, InputId, InputSource, InputState, Ledger,
};
use crate::model::event::{PublishedOutput, RunSummary};
use crate::model::secret::redact_url;
use crate::model::text::shell_quoted;
use crate::model::{
    Credits, Event, ExitClass, Failure, FailureKind, InputEvent, InputRef, Instant,
};

/// Entries whose output is fetched, or waits for that, beside those.
const COLLECTING: usize = 64;

/// How long work may still end by itself once the run is stopped.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Work of another process is left alone for so many of the shortest poll pauses before it is looked
/// at again.
const FOREIGN_CHECK: u32 = 2;

/// Writes an output's bytes to standard output.
pub type StdoutSink = Arc<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync>;

/// How a run ended: what to tell, and which exit code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunResult {
    /// In numbers.
    pub summary: RunSummary,
    /// For the exit code.
    pub class: ExitClass,
    /// Why nothing more may be sent with any key, if that is so.
    pub held: Option<FailureKind>,
}

/// What came of one entry.
enum InputOutcome {
    Done(PublishedOutput),
    Skipped(PublishedOutput),
    Left,
    Failed(Failure),
    Paused(Failure),
    /// The run was stopped before it could go on.
    Stopped,
    /// Another living process works on it.
    Foreign,
}

impl InputOutcome {
    /// Of an entry that cannot go on because of `failure`.
    fn of(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Interrupted => Self::Stopped,
            _ => Self::Paused(failure),
        }
    }
}

/// How one entry ended.
type WorkResult = (InputId, InputRef, Result<InputOutcome, Failure>);

/// An entry and where its output goes.
struct OutputWriter {
    input: BatchInput,
    spool: PathBuf,
    stdout: Option<StdoutSink>,
}

/// Works through one batch.
pub struct BatchRunner {
    run: Arc<RunState>,
    spool: PathBuf,
    stdout: Option<StdoutSink>,
    began: Instant,
    /// Credits of what earlier runs of the batch have started.
    started_before: Credits,
    summary: RunSummary,
    classes: Vec<ExitClass>,
}

impl BatchRunner {
    /// A dispatch that has begun nothing. Outputs without a target are spooled in `spool` and
    /// handed to `stdout`.
    #[must_use]
    pub fn new(run: Arc<RunState>, spool: PathBuf, stdout: Option<StdoutSink>) -> Self {
        let began = run.context.clock.now();
        let summary = RunSummary { batch: run.batch.0, ..RunSummary::default() };
        let started_before = Credits::default();
        Self { run, spool, stdout, began, started_before, summary, classes: Vec::new() }
    }

    /// Works until every entry is settled, or nothing more can be done in this run.
    ///
    /// # Errors
    /// The ledger cannot be used. Everything else is told of the entry it concerns.
    pub async fn work(mut self) -> Result<RunResult, Failure> {
        let batch = self.run.batch;
        let started =
            self.run.context.ledger(move |ledger, _| ledger.started_credits(batch)).await?;
        self.started_before = started;
        let mut polling = JoinSet::new();
        for run in self.run.each() {
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
            let foreign = self.pass().await?;
            if foreign == 0 || self.run.is_stopped() {
                return Ok(());
            }
            let pause = self.run.context.timing.poll.floor * FOREIGN_CHECK;
            if self.run.context.sleep(pause).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Goes once over the open entries and returns how many were in other hands.
    async fn pass(&mut self) -> Result<usize, Failure> {
        let mut working = JoinSet::new();
        let mut attempts = HashSet::new();
        let long_first = if self.run.is_proven() { self.run.inputs_at_once().await? } else { 0 };
        let (mut queue, mut foreign) = (InputQueue::new(self.run.batch, long_first), 0);
        loop {
            foreign += self.wait_for_capacity(&mut working).await?;
            if self.run.is_stopped() {
                break;
            }
            if self.run.is_starting_stopped() {
                // What was started is paid for, and is finished.
                queue.keep_to_started();
            }
            let Some(input) = queue.next(&self.run.context).await? else { break };
            let Some(attempt) = input.attempt else { continue };
            // The second entry of one attempt waits for the first and then costs nothing.
            if !attempts.insert(attempt) {
                foreign += 1;
                continue;
            }
            let mut underway = Some(self.run.underway().enter());
            let (run, spool, stdout) =
                (Arc::clone(&self.run), self.spool.clone(), self.stdout.clone());
            working.spawn(async move {
                let id = input.id;
                let input_ref = InputRef { id: id.0, name: input.name.clone() };
                let outlet = OutputWriter { input, spool, stdout };
                let settled = work_on(&mut underway, &run, &outlet, attempt, &input_ref).await;
                drop(underway);
                (id, input_ref, settled)
            });
        }
        foreign += self.settle_all(&mut working).await?;
        Ok(foreign)
    }

    /// Settles what is being worked on. Once the run is stopped, what does not end by itself is cut
    /// soon: the ledger has everything that a later run needs.
    async fn settle_all(&mut self, working: &mut JoinSet<WorkResult>) -> Result<usize, Failure> {
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
                joined = working.join_next() => match joined {
                    Some(joined) => foreign += self.take(joined).await?,
                    None => return Ok(foreign),
                },
                () = &mut grace => {
                    working.shutdown().await;
                    self.run.context.ledger(Ledger::release_all).await?;
                    return Ok(foreign);
                }
            }
        }
    }

    /// Settles entries until one more may be begun; answers how many were in other hands.
    async fn wait_for_capacity(
        &mut self,
        working: &mut JoinSet<WorkResult>,
    ) -> Result<usize, Failure> {
        let mut foreign = 0;
        loop {
            let run = Arc::clone(&self.run);
            let window = run.inputs_at_once().await?;
            let has_room = run.underway().count() < window && working.len() < window + COLLECTING;
            if has_room || run.is_stopped() {
                return Ok(foreign);
            }
            tokio::select! {
                biased;
                () = run.stopped() => return Ok(foreign),
                joined = working.join_next() => match joined {
                    Some(joined) => foreign += self.take(joined).await?,
                    None => return Ok(foreign),
                },
                () = run.underway().wait_until_one_ends() => {}
            }
        }
    }

    /// Takes the end of an entry in; answers 1 when it was in other hands.
    async fn take(&mut self, joined: Result<WorkResult, JoinError>) -> Result<usize, Failure> {
        let (id, input_ref, settled) =
            joined.map_err(|error| Failure::local("processing an input", &error))?;
        // Local trouble of one entry pauses it; the ledger itself failing shows at the next step.
        match settled.unwrap_or_else(InputOutcome::of) {
            InputOutcome::Foreign => return Ok(1),
            // Paused and counted with all others at the end.
            InputOutcome::Stopped => {}
            settled => self.record(id, &input_ref, settled).await?,
        }
        Ok(0)
    }

    async fn record(
        &mut self,
        id: InputId,
        input_ref: &InputRef,
        settled: InputOutcome,
    ) -> Result<(), Failure> {
        let (state, failure, told) = match settled {
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
                // Outputs of both keys go to the same directories.
                if failure.kind == FailureKind::Unwritable {
                    let failure = failure.clone();
                    self.run.stop_all(&RunStop { reason: StopReason::Unwritable, failure });
                }
                self.classes.push(failure.kind.exit_class());
                (InputState::Paused, Some(failure.clone()), Some(InputEvent::Paused(failure)))
            }
            InputOutcome::Stopped | InputOutcome::Foreign => return Ok(()),
        };
        self.run
            .context
            .ledger(move |ledger, _| ledger.set_input_state(id, state, failure.as_ref()))
            .await?;
        if let Some(told) = told {
            self.run.context.tell(input_ref, told);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<RunResult, Failure> {
        let (context, batch) = (Arc::clone(&self.run.context), self.run.batch);
        let stops: Vec<RunStop> = self.run.stops().collect();
        if let Some(stop) = stops.iter().find(|stop| stop.reason == StopReason::OutOfTime) {
            context.observer.observe(&Event::Stopped(stop.failure.clone()));
        }
        let paused_for = stops.first().map(|stop| stop.failure.clone());
        let (counts, unfinished, credits) = context
            .ledger(move |ledger, _| {
                if let Some(failure) = &paused_for {
                    ledger.pause_open_inputs(batch, failure)?;
                }
                ledger.finish_batch(batch)?;
                Ok((
                    ledger.count_inputs(batch)?,
                    ledger.count_unfinished_inputs(batch)?,
                    ledger.started_credits(batch)?,
                ))
            })
            .await?;
        if stops.iter().any(|stop| stop.reason == StopReason::BudgetReached) {
            self.summary.bound_needed = self.run.bound_needed().await?;
        }
        self.classes.extend(stops.iter().map(RunStop::exit_class));
        let held =
            if self.run.is_stopped() { stops.first().map(|stop| stop.failure.kind) } else { None };
        if counts.rejected > 0 {
            self.classes.push(ExitClass::PartialFailure);
        }
        // What the plan itself refused counts like what failed later.
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
        Ok(RunResult { summary: self.summary, class, held })
    }
}

async fn work_on(
    underway: &mut Option<ActiveGuard>,
    run: &RunState,
    outlet: &OutputWriter,
    attempt: AttemptId,
    input_ref: &InputRef,
) -> Result<InputOutcome, Failure> {
    let mut next = attempt;
    for tried in 0.. {
        let claim = run.context.ledger(move |ledger, owner| ledger.claim(owner, next)).await?;
        let Claim::Acquired(attempt) = claim else { return Ok(InputOutcome::Foreign) };
        let run = run.of_key(&attempt);
        let Some(attempt) = run.adopt(*attempt).await? else { return Ok(InputOutcome::Foreign) };
        if let Some(failure) = run.missing_key_error(&attempt) {
            run.context.ledger(move |ledger, owner| ledger.release(owner, &attempt)).await?;
            return Ok(InputOutcome::Paused(failure));
        }
        let mut drive = JobDriver::new(run, attempt, input_ref.clone());
        let settled = settle(underway, &mut drive, outlet).await;
        let attempt = drive.attempt.clone();
        run.context.ledger(move |ledger, owner| ledger.release(owner, &attempt)).await?;
        match settled? {
            InputOutcome::Failed(failure)
                if failure.kind == FailureKind::JobFailed
                    && tried < run.run_options.retry_failed
                    && !run.starts_stopped() =>
            {
                next = new_attempt_for(run, next).await?;
                let wait = Duration::ZERO;
                run.context.tell(input_ref, InputEvent::Retry { failure, wait });
            }
            settled => return Ok(settled),
        }
    }
    Ok(InputOutcome::Foreign)
}

async fn new_attempt_for(run: &RunState, failed: AttemptId) -> Result<AttemptId, Failure> {
    let (batch, random) = (run.batch, Arc::clone(&run.context.random));
    let correlation = super::plan::correlation(random.as_ref());
    run.context
        .ledger(move |ledger, _| ledger.retry_failed_attempt(batch, failed, &correlation))
        .await
}

async fn settle(
    underway: &mut Option<ActiveGuard>,
    drive: &mut JobDriver<'_>,
    outlet: &OutputWriter,
) -> Result<InputOutcome, Failure> {
    let began = drive.run.context.clock.now();
    if !drive.attempt.state.status.is_settled() {
        match drive.go(Observation::Resumed).await? {
            DriveOutcome::Settled => match drive.attempt.state.status {
                AttemptStatus::Completed => drive.run.job_ended(JobResult::Well),
                AttemptStatus::Failed if drive.attempt.state.start_count > 0 => {
                    let reason = drive.attempt.state.failure.as_ref().map(|failure| &*failure.why);
                    drive.run.job_ended(JobResult::of_failure(reason.unwrap_or_default()));
                }
                _ => {}
            },
            DriveOutcome::Lost => return Ok(InputOutcome::Foreign),
            DriveOutcome::Stopped => return Ok(InputOutcome::Stopped),
            DriveOutcome::Rested(failure) if drive.run.stop_for(&failure) => {
                return Ok(InputOutcome::Stopped);
            }
            DriveOutcome::Rested(failure) => {
                let is_timed_out = failure.kind == FailureKind::TimedOut;
                if is_timed_out && drive.running_since >= Some(drive.run.began) {
                    drive.run.job_timed_out();
                }
                return Ok(InputOutcome::Paused(failure));
            }
            DriveOutcome::GoalReached => {
                report_detached(drive);
                return Ok(InputOutcome::Left);
            }
        }
    }
    match drive.attempt.state.status {
        AttemptStatus::Completed => {
            drop(underway.take());
            deliver(drive, outlet, began).await
        }
        AttemptStatus::Failed => Ok(InputOutcome::Failed(failure_of_event(&drive.attempt))),
        // A person decides; a later run goes on from there.
        _ => Ok(InputOutcome::Paused(failure_of_event(&drive.attempt))),
    }
}

fn report_detached(drive: &JobDriver<'_>) {
    if let Some(job) = drive.attempt.state.job.clone() {
        let status = drive.attempt.last_poll.job_status.clone().unwrap_or(
            match drive.attempt.state.status {
                AttemptStatus::Draft => crate::model::JobStatus::Created,
                _ => crate::model::JobStatus::Pending,
            },
        );
        let credits = drive.started_credits();
        drive.run.context.tell(&drive.input, InputEvent::Left { job, status, credits });
    }
}

async fn deliver(
    drive: &mut JobDriver<'_>,
    outlet: &OutputWriter,
    began: Instant,
) -> Result<InputOutcome, Failure> {
    let collected = loop {
        match drive.collect(&outlet.input, &outlet.spool).await {
            Err(failure) if drive.waits_out(&failure) => drive.back_off(failure).await?,
            collected => break collected,
        }
    };
    match collected {
        Ok(CollectResult::There(output)) => Ok(InputOutcome::Skipped(output)),
        Ok(CollectResult::New(mut output)) => {
            output.elapsed = Some(drive.run.context.clock.now().since(began));
            if outlet.input.target.is_none()
                && let (Some(path), Some(sink)) = (output.path.take(), outlet.stdout.clone())
            {
                super::context::blocking(move || {
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
                drive.run.stop_for(&failure);
            }
            Ok(InputOutcome::of(failure))
        }
    }
}

/// Why a settled attempt has no output, with what helps.
fn failure_of_event(attempt: &Attempt) -> Failure {
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
                    "to start it again, which is billed: rbgv run --again {}, with the same options",
                    match &attempt.work.source {
                        InputSource::File { path, .. } => shell_quoted(path),
                        InputSource::Url(url) => redact_url(url),
                    }
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
