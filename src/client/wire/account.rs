//! Responses about prices, health, usage and keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Unreadable, fields};
use crate::client::types::{
    AdminKey, Health, NewKey, UsageDay, UsageEvent, UsageEventPage, UsageSummary,
};
use crate::model::sanitize::without_links;
use crate::model::{ApiKey, Credits, JobId, Pricing, Timestamp};

/// Field names for credits, the most specific first.
const CREDITS: [&str; 10] = [
    "total_credits_used",
    "totalCreditsUsed",
    "credits_spent",
    "credits_used",
    "creditsUsed",
    "credits_charged",
    "creditsCharged",
    "total_credits",
    "credits",
    "amount",
];

/// Field names for days.
const DAYS: [&str; 9] =
    ["daily", "daily_usage", "dailyUsage", "by_day", "byDay", "days", "usage", "items", "data"];

pub(crate) fn pricing(response: Value) -> Result<Pricing, Unreadable> {
    let prices = fields::first(&response, &["model_pricing_credits_per_minute"])
        .and_then(Value::as_object)
        .ok_or_else(|| Unreadable::new("the response has no model_pricing_credits_per_minute"))?;
    let per_minute = prices
        .iter()
        .filter_map(|(model, rate)| {
            let rate = fields::number_of(rate)?;
            (rate >= 0.0).then(|| (model.clone(), rate))
        })
        .collect();
    Ok(Pricing { per_minute, raw: without_links(response) })
}

pub(crate) fn health(response: Value) -> Result<Health, Unreadable> {
    let status = fields::text(&response, &["status"])
        .ok_or_else(|| Unreadable::new("the response has no status"))?;
    let checks: BTreeMap<String, bool> = fields::first(&response, &["checks"])
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_bool()?)))
        .collect();
    Ok(Health { status, checks, date: None, raw: without_links(response) })
}

pub(crate) fn usage_summary(response: Value) -> Result<UsageSummary, Unreadable> {
    if !response.is_object() {
        return Err(Unreadable::new("the response is not a usage summary"));
    }
    let body = unwrapped(&response);
    let totals = fields::first(body, &["totals", "summary"])
        .filter(|totals| totals.is_object())
        .unwrap_or(body);
    let count = |names: &[&str]| fields::count(totals, names);
    let days = DAYS.iter().filter_map(|name| body.get(name)).find_map(days).unwrap_or_default();
    let summary = UsageSummary {
        total_jobs: count(&["total_jobs", "totalJobs", "jobs"]),
        completed_jobs: count(&["completed_jobs", "completedJobs", "completed"]),
        failed_jobs: count(&["failed_jobs", "failedJobs", "failed"]),
        credits_used: credits(totals, &CREDITS),
        credits_left: credits(
            totals,
            &["credits_remaining", "creditsRemaining", "credits_left", "balance"],
        ),
        days,
        raw: Value::Null,
    };
    Ok(UsageSummary { raw: without_links(response), ..summary })
}

/// Unwraps a response that consists of a single nested object.
fn unwrapped(response: &Value) -> &Value {
    response.get("data").filter(|data| data.is_object()).unwrap_or(response)
}

/// Days as a list, or as an object from days to credits.
fn days(value: &Value) -> Option<Vec<UsageDay>> {
    match value {
        Value::Array(entries) => Some(entries.iter().filter_map(day).collect()),
        Value::Object(entries) => {
            let dates = entries.iter().filter(|(date, _)| Timestamp::read(date).is_some());
            Some(dates.filter_map(|(date, entry)| dated(date, entry)).collect())
        }
        _ => None,
    }
}

fn day(entry: &Value) -> Option<UsageDay> {
    dated(&fields::text(entry, &["date", "day"])?, entry)
}

fn dated(date: &str, entry: &Value) -> Option<UsageDay> {
    let alone = matches!(entry, Value::Number(_) | Value::String(_));
    if !alone && !entry.is_object() {
        return None;
    }
    let wrapped = serde_json::json!({ "credits": entry });
    let entry = if alone { &wrapped } else { entry };
    Some(UsageDay {
        date: date.to_owned(),
        jobs: fields::count(entry, &["total_jobs", "totalJobs", "jobs", "count"]),
        credits: credits(entry, &CREDITS),
    })
}

pub(crate) fn usage_events(mut response: Value) -> Result<UsageEventPage, Unreadable> {
    const TOTALS: [&str; 3] = ["total", "total_count", "totalCount"];
    let outer = fields::count(&response, &TOTALS);
    let body = match response.get_mut("data") {
        Some(data) if data.is_object() => data.take(),
        _ => response,
    };
    let total = fields::count(&body, &TOTALS).or(outer);
    let (entries, _) = fields::take_list(body, &["events", "items", "usage", "data"])
        .ok_or_else(|| Unreadable::new("the response is not a list of usage events"))?;
    Ok(UsageEventPage { events: entries.into_iter().map(event).collect(), total })
}

fn event(entry: Value) -> UsageEvent {
    let said = &entry;
    let inner = said.get("job").filter(|job| job.is_object());
    let named = fields::text(said, &["job_id", "jobId", "job"])
        .or_else(|| fields::text(inner?, &["id", "job_id", "jobId"]));
    let names_job = named.is_some();
    UsageEvent {
        job: named.or_else(|| fields::text(said, &["id"])).map(JobId),
        names_job,
        kind: fields::text(said, &["event", "type", "action", "event_type", "eventType", "kind"]),
        credits: credits(said, &CREDITS),
        at: fields::text(said, &["created_at", "createdAt", "timestamp", "time", "date", "day"]),
        raw: without_links(entry),
    }
}

fn credits(object: &Value, names: &[&str]) -> Option<Credits> {
    fields::number(object, names).map(Credits)
}

pub(crate) fn admin_keys(response: Value) -> Result<Vec<AdminKey>, Unreadable> {
    let (entries, _) = fields::take_list(response, &["items", "keys", "data"])
        .ok_or_else(|| Unreadable::new("the response is not a list of keys"))?;
    Ok(entries.into_iter().map(admin_key).collect())
}

fn admin_key(entry: Value) -> AdminKey {
    let said = &entry;
    let flag = |name: &str| match said.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    let state = || match fields::text(said, &["status", "state"])?.to_ascii_lowercase().as_str() {
        "active" | "enabled" => Some(true),
        "inactive" | "disabled" | "revoked" => Some(false),
        _ => None,
    };
    AdminKey {
        client_id: fields::text(said, &["client_id"]),
        key_fingerprint: fields::text(said, &["key_fingerprint", "fingerprint"]),
        enabled: flag("enabled")
            .or_else(|| flag("active"))
            .or_else(|| flag("disabled").map(|off| !off))
            .or_else(state),
        raw: without_links(entry),
    }
}

pub(crate) fn new_key(response: &Value) -> Result<NewKey, Unreadable> {
    let key = fields::text(response, &["api_key"])
        .ok_or_else(|| Unreadable::new("the response has no api_key"))?;
    Ok(NewKey {
        api_key: ApiKey::new(&key),
        key_fingerprint: fields::text(response, &["key_fingerprint", "fingerprint"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ModelName;

    #[test]
    fn prices_and_health() {
        let prices = pricing(json!({
            "model_pricing_credits_per_minute": {"original": 60, "light": "45", "odd": null, "free": -1},
            "packages": [],
        }))
        .unwrap();
        assert_eq!(prices.per_minute.len(), 2);
        assert_eq!(prices.estimate(ModelName::Light, 120.0), Some(Credits(90.0)));
        assert!(pricing(json!({"packages": []})).is_err());
        let health =
            health(json!({"status": "degraded", "checks": {"api": true, "x": "?"}})).unwrap();
        assert!(!health.is_healthy());
        assert_eq!(health.checks, [("api".to_owned(), true)].into());
    }

    #[test]
    fn usage_is_found_under_several_names() {
        for summary in [
            json!({"total_jobs": 3, "credits_used": 12.5, "daily": [{"date": "2026-01-01", "jobs": 3, "credits": 12.5}]}),
            json!({"totals": {"jobs": 3, "credits": "12.5"}, "days": [{"day": "2026-01-01", "count": 3, "amount": 12.5}]}),
            json!({"data": [{"date": "2026-01-01", "jobs": 3, "credits_used": 12.5}], "total_jobs": 3, "total_credits": 12.5}),
            json!({"days": 7, "jobs": 3, "credits": 12.5, "by_day": {"2026-01-01": 12.5}}),
            json!({"totalJobs": 3, "creditsUsed": 12.5, "dailyUsage": [{"day": "2026-01-01", "jobs": 3, "creditsUsed": 12.5}]}),
            json!({"success": true, "data": {"period": {"days": 7}, "totals": {"jobs": 3, "credits_used": 12.5}, "days": [{"date": "2026-01-01", "count": 3, "amount": 12.5}]}}),
        ] {
            let read = usage_summary(summary.clone()).unwrap();
            assert_eq!(
                (read.total_jobs, read.credits_used),
                (Some(3), Some(Credits(12.5))),
                "{summary}"
            );
            assert_eq!(read.days.len(), 1, "{summary}");
            assert_eq!(read.days[0].credits, Some(Credits(12.5)), "{summary}");
            assert_eq!(read.raw, summary);
        }
        assert!(usage_summary(json!("none")).is_err());
    }

    #[test]
    fn events_are_found_under_several_names() {
        let table = [
            (json!([{"job_id": "j", "credits": 2, "created_at": "t"}]), true),
            (json!({"events": [{"id": "j", "amount": 2, "timestamp": "t"}]}), false),
            (
                json!({"items": [{"id": "event-9", "job_id": "j", "credits_used": 2, "time": "t"}]}),
                true,
            ),
            (
                json!({"events": [{"eventId": "e", "jobId": "j", "creditsUsed": 2, "createdAt": "t"}]}),
                true,
            ),
            (
                json!({"success": true, "data": {"events": [
                    {"event_type": "charge", "job": {"id": "j"}, "credits_used": 2, "timestamp": "t"},
                ]}}),
                true,
            ),
        ];
        for (page, names_job) in table {
            let event = usage_events(page.clone()).unwrap().events.remove(0);
            assert_eq!(event.job, Some(JobId("j".into())), "{page}");
            assert_eq!(event.names_job, names_job, "{page}");
            assert_eq!((event.credits, event.at.as_deref()), (Some(Credits(2.0)), Some("t")));
        }
        let page =
            json!({"events": [{"date": "2026-01-01", "jobs": 2, "credits": 4}], "totalCount": 300});
        let page = usage_events(page).unwrap();
        assert_eq!((page.total, &page.events[0].job), (Some(300), &None));
    }

    #[test]
    fn a_new_key_is_never_shown() {
        let key = new_key(&json!({"api_key": "sk-s3cret", "key_fingerprint": "f"})).unwrap();
        assert!(!format!("{key:?}").contains("s3cret"));
        let keys = admin_keys(json!({"items": [
            {"client_id": "c", "key_fingerprint": "f", "disabled": true, "api_key": "sk-s3cret"},
        ]}))
        .unwrap();
        assert_eq!(keys[0].enabled, Some(false));
        for (entry, works) in [
            (json!({"enabled": "False"}), Some(false)),
            (json!({"active": 1}), Some(true)),
            (json!({"status": "Revoked"}), Some(false)),
            (json!({"status": "new"}), None),
            (json!({"enabled": {}, "client_id": 7}), None),
            (json!("no object"), None),
        ] {
            assert_eq!(admin_key(entry.clone()).enabled, works, "{entry}");
        }
        assert!(!format!("{keys:?}").contains("s3cret"));
    }
}
