//! Settings of the object stores, and which environment variables hold them.

use std::collections::BTreeMap;

use crate::client::ProxyChoice;
use crate::model::{Sanitizer, StoreKind, Timing};

/// Parts of the names of variables whose values are secrets.
const SECRETS: [&str; 5] = ["SECRET", "TOKEN", "_KEY", "PASSWORD", "SAS"];

/// Settings of the object stores.
#[derive(Clone, Default)]
pub struct StoreConfig {
    /// Variables that may hold credentials and addresses: see [`is_store_variable`].
    pub vars: BTreeMap<String, String>,
    pub proxy: ProxyChoice,
    pub user_agent: String,
    pub timing: Timing,
    /// Redacts the secrets among `vars`.
    pub sanitizer: Sanitizer,
}

/// Whether an environment variable configures an object store.
#[must_use]
pub fn is_store_variable(name: &str) -> bool {
    [StoreKind::S3, StoreKind::Gcs, StoreKind::Azure]
        .into_iter()
        .any(|kind| name.starts_with(prefix(kind)))
}

/// Prefix of the variables that configure a kind of store.
pub(crate) fn prefix(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::S3 => "AWS_",
        StoreKind::Gcs => "GOOGLE_",
        StoreKind::Azure => "AZURE_",
    }
}

/// Whether the value of a variable is a secret. `AWS_ACCESS_KEY_ID` is none, but looks like one.
pub(crate) fn is_secret(name: &str) -> bool {
    let is_file = name.ends_with("_FILE") || name.ends_with("_URI");
    !is_file && SECRETS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_CLIENT_SECRET",
            "AZURE_STORAGE_SAS_TOKEN",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["AWS_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_STORAGE_ACCOUNT_NAME"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
