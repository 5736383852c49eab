//! Credits.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// `usage`, from the service
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct UsageDocument<'a> {
    pub(crate) days: u32,
    pub(crate) jobs: Option<u64>,
    pub(crate) completed: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) credits_used: Option<f64>,
    pub(crate) credits_left: Option<f64>,
    pub(crate) credits_per_output: Option<f64>,
    pub(crate) by_day: Vec<DayLine<'a>>,
    /// With `--events`.
    pub(crate) events: Option<Vec<UsageEventLine<'a>>>,
    pub(crate) events_in_all: Option<u64>,
    pub(crate) budget: Option<BudgetDocument>,
    pub(crate) keys: Vec<KeyUsageLine<'a>>,
    /// The service's own summary of the first key.
    pub(crate) summary: Option<&'a Value>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DayLine<'a> {
    pub(crate) day: &'a str,
    pub(crate) jobs: Option<u64>,
    pub(crate) credits: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct UsageEventLine<'a> {
    pub(crate) at: Option<&'a str>,
    pub(crate) job: Option<&'a str>,
    pub(crate) event: Option<&'a str>,
    pub(crate) credits: Option<f64>,
    pub(crate) key_fingerprint: &'a str,
    pub(crate) answer: &'a Value,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeyUsageLine<'a> {
    pub(crate) key_fingerprint: &'a str,
    pub(crate) jobs: Option<u64>,
    pub(crate) completed: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) credits_used: Option<f64>,
    pub(crate) credits_left: Option<f64>,
    pub(crate) summary: &'a Value,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BudgetDocument {
    pub(crate) limit: f64,
    pub(crate) used: f64,
    /// The part of `used` that is estimated.
    pub(crate) estimated: f64,
    pub(crate) exceeded: bool,
    /// Jobs of unknown price.
    pub(crate) unpriced: u64,
}

/// `usage --by`, from the ledger
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GroupedUsage<'a> {
    pub(crate) by: &'static str,
    pub(crate) days: u32,
    pub(crate) groups: Vec<GroupLine<'a>>,
    pub(crate) total: GroupFigures,
    pub(crate) budget: Option<BudgetDocument>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GroupLine<'a> {
    /// The group under the name of `by`: `{"tag": "spring"}`.
    #[serde(flatten)]
    pub(crate) name: BTreeMap<&'static str, &'a str>,
    #[serde(flatten)]
    pub(crate) figures: GroupFigures,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GroupFigures {
    pub(crate) jobs: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) credits: f64,
    pub(crate) charged: f64,
    pub(crate) estimated: f64,
    pub(crate) unpriced: u64,
    pub(crate) credits_per_output: Option<f64>,
}

/// `usage --reconcile`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AuditDocument<'a> {
    pub(crate) verdict: &'static str,
    pub(crate) basis: &'static str,
    pub(crate) days: u32,
    pub(crate) matched: usize,
    pub(crate) matched_credits: f64,
    pub(crate) asked_again: usize,
    pub(crate) beyond_estimate: usize,
    pub(crate) compared: &'a [String],
    pub(crate) differences: Vec<DifferenceLine<'a>>,
    pub(crate) unchecked: &'a [String],
    pub(crate) remarks: &'a [String],
    pub(crate) budget: Option<BudgetDocument>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DifferenceLine<'a> {
    pub(crate) difference: &'static str,
    pub(crate) job: Option<&'a str>,
    pub(crate) input: Option<&'a str>,
    pub(crate) day: Option<&'a str>,
    pub(crate) charged: Option<f64>,
    pub(crate) expected: Option<f64>,
}
