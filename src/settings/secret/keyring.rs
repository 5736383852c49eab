//! Keys in the operating system's keyring (Secret Service).

#[cfg(feature = "keyring")]
use super::secret_service;
use crate::model::ApiKey;

/// Whether this build can use the keyring.
pub const KEYRING: bool = cfg!(feature = "keyring");

/// Service of an entry that names only a user.
const DEFAULT_SERVICE: &str = "rbgv";

/// Service and user of the keyring entry `SERVICE/USER`, or `USER` of the service `rbgv`.
pub(crate) fn split_entry(entry: &str) -> (&str, &str) {
    entry.split_once('/').unwrap_or((DEFAULT_SERVICE, entry))
}

/// Checks that `entry` names both.
pub(crate) fn check_entry(entry: &str) -> Result<(), String> {
    let (service, user) = split_entry(entry);
    if service.is_empty() || user.is_empty() {
        return Err("expected \"USER\" or \"SERVICE/USER\"".to_owned());
    }
    Ok(())
}

/// The secret at `entry`.
#[cfg(feature = "keyring")]
pub(crate) fn read(entry: &str, _command_key: &str) -> Result<String, String> {
    let (service, user) = split_entry(entry);
    secret_service::read(service, user)
}

/// The error of a build without the feature `keyring`: `command_key` is the setting that can replace it.
#[cfg(not(feature = "keyring"))]
pub(crate) fn read(entry: &str, command_key: &str) -> Result<String, String> {
    let (service, user) = split_entry(entry);
    Err(format!(
        "this rbgv was built without the feature `keyring`; instead, write {command_key} = \
         \"secret-tool lookup service {service} username {user}\""
    ))
}

/// Stores `key` as the entry `entry`.
///
/// # Errors
/// Why it is not stored, without the key.
#[cfg(feature = "keyring")]
pub fn store(entry: &str, key: &ApiKey) -> Result<(), String> {
    check_entry(entry)?;
    let (service, user) = split_entry(entry);
    secret_service::store(service, user, key)
}

/// The error of a build without the feature `keyring`.
#[cfg(not(feature = "keyring"))]
pub fn store(entry: &str, _key: &ApiKey) -> Result<(), String> {
    Err(format!("this rbgv was built without the feature `keyring`, so {entry} is not stored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_with_or_without_a_service() {
        assert_eq!(split_entry("dev"), ("rbgv", "dev"));
        assert_eq!(split_entry("work/dev"), ("work", "dev"));
        assert!(check_entry("dev").is_ok() && check_entry("work/dev").is_ok());
        assert!(check_entry("/dev").is_err());
        assert!(check_entry("work/").is_err());
    }

    #[cfg(not(feature = "keyring"))]
    #[test]
    fn a_build_without_the_keyring_names_the_command() {
        let why = read("dev", "api_key_command").unwrap_err();
        let line = "api_key_command = \"secret-tool lookup service rbgv username dev\"";
        assert!(why.contains("feature `keyring`") && why.contains(line), "{why}");
    }
}
