//! Profiles and keys.

use serde::Serialize;
use serde_json::Value;

use crate::output::events::json::FailureRecord;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProfileLine {
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) base_url: String,
    pub(crate) environment: &'static str,
    pub(crate) key_source: String,
    /// `null` if reading the key would run a command or query the keyring.
    pub(crate) key_fingerprint: Option<String>,
}

/// `profile check`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProfileChecks<'a> {
    pub(crate) profile: &'a str,
    pub(crate) base_url: &'a str,
    pub(crate) environment: &'static str,
    pub(crate) checks: Vec<ProfileCheck<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProfileCheck<'a> {
    pub(crate) check: &'static str,
    pub(crate) ok: bool,
    pub(crate) says: Option<&'a str>,
    pub(crate) failure: Option<FailureRecord<'a>>,
}

/// `profile rotate`
#[derive(Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum RotationDocument<'a> {
    Begin { profile: &'a str, old_key_fingerprint: &'a str, new_key_fingerprint: &'a str },
    Finish { profile: &'a str, kept_key_fingerprint: &'a str, dropped_key_fingerprint: &'a str },
    Abort { profile: &'a str, kept_key_fingerprint: &'a str, dropped_key_fingerprint: &'a str },
}

/// `profile rotate --status`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RotationStatus<'a> {
    pub(crate) profile: &'a str,
    pub(crate) days: u32,
    pub(crate) keys: Vec<RotatingKey<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RotatingKey<'a> {
    /// `old` or `new`.
    pub(crate) which: &'static str,
    pub(crate) key_fingerprint: &'a str,
    pub(crate) jobs: u64,
    pub(crate) open: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) review: u64,
    pub(crate) estimated_credits: f64,
    /// Attempts that can only be finished with this key.
    pub(crate) needing: u64,
    pub(crate) calls_last_hour: u32,
    pub(crate) refused_last_hour: u32,
    /// The service's own summary.
    pub(crate) usage: Option<Value>,
    pub(crate) failure: Option<FailureRecord<'a>>,
}

/// `keys list`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeyLine<'a> {
    pub(crate) client_id: Option<&'a str>,
    pub(crate) key_fingerprint: Option<&'a str>,
    pub(crate) enabled: Option<bool>,
    pub(crate) answer: &'a Value,
}

/// `keys create`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewKeyDocument<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) key_fingerprint: Option<&'a str>,
    /// The file with the key.
    pub(crate) file: Option<String>,
    /// Only without `--to`: the key itself, which is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<&'a str>,
}

/// `keys enable` and `keys disable`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeySwitch<'a> {
    pub(crate) key_fingerprint: &'a str,
    pub(crate) enabled: bool,
}
