//! `rbgv status --limits`: what is known of the key's limits, in words. Sends nothing.

use super::session::{Session, key_id};
use crate::client::{Client, LaneReport, LimitsReport, Next};
use crate::ledger::{KeyId, Ledger};
use crate::model::limits::{BreakerPhase, HostLimits, Lane};
use crate::model::{ExitClass, Failure, FailureKind, Instant};
use crate::output::{Table, human};

pub(super) async fn show(session: &Session) -> Result<ExitClass, Failure> {
    let ledger = session.ledger()?;
    // While keys are rotated each has limits of its own.
    for client in session.clients(Some(&ledger))? {
        show_key(session, &ledger, &client).await?;
    }
    Ok(ExitClass::Done)
}

async fn show_key(session: &Session, ledger: &Ledger, client: &Client) -> Result<(), Failure> {
    let report = client.limits().await?;
    let key = key_id(client);
    let in_flight = ledger.in_flight(&key)?;
    let (hosts, now) = (ledger.hosts()?, session.env.clock.now());
    if session.printer.style().json {
        session.printer.json(&document(&key, &report, in_flight, &hosts));
        return Ok(());
    }
    session.printer.note(&format!(
        "limits of key {} at {}, shared by every process of this machine",
        key.print.0, key.origin
    ));
    session.printer.table(&table(&report, in_flight));
    let mut others = Table::new(["besides", ""]);
    for (host, limits) in &hosts {
        others.row([format!("host {host}"), breaker(limits, now)]);
    }
    others.row([
        "calls in the last hour".to_owned(),
        format!("{}, {} of them refused", report.calls, report.refused),
    ]);
    session.printer.table(&others);
    Ok(())
}

fn table(report: &LimitsReport, in_flight: u32) -> Table {
    let headings =
        ["limit", "now", "at once", "at most", "last refused at", "refused in 1 h", "next"];
    let mut table = Table::new(headings).numbers([2, 5]);
    for lane in &report.lanes {
        table.row([
            what(lane.lane).to_owned(),
            rate(lane.rate),
            lane.burst.to_string(),
            rate(lane.rate_max),
            lane.ceiling.map_or_else(|| "-".to_owned(), rate),
            lane.refused.to_string(),
            next(&lane.next),
        ]);
    }
    table.row([
        "jobs in flight".to_owned(),
        format!("{in_flight} of {}", report.cap),
        String::new(),
        report.cap_max.to_string(),
        report.cap_ceiling.map_or_else(|| "-".to_owned(), |cap| format!("{cap:.0}")),
        String::new(),
        next(&report.next_start),
    ]);
    table
}

fn what(lane: Lane) -> &'static str {
    match lane {
        Lane::Control => "creates and starts",
        Lane::Poll => "looks",
        Lane::Transfer => "uploads",
    }
}

fn rate(rate: f64) -> String {
    format!("{rate:.1}/s")
}

fn next(next: &Next) -> String {
    match next {
        Next::In(wait) if wait.is_zero() => "now".to_owned(),
        Next::In(wait) => format!("in {:.1} s", wait.as_secs_f64()),
        Next::Parked(wait) => format!("in {}, as the service asked", human::elapsed(*wait)),
        Next::Stopped(FailureKind::InsufficientCredits) => {
            "stopped: no credits; top up, then rbgv resume".to_owned()
        }
        Next::Stopped(_) => "stopped: the key was not accepted; see rbgv config show".to_owned(),
    }
}

fn breaker(limits: &HostLimits, now: Instant) -> String {
    match limits.phase {
        BreakerPhase::Closed => "answers; calls go through".to_owned(),
        BreakerPhase::Open { until } => {
            let left = human::elapsed(until.since(now));
            format!("left alone after a surge of failures; one call tries in {left}")
        }
        BreakerPhase::Probing { .. } => "one call tries whether it is well again".to_owned(),
        BreakerPhase::Ramp { .. } => "well again; calls go through slowly at first".to_owned(),
    }
}

fn document(
    key: &KeyId,
    report: &LimitsReport,
    in_flight: u32,
    hosts: &[(String, HostLimits)],
) -> serde_json::Value {
    serde_json::json!({
        "origin": key.origin,
        "key_fingerprint": key.print.0,
        "lanes": report.lanes.iter().map(lane_json).collect::<Vec<_>>(),
        "in_flight": {
            "now": in_flight,
            "cap": report.cap,
            "most": report.cap_max,
            "last_refused_at": report.cap_ceiling,
            "next_start": next_json(&report.next_start),
        },
        "hosts": hosts.iter().map(|(host, limits)| serde_json::json!({
            "host": host,
            "breaker": breaker_word(limits),
        })).collect::<Vec<_>>(),
        "calls_last_hour": report.calls,
        "refused_last_hour": report.refused,
    })
}

fn lane_json(lane: &LaneReport) -> serde_json::Value {
    serde_json::json!({
        "lane": lane.lane.as_str(),
        "rate_per_second": lane.rate,
        "at_once": lane.burst,
        "most_per_second": lane.rate_max,
        "last_refused_at": lane.ceiling,
        "refused_last_hour": lane.refused,
        "next": next_json(&lane.next),
    })
}

fn next_json(next: &Next) -> serde_json::Value {
    match next {
        Next::In(wait) => serde_json::json!({"in_seconds": wait.as_secs_f64()}),
        Next::Parked(wait) => {
            serde_json::json!({"in_seconds": wait.as_secs_f64(), "parked": true})
        }
        Next::Stopped(kind) => serde_json::json!({"stopped": kind.as_str()}),
    }
}

fn breaker_word(limits: &HostLimits) -> &'static str {
    match limits.phase {
        BreakerPhase::Closed => "closed",
        BreakerPhase::Open { .. } => "open",
        BreakerPhase::Probing { .. } => "probing",
        BreakerPhase::Ramp { .. } => "ramp",
    }
}
