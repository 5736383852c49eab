//! The values of which settings consist, with their defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};
use url::Url;

use crate::model::{ApiKey, Background, Fingerprint, ModelName, OutputFormat};

use super::file::schema;

/// Name of the in-process sandbox's profile. No file may define it.
pub const SANDBOX: &str = "sandbox";

/// Name of the profile in use when several exist and nothing names one.
pub(crate) const DEFAULT_PROFILE: &str = "default";

#[derive(Debug)]
pub struct SettingsSources<'a> {
    pub vars: &'a BTreeMap<String, String>,
    /// The project file is searched from here upwards.
    pub current_dir: &'a Path,
    /// The platform's configuration directory for this program.
    pub config_dir: Option<&'a Path>,
    /// The platform's state directory for this program.
    pub state_dir: Option<&'a Path>,
    pub flags: SettingsFlags,
}

#[derive(Debug, Clone, Default)]
pub struct SettingsFlags {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--config`: the only file that is read.
    pub config: Option<PathBuf>,
}

/// Job options where the command line has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OptionDefaults {
    pub model: ModelName,
    pub format: OutputFormat,
    /// With an absolute path to a picture.
    pub background: Background,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub struct ResolvedKey {
    pub key: ApiKey,
    /// Description of its source.
    pub source: String,
    /// Warnings about its source.
    pub warnings: Vec<String>,
}

/// A line of `profile list`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileSummary {
    pub name: String,
    pub base_url: Url,
    pub environment: Environment,
    /// Description of the source of its key.
    pub key_source: String,
    /// `None` when reading the key would run a command or query the keyring.
    pub fingerprint: Option<Fingerprint>,
    pub active: bool,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Environment {
    #[default]
    Dev,
    Staging,
    /// Runs are announced, and large ones need confirmation.
    Prod,
}

impl Environment {
    const ALL: &'static [Self] = Self::VARIANTS;

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().map(|environment| environment.as_str());
        Self::ALL.iter().copied().find(|environment| environment.as_str() == word).ok_or_else(
            || {
                let close = schema::nearest(word, known)
                    .map_or_else(String::new, |close| format!("; did you mean \"{close}\"?"));
                format!("'{word}' is not an environment; use dev, staging or prod{close}")
            },
        )
    }
}

/// Bounds of the limits that are learned for a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitSettings {
    /// Maximum number of jobs in flight.
    pub in_flight_max: u32,
    /// Maximum number of submitted jobs per second.
    pub submission_rate_max: f64,
    /// Maximum number of polls per second.
    pub poll_rate_max: f64,
    /// Maximum number of concurrent API requests of the process.
    pub concurrency: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { in_flight_max: 64, submission_rate_max: 50.0, poll_rate_max: 20.0, concurrency: 16 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimingSettings {
    /// Time from the start of a job to its first poll, without duration statistics.
    pub poll_first: Duration,
    /// Maximum time between two polls.
    pub poll_max: Duration,
    /// Minimum delay before the first retry.
    pub backoff_first: Duration,
    /// Maximum backoff delay.
    pub backoff_max: Duration,
    /// Minimum time between two list polls.
    pub poll_floor: Duration,
    /// Time that a start without a clear answer has to take effect before it is sent again.
    pub settle: Duration,
    /// Maximum `Retry-After` that is honoured by waiting.
    pub retry_after_max: Duration,
    /// Maximum service outage that a run waits for.
    pub outage_max: Duration,
    /// First open period of a circuit breaker.
    pub breaker_cooldown: Duration,
    pub connect_timeout: Duration,
    /// Maximum time without data on a connection.
    pub idle_timeout: Duration,
    /// Maximum time from a job's start to its end.
    pub wait_timeout: Duration,
}

impl Default for TimingSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            poll_first: seconds(2),
            poll_max: seconds(10),
            backoff_first: seconds(1),
            backoff_max: seconds(16),
            poll_floor: Duration::from_millis(250),
            settle: seconds(120),
            retry_after_max: seconds(5 * 60),
            outage_max: seconds(10 * 60),
            breaker_cooldown: seconds(15),
            connect_timeout: seconds(10),
            idle_timeout: seconds(60),
            wait_timeout: seconds(2 * 60 * 60),
        }
    }
}

/// The source of a new key.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// The name of a variable.
    Variable(String),
    /// A file that contains only the key.
    File(PathBuf),
    /// A command that prints the key.
    Command(String),
    /// A keyring entry: `USER`, or `SERVICE/USER`.
    Keyring(String),
    /// The key itself, in plain text in the configuration file.
    Inline(ApiKey),
}

/// Checks the name of a profile, which becomes part of dotted keys, file names and messages.
///
/// # Errors
/// Which names are allowed.
pub fn check_profile_name(name: &str) -> Result<(), String> {
    if name == SANDBOX {
        return Err(format!("the name `{name}` is reserved for the sandbox; choose another"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(
            "the name of a profile consists of 1 to 64 letters, digits, `-` or `_`".to_owned()
        );
    }
    Ok(())
}
