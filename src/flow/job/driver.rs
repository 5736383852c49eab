//! Driving one attempt: ask the protocol, commit the row, carry the effect out, look what came of
//! it, and again. One clip and ten thousand go through this same loop.

use std::time::Duration;

use crate::client::{CallPermit, LastRequestId};
use crate::flow::polling::FollowedJob;
use crate::flow::run::{CreatePermit, RunState};
use crate::flow::state_machine::{Effect, JobSnapshot, Observation, Step, StepContext, step};
use crate::ledger::{
    Attempt, AttemptState, AttemptStatus, BillingVisibility, Commit, DraftObservation,
    DraftSupport, LastPoll, StartCommit,
};
use crate::model::event::RemarkLevel;
use crate::model::{
    Credits, Failure, FailureKind, InputEvent, InputRef, Instant, JobId, JobStatus, OutputLink,
    Stage,
};

/// Percent that a job has to have gained for the ledger to be told: a look that only shows that a
/// job goes on is not worth a sync.
const WORTH_KEEPING: f64 = 10.0;

/// How driving an attempt ended.
#[derive(Debug)]
pub(crate) enum DriveOutcome {
    /// The protocol does nothing more by itself: see the row.
    Settled,
    /// It went as far as was asked for.
    GoalReached,
    /// Cannot go on now; the row keeps everything that a later run needs.
    Rested(Failure),
    /// The run was stopped before it could go on; the row keeps everything as well.
    Stopped,
    /// The row was taken over: nothing of what follows is ours to write.
    Lost,
}

impl DriveOutcome {
    fn of(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Interrupted => Self::Stopped,
            _ => Self::Rested(failure),
        }
    }
}

/// One attempt while it is driven.
pub(crate) struct JobDriver<'a> {
    pub(crate) run: &'a RunState,
    pub(crate) attempt: Attempt,
    pub(crate) input: InputRef,
    /// Refusals in a row, for the backoff.
    pub(crate) refusals: u32,
    /// The largest percentage that was shown: progress never jumps back.
    pub(crate) shown: f64,
    /// Since when the job is known to run.
    pub(crate) running_since: Option<Instant>,
    /// When the start that got a clear answer was committed.
    started_at: Option<Instant>,
    /// The started job, while it is followed.
    pub(crate) followed: Option<FollowedJob>,
    /// The last look that the ledger has.
    kept: LastPoll,
    /// It occupies a place of the key, by what the ledger has.
    occupies_slot: bool,
    /// The job was started before this run took the attempt up.
    was_started: bool,
    /// Only looks are made, and nobody is told: the item is another run's.
    only_glance: bool,
    /// Leave to send the start that was just committed.
    pub(crate) leave: Option<CallPermit>,
    /// The last link that the service gave. Kept in memory only.
    pub(crate) link: Option<OutputLink>,
    /// What the service said about how the job was done.
    pub(crate) notes: Vec<String>,
    /// The request that was answered last, for the story of the attempt.
    pub(crate) answered: LastRequestId,
}

impl<'a> JobDriver<'a> {
    pub(crate) fn new(run: &'a RunState, attempt: Attempt, input: InputRef) -> Self {
        Self {
            run,
            kept: attempt.last_poll.clone(),
            occupies_slot: attempt.occupies_slot(),
            was_started: is_started(&attempt),
            attempt,
            input,
            refusals: 0,
            shown: 0.0,
            running_since: None,
            started_at: None,
            followed: None,
            leave: None,
            link: None,
            notes: Vec::new(),
            answered: LastRequestId::default(),
            only_glance: false,
        }
    }

    /// Estimated credits of the job, if this run started it: 0 for an earlier one, and for a copy of its
    /// output. `None` when its price is not known.
    pub(crate) fn started_credits(&self) -> Option<Credits> {
        if self.was_started || !is_started(&self.attempt) {
            return Some(Credits::default());
        }
        self.attempt.price()
    }

    /// Looks at an attempt of another run, and leaves everything else to whoever resumes it.
    pub(crate) fn glance(run: &'a RunState, attempt: Attempt, input: InputRef) -> Self {
        Self { only_glance: true, ..Self::new(run, attempt, input) }
    }

    pub(crate) fn is_glance(&self) -> bool {
        self.only_glance
    }

    /// Drives from `seen` until the row is settled, the goal reached, or nothing can be done now.
    ///
    /// # Errors
    /// Only local trouble: a step that cannot be committed must not be carried out.
    pub(crate) async fn go(&mut self, seen: Observation) -> Result<DriveOutcome, Failure> {
        let mut seen = seen;
        let mut drafts = self.run.drafts().await?;
        let mut turn = None;
        loop {
            let facts = self.facts(drafts, &seen).await?;
            let Step { state, effect, learned } = step(self.attempt.state.clone(), seen, &facts);
            if let Some(learned) = learned.filter(|learned| *learned != drafts) {
                self.learn_drafts(learned).await?;
                drafts = learned;
            }
            // Others make drafts as soon as it is known whether this one runs by itself.
            let watched = state.status == AttemptStatus::Draft
                && matches!(effect, Effect::Look | Effect::Wait(_));
            if !watched || drafts != DraftSupport::Unknown {
                turn = None;
            }
            if self.only_glance && !matches!(effect, Effect::Look | Effect::Finish) {
                if effect != Effect::Start {
                    let before = self.attempt.state.status;
                    self.attempt.state = state;
                    self.commit(&effect, before, false).await?;
                }
                return Ok(DriveOutcome::GoalReached);
            }
            if effect == Effect::Start && self.persist_draft(&state).await? == Commit::LeaseLost {
                return Ok(DriveOutcome::Lost);
            }
            if self.is_held(&effect) {
                return Ok(DriveOutcome::Stopped);
            }
            if effect == Effect::Create {
                let (mine, known) = match self.run.create_permit().await {
                    Ok(turn) => turn,
                    Err(failure) => return Ok(DriveOutcome::of(failure)),
                };
                drafts = known;
                if self.is_held(&effect) {
                    return Ok(DriveOutcome::Stopped);
                }
                turn = Some(mine);
            }
            let alone = turn.as_ref().is_some_and(CreatePermit::is_alone);
            let before = self.attempt.state.status;
            let is_news = state != self.attempt.state || self.has_changes();
            if state.status == AttemptStatus::StartDoubt && before != AttemptStatus::StartDoubt {
                // What the draft looked like before says nothing of whether it runs now.
                self.attempt.last_poll.job_status = None;
            }
            if state.job.is_none() {
                self.attempt.last_poll = LastPoll::default();
            }
            self.attempt.state = state;
            let committed = match effect {
                Effect::Follow if !is_news => Ok(Commit::Written),
                _ => self.commit(&effect, before, alone).await,
            };
            match committed {
                Ok(Commit::Written) => {}
                Ok(Commit::LeaseLost) => return Ok(DriveOutcome::Lost),
                Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
                Err(failure) => return Ok(DriveOutcome::of(failure)),
            }
            if effect == Effect::Start {
                (self.followed, self.running_since) = (None, None);
            }
            self.leave_flight(before);
            seen = match effect {
                Effect::Finish if self.attempt.state.status.is_settled() => {
                    return Ok(DriveOutcome::Settled);
                }
                Effect::Finish => return Ok(DriveOutcome::GoalReached),
                Effect::Rest(failure) if self.waits_out(&failure) => {
                    match self.back_off(failure).await {
                        Ok(()) => Observation::Resumed,
                        Err(failure) => return Ok(DriveOutcome::of(failure)),
                    }
                }
                Effect::Rest(failure) => return Ok(DriveOutcome::of(failure)),
                Effect::Wait(until) => match self.wait(until).await {
                    Ok(()) => {
                        // Another draft may have been judged meanwhile.
                        drafts = self.run.drafts().await?;
                        Observation::Due
                    }
                    Err(failure) => return Ok(DriveOutcome::of(failure)),
                },
                Effect::BackOff(failure) => match self.back_off(failure).await {
                    Ok(()) => Observation::Due,
                    Err(failure) => return Ok(DriveOutcome::of(failure)),
                },
                effect => match self.carry_out(effect).await? {
                    Some(seen) => seen,
                    None => return Ok(DriveOutcome::Stopped),
                },
            };
            self.learn(&seen).await?;
        }
    }

    /// What follows for others from a step that was committed.
    fn leave_flight(&mut self, before: AttemptStatus) {
        if before.in_flight() && !self.attempt.state.status.in_flight() {
            self.followed = None;
            if self.attempt.state.status == AttemptStatus::Completed {
                self.learn_duration();
            }
        }
        let held_place = std::mem::replace(&mut self.occupies_slot, self.attempt.occupies_slot());
        if held_place && !self.occupies_slot {
            self.run.release_slot();
        }
    }

    /// Whether the last look shows what the ledger does not have and somebody may want to know.
    fn has_changes(&self) -> bool {
        let (look, kept) = (&self.attempt.last_poll, &self.kept);
        let gained = look.progress.unwrap_or(0.0) - kept.progress.unwrap_or(0.0);
        look.job_status != kept.job_status || gained >= WORTH_KEEPING
    }

    async fn facts(
        &self,
        drafts: DraftSupport,
        seen: &Observation,
    ) -> Result<StepContext, Failure> {
        let context = &self.run.context;
        let decides = matches!(seen, Observation::Looked(_))
            && matches!(
                self.attempt.state.status,
                AttemptStatus::StartDoubt | AttemptStatus::StartRefused
            );
        let evidence = &self.run.evidence;
        let doubt = self.attempt.state.sent.filter(|_| decides);
        Ok(StepContext {
            now: context.clock.now(),
            settle: context.timing.settle,
            glance: context.timing.poll.first,
            drafts,
            bills_shown: decides && self.bills().await? == BillingVisibility::Shown,
            later_ran_within: doubt.and_then(|doubt| evidence.later_ran_within(doubt)),
            goal: self.run.run_options.goal,
        })
    }

    /// A start may wait long for a place, or be held back. What was learned of the draft is
    /// written before that: a crash meanwhile must not forget the job.
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
        self.attempt.state = draft;
        let (attempt, answered) = (self.attempt.clone(), self.answered.take());
        self.run
            .context
            .ledger(move |ledger, owner| {
                ledger.commit(owner, &attempt, "draft", answered.as_deref())
            })
            .await
    }

    /// Whether this effect may not be begun. Rows and looks after an answer are never held back: what
    /// was learned is written.
    fn is_held(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Upload | Effect::Create | Effect::Start => self.run.starts_stopped(),
            Effect::Search => self.run.held(),
            _ => false,
        }
    }

    /// Waits for `work`, unless the run was stopped: what is not started yet ends with a stop of
    /// starts, and a job that may run with a stop of everything.
    pub(crate) async fn unless_held<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        if self.attempt.state.status.in_flight() || self.attempt.state.status.is_settled() {
            self.run.unless_held(work).await
        } else {
            self.run.unless_starts_stopped(work).await
        }
    }

    /// Whether a failure is part of an outage, which is waited for: the run as a whole ends when
    /// that takes too long.
    pub(crate) fn waits_out(&self, failure: &Failure) -> bool {
        !self.only_glance && self.run.is_outage(failure)
    }

    async fn commit(
        &mut self,
        effect: &Effect,
        before: AttemptStatus,
        alone: bool,
    ) -> Result<Commit, Failure> {
        self.kept = self.attempt.last_poll.clone();
        if *effect == Effect::Create {
            self.attempt.sent_at = self.run.context.clock.wall();
        }
        if *effect == Effect::Create && alone {
            return self.run.commit_exclusive_create(&self.attempt, self.answered.take()).await;
        }
        if *effect == Effect::Start {
            self.run.context.phase(&self.input, Stage::Queue);
            let mut attempt = self.attempt.clone();
            let on_retry = self.on_retry();
            let (started, leave) = self
                .run
                .commit_start(&mut attempt, before.in_flight(), &self.call(&on_retry))
                .await?;
            self.attempt = attempt;
            self.leave = leave;
            return match started {
                StartCommit::Committed => Ok(Commit::Written),
                StartCommit::LeaseLost => Ok(Commit::LeaseLost),
                StartCommit::OverBudget { spent, wanted } => {
                    Err(over_budget(&self.attempt, spent, wanted, self.run.run_options.max_credits))
                }
                StartCommit::AtConcurrencyLimit => Err(crate::flow::context::interrupted()),
            };
        }
        let (attempt, note) = (self.attempt.clone(), note(effect));
        let failed =
            || attempt.state.failure.as_ref().and_then(|failure| failure.request_id.clone());
        let request_id = self.answered.take().or_else(failed);
        let commit = move |ledger: &crate::ledger::Ledger, owner: &crate::ledger::ProcessLease| {
            ledger.commit(owner, &attempt, &note, request_id.as_deref())
        };
        self.run.context.ledger(commit).await
    }

    async fn wait(&self, until: crate::model::Instant) -> Result<(), Failure> {
        let context = &self.run.context;
        let wait = until.since(context.clock.now());
        if wait > Duration::from_secs(1) {
            context.phase(&self.input, Stage::Queue);
        }
        self.unless_held(tokio::time::sleep(wait)).await
    }

    pub(crate) async fn back_off(&mut self, failure: Failure) -> Result<(), Failure> {
        self.unless_held(std::future::ready(())).await?;
        self.refusals += 1;
        let wait = self.run.back_off(&failure, self.refusals)?;
        self.run.context.tell(&self.input, InputEvent::Retry { failure, wait });
        self.unless_held(tokio::time::sleep(wait)).await
    }

    /// Draws from what was seen what holds for the whole run, or for the bills of the key.
    async fn learn(&mut self, seen: &Observation) -> Result<(), Failure> {
        match seen {
            Observation::CreateFailed(failure)
            | Observation::StartFailed(failure)
            | Observation::GaveUp(failure) => {
                self.run.stop_for(failure);
            }
            Observation::Created { .. } | Observation::Started | Observation::Looked(_) => {
                self.refusals = 0;
                self.run.mark_success();
            }
            Observation::Uploaded { .. } => self.run.mark_success(),
            _ => {}
        }
        let Some(job) = self.attempt.state.job.clone() else { return Ok(()) };
        match (seen, self.started_at) {
            (Observation::Started, _) => {
                self.started_at = self.attempt.state.sent;
                let at = self.started_at.unwrap_or_else(|| self.run.context.clock.now());
                self.run.evidence.started(&job, at);
            }
            (Observation::Looked(look), Some(_)) => self.learn_from_started(&job, look).await?,
            _ => {}
        }
        Ok(())
    }

    /// A look at a job whose start got a clear answer tells how other started jobs look.
    async fn learn_from_started(&self, job: &JobId, look: &JobSnapshot) -> Result<(), Failure> {
        if matches!(look.status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed) {
            self.run.evidence.runs(job, self.run.context.clock.now());
            return Ok(());
        }
        // A list may leave the bill out.
        if look.listed && !look.billed {
            return Ok(());
        }
        let seen = if look.billed { BillingVisibility::Shown } else { BillingVisibility::Hidden };
        let known = self.bills().await?;
        if known != BillingVisibility::Hidden && known != seen {
            let key = self.run.context.key.clone();
            self.run
                .context
                .ledger(move |ledger, _| ledger.record_billing_visibility(&key, seen))
                .await?;
        }
        Ok(())
    }

    async fn bills(&self) -> Result<BillingVisibility, Failure> {
        let key = self.run.context.key.clone();
        self.run.context.ledger(move |ledger, _| ledger.billing_visibility(&key)).await
    }

    async fn learn_drafts(&self, learned: DraftSupport) -> Result<(), Failure> {
        if learned == DraftSupport::Unsupported {
            self.run.context.notice(
                RemarkLevel::Warning,
                "the service started a job that was created as a draft; jobs are now created one \
                 at a time",
            );
        }
        let key = self.run.context.key.clone();
        self.run.context.ledger(move |ledger, _| ledger.record_draft_support(&key, learned)).await
    }
}

/// Whether a start was sent, or the draft ran by itself.
fn is_started(attempt: &Attempt) -> bool {
    attempt.state.start_count > 0 || attempt.state.draft_observation == DraftObservation::Started
}

/// What the story of the attempt says of a step.
fn note(effect: &Effect) -> String {
    let words = match effect {
        Effect::BackOff(failure) => return format!("back off: {failure}"),
        Effect::Rest(failure) => return format!("rest: {failure}"),
        Effect::Upload => "upload",
        Effect::Create => "create",
        Effect::Search => "search for the job of a lost create",
        Effect::Start => "start",
        Effect::Look => "look",
        Effect::Follow => "follow",
        Effect::AskUsage => "ask for the usage events",
        Effect::Wait(_) => "wait for requests to drain",
        Effect::Finish => "finish",
    };
    words.to_owned()
}

fn over_budget(
    attempt: &Attempt,
    spent: crate::model::Credits,
    wanted: Option<crate::model::Credits>,
    max: Option<crate::model::Credits>,
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
