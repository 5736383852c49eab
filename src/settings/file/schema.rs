//! The known keys of a configuration file, and messages about unknown ones. Each key is listed here,
//! read in [`crate::settings::profile`] or [`crate::settings::resolve`], and explained in
//! `config.example.toml`; tests compare the three.

use crate::model::text::nearest;

/// Keys at the top of a file, beside the tables `defaults` and `profiles`.
pub(crate) const TOP: &[&str] = &["default_profile", "require"];

/// Keys of `[defaults]`.
pub(crate) const DEFAULTS: &[&str] = &["model", "format", "background"];

/// Keys of `[profiles.NAME]`, beside the tables `tags`, `limits` and `timing`.
pub(crate) const PROFILE: &[&str] = &[
    "base_url",
    "environment",
    "confirm_above_credits",
    "allow_http",
    "model",
    "format",
    "background",
    "api_key",
    "api_key_env",
    "api_key_file",
    "api_key_command",
    "api_key_keyring",
    "admin_token",
    "admin_token_env",
    "admin_token_file",
    "admin_token_command",
    "admin_token_keyring",
    "webhook_secret",
    "webhook_secret_env",
    "webhook_secret_file",
    "webhook_secret_command",
    "webhook_secret_keyring",
    "next_key",
    "next_key_env",
    "next_key_file",
    "next_key_command",
    "next_key_keyring",
    "ledger",
    "ledger_env",
    "ledger_file",
    "ledger_command",
    "ledger_keyring",
    "key_created",
    "key_max_age",
];

/// Keys of `[profiles.NAME.limits]`.
pub(crate) const LIMITS: &[&str] =
    &["in_flight_max", "submission_rate_max", "poll_rate_max", "concurrency"];

/// Keys of `[profiles.NAME.timing]`.
pub(crate) const TIMING: &[&str] = &[
    "poll_first",
    "poll_max",
    "backoff_first",
    "backoff_max",
    "poll_floor",
    "settle",
    "retry_after_max",
    "outage_max",
    "breaker_cooldown",
    "connect_timeout",
    "idle_timeout",
    "wait_timeout",
];

/// Every table of keys with its name.
const TABLES: [(&str, &[&str]); 5] = [
    ("the top of the file", TOP),
    ("[defaults]", DEFAULTS),
    ("[profiles.NAME]", PROFILE),
    ("[profiles.NAME.limits]", LIMITS),
    ("[profiles.NAME.timing]", TIMING),
];

/// The message about `key`, which is not among `known`.
pub(crate) fn unknown_key(key: &str, known: &[&str]) -> String {
    let elsewhere = TABLES.iter().find(|(_, keys)| keys.contains(&key));
    if let Some((table, _)) = elsewhere {
        return format!("`{key}` is not known here; it belongs to {table}");
    }
    match nearest(key, known.iter().copied()) {
        Some(close) => format!("unknown key `{key}`; did you mean `{close}`?"),
        None => format!("unknown key `{key}`; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_about_an_unknown_key_names_the_right_one() {
        assert!(unknown_key("modle", DEFAULTS).contains("did you mean `model`?"));
        assert!(unknown_key("apikey_env", PROFILE).contains("`api_key_env`"));
        assert!(unknown_key("settle", PROFILE).contains("[profiles.NAME.timing]"));
        assert!(unknown_key("zzz", DEFAULTS).contains("model, format, background"));
    }
}
