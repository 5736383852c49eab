//! The smoke test.

use std::collections::BTreeMap;

use serde::Serialize;

/// `smoke-test`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SmokeDocument<'a> {
    pub(crate) profile: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) base_url: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) contract: &'a str,
    pub(crate) began: String,
    pub(crate) seconds: f64,
    pub(crate) budget: Option<f64>,
    pub(crate) estimate: Option<f64>,
    pub(crate) verdict: VerdictDocument<'a>,
    pub(crate) passed: usize,
    pub(crate) warned: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    pub(crate) drift: &'a [String],
    pub(crate) stages: Vec<StageDocument<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerdictDocument<'a> {
    pub(crate) word: &'a str,
    pub(crate) told: &'a str,
    pub(crate) next: Option<&'a str>,
    pub(crate) exit_code: u8,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StageDocument<'a> {
    pub(crate) name: &'a str,
    pub(crate) stage: &'static str,
    pub(crate) outcome: &'static str,
    /// Who must act, for a failed stage.
    pub(crate) cause: Option<&'static str>,
    pub(crate) seconds: Option<f64>,
    pub(crate) budget_seconds: Option<f64>,
    pub(crate) told: &'a str,
    pub(crate) details: &'a [String],
    /// Seconds of each step.
    pub(crate) steps: BTreeMap<&'a str, f64>,
    pub(crate) measures: BTreeMap<&'a str, f64>,
    pub(crate) job: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) next: Option<&'a str>,
}
