//! Random schedules for several items that share a key, and what is known of its drafts.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rbgv::flow::state_machine::step;
use rbgv::ledger::{AttemptStatus, DraftSupport};

use crate::checks::{Ends, broken, comes_to_an_end};
use crate::moves::{Action, Deed, Model, Rules};
use crate::rules;
use crate::server::{DraftRule, Evidence, Server, StartRule};
use crate::world::{Budget, Driver, Task, World};

const ITEMS: usize = 3;

/// One event in this many may be a misfortune.
const LUCK: usize = 7;

/// More than the exhaustive search can afford.
const PLENTY: Budget = Budget {
    all: 10,
    losses: 4,
    crashes: 3,
    delays: 6,
    repeats: 3,
    troubles: 4,
    failovers: 0,
    adoptions: 2,
    overdue: 0,
    doubled: 0,
};

fn servers() -> impl Strategy<Value = Server> {
    let starts = select(vec![StartRule::OnlyDrafts, StartRule::AlsoFailed, StartRule::Everything]);
    let drafts = select(DraftRule::ALL.to_vec());
    let evidence = select(vec![Evidence::Absent, Evidence::LaterRan, Evidence::LaterCharged]);
    (starts, drafts, any::<bool>(), any::<bool>(), evidence).prop_map(
        |(starts, drafts, echoes_metadata, shows_bills, evidence)| Server {
            drafts,
            echoes_metadata,
            shows_bills,
            evidence,
            ..Server::with_starts(starts)
        },
    )
}

/// Which of the things that may happen does, each time.
fn schedules() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..250)
}

/// What schedules brought about, so that a test can tell whether they were any good.
#[derive(Default)]
struct Tally {
    runs: usize,
    all_completed: usize,
    create_held_back: usize,
    created_side_by_side: usize,
    learned_from_another: usize,
    settled_in_doubt: usize,
}

impl Tally {
    fn note(&mut self, before: &World<ITEMS>, after: &World<ITEMS>, action: Action) {
        let about_to_create = |driver| matches!(driver, Driver::About { task: Task::Create, .. });
        let waits = |(index, item): (usize, &crate::world::Item)| {
            about_to_create(item.driver) && after.create_waits(index)
        };
        self.create_held_back += usize::from(after.items.iter().enumerate().any(waits));
        let creating = after
            .items
            .iter()
            .filter(|item| matches!(item.driver, Driver::Awaiting { task: Task::Create, .. }));
        self.created_side_by_side += usize::from(creating.count() > 1);
        let Action::Item(index, Deed::Break | Deed::LoseRequest | Deed::Resume(_)) = action else {
            return;
        };
        let (was, is) = (&before.items[index].row, &after.items[index].row);
        // A lost create is repeated at once because another item's create came back as a draft.
        let taught = was.phase == AttemptStatus::CreateSent && is.phase == AttemptStatus::Ready;
        self.learned_from_another += usize::from(taught && was.creates == 1);
        self.settled_in_doubt += usize::from(is.phase == AttemptStatus::StartDoubt);
    }
}

/// Runs a schedule, then everything to its end.
fn play(model: &Model, schedule: &[u16], tally: &mut Tally) -> Result<World<ITEMS>, TestCaseError> {
    let mut world = World::<ITEMS>::new(DraftSupport::Unknown, PLENTY);
    let mut actions = Vec::new();
    tally.runs += 1;
    for &choice in schedule {
        model.enabled(&world, &mut actions);
        if usize::from(choice) % LUCK != 0 {
            actions.retain(|action| !model.is_misfortune(&world, *action));
        }
        if actions.is_empty() {
            continue;
        }
        let action = actions[usize::from(choice) / LUCK % actions.len()];
        actions.clear();
        let (next, fed) = model.apply(&world, action);
        if let Some(promise) = broken(model, &next, fed.as_ref()) {
            return Err(TestCaseError::fail(format!("{promise:?} by {action:?} in {world:#?}")));
        }
        tally.note(&world, &next, action);
        world = next;
    }
    if !comes_to_an_end(model, &world, &mut Ends::default()) {
        return Err(TestCaseError::fail(format!("lost: {world:#?}")));
    }
    let completed = world.items.iter().all(|item| item.row.phase == AttemptStatus::Completed);
    tally.all_completed += usize::from(completed);
    Ok(world)
}

proptest! {
    #![proptest_config(Config { cases: 2_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn several_items_are_billed_once_each_and_none_is_lost(
        server in servers(),
        schedule in schedules(),
    ) {
        play(&Model::new(server, step), &schedule, &mut Tally::default())?;
    }
}

/// The same schedules every time: what they must have brought about, and which mistakes they must
/// have found.
fn fixed(rules: Rules, drafts: DraftRule) -> (bool, Tally) {
    let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let tally = RefCell::new(Tally::default());
    let server = Server { drafts, ..Server::with_starts(StartRule::Everything) };
    let result = runner.run(&schedules(), |schedule| {
        play(&Model::new(server, rules), &schedule, &mut tally.borrow_mut()).map(|_| ())
    });
    (result.is_ok(), tally.into_inner())
}

#[test]
fn random_schedules_bring_about_what_matters() {
    let (held, tally) = fixed(step, DraftRule::ShownCreated);
    assert!(held);
    println!(
        "{} runs: {} completed whole, {} creates held back, {} side by side, {} taught, {} in doubt",
        tally.runs,
        tally.all_completed,
        tally.create_held_back,
        tally.created_side_by_side,
        tally.learned_from_another,
        tally.settled_in_doubt,
    );
    assert!(tally.all_completed > 100);
    assert!(tally.create_held_back > 100);
    assert!(tally.created_side_by_side > 100);
    assert!(tally.learned_from_another > 10);
    assert!(tally.settled_in_doubt > 100);
}

#[test]
fn random_schedules_find_mistakes() {
    for (name, rules, drafts) in [
        ("blind retry", rules::retries_blindly as Rules, DraftRule::ShownCreated),
        ("no settling", rules::polls_but_does_not_settle, DraftRule::ShownCreated),
        ("restart", rules::restarts_a_failed_job, DraftRule::ShownCreated),
        ("blind trust", rules::trusts_drafts_unseen, DraftRule::RunsProcessing),
        ("endless settling", rules::never_stops_settling, DraftRule::ShownCreated),
    ] {
        let (held, tally) = fixed(rules, drafts);
        assert!(!held, "{name} was not found in {} runs", tally.runs);
    }
}
