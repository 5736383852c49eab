//! What must hold in every world, and that every world can still end.

use rbgv::flow::state_machine::{Effect, Goal, Observation};
use rbgv::ledger::AttemptStatus;
use rustc_hash::FxHashSet;

use crate::moves::{Action, Deed, Fed, Model};
use crate::server::{Server, State};
use crate::world::{Budget, Item, World};

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// One attempt was billed more than once.
    BilledTwice,
    /// The row is settled and says that nothing can have been billed, but something was.
    HiddenBill,
    /// The row says completed, and its job is not.
    FalselyDone,
    /// More drafts were left behind than the row counts.
    UncountedOrphan,
    /// The driver gave up, and the rules asked for a request that changes the service.
    SentAfterGivingUp,
    /// With a good network and a service that works, the item never ends.
    Lost,
}

/// The first watched promise that `world` breaks; `fed` is what led to it.
pub(crate) fn broken<const N: usize>(
    model: &Model,
    world: &World<N>,
    fed: Option<&Fed>,
) -> Option<Broken> {
    let sent_anyway = fed.is_some_and(|fed| {
        matches!(fed.seen, Observation::CallFailed(_))
            && matches!(fed.effect, Effect::Create | Effect::Start)
    });
    sent_anyway
        .then_some(Broken::SentAfterGivingUp)
        .into_iter()
        .chain(world.items.iter().filter_map(|item| broken_by(model.server, item)))
        .find(|bad| model.heeds(*bad))
}

fn broken_by(server: Server, item: &Item) -> Option<Broken> {
    if item.bills() > 1 {
        return Some(Broken::BilledTwice);
    }
    if item.replaced.is_some() {
        return None;
    }
    if item.row.phase == AttemptStatus::Completed {
        let job = item.row.job.and_then(|job| item.jobs[usize::from(job)]);
        if job.is_none_or(|job| job.state != State::Completed) {
            return Some(Broken::FalselyDone);
        }
    }
    if !item.row.phase.is_settled() || item.wire[0].is_some() {
        return None;
    }
    // Where drafts are not kept, a bill can come from a create in doubt, which rows do not count.
    let ours = item.jobs.iter().flatten().filter(|job| !job.by_another);
    let bills: u8 = ours.map(|job| job.bills).sum();
    if server.keeps_drafts() && bills > 0 && !item.row.row().may_be_billed() {
        return Some(Broken::HiddenBill);
    }
    if item.row.job.is_some() {
        let others = (item.abandoned..)
            .zip(item.jobs.into_iter().skip(item.abandoned.into()))
            .filter(|(index, _)| item.row.job != Some(*index));
        let drafts = others.filter_map(|(_, job)| job).filter(|job| job.state != State::Gone);
        if drafts.count() > usize::from(item.row.orphans) {
            return Some(Broken::UncountedOrphan);
        }
    }
    None
}

/// Worlds from which an end is known to be reached.
pub(crate) type Ends<const N: usize> = FxHashSet<World<N>>;

/// Most events to an end that count as reaching it.
const LONGEST_END: usize = 200;

/// Whether every item of `world` ends once nothing goes wrong any more. Worlds on the
/// way are remembered in `ends`.
pub(crate) fn comes_to_an_end<const N: usize>(
    model: &Model,
    world: &World<N>,
    ends: &mut Ends<N>,
) -> bool {
    let mut now = World { left: Budget::NONE, ..*world };
    let mut way = Vec::new();
    for _ in 0..LONGEST_END * N {
        if ends.contains(&now) || now.items.iter().all(Item::is_over) {
            ends.extend(way);
            return true;
        }
        way.push(now);
        let Some(action) = smooth(model, &now) else { return false };
        now = model.apply(&now, action).0;
    }
    false
}

/// What happens next where nothing goes wrong.
fn smooth<const N: usize>(model: &Model, world: &World<N>) -> Option<Action> {
    let mut actions = Vec::new();
    model.enabled(world, &mut actions);
    actions.into_iter().filter(|action| rank(*action) < NEVER).min_by_key(|action| rank(*action))
}

const NEVER: u8 = u8::MAX;

/// Requests arrive and jobs are processed before any poll; time passes when all are idle.
fn rank(action: Action) -> u8 {
    let Action::Item(_, deed) = action else { return 5 };
    match deed {
        Deed::Arrive { .. } => 0,
        Deed::Work { state: State::Working | State::Completed, .. } => 1,
        Deed::Serve(_) => 2,
        Deed::Receive { .. } => 3,
        Deed::Resume(Goal::Finish)
        | Deed::Upload { .. }
        | Deed::Send
        | Deed::Stale
        | Deed::Compare
        | Deed::Wake => 4,
        _ => NEVER,
    }
}
