//! Breadth-first search of everything that can happen to one item, with the shortest way to each
//! world.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rbgv::flow::state_machine::{Effect, Observation, SearchResult};
use rbgv::ledger::{AttemptStatus, DraftSupport};
use rbgv::model::Execution;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::checks::{Broken, Ends, broken, comes_to_an_end};
use crate::moves::{Action, Fed, Model};
use crate::world::{Budget, World};

/// How each world was first reached: from which, by what.
type Worlds = IndexMap<World<1>, (u32, Action), FxBuildHasher>;

/// What a search saw.
pub(crate) struct Searched {
    /// Worlds.
    pub(crate) states: usize,
    /// Events tried, those that led to a world already known included.
    pub(crate) events: usize,
    pub(crate) coverage: Coverage,
    /// The first broken promise, and the shortest story that breaks it.
    pub(crate) broken: Option<(Broken, Vec<Action>)>,
}

/// How often the rules were fed and answered with what.
#[derive(Default)]
pub(crate) struct Coverage {
    steps: FxHashMap<(AttemptStatus, &'static str, AttemptStatus, &'static str), usize>,
}

impl Coverage {
    fn add(&mut self, fed: &Fed) {
        let (seen, effect) = (seen_word(&fed.seen), effect_word(&fed.effect));
        *self.steps.entry((fed.before, seen, fed.after, effect)).or_default() += 1;
    }

    /// Takes in what another search saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (step, times) in &other.steps {
            *self.steps.entry(*step).or_default() += times;
        }
    }

    /// The observation given to the rules.
    pub(crate) fn seen(&self) -> BTreeSet<&'static str> {
        self.steps.keys().map(|step| step.1).collect()
    }

    /// What the rules wanted.
    pub(crate) fn effects(&self) -> BTreeSet<&'static str> {
        self.steps.keys().map(|step| step.3).collect()
    }

    /// Which phase followed on which.
    pub(crate) fn edges(&self) -> BTreeSet<(AttemptStatus, AttemptStatus)> {
        self.steps.keys().map(|step| (step.0, step.2)).collect()
    }
}

/// Searches everything that can happen to one item within `budget`, until a promise is broken.
pub(crate) fn search(model: &Model, drafts: DraftSupport, budget: Budget) -> Searched {
    let mut worlds = Worlds::default();
    let mut ends = Ends::default();
    let mut coverage = Coverage::default();
    let mut actions = Vec::new();
    let mut events = 0;
    worlds.insert(World::new(drafts, budget), (0, Action::Tick));
    let mut at = 0;
    let mut found = None;
    'search: while let Some((&world, _)) = worlds.get_index(at) {
        model.enabled(&world, &mut actions);
        for action in actions.drain(..) {
            let (next, fed) = model.apply(&world, action);
            events += 1;
            if let Some(fed) = &fed {
                coverage.add(fed);
            }
            let mut bad = broken(model, &next, fed.as_ref());
            if let Entry::Vacant(place) = worlds.entry(next) {
                let from = u32::try_from(at).expect("fewer worlds than that");
                place.insert((from, action));
                if bad.is_none()
                    && model.heeds(Broken::Lost)
                    && !comes_to_an_end(model, &next, &mut ends)
                {
                    bad = Some(Broken::Lost);
                }
            }
            if let Some(bad) = bad {
                let mut story = story_of(&worlds, at);
                story.push(action);
                found = Some((bad, story));
                break 'search;
            }
        }
        at += 1;
    }
    Searched { states: worlds.len(), events, coverage, broken: found }
}

/// What happened on the way to the world at `index`.
fn story_of(worlds: &Worlds, mut index: usize) -> Vec<Action> {
    let mut story = Vec::new();
    while index > 0 {
        let (from, action) = worlds[index];
        story.push(action);
        index = from as usize;
    }
    story.reverse();
    story
}

/// Every word of [`seen_word`].
pub(crate) const ALL_SEEN: [&str; 23] = [
    "abandoned",
    "accepted",
    "create not executed",
    "create refused",
    "create without answer",
    "created",
    "due",
    "gave up",
    "input failed",
    "job unknown",
    "polled",
    "resumed",
    "search found nothing",
    "search found ours",
    "search unclear",
    "start not executed",
    "start refused",
    "start stale",
    "start without answer",
    "started",
    "upload reused",
    "uploaded",
    "usage",
];

/// Every word of [`effect_word`].
pub(crate) const ALL_EFFECTS: [&str; 11] = [
    "ask usage",
    "back off",
    "create",
    "finish",
    "follow",
    "poll",
    "suspend",
    "search",
    "start",
    "upload",
    "wait",
];

/// The kind of an observation.
pub(crate) fn seen_word(seen: &Observation) -> &'static str {
    let failed = |delivery, words: [&'static str; 3]| match delivery {
        Execution::NotExecuted => words[0],
        Execution::Refused => words[1],
        Execution::Ambiguous => words[2],
    };
    match seen {
        Observation::Resumed => "resumed",
        Observation::TimerFired => "due",
        Observation::Uploaded { reused: false, .. } => "uploaded",
        Observation::Uploaded { reused: true, .. } => "upload reused",
        Observation::Created { .. } => "created",
        Observation::CreateFailed(failure) => failed(
            failure.delivery,
            ["create not executed", "create refused", "create without answer"],
        ),
        Observation::Searched { found: SearchResult::Ours(..), .. } => "search found ours",
        Observation::Searched { found: SearchResult::Nothing, .. } => "search found nothing",
        Observation::Searched { found: SearchResult::Unclear(_), .. } => "search unclear",
        Observation::Started => "started",
        Observation::StartFailed(failure) => failed(
            failure.delivery,
            ["start not executed", "start refused", "start without answer"],
        ),
        Observation::StartStale => "start stale",
        Observation::Polled(_) => "polled",
        Observation::JobUnknown(_) => "job unknown",
        Observation::Usage { .. } => "usage",
        Observation::CallFailed(_) => "gave up",
        Observation::InputFailed(_) => "input failed",
        Observation::Accepted => "accepted",
        Observation::Abandoned => "abandoned",
    }
}

/// The kind of an effect.
pub(crate) fn effect_word(effect: &Effect) -> &'static str {
    match effect {
        Effect::Upload => "upload",
        Effect::Create => "create",
        Effect::Search => "search",
        Effect::Start => "start",
        Effect::Poll => "poll",
        Effect::Follow => "follow",
        Effect::AskUsage => "ask usage",
        Effect::Wait(_) => "wait",
        Effect::BackOff(_) => "back off",
        Effect::Done => "finish",
        Effect::Suspend(_) => "suspend",
    }
}
