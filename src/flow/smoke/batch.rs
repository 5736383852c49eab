//! One batch through the flow, for the smoke test: planned, held against the budget, worked
//! through, with a record of what happened to each item.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::contract::{self, Drift};
use crate::client::Witness;
use crate::flow::context::blocking;
use crate::flow::plan::{Planner, Request};
use crate::flow::protocol::Goal;
use crate::flow::{Conduct, Context, Destination, Dispatch, Named, Run, Selection, Template};
use crate::ledger::BatchId;
use crate::model::event::Output;
use crate::model::{
    Clock, Credits, Event, Failure, FailureKind, Instant, ItemEvent, JobId, JobOptions, JobStatus,
    Observer, Phase, Pricing,
};

/// What is to be done.
pub(super) struct Errand<'a> {
    /// What it works with.
    pub(super) context: &'a Arc<Context>,
    /// Prices of the moment.
    pub(super) pricing: Option<&'a Pricing>,
    /// Files, directories and addresses.
    pub(super) named: Vec<Named>,
    /// Where outputs go.
    pub(super) destination: Destination,
    /// What is wanted of them.
    pub(super) options: &'a JobOptions,
    /// Most credits. With a bound, nothing is begun whose price cannot be told.
    pub(super) budget: Option<Credits>,
    /// Where outputs without a target wait.
    pub(super) spool: PathBuf,
    /// How long all of it may take.
    pub(super) patience: Duration,
    /// Jobs at a time.
    pub(super) in_flight: u32,
}

/// What came of an errand.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// What it was estimated at.
    pub(super) estimate: Credits,
    /// Every item, in the order of its first event.
    pub(super) items: Vec<Item>,
    /// Whether the time was over before the end.
    pub(super) out_of_time: bool,
    /// In what the answers on the way differed from the contract. The states of jobs are told item
    /// by item.
    pub(super) drift: Drift,
}

/// What happened to one item.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// Number in the ledger.
    pub(super) entry: i64,
    /// As the input was named.
    pub(super) name: String,
    /// The phases that it went through, and how long each took.
    pub(super) steps: Vec<(&'static str, Duration)>,
    /// Its job.
    pub(super) job: Option<JobId>,
    /// Its output.
    pub(super) output: Option<Output>,
    /// Why there is none.
    pub(super) failure: Option<Failure>,
    /// Calls that were repeated: why, and after how long.
    pub(super) retries: Vec<(FailureKind, Duration)>,
    /// States that the contract does not know.
    pub(super) unknown_states: Vec<JobStatus>,
}

/// Plans, holds the plan against the budget, and works through it.
///
/// # Errors
/// The plan cannot be made, or is too dear: then nothing was sent.
pub(super) async fn carry_out(errand: Errand<'_>) -> Result<Came, Failure> {
    let record = Arc::new(Record::new(errand.context.clock.clone()));
    let stop = errand.context.stop.child_token();
    let answers: Arc<Mutex<Drift>> = Arc::default();
    let context = Arc::new(apart(errand.context, record.clone(), witness(&answers), stop));
    let conduct = conduct(&errand);
    let request = Request {
        named: errand.named,
        lists: Vec::new(),
        selection: Selection::new(true, &[], &[])?,
        only: None,
        destination: errand.destination,
        template: Template::default(),
        options: errand.options.clone(),
        conduct: conduct.clone(),
        current_dir: errand.spool.clone(),
    };
    let (planning, pricing) = (Arc::clone(&context), errand.pricing.cloned());
    let plan = blocking(move || {
        let planner = Planner {
            ledger: &planning.ledger,
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
    if let Err(refused) = affordable(totals.estimate, totals.unpriced, errand.budget) {
        context.ledger(move |ledger, _| ledger.discard(plan.batch)).await?;
        return Err(refused);
    }
    let out_of_time = work(&context, plan.batch, conduct, errand.spool, errand.patience).await?;
    let drift = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Came { estimate: plan.totals.estimate, items: record.items(), out_of_time, drift })
}

/// Holds every answer against the contract, and puts what differs into `answers`.
pub(super) fn witness(answers: &Arc<Mutex<Drift>>) -> Witness {
    let answers = Arc::clone(answers);
    Arc::new(move |route, raw| {
        let found = contract::answer(route, raw);
        answers.lock().unwrap_or_else(PoisonError::into_inner).add(found);
    })
}

fn conduct(errand: &Errand<'_>) -> Conduct {
    Conduct {
        goal: Goal::Finish,
        in_flight: errand.in_flight,
        max_credits: errand.budget,
        overwrite: true,
        fail_fast: false,
        retry_failed: 0,
        // Each smoke test is a new attempt; one that was left open is gone on with.
        again: true,
    }
}

/// The same context, but with an observer and a witness of its own, and stopped on its own.
fn apart(
    context: &Context,
    observer: Arc<dyn Observer>,
    witness: Witness,
    stop: CancellationToken,
) -> Context {
    Context {
        service: context.service.witnessed(witness),
        ledger: context.ledger.clone(),
        owner: Arc::clone(&context.owner),
        key: context.key.clone(),
        profile: context.profile.clone(),
        clock: context.clock.clone(),
        random: context.random.clone(),
        observer,
        timing: context.timing,
        stop,
        time_is_over: Arc::default(),
        // A smoke test is about one key.
        previous: None,
    }
}

/// Works through a batch; says whether the time for it was over before its end.
async fn work(
    context: &Arc<Context>,
    batch: BatchId,
    conduct: Conduct,
    spool: PathBuf,
    patience: Duration,
) -> Result<bool, Failure> {
    let proven = context.ledger(move |ledger, _| ledger.proven(batch)).await?;
    let run = Arc::new(Run::new(Arc::clone(context), batch, conduct, proven));
    let dispatch = Dispatch::new(run, spool, None);
    let began = context.clock.now();
    let timer = {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            context.end_time();
        })
    };
    let verdict = dispatch.work().await;
    let out_of_time = context.clock.now().since(began) >= patience;
    timer.abort();
    verdict.map(|_| out_of_time)
}

/// Whether a plan stays within the budget.
///
/// # Errors
/// Says by how much it does not.
pub(super) fn affordable(
    estimate: Credits,
    unpriced: usize,
    budget: Option<Credits>,
) -> Result<(), Failure> {
    let Some(budget) = budget else { return Ok(()) };
    let refused = |why: String| {
        Failure::new(FailureKind::BudgetReached, "nothing was started", why)
            .with_next("rbgv smoke-test with a higher --budget, or --only free")
    };
    if unpriced > 0 {
        let why = "the price of a clip cannot be told beforehand, so it may pass the budget";
        return Err(refused(why.to_owned()));
    }
    if estimate.0 > budget.0 {
        return Err(refused(format!(
            "it is estimated at {estimate} credits, the budget is {budget}"
        )));
    }
    Ok(())
}

/// An observer that keeps what happened to each item.
struct Record {
    clock: Arc<dyn Clock>,
    items: Mutex<BTreeMap<i64, Open>>,
    /// Why nothing more was begun: of every item that did not end by itself.
    stopped: Mutex<Option<Failure>>,
}

/// An item that is being worked on.
#[derive(Default)]
struct Open {
    item: Item,
    phase: Option<(Phase, Instant)>,
}

impl Record {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, items: Mutex::default(), stopped: Mutex::default() }
    }

    fn items(&self) -> Vec<Item> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = |open: &Open| {
            let mut item = open.item.clone();
            if item.output.is_none() && item.failure.is_none() {
                item.failure.clone_from(&stopped);
            }
            item
        };
        items.values().map(told).collect()
    }
}

impl Observer for Record {
    fn observe(&self, event: &Event) {
        if let Event::Stopped(failure) = event {
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            *stopped = Some(failure.clone());
        }
        let Event::Item { item, what } = event else { return };
        // Items have no number while they are read for the plan.
        if item.id < 0 {
            return;
        }
        let now = self.clock.now();
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let open = items.entry(item.id).or_default();
        open.item.entry = item.id;
        open.item.name.clone_from(&item.name);
        open.take(what, now);
    }
}

impl Open {
    fn take(&mut self, what: &ItemEvent, now: Instant) {
        let item = &mut self.item;
        match what {
            ItemEvent::Phase(phase) => self.turn(Some(*phase), now),
            ItemEvent::Job(job) => item.job = Some(job.clone()),
            ItemEvent::Progress { status: status @ JobStatus::Other(_), .. }
                if !item.unknown_states.contains(status) =>
            {
                item.unknown_states.push(status.clone());
            }
            ItemEvent::Retry { failure, wait } => item.retries.push((failure.kind, *wait)),
            ItemEvent::Done(output) | ItemEvent::Skipped(output) => {
                item.job = output.job.clone().or(item.job.take());
                item.output = Some(output.clone());
                self.turn(None, now);
            }
            ItemEvent::Failed(failure)
            | ItemEvent::Paused(failure)
            | ItemEvent::Rejected(failure) => {
                item.job = failure.job.clone().or(item.job.take());
                item.failure = Some(failure.clone());
                self.turn(None, now);
            }
            _ => {}
        }
    }

    fn turn(&mut self, next: Option<Phase>, now: Instant) {
        if let Some((phase, since)) = self.phase.take() {
            let took = now.since(since);
            let steps = &mut self.item.steps;
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
    use crate::model::{ItemRef, ManualClock};

    #[test]
    fn plans_above_the_budget_are_refused_before_anything_is_spent() {
        // (estimate, unpriced, budget, goes)
        let table = [
            (2.0, 0, Some(2.0), true),
            (2.1, 0, Some(2.0), false),
            (0.0, 1, Some(9.0), false),
            (99.0, 3, None, true),
        ];
        for (estimate, unpriced, budget, goes) in table {
            let answer = affordable(Credits(estimate), unpriced, budget.map(Credits));
            assert_eq!(answer.is_ok(), goes, "{estimate} {unpriced} {budget:?}");
            if let Err(failure) = answer {
                assert_eq!(failure.kind, FailureKind::BudgetReached);
            }
        }
    }

    #[test]
    fn a_record_adds_phases_up_and_keeps_how_it_ended() {
        let clock = Arc::new(ManualClock::default());
        let record = Record::new(clock.clone());
        let tell = |id, what| {
            let item = ItemRef { id, name: "a".to_owned() };
            record.observe(&Event::Item { item, what });
            clock.advance(Duration::from_millis(10));
        };
        tell(-1, ItemEvent::Phase(Phase::Hash));
        for phase in [Phase::Upload, Phase::Processing, Phase::Download, Phase::Processing] {
            tell(7, ItemEvent::Phase(phase));
        }
        for word in ["archived", "archived", "frozen"] {
            let status = JobStatus::Other(word.to_owned());
            tell(7, ItemEvent::Progress { status, percent: None });
        }
        let job = JobId("j".to_owned());
        tell(7, ItemEvent::Job(job.clone()));
        tell(7, ItemEvent::Failed(Failure::new(FailureKind::JobFailed, "w", "y")));
        let items = record.items();
        assert_eq!(items.len(), 1);
        let steps: Vec<_> =
            items[0].steps.iter().map(|(name, took)| (*name, took.as_millis())).collect();
        assert_eq!(steps, [("uploading", 10), ("processing", 60), ("downloading", 10)]);
        assert_eq!(items[0].unknown_states.len(), 2);
        assert_eq!((items[0].job.clone(), items[0].failure.is_some()), (Some(job), true));
    }
}
