//! Configuration files, variables and flags, resolved once into one [`Settings`] value with the
//! profile in use and the source of its key. Reads the files and key sources that they name; sends
//! and prints nothing.
//!
//! Reading order:
//!
//! ```text
//! types      profiles' environments, limits and timeouts, with their defaults
//! file/      finding, reading and checking configuration files
//! secret/    kinds and sources of keys, and reading them
//! base_url   the address of the API
//! profile    one profile as typed values
//! resolve    flags over variables over files over defaults
//! resolved   the result, and the keys to which it leads
//! summary    `profile list`, `config show` and warnings
//! edit/      adding a profile, rotating its key, and setting a value in a file
//! ```

mod base_url;
pub(crate) mod edit;
pub(crate) mod file;
mod profile;
mod resolve;
mod resolved;
mod secret;
mod summary;
mod types;

/// Parses text as the configuration of a project, checks it as that of a user, and parses it as a key.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_config(text: &str) {
    use self::file::{layer::Layer, located_value::FileOrigin};
    let path = std::path::Path::new("config.toml");
    let _ = Layer::parse(&path.into(), FileOrigin::Project, text);
    let file = ConfigFile { path: path.into(), text: String::new() };
    let _ = file.check(text, &std::collections::BTreeMap::default());
    if let Err(why) = parse_key(text) {
        assert!(!why.contains(text.trim()) || text.trim().len() < 3, "a key is not quoted: {why}");
    }
}

#[cfg(test)]
mod tests;

pub use self::base_url::{VENDOR_URL, parse as parse_base_url};
pub use self::edit::add_profile::{NewProfile, add_profile, defines_profile};
pub(crate) use self::edit::config_file::ConfigFile;
pub use self::edit::rotate_key::{RotationStep, rotate_key};
pub use self::edit::set_value::set_value;
pub use self::file::decode::EffectiveValue;
pub use self::file::project_consent::Project;
pub use self::profile::Profile;
pub use self::resolve::{project, state_dir, user_file};
pub use self::resolved::Settings;
pub use self::secret::{
    KEY_VARIABLES, KEYRING, SECRET_VARIABLES, SecretSource, parse_key, store_in_keyring,
};
pub use self::types::{
    Environment, OptionDefaults, ProfileSummary, ResolvedKey, SANDBOX, SettingsSources,
    check_profile_name,
};
