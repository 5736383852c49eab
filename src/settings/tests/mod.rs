//! The module as a whole: files in a temporary directory, variables and flags as values.

mod add;
mod example;
mod files;
mod keys;
mod trust;
mod values;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use url::Url;

use super::secret::SecretKind;
use super::*;
use crate::model::{ApiKey, Background, Failure, FailureKind, ModelName, OutputFormat};

/// A machine with a user's configuration directory and a project's directory.
struct Machine {
    root: TempDir,
    vars: BTreeMap<String, String>,
    profile: Option<String>,
    config: Option<PathBuf>,
}

impl Machine {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        for dir in ["config", "state", "work/deep/er"] {
            std::fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        let vars = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/nonexistent")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { root, vars, profile: None, config: None }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn file(self, relative: &str, text: &str) -> Self {
        let path = self.path(relative);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    fn user(self, text: &str) -> Self {
        self.file("config/config.toml", text)
    }

    fn project(self, text: &str) -> Self {
        self.file("work/rbgv.toml", text)
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    fn profile(mut self, name: &str) -> Self {
        self.profile = Some(name.to_owned());
        self
    }

    fn resolve(&self) -> Result<Settings, Failure> {
        Settings::resolve(&SettingsSources {
            vars: &self.vars,
            current_dir: &self.path("work/deep/er"),
            config_dir: Some(&self.path("config")),
            state_dir: Some(&self.path("state")),
            profile: self.profile.as_deref(),
            config: self.config.as_deref(),
        })
    }

    fn settings(&self) -> Settings {
        self.resolve().unwrap()
    }

    /// The failure in words, checked to be one of configuration.
    fn refusal(&self) -> String {
        let failure = self.resolve().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        failure.to_string()
    }

    fn key(&self) -> ResolvedKey {
        self.settings().api_key().unwrap()
    }

    fn no_key(&self) -> String {
        let failure = self.settings().api_key().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        failure.to_string()
    }
}

/// Where `key` of `settings` came from, as `config show` tells it.
fn origin(settings: &Settings, key: &str) -> (String, String) {
    let rows: Vec<_> = settings.show().iter().filter(|row| row.key == key).collect();
    assert_eq!(rows.len(), 1, "{key} is shown once: {rows:?}");
    (rows[0].value.clone(), rows[0].origin.clone())
}
