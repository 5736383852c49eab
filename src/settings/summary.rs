//! All profiles together: their list, the effective secrets, and warnings about shared or exposed keys.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::Fingerprint;

use super::file::decode::{DEFAULT, EffectiveValue, row};
use super::profile::Profile;
use super::secret::{LocatedSecret, SecretEnvironment, SecretKind, SecretSource, parse_key};
use super::types::{Environment, ProfileSummary};
use crate::duration;
use crate::model::host::is_loopback;

/// Minimum `settle` without a warning: a gateway may delay a request for about a minute.
const MIN_SAFE_SETTLE: Duration = Duration::from_mins(1);

/// The summaries of `all` profiles, by name.
pub(crate) fn list(
    all: &[Profile],
    active: &str,
    environment: &SecretEnvironment<'_>,
) -> Vec<ProfileSummary> {
    let summary = |profile: &Profile| summary(profile, profile.name == active, environment);
    let mut listed: Vec<_> = all.iter().map(summary).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

/// Warnings for the user of `profile`, one of `all`.
pub(crate) fn warnings(
    profile: &Profile,
    all: &[Profile],
    listed: &[ProfileSummary],
) -> Vec<String> {
    let mut warnings = permission_warnings(all);
    warnings.extend(shared_keys(listed));
    warnings.extend(short_settle(profile));
    warnings
}

/// Warnings about keys in configuration files. Other files are checked when they are read.
fn permission_warnings(all: &[Profile]) -> Vec<String> {
    let located = all
        .iter()
        .flat_map(|profile| profile.secrets.values())
        .filter(|located| matches!(located.source, SecretSource::Inline(_)));
    let mut warned: Vec<String> = located.flat_map(LocatedSecret::warnings).collect();
    warned.sort();
    warned.dedup();
    warned
}

fn short_settle(profile: &Profile) -> Option<String> {
    let settle = profile.timing.settle;
    (settle < MIN_SAFE_SETTLE && !is_loopback(&profile.base_url)).then(|| {
        format!(
            "settle of profile {} is {}; below {} a start that arrives late may be billed twice",
            profile.name,
            duration::show(settle),
            duration::show(MIN_SAFE_SETTLE)
        )
    })
}

fn summary(profile: &Profile, active: bool, environment: &SecretEnvironment<'_>) -> ProfileSummary {
    let kind = SecretKind::ApiKey;
    let overridden = kind.override_in(environment.vars).filter(|_| active);
    let (key_source, fingerprint) = match (overridden, profile.source(kind)) {
        (Some((variable, value)), _) => {
            (format!("variable {variable}"), parse_key(value).ok().map(|key| key.fingerprint()))
        }
        (None, Some(located)) => {
            (located.source.to_string(), located.cheap_fingerprint(kind, environment))
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

/// Warnings about keys that profiles of different environments share, where fingerprints are cheap.
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

/// The rows of `config show` for the secrets of `profile`.
pub(crate) fn secret_rows(
    profile: &Profile,
    environment: &SecretEnvironment<'_>,
) -> Vec<EffectiveValue> {
    SecretKind::ALL.into_iter().filter_map(|kind| secret_row(kind, profile, environment)).collect()
}

fn secret_row(
    kind: SecretKind,
    profile: &Profile,
    environment: &SecretEnvironment<'_>,
) -> Option<EffectiveValue> {
    let [key, ..] = kind.keys();
    let key = format!("profiles.{}.{key}", profile.name);
    if let Some((variable, value)) = kind.override_in(environment.vars) {
        let value = parse_key(value)
            .map_or_else(|why| why, |key| format!("fingerprint {}", key.fingerprint()));
        return Some(row(&key, &value, format!("variable {variable}")));
    }
    let Some(located) = profile.source(kind) else {
        return (kind == SecretKind::ApiKey).then(|| row(&key, &"none", DEFAULT));
    };
    let source = &located.source;
    let value = match (located.cheap_fingerprint(kind, environment), source) {
        (Some(fingerprint), _) => format!("fingerprint {fingerprint} ({source})"),
        (None, SecretSource::Command(_) | SecretSource::Keyring(_)) => {
            format!("not read yet ({source})")
        }
        (None, _) => format!("cannot be read ({source})"),
    };
    let origin =
        located.place.as_ref().map_or_else(|| "the program".to_owned(), ToString::to_string);
    Some(row(&key, &value, origin))
}
