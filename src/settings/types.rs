//! The values of which settings consist, with their defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use strum::{IntoStaticStr, VariantArray};
use url::Url;

use crate::model::{ApiKey, Background, Fingerprint, ModelName, OutputFormat};

use crate::model::text::nearest;

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
    /// `--profile`.
    pub profile: Option<&'a str>,
    /// `--config`: the only file that is read.
    pub config: Option<&'a Path>,
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
                let close = nearest(word, known)
                    .map_or_else(String::new, |close| format!("; did you mean \"{close}\"?"));
                format!("'{word}' is not an environment; use dev, staging or prod{close}")
            },
        )
    }
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
