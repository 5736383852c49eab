//! What a project file may do. It may come from anywhere with the directory that it is in, so it runs
//! no command, has no file of the user's uploaded, sends no key of the user's own configuration to
//! another host, and weakens no guard. A host, key or secret of its own is used only after the user
//! confirmed it (see [`super::project_consent`]).

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::{Background, Failure};

use super::find;
use super::layer::{Layer, ProfileLayer};
use super::located_value::{ConfigSection, FileOrigin, LocatedValue, Location, ScalarValue};
use crate::settings::base_url::{self, VENDOR};
use crate::settings::profile::Guards;
use crate::settings::secret::{LocatedSecret, SecretKind};

/// What decides about trust beside the files.
pub(crate) struct TrustContext<'a> {
    /// The profile in use: the variables that give a key apply to it.
    pub(crate) active: &'a str,
    /// The profile that would be in use without the project's file, if it can be told.
    pub(crate) otherwise: Option<&'a str>,
    /// Whether a variable gives its address, so that no file does.
    pub(crate) address_given: bool,
    pub(crate) vars: &'a BTreeMap<String, String>,
}

/// Checks what `project` says over `user`, which together are `merged`. The answer is what it wants
/// that the user's own configuration does not have: this has to be confirmed.
///
/// # Errors
/// The first thing that it may not do, and what to do about it.
pub(crate) fn check(
    user: &Layer,
    project: &Layer,
    merged: &Layer,
    context: &TrustContext<'_>,
) -> Result<Vec<String>, Failure> {
    check_picture(&project.defaults, context)?;
    let nothing = ProfileLayer::default();
    let mut wanted = Vec::new();
    for (name, said) in &project.profiles {
        let users = user.profiles.get(name).unwrap_or(&nothing);
        check_commands(&said.own)?;
        check_picture(&said.own, context)?;
        let whole = merged.profiles.get(name).unwrap_or(said);
        check_guards((name, users), (name, whole), said)?;
        if let Some(exposed) = exposed(name, &users.own, &said.own, context) {
            check_keys(name, &exposed, &whole.own, context)?;
            wanted.push(format!("profile {name} {}", exposed.what));
        }
        wanted.extend(secrets(name, &users.own, said, context)?);
    }
    // A profile that only the project has replaces the one that the user would have used, with its
    // guards.
    if let Some(otherwise) = context.otherwise
        && otherwise != context.active
        && !user.profiles.contains_key(context.active)
    {
        let users = user.profiles.get(otherwise).unwrap_or(&nothing);
        let said = project.profiles.get(context.active).unwrap_or(&nothing);
        check_guards((otherwise, users), (context.active, said), said).map_err(|failure| {
            match project.top.get("default_profile") {
                Some(entry) => entry.place.failure(failure.why),
                None => failure,
            }
        })?;
    }
    Ok(wanted)
}

fn check_commands(said: &ConfigSection) -> Result<(), Failure> {
    for slot in SecretKind::ALL {
        let [.., command, _] = slot.keys();
        if let Some(entry) = said.get(command) {
            return Err(entry.place.failure(format!(
                "a project file may not run commands, and `{command}` does; {}",
                way_out("it")
            )));
        }
    }
    Ok(())
}

/// A background picture is uploaded, so a project names only its own.
fn check_picture(said: &ConfigSection, context: &TrustContext<'_>) -> Result<(), Failure> {
    let Some(entry) = said.get("background") else { return Ok(()) };
    let ScalarValue::Text(text) = &entry.scalar else { return Ok(()) };
    let Ok(Background::ImageFile(picture)) = text.parse() else { return Ok(()) };
    let picture = find::beside(&entry.place.path, &picture.to_string_lossy(), context.vars);
    let inside = entry.place.path.parent().is_some_and(|dir| lies_in(&picture, dir));
    if inside {
        return Ok(());
    }
    Err(entry.place.failure(format!(
        "a project file may only name pictures that lie in its directory, and {} is none; {}",
        picture.display(),
        way_out("it")
    )))
}

/// The guards of `whole` are at least as strong as those of the user's own profile, defaults included.
fn check_guards(
    (users_name, users): (&str, &ProfileLayer),
    (name, whole): (&str, &ProfileLayer),
    said: &ProfileLayer,
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
        return Err(match find(said, key) {
            Some(theirs) => theirs.place.failure(why),
            None => Failure::new(
                crate::model::FailureKind::Configuration,
                format!("profile {name}"),
                why,
            ),
        });
    }
    for key in ["key_created", "key_max_age"] {
        if let (Some(mine), Some(theirs)) = (users.own.get(key), said.own.get(key))
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

/// The secrets that the project's file gives `name` and the user's own configuration does not.
fn secrets(
    name: &str,
    users: &ConfigSection,
    said: &ProfileLayer,
    context: &TrustContext<'_>,
) -> Result<Vec<String>, Failure> {
    let mut wanted = Vec::new();
    for slot in SecretKind::ALL {
        let Some(placed) = LocatedSecret::find(slot, &said.own, context.vars)? else { continue };
        // The same variable or keyring entry; the same text could still name another file.
        let [_, variable, _, _, keyring] = slot.keys();
        let known = [variable, keyring].into_iter().any(|key| {
            matches!((users.get(key), said.own.get(key)),
                (Some(mine), Some(theirs)) if same(&mine.scalar, &theirs.scalar))
        });
        if !known {
            wanted.push(format!(
                "profile {name} takes its {} from: {}",
                slot.name(),
                placed.source
            ));
        }
    }
    Ok(wanted)
}

/// A setting of the project file through which a key could leave the user's hands.
struct Exposure<'a> {
    place: &'a Location,
    what: String,
}

fn exposed<'a>(
    name: &str,
    users: &ConfigSection,
    said: &'a ConfigSection,
    context: &TrustContext<'_>,
) -> Option<Exposure<'a>> {
    let address_given = context.address_given && name == context.active;
    if let Some(theirs) = said.get("base_url")
        && !address_given
        && !same_address(users.get("base_url"), theirs)
    {
        let host = match &theirs.scalar {
            ScalarValue::Text(text) => base_url::parse(text, true).ok(),
            _ => None,
        };
        let host = host.map_or_else(|| "another host".to_owned(), |url| url.to_string());
        return Some(Exposure {
            place: &theirs.place,
            what: format!("sends its jobs and key to {host}"),
        });
    }
    let allows = |section: &ConfigSection| {
        section.get("allow_http").is_some_and(|e| matches!(e.scalar, ScalarValue::Flag(true)))
    };
    let theirs = said.get("allow_http").filter(|_| allows(said) && !allows(users))?;
    Some(Exposure { place: &theirs.place, what: "sends its key over plain http".into() })
}

/// With `exposed` set by the project, no secret of the profile may come from the user's own
/// configuration.
fn check_keys(
    name: &str,
    exposed: &Exposure<'_>,
    own: &ConfigSection,
    context: &TrustContext<'_>,
) -> Result<(), Failure> {
    for slot in SecretKind::ALL {
        let Some(placed) = LocatedSecret::find(slot, own, context.vars)? else { continue };
        let Some(place) = placed.place.filter(|place| place.author == FileOrigin::User) else {
            continue;
        };
        return Err(exposed.place.failure(format!(
            "with this line, profile {name} {}, but its {} is set by {place}; {}",
            exposed.what,
            slot.name(),
            way_out("this setting")
        )));
    }
    Ok(())
}

/// Whether `path` lies in `dir` once all links are followed.
fn lies_in(path: &Path, dir: &Path) -> bool {
    match (path.canonicalize(), dir.canonicalize()) {
        (Ok(path), Ok(dir)) => path.starts_with(dir),
        _ => false,
    }
}

fn way_out(what: &str) -> String {
    format!(
        "if you trust {what}, put it into your own configuration file, or name this file with --config"
    )
}

fn same_address(mine: Option<&LocatedValue>, theirs: &LocatedValue) -> bool {
    let parsed = |scalar: &ScalarValue| match scalar {
        ScalarValue::Text(text) => base_url::parse(text, true).ok(),
        _ => None,
    };
    let mine = match mine {
        Some(entry) => parsed(&entry.scalar),
        None => base_url::parse(VENDOR, false).ok(),
    };
    mine.is_some() && mine == parsed(&theirs.scalar)
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
