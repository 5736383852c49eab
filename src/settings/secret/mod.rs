//! Where a secret comes from, and reading it from there: a variable, a file, a command, the
//! operating system's keyring, or the configuration file itself.

pub(crate) mod command;
pub(crate) mod expiry;
pub(crate) mod keyring;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::model::text::decoded;
use crate::model::{ApiKey, Failure, FailureKind, Fingerprint};

use super::edit::add_profile::KeySource;
use super::file::located_value::{ConfigSection, LocatedValue, Location};
use super::file::{decode, find};
use super::profile::Profile;

/// The longest file or answer that can be a key, in bytes.
pub(crate) const LONGEST: u64 = 64 * 1024;

/// The variables that hold an API key, whatever the profile, strongest first.
pub const KEY_VARIABLES: [&str; 2] = ["RBGV_API_KEY", "REMOVEBGVIDEO_API_KEY"];

/// Variables that hold secrets of ours, whatever the configuration says: no child gets them.
const SECRET_VARIABLES: [&str; 5] = [
    "RBGV_API_KEY",
    "REMOVEBGVIDEO_API_KEY",
    "RBGV_ADMIN_TOKEN",
    "RBGV_WEBHOOK_SECRET",
    "RBGV_SANDBOX_KEY",
];

/// `vars` without those that hold secrets: the ones that we always read, and the ones that `profiles`
/// name.
pub(crate) fn without_secrets<'a>(
    vars: &BTreeMap<String, String>,
    profiles: impl IntoIterator<Item = &'a Profile>,
) -> BTreeMap<String, String> {
    let mut rest = vars.clone();
    for name in SECRET_VARIABLES {
        rest.remove(name);
    }
    for profile in profiles {
        for slot in SecretKind::ALL {
            if let Some(LocatedSecret { source: SecretSource::Variable(name), .. }) =
                profile.source(slot)
            {
                rest.remove(name);
            }
        }
    }
    rest
}

/// Which secret of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretKind {
    ApiKey,
    /// The key that takes over in a rotation.
    NextKey,
    AdminToken,
    WebhookSecret,
}

impl SecretKind {
    pub(crate) const ALL: [Self; 4] =
        [Self::ApiKey, Self::NextKey, Self::AdminToken, Self::WebhookSecret];

    /// The five keys that can give it: inline, variable, file, command, keyring.
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
        }
    }

    /// Whether it is sent to the service, rather than used to judge what comes from there.
    pub(crate) fn is_sent(self) -> bool {
        self != Self::WebhookSecret
    }

    /// The variables that stand above every profile, strongest first.
    pub(crate) fn variables(self) -> &'static [&'static str] {
        match self {
            Self::ApiKey => &KEY_VARIABLES,
            // A key that a variable gives is the only one: see `Settings::next_key`.
            Self::NextKey => &[],
            Self::AdminToken => &["RBGV_ADMIN_TOKEN"],
            Self::WebhookSecret => &["RBGV_WEBHOOK_SECRET"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::NextKey => "next API key",
            Self::AdminToken => "admin token",
            Self::WebhookSecret => "webhook secret",
        }
    }
}

/// The one way in which a profile gives a secret.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    /// In the configuration file.
    Inline(ApiKey),
    /// In a variable.
    Variable(String),
    /// In a file.
    File(PathBuf),
    /// Printed by a command, run by `sh -c`.
    Command(String),
    /// In the keyring, under a service and a user.
    Keyring { service: String, user: String },
}

impl SecretSource {
    /// A source that is about to be named in a file.
    ///
    /// # Errors
    /// It names nothing.
    pub(crate) fn of(source: &KeySource) -> Result<Self, String> {
        Ok(match source {
            KeySource::Variable(name) if !is_variable(name) => {
                return Err("that names no variable; give its name, never the key itself".into());
            }
            KeySource::Variable(name) => Self::Variable(name.clone()),
            KeySource::File(path) => Self::File(path.clone()),
            KeySource::Command(line) => Self::Command(line.clone()),
            KeySource::Keyring(entry) => keyring::named(entry)?,
            KeySource::Inline(key) => Self::Inline(key.clone()),
        })
    }
}

/// A source with the place that names it; none for a key given by the program itself.
#[derive(Debug, Clone)]
pub(crate) struct LocatedSecret {
    pub(crate) source: SecretSource,
    pub(crate) place: Option<Location>,
}

/// What reading a secret needs of the world.
pub(crate) struct SecretEnvironment<'a> {
    pub(crate) vars: &'a BTreeMap<String, String>,
    /// The variables that a command gets.
    pub(crate) child_vars: &'a BTreeMap<String, String>,
    pub(crate) current_dir: &'a Path,
}

impl fmt::Display for SecretSource {
    /// In words. A command may hold a secret of its own, so it is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("written in the file"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command(_) => f.write_str("a command"),
            Self::Keyring { service, user } => write!(f, "keyring {service}/{user}"),
        }
    }
}

impl LocatedSecret {
    /// A key that the program made itself.
    pub(crate) fn given(key: ApiKey) -> Self {
        Self { source: SecretSource::Inline(key), place: None }
    }

    /// What the user should know about the place that the secret is kept in.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let path = match (&self.source, &self.place) {
            (SecretSource::File(path), _) => path.as_path(),
            (SecretSource::Inline(_), Some(place)) => &place.path,
            _ => return Vec::new(),
        };
        file_warnings(path)
    }

    /// The source that `section` names for `slot`.
    ///
    /// # Errors
    /// Two sources for one secret; a value that names nothing.
    pub(crate) fn find(
        slot: SecretKind,
        section: &ConfigSection,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, Failure> {
        let given: Vec<(&str, &LocatedValue)> =
            slot.keys().into_iter().filter_map(|key| Some((key, section.get(key)?))).collect();
        let (key, entry) = match given[..] {
            [] => return Ok(None),
            [only] => only,
            [(first, _), (second, entry), ..] => {
                return Err(entry.place.failure(format!(
                    "`{first}` and `{second}` both give the {}; keep one of them",
                    slot.name()
                )));
            }
        };
        let wrong = |why: String| entry.place.failure(format!("`{key}`: {why}"));
        let value = decode::text(&entry.scalar).map_err(wrong)?.trim();
        if value.is_empty() {
            return Err(wrong("is empty; fill it in, or remove the line".to_owned()));
        }
        let [inline, variable, file, command, _] = slot.keys();
        let source = if key == inline {
            SecretSource::Inline(checked(value).map_err(wrong)?)
        } else if key == variable {
            if !is_variable(value) {
                return Err(wrong("names no variable; write its name here, never the key".into()));
            }
            SecretSource::Variable(value.to_owned())
        } else if key == file {
            SecretSource::File(find::beside(&entry.place.path, value, vars))
        } else if key == command {
            SecretSource::Command(value.to_owned())
        } else {
            keyring::named(value).map_err(wrong)?
        };
        Ok(Some(Self { source, place: Some(entry.place.clone()) }))
    }

    /// Reads the secret of `profile`.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], saying what is missing and how to mend it.
    pub(crate) fn read(
        &self,
        slot: SecretKind,
        profile: &str,
        surroundings: &SecretEnvironment<'_>,
    ) -> Result<ApiKey, Failure> {
        let told = |why: String| {
            let named = match &self.place {
                Some(place) => format!("{} of profile {profile}, {place}", slot.name()),
                None => format!("{} of profile {profile}", slot.name()),
            };
            Failure::new(FailureKind::Configuration, named, why).with_next("rbgv doctor")
        };
        let raw = match &self.source {
            SecretSource::Inline(key) => return Ok(key.clone()),
            SecretSource::Variable(name) => {
                surroundings.vars.get(name).cloned().ok_or_else(|| {
                    told(format!(
                        "the variable {name} is not set; export it, or name another source"
                    ))
                })?
            }
            SecretSource::File(path) => read_file(path).map_err(told)?,
            SecretSource::Command(line) => {
                command::output(line, surroundings, command::PATIENCE).map_err(told)?
            }
            SecretSource::Keyring { service, user } => {
                let [_, _, _, command, _] = slot.keys();
                keyring::read(service, user, command).map_err(told)?
            }
        };
        checked(&raw).map_err(|why| told(format!("{}: {why}", self.source)))
    }

    /// The fingerprint, where reading the secret neither runs nor asks anything.
    pub(crate) fn cheap_fingerprint(
        &self,
        slot: SecretKind,
        surroundings: &SecretEnvironment<'_>,
    ) -> Option<Fingerprint> {
        match &self.source {
            SecretSource::Command(_) | SecretSource::Keyring { .. } => None,
            _ => self.read(slot, "", surroundings).ok().map(|key| key.fingerprint()),
        }
    }
}

/// Whether `name` can be that of a variable. Keys that are written in its place by mistake would be
/// shown as names are.
fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What the user should know about a file that holds a secret.
pub(crate) fn file_warnings(path: &Path) -> Vec<String> {
    let path_shown = path.display();
    let warning =
        format!("{path_shown} holds a key and others can read it; run: chmod 600 {path_shown}");
    if find::readable_by_others(path) { vec![warning] } else { Vec::new() }
}

/// `value` without the quotes around it, which some tools keep from environment files.
pub(crate) fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// A key that can be sent in a header, or what is wrong with it. The message never holds the key.
pub(crate) fn checked(raw: &str) -> Result<ApiKey, String> {
    let line = raw.trim_start_matches('\u{feff}').trim();
    let assigned = line.strip_prefix("export ").unwrap_or(line).split_once('=');
    if let Some((name, _)) = assigned
        && SecretKind::ALL.into_iter().any(|slot| slot.variables().contains(&name))
    {
        return Err(format!(
            "it is a line of an environment file, {name}=...; keep the key alone there, or set the \
             variable {name} from that file"
        ));
    }
    let key = ApiKey::new(unquoted(line));
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    if key.expose().lines().count() > 1 {
        return Err("there are several lines where the key should be the only one".to_owned());
    }
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the key holds white space or characters that no key has".to_owned());
    }
    Ok(key)
}

pub(crate) fn read_file(path: &Path) -> Result<String, String> {
    let unreadable =
        |error: std::io::Error| format!("the file {} cannot be read: {error}", path.display());
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("the file {} is too long to hold a key", path.display()));
    }
    decoded(bytes).map_err(|why| format!("the file {} {why}", path.display()))
}

/// The value of the first of the slot's own variables that is set, with its name.
pub(crate) fn overriding(
    slot: SecretKind,
    vars: &BTreeMap<String, String>,
) -> Option<(&'static str, &str)> {
    slot.variables().iter().find_map(|name| {
        let value = vars.get(*name)?.trim();
        (!value.is_empty()).then_some((*name, value))
    })
}
