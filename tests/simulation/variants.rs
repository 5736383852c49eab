//! Every way of answering is as quick as the plain one: 12 clips of 1 s, an empty ledger, and the
//! program's default timings.

use crate::server::{Bucket, Kind, RefusalBody, RetryAfter, Server, Variant, groups};
use crate::simulated;
use crate::trial::{Batch, batch};
use crate::world::World;

const CLIPS: usize = 12;

/// A row of the table.
struct Row {
    name: String,
    server: Server,
    /// What it is compared with.
    beside: Server,
}

fn row(name: &str, variants: Vec<Variant>) -> Row {
    let plain = Server::plain(1.0);
    let server = Server { variants, ..plain.clone() };
    Row { name: name.to_owned(), server, beside: plain }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for variant in groups().into_iter().flatten() {
        rows.push(row(variant.name, vec![variant.clone()]));
    }
    let several = |name, settings| row(name, vec![Variant { name, settings }]);
    let created = ("jobs", "draft_state = \"created\"");
    let unbilled = ("jobs", "billing = \"null\"");
    let no_status = ("jobs", "create_state = \"absent\"");
    rows.push(several("created drafts, no status from create", vec![created, no_status]));
    rows.push(several("created drafts, billing is null", vec![created, unbilled]));
    let ignored = ("jobs", "auto_start = \"ignored\"");
    rows.push(several("auto_start ignored, billing is null", vec![ignored, unbilled]));
    rows.push(several("auto_start ignored, created drafts", vec![ignored, created]));
    for (name, refusal, retry_after) in [
        ("429 with an HTML page", RefusalBody::Html, RetryAfter::Seconds),
        ("429 with an empty body", RefusalBody::Empty, RetryAfter::Seconds),
        ("429 with plain text", RefusalBody::Text, RetryAfter::Seconds),
        ("429 with a date", RefusalBody::Contract, RetryAfter::Date),
        ("429 with an HTML page and no Retry-After", RefusalBody::Html, RetryAfter::Absent),
    ] {
        let bucket = Bucket { counts: Kind::ALL.to_vec(), rate: 6.0, burst: 6.0 };
        let beside = Server { buckets: vec![bucket], ..Server::plain(1.0) };
        // Without a `Retry-After` any client backs off longer, with any body.
        let beside = match retry_after {
            RetryAfter::Absent => Server { retry_after, ..beside },
            _ => beside,
        };
        let server = Server { retry_after, refusal, ..beside.clone() };
        rows.push(Row { name: name.to_owned(), server, beside });
    }
    rows
}

fn measured(server: &Server) -> Batch {
    simulated(async {
        let world = World::new(server);
        batch(&world, 1, CLIPS, &[]).await
    })
}

#[test]
fn every_way_of_answering_is_as_quick_as_the_plain_one() {
    let mut failed = Vec::new();
    for row in rows() {
        let (plain, batch) = (measured(&row.beside), measured(&row.server));
        let allowed = 1.25 * plain.makespan + 3.0;
        let is_well = batch.makespan <= allowed
            && batch.broken.is_empty()
            && batch.reviews == 0
            && batch.commands == 1;
        println!(
            "{} {:<56} {:7.1} s of {allowed:.1} s, {} calls {}",
            if is_well { "ok    " } else { "FAILED" },
            row.name,
            batch.makespan,
            batch.calls.sent,
            batch.message().join("; ")
        );
        if !is_well {
            failed.push(row.name);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn old_jobs_at_the_start_of_the_list_cost_few_calls() {
    let name = "oldest first";
    let oldest_first = Variant { name, settings: vec![("answers", "order = \"oldest\"")] };
    let server = Server { variants: vec![oldest_first], ..Server::plain(10.0) };
    let calls: Vec<u64> = simulated(async {
        let world = World::new(&server);
        let mut calls = Vec::new();
        for series in 1..=4 {
            calls.push(batch(&world, series, 150, &[]).await.calls.sent);
        }
        calls
    });
    assert!(calls[3] * 10 < calls[0] * 12, "{calls:?}");
}
