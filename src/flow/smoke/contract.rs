//! What the contract says of answers, and where an answer differs. Pure. A field more or less need
//! not break anybody; a state that nobody knows does, because nobody knows when such a job ends.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{JobStatus, ModelName};

/// The version of the contract that answers are held against.
pub const CONTRACT: &str = "v1, as documented with the SDKs 0.1.0";

/// Fields of an answer: those that the contract lists, and those that are known to appear besides
/// (both SDKs send `metadata`, the pages do not list it).
struct Fields {
    place: &'static str,
    /// Each under the names that it may have.
    listed: &'static [&'static [&'static str]],
    besides: &'static [&'static str],
}

const HEALTH: Fields =
    Fields { place: "health", listed: &[&["status"], &["checks"]], besides: &[] };

const CHECKS: Fields = Fields {
    place: "health.checks",
    listed: &[&["api"], &["runpod_configured"], &["r2_configured"]],
    besides: &[],
};

const PRICING: Fields = Fields {
    place: "pricing",
    listed: &[&["model_pricing_credits_per_minute"], &["price_per_second_cents"], &["packages"]],
    besides: &[],
};

const JOB: Fields = Fields {
    place: "job",
    listed: &[
        &["id", "job_id"],
        &["status"],
        &["progress"],
        &["error"],
        &["created_at"],
        &["duration_seconds"],
        &["billing_status"],
        &["webhook_url"],
        &["webhook_events"],
    ],
    // The link is a secret and is taken out of what is kept of an answer.
    besides: &["metadata", "output_url", "success"],
};

/// In what an answer differs from the contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Drift {
    /// Fields that are not listed, or are listed and not there, in words.
    pub(super) fields: BTreeSet<String>,
    /// Job states that the contract does not know.
    pub(super) states: BTreeSet<String>,
}

impl Drift {
    /// Adds what `other` found.
    pub(super) fn add(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.states.extend(other.states);
    }

    /// Everything, in words, a line each.
    #[must_use]
    pub(super) fn lines(&self) -> Vec<String> {
        let states = self.states.iter().map(|state| format!("unknown state of a job: {state}"));
        states.chain(self.fields.iter().cloned()).collect()
    }
}

/// An answer to `GET /health`.
#[must_use]
pub(super) fn health(raw: &Value) -> Drift {
    let mut drift = HEALTH.compare(raw);
    if let Some(checks) = raw.get("checks") {
        drift.add(CHECKS.compare(checks));
    }
    if let Some(status) = raw.get("status").and_then(Value::as_str)
        && !matches!(status.to_ascii_lowercase().as_str(), "healthy" | "degraded")
    {
        drift.fields.insert(format!("health.status has an unknown value: {status}"));
    }
    drift
}

/// An answer to `GET /api/pricing`.
#[must_use]
pub(super) fn pricing(raw: &Value) -> Drift {
    let mut drift = PRICING.compare(raw);
    let Some(prices) = raw.get("model_pricing_credits_per_minute").and_then(Value::as_object)
    else {
        return drift;
    };
    for model in ModelName::ALL {
        if !prices.contains_key(model.as_str()) {
            drift.fields.insert(format!("missing: a price for the model {model}"));
        }
    }
    let known = |name: &str| ModelName::ALL.iter().any(|model| model.as_str() == name);
    for model in prices.keys().filter(|name| !known(name)) {
        drift.fields.insert(format!("not in the contract: the model {model}"));
    }
    drift
}

/// A job, in whatever answer it stood.
#[must_use]
pub(super) fn job(status: &JobStatus, raw: &Value) -> Drift {
    let mut drift = JOB.compare(raw);
    drift.add(state(status));
    drift
}

/// A job's state alone.
#[must_use]
pub(super) fn state(status: &JobStatus) -> Drift {
    let mut drift = Drift::default();
    if let JobStatus::Other(word) = status {
        drift.states.insert(word.clone());
    }
    drift
}

impl Fields {
    fn compare(&self, answer: &Value) -> Drift {
        let mut drift = Drift::default();
        let Some(object) = answer.as_object() else { return drift };
        for names in self.listed {
            if !names.iter().any(|name| object.contains_key(*name)) {
                drift.fields.insert(format!("missing: {}.{}", self.place, names[0]));
            }
        }
        let known = |name: &str| {
            self.besides.contains(&name) || self.listed.iter().any(|names| names.contains(&name))
        };
        for name in object.keys().filter(|name| !known(name)) {
            drift.fields.insert(format!("not in the contract: {}.{name}", self.place));
        }
        drift
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain_job() -> Value {
        json!({
            "id": "j", "status": "completed", "progress": 100, "error": null, "created_at": "t",
            "duration_seconds": 2.0, "billing_status": "charged", "webhook_url": null,
            "webhook_events": {}, "metadata": {},
        })
    }

    #[test]
    fn what_is_documented_is_no_drift() {
        assert!(job(&JobStatus::Completed, &plain_job()).lines().is_empty());
        let healthy = json!({
            "status": "healthy",
            "checks": {"api": true, "runpod_configured": true, "r2_configured": true},
        });
        assert!(health(&healthy).lines().is_empty());
        let prices = json!({
            "model_pricing_credits_per_minute": {"original": 60, "light": 45, "pro": 180, "human": 45},
            "price_per_second_cents": 1, "packages": [],
        });
        assert!(pricing(&prices).lines().is_empty());
    }

    #[test]
    fn fields_more_and_less_and_unknown_states_are_named() {
        let mut odd = plain_job();
        odd["id"].take();
        let object = odd.as_object_mut().unwrap();
        object.remove("id");
        object.insert("job_id".into(), json!("j"));
        object.remove("progress");
        object.insert("queue_position".into(), json!(3));
        let drift = job(&JobStatus::Other("archived".into()), &odd);
        assert_eq!(
            drift.lines(),
            [
                "unknown state of a job: archived",
                "missing: job.progress",
                "not in the contract: job.queue_position",
            ]
        );
        let drift = health(&json!({"status": "sleepy", "checks": {"api": true, "gpu": false}}));
        assert!(drift.fields.contains("health.status has an unknown value: sleepy"));
        assert!(drift.fields.contains("not in the contract: health.checks.gpu"));
        assert!(drift.fields.contains("missing: health.checks.r2_configured"));
        let drift =
            pricing(&json!({"model_pricing_credits_per_minute": {"original": 60, "ultra": 1}}));
        assert!(drift.fields.contains("missing: a price for the model pro"));
        assert!(drift.fields.contains("not in the contract: the model ultra"));
    }

    #[test]
    fn what_is_no_object_has_no_fields_to_miss() {
        assert!(pricing(&json!([1])).lines().is_empty());
    }
}
