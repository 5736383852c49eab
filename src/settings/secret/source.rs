//! The source of a secret as a profile names it, and reading the secret from there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::model::{ApiKey, Failure, Fingerprint};

use super::key_text::{file_warnings, parse_key, read_file};
use super::types::{SecretEnvironment, SecretKind};
use super::{command, keyring};
use crate::settings::file::located_value::{ConfigSection, LocatedValue, Location};
use crate::settings::file::{decode, find};

/// The source of a secret.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// The secret itself, in plain text in the configuration file.
    Inline(ApiKey),
    /// The name of a variable.
    Variable(String),
    /// A file that contains only the secret.
    File(PathBuf),
    /// A command, run by `sh -c`, that prints the secret.
    Command(String),
    /// A keyring entry: `USER`, or `SERVICE/USER`.
    Keyring(String),
}

impl SecretSource {
    /// Checks a source that is not in a file yet.
    ///
    /// # Errors
    /// The variable or the keyring entry has no valid name.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Variable(name) if !is_variable(name) => {
                Err("not the name of a variable; give the name, never the key".to_owned())
            }
            Self::Keyring(entry) => keyring::check_entry(entry),
            _ => Ok(()),
        }
    }

    /// The key and value in a file that name this source for `kind`.
    pub(crate) fn entry(&self, kind: SecretKind) -> (&'static str, String) {
        let [inline, variable, file, command, keyring] = kind.keys();
        match self {
            Self::Inline(key) => (inline, key.expose().to_owned()),
            Self::Variable(name) => (variable, name.clone()),
            Self::File(path) => (file, path.to_string_lossy().into_owned()),
            Self::Command(line) => (command, line.clone()),
            Self::Keyring(entry) => (keyring, entry.clone()),
        }
    }
}

impl fmt::Display for SecretSource {
    /// Without the command line, which may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("written in the file"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command(_) => f.write_str("a command"),
            Self::Keyring(entry) => {
                let (service, user) = keyring::split_entry(entry);
                write!(f, "keyring {service}/{user}")
            }
        }
    }
}

/// A source with its place in a file; without one for a key that the program made.
#[derive(Debug, Clone)]
pub(crate) struct LocatedSecret {
    pub(crate) source: SecretSource,
    pub(crate) place: Option<Location>,
}

impl LocatedSecret {
    /// A key that the program made.
    pub(crate) fn given(key: ApiKey) -> Self {
        Self { source: SecretSource::Inline(key), place: None }
    }

    /// A warning when other users can read the file that holds the secret.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let path = match (&self.source, &self.place) {
            (SecretSource::File(path), _) => path.as_path(),
            (SecretSource::Inline(_), Some(place)) => &place.path,
            _ => return Vec::new(),
        };
        file_warnings(path)
    }

    /// The source that `section` names for `kind`.
    ///
    /// # Errors
    /// Two sources for one secret, or an invalid value.
    pub(crate) fn find(
        kind: SecretKind,
        section: &ConfigSection,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, Failure> {
        let given: Vec<(&str, &LocatedValue)> =
            kind.keys().into_iter().filter_map(|key| Some((key, section.get(key)?))).collect();
        let (key, entry) = match given[..] {
            [] => return Ok(None),
            [only] => only,
            [(first, _), (second, entry), ..] => {
                return Err(entry.place.failure(format!(
                    "`{first}` and `{second}` both set the {}; keep one of them",
                    kind.name()
                )));
            }
        };
        let wrong = |why: String| entry.place.failure(format!("`{key}`: {why}"));
        let value = decode::text(&entry.scalar).map_err(wrong)?.trim();
        if value.is_empty() {
            return Err(wrong("is empty; fill it in, or remove the line".to_owned()));
        }
        let [inline, variable, file, command, _] = kind.keys();
        let source = if key == inline {
            SecretSource::Inline(parse_key(value).map_err(wrong)?)
        } else if key == variable {
            if !is_variable(value) {
                let why = "not the name of a variable; write the name here, never the key";
                return Err(wrong(why.into()));
            }
            SecretSource::Variable(value.to_owned())
        } else if key == file {
            SecretSource::File(find::resolve_relative(&entry.place.path, value, vars))
        } else if key == command {
            SecretSource::Command(value.to_owned())
        } else {
            keyring::check_entry(value).map_err(wrong)?;
            SecretSource::Keyring(value.to_owned())
        };
        Ok(Some(Self { source, place: Some(entry.place.clone()) }))
    }

    /// Reads the secret of `profile`.
    ///
    /// # Errors
    /// `FailureKind::Configuration`, with the reason and the remedy.
    pub(crate) fn read(
        &self,
        kind: SecretKind,
        profile: &str,
        environment: &SecretEnvironment<'_>,
    ) -> Result<ApiKey, Failure> {
        let failure = |why: String| {
            let what = match &self.place {
                Some(place) => format!("{} of profile {profile}, {place}", kind.name()),
                None => format!("{} of profile {profile}", kind.name()),
            };
            Failure::configuration(what, why).with_next("rbgv doctor")
        };
        let raw = match &self.source {
            SecretSource::Inline(key) => return Ok(key.clone()),
            SecretSource::Variable(name) => {
                environment.vars.get(name).cloned().ok_or_else(|| {
                    failure(format!(
                        "the variable {name} is not set; export it, or use another source"
                    ))
                })?
            }
            SecretSource::File(path) => read_file(path).map_err(failure)?,
            SecretSource::Command(line) => {
                command::output(line, environment, command::TIMEOUT).map_err(failure)?
            }
            SecretSource::Keyring(entry) => {
                let [_, _, _, command, _] = kind.keys();
                keyring::read(entry, command).map_err(failure)?
            }
        };
        parse_key(&raw).map_err(|why| failure(format!("{}: {why}", self.source)))
    }

    /// The fingerprint, unless reading the secret would run a command or query the keyring.
    pub(crate) fn cheap_fingerprint(
        &self,
        kind: SecretKind,
        environment: &SecretEnvironment<'_>,
    ) -> Option<Fingerprint> {
        match &self.source {
            SecretSource::Command(_) | SecretSource::Keyring(_) => None,
            _ => self.read(kind, "", environment).ok().map(|key| key.fingerprint()),
        }
    }
}

/// Whether `name` can be the name of a variable. Names are shown, so a key written there by mistake
/// is refused.
fn is_variable(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty()
        && name.chars().all(is_plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
