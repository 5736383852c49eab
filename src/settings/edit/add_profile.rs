//! Adds a profile to a configuration file. What the file says already, comments included, stays
//! byte for byte: the new table is appended, and a default goes in front.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;
use url::Url;

use crate::model::{ApiKey, Failure, FailureKind};

use crate::settings::file::layer::{self, Layer};
use crate::settings::file::located_value::FileOrigin;
use crate::settings::{Environment, base_url, secret};

/// A profile to add.
#[derive(Debug, Clone)]
pub struct NewProfile {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// Where its API is, if not at the vendor's address.
    pub base_url: Option<Url>,
    /// What it is for.
    pub environment: Environment,
    /// Where its key comes from; none leaves that to variables.
    pub key: Option<KeySource>,
    /// Whether it becomes the profile that is used when nothing names one.
    pub make_default: bool,
}

/// Where the key of a new profile comes from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A variable, by name.
    Variable(String),
    /// A file that holds the key alone.
    File(PathBuf),
    /// A command that prints it.
    Command(String),
    /// An entry of the system's keyring: `USER`, or `SERVICE/USER`.
    Keyring(String),
    /// The key itself, in clear text in the file.
    Inline(ApiKey),
}

/// Adds `profile` to the file at `path`, which is made when it is not there, and replaced in one
/// step otherwise. The file is readable by its owner alone afterwards.
///
/// # Errors
/// [`FailureKind::Configuration`] when the profile is there already, or the result would not be a
/// configuration; [`FailureKind::Local`] when it cannot be written.
pub fn add_profile(path: &Path, profile: &NewProfile) -> Result<(), Failure> {
    let wrong = |why: String| {
        let what = format!("adding profile {} to {}", profile.name, path.display());
        Failure::new(FailureKind::Configuration, what, why)
    };
    layer::check_name(&profile.name).map_err(wrong)?;
    if let Some(source) = &profile.key {
        secret::SecretSource::of(source).map_err(wrong)?;
    }
    if let Some(url) = &profile.base_url {
        base_url::parse(url.as_str(), false).map_err(wrong)?;
    }
    // A link, as dotfiles have it, is kept and its target replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text = existing(&target)?;
    let shown: Arc<Path> = path.into();
    let before = Layer::parse(&shown, FileOrigin::User, &text)?;
    if before.profiles.contains_key(&profile.name) {
        return Err(wrong("there is a profile of this name already; choose another".to_owned()));
    }
    if profile.make_default
        && let Some(entry) = before.top.get("default_profile")
    {
        return Err(wrong(format!("{} names the default already; change it there", entry.place)));
    }
    let text = extended(&text, profile);
    // Tables that are written inline, for one, cannot be appended to.
    Layer::parse(&shown, FileOrigin::User, &text).map_err(|failure| {
        wrong(format!("cannot be appended ({}); add it by hand", failure.why))
    })?;
    replace(&target, &text)
        .map_err(|error| Failure::local(format!("writing {}", path.display()), &error))
}

pub(crate) fn existing(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        // An editor may have put a byte order mark before it, which TOML does not know.
        Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::local(format!("reading {}", path.display()), &error)),
    }
}

/// `text` with `profile` behind it.
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
    match &profile.key {
        None => {}
        Some(KeySource::Variable(name)) => line("api_key_env", name),
        Some(KeySource::File(path)) => line("api_key_file", &path.to_string_lossy()),
        Some(KeySource::Command(command)) => line("api_key_command", command),
        Some(KeySource::Keyring(entry)) => line("api_key_keyring", entry),
        Some(KeySource::Inline(key)) => line("api_key", key.expose()),
    }
    parts.push(lines.join("\n") + "\n");
    parts.join("\n")
}

/// `text` as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

pub(crate) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    // Such files are made with mode 0600.
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
