//! The one place where files, variables and flags become [`Settings`]. Everything that can be
//! wrong with them is found here; later code reads no flag, variable or file again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Failure, FailureKind, Fingerprint};

use super::entry::Entry;
use super::files::{self, Found};
use super::layer::Layer;
use super::profile::{Choice, Environment, Profile};
use super::reader::{self, DEFAULT, Reader, Shown};
use super::secret::{self, Slot, Surroundings};
use super::{
    Defaults, ProfileSummary, SANDBOX, STANDARD, Settings, Sources, address, duration, schema,
    trust,
};

/// Settles shorter than this are warned about: a gateway may hold a request for about a minute.
const SETTLE_SAFE: Duration = Duration::from_mins(1);

impl Settings {
    /// Resolves flags, variables, project file, user file and defaults, in this order.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], with file, line and column where there is one, and the way
    /// out.
    pub fn resolve(sources: &Sources<'_>) -> Result<Self, Failure> {
        let named = named_file(sources);
        let found = files::read(named, sources.config_dir, sources.current_dir)?;
        let mut merged = merge(&found);
        let (active, origin) = choose(sources, &merged)?;
        // The standard profile exists also where no file speaks of it.
        merged.profiles.entry(active.clone()).or_default();
        let base = var(sources, "RBGV_BASE_URL");
        if let Some(project) = &found.project {
            let vars = sources.vars;
            let context = trust::Context { active: &active, address_given: base.is_some(), vars };
            trust::check(&found.user, project, &merged, &context)?;
        }
        let mut profiles = BTreeMap::new();
        for (name, layer) in &merged.profiles {
            let above = base.filter(|_| *name == active).map(|address| (address, "RBGV_BASE_URL"));
            profiles.insert(name.clone(), Profile::read(name, layer, above, sources.vars)?);
        }
        let mut shown = vec![row("profile", &active, origin)];
        let (defaults, chosen) = defaults(&merged, &active, &profiles, sources)?;
        let (state_dir, state_origin) = state_dir(sources)?;
        shown.push(row("state_dir", &state_dir.display(), state_origin));
        let log = var(sources, "RBGV_LOG").map(str::to_owned);
        shown.extend(log.iter().map(|filter| row("log", filter, "variable RBGV_LOG")));
        shown.extend(merged.top.get("require").and_then(required_row));
        shown.extend(chosen);
        finish(sources, found.paths, &active, profiles, Parts { shown, defaults, state_dir, log })
    }
}

/// What is resolved before the profile in use is taken out of all.
struct Parts {
    shown: Vec<Shown>,
    defaults: Defaults,
    state_dir: PathBuf,
    log: Option<String>,
}

fn finish(
    sources: &Sources<'_>,
    files: Vec<PathBuf>,
    active: &str,
    mut profiles: BTreeMap<String, (Profile, Vec<Shown>)>,
    parts: Parts,
) -> Result<Settings, Failure> {
    let surroundings = Surroundings { vars: sources.vars, current_dir: sources.current_dir };
    let Parts { mut shown, defaults, state_dir, log } = parts;
    let listed: Vec<_> = profiles
        .values()
        .map(|(profile, _)| summary(profile, profile.name == active, &surroundings))
        .collect();
    let mut warnings = permission_warnings(&profiles);
    warnings.extend(shared_keys(&listed));
    let known: Vec<String> = profiles.keys().cloned().collect();
    let Some((profile, own)) = profiles.remove(active) else {
        return Err(unknown_profile(active, &known, "the profile in use"));
    };
    warnings.extend(short_settle(&profile));
    shown.extend(own);
    for slot in Slot::ALL {
        shown.extend(secret_row(slot, &profile, &surroundings));
    }
    Ok(Settings {
        profile,
        files,
        state_dir,
        defaults,
        warnings,
        log,
        shown,
        listed,
        vars: sources.vars.clone(),
        current_dir: sources.current_dir.to_owned(),
    })
}

/// The value of the variable `name`; an empty one counts as none.
fn var<'a>(sources: &Sources<'a>, name: &str) -> Option<&'a str> {
    sources.vars.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
}

fn row(key: &str, value: &impl ToString, origin: impl Into<String>) -> Shown {
    Shown { key: key.to_owned(), value: value.to_string(), origin: origin.into() }
}

fn required_row(entry: &Entry) -> Option<Shown> {
    let range = reader::text(&entry.scalar).ok()?;
    Some(row("require", &range, entry.place.to_string()))
}

fn named_file(sources: &Sources<'_>) -> Option<PathBuf> {
    let variable = || var(sources, "RBGV_CONFIG").map(PathBuf::from);
    let named = sources.flags.config.clone().or_else(variable)?;
    Some(sources.current_dir.join(named))
}

fn merge(found: &Found) -> Layer {
    let mut merged = Layer::default();
    merged.overlay(&found.user);
    if let Some(project) = &found.project {
        merged.overlay(project);
    }
    merged
}

/// The profile to use, and who chose it.
fn choose(sources: &Sources<'_>, merged: &Layer) -> Result<(String, String), Failure> {
    let known: Vec<String> = merged.profiles.keys().cloned().collect();
    let (name, origin) = if let Some(name) = &sources.flags.profile {
        (name.clone(), "flag --profile".to_owned())
    } else if let Some(name) = var(sources, "RBGV_PROFILE") {
        (name.to_owned(), "variable RBGV_PROFILE".to_owned())
    } else if let Some(entry) = merged.top.get("default_profile") {
        let name = reader::text(&entry.scalar)
            .map_err(|why| entry.place.failure(format!("`default_profile`: {why}")))?;
        if !is_known(name, &known) {
            let failure = unknown_profile(name, &known, "default_profile");
            return Err(entry.place.failure(failure.why));
        }
        (name.to_owned(), entry.place.to_string())
    } else if let [only] = &known[..] {
        (only.clone(), "the only profile".to_owned())
    } else {
        (STANDARD.to_owned(), DEFAULT.to_owned())
    };
    if !is_known(&name, &known) {
        return Err(unknown_profile(&name, &known, &origin));
    }
    Ok((name, origin))
}

fn is_known(name: &str, known: &[String]) -> bool {
    name == STANDARD || known.iter().any(|known| known == name)
}

fn unknown_profile(name: &str, known: &[String], origin: &str) -> Failure {
    let why = if name == SANDBOX {
        "the sandbox is not chosen as a profile; add --sandbox to run, upload, usage or smoke-test"
            .to_owned()
    } else if let Some(close) = schema::nearest(name, known.iter().map(String::as_str)) {
        format!("there is no profile '{name}'; did you mean '{close}'?")
    } else if known.is_empty() {
        format!("there is no profile '{name}', and no file defines one; see config.example.toml")
    } else {
        format!("there is no profile '{name}'; known: {}", known.join(", "))
    };
    Failure::new(FailureKind::Configuration, origin, why).with_next("rbgv profile list")
}

/// The job defaults: the profile's word, then that of `[defaults]`, then the service's own.
fn defaults(
    merged: &Layer,
    active: &str,
    profiles: &BTreeMap<String, (Profile, Vec<Shown>)>,
    sources: &Sources<'_>,
) -> Result<(Defaults, Vec<Shown>), Failure> {
    let mut read = Reader::new("defaults", &merged.defaults);
    let common = Choice::read(&mut read, sources.vars)?;
    let profile = profiles.get(active).map(|(profile, _)| profile);
    let overridden =
        |key: &str| merged.profiles.get(active).is_some_and(|layer| layer.own.get(key).is_some());
    let model = profile.and_then(|p| p.model).or(common.model);
    let format = profile.and_then(|p| p.format).or(common.format);
    let background = profile.and_then(|p| p.background.clone()).or(common.background);
    let mut rows = read.into_shown();
    rows.retain(|shown| !overridden(shown.key.trim_start_matches("defaults.")));
    let defaults = Defaults {
        model: model.unwrap_or_default(),
        format: format.unwrap_or_default(),
        background: background.clone().unwrap_or_default(),
        tags: profile.map(|p| p.tags.clone()).unwrap_or_default(),
    };
    if model.is_none() {
        rows.push(row("defaults.model", &defaults.model, DEFAULT));
    }
    if format.is_none() {
        rows.push(row("defaults.format", &defaults.format, DEFAULT));
    }
    if background.is_none() {
        rows.push(row("defaults.background", &defaults.background, DEFAULT));
    }
    Ok((defaults, rows))
}

fn state_dir(sources: &Sources<'_>) -> Result<(PathBuf, &'static str), Failure> {
    if let Some(dir) = var(sources, "RBGV_STATE_DIR") {
        return Ok((sources.current_dir.join(dir), "variable RBGV_STATE_DIR"));
    }
    let found = sources.state_dir.map(Path::to_owned);
    found.map(|dir| (dir, DEFAULT)).ok_or_else(|| {
        Failure::new(
            FailureKind::Configuration,
            "state directory",
            "there is no home directory to keep the ledger in; set RBGV_STATE_DIR",
        )
    })
}

/// Warnings about keys that stand in a configuration file; those in files of their own are looked
/// at when they are read.
fn permission_warnings(profiles: &BTreeMap<String, (Profile, Vec<Shown>)>) -> Vec<String> {
    let placed = profiles
        .values()
        .flat_map(|(profile, _)| Slot::ALL.into_iter().filter_map(|slot| profile.source(slot)))
        .filter(|placed| matches!(placed.source, secret::Source::Inline(_)));
    let mut warned: Vec<String> = placed.flat_map(secret::Placed::warnings).collect();
    warned.sort();
    warned.dedup();
    warned
}

fn short_settle(profile: &Profile) -> Option<String> {
    let settle = profile.timing.settle;
    (settle < SETTLE_SAFE && !address::is_loopback(&profile.base_url)).then(|| {
        format!(
            "settle of profile {} is {}; below {} a start that arrives late may be billed twice",
            profile.name,
            duration::show(settle),
            duration::show(SETTLE_SAFE)
        )
    })
}

fn summary(profile: &Profile, active: bool, surroundings: &Surroundings<'_>) -> ProfileSummary {
    let slot = Slot::ApiKey;
    let over = secret::overriding(slot, surroundings.vars).filter(|_| active);
    let (key_source, fingerprint) = match (over, &profile.api_key) {
        (Some((variable, value)), _) => (
            format!("variable {variable}"),
            secret::checked(value).ok().map(|key| key.fingerprint()),
        ),
        (None, Some(placed)) => {
            (placed.source.to_string(), placed.cheap_fingerprint(slot, surroundings))
        }
        (None, None) => ("none".to_owned(), None),
    };
    ProfileSummary {
        name: profile.name.clone(),
        base_url: profile.base_url.clone(),
        environment: profile.environment,
        key_source,
        fingerprint,
        active,
    }
}

/// Keys that profiles of different environments share, as far as it costs nothing to know.
fn shared_keys(listed: &[ProfileSummary]) -> Vec<String> {
    let mut seen: BTreeMap<&Fingerprint, (&str, Environment)> = BTreeMap::new();
    let mut warnings = Vec::new();
    for profile in listed {
        let Some(fingerprint) = &profile.fingerprint else { continue };
        match seen.get(fingerprint) {
            Some((other, environment)) if *environment != profile.environment => {
                warnings.push(format!(
                    "profiles {other} ({environment}) and {} ({}) use the same key ({fingerprint}); \
                     give each environment a key of its own",
                    profile.name, profile.environment
                ));
            }
            Some(_) => {}
            None => {
                seen.insert(fingerprint, (&profile.name, profile.environment));
            }
        }
    }
    warnings
}

fn secret_row(slot: Slot, profile: &Profile, surroundings: &Surroundings<'_>) -> Option<Shown> {
    let [key, ..] = slot.keys();
    let key = format!("profiles.{}.{key}", profile.name);
    if let Some((variable, value)) = secret::overriding(slot, surroundings.vars) {
        let value = secret::checked(value)
            .map_or_else(|why| why, |key| format!("fingerprint {}", key.fingerprint()));
        return Some(row(&key, &value, format!("variable {variable}")));
    }
    let Some(placed) = profile.source(slot) else {
        return (slot == Slot::ApiKey).then(|| row(&key, &"none", DEFAULT));
    };
    let source = &placed.source;
    let value = match (placed.cheap_fingerprint(slot, surroundings), source) {
        (Some(fingerprint), _) => format!("fingerprint {fingerprint} ({source})"),
        (None, secret::Source::Command(_) | secret::Source::Keyring { .. }) => {
            format!("not read yet ({source})")
        }
        (None, _) => format!("cannot be read ({source})"),
    };
    let origin =
        placed.place.as_ref().map_or_else(|| "the program".to_owned(), ToString::to_string);
    Some(row(&key, &value, origin))
}
