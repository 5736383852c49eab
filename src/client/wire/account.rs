//! Answers about prices, health, usage and keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Unreadable, fields};
use crate::client::asked::{AdminKey, Health, NewKey, UsageDay, UsageEvent, UsageSummary};
use crate::model::{ApiKey, Credits, JobId, Pricing};

/// Names under which credits are told; the first two are the most specific.
const CREDITS: [&str; 4] = ["credits_used", "credits_charged", "credits", "amount"];

/// Reads the price list.
pub(in crate::client) fn pricing(answer: &Value) -> Result<Pricing, Unreadable> {
    let prices = fields::first(answer, &["model_pricing_credits_per_minute"])
        .and_then(Value::as_object)
        .ok_or_else(|| Unreadable::new("the answer has no model_pricing_credits_per_minute"))?;
    let per_minute = prices
        .keys()
        .filter_map(|model| {
            let rate = fields::number(&Value::Object(prices.clone()), &[model])?;
            (rate >= 0.0).then(|| (model.clone(), rate))
        })
        .collect();
    Ok(Pricing { per_minute, raw: answer.clone() })
}

/// Reads the service's word about itself.
pub(in crate::client) fn health(answer: &Value) -> Result<Health, Unreadable> {
    let status = fields::text(answer, &["status"])
        .ok_or_else(|| Unreadable::new("the answer has no status"))?;
    let checks: BTreeMap<String, bool> = fields::first(answer, &["checks"])
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_bool()?)))
        .collect();
    Ok(Health { status, checks, raw: answer.clone() })
}

/// Reads totals and days of usage.
pub(in crate::client) fn usage_summary(answer: &Value) -> Result<UsageSummary, Unreadable> {
    if !answer.is_object() {
        return Err(Unreadable::new("the answer is no usage summary"));
    }
    let totals = fields::first(answer, &["totals", "summary", "data"])
        .filter(|totals| totals.is_object())
        .unwrap_or(answer);
    let count = |names: &[&str]| fields::count(totals, names);
    let days = fields::first(answer, &["daily", "days", "by_day", "items", "data"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(day)
        .collect();
    Ok(UsageSummary {
        total_jobs: count(&["total_jobs", "jobs"]),
        completed_jobs: count(&["completed_jobs", "completed"]),
        failed_jobs: count(&["failed_jobs", "failed"]),
        credits_used: credits(totals, &["credits_used", "total_credits", "credits"]),
        credits_left: credits(totals, &["credits_remaining", "credits_left", "balance"]),
        days,
        raw: answer.clone(),
    })
}

fn day(entry: &Value) -> Option<UsageDay> {
    Some(UsageDay {
        date: fields::text(entry, &["date", "day"])?,
        jobs: fields::count(entry, &["total_jobs", "jobs", "count"]),
        credits: credits(entry, &CREDITS),
    })
}

/// Reads a page of usage events.
pub(in crate::client) fn usage_events(answer: &Value) -> Result<Vec<UsageEvent>, Unreadable> {
    let entries = fields::list(answer, &["events", "items", "data"])
        .ok_or_else(|| Unreadable::new("the answer is no list of usage events"))?;
    Ok(entries.iter().map(event).collect())
}

/// An entry's `id` may name the event, so it is taken for the job's only where no `job_id` stands.
fn event(entry: &Value) -> UsageEvent {
    let job = fields::text(entry, &["job_id", "job", "id"]).map(JobId);
    UsageEvent {
        job,
        kind: fields::text(entry, &["event", "type", "action"]),
        credits: credits(entry, &CREDITS),
        at: fields::text(entry, &["created_at", "timestamp", "time", "date"]),
        raw: fields::without_secrets(entry, &[]),
    }
}

fn credits(object: &Value, names: &[&str]) -> Option<Credits> {
    fields::number(object, names).map(Credits)
}

/// Reads the list of keys.
pub(in crate::client) fn admin_keys(answer: &Value) -> Result<Vec<AdminKey>, Unreadable> {
    let entries = fields::list(answer, &["items", "keys", "data"])
        .ok_or_else(|| Unreadable::new("the answer is no list of keys"))?;
    Ok(entries.iter().map(admin_key).collect())
}

fn admin_key(entry: &Value) -> AdminKey {
    let flag = |name: &str| entry.get(name).and_then(Value::as_bool);
    AdminKey {
        client_id: fields::text(entry, &["client_id"]),
        key_fingerprint: fields::text(entry, &["key_fingerprint", "fingerprint"]),
        enabled: flag("enabled")
            .or_else(|| flag("active"))
            .or_else(|| flag("disabled").map(|off| !off)),
        raw: fields::without_secrets(entry, &["api_key"]),
    }
}

/// Reads a new key.
pub(in crate::client) fn new_key(answer: &Value) -> Result<NewKey, Unreadable> {
    let key = fields::text(answer, &["api_key"])
        .ok_or_else(|| Unreadable::new("the answer has no api_key"))?;
    Ok(NewKey {
        api_key: ApiKey::new(&key),
        key_fingerprint: fields::text(answer, &["key_fingerprint", "fingerprint"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ModelName;

    #[test]
    fn prices_and_health() {
        let prices = pricing(&json!({
            "model_pricing_credits_per_minute": {"original": 60, "light": "45", "odd": null, "free": -1},
            "packages": [],
        }))
        .unwrap();
        assert_eq!(prices.per_minute.len(), 2);
        assert_eq!(prices.estimate(ModelName::Light, 120.0), Some(Credits(90.0)));
        assert!(pricing(&json!({"packages": []})).is_err());
        let health =
            health(&json!({"status": "degraded", "checks": {"api": true, "x": "?"}})).unwrap();
        assert!(!health.is_healthy());
        assert_eq!(health.checks, [("api".to_owned(), true)].into());
    }

    #[test]
    fn usage_is_found_under_several_names() {
        for summary in [
            json!({"total_jobs": 3, "credits_used": 12.5, "daily": [{"date": "2026-01-01", "jobs": 3, "credits": 12.5}]}),
            json!({"totals": {"jobs": 3, "credits": "12.5"}, "days": [{"day": "2026-01-01", "count": 3, "amount": 12.5}]}),
            json!({"data": [{"date": "2026-01-01", "jobs": 3, "credits_used": 12.5}], "total_jobs": 3, "total_credits": 12.5}),
        ] {
            let read = usage_summary(&summary).unwrap();
            assert_eq!(
                (read.total_jobs, read.credits_used),
                (Some(3), Some(Credits(12.5))),
                "{summary}"
            );
            assert_eq!(read.days.len(), 1, "{summary}");
            assert_eq!(read.days[0].credits, Some(Credits(12.5)), "{summary}");
            assert_eq!(read.raw, summary);
        }
        assert!(usage_summary(&json!("none")).is_err());
    }

    #[test]
    fn events_are_found_under_several_names() {
        for page in [
            json!([{"job_id": "j", "credits": 2, "created_at": "t"}]),
            json!({"events": [{"id": "j", "amount": 2, "timestamp": "t"}]}),
            json!({"items": [{"id": "event-9", "job_id": "j", "credits_used": 2, "time": "t"}]}),
        ] {
            let events = usage_events(&page).unwrap();
            assert_eq!(events[0].job, Some(JobId("j".into())), "{page}");
            assert_eq!(
                (events[0].credits, events[0].at.as_deref()),
                (Some(Credits(2.0)), Some("t"))
            );
        }
    }

    #[test]
    fn a_new_key_is_never_shown() {
        let key = new_key(&json!({"api_key": "sk-s3cret", "key_fingerprint": "f"})).unwrap();
        assert!(!format!("{key:?}").contains("s3cret"));
        let keys = admin_keys(&json!({"items": [
            {"client_id": "c", "key_fingerprint": "f", "disabled": true, "api_key": "sk-s3cret"},
        ]}))
        .unwrap();
        assert_eq!(keys[0].enabled, Some(false));
        assert!(!format!("{keys:?}").contains("s3cret"));
    }
}
