//! The profiles seen together: the list of them, whose keys they share, and what the user should
//! know about how they are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::Fingerprint;

use super::ProfileSummary;
use super::file::decode::{DEFAULT, EffectiveValue, row};
use super::profile::{Environment, Profile};
use super::secret::{self, SecretEnvironment, SecretKind};
use crate::duration;
use crate::model::host::is_loopback;

/// Settles shorter than this are warned about: a gateway may hold a request for about a minute.
const SETTLE_SAFE: Duration = Duration::from_mins(1);

/// Every profile of `all` in a line, by name.
pub(crate) fn list(
    all: &[Profile],
    active: &str,
    surroundings: &SecretEnvironment<'_>,
) -> Vec<ProfileSummary> {
    let summary = |profile: &Profile| summary(profile, profile.name == active, surroundings);
    let mut listed: Vec<_> = all.iter().map(summary).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

/// What to tell the user, who uses `profile` of `all`.
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

/// Warnings about keys that stand in a configuration file; those in files of their own are looked
/// at when they are read.
fn permission_warnings(all: &[Profile]) -> Vec<String> {
    let placed = all
        .iter()
        .flat_map(|profile| SecretKind::ALL.into_iter().filter_map(|slot| profile.source(slot)))
        .filter(|placed| matches!(placed.source, secret::SecretSource::Inline(_)));
    let mut warned: Vec<String> = placed.flat_map(secret::LocatedSecret::warnings).collect();
    warned.sort();
    warned.dedup();
    warned
}

fn short_settle(profile: &Profile) -> Option<String> {
    let settle = profile.timing.settle;
    (settle < SETTLE_SAFE && !is_loopback(&profile.base_url)).then(|| {
        format!(
            "settle of profile {} is {}; below {} a start that arrives late may be billed twice",
            profile.name,
            duration::show(settle),
            duration::show(SETTLE_SAFE)
        )
    })
}

fn summary(
    profile: &Profile,
    active: bool,
    surroundings: &SecretEnvironment<'_>,
) -> ProfileSummary {
    let slot = SecretKind::ApiKey;
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

/// The secrets of `profile` by fingerprint, as `config show` tells them.
pub(crate) fn secret_rows(
    profile: &Profile,
    surroundings: &SecretEnvironment<'_>,
) -> Vec<EffectiveValue> {
    SecretKind::ALL.into_iter().filter_map(|slot| secret_row(slot, profile, surroundings)).collect()
}

fn secret_row(
    slot: SecretKind,
    profile: &Profile,
    surroundings: &SecretEnvironment<'_>,
) -> Option<EffectiveValue> {
    let [key, ..] = slot.keys();
    let key = format!("profiles.{}.{key}", profile.name);
    if let Some((variable, value)) = secret::overriding(slot, surroundings.vars) {
        let value = secret::checked(value)
            .map_or_else(|why| why, |key| format!("fingerprint {}", key.fingerprint()));
        return Some(row(&key, &value, format!("variable {variable}")));
    }
    let Some(placed) = profile.source(slot) else {
        return (slot == SecretKind::ApiKey).then(|| row(&key, &"none", DEFAULT));
    };
    let source = &placed.source;
    let value = match (placed.cheap_fingerprint(slot, surroundings), source) {
        (Some(fingerprint), _) => format!("fingerprint {fingerprint} ({source})"),
        (None, secret::SecretSource::Command(_) | secret::SecretSource::Keyring { .. }) => {
            format!("not read yet ({source})")
        }
        (None, _) => format!("cannot be read ({source})"),
    };
    let origin =
        placed.place.as_ref().map_or_else(|| "the program".to_owned(), ToString::to_string);
    Some(row(&key, &value, origin))
}
