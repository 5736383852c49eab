//! `rbgv status --limits`: the adaptive limits of the key. Sends nothing.

use crate::cli::context::{AppContext, key_id};
use crate::client::{Client, LimitsReport, NextCall, PaceReport};
use crate::ledger::{ApiKeyId, AsyncLedger};
use crate::model::limits::{BreakerPhase, HostLimits};
use crate::model::{ExitClass, Failure, FailureKind, Instant};
use crate::output::documents::status::{
    HostLine, LimitsDocument, NextDocument, PaceDocument, WindowDocument,
};
use crate::output::{Table, formats::amounts};

pub(crate) async fn show(app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    // During a rotation, each key has its own limits.
    for client in app.clients(Some(&ledger))? {
        show_key(app, &ledger, &client).await?;
    }
    Ok(ExitClass::Done)
}

async fn show_key(app: &AppContext, ledger: &AsyncLedger, client: &Client) -> Result<(), Failure> {
    let report = client.limits().await?;
    let key = key_id(client);
    let in_flight = ledger.count_in_flight(&key, None).await?;
    let (hosts, now) = (ledger.host_limits().await?, ledger.blocking().clock().now());
    if app.printer.style().json {
        app.printer.document(&document(&key, &report, in_flight, &hosts));
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
        BreakerPhase::Closed => "circuit breaker closed".to_owned(),
        BreakerPhase::Open { until } => {
            let left = amounts::elapsed(until.since(now));
            format!("circuit breaker open after failures; next call in {left}")
        }
        BreakerPhase::Probing { .. } => "circuit breaker half-open: one trial call".to_owned(),
    }
}

fn document<'a>(
    key: &'a ApiKeyId,
    report: &LimitsReport,
    in_flight: u32,
    hosts: &'a [(String, HostLimits)],
) -> LimitsDocument<'a> {
    LimitsDocument {
        origin: &key.origin,
        key_fingerprint: &key.fingerprint.0,
        submissions: pace(&report.submissions),
        polls: pace(&report.polls),
        in_flight: WindowDocument {
            now: in_flight,
            limit: report.in_flight,
            window: report.window,
            maximum: report.in_flight_max,
            next_start: next_call(&report.next_start),
        },
        hosts: hosts
            .iter()
            .map(|(host, limits)| HostLine { host, breaker: breaker_word(limits) })
            .collect(),
        calls_last_hour: report.calls,
        refused_last_hour: report.refused,
    }
}

fn pace(pace: &PaceReport) -> PaceDocument {
    PaceDocument {
        per_second: pace.rate,
        after_refusal: pace.ceiling,
        maximum: pace.rate_max,
        refused_last_hour: pace.refused,
        next: next_call(&pace.next),
    }
}

fn next_call(next: &NextCall) -> NextDocument {
    match next {
        NextCall::AtPace => NextDocument::AtPace { in_seconds: 0.0 },
        NextCall::Paused(wait) => {
            NextDocument::Paused { in_seconds: wait.as_secs_f64(), paused: true }
        }
        NextCall::Blocked(kind) => NextDocument::Blocked { blocked: kind.as_str() },
    }
}

fn breaker_word(limits: &HostLimits) -> &'static str {
    match limits.phase {
        BreakerPhase::Closed => "closed",
        BreakerPhase::Open { .. } => "open",
        BreakerPhase::Probing { .. } => "probing",
    }
}
