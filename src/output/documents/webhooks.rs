//! The receiver of webhooks.

use serde::Serialize;
use serde_json::Value;

use crate::output::events::json::FailureRecord;

/// `listen`: one line for each event
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum ListenLine<'a> {
    Listening {
        address: String,
    },
    Webhook {
        delivery: &'a str,
        webhook: &'a str,
        job: Option<&'a str>,
        status: Option<&'a str>,
        settled: Option<&'static str>,
        data: &'a Value,
    },
    Repeated {
        delivery: &'a str,
        webhook: &'a str,
    },
    Refused {
        delivery: Option<&'a str>,
        reason: &'a str,
        why: &'a str,
        /// Further refusals that were not shown.
        not_shown: u64,
    },
    Failed {
        delivery: &'a str,
        failure: FailureRecord<'a>,
    },
}

/// `listen verify`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerificationDocument<'a> {
    pub(crate) accepted: bool,
    pub(crate) reason: Option<&'a str>,
    pub(crate) why: &'a [String],
    pub(crate) secret_fingerprint: &'a str,
    pub(crate) secret_source: &'a str,
}

/// `trigger`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WebhookSent<'a> {
    pub(crate) event: &'a str,
    pub(crate) delivery_id: &'a str,
    pub(crate) job: &'a str,
    pub(crate) to: &'a str,
}
