//! The driver of one attempt: run the state machine, commit the state, execute the effect, observe,
//! repeat. One input and ten thousand use the same loop.

use std::time::Duration;

use super::calls::AttemptCalls;
use crate::client::{CallPermit, RequestOptions};
use crate::flow::polling::FollowedJob;
use crate::flow::run::{CreatePermit, RunState};
use crate::flow::state_machine::{Effect, JobSnapshot, Observation, Step, StepContext, step};
use crate::ledger::{
    Attempt, AttemptState, AttemptStatus, BillingVisibility, Commit, DraftObservation,
    DraftSupport, LastPoll, StartCommit, StepAction, StepNote,
};
use crate::model::event::RemarkLevel;
use crate::model::{
    Credits, Failure, FailureKind, InputEvent, InputRef, Instant, JobId, JobStatus, OutputLink,
    Stage,
};

/// Percent of progress that justifies a ledger write: a poll that only shows that a job still runs
/// is not worth a sync.
const MIN_PROGRESS_TO_STORE: f64 = 10.0;

#[derive(Debug)]
pub(crate) enum DriveOutcome {
    /// The state machine does nothing more by itself; the state has the details.
    Settled,
    /// The attempt reached the goal of the run.
    GoalReached,
    /// This run cannot continue; the state has all that a later run needs.
    Suspended(Failure),
    /// The run was stopped first; the state has all that a later run needs.
    Stopped,
    /// Another process took over the attempt: this one may not write it any more.
    LeaseLost,
}

impl DriveOutcome {
    fn of(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Interrupted => Self::Stopped,
            _ => Self::Suspended(failure),
        }
    }
}

/// One attempt while it is driven.
pub(crate) struct JobDriver<'a> {
    pub(crate) run: &'a RunState,
    pub(crate) attempt: Attempt,
    pub(crate) input: InputRef,
    /// Consecutive rejections, for the backoff.
    pub(crate) refusals: u32,
    /// Largest percentage shown so far: progress never jumps back.
    pub(crate) max_progress: f64,
    /// Time since which the job is known to run.
    pub(crate) running_since: Option<Instant>,
    /// Commit time of the start that got a clear answer.
    started_at: Option<Instant>,
    /// The started job, while it is followed.
    pub(crate) followed: Option<FollowedJob>,
    /// The last poll written to the ledger.
    stored_poll: LastPoll,
    /// The attempt occupies a concurrency slot of the key, by the state in the ledger.
    occupies_slot: bool,
    /// The job was started before this run took over the attempt.
    was_started: bool,
    /// Polls only, and emits no events: the attempt belongs to another run.
    poll_only: bool,
    /// Permit to send the start that was just committed.
    pub(crate) permit: Option<CallPermit>,
    /// The last download link. Kept in memory only.
    pub(crate) link: Option<OutputLink>,
    /// The service's notes on how the job was done.
    pub(crate) notes: Vec<String>,
    calls: AttemptCalls,
}

impl<'a> JobDriver<'a> {
    pub(crate) fn new(run: &'a RunState, attempt: Attempt, input: InputRef) -> Self {
        Self {
            run,
            stored_poll: attempt.last_poll.clone(),
            occupies_slot: attempt.occupies_slot(),
            was_started: is_started(&attempt),
            calls: AttemptCalls::new(&run.context, input.clone()),
            attempt,
            input,
            refusals: 0,
            max_progress: 0.0,
            running_since: None,
            started_at: None,
            followed: None,
            permit: None,
            link: None,
            notes: Vec::new(),
            poll_only: false,
        }
    }

    /// Options of a call about this attempt.
    pub(crate) fn call(&self) -> RequestOptions<'_> {
        self.calls.options(self.attempt.state.job.clone())
    }

    /// Estimated credits of the job, if this run started it: 0 for a job started earlier, and for a
    /// copy of its output. `None` when its price is not known.
    pub(crate) fn started_credits(&self) -> Option<Credits> {
        if self.was_started || !is_started(&self.attempt) {
            return Some(Credits::default());
        }
        self.attempt.price()
    }

    /// A driver that polls an attempt of another run once, and leaves the rest to `resume`.
    pub(crate) fn poll_only(run: &'a RunState, attempt: Attempt, input: InputRef) -> Self {
        Self { poll_only: true, ..Self::new(run, attempt, input) }
    }

    pub(crate) fn is_poll_only(&self) -> bool {
        self.poll_only
    }

    /// Drives from `observation` until the attempt is settled, the goal reached, or this run cannot
    /// continue.
    ///
    /// # Errors
    ///
    /// Local errors only: a step that cannot be committed must not be executed.
    pub(crate) async fn drive(
        &mut self,
        observation: Observation,
    ) -> Result<DriveOutcome, Failure> {
        let mut observation = observation;
        let mut drafts = self.run.drafts().await?;
        let mut create_permit = None;
        loop {
            let step_context = self.step_context(drafts, &observation).await?;
            let Step { state, effect, learned } =
                step(self.attempt.state.clone(), observation, &step_context);
            if let Some(learned) = learned.filter(|learned| *learned != drafts) {
                self.learn_drafts(learned).await?;
                drafts = learned;
            }
            // Other creates may be sent as soon as it is known whether this draft runs by itself.
            let watched = state.status == AttemptStatus::Draft
                && matches!(effect, Effect::Poll | Effect::Wait(_));
            if !watched || drafts != DraftSupport::Unknown {
                create_permit = None;
            }
            if self.poll_only && !matches!(effect, Effect::Poll | Effect::Done) {
                if effect != Effect::Start {
                    let before = self.attempt.state.status;
                    self.attempt.state = state;
                    self.commit(&effect, before, false).await?;
                }
                return Ok(DriveOutcome::GoalReached);
            }
            if effect == Effect::Start && self.persist_draft(&state).await? == Commit::LeaseLost {
                return Ok(DriveOutcome::LeaseLost);
            }
            if self.is_stopped(&effect) {
                return Ok(DriveOutcome::Stopped);
            }
            if effect == Effect::Create {
                self.run.context.emit_stage(&self.input, Stage::Queue);
                let (permit, known_drafts) = match self.run.create_permit().await {
                    Ok(create_permit) => create_permit,
                    Err(failure) => return Ok(DriveOutcome::of(failure)),
                };
                drafts = known_drafts;
                if self.is_stopped(&effect) {
                    return Ok(DriveOutcome::Stopped);
                }
                create_permit = Some(permit);
            }
            let exclusive = create_permit.as_ref().is_some_and(CreatePermit::is_alone);
            let before = self.attempt.state.status;
            let is_changed = state != self.attempt.state || self.has_changes();
            self.forget_outdated_poll(&state);
            self.attempt.state = state;
            let committed = match effect {
                Effect::Follow if !is_changed => Ok(Commit::Written),
                _ => self.commit(&effect, before, exclusive).await,
            };
            match committed {
                Ok(Commit::Written) => {}
                Ok(Commit::LeaseLost) => return Ok(DriveOutcome::LeaseLost),
                Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
                Err(failure) => return Ok(DriveOutcome::of(failure)),
            }
            if effect == Effect::Start {
                (self.followed, self.running_since) = (None, None);
            }
            self.after_commit(before);
            let waits = matches!(effect, Effect::Wait(_));
            observation = match self.carry_out(effect).await? {
                Ok(observation) => observation,
                Err(outcome) => return Ok(outcome),
            };
            if waits {
                // Another draft may have been judged in the meantime.
                drafts = self.run.drafts().await?;
            }
            self.apply_observation(&observation).await?;
        }
    }

    /// Executes a committed effect. Returns what was observed, or the outcome of the drive.
    async fn carry_out(
        &mut self,
        effect: Effect,
    ) -> Result<Result<Observation, DriveOutcome>, Failure> {
        let (waited, then) = match effect {
            Effect::Done if self.attempt.state.status.is_settled() => {
                return Ok(Err(DriveOutcome::Settled));
            }
            Effect::Done => return Ok(Err(DriveOutcome::GoalReached)),
            Effect::Suspend(failure) if self.waits_out(&failure) => {
                (self.back_off(failure).await, Observation::Resumed)
            }
            Effect::Suspend(failure) => (Err(failure), Observation::Resumed),
            Effect::BackOff(failure) => (self.back_off(failure).await, Observation::TimerFired),
            Effect::Wait(until) => (self.wait(until).await, Observation::TimerFired),
            effect => return Ok(self.execute(effect).await?.ok_or(DriveOutcome::Stopped)),
        };
        Ok(waited.map(|()| then).map_err(DriveOutcome::of))
    }

    /// Forgets the last poll where it is no evidence for the state that is about to be committed.
    fn forget_outdated_poll(&mut self, next: &AttemptState) {
        let before = self.attempt.state.status;
        if next.status == AttemptStatus::StartDoubt && before != AttemptStatus::StartDoubt {
            // A poll of the draft says nothing about whether the job runs now.
            self.attempt.last_poll.job_status = None;
        }
        if next.job.is_none() {
            self.attempt.last_poll = LastPoll::default();
        }
    }

    /// Effects of a committed step on the rest of the run.
    fn after_commit(&mut self, before: AttemptStatus) {
        if before.in_flight() && !self.attempt.state.status.in_flight() {
            self.followed = None;
            if self.attempt.state.status == AttemptStatus::Completed {
                self.learn_duration();
            }
        }
        let had_slot = std::mem::replace(&mut self.occupies_slot, self.attempt.occupies_slot());
        if had_slot && !self.occupies_slot {
            self.run.release_slot();
        }
    }

    /// The last poll differs from the ledger enough to be written.
    fn has_changes(&self) -> bool {
        let (poll, stored_poll) = (&self.attempt.last_poll, &self.stored_poll);
        let gained = poll.progress.unwrap_or(0.0) - stored_poll.progress.unwrap_or(0.0);
        poll.job_status != stored_poll.job_status || gained >= MIN_PROGRESS_TO_STORE
    }

    async fn step_context(
        &self,
        drafts: DraftSupport,
        observation: &Observation,
    ) -> Result<StepContext, Failure> {
        let context = &self.run.context;
        let decides = matches!(observation, Observation::Polled(_))
            && matches!(
                self.attempt.state.status,
                AttemptStatus::StartDoubt | AttemptStatus::StartRefused
            );
        let evidence = &self.run.evidence;
        let doubt = self.attempt.state.sent.filter(|_| decides);
        Ok(StepContext {
            now: context.clock.now(),
            settle: context.timing.settle,
            poll_interval: context.timing.poll.first,
            drafts,
            bills_shown: decides && self.billing_visibility().await? == BillingVisibility::Shown,
            later_ran_within: doubt.and_then(|doubt| evidence.later_ran_within(doubt)),
            goal: self.run.run_options.goal,
        })
    }

    /// A start may wait long for a slot, or be held back. The draft is committed before that, so
    /// that a crash does not lose the job.
    async fn persist_draft(&mut self, start: &AttemptState) -> Result<Commit, Failure> {
        let known = matches!(
            self.attempt.state.status,
            AttemptStatus::CreateSent | AttemptStatus::CreateDoubt | AttemptStatus::Draft
        );
        let draft = AttemptState {
            status: AttemptStatus::Draft,
            start_count: start.start_count - 1,
            ..start.clone()
        };
        if !known || draft == (AttemptState { sent: draft.sent, ..self.attempt.state.clone() }) {
            return Ok(Commit::Written);
        }
        self.take_repeated(self.attempt.state.status);
        self.attempt.state = draft;
        let last_answer = self.calls.take_last_answer();
        self.run
            .context
            .ledger
            .commit(&self.attempt, &StepAction::Draft.into(), last_answer.as_deref())
            .await
    }

    /// Replaces the attempt's repeated calls, which the last commit has written, with those since then.
    /// Before each commit.
    fn take_repeated(&mut self, status: AttemptStatus) {
        self.attempt.repeated = self.calls.take_repeated(status);
    }

    /// The effect may not begin. Commits and polls after an answer are never held back: what was
    /// observed is written.
    fn is_stopped(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Upload | Effect::Create | Effect::Start => self.run.starts_stopped(),
            Effect::Search => self.run.is_stopped(),
            _ => false,
        }
    }

    /// Waits for `work`, unless the run was stopped: before the start a stop of starts is enough,
    /// for a job that may run it takes a stop of everything.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        if self.attempt.state.status.in_flight() || self.attempt.state.status.is_settled() {
            self.run.unless_stopped(work).await
        } else {
            self.run.unless_starts_stopped(work).await
        }
    }

    /// The failure is part of an outage, which is waited for: the run as a whole ends when it takes
    /// too long.
    pub(crate) fn waits_out(&self, failure: &Failure) -> bool {
        !self.poll_only && self.run.is_outage(failure)
    }

    async fn commit(
        &mut self,
        effect: &Effect,
        before: AttemptStatus,
        exclusive: bool,
    ) -> Result<Commit, Failure> {
        self.take_repeated(before);
        self.stored_poll = self.attempt.last_poll.clone();
        if *effect == Effect::Create {
            self.attempt.sent_at = self.run.context.clock.wall();
        }
        if *effect == Effect::Create && exclusive {
            return self
                .run
                .commit_exclusive_create(&self.attempt, self.calls.take_last_answer().as_deref())
                .await;
        }
        if *effect == Effect::Start {
            self.run.context.emit_stage(&self.input, Stage::Queue);
            let mut attempt = self.attempt.clone();
            let (started, permit) =
                self.run.commit_start(&mut attempt, before.in_flight(), &self.call()).await?;
            self.attempt = attempt;
            self.permit = permit;
            return match started {
                StartCommit::Committed => Ok(Commit::Written),
                StartCommit::LeaseLost => Ok(Commit::LeaseLost),
                StartCommit::OverBudget { spent, wanted } => {
                    Err(over_budget(&self.attempt, spent, wanted, self.run.run_options.max_credits))
                }
                StartCommit::AtConcurrencyLimit => Err(crate::flow::context::interrupted()),
            };
        }
        let failure = self.attempt.state.failure.as_ref();
        let failed = || failure.and_then(|failure| failure.request_id.clone());
        let request_id = self.calls.take_last_answer().or_else(failed);
        let (ledger, note) = (&self.run.context.ledger, step_note(effect));
        ledger.commit(&self.attempt, &note, request_id.as_deref()).await
    }

    async fn wait(&self, until: Instant) -> Result<(), Failure> {
        let context = &self.run.context;
        let wait = until.since(context.clock.now());
        if wait > Duration::from_secs(1) {
            context.emit_stage(&self.input, Stage::Queue);
        }
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    pub(crate) async fn back_off(&mut self, failure: Failure) -> Result<(), Failure> {
        self.unless_stopped(std::future::ready(())).await?;
        self.refusals += 1;
        let wait = self.run.back_off(&failure, self.refusals)?;
        self.run.context.emit(&self.input, InputEvent::Retry { failure, wait });
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    /// Applies what an observation shows about the whole run, or about the bills of the key.
    async fn apply_observation(&mut self, observation: &Observation) -> Result<(), Failure> {
        match observation {
            Observation::CreateFailed(failure)
            | Observation::StartFailed(failure)
            | Observation::CallFailed(failure) => {
                self.run.stop_for(failure);
            }
            Observation::Created { .. } | Observation::Started | Observation::Polled(_) => {
                self.refusals = 0;
                self.run.mark_success();
            }
            Observation::Uploaded { .. } => self.run.mark_success(),
            _ => {}
        }
        let Some(job) = self.attempt.state.job.clone() else { return Ok(()) };
        match (observation, self.started_at) {
            (Observation::Started, _) => {
                self.started_at = self.attempt.state.sent;
                let at = self.started_at.unwrap_or_else(|| self.run.context.clock.now());
                self.run.evidence.started(&job, at);
            }
            (Observation::Polled(poll), Some(_)) => self.learn_from_started(&job, poll).await?,
            _ => {}
        }
        Ok(())
    }

    /// A poll of a job with a clearly answered start shows how started jobs of the key appear.
    async fn learn_from_started(&self, job: &JobId, poll: &JobSnapshot) -> Result<(), Failure> {
        if matches!(poll.status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed) {
            self.run.evidence.runs(job, self.run.context.clock.now());
            return Ok(());
        }
        // A list may leave the bill out.
        if poll.listed && !poll.billed {
            return Ok(());
        }
        let visibility =
            if poll.billed { BillingVisibility::Shown } else { BillingVisibility::Hidden };
        let known = self.billing_visibility().await?;
        if known != BillingVisibility::Hidden && known != visibility {
            let context = &self.run.context;
            context.ledger.record_billing_visibility(&context.key, visibility).await?;
        }
        Ok(())
    }

    async fn billing_visibility(&self) -> Result<BillingVisibility, Failure> {
        self.run.context.ledger.billing_visibility(&self.run.context.key).await
    }

    async fn learn_drafts(&self, learned: DraftSupport) -> Result<(), Failure> {
        if learned == DraftSupport::Unsupported {
            self.run.context.notice(
                RemarkLevel::Warning,
                "the service started a job that was created as a draft; jobs are now created one \
                 at a time",
            );
        }
        self.run.context.ledger.record_draft_support(&self.run.context.key, learned).await
    }
}

/// A start was sent, or the draft ran by itself.
fn is_started(attempt: &Attempt) -> bool {
    attempt.state.start_count > 0 || attempt.state.draft_observation == DraftObservation::Started
}

/// Text of a step in the history of the attempt.
fn step_note(effect: &Effect) -> StepNote {
    let action = match effect {
        Effect::BackOff(failure) => return StepNote::of_failure(StepAction::BackOff, failure),
        Effect::Suspend(failure) => return StepNote::of_failure(StepAction::Suspend, failure),
        Effect::Upload => StepAction::Upload,
        Effect::Create => StepAction::Create,
        Effect::Search => StepAction::Search,
        Effect::Start => StepAction::Start,
        Effect::Poll => StepAction::Poll,
        Effect::Follow => StepAction::Follow,
        Effect::AskUsage => StepAction::AskUsage,
        Effect::Wait(_) => StepAction::Wait,
        Effect::Done => StepAction::Finish,
    };
    action.into()
}

fn over_budget(
    attempt: &Attempt,
    spent: Credits,
    wanted: Option<Credits>,
    max: Option<Credits>,
) -> Failure {
    let max = max.unwrap_or_default();
    let why = match wanted {
        Some(wanted)
            if attempt.work.estimate.is_none() && attempt.last_poll.output_seconds.is_none() =>
        {
            format!(
                "{spent} credits are already used or reserved, and the next input of unknown \
                 length may cost up to {wanted}; that would exceed the {max}-credit limit"
            )
        }
        Some(wanted) => format!(
            "would exceed the {max}-credit limit ({spent} credits used or reserved, {wanted} \
             more needed)"
        ),
        None => format!("no known price for its model, so the {max}-credit limit cannot be kept"),
    };
    Failure::new(FailureKind::BudgetReached, "--max-credits", why)
}
