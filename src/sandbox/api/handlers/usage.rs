//! Usage reports in the field names and granularities that the contract leaves open. Pure; all of
//! them have the same total.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sandbox::api::view::written;
use crate::sandbox::faults::scenario::{TimeForm, UsageEvents, UsageNames, UsageRules};
use crate::sandbox::service::pricing::rounded;
use crate::sandbox::service::{CreditCharge, ServiceJob, ServiceStatus};

#[derive(Debug, Default)]
struct UsageTotals {
    jobs: u64,
    completed: u64,
    failed: u64,
    credits: f64,
    seconds: f64,
}

/// Totals and days of the last `days` days.
pub(crate) fn summary(
    charges: &[&CreditCharge],
    jobs: &[&ServiceJob],
    days: u64,
    now: Timestamp,
    names: UsageNames,
) -> Value {
    let span = SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or(90));
    let recent = |at: Timestamp| now.duration_since(at) < span;
    let mut total = UsageTotals::default();
    let mut by_day: BTreeMap<String, UsageTotals> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| recent(charge.at)) {
        for totals in [&mut total, by_day.entry(day(charge.at)).or_default()] {
            totals.credits += charge.credits;
            totals.seconds += charge.seconds;
        }
    }
    for job in jobs {
        let Some(started) = job.started_at.filter(|at| recent(*at)) else { continue };
        for totals in [&mut total, by_day.entry(day(started)).or_default()] {
            totals.jobs += 1;
            totals.completed += u64::from(job.status == ServiceStatus::Completed);
            totals.failed += u64::from(job.status == ServiceStatus::Failed);
        }
    }
    let daily = |row: fn(&str, &UsageTotals) -> Value| -> Vec<Value> {
        by_day.iter().map(|(date, totals)| row(date, totals)).collect()
    };
    match names {
        UsageNames::Plain => json!({
            "days": days,
            "total_jobs": total.jobs,
            "completed_jobs": total.completed,
            "failed_jobs": total.failed,
            "credits_used": rounded(total.credits),
            "seconds_processed": total.seconds,
            "daily": daily(|date, totals| json!({
                "date": date,
                "total_jobs": totals.jobs,
                "completed_jobs": totals.completed,
                "failed_jobs": totals.failed,
                "credits_used": rounded(totals.credits),
            })),
        }),
        UsageNames::Short => {
            let by_day = by_day.iter().map(|(date, totals)| (date, rounded(totals.credits)));
            json!({
                "jobs": total.jobs,
                "completed": total.completed,
                "failed": total.failed,
                "credits": rounded(total.credits),
                "by_day": by_day.collect::<BTreeMap<_, _>>(),
            })
        }
        UsageNames::Camel => json!({
            "periodDays": days,
            "totalJobs": total.jobs,
            "completedJobs": total.completed,
            "failedJobs": total.failed,
            "creditsUsed": rounded(total.credits),
            "dailyUsage": daily(|date, totals| json!({
                "day": date,
                "jobs": totals.jobs,
                "creditsUsed": rounded(totals.credits),
            })),
        }),
        UsageNames::Nested => json!({
            "success": true,
            "data": {
                "period": { "days": days },
                "totals": {
                    "jobs": total.jobs,
                    "completed": total.completed,
                    "failed": total.failed,
                    "credits_used": rounded(total.credits),
                },
                "days": daily(|date, totals| json!({
                    "date": date,
                    "count": totals.jobs,
                    "amount": rounded(totals.credits),
                })),
            },
        }),
    }
}

/// The most recent events, newest first.
pub(crate) fn events(
    charges: &[&CreditCharge],
    jobs: &[&ServiceJob],
    limit: usize,
    rules: UsageRules,
    times: TimeForm,
) -> Value {
    let mut events: Vec<(Timestamp, Value)> = match rules.events {
        UsageEvents::Daily => daily_events(charges, rules.names),
        kind => {
            let with_job = kind != UsageEvents::Anonymous;
            let events =
                charges.iter().map(|c| (c.at, charge_event(c, rules.names, times, with_job)));
            events.collect()
        }
    };
    if rules.events == UsageEvents::All {
        events.extend(jobs.iter().filter_map(|job| end_event(job, times)));
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.0));
    let total = events.len();
    let shown: Vec<Value> = events.into_iter().take(limit).map(|(_, event)| event).collect();
    match rules.names {
        UsageNames::Plain => json!({ "items": shown, "total": total }),
        UsageNames::Short => Value::Array(shown),
        UsageNames::Camel => json!({ "events": shown, "totalCount": total }),
        UsageNames::Nested => json!({ "success": true, "data": { "events": shown } }),
    }
}

fn charge_event(
    charge: &CreditCharge,
    names: UsageNames,
    times: TimeForm,
    with_job: bool,
) -> Value {
    let at = written(charge.at, times);
    let kind = if charge.credits < 0.0 { "refund" } else { "charge" };
    let mut event = match names {
        UsageNames::Plain => json!({
            "event_id": charge.id,
            "job_id": charge.job_id,
            "type": kind,
            "model": charge.model,
            "credits": charge.credits,
            "duration_seconds": charge.seconds,
            "created_at": at,
        }),
        UsageNames::Short => json!({
            "id": charge.job_id,
            "event": kind,
            "amount": charge.credits,
            "timestamp": charge.at.as_second(),
        }),
        UsageNames::Camel => json!({
            "eventId": charge.id,
            "jobId": charge.job_id,
            "eventType": kind,
            "creditsUsed": charge.credits,
            "createdAt": at,
        }),
        UsageNames::Nested => json!({
            "event_type": kind,
            "job": { "id": charge.job_id, "model": charge.model },
            "credits_used": charge.credits,
            "timestamp": at,
        }),
    };
    if !with_job && let Some(event) = event.as_object_mut() {
        for name in ["job_id", "id", "jobId", "job"] {
            event.shift_remove(name);
        }
    }
    event
}

fn daily_events(charges: &[&CreditCharge], names: UsageNames) -> Vec<(Timestamp, Value)> {
    let mut by_day: BTreeMap<String, (Timestamp, f64, u64)> = BTreeMap::new();
    for charge in charges {
        let entry = by_day.entry(day(charge.at)).or_insert((charge.at, 0.0, 0));
        entry.0 = entry.0.max(charge.at);
        entry.1 += charge.credits;
        entry.2 += 1;
    }
    let amount = match names {
        UsageNames::Plain => "credits",
        UsageNames::Short => "amount",
        UsageNames::Camel => "creditsUsed",
        UsageNames::Nested => "credits_used",
    };
    let event = |(date, (at, credits, count)): (String, (Timestamp, f64, u64))| {
        (at, json!({ "date": date, "jobs": count, amount: rounded(credits) }))
    };
    by_day.into_iter().map(event).collect()
}

fn end_event(job: &ServiceJob, times: TimeForm) -> Option<(Timestamp, Value)> {
    let at = job.finished_at?;
    let kind = format!("job.{}", job.status.word());
    Some((
        at,
        json!({ "type": kind, "job_id": job.id, "credits": 0, "created_at": written(at, times) }),
    ))
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
