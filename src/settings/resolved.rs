//! The resolved settings, and the keys to which they lead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::file::decode::EffectiveValue;
use super::profile::Profile;
use super::secret::{
    LocatedSecret, SecretEnvironment, SecretKind, SecretSource, file_warnings, parse_key, read_file,
};
use super::types::{Environment, OptionDefaults, ProfileSummary, ResolvedKey, SANDBOX};
use crate::model::{ApiKey, Failure};
use crate::model::{PollTiming, Timing};

pub struct Settings {
    pub profile: Profile,
    /// The configuration files that were read, in ascending precedence.
    pub files: Vec<PathBuf>,
    /// The file that `profile add` changes or creates.
    pub user_file: Option<PathBuf>,
    /// Directory of the ledger.
    pub state_dir: PathBuf,
    pub defaults: OptionDefaults,
    pub warnings: Vec<String>,
    pub(super) shown: Vec<EffectiveValue>,
    pub(super) listed: Vec<ProfileSummary>,
    /// The profiles that a file defines.
    pub(super) defined: BTreeSet<String>,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) child_vars: BTreeMap<String, String>,
    pub(super) current_dir: PathBuf,
}

impl Settings {
    /// Reads the API key from `RBGV_API_KEY`, `REMOVEBGVIDEO_API_KEY` or the profile's source, which
    /// may be a slow command or keyring.
    pub fn api_key(&self) -> Result<ResolvedKey, Failure> {
        self.secret(SecretKind::ApiKey)?.ok_or_else(|| self.no_key())
    }

    /// Reads the admin token from `RBGV_ADMIN_TOKEN` or the profile's source.
    pub fn admin_token(&self) -> Result<Option<ApiKey>, Failure> {
        Ok(self.secret(SecretKind::AdminToken)?.map(|resolved| resolved.key))
    }

    /// Reads the next key of a rotation. `None` outside a rotation, and when a variable overrides the
    /// keys of the profile.
    pub fn next_key(&self) -> Result<Option<ResolvedKey>, Failure> {
        if SecretKind::ApiKey.override_in(&self.vars).is_some() {
            return Ok(None);
        }
        self.secret(SecretKind::NextKey)
    }

    /// Reads the key for new jobs: during a rotation the next key.
    pub fn job_key(&self) -> Result<ResolvedKey, Failure> {
        match self.next_key()? {
            Some(next) => Ok(next),
            None => self.api_key(),
        }
    }

    /// Reads the address of a shared ledger from `RBGV_LEDGER` or the profile's source; `None` for the
    /// ledger of the state directory.
    pub fn ledger(&self) -> Result<Option<ApiKey>, Failure> {
        Ok(self.secret(SecretKind::Ledger)?.map(|resolved| resolved.key))
    }

    /// Whether a shared ledger is configured, as far as that is known without reading a source.
    pub fn has_shared_ledger(&self) -> bool {
        let kind = SecretKind::Ledger;
        kind.override_in(&self.vars).is_some() || self.profile.source(kind).is_some()
    }

    /// Reads the next key of a rotation from a source that the profile does not name yet.
    pub fn key_from(&self, source: &SecretSource) -> Result<ResolvedKey, Failure> {
        self.key_of(SecretKind::NextKey, source, &self.profile.name)
    }

    /// Reads the key of a profile that does not exist yet.
    pub fn new_key_from(
        &self,
        source: &SecretSource,
        profile: &str,
    ) -> Result<ResolvedKey, Failure> {
        self.key_of(SecretKind::ApiKey, source, profile)
    }

    fn key_of(
        &self,
        kind: SecretKind,
        source: &SecretSource,
        profile: &str,
    ) -> Result<ResolvedKey, Failure> {
        let wrong = |why: String| Failure::configuration("key", why);
        source.check().map_err(wrong)?;
        let located = LocatedSecret { source: source.clone(), place: None };
        let key = located.read(kind, profile, &self.environment())?;
        let source = located.source.to_string();
        Ok(ResolvedKey { key, source, warnings: located.warnings() })
    }

    /// Whether a file names the source of a key for the profile `name`, whatever the variables say.
    pub fn has_key(&self, name: &str) -> bool {
        if name == self.profile.name {
            return self.profile.source(SecretKind::ApiKey).is_some();
        }
        self.listed.iter().any(|known| known.name == name && known.key_source != "none")
    }

    /// The variable that overrides the key of the profile, if it is set.
    pub fn key_variable(&self) -> Option<&'static str> {
        SecretKind::ApiKey.override_in(&self.vars).map(|(name, _)| name)
    }

    /// The file that sets the source of the profile's key.
    pub fn key_file(&self) -> Option<&Path> {
        Some(&self.profile.source(SecretKind::ApiKey)?.place.as_ref()?.path)
    }

    /// Whether the profile in use has a next key.
    pub fn is_rotating(&self) -> bool {
        self.profile.source(SecretKind::NextKey).is_some()
    }

    /// Reads the webhook secret from `file`, `RBGV_WEBHOOK_SECRET` or the profile's source.
    pub fn webhook_secret(&self, file: Option<&Path>) -> Result<ResolvedKey, Failure> {
        let wrong = |why: String| Failure::configuration("webhook secret", why);
        if let Some(file) = file {
            let path = self.current_dir.join(file);
            let key = read_file(&path).and_then(|raw| parse_key(&raw));
            let source = format!("file {}", path.display());
            let warnings = file_warnings(&path);
            return Ok(ResolvedKey { key: key.map_err(wrong)?, source, warnings });
        }
        self.secret(SecretKind::WebhookSecret)?.ok_or_else(|| {
            let name = &self.profile.name;
            wrong(format!(
                "not set; set RBGV_WEBHOOK_SECRET, or name one under [profiles.{name}] \
                 (webhook_secret_file, webhook_secret_env, webhook_secret_command or \
                 webhook_secret_keyring)"
            ))
            .with_next("rbgv config show")
        })
    }

    /// The variables for child processes, without secrets.
    pub fn child_vars(&self) -> &BTreeMap<String, String> {
        &self.child_vars
    }

    /// Every effective value with its origin; the fingerprints of secrets.
    pub fn show(&self) -> &[EffectiveValue] {
        &self.shown
    }

    /// Every known profile, by name.
    pub fn profiles(&self) -> &[ProfileSummary] {
        &self.listed
    }

    /// The profile `name`, if a file defines it.
    pub fn defined_profile(&self, name: &str) -> Option<&ProfileSummary> {
        self.listed.iter().find(|known| known.name == name && self.defined.contains(name))
    }

    /// The settings for an in-process sandbox at `base_url`, with waits that suit a local server. No file,
    /// variable or flag applies.
    pub fn for_sandbox(base_url: Url, key: ApiKey, state_dir: PathBuf) -> Self {
        let timing = Timing {
            poll: PollTiming {
                first: Duration::from_millis(250),
                max: Duration::from_secs(1),
                ..PollTiming::default()
            },
            settle: Duration::from_secs(10),
            ..Timing::default()
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
            shown: Vec::new(),
            listed: vec![summary],
            defined: BTreeSet::new(),
            vars: BTreeMap::new(),
            child_vars: BTreeMap::new(),
            current_dir: PathBuf::from("/"),
        }
    }

    fn secret(&self, kind: SecretKind) -> Result<Option<ResolvedKey>, Failure> {
        if let Some((variable, value)) = kind.override_in(&self.vars) {
            let source = format!("variable {variable}");
            let key = parse_key(value).map_err(|why| Failure::configuration(&source, why))?;
            return Ok(Some(ResolvedKey { key, source, warnings: Vec::new() }));
        }
        let Some(located) = self.profile.source(kind) else { return Ok(None) };
        if kind.is_sent() && located.place.is_some() && !self.profile.is_at_its_file_url() {
            return Err(self.key_of_another_service(kind, located));
        }
        let key = located.read(kind, &self.profile.name, &self.environment())?;
        let source = format!("{} (profile {})", located.source, self.profile.name);
        Ok(Some(ResolvedKey { key, source, warnings: located.warnings() }))
    }

    fn environment(&self) -> SecretEnvironment<'_> {
        SecretEnvironment {
            vars: &self.vars,
            child_vars: &self.child_vars,
            current_dir: &self.current_dir,
        }
    }

    /// The refusal to send a key of the profile to another service that a variable names.
    fn key_of_another_service(&self, kind: SecretKind, located: &LocatedSecret) -> Failure {
        let name = &self.profile.name;
        let origin = |url: &Url| url.origin().ascii_serialization();
        let owner = self.profile.file_url.as_ref().map_or_else(|| "another one".to_owned(), origin);
        let place = located.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
        let remedy = match kind.variables() {
            [] => "unset RBGV_BASE_URL".to_owned(),
            [variable, ..] => format!("set {variable} for that service, or unset RBGV_BASE_URL"),
        };
        let why = format!(
            "it belongs to {owner}, and RBGV_BASE_URL names {}, so it is not sent; {remedy}",
            origin(&self.profile.base_url)
        );
        let what = format!("{} of profile {name}{place}", kind.name());
        Failure::configuration(what, why).with_next("rbgv profile list")
    }

    fn no_key(&self) -> Failure {
        let name = &self.profile.name;
        let others: Vec<&str> =
            self.listed.iter().map(|p| p.name.as_str()).filter(|other| other != name).collect();
        let choice = if others.is_empty() {
            String::new()
        } else {
            format!(", or choose another profile with --profile ({})", others.join(", "))
        };
        let why = format!(
            "set RBGV_API_KEY, or a key source in [profiles.{name}]{choice}; run --sandbox needs no key"
        );
        Failure::configuration(format!("no API key for profile {name}"), why).with_next("rbgv init")
    }
}

impl fmt::Debug for Settings {
    /// Without the variables, which may contain keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("profile", &self.profile)
            .field("files", &self.files)
            .field("user_file", &self.user_file)
            .field("state_dir", &self.state_dir)
            .field("defaults", &self.defaults)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
