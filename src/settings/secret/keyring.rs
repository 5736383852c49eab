//! Keys in the operating system's keyring (Secret Service).

use super::SecretSource;
#[cfg(feature = "keyring")]
use crate::settings::secret_service;

/// The service under which keys are kept when only a user is named.
const SERVICE: &str = "rbgv";

/// The keyring entry that `value` names: `SERVICE/USER`, or `USER` of the service `rbgv`.
pub(crate) fn named(value: &str) -> Result<SecretSource, String> {
    let (service, user) = value.split_once('/').unwrap_or((SERVICE, value));
    if service.is_empty() || user.is_empty() {
        return Err("wants \"USER\", or \"SERVICE/USER\"".to_owned());
    }
    Ok(SecretSource::Keyring { service: service.to_owned(), user: user.to_owned() })
}

/// The secret that the keyring holds for `user` of `service`. `command_key` is the setting that
/// reads the same secret by a command.
#[cfg(feature = "keyring")]
pub(crate) fn read(service: &str, user: &str, _command_key: &str) -> Result<String, String> {
    secret_service::read(service, user)
}

/// Builds without the feature `keyring` read none, and name the setting that serves instead.
#[cfg(not(feature = "keyring"))]
pub(crate) fn read(service: &str, user: &str, command_key: &str) -> Result<String, String> {
    Err(format!(
        "this rbgv was built without the feature `keyring`; instead, write {command_key} = \
         \"secret-tool lookup service {service} username {user}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_with_or_without_a_service() {
        let name = |value| match named(value) {
            Ok(SecretSource::Keyring { service, user }) => Some((service, user)),
            _ => None,
        };
        assert_eq!(name("dev"), Some(("rbgv".into(), "dev".into())));
        assert_eq!(name("work/dev"), Some(("work".into(), "dev".into())));
        assert_eq!(name("/dev"), None);
        assert_eq!(name("work/"), None);
    }

    #[cfg(not(feature = "keyring"))]
    #[test]
    fn a_build_without_the_keyring_names_the_command() {
        let why = read("rbgv", "dev", "api_key_command").unwrap_err();
        let line = "api_key_command = \"secret-tool lookup service rbgv username dev\"";
        assert!(why.contains("feature `keyring`") && why.contains(line), "{why}");
    }
}
