//! x
use crate::checks::Broken;
use crate::moves::Model;
use crate::search::search;
use crate::server::*;
use crate::tell::tell;
use crate::world::{Budget, World};
use rbgv::flow::protocol::step;
use rbgv::ledger::Drafts;

#[test]
fn probe_limits() {
    let base = Budget {
        all: 3,
        losses: 2,
        crashes: 2,
        delays: 2,
        repeats: 0,
        troubles: 1,
        overdue: 0,
        doubled: 0,
    };
    for starts in [StartRule::OnlyDrafts, StartRule::AlsoFailed, StartRule::Everything] {
        for drafts in [
            DraftRule::ShownCreated,
            DraftRule::ShownPending,
            DraftRule::RunsProcessing,
            DraftRule::RunsPending,
        ] {
            for (name, budget, confused, prompt, known) in [
                ("late", Budget { overdue: 1, ..base }, false, true, Drafts::Unknown),
                ("doubled", Budget { doubled: 1, ..base }, false, true, Drafts::Unknown),
                ("confused", Budget { repeats: 1, ..base }, true, true, Drafts::Unknown),
                ("slow", base, false, false, Drafts::Unknown),
                ("outdated", base, false, true, Drafts::Honoured),
            ] {
                let server = Server { starts, drafts, echoes_metadata: true, prompt };
                let model = Model {
                    server,
                    rules: step,
                    goals: false,
                    confused,
                    only: Some(Broken::BilledTwice),
                };
                let s = search(&model, known, budget);
                println!("== {name} {starts:?} {drafts:?} {} states", s.states);
                if let Some((b, story)) = s.broken {
                    println!("{b:?}\n{}", tell(&model, &World::new(known, budget), &story));
                }
            }
        }
    }
}
