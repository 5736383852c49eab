//! Keys in the operating system's keyring (Secret Service).

#[cfg(feature = "keyring")]
use super::secret_service;
use crate::model::ApiKey;

/// Whether this build can use the keyring.
pub const KEYRING: bool = cfg!(feature = "keyring");

/// Service of an entry that names only a user.
const DEFAULT_SERVICE: &str = "rbgv";

/// Service and user of the keyring entry `SERVICE/USER`, or `USER` of the service `rbgv`.
pub(crate) fn parse_entry(value: &str) -> Result<(&str, &str), String> {
    let (service, user) = value.split_once('/').unwrap_or((DEFAULT_SERVICE, value));
    if service.is_empty() || user.is_empty() {
        return Err("expected \"USER\" or \"SERVICE/USER\"".to_owned());
    }
    Ok((service, user))
}

/// The secret of `user` at `service`.
#[cfg(feature = "keyring")]
pub(crate) fn read(service: &str, user: &str, _command_key: &str) -> Result<String, String> {
    secret_service::read(service, user)
}

/// The error of a build without the feature `keyring`: `command_key` is the setting that can replace it.
#[cfg(not(feature = "keyring"))]
pub(crate) fn read(service: &str, user: &str, command_key: &str) -> Result<String, String> {
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
    let (service, user) = parse_entry(entry)?;
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
        assert_eq!(parse_entry("dev"), Ok(("rbgv", "dev")));
        assert_eq!(parse_entry("work/dev"), Ok(("work", "dev")));
        assert!(parse_entry("/dev").is_err());
        assert!(parse_entry("work/").is_err());
    }

    #[cfg(not(feature = "keyring"))]
    #[test]
    fn a_build_without_the_keyring_names_the_command() {
        let why = read("rbgv", "dev", "api_key_command").unwrap_err();
        let line = "api_key_command = \"secret-tool lookup service rbgv username dev\"";
        assert!(why.contains("feature `keyring`") && why.contains(line), "{why}");
    }
}
