//! Resolves files, variables and flags to [`Settings`] and reports every mistake in them. Later code
//! reads no flag, variable or configuration file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::model::Failure;
use crate::model::text::nearest;

use super::file::decode::{self, DEFAULT, EffectiveValue, SectionReader, row};
use super::file::find::{self, ConfigFiles};
use super::file::layer::{Layer, ProfileLayer};
use super::file::located_value::LocatedValue;
use super::file::project_consent::Project;
use super::file::project_policy;
use super::profile::{JobDefaultsLayer, Profile};
use super::resolved::Settings;
use super::secret::{SECRET_VARIABLES, SecretEnvironment, SecretSource, unquoted};
use super::summary;
use super::types::{DEFAULT_PROFILE, OptionDefaults, SANDBOX, SettingsSources};

/// Variable with the address of the profile in use.
const BASE_URL_VARIABLE: &str = "RBGV_BASE_URL";

impl Settings {
    /// Resolves flags, variables, project file, user file and defaults, in this order of precedence.
    ///
    /// # Errors
    /// `FailureKind::Configuration`, with the file, line and column.
    pub fn resolve(sources: &SettingsSources<'_>) -> Result<Self, Failure> {
        let Merged { found, defined, layers: merged, active, chosen_by, state_dir, project } =
            Merged::read(sources)?;
        if let Some(project) = project.filter(|project| !project.is_confirmed()) {
            return Err(project.unconfirmed());
        }
        let (state_dir, state_origin) = state_dir;

        let (profile, profile_rows) = read_profile(sources, &merged, &active, true)?;
        let mut all = vec![profile.clone()];
        for name in merged.profiles.keys().filter(|name| **name != active) {
            all.push(read_profile(sources, &merged, name, false)?.0);
        }
        let (defaults, default_rows) = defaults(sources, &merged, &profile)?;
        let log = var(sources, "RBGV_LOG");

        let mut shown = vec![
            row("profile", &active, chosen_by),
            row("state_dir", &state_dir.display(), state_origin),
        ];
        shown.extend(log.map(|filter| row("log", &filter, "variable RBGV_LOG")));
        shown.extend(merged.top.get("require").and_then(required_row));
        shown.extend(default_rows);
        let child_vars = without_secrets(sources.vars, &all);
        let environment = SecretEnvironment {
            vars: sources.vars,
            child_vars: &child_vars,
            current_dir: sources.current_dir,
        };
        shown.extend(summary::secret_rows(&profile, &environment));
        shown.extend(profile_rows);
        let listed = summary::list(&all, &active, &environment);
        Ok(Self {
            warnings: summary::warnings(&profile, &all, &listed),
            profile,
            files: found.paths,
            user_file: user_file(sources),
            state_dir,
            defaults,
            shown,
            listed,
            defined,
            vars: sources.vars.clone(),
            child_vars,
            current_dir: sources.current_dir.to_owned(),
        })
    }
}

/// The project file that applies, with what it needs confirmed.
///
/// # Errors
/// As for [`Settings::resolve`].
pub fn project(sources: &SettingsSources<'_>) -> Result<Option<Project>, Failure> {
    Merged::read(sources).map(|merged| merged.project)
}

/// The merged files, and the profile and state directory that follow from them.
struct Merged {
    found: ConfigFiles,
    /// The profiles in the files.
    defined: BTreeSet<String>,
    layers: Layer,
    active: String,
    chosen_by: String,
    state_dir: (PathBuf, &'static str),
    project: Option<Project>,
}

impl Merged {
    fn read(sources: &SettingsSources<'_>) -> Result<Self, Failure> {
        let named = named_file(sources);
        let found = find::read(named.as_deref(), sources.config_dir, sources.current_dir)?;
        let mut layers = merge(&found);
        let (active, chosen_by) = choose(sources, &layers)?;
        let defined = layers.profiles.keys().cloned().collect();
        // The default profile exists even if no file mentions it.
        layers.profiles.entry(active.clone()).or_default();
        let wants = check_trust(sources, &found, &layers, &active)?;
        let state_dir = located_state_dir(sources)?;
        let project =
            found.project.as_ref().map(|project| Project::new(project, wants, &state_dir.0));
        Ok(Self { found, defined, layers, active, chosen_by, state_dir, project })
    }
}

/// The value of the variable `name` without enclosing quotes; `None` if empty.
fn var<'a>(sources: &SettingsSources<'a>, name: &str) -> Option<&'a str> {
    let value = sources.vars.get(name)?;
    let is_quoted = unquoted(value).len() + 2 == value.trim().len();
    let value = if is_quoted { unquoted(value) } else { value };
    Some(value).filter(|value| !value.trim().is_empty())
}

fn required_row(entry: &LocatedValue) -> Option<EffectiveValue> {
    let range = decode::text(&entry.scalar).ok()?;
    Some(row("require", &range, entry.place.to_string()))
}

fn named_file(sources: &SettingsSources<'_>) -> Option<PathBuf> {
    let named = sources.config.or_else(|| var(sources, "RBGV_CONFIG").map(Path::new))?;
    Some(sources.current_dir.join(named))
}

/// The configuration file that commands change: the named one, or else the user's own.
pub fn user_file(sources: &SettingsSources<'_>) -> Option<PathBuf> {
    let own = || sources.config_dir.map(|dir| dir.join(find::USER_FILE));
    named_file(sources).or_else(own)
}

fn merge(found: &ConfigFiles) -> Layer {
    let mut merged = Layer::default();
    merged.overlay(&found.user);
    if let Some(project) = &found.project {
        merged.overlay(&project.layer);
    }
    merged
}

/// The profile in use, and the origin of that choice.
fn choose(sources: &SettingsSources<'_>, merged: &Layer) -> Result<(String, String), Failure> {
    let known: Vec<String> = merged.profiles.keys().cloned().collect();
    let (name, origin) = if let Some(name) = sources.profile {
        (name.to_owned(), "flag --profile".to_owned())
    } else if let Some(name) = var(sources, "RBGV_PROFILE") {
        (name.to_owned(), "variable RBGV_PROFILE".to_owned())
    } else if let Some(entry) = merged.top.get("default_profile") {
        let name = decode::text(&entry.scalar)
            .map_err(|why| entry.place.failure(format!("`default_profile`: {why}")))?;
        if !is_known(name, &known) {
            let failure = unknown_profile(name, &known, "default_profile");
            return Err(entry.place.failure(failure.why));
        }
        (name.to_owned(), entry.place.to_string())
    } else if let [only] = &known[..] {
        (only.clone(), "the only profile".to_owned())
    } else {
        (DEFAULT_PROFILE.to_owned(), DEFAULT.to_owned())
    };
    if !is_known(&name, &known) {
        return Err(unknown_profile(&name, &known, &origin));
    }
    Ok((name, origin))
}

fn is_known(name: &str, known: &[String]) -> bool {
    name == DEFAULT_PROFILE || known.iter().any(|known| known == name)
}

fn unknown_profile(name: &str, known: &[String], origin: &str) -> Failure {
    let why = if name == SANDBOX {
        "the sandbox is not chosen as a profile; add --sandbox to run, upload, usage or smoke-test"
            .to_owned()
    } else if let Some(close) = nearest(name, known.iter().map(String::as_str)) {
        format!("there is no profile '{name}'; did you mean '{close}'?")
    } else if known.is_empty() {
        format!("there is no profile '{name}', and no file defines one; see config.example.toml")
    } else {
        format!("there is no profile '{name}'; known: {}", known.join(", "))
    };
    Failure::configuration(origin, why).with_next("rbgv profile list")
}

/// Checks the project file against the user's own. Returns what has to be confirmed.
fn check_trust(
    sources: &SettingsSources<'_>,
    found: &ConfigFiles,
    merged: &Layer,
    active: &str,
) -> Result<Vec<String>, Failure> {
    let Some(project) = &found.project else { return Ok(Vec::new()) };
    let address_given = var(sources, BASE_URL_VARIABLE).is_some();
    let without_project = choose(sources, &found.user).ok().map(|(name, _)| name);
    let without_project = without_project.as_deref();
    let context =
        project_policy::TrustContext { active, without_project, address_given, vars: sources.vars };
    project_policy::check(&found.user, &project.layer, merged, &context)
}

/// The profile `name` with a row for each of its values. Variables apply only to the profile in use.
fn read_profile(
    sources: &SettingsSources<'_>,
    merged: &Layer,
    name: &str,
    active: bool,
) -> Result<(Profile, Vec<EffectiveValue>), Failure> {
    let nothing = ProfileLayer::default();
    let layer = merged.profiles.get(name).unwrap_or(&nothing);
    let base_url = var(sources, BASE_URL_VARIABLE)
        .filter(|_| active)
        .map(|address| (address, BASE_URL_VARIABLE));
    Profile::read(name, layer, base_url, sources.vars)
}

/// The job defaults of the profile over those of `[defaults]` over those of the service, with rows for
/// those that the profile does not set.
fn defaults(
    sources: &SettingsSources<'_>,
    merged: &Layer,
    profile: &Profile,
) -> Result<(OptionDefaults, Vec<EffectiveValue>), Failure> {
    let own = &profile.job_defaults;
    let mut read = SectionReader::new("defaults", &merged.defaults);
    let common = JobDefaultsLayer::read(&mut read, sources.vars)?;
    let mut rows = read.into_shown();
    let mut add_row = |key: &str, own: bool, common: bool, standard: &dyn Display| {
        let key = format!("defaults.{key}");
        if own {
            rows.retain(|shown| shown.key != key);
        } else if !common {
            rows.push(row(&key, &standard, DEFAULT));
        }
    };
    let standard = OptionDefaults::default();
    add_row("model", own.model.is_some(), common.model.is_some(), &standard.model);
    add_row("format", own.format.is_some(), common.format.is_some(), &standard.format);
    let backgrounds = (own.background.is_some(), common.background.is_some());
    add_row("background", backgrounds.0, backgrounds.1, &standard.background);
    let background = own.background.clone().or(common.background);
    let defaults = OptionDefaults {
        model: own.model.or(common.model).unwrap_or(standard.model),
        format: own.format.or(common.format).unwrap_or(standard.format),
        background: background.unwrap_or(standard.background),
        tags: profile.tags.clone(),
    };
    Ok((defaults, rows))
}

/// The directory of the ledger.
///
/// # Errors
/// There is no home directory, and no variable names another one.
pub fn state_dir(sources: &SettingsSources<'_>) -> Result<PathBuf, Failure> {
    located_state_dir(sources).map(|(directory, _)| directory)
}

fn located_state_dir(sources: &SettingsSources<'_>) -> Result<(PathBuf, &'static str), Failure> {
    if let Some(dir) = var(sources, "RBGV_STATE_DIR") {
        return Ok((sources.current_dir.join(dir), "variable RBGV_STATE_DIR"));
    }
    let found = sources.state_dir.map(Path::to_owned);
    found.map(|dir| (dir, DEFAULT)).ok_or_else(|| {
        Failure::configuration(
            "state directory",
            "no home directory for the ledger; set RBGV_STATE_DIR",
        )
    })
}

/// `vars` without [`SECRET_VARIABLES`] and the variables that `profiles` name.
fn without_secrets<'a>(
    vars: &BTreeMap<String, String>,
    profiles: impl IntoIterator<Item = &'a Profile>,
) -> BTreeMap<String, String> {
    let mut rest = vars.clone();
    for name in SECRET_VARIABLES {
        rest.remove(name);
    }
    for profile in profiles {
        for secret in profile.secrets.values() {
            if let SecretSource::Variable(name) = &secret.source {
                rest.remove(name);
            }
        }
    }
    rest
}
