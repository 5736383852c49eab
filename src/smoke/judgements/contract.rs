//! The contract of answers, and how an answer differs from it. Pure. An additional field is
//! harmless, and the contract permits it; a missing field, or one of another type, may break a
//! client; an unknown state does, because it is unknown when such a job ends.

use serde_json::Value;

use super::fields::{
    CHECKS, CREATE, DOWNLOAD, Drift, Fields, HEALTH, JOB, MISSING, PRICING, START, UPLOAD,
};
use crate::client::EndpointRoute;
use crate::model::{JobStatus, ModelName};

/// The version of the contract that answers are compared with.
pub const CONTRACT: &str = "v1, as documented with the SDKs 0.1.0";

/// Compares an answer to a call of `route`. Undocumented answers never differ.
#[must_use]
pub(crate) fn answer(route: EndpointRoute, raw: &Value) -> Drift {
    match route {
        EndpointRoute::Upload => UPLOAD.compare(raw),
        EndpointRoute::Create => accepted(&CREATE, raw),
        EndpointRoute::Start => accepted(&START, raw),
        EndpointRoute::Job => job(raw),
        EndpointRoute::DownloadLink => DOWNLOAD.compare(raw),
        EndpointRoute::Pricing => pricing(raw),
        EndpointRoute::Health => health(raw),
        // A list page may show less of a job than a poll of it does, and usage is not documented.
        EndpointRoute::Jobs | EndpointRoute::Usage | EndpointRoute::Admin => Drift::default(),
    }
}

/// Compares an answer to `GET /health`.
#[must_use]
pub(crate) fn health(raw: &Value) -> Drift {
    let mut drift = HEALTH.compare(raw);
    if let Some(checks) = raw.get("checks") {
        drift.add(CHECKS.compare(checks));
    }
    drift
}

/// The contract has this health status.
#[must_use]
pub(crate) fn is_health(status: &str) -> bool {
    matches!(status.to_ascii_lowercase().as_str(), "healthy" | "degraded")
}

/// Compares an answer to `GET /api/pricing`.
#[must_use]
pub(crate) fn pricing(raw: &Value) -> Drift {
    let mut drift = PRICING.compare(raw);
    let Some(prices) = raw.get("model_pricing_credits_per_minute").and_then(Value::as_object)
    else {
        return drift;
    };
    for model in ModelName::ALL {
        let price = prices.get(model.as_str());
        if price.and_then(Value::as_f64).is_some_and(|price| price > 0.0) {
            continue;
        }
        drift.broken.insert(match price {
            None => format!("missing: a price for model {model}"),
            Some(price) => format!("the price of model {model} is {price}"),
        });
    }
    let known = |name: &str| ModelName::ALL.iter().any(|model| model.as_str() == name);
    for model in prices.keys().filter(|name| !known(name)) {
        drift.new.insert(format!("not in the contract: model {model}"));
    }
    drift
}

/// Compares an answer to `GET /v1/jobs/{id}`. A running job may show missing fields later.
fn job(raw: &Value) -> Drift {
    let status = status(raw);
    let mut drift = JOB.compare(raw);
    if !status.as_ref().is_some_and(JobStatus::is_final) {
        drift.broken.retain(|message| !message.starts_with(MISSING));
    }
    drift.add(status.as_ref().map(state).unwrap_or_default());
    drift
}

fn accepted(fields: &Fields, raw: &Value) -> Drift {
    let mut drift = fields.compare(raw);
    drift.add(status(raw).as_ref().map(state).unwrap_or_default());
    drift
}

fn status(raw: &Value) -> Option<JobStatus> {
    raw.get("status").and_then(Value::as_str).map(JobStatus::parse)
}

/// Compares a job state.
#[must_use]
pub(crate) fn state(status: &JobStatus) -> Drift {
    let mut drift = Drift::default();
    if let JobStatus::Other(word) = status {
        drift.states.insert(word.clone());
    }
    drift
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain_job() -> Value {
        json!({
            "id": "j", "status": "completed", "progress": 100, "error": null, "created_at": "t",
            "output_url": "https://cdn.example/o", "duration_seconds": 2.0,
            "billing_status": "charged", "webhook_url": null, "webhook_events": {}, "metadata": {},
        })
    }

    #[test]
    fn what_is_documented_is_no_drift() {
        let checks = json!({"api": true, "runpod_configured": true, "r2_configured": true});
        let models = json!({"original": 60, "light": 45, "pro": 180, "human": 45});
        let accepted = json!({"success": true, "id": "j", "status": "created", "message": "m"});
        let table = [
            (EndpointRoute::Job, plain_job()),
            (EndpointRoute::Health, json!({"status": "degraded", "checks": checks})),
            (
                EndpointRoute::Pricing,
                json!({
                    "model_pricing_credits_per_minute": models, "price_per_second_cents": 1,
                    "packages": [],
                }),
            ),
            (
                EndpointRoute::Upload,
                json!({
                    "success": true, "video_id": "v", "video_url": "https://cdn.example/v",
                    "filename": "a.mp4", "size": 5,
                }),
            ),
            (EndpointRoute::Create, accepted.clone()),
            (EndpointRoute::Start, accepted),
            (
                EndpointRoute::DownloadLink,
                json!({"success": true, "download_url": "https://x", "output_format": "webm"}),
            ),
            (EndpointRoute::Usage, json!([1])),
        ];
        for (route, raw) in table {
            assert_eq!(answer(route, &raw), Drift::default(), "{route:?}");
        }
    }

    #[test]
    fn every_documented_field_is_missed_when_it_is_gone_or_another_thing() {
        let table = [
            (EndpointRoute::Upload, "upload", UPLOAD),
            (EndpointRoute::Create, "create", CREATE),
            (EndpointRoute::Start, "start", START),
            (EndpointRoute::DownloadLink, "download", DOWNLOAD),
            (EndpointRoute::Health, "health", HEALTH),
            (EndpointRoute::Pricing, "pricing", PRICING),
        ];
        for (route, place, fields) in table {
            let drift = answer(route, &json!({"surprise": 1}));
            for (names, _) in fields.listed {
                let message = format!("missing: {place}.{}", names[0]);
                assert!(drift.broken.contains(&message), "{message} in {drift:?}");
            }
            assert_eq!(drift.new, [format!("not in the contract: {place}.surprise")].into());
            let unexpected: serde_json::Map<_, _> =
                fields.listed.iter().map(|(names, _)| (names[0].to_owned(), json!([1]))).collect();
            let drift = answer(route, &unexpected.into());
            for (names, _) in fields.listed.iter().filter(|(_, types)| !types.is_empty()) {
                let message = format!("{place}.{} is a list", names[0]);
                assert!(drift.broken.iter().any(|line| line.starts_with(&message)), "{message}");
            }
        }
    }

    #[test]
    fn fields_more_and_less_and_unknown_states_are_named() {
        let mut unexpected = plain_job();
        let object = unexpected.as_object_mut().unwrap();
        object.remove("id");
        object.insert("job_id".into(), json!("j"));
        object.remove("progress");
        object.insert("queue_position".into(), json!(3));
        object.insert("duration_seconds".into(), json!("2 s"));
        assert_eq!(
            answer(EndpointRoute::Job, &unexpected).lines(),
            [
                "job.duration_seconds is a string, but a number or null is documented",
                "missing: job.progress",
                "not in the contract: job.queue_position",
            ]
        );
        // It is unknown whether such a job shows more later.
        unexpected["status"] = "archived".into();
        assert_eq!(
            answer(EndpointRoute::Job, &unexpected).lines(),
            [
                "unknown job status: archived",
                "job.duration_seconds is a string, but a number or null is documented",
                "not in the contract: job.queue_position",
            ]
        );
        let created = json!({"success": true, "id": "j", "status": "queued", "message": "m"});
        assert_eq!(answer(EndpointRoute::Create, &created).states, ["queued".to_owned()].into());
    }

    #[test]
    fn checks_and_prices_are_looked_at_one_by_one() {
        let drift = health(&json!({"status": "healthy", "checks": {"api": "down", "gpu": false}}));
        assert!(drift.new.contains("not in the contract: health.checks.gpu"));
        assert!(drift.broken.contains("missing: health.checks.r2_configured"));
        assert!(
            drift.broken.contains("health.checks.api is a string, but true or false is documented"),
            "{drift:?}"
        );
        let drift = pricing(&json!({
            "model_pricing_credits_per_minute": {"original": 60, "light": "45", "human": 0, "ultra": 1},
        }));
        assert!(drift.broken.contains("missing: a price for model pro"));
        assert!(drift.broken.contains("the price of model light is \"45\""), "{drift:?}");
        assert!(drift.broken.contains("the price of model human is 0"));
        assert!(drift.new.contains("not in the contract: model ultra"));
        assert!(is_health("Degraded") && !is_health("unhealthy"));
    }

    #[test]
    fn what_is_no_object_is_told_once() {
        assert_eq!(pricing(&json!([1])).lines(), ["pricing is not an object"]);
    }
}
