//! The secrets of a profile: an API key, its successor during a rotation, an admin token and a webhook
//! secret. Each comes from a variable, a file, a command, the keyring, or the configuration file itself.
//!
//! Reading order: `types`, `key_text` (what a key may contain), `command` and `keyring` (with
//! `secret_service`), `source` (finding and reading a secret), `expiry`.

mod command;
pub(crate) mod expiry;
mod key_text;
mod keyring;
#[cfg(feature = "keyring")]
mod secret_service;
mod source;
mod types;

pub use self::key_text::parse_key;
pub(crate) use self::key_text::{file_warnings, read_file, unquoted};
pub use self::keyring::{KEYRING, store as store_in_keyring};
pub(crate) use self::source::LocatedSecret;
pub use self::source::SecretSource;
pub use self::types::{KEY_VARIABLES, SECRET_VARIABLES};
pub(crate) use self::types::{SecretEnvironment, SecretKind};
