//! The kinds of secrets, and the environment in which they are read.

use std::collections::BTreeMap;
use std::path::Path;

/// Maximum size of a key file or of a command's output, in bytes.
pub(crate) const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Variables that hold an API key whatever the profile, in descending precedence.
pub const KEY_VARIABLES: [&str; 2] = ["RBGV_API_KEY", "REMOVEBGVIDEO_API_KEY"];

/// Variables that hold secrets whatever the configuration says. No child process gets them.
pub const SECRET_VARIABLES: [&str; 7] = [
    "RBGV_API_KEY",
    "REMOVEBGVIDEO_API_KEY",
    "RBGV_ADMIN_TOKEN",
    "RBGV_WEBHOOK_SECRET",
    "RBGV_SANDBOX_KEY",
    "RBGV_LEDGER",
    "PGPASSWORD",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SecretKind {
    ApiKey,
    /// The successor of the API key during a rotation.
    NextKey,
    AdminToken,
    WebhookSecret,
    /// The address of a shared ledger, which may contain a password.
    Ledger,
}

impl SecretKind {
    pub(crate) const ALL: [Self; 5] =
        [Self::ApiKey, Self::NextKey, Self::AdminToken, Self::WebhookSecret, Self::Ledger];

    /// The keys in a file that give it: inline, variable, file, command, keyring.
    pub(crate) fn keys(self) -> [&'static str; 5] {
        match self {
            Self::ApiKey => {
                ["api_key", "api_key_env", "api_key_file", "api_key_command", "api_key_keyring"]
            }
            Self::NextKey => [
                "next_key",
                "next_key_env",
                "next_key_file",
                "next_key_command",
                "next_key_keyring",
            ],
            Self::WebhookSecret => [
                "webhook_secret",
                "webhook_secret_env",
                "webhook_secret_file",
                "webhook_secret_command",
                "webhook_secret_keyring",
            ],
            Self::AdminToken => [
                "admin_token",
                "admin_token_env",
                "admin_token_file",
                "admin_token_command",
                "admin_token_keyring",
            ],
            Self::Ledger => {
                ["ledger", "ledger_env", "ledger_file", "ledger_command", "ledger_keyring"]
            }
        }
    }

    /// Whether requests to the service carry it; a webhook secret only verifies what it sends.
    pub(crate) fn is_sent(self) -> bool {
        !matches!(self, Self::WebhookSecret | Self::Ledger)
    }

    /// The variables that override every profile, in descending precedence.
    pub(crate) fn variables(self) -> &'static [&'static str] {
        match self {
            Self::ApiKey => &KEY_VARIABLES,
            // A key from a variable is the only key: see `Settings::next_key`.
            Self::NextKey => &[],
            Self::AdminToken => &["RBGV_ADMIN_TOKEN"],
            Self::WebhookSecret => &["RBGV_WEBHOOK_SECRET"],
            Self::Ledger => &["RBGV_LEDGER"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::NextKey => "next API key",
            Self::AdminToken => "admin token",
            Self::WebhookSecret => "webhook secret",
            Self::Ledger => "ledger",
        }
    }

    /// The first of [`Self::variables`] that is set and not empty, with its value.
    pub(crate) fn override_in(
        self,
        vars: &BTreeMap<String, String>,
    ) -> Option<(&'static str, &str)> {
        self.variables().iter().find_map(|name| {
            let value = vars.get(*name)?.trim();
            (!value.is_empty()).then_some((*name, value))
        })
    }
}

/// Variables and directory with which secrets are read.
pub(crate) struct SecretEnvironment<'a> {
    pub(crate) vars: &'a BTreeMap<String, String>,
    /// The variables of a command that prints a key.
    pub(crate) child_vars: &'a BTreeMap<String, String>,
    pub(crate) current_dir: &'a Path,
}
