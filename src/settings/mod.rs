//! What the user wants, resolved once: configuration files, variables and flags become one
//! [`Settings`] value, with the profile in use and the way to its key.
//!
//! Pure but for reading the files that it is told of and the key sources that they name. Nothing
//! here talks to the service, prints, or decides what a command does with a value.

mod base_url;
pub(crate) mod edit;
pub(crate) mod file;
mod profile;
mod resolve;
mod secret;
#[cfg(feature = "keyring")]
mod secret_service;
mod summary;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::model::{
    ApiKey, Background, Failure, FailureKind, Fingerprint, ModelName, OutputFormat,
};

pub use self::edit::add_profile::{KeySource, NewProfile, add_profile};
pub use self::edit::rotate_key::{RotationStep, rotate_key};
pub use self::file::decode::EffectiveValue;
pub use self::file::project_consent::Project;
pub use self::profile::{Environment, LimitSettings, Profile, TimingSettings};
pub use self::resolve::project;
pub use self::secret::KEY_VARIABLES;

use self::secret::{LocatedSecret, SecretEnvironment, SecretKind};

/// Name of the profile of the sandbox inside the process. No file may define it.
pub const SANDBOX: &str = "sandbox";

/// Name of the profile that is used when nothing names one.
pub const STANDARD: &str = "default";

/// Everything that settings are made from.
#[derive(Debug)]
pub struct SettingsSources<'a> {
    /// The variables of the environment.
    pub vars: &'a BTreeMap<String, String>,
    /// Where the program runs: the project file is looked for from here upward.
    pub current_dir: &'a Path,
    /// The platform's directory for our configuration.
    pub config_dir: Option<&'a Path>,
    /// The platform's directory for our state.
    pub state_dir: Option<&'a Path>,
    /// What the command line says.
    pub flags: SettingsFlags,
}

/// Flags that settings depend on.
#[derive(Debug, Clone, Default)]
pub struct SettingsFlags {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--config`: this file is read, and no other.
    pub config: Option<PathBuf>,
}

/// What a job is asked to do when the command line does not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OptionDefaults {
    /// Which model.
    pub model: ModelName,
    /// Which format.
    pub format: OutputFormat,
    /// What stands behind the subject. A picture's path is complete.
    pub background: Background,
    /// The tags of the profile.
    pub tags: BTreeMap<String, String>,
}

/// The resolved settings.
pub struct Settings {
    /// The profile in use.
    pub profile: Profile,
    /// The configuration files that were read, weakest first.
    pub files: Vec<PathBuf>,
    /// Where `profile add` writes: the file named by the user, or their own, there or not.
    pub user_file: Option<PathBuf>,
    /// Where the ledger lies.
    pub state_dir: PathBuf,
    /// Job options when the command line names none.
    pub defaults: OptionDefaults,
    /// What the user should know, in words.
    pub warnings: Vec<String>,
    /// `RBGV_LOG`: a filter for the log.
    pub log: Option<String>,
    shown: Vec<EffectiveValue>,
    listed: Vec<ProfileSummary>,
    vars: BTreeMap<String, String>,
    child_vars: BTreeMap<String, String>,
    current_dir: PathBuf,
}

/// A key that was read.
#[derive(Debug, Clone)]
pub struct ResolvedKey {
    /// The key.
    pub key: ApiKey,
    /// Where it came from, in words.
    pub source: String,
    /// What the user should know about that place.
    pub warnings: Vec<String>,
}

/// A line of `profile list`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileSummary {
    /// Its name.
    pub name: String,
    /// Where its API is.
    pub base_url: Url,
    /// What it is for.
    pub environment: Environment,
    /// Where its key comes from, in words.
    pub key_source: String,
    /// The key's fingerprint, where reading the key neither runs nor asks anything.
    pub fingerprint: Option<Fingerprint>,
    /// Whether it is the one in use.
    pub active: bool,
}

impl Settings {
    /// Reads the API key: `RBGV_API_KEY`, then `REMOVEBGVIDEO_API_KEY`, then the profile's source.
    /// A command or a keyring may take its time.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: there is no key, or it cannot be read; says how to give one.
    pub fn api_key(&self) -> Result<ResolvedKey, Failure> {
        self.secret(SecretKind::ApiKey)?.ok_or_else(|| self.no_key())
    }

    /// Reads the admin token: `RBGV_ADMIN_TOKEN`, then the profile's source; none if neither is
    /// there.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: it cannot be read.
    pub fn admin_token(&self) -> Result<Option<ApiKey>, Failure> {
        Ok(self.secret(SecretKind::AdminToken)?.map(|resolved| resolved.key))
    }

    /// Reads the key that takes over in a rotation; none when no rotation is under way, and none
    /// when a variable gives the key: then that one is meant, and no other.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: it cannot be read.
    pub fn next_key(&self) -> Result<Option<ResolvedKey>, Failure> {
        if secret::overriding(SecretKind::ApiKey, &self.vars).is_some() {
            return Ok(None);
        }
        self.secret(SecretKind::NextKey)
    }

    /// Reads the key that makes new jobs: during a rotation the one that takes over.
    ///
    /// # Errors
    /// As for [`Settings::api_key`].
    pub fn job_key(&self) -> Result<ResolvedKey, Failure> {
        match self.next_key()? {
            Some(next) => Ok(next),
            None => self.api_key(),
        }
    }

    /// Reads a key from a source that no profile names yet, as it will be read once one does.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: it cannot be read.
    pub fn key_from(&self, source: &KeySource) -> Result<ResolvedKey, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Configuration, "the key", why);
        let placed =
            LocatedSecret { source: secret::SecretSource::of(source).map_err(wrong)?, place: None };
        let key = placed.read(SecretKind::NextKey, &self.profile.name, &self.surroundings())?;
        let source = placed.source.to_string();
        Ok(ResolvedKey { key, source, warnings: placed.warnings() })
    }

    /// The variable that gives the key whatever the profile says, if one does.
    #[must_use]
    pub fn key_variable(&self) -> Option<&'static str> {
        secret::overriding(SecretKind::ApiKey, &self.vars).map(|(name, _)| name)
    }

    /// The file that names the profile's key; none when no file does.
    #[must_use]
    pub fn key_named_in(&self) -> Option<&Path> {
        Some(&self.profile.source(SecretKind::ApiKey)?.place.as_ref()?.path)
    }

    /// Whether the profile in use names a key that takes over.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.profile.source(SecretKind::NextKey).is_some()
    }

    /// Reads the secret that webhooks are signed with: from `file` when one is named, or else
    /// `RBGV_WEBHOOK_SECRET`, then the profile's source.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: there is none, or it cannot be read.
    pub fn webhook_secret(&self, file: Option<&Path>) -> Result<ResolvedKey, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Configuration, "webhook secret", why);
        if let Some(file) = file {
            let path = self.current_dir.join(file);
            let key = secret::read_file(&path).and_then(|raw| secret::checked(&raw));
            let source = format!("file {}", path.display());
            let warnings = secret::file_warnings(&path);
            return Ok(ResolvedKey { key: key.map_err(wrong)?, source, warnings });
        }
        self.secret(SecretKind::WebhookSecret)?.ok_or_else(|| {
            let name = &self.profile.name;
            wrong(format!(
                "there is none; set RBGV_WEBHOOK_SECRET, or name one under [profiles.{name}] \
                 (webhook_secret_file, webhook_secret_env, webhook_secret_command or \
                 webhook_secret_keyring)"
            ))
            .with_next("rbgv config show")
        })
    }

    /// The variables for programs that the user has us run: all but those that hold secrets of ours.
    #[must_use]
    pub fn child_vars(&self) -> &BTreeMap<String, String> {
        &self.child_vars
    }

    /// Every effective value and where it came from; of secrets the fingerprint.
    #[must_use]
    pub fn show(&self) -> Vec<EffectiveValue> {
        self.shown.clone()
    }

    /// Every profile that is known, by name.
    #[must_use]
    pub fn profiles(&self) -> Vec<ProfileSummary> {
        self.listed.clone()
    }

    /// The settings for a sandbox inside the process, which answers at `base_url` to `key`. No
    /// file, variable or flag has a part in them, and the waits suit a server on this machine.
    #[must_use]
    pub fn for_sandbox(base_url: Url, key: ApiKey, state_dir: PathBuf) -> Self {
        let timing = TimingSettings {
            poll_first: Duration::from_millis(250),
            poll_max: Duration::from_secs(1),
            settle: Duration::from_secs(10),
            ..TimingSettings::default()
        };
        let summary = ProfileSummary {
            name: SANDBOX.to_owned(),
            base_url: base_url.clone(),
            environment: Environment::Dev,
            key_source: "the sandbox".to_owned(),
            fingerprint: Some(key.fingerprint()),
            active: true,
        };
        let profile = Profile::sandbox(base_url, timing, LocatedSecret::given(key));
        Self {
            profile,
            files: Vec::new(),
            user_file: None,
            state_dir,
            defaults: OptionDefaults::default(),
            warnings: Vec::new(),
            log: None,
            shown: Vec::new(),
            listed: vec![summary],
            vars: BTreeMap::new(),
            child_vars: BTreeMap::new(),
            current_dir: PathBuf::from("/"),
        }
    }

    fn secret(&self, slot: SecretKind) -> Result<Option<ResolvedKey>, Failure> {
        if let Some((variable, value)) = secret::overriding(slot, &self.vars) {
            let source = format!("variable {variable}");
            let key = secret::checked(value)
                .map_err(|why| Failure::new(FailureKind::Configuration, &source, why))?;
            return Ok(Some(ResolvedKey { key, source, warnings: Vec::new() }));
        }
        let Some(placed) = self.profile.source(slot) else { return Ok(None) };
        if slot.is_sent() && placed.place.is_some() && !self.profile.names_its_service() {
            return Err(self.key_of_another_service(slot, placed));
        }
        let key = placed.read(slot, &self.profile.name, &self.surroundings())?;
        let source = format!("{} (profile {})", placed.source, self.profile.name);
        Ok(Some(ResolvedKey { key, source, warnings: placed.warnings() }))
    }

    fn surroundings(&self) -> SecretEnvironment<'_> {
        SecretEnvironment {
            vars: &self.vars,
            child_vars: &self.child_vars,
            current_dir: &self.current_dir,
        }
    }

    /// A variable names another service than the profile whose key this is.
    fn key_of_another_service(&self, slot: SecretKind, placed: &LocatedSecret) -> Failure {
        let name = &self.profile.name;
        let origin = |url: &Url| url.origin().ascii_serialization();
        let its = self.profile.filed_url.as_ref().map_or_else(|| "another one".to_owned(), origin);
        let place = placed.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
        let remedy = match slot.variables() {
            [] => "unset RBGV_BASE_URL".to_owned(),
            [variable, ..] => format!("set {variable} for that service, or unset RBGV_BASE_URL"),
        };
        let why = format!(
            "it belongs to {its}, and RBGV_BASE_URL names {}, so it is not sent; {remedy}",
            origin(&self.profile.base_url)
        );
        let what = format!("{} of profile {name}{place}", slot.name());
        Failure::new(FailureKind::Configuration, what, why).with_next("rbgv profile list")
    }

    fn no_key(&self) -> Failure {
        let name = &self.profile.name;
        let others: Vec<&str> =
            self.listed.iter().map(|p| p.name.as_str()).filter(|other| other != name).collect();
        let choice = if others.is_empty() {
            String::new()
        } else {
            format!(", choose another profile with --profile ({})", others.join(", "))
        };
        let why = format!(
            "there is none; set RBGV_API_KEY, name one in the configuration (api_key_env, \
             api_key_file, api_key_command or api_key_keyring under [profiles.{name}]){choice}, or \
             try without an account by adding --sandbox"
        );
        Failure::new(FailureKind::Configuration, format!("API key of profile {name}"), why)
            .with_next("rbgv doctor")
    }
}

/// Finds what is wrong with `name` as the name of a profile.
///
/// # Errors
/// Says what a name may be.
pub fn checked_name(name: &str) -> Result<(), String> {
    self::file::layer::check_name(name)
}

/// A key as a person or a program gave it, without the line break at its end.
///
/// # Errors
/// Why it cannot be a key; never holds it.
pub fn checked_key(raw: &str) -> Result<ApiKey, String> {
    secret::checked(raw)
}

impl fmt::Debug for Settings {
    /// Without the variables, which may hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("profile", &self.profile)
            .field("files", &self.files)
            .field("user_file", &self.user_file)
            .field("state_dir", &self.state_dir)
            .field("defaults", &self.defaults)
            .field("warnings", &self.warnings)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
