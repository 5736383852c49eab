//! What the rules cannot do: outside the assumptions the search must find the second bill. The
//! shortest story of each is in `docs/architecture.md`, exactly as it is found here.

use std::fmt::Write as _;

use rbgv::flow::state_machine::step;
use rbgv::ledger::DraftSupport;

use crate::checks::Broken;
use crate::moves::Model;
use crate::rules::Fence;
use crate::search::{Searched, search};
use crate::server::{DraftRule, Evidence, Server, StartRule};
use crate::tell::tell;
use crate::world::{Budget, World};

const DOCUMENT: &str = include_str!("../../docs/architecture.md");

/// One assumption, given up.
#[derive(Clone, Copy)]
enum Limit {
    /// A request takes `settle` or longer.
    Late,
    /// The network carries a request twice.
    CarriedTwice,
    /// An answer that comes again is taken for that of a later request.
    Confused,
    /// A job that started by itself stays `pending` for as long as it is watched.
    Slow,
    /// Drafts were honoured once, and no longer are.
    Outdated,
    /// A started job waits for longer than jobs that were started later.
    Overtaken,
    /// A start is carried out and answered with 429, and neither state nor bill tells.
    Denied,
    /// A process is suspended between its last check and the first byte, for longer than its lease.
    Suspended,
    /// The service lists jobs without their metadata, and a fail-over loses commits.
    Nameless,
}

impl Limit {
    /// The columns of the table.
    const TABLE: [Self; 7] = [
        Self::Late,
        Self::CarriedTwice,
        Self::Confused,
        Self::Slow,
        Self::Outdated,
        Self::Overtaken,
        Self::Denied,
    ];

    /// As little misfortune as shows it, so that the story has no detours.
    fn least(self) -> Budget {
        let none = Budget { all: 4, ..Budget::NONE };
        match self {
            Self::Late => Budget { losses: 1, delays: 1, overdue: 1, ..none },
            Self::CarriedTwice => Budget { doubled: 1, ..none },
            Self::Confused => Budget { troubles: 1, repeats: 1, ..none },
            Self::Slow => none,
            Self::Outdated | Self::Overtaken => Budget { losses: 1, ..none },
            Self::Denied => Budget { troubles: 1, ..none },
            Self::Suspended => Budget { adoptions: 1, delays: 1, ..none },
            Self::Nameless => Budget { failovers: 1, ..none },
        }
    }

    /// Enough to trust that nothing was found where nothing is found.
    fn ample(self) -> Budget {
        let least = self.least();
        Budget {
            all: 3,
            losses: 2,
            crashes: 2,
            delays: 2,
            troubles: 1,
            repeats: least.repeats,
            failovers: least.failovers,
            adoptions: least.adoptions,
            overdue: least.overdue,
            doubled: least.doubled,
        }
    }

    /// Searches for a second bill.
    fn search(self, mut server: Server, budget: Budget) -> (Model, DraftSupport, Searched) {
        server.prompt = !matches!(self, Self::Slow);
        server.in_order = !matches!(self, Self::Overtaken);
        server.denies = matches!(self, Self::Denied);
        if !server.in_order {
            server.evidence = Evidence::LaterRan;
        }
        server.echoes_metadata = !matches!(self, Self::Nameless);
        let fence = if matches!(self, Self::Suspended) { Fence::Passed } else { Fence::Epoch };
        let model = Model {
            fence,
            confused: matches!(self, Self::Confused),
            only: Some(Broken::BilledTwice),
            ..Model::new(server, step)
        };
        let known = match self {
            Self::Outdated | Self::Overtaken | Self::Denied | Self::Nameless => {
                DraftSupport::Supported
            }
            _ => DraftSupport::Unknown,
        };
        (model, known, search(&model, known, budget))
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::CarriedTwice => "carried twice",
            Self::Confused => "confused",
            Self::Slow => "slow",
            Self::Outdated => "outdated",
            Self::Overtaken => "overtaken",
            Self::Denied => "denied",
            Self::Suspended => "suspended",
            Self::Nameless => "nameless",
        }
    }
}

/// The services of the table: what a row says of them, and what they do.
fn services() -> [(&'static str, Server); 8] {
    let pending = |starts| Server {
        drafts: DraftRule::ShownPending,
        evidence: Evidence::LaterRan,
        ..Server::with_starts(starts)
    };
    let ignores = |starts| Server { drafts: DraftRule::RunsPending, ..Server::with_starts(starts) };
    [
        ("starts only drafts", Server::with_starts(StartRule::OnlyDrafts)),
        ("restarts failed jobs", Server::with_starts(StartRule::AlsoFailed)),
        ("runs every start", Server::with_starts(StartRule::Everything)),
        ("shows drafts as `pending`, starts only drafts", pending(StartRule::OnlyDrafts)),
        ("shows drafts as `pending`, runs every start", pending(StartRule::Everything)),
        ("ignores `auto_start`, starts only drafts", ignores(StartRule::OnlyDrafts)),
        ("ignores `auto_start`, restarts failed jobs", ignores(StartRule::AlsoFailed)),
        ("ignores `auto_start`, runs every start", ignores(StartRule::Everything)),
    ]
}

fn must_be_in_the_document(text: &str) {
    println!("{text}");
    assert!(DOCUMENT.contains(text), "docs/architecture.md must hold this text:\n\n{text}");
}

/// Finds the shortest story of a limit, which the document must contain.
fn documented(limit: Limit, server: Server) {
    let budget = limit.least();
    let (model, known, searched) = limit.search(server, budget);
    let (promise, story) = searched.broken.expect("outside the assumptions, a second bill");
    assert_eq!(promise, Broken::BilledTwice);
    let story = tell(&model, &World::new(known, budget), &story);
    must_be_in_the_document(&format!("```text\n{story}```\n"));
}

#[test]
fn a_start_that_takes_longer_than_settle_is_billed_twice() {
    documented(Limit::Late, Server::with_starts(StartRule::Everything));
}

#[test]
fn a_create_that_takes_longer_than_settle_is_billed_twice_where_it_starts_by_itself() {
    let server =
        Server { drafts: DraftRule::RunsProcessing, ..Server::with_starts(StartRule::OnlyDrafts) };
    documented(Limit::Late, server);
}

#[test]
fn a_start_that_the_network_carries_twice_is_billed_twice() {
    documented(Limit::CarriedTwice, Server::with_starts(StartRule::Everything));
}

#[test]
fn a_create_that_the_network_carries_twice_is_billed_twice_where_it_starts_by_itself() {
    let server =
        Server { drafts: DraftRule::RunsProcessing, ..Server::with_starts(StartRule::OnlyDrafts) };
    documented(Limit::CarriedTwice, server);
}

#[test]
fn an_answer_taken_for_that_of_another_start_is_billed_twice() {
    documented(Limit::Confused, Server::with_starts(StartRule::Everything));
}

#[test]
fn a_job_that_hides_while_it_is_watched_that_it_started_by_itself_is_billed_twice() {
    let server =
        Server { drafts: DraftRule::RunsPending, ..Server::with_starts(StartRule::Everything) };
    documented(Limit::Slow, server);
}

#[test]
fn a_lost_create_is_billed_twice_where_drafts_are_no_longer_honoured() {
    let server =
        Server { drafts: DraftRule::RunsProcessing, ..Server::with_starts(StartRule::OnlyDrafts) };
    documented(Limit::Outdated, server);
}

#[test]
fn a_start_in_doubt_whose_job_waits_longer_than_later_ones_is_billed_twice() {
    let server =
        Server { drafts: DraftRule::ShownPending, ..Server::with_starts(StartRule::Everything) };
    documented(Limit::Overtaken, server);
}

#[test]
fn a_start_that_is_carried_out_and_denied_is_billed_twice() {
    let server =
        Server { drafts: DraftRule::ShownPending, ..Server::with_starts(StartRule::Everything) };
    documented(Limit::Denied, server);
}

#[test]
fn a_start_of_a_process_that_was_suspended_after_its_check_is_billed_twice() {
    documented(Limit::Suspended, Server::with_starts(StartRule::Everything));
}

/// Even at the best service.
#[test]
fn what_a_failover_lost_is_billed_twice_where_jobs_are_listed_without_metadata() {
    documented(Limit::Nameless, Server::with_starts(StartRule::OnlyDrafts));
}

/// Which service can bill twice under which limit; where the table says "once", the search within
/// ample misfortune found nothing.
#[test]
fn the_table_of_limits_is_what_the_search_finds() {
    let headings = Limit::TABLE.map(Limit::heading).join(" | ");
    let mut table = format!("| the service | {headings} |\n|---|---|---|---|---|---|---|---|\n");
    for (name, server) in services() {
        let bills = Limit::TABLE.map(|limit| {
            let (_, _, searched) = limit.search(server, limit.ample());
            if searched.broken.is_some() {
                return "twice";
            }
            assert!(searched.states > 10_000, "{name}: {} worlds", searched.states);
            "once"
        });
        writeln!(table, "| {name} | {} |", bills.join(" | ")).expect("a string takes everything");
    }
    must_be_in_the_document(&table);
}
