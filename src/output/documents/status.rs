//! Batches, jobs and limits.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::output::events::json::FailureRecord;

/// `status`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StatusDocument<'a> {
    pub(crate) batches: Vec<BatchLine<'a>>,
    pub(crate) jobs: Vec<JobLine<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BatchLine<'a> {
    pub(crate) batch: i64,
    pub(crate) made_at: String,
    pub(crate) profile: &'a str,
    /// The machine that planned it, in a shared ledger.
    pub(crate) machine: Option<&'a str>,
    /// Planning is complete.
    pub(crate) planned: bool,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) rejected: usize,
    pub(crate) open: usize,
    /// Left at the service on request (`--no-wait`, `--draft`).
    pub(crate) left: usize,
    pub(crate) estimated_credits: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JobLine<'a> {
    pub(crate) job: Option<&'a str>,
    pub(crate) input: &'a str,
    /// The status in the ledger.
    pub(crate) phase: &'static str,
    /// The status at the service, when last polled.
    pub(crate) status: Option<&'a str>,
    /// Percent.
    pub(crate) progress: Option<f64>,
    pub(crate) attempt: u32,
    pub(crate) changed_at: String,
    pub(crate) failure: Option<FailureRecord<'a>>,
}

/// `status JOB` and `status --remote`: one line for each job
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ServiceJobLine<'a> {
    pub(crate) job: &'a str,
    pub(crate) status: &'a str,
    /// Percent.
    pub(crate) progress: Option<f64>,
    pub(crate) duration_seconds: Option<f64>,
    pub(crate) billing_status: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) has_output: bool,
    pub(crate) notes: Vec<String>,
    pub(crate) answer: &'a Value,
}

/// `status --limits`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LimitsDocument<'a> {
    pub(crate) origin: &'a str,
    pub(crate) key_fingerprint: &'a str,
    pub(crate) submissions: PaceDocument,
    pub(crate) polls: PaceDocument,
    pub(crate) in_flight: WindowDocument,
    pub(crate) hosts: Vec<HostLine<'a>>,
    pub(crate) calls_last_hour: u32,
    pub(crate) refused_last_hour: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PaceDocument {
    pub(crate) per_second: f64,
    /// The rate to which it recovers after a refusal; `null` before the first one.
    pub(crate) after_refusal: Option<f64>,
    pub(crate) maximum: f64,
    pub(crate) refused_last_hour: u32,
    pub(crate) next: NextDocument,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WindowDocument {
    pub(crate) now: u32,
    pub(crate) limit: u32,
    /// The learned limit; `null` before a refusal has shown one.
    pub(crate) window: Option<u32>,
    pub(crate) maximum: u32,
    pub(crate) next_start: NextDocument,
}

/// When the next call may be sent.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum NextDocument {
    /// At the rate.
    AtPace { in_seconds: f64 },
    /// After a pause that the service requested.
    Paused { in_seconds: f64, paused: bool },
    /// After the user has acted.
    Blocked { blocked: &'static str },
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HostLine<'a> {
    pub(crate) host: &'a str,
    /// State of the circuit breaker: `closed`, `open` or `probing`.
    pub(crate) breaker: &'static str,
}

/// `logs JOB`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AttemptHistory<'a> {
    pub(crate) job: Option<&'a str>,
    pub(crate) input: String,
    pub(crate) size: Option<u64>,
    pub(crate) sha256: Option<&'a str>,
    pub(crate) attempt: u32,
    pub(crate) correlation: &'a str,
    pub(crate) service: &'a str,
    pub(crate) profile: &'a str,
    pub(crate) key_fingerprint: &'a str,
    pub(crate) model: &'static str,
    pub(crate) format: &'static str,
    pub(crate) background: String,
    pub(crate) tags: &'a BTreeMap<String, String>,
    pub(crate) batch: Option<i64>,
    pub(crate) estimate: Option<f64>,
    pub(crate) charged: Option<f64>,
    pub(crate) phase: &'static str,
    pub(crate) status: Option<&'a str>,
    pub(crate) made_at: String,
    pub(crate) finished_at: Option<String>,
    pub(crate) failure: Option<FailureRecord<'a>>,
    pub(crate) outputs: Vec<OutputLine<'a>>,
    pub(crate) steps: Vec<StepLine<'a>>,
    pub(crate) webhooks: Vec<WebhookLine<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OutputLine<'a> {
    pub(crate) batch: i64,
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) done_at: Option<String>,
    pub(crate) sha256: Option<&'a str>,
    pub(crate) size: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StepLine<'a> {
    pub(crate) at: String,
    pub(crate) phase: &'static str,
    pub(crate) then: String,
    pub(crate) request_id: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WebhookLine<'a> {
    pub(crate) at: String,
    pub(crate) webhook: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) handled: bool,
}
