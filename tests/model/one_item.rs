//! Everything that can happen to one item, against each behaviour of the service; and the proof
//! that such a search can fail.

use std::collections::BTreeSet;

use rbgv::flow::state_machine::{
    Effect, Goal, JobSnapshot, Observation, SearchResult, Step, StepContext, step,
};
use rbgv::ledger::{AttemptState, AttemptStatus, DraftSupport};
use rbgv::model::{Execution, FailureKind, JobStatus};

use crate::checks::Broken;
use crate::moves::{Model, Rules};
use crate::row_key::{GLANCE, NOW, SETTLE, failure, job_id, ticks};
use crate::rules::{self, Fence};
use crate::search::{ALL_EFFECTS, ALL_SEEN, Coverage, Searched, search};
use crate::server::{DraftRule, Evidence, Server, StartRule};
use crate::tell::tell;
use crate::world::{Budget, World};

/// Any three misfortunes.
const THREE: Budget = Budget {
    all: 3,
    losses: 3,
    crashes: 3,
    delays: 3,
    repeats: 1,
    troubles: 2,
    failovers: 0,
    adoptions: 0,
    overdue: 0,
    doubled: 0,
};

/// Any two.
const TWO: Budget = Budget { all: 2, ..THREE };

/// A fail-over that loses up to four commits, and any two others.
const FORGETS: Budget = Budget { failovers: 1, ..THREE };

/// Attempts that are adopted while their processes are alive, and any others: three together.
const ADOPTED: Budget = Budget { adoptions: 2, ..THREE };

/// Three starts are lost, and the user says that the job runs.
const MISTAKEN: Budget = Budget { all: 4, losses: 3, troubles: 1, ..Budget::NONE };

/// Searches, and fails with the story if a promise is broken, or if the search was smaller than
/// `floor` worlds: then it is the search that is broken.
fn holds(model: &Model, drafts: DraftSupport, budget: Budget, floor: usize) -> Searched {
    let searched = search(model, drafts, budget);
    println!(
        "{:?}, drafts {drafts:?}: {} worlds, {} events",
        model.server, searched.states, searched.events
    );
    if let Some((promise, story)) = &searched.broken {
        panic!("{promise:?}\n{}", tell(model, &World::new(drafts, budget), story));
    }
    assert!(searched.states >= floor, "only {} worlds", searched.states);
    searched
}

#[test]
fn a_service_that_starts_only_drafts_bills_once() {
    let server = Server::with_starts(StartRule::OnlyDrafts);
    holds(&Model::new(server, step), DraftSupport::Unknown, THREE, 200_000);
    let silent = Server { echoes_metadata: false, ..server };
    holds(&Model::new(silent, step), DraftSupport::Unknown, TWO, 30_000);
}

#[test]
fn a_service_that_restarts_failed_jobs_bills_once() {
    let server = Server::with_starts(StartRule::AlsoFailed);
    holds(&Model::new(server, step), DraftSupport::Unknown, THREE, 200_000);
    let pending = Server { drafts: DraftRule::ShownPending, ..server };
    holds(&Model::new(pending, step), DraftSupport::Unknown, THREE, 100_000);
}

#[test]
fn a_service_that_runs_every_start_bills_once() {
    let server = Server::with_starts(StartRule::Everything);
    holds(&Model::new(server, step), DraftSupport::Unknown, THREE, 200_000);
    holds(&Model::new(server, step), DraftSupport::Supported, THREE, 200_000);
    let odd = Server { drafts: DraftRule::ShownOddly, ..server };
    holds(&Model::new(odd, step), DraftSupport::Unknown, TWO, 30_000);
}

/// Whatever tells a started job from a draft, where the state does not.
#[test]
fn a_service_that_shows_drafts_as_pending_bills_once() {
    for starts in [StartRule::OnlyDrafts, StartRule::Everything] {
        let server = Server { drafts: DraftRule::ShownPending, ..Server::with_starts(starts) };
        let billing = Server { shows_bills: true, ..server };
        holds(&Model::new(billing, step), DraftSupport::Supported, TWO, 30_000);
        for evidence in [Evidence::Absent, Evidence::LaterRan, Evidence::LaterCharged] {
            let server = Server { evidence, ..server };
            for drafts in [DraftSupport::Unknown, DraftSupport::Supported] {
                holds(&Model::new(server, step), drafts, TWO, 30_000);
            }
        }
    }
    let server = Server {
        drafts: DraftRule::ShownPending,
        evidence: Evidence::LaterRan,
        ..Server::with_starts(StartRule::Everything)
    };
    holds(&Model::new(server, step), DraftSupport::Supported, THREE, 100_000);
}

#[test]
fn a_service_that_ignores_auto_start_bills_once() {
    for starts in [StartRule::OnlyDrafts, StartRule::Everything] {
        let running = Server { drafts: DraftRule::RunsProcessing, ..Server::with_starts(starts) };
        holds(&Model::new(running, step), DraftSupport::Unknown, THREE, 50_000);
    }
    for starts in [StartRule::OnlyDrafts, StartRule::AlsoFailed, StartRule::Everything] {
        let waiting = Server { drafts: DraftRule::RunsPending, ..Server::with_starts(starts) };
        holds(&Model::new(waiting, step), DraftSupport::Unknown, TWO, 30_000);
        let silent = Server { echoes_metadata: false, ..waiting };
        holds(&Model::new(silent, step), DraftSupport::Unknown, TWO, 30_000);
    }
}

#[test]
fn runs_that_stop_at_a_draft_or_a_start_can_be_resumed() {
    let server = Server::with_starts(StartRule::Everything);
    let model = Model { goals: true, ..Model::new(server, step) };
    holds(&model, DraftSupport::Unknown, TWO, 100_000);
}

/// Many misfortunes of one kind reach what a mixture of three does not.
#[test]
fn long_rows_of_one_misfortune_bill_once() {
    let none = Budget { all: 6, ..Budget::NONE };
    for row in [
        Budget { losses: 6, ..none },
        Budget { crashes: 6, ..none },
        Budget { losses: 4, delays: 2, ..none },
        Budget { crashes: 4, delays: 2, ..none },
        Budget { repeats: 3, delays: 2, losses: 1, ..none },
        MISTAKEN,
    ] {
        for drafts in [DraftSupport::Unknown, DraftSupport::Supported] {
            let server = Server::with_starts(StartRule::Everything);
            holds(&Model::new(server, step), drafts, row, 1_000);
        }
    }
}

/// Services that differ in how a started job is told from a draft.
fn unlike_services() -> [Server; 4] {
    let server = Server::with_starts(StartRule::Everything);
    [
        server,
        Server { drafts: DraftRule::ShownPending, evidence: Evidence::LaterRan, ..server },
        Server { drafts: DraftRule::RunsProcessing, ..server },
        Server { drafts: DraftRule::RunsPending, ..server },
    ]
}

#[test]
fn a_ledger_that_forgets_its_last_commits_bills_once() {
    for server in unlike_services() {
        holds(&Model::new(server, step), DraftSupport::Unknown, FORGETS, 100_000);
        if server.keeps_drafts() {
            let fewer = Budget { all: 2, ..FORGETS };
            holds(&Model::new(server, step), DraftSupport::Supported, fewer, 50_000);
        }
    }
}

#[test]
fn an_attempt_that_is_adopted_while_its_process_is_alive_is_billed_once() {
    for server in unlike_services() {
        holds(&Model::new(server, step), DraftSupport::Unknown, ADOPTED, 100_000);
    }
}

/// Any four misfortunes, against every variant: some thirty million worlds.
#[test]
#[ignore = "takes a minute or more: cargo test --test model -- --ignored"]
fn any_four_misfortunes_bill_once() {
    let four = Budget { all: 4, troubles: 4, repeats: 2, ..THREE };
    for starts in [StartRule::OnlyDrafts, StartRule::AlsoFailed, StartRule::Everything] {
        for drafts in DraftRule::ALL {
            for echoes_metadata in [true, false] {
                let server = Server { drafts, echoes_metadata, ..Server::with_starts(starts) };
                holds(&Model::new(server, step), DraftSupport::Unknown, four, 300_000);
            }
        }
        let server = Server::with_starts(starts);
        holds(&Model::new(server, step), DraftSupport::Supported, four, 300_000);
    }
    for server in unlike_services().into_iter().filter(|server| server.keeps_drafts()) {
        holds(&Model::new(server, step), DraftSupport::Supported, FORGETS, 300_000);
    }
}

/// What a search with two misfortunes, over services that differ most, has seen.
fn broad_coverage() -> Coverage {
    let mut coverage = Coverage::default();
    let everything = Server::with_starts(StartRule::Everything);
    let waiting =
        Server { drafts: DraftRule::RunsPending, ..Server::with_starts(StartRule::OnlyDrafts) };
    let pending =
        Server { drafts: DraftRule::ShownPending, evidence: Evidence::LaterCharged, ..everything };
    let running = Server { drafts: DraftRule::RunsProcessing, ..everything };
    for server in [everything, pending, running, waiting] {
        let model = Model { goals: true, ..Model::new(server, step) };
        coverage.merge(&search(&model, DraftSupport::Unknown, TWO).coverage);
    }
    let model = Model::new(everything, step);
    for budget in [TWO, MISTAKEN] {
        coverage.merge(&search(&model, DraftSupport::Supported, budget).coverage);
    }
    coverage
}

#[test]
fn the_search_meets_every_phase_observation_and_effect() {
    let coverage = broad_coverage();
    let phases: BTreeSet<AttemptStatus> =
        coverage.edges().into_iter().flat_map(|(from, to)| [from, to]).collect();
    assert_eq!(phases, AttemptStatus::ALL.iter().copied().collect());
    assert_eq!(coverage.seen(), BTreeSet::from(ALL_SEEN));
    assert_eq!(coverage.effects(), BTreeSet::from(ALL_EFFECTS));
}

/// The arrows of the diagram: `    from --> to: why`.
fn drawn() -> BTreeSet<(AttemptStatus, AttemptStatus)> {
    let phase = |word: &str| AttemptStatus::parse(word.trim()).expect("the name of a phase");
    include_str!("../../docs/architecture.md")
        .lines()
        .filter_map(|line| line.split(':').next()?.split_once("-->"))
        .filter(|(from, to)| !from.contains("[*]") && !to.contains("[*]"))
        .map(|(from, to)| (phase(from), phase(to)))
        .collect()
}

#[test]
fn the_drawing_shows_the_steps_that_the_search_meets_and_no_others() {
    let met = broad_coverage().edges();
    let moved: BTreeSet<_> = met.into_iter().filter(|(from, to)| from != to).collect();
    let words = |edges: Vec<&(AttemptStatus, AttemptStatus)>| -> Vec<String> {
        edges.iter().map(|(a, b)| format!("{} --> {}", a.as_str(), b.as_str())).collect()
    };
    let drawn = drawn();
    assert_eq!(words(moved.difference(&drawn).collect()), Vec::<String>::new(), "not drawn");
    assert_eq!(words(drawn.difference(&moved).collect()), Vec::<String>::new(), "not met");
}

/// Only a decision of the user changes a settled row.
#[test]
fn settled_rows_stay_as_they_are() {
    for phase in AttemptStatus::ALL.iter().copied().filter(|phase| phase.is_settled()) {
        let row = AttemptState { status: phase, job: Some(job_id(0)), ..AttemptState::planned() };
        for seen in unasked() {
            let facts = facts(DraftSupport::Unknown);
            let next = step(row.clone(), seen.clone(), &facts);
            let same = Step { state: row.clone(), effect: Effect::Done, learned: None };
            assert_eq!(next, same, "{seen:?}");
        }
    }
}

fn facts(drafts: DraftSupport) -> StepContext {
    StepContext {
        now: NOW,
        settle: ticks(SETTLE),
        poll_interval: ticks(GLANCE),
        drafts,
        bills_shown: false,
        later_ran_within: None,
        goal: Goal::Finish,
    }
}

/// Killed runs say nothing about the service, so they use up none of the repeats of a create;
/// answers that were lost within one run do.
#[test]
fn a_run_repeats_creates_however_many_runs_were_killed_before() {
    let facts = facts(DraftSupport::Supported);
    let mut row = AttemptState { status: AttemptStatus::Ready, ..AttemptState::planned() };
    let mut send = |seen| {
        let next = step(row.clone(), seen, &facts);
        row = next.state;
        next.effect
    };
    for killed in 0..10 {
        assert_eq!(send(Observation::TimerFired), Effect::Create, "after {killed} killed runs");
        assert!(matches!(send(Observation::Resumed), Effect::BackOff(_)), "{killed} killed runs");
    }

    let lost = || Observation::CreateFailed(failure(FailureKind::TimedOut, Execution::Ambiguous));
    for repeat in 1..=2 {
        assert_eq!(send(Observation::TimerFired), Effect::Create, "repeat {repeat}");
        assert!(matches!(send(lost()), Effect::BackOff(_)), "repeat {repeat}");
    }
    assert_eq!(send(Observation::TimerFired), Effect::Create);
    assert!(matches!(send(lost()), Effect::Suspend(_)));
    assert_eq!(row.orphan_count, 13);
}

/// One observation of each kind that no user has asked for.
fn unasked() -> Vec<Observation> {
    let why = || failure(FailureKind::Broken, Execution::Ambiguous);
    let status = JobStatus::Failed;
    let snapshot = JobSnapshot {
        requested_at: NOW,
        status,
        billed: true,
        progress: None,
        listed: false,
        has_output: false,
        error: None,
    };
    vec![
        Observation::Resumed,
        Observation::TimerFired,
        Observation::Uploaded { url: String::new(), reused: false },
        Observation::Created { job: job_id(1), status: Some(JobStatus::Created) },
        Observation::CreateFailed(why()),
        Observation::Searched { requested_at: NOW, found: SearchResult::Nothing },
        Observation::Started,
        Observation::StartFailed(why()),
        Observation::StartStale,
        Observation::Polled(snapshot),
        Observation::JobUnknown(why()),
        Observation::Usage { requested_at: NOW, charged: false, later_charged: true },
        Observation::CallFailed(why()),
        Observation::InputFailed(why()),
    ]
}

/// Each mistake, where it shows, and the promise that it breaks first.
#[test]
fn the_search_finds_every_mistake() {
    use Broken as B;
    use DraftRule as D;
    let table: [(&str, Rules, DraftRule, B); 19] = [
        ("blind retry", rules::retries_blindly, D::ShownCreated, B::BilledTwice),
        ("no settling", rules::polls_but_does_not_settle, D::ShownCreated, B::BilledTwice),
        ("from the commit", rules::settles_from_the_commit, D::ShownCreated, B::BilledTwice),
        ("old look", rules::decides_by_an_old_poll, D::ShownCreated, B::BilledTwice),
        ("late record", rules::records_after_acting, D::ShownCreated, B::BilledTwice),
        ("silence is no", rules::takes_silence_for_no, D::ShownCreated, B::HiddenBill),
        ("early judgement", rules::judges_a_refusal_too_early, D::ShownCreated, B::HiddenBill),
        ("restart", rules::restarts_a_failed_job, D::ShownCreated, B::BilledTwice),
        ("unseen", rules::starts_again_unseen, D::ShownCreated, B::BilledTwice),
        ("remade", rules::remakes_what_may_have_run, D::ShownCreated, B::BilledTwice),
        ("hasty", rules::does_not_wait_for_the_overtaken, D::ShownPending, B::BilledTwice),
        ("pending is draft", rules::takes_pending_for_a_draft, D::ShownPending, B::BilledTwice),
        ("no time to show", rules::starts_pending_at_once, D::RunsPending, B::BilledTwice),
        ("blind trust", rules::trusts_drafts_unseen, D::RunsProcessing, B::BilledTwice),
        ("early search", rules::searches_too_early, D::RunsProcessing, B::BilledTwice),
        ("endless settling", rules::never_stops_settling, D::ShownCreated, B::Lost),
        ("deaf", rules::does_not_hear_that_it_is_over, D::ShownCreated, B::SentAfterGivingUp),
        ("early joy", rules::celebrates_too_early, D::ShownCreated, B::FalselyDone),
        ("no orphans", rules::counts_no_orphans, D::ShownCreated, B::UncountedOrphan),
    ];
    for (name, rules, drafts, promise) in table {
        let evidence = match drafts {
            D::ShownPending => Evidence::LaterRan,
            _ => Evidence::Absent,
        };
        let server = Server { drafts, evidence, ..Server::with_starts(StartRule::Everything) };
        let model = Model { only: Some(promise), ..Model::new(server, rules) };
        let known = if promise == B::UncountedOrphan {
            DraftSupport::Supported
        } else {
            DraftSupport::Unknown
        };
        let searched = search(&model, known, THREE);
        let (found, story) = searched.broken.unwrap_or_else(|| panic!("{name}: not found"));
        assert_eq!(found, promise, "{name}");
        println!("{name}\n{}", tell(&model, &World::new(known, THREE), &story));
    }
}

/// The same of mistakes that are not in the rules but in what keeps a shared ledger's promises.
#[test]
fn the_search_finds_every_mistake_about_a_shared_ledger() {
    let everything = Server::with_starts(StartRule::Everything);
    let only_drafts = Server::with_starts(StartRule::OnlyDrafts);
    let model = |server| Model { only: Some(Broken::BilledTwice), ..Model::new(server, step) };
    let pending =
        Server { drafts: DraftRule::ShownPending, evidence: Evidence::LaterRan, ..everything };
    let running = Server { drafts: DraftRule::RunsProcessing, ..everything };
    for (name, model, drafts, budget) in [
        (
            "no comparison after a fail-over",
            Model { compare: rules::compares_nothing, ..model(everything) },
            DraftSupport::Unknown,
            FORGETS,
        ),
        (
            "comparison while requests are in flight",
            Model { compare_after: 0, ..model(everything) },
            DraftSupport::Unknown,
            Budget { troubles: 0, ..FORGETS },
        ),
        (
            "the first of several jobs is followed",
            Model { compare: rules::follows_the_first_job, ..model(pending) },
            DraftSupport::Supported,
            FORGETS,
        ),
        (
            "jobs without a row are left alone",
            Model { restore: rules::restores_nothing, ..model(only_drafts) },
            DraftSupport::Supported,
            FORGETS,
        ),
        (
            "jobs without a row are restored only if they certainly run",
            Model { restore: rules::restores_running_jobs_only, ..model(pending) },
            DraftSupport::Supported,
            FORGETS,
        ),
        (
            "a create is sent although the attempt was adopted",
            Model { fence: Fence::Age, ..model(running) },
            DraftSupport::Unknown,
            ADOPTED,
        ),
    ] {
        let searched = search(&model, drafts, budget);
        let (_, story) = searched.broken.unwrap_or_else(|| panic!("{name}: not found"));
        println!("{name}\n{}", tell(&model, &World::new(drafts, budget), &story));
    }
}
