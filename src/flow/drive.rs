//! Driving one attempt: ask the protocol, commit the row, carry the effect out, look what came of
//! it, and again. One clip and ten thousand go through this same loop.

use std::time::Duration;

use super::polling::Followed;
use super::protocol::{Effect, Facts, Look, Observation, Step, step};
use super::run::{CreateTurn, Run};
use crate::client::{Admission, LastAnswer};
use crate::ledger::{
    Bills, Commit, DraftSeen, Drafts, LastLook, Phase as State, Row, Started, Task,
};
use crate::model::event::Level;
use crate::model::{
    Credits, Failure, FailureKind, Instant, ItemEvent, ItemRef, JobId, JobStatus, OutputLink, Phase,
};

/// Percent that a job has to have gained for the ledger to be told: a look that only shows that a
/// job goes on is not worth a sync.
const WORTH_KEEPING: f64 = 10.0;

/// How driving an attempt ended.
#[derive(Debug)]
pub(super) enum Ended {
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

impl Ended {
    fn of(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Interrupted => Self::Stopped,
            _ => Self::Rested(failure),
        }
    }
}

/// One attempt while it is driven.
pub(super) struct Drive<'a> {
    pub(super) run: &'a Run,
    pub(super) task: Task,
    pub(super) item: ItemRef,
    /// Refusals in a row, for the backoff.
    pub(super) refusals: u32,
    /// The largest percentage that was shown: progress never jumps back.
    pub(super) shown: f64,
    /// Since when the job is known to run.
    pub(super) running_since: Option<Instant>,
    /// When the start that got a clear answer was committed.
    started_at: Option<Instant>,
    /// The started job, while it is followed.
    pub(super) followed: Option<Followed>,
    /// The last look that the ledger has.
    kept: LastLook,
    /// It occupies a place of the key, by what the ledger has.
    holds_place: bool,
    /// The job was started before this run took the attempt up.
    was_started: bool,
    /// Only looks are made, and nobody is told: the item is another run's.
    only_glance: bool,
    /// Leave to send the start that was just committed.
    pub(super) leave: Option<Admission>,
    /// The last link that the service gave. Kept in memory only.
    pub(super) link: Option<OutputLink>,
    /// What the service said about how the job was done.
    pub(super) notes: Vec<String>,
    /// The request that was answered last, for the story of the attempt.
    pub(super) answered: LastAnswer,
}

impl<'a> Drive<'a> {
    pub(super) fn new(run: &'a Run, task: Task, item: ItemRef) -> Self {
        Self {
            run,
            kept: task.look.clone(),
            holds_place: task.holds_place(),
            was_started: is_started(&task),
            task,
            item,
            refusals: 0,
            shown: 0.0,
            running_since: None,
            started_at: None,
            followed: None,
            leave: None,
            link: None,
            notes: Vec::new(),
            answered: LastAnswer::default(),
            only_glance: false,
        }
    }

    /// Estimated credits of the job, if this run started it: 0 for an earlier one, and for a copy of its
    /// output. `None` when its price is not known.
    pub(super) fn started_credits(&self) -> Option<Credits> {
        if self.was_started || !is_started(&self.task) {
            return Some(Credits::default());
        }
        self.task.price()
    }

    /// Looks at an attempt of another run, and leaves everything else to whoever resumes it.
    pub(super) fn glance(run: &'a Run, task: Task, item: ItemRef) -> Self {
        Self { only_glance: true, ..Self::new(run, task, item) }
    }

    pub(super) fn is_glance(&self) -> bool {
        self.only_glance
    }

    /// Drives from `seen` until the row is settled, the goal reached, or nothing can be done now.
    ///
    /// # Errors
    /// Only local trouble: a step that cannot be committed must not be carried out.
    pub(super) async fn go(&mut self, seen: Observation) -> Result<Ended, Failure> {
        let mut seen = seen;
        let mut drafts = self.run.drafts().await?;
        let mut turn = None;
        loop {
            let facts = self.facts(drafts, &seen).await?;
            let Step { row, effect, learned } = step(self.task.row.clone(), seen, &facts);
            if let Some(learned) = learned.filter(|learned| *learned != drafts) {
                self.learn_drafts(learned).await?;
                drafts = learned;
            }
            // Others make drafts as soon as it is known whether this one runs by itself.
            let watched =
                row.phase == State::Draft && matches!(effect, Effect::Look | Effect::Wait(_));
            if !watched || drafts != Drafts::Unknown {
                turn = None;
            }
            if self.only_glance && !matches!(effect, Effect::Look | Effect::Finish) {
                if effect != Effect::Start {
                    let before = self.task.row.phase;
                    self.task.row = row;
                    self.commit(&effect, before, false).await?;
                }
                return Ok(Ended::GoalReached);
            }
            if effect == Effect::Start && self.keep_draft(&row).await? == Commit::Lost {
                return Ok(Ended::Lost);
            }
            if self.is_held(&effect) {
                return Ok(Ended::Stopped);
            }
            if effect == Effect::Create {
                let (mine, known) = match self.run.create_turn().await {
                    Ok(turn) => turn,
                    Err(failure) => return Ok(Ended::of(failure)),
                };
                drafts = known;
                if self.is_held(&effect) {
                    return Ok(Ended::Stopped);
                }
                turn = Some(mine);
            }
            let alone = turn.as_ref().is_some_and(CreateTurn::is_alone);
            let before = self.task.row.phase;
            let is_news = row != self.task.row || self.shows_news();
            if row.phase == State::StartDoubt && before != State::StartDoubt {
                // What the draft looked like before says nothing of whether it runs now.
                self.task.look.status = None;
            }
            if row.job.is_none() {
                self.task.look = LastLook::default();
            }
            self.task.row = row;
            let committed = match effect {
                Effect::Follow if !is_news => Ok(Commit::Written),
                _ => self.commit(&effect, before, alone).await,
            };
            match committed {
                Ok(Commit::Written) => {}
                Ok(Commit::Lost) => return Ok(Ended::Lost),
                Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
                Err(failure) => return Ok(Ended::of(failure)),
            }
            if effect == Effect::Start {
                (self.followed, self.running_since) = (None, None);
            }
            self.leave_flight(before);
            seen = match effect {
                Effect::Finish if self.task.row.phase.is_settled() => return Ok(Ended::Settled),
                Effect::Finish => return Ok(Ended::GoalReached),
                Effect::Rest(failure) if self.waits_out(&failure) => {
                    match self.back_off(failure).await {
                        Ok(()) => Observation::Resumed,
                        Err(failure) => return Ok(Ended::of(failure)),
                    }
                }
                Effect::Rest(failure) => return Ok(Ended::of(failure)),
                Effect::Wait(until) => match self.wait(until).await {
                    Ok(()) => {
                        // Another draft may have been judged meanwhile.
                        drafts = self.run.drafts().await?;
                        Observation::Due
                    }
                    Err(failure) => return Ok(Ended::of(failure)),
                },
                Effect::BackOff(failure) => match self.back_off(failure).await {
                    Ok(()) => Observation::Due,
                    Err(failure) => return Ok(Ended::of(failure)),
                },
                effect => match self.carry_out(effect).await? {
                    Some(seen) => seen,
                    None => return Ok(Ended::Stopped),
                },
            };
            self.learn(&seen).await?;
        }
    }

    /// What follows for others from a step that was committed.
    fn leave_flight(&mut self, before: State) {
        if before.in_flight() && !self.task.row.phase.in_flight() {
            self.followed = None;
            if self.task.row.phase == State::Completed {
                self.learn_duration();
            }
        }
        let held_place = std::mem::replace(&mut self.holds_place, self.task.holds_place());
        if held_place && !self.holds_place {
            self.run.free_place();
        }
    }

    /// Whether the last look shows what the ledger does not have and somebody may want to know.
    fn shows_news(&self) -> bool {
        let (look, kept) = (&self.task.look, &self.kept);
        let gained = look.progress.unwrap_or(0.0) - kept.progress.unwrap_or(0.0);
        look.status != kept.status || gained >= WORTH_KEEPING
    }

    async fn facts(&self, drafts: Drafts, seen: &Observation) -> Result<Facts, Failure> {
        let context = &self.run.context;
        let decides = matches!(seen, Observation::Looked(_))
            && matches!(self.task.row.phase, State::StartDoubt | State::StartRefused);
        let evidence = &self.run.evidence;
        let doubt = self.task.row.sent.filter(|_| decides);
        Ok(Facts {
            now: context.clock.now(),
            settle: context.timing.settle,
            glance: context.timing.poll.first,
            drafts,
            bills_shown: decides && self.bills().await? == Bills::Shown,
            later_ran_within: doubt.and_then(|doubt| evidence.later_ran_within(doubt)),
            goal: self.run.conduct.goal,
        })
    }

    /// A start may wait long for a place, or be held back. What was learned of the draft is
    /// written before that: a crash meanwhile must not forget the job.
    async fn keep_draft(&mut self, start: &Row) -> Result<Commit, Failure> {
        let known =
            matches!(self.task.row.phase, State::CreateSent | State::CreateDoubt | State::Draft);
        let draft = Row { phase: State::Draft, starts: start.starts - 1, ..start.clone() };
        if !known || draft == (Row { sent: draft.sent, ..self.task.row.clone() }) {
            return Ok(Commit::Written);
        }
        self.task.row = draft;
        let (task, answered) = (self.task.clone(), self.answered.take());
        self.run
            .context
            .ledger(move |ledger, owner| ledger.commit(owner, &task, "draft", answered.as_deref()))
            .await
    }

    /// Whether this effect may not be begun. Rows and looks after an answer are never held back: what
    /// was learned is written.
    fn is_held(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Upload | Effect::Create | Effect::Start => self.run.starts_held(),
            Effect::Search => self.run.held(),
            _ => false,
        }
    }

    /// Waits for `work`, unless the run was stopped: what is not started yet ends with a stop of
    /// starts, and a job that may run with a stop of everything.
    pub(super) async fn unless_held<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        if self.task.row.phase.in_flight() || self.task.row.phase.is_settled() {
            self.run.unless_held(work).await
        } else {
            self.run.unless_starts_held(work).await
        }
    }

    /// Whether a failure is part of an outage, which is waited for: the run as a whole ends when
    /// that takes too long.
    pub(super) fn waits_out(&self, failure: &Failure) -> bool {
        !self.only_glance && self.run.is_outage(failure)
    }

    async fn commit(
        &mut self,
        effect: &Effect,
        before: State,
        alone: bool,
    ) -> Result<Commit, Failure> {
        self.kept = self.task.look.clone();
        if *effect == Effect::Create {
            self.task.sent_at = self.run.context.clock.wall();
        }
        if *effect == Effect::Create && alone {
            return self.run.commit_lone_create(&self.task, self.answered.take()).await;
        }
        if *effect == Effect::Start {
            self.run.context.phase(&self.item, Phase::Queue);
            let mut task = self.task.clone();
            let on_retry = self.on_retry();
            let (started, leave) =
                self.run.commit_start(&mut task, before.in_flight(), &self.call(&on_retry)).await?;
            self.task = task;
            self.leave = leave;
            return match started {
                Started::Committed => Ok(Commit::Written),
                Started::Lost => Ok(Commit::Lost),
                Started::OverBudget { spent, wanted } => {
                    Err(over_budget(&self.task, spent, wanted, self.run.conduct.max_credits))
                }
                Started::AtCap => Err(super::context::interrupted()),
            };
        }
        let (task, note) = (self.task.clone(), note(effect));
        let failed = || task.row.failure.as_ref().and_then(|failure| failure.request_id.clone());
        let request_id = self.answered.take().or_else(failed);
        let commit = move |ledger: &crate::ledger::Ledger, owner: &crate::ledger::Owner| {
            ledger.commit(owner, &task, &note, request_id.as_deref())
        };
        self.run.context.ledger(commit).await
    }

    async fn wait(&self, until: crate::model::Instant) -> Result<(), Failure> {
        let context = &self.run.context;
        let wait = until.since(context.clock.now());
        if wait > Duration::from_secs(1) {
            context.phase(&self.item, Phase::Queue);
        }
        self.unless_held(tokio::time::sleep(wait)).await
    }

    pub(super) async fn back_off(&mut self, failure: Failure) -> Result<(), Failure> {
        self.unless_held(std::future::ready(())).await?;
        self.refusals += 1;
        let wait = self.run.back_off(&failure, self.refusals)?;
        self.run.context.tell(&self.item, ItemEvent::Retry { failure, wait });
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
                self.run.good();
            }
            Observation::Uploaded { .. } => self.run.good(),
            _ => {}
        }
        let Some(job) = self.task.row.job.clone() else { return Ok(()) };
        match (seen, self.started_at) {
            (Observation::Started, _) => {
                self.started_at = self.task.row.sent;
                let at = self.started_at.unwrap_or_else(|| self.run.context.clock.now());
                self.run.evidence.started(&job, at);
            }
            (Observation::Looked(look), Some(_)) => self.learn_from_started(&job, look).await?,
            _ => {}
        }
        Ok(())
    }

    /// A look at a job whose start got a clear answer tells how other started jobs look.
    async fn learn_from_started(&self, job: &JobId, look: &Look) -> Result<(), Failure> {
        if matches!(look.status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed) {
            self.run.evidence.runs(job, self.run.context.clock.now());
            return Ok(());
        }
        // A list may leave the bill out.
        if look.listed && !look.billed {
            return Ok(());
        }
        let seen = if look.billed { Bills::Shown } else { Bills::Hidden };
        let known = self.bills().await?;
        if known != Bills::Hidden && known != seen {
            let key = self.run.context.key.clone();
            self.run.context.ledger(move |ledger, _| ledger.learn_bills(&key, seen)).await?;
        }
        Ok(())
    }

    async fn bills(&self) -> Result<Bills, Failure> {
        let key = self.run.context.key.clone();
        self.run.context.ledger(move |ledger, _| ledger.bills(&key)).await
    }

    async fn learn_drafts(&self, learned: Drafts) -> Result<(), Failure> {
        if learned == Drafts::Ignored {
            self.run.context.notice(
                Level::Warning,
                "the service started a job that was made as a draft; jobs are made one at a time",
            );
        }
        let key = self.run.context.key.clone();
        self.run.context.ledger(move |ledger, _| ledger.learn_drafts(&key, learned)).await
    }
}

/// Whether a start was sent, or the draft ran by itself.
fn is_started(task: &Task) -> bool {
    task.row.starts > 0 || task.row.draft == DraftSeen::Started
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
    task: &Task,
    spent: crate::model::Credits,
    wanted: Option<crate::model::Credits>,
    max: Option<crate::model::Credits>,
) -> Failure {
    let max = max.unwrap_or_default();
    let why = match wanted {
        Some(wanted) if task.work.estimate.is_none() && task.look.seconds.is_none() => format!(
            "{spent} credits are started or in doubt; the length of the next input is not known, so \
             that it may cost up to {wanted}, by its size and the 500 MB that the service takes at \
             most: that would pass the bound of {max}"
        ),
        Some(wanted) => format!(
            "{spent} credits are started or in doubt, {wanted} more would pass the bound of {max}"
        ),
        None => format!("the service names no price for its model, and the bound is {max} credits"),
    };
    Failure::new(FailureKind::BudgetReached, "--max-credits", why)
}
