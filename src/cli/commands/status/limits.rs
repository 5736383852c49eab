//! `rbgv status --limits`: the adaptive limits of the key. Sends nothing.

use crate::cli::context::{AppContext, key_id};
use crate::client::{Client, LimitsReport, NextCall, PaceReport};
use crate::ledger::{ApiKeyId, Ledger};
use crate::model::limits::{BreakerPhase, HostLimits};
use crate::model::{ExitClass, Failure, FailureKind, Instant};
use crate::output::{Table, formats::amounts};

pub(crate) async fn show(app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    // During a rotation, each key has its own limits.
    for client in app.clients(Some(&ledger))? {
        show_key(app, &ledger, &client).await?;
    }
    Ok(ExitClass::Done)
}

async fn show_key(app: &AppContext, ledger: &Ledger, client: &Client) -> Result<(), Failure> {
    let report = client.limits().await?;
    let key = key_id(client);
    let in_flight = ledger.count_in_flight(&key)?;
    let (hosts, now) = (ledger.host_limits()?, app.env.clock.now());
    if app.printer.style().json {
        app.printer.json(&document(&key, &report, in_flight, &hosts));
        return Ok(());
    }
    app.printer.note(&format!(
        "limits of key {} at {}, shared by all processes on this machine",
        key.fingerprint.0, key.origin
    ));
    app.printer.table(&table(&report, in_flight));
    let mut others = Table::new(["other", ""]).names([0]).words([1]);
    for (host, limits) in &hosts {
        others.row([format!("host {host}"), breaker(limits, now)]);
    }
    others.row([
        "calls in the last hour".to_owned(),
        format!("{}, {} rejected", report.calls, report.refused),
    ]);
    app.printer.table(&others);
    Ok(())
}

fn table(report: &LimitsReport, in_flight: u32) -> Table {
    let headings = ["limit", "current", "after rejection", "maximum", "rejected in 1 h", "next"];
    let mut table = Table::new(headings).numbers([4]).words([5]).drops([2, 4, 3]);
    for (what, pace) in [("job submissions", &report.submissions), ("status polls", &report.polls)]
    {
        table.row([
            what.to_owned(),
            rate(pace.rate),
            pace.ceiling.map_or_else(|| "-".to_owned(), rate),
            rate(pace.rate_max),
            pace.refused.to_string(),
            next(&pace.next),
        ]);
    }
    table.row([
        "concurrent jobs".to_owned(),
        format!("{in_flight} of {}", report.in_flight),
        report.window.map_or_else(|| "-".to_owned(), |window| window.to_string()),
        report.in_flight_max.to_string(),
        String::new(),
        next(&report.next_start),
    ]);
    table
}

fn rate(rate: f64) -> String {
    if rate < 1.0 { format!("{:.1}/min", rate * 60.0) } else { format!("{rate:.1}/s") }
}

fn next(next: &NextCall) -> String {
    match next {
        NextCall::AtPace => "now".to_owned(),
        NextCall::Paused(wait) => format!("in {} (Retry-After)", amounts::elapsed(*wait)),
        NextCall::Blocked(FailureKind::InsufficientCredits) => {
            "blocked: no credits; top up, then rbgv resume".to_owned()
        }
        NextCall::Blocked(_) => "blocked: key rejected; see rbgv config show".to_owned(),
    }
}

fn breaker(limits: &HostLimits, now: Instant) -> String {
    match limits.phase {
        BreakerPhase::Closed => "healthy".to_owned(),
        BreakerPhase::Open { until } => {
            let left = amounts::elapsed(until.since(now));
            format!("circuit breaker open after failures; next call in {left}")
        }
        BreakerPhase::Probing { .. } => "circuit breaker half-open: one trial call".to_owned(),
        BreakerPhase::Ramp { .. } => "recovering: rate increases gradually".to_owned(),
    }
}

fn document(
    key: &ApiKeyId,
    report: &LimitsReport,
    in_flight: u32,
    hosts: &[(String, HostLimits)],
) -> serde_json::Value {
    serde_json::json!({
        "origin": key.origin,
        "key_fingerprint": key.fingerprint.0,
        "submissions": pace_json(&report.submissions),
        "polls": pace_json(&report.polls),
        "in_flight": {
            "now": in_flight,
            "limit": report.in_flight,
            "window": report.window,
            "maximum": report.in_flight_max,
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

fn pace_json(pace: &PaceReport) -> serde_json::Value {
    serde_json::json!({
        "per_second": pace.rate,
        "after_refusal": pace.ceiling,
        "maximum": pace.rate_max,
        "refused_last_hour": pace.refused,
        "next": next_json(&pace.next),
    })
}

fn next_json(next: &NextCall) -> serde_json::Value {
    match next {
        NextCall::AtPace => serde_json::json!({"in_seconds": 0.0}),
        NextCall::Paused(wait) => {
            serde_json::json!({"in_seconds": wait.as_secs_f64(), "paused": true})
        }
        NextCall::Blocked(kind) => serde_json::json!({"blocked": kind.as_str()}),
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
