//! The permissions of a project file, which may come from a stranger with its directory: it may not run
//! commands, upload other files of the user, send keys of the user's own configuration to another host,
//! or weaken a guard. Its own host, key or secret needs the user's consent
//! (see [`super::project_consent`]).

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::{Background, Failure};

use super::find;
use super::layer::{Layer, ProfileLayer};
use super::located_value::{ConfigSection, FileOrigin, LocatedValue, Location, ScalarValue};
use crate::settings::base_url;
use crate::settings::profile::Guards;
use crate::settings::secret::{LocatedSecret, SecretKind};

pub(crate) struct TrustContext<'a> {
    /// The profile in use, to which variables with keys apply.
    pub(crate) active: &'a str,
    /// The profile that would be in use without the project file.
    pub(crate) without_project: Option<&'a str>,
    /// Whether a variable overrides its address.
    pub(crate) address_given: bool,
    pub(crate) vars: &'a BTreeMap<String, String>,
}

/// Checks `project` against `user`, with both merged in `merged`. Returns descriptions of what needs
/// the user's consent.
///
/// # Errors
/// The first setting that a project file may not have, and the remedy.
pub(crate) fn check(
    user: &Layer,
    project: &Layer,
    merged: &Layer,
    context: &TrustContext<'_>,
) -> Result<Vec<String>, Failure> {
    check_picture(&project.defaults, context)?;
    let nothing = ProfileLayer::default();
    let mut wanted = Vec::new();
    for (name, from_project) in &project.profiles {
        let users = user.profiles.get(name).unwrap_or(&nothing);
        check_commands(&from_project.own)?;
        check_picture(&from_project.own, context)?;
        let whole = merged.profiles.get(name).unwrap_or(from_project);
        check_guards((name, users), (name, whole), from_project)?;
        if let Some(exposed) = exposed(name, &users.own, &from_project.own, context) {
            check_keys(name, &exposed, &whole.own, context)?;
            wanted.push(format!("profile {name} {}", exposed.what));
        }
        wanted.extend(secrets(name, &users.own, from_project, context)?);
    }
    // A profile of the project alone replaces the user's profile, so its guards must be as strong.
    if let Some(without_project) = context.without_project
        && without_project != context.active
        && !user.profiles.contains_key(context.active)
    {
        let users = user.profiles.get(without_project).unwrap_or(&nothing);
        let from_project = project.profiles.get(context.active).unwrap_or(&nothing);
        check_guards((without_project, users), (context.active, from_project), from_project)
            .map_err(|failure| match project.top.get("default_profile") {
                Some(entry) => entry.place.failure(failure.why),
                None => failure,
            })?;
    }
    Ok(wanted)
}

fn check_commands(from_project: &ConfigSection) -> Result<(), Failure> {
    for kind in SecretKind::ALL {
        let [.., command, _] = kind.keys();
        if let Some(entry) = from_project.get(command) {
            return Err(entry.place.failure(format!(
                "a project file may not run commands, and `{command}` does; {}",
                remedy("it")
            )));
        }
    }
    Ok(())
}

/// A background picture is uploaded, so it must be in the directory of the project.
fn check_picture(from_project: &ConfigSection, context: &TrustContext<'_>) -> Result<(), Failure> {
    let Some(entry) = from_project.get("background") else { return Ok(()) };
    let ScalarValue::Text(text) = &entry.scalar else { return Ok(()) };
    let Ok(Background::ImageFile(picture)) = text.parse() else { return Ok(()) };
    let picture =
        find::resolve_relative(&entry.place.path, &picture.to_string_lossy(), context.vars);
    let is_inside = entry.place.path.parent().is_some_and(|dir| is_inside_dir(&picture, dir));
    if is_inside {
        return Ok(());
    }
    Err(entry.place.failure(format!(
        "a project file may only use pictures in its own directory, and {} is not there; {}",
        picture.display(),
        remedy("it")
    )))
}

/// Checks that the guards of `whole` are at least as strong as those of the user's own profile,
/// including defaults.
fn check_guards(
    (users_name, users): (&str, &ProfileLayer),
    (name, whole): (&str, &ProfileLayer),
    from_project: &ProfileLayer,
) -> Result<(), Failure> {
    let find = |layer: &ProfileLayer, key: &str| {
        [&layer.own, &layer.limits, &layer.timing].into_iter().find_map(|s| s.get(key).cloned())
    };
    let weaker = Guards::read(name, whole)?.weaker_than(&Guards::read(users_name, users)?);
    if let Some((key, value)) = weaker {
        let origin = find(users, key)
            .map_or_else(|| "by default".to_owned(), |entry| format!("by {}", entry.place));
        let why = format!(
            "a project file may not weaken `{key}` of profile {users_name}, which is {value} {origin}; \
             remove this line, or set it in your own configuration file"
        );
        return Err(match find(from_project, key) {
            Some(theirs) => theirs.place.failure(why),
            None => Failure::configuration(format!("profile {name}"), why),
        });
    }
    for key in ["key_created", "key_max_age"] {
        if let (Some(mine), Some(theirs)) = (users.own.get(key), from_project.own.get(key))
            && !same(&mine.scalar, &theirs.scalar)
        {
            return Err(theirs.place.failure(format!(
                "a project file may not change `{key}` of profile {name}, which {} sets; remove this \
                 line",
                mine.place
            )));
        }
    }
    Ok(())
}

/// Descriptions of the secrets that only the project file sets for the profile `name`.
fn secrets(
    name: &str,
    users: &ConfigSection,
    from_project: &ProfileLayer,
    context: &TrustContext<'_>,
) -> Result<Vec<String>, Failure> {
    let mut wanted = Vec::new();
    for kind in SecretKind::ALL {
        let Some(located) = LocatedSecret::find(kind, &from_project.own, context.vars)? else {
            continue;
        };
        // Only for variables and keyring entries: an equal path can still be another file.
        let [_, variable, _, _, keyring] = kind.keys();
        let known = [variable, keyring].into_iter().any(|key| {
            matches!((users.get(key), from_project.own.get(key)),
                (Some(mine), Some(theirs)) if same(&mine.scalar, &theirs.scalar))
        });
        if !known {
            wanted.push(format!(
                "profile {name} takes its {} from: {}",
                kind.name(),
                located.source
            ));
        }
    }
    Ok(wanted)
}

/// A setting of the project file that could send a key to another host or unencrypted.
struct Exposure<'a> {
    place: &'a Location,
    what: String,
}

fn exposed<'a>(
    name: &str,
    users: &ConfigSection,
    from_project: &'a ConfigSection,
    context: &TrustContext<'_>,
) -> Option<Exposure<'a>> {
    let address_given = context.address_given && name == context.active;
    if let Some(theirs) = from_project.get("base_url")
        && !address_given
        && !same_address(users.get("base_url"), theirs)
    {
        let host = base_url::of_file(Some(theirs));
        let host = host.map_or_else(|| "another host".to_owned(), |url| url.to_string());
        return Some(Exposure {
            place: &theirs.place,
            what: format!("sends its jobs and key to {host}"),
        });
    }
    let allows = |section: &ConfigSection| {
        section.get("allow_http").is_some_and(|e| matches!(e.scalar, ScalarValue::Flag(true)))
    };
    let theirs =
        from_project.get("allow_http").filter(|_| allows(from_project) && !allows(users))?;
    Some(Exposure { place: &theirs.place, what: "sends its key over plain http".into() })
}

/// Refuses secrets from the user's own configuration for a profile that `exposed` affects.
fn check_keys(
    name: &str,
    exposed: &Exposure<'_>,
    own: &ConfigSection,
    context: &TrustContext<'_>,
) -> Result<(), Failure> {
    for kind in SecretKind::ALL {
        let Some(located) = LocatedSecret::find(kind, own, context.vars)? else { continue };
        let Some(place) = located.place.filter(|place| place.origin == FileOrigin::User) else {
            continue;
        };
        return Err(exposed.place.failure(format!(
            "with this line, profile {name} {}, but its {} is set by {place}; {}",
            exposed.what,
            kind.name(),
            remedy("this setting")
        )));
    }
    Ok(())
}

/// Whether `path` is in `dir` with all links followed.
fn is_inside_dir(path: &Path, dir: &Path) -> bool {
    match (path.canonicalize(), dir.canonicalize()) {
        (Ok(path), Ok(dir)) => path.starts_with(dir),
        _ => false,
    }
}

fn remedy(what: &str) -> String {
    format!(
        "if you trust {what}, put it in your own configuration file, or name this file with --config"
    )
}

fn same_address(mine: Option<&LocatedValue>, theirs: &LocatedValue) -> bool {
    let mine = base_url::of_file(mine);
    mine.is_some() && mine == base_url::of_file(Some(theirs))
}

fn same(a: &ScalarValue, b: &ScalarValue) -> bool {
    match (a, b) {
        (ScalarValue::Text(a), ScalarValue::Text(b)) => a == b,
        (
            ScalarValue::Integer(_) | ScalarValue::Float(_),
            ScalarValue::Integer(_) | ScalarValue::Float(_),
        ) => super::decode::number(a) == super::decode::number(b),
        _ => false,
    }
}
