//! Adds a profile to a configuration file. The existing text stays byte for byte: the new table is
//! appended, and `default_profile` is put in front.

use std::path::Path;

use url::Url;

use crate::model::Failure;

use super::config_file::ConfigFile;
use crate::settings::base_url;
use crate::settings::secret::{SecretKind, SecretSource};
use crate::settings::types::{Environment, check_profile_name};

#[derive(Debug, Clone)]
pub struct NewProfile {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// The vendor's address if `None`.
    pub base_url: Option<Url>,
    pub environment: Environment,
    /// Left to variables if `None`.
    pub key: Option<SecretSource>,
    /// Whether it becomes `default_profile`.
    pub make_default: bool,
}

/// Adds `profile` to the file at `path`, which is created, or replaced in one step. Afterwards only
/// its owner can read it.
///
/// # Errors
/// `FailureKind::Configuration`: the profile exists, or the result would be invalid;
/// `FailureKind::Local`: the file cannot be written.
pub fn add_profile(path: &Path, profile: &NewProfile) -> Result<(), Failure> {
    let wrong = |why: String| {
        let what = format!("adding profile {} to {}", profile.name, path.display());
        Failure::configuration(what, why)
    };
    check_profile_name(&profile.name).map_err(wrong)?;
    if let Some(source) = &profile.key {
        source.check().map_err(wrong)?;
    }
    if let Some(url) = &profile.base_url {
        base_url::parse(url.as_str(), false).map_err(wrong)?;
    }
    let file = ConfigFile::read(path)?;
    let before = file.parse(&file.text)?;
    if before.profiles.contains_key(&profile.name) {
        return Err(wrong("a profile of this name already exists; choose another name".to_owned()));
    }
    if profile.make_default
        && let Some(entry) = before.top.get("default_profile")
    {
        return Err(wrong(format!("{} already sets the default; change it there", entry.place)));
    }
    let text = extended(&file.text, profile);
    // Nothing can be appended to inline tables, for example.
    file.parse(&text)
        .map_err(|failure| wrong(format!("cannot append it ({}); add it by hand", failure.why)))?;
    file.replace(&text)
}

/// Whether the file at `path` has the profile `name`.
///
/// # Errors
/// The file cannot be read or parsed.
pub fn defines_profile(path: &Path, name: &str) -> Result<bool, Failure> {
    let file = ConfigFile::read(path)?;
    Ok(file.parse(&file.text)?.profiles.contains_key(name))
}

/// `text` followed by `profile`.
fn extended(text: &str, profile: &NewProfile) -> String {
    let mut parts = Vec::new();
    if profile.make_default {
        parts.push(format!("default_profile = {}\n", quoted(&profile.name)));
    }
    if !text.trim().is_empty() {
        parts.push(format!("{}\n", text.strip_suffix('\n').unwrap_or(text)));
    }
    let mut lines = vec![format!("[profiles.{}]", profile.name)];
    let mut line = |key: &str, value: &str| lines.push(format!("{key} = {}", quoted(value)));
    if let Some(url) = &profile.base_url {
        line("base_url", url.as_str().trim_end_matches('/'));
    }
    line("environment", profile.environment.as_str());
    if let Some(source) = &profile.key {
        let (key, value) = source.entry(SecretKind::ApiKey);
        line(key, &value);
    }
    parts.push(lines.join("\n") + "\n");
    parts.join("\n")
}

/// `text` as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
