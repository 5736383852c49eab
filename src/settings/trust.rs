//! What a project file may not do. It lies in a directory that may have been cloned from anywhere,
//! so it must not run commands, lead a key of the user's to another host, have files of theirs
//! uploaded, or take off the guards that they put on a profile.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::{Background, Failure};

use super::address::{self, VENDOR};
use super::entry::{Author, Entry, Place, Scalar, Section};
use super::files;
use super::layer::{Layer, ProfileLayer};
use super::secret::{self, Placed, Slot, Source};

/// What decides about trust beside the files.
pub(super) struct Context<'a> {
    /// The profile in use: the variables that give a key apply to it.
    pub(super) active: &'a str,
    /// Whether a variable gives its address, so that no file does.
    pub(super) address_given: bool,
    pub(super) vars: &'a BTreeMap<String, String>,
}

/// Checks what `project` says over `user`, which together are `merged`.
///
/// # Errors
/// The first thing that it may not do, and what to do about it.
pub(super) fn check(
    user: &Layer,
    project: &Layer,
    merged: &Layer,
    context: &Context<'_>,
) -> Result<(), Failure> {
    check_picture(&project.defaults, context)?;
    let nothing = ProfileLayer::default();
    for (name, said) in &project.profiles {
        let users = user.profiles.get(name).unwrap_or(&nothing);
        check_commands(&said.own)?;
        check_picture(&said.own, context)?;
        check_guards(name, &users.own, &said.own)?;
        if let Some(exposed) = exposed(name, &users.own, &said.own, context) {
            let own = merged.profiles.get(name).map_or(&said.own, |profile| &profile.own);
            check_keys(name, &exposed, own, context)?;
        }
    }
    Ok(())
}

fn check_commands(said: &Section) -> Result<(), Failure> {
    for slot in Slot::ALL {
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
fn check_picture(said: &Section, context: &Context<'_>) -> Result<(), Failure> {
    let Some(entry) = said.get("background") else { return Ok(()) };
    let Scalar::Text(text) = &entry.scalar else { return Ok(()) };
    let Ok(Background::ImageFile(picture)) = text.parse() else { return Ok(()) };
    let picture = files::beside(&entry.place.path, &picture.to_string_lossy(), context.vars);
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

/// The user's word on how careful a profile is stands above the project's.
fn check_guards(name: &str, users: &Section, said: &Section) -> Result<(), Failure> {
    for key in ["environment", "confirm_above_credits"] {
        if let (Some(mine), Some(theirs)) = (users.get(key), said.get(key))
            && !same(&mine.scalar, &theirs.scalar)
        {
            return Err(theirs.place.failure(format!(
                "a project file may not change `{key}` of profile {name}, which {} sets; remove \
                 this line, or give the project's profile another name",
                mine.place
            )));
        }
    }
    Ok(())
}

/// A setting of the project file through which a key could leave the user's hands.
struct Exposure<'a> {
    place: &'a Place,
    what: String,
}

fn exposed<'a>(
    name: &str,
    users: &Section,
    said: &'a Section,
    context: &Context<'_>,
) -> Option<Exposure<'a>> {
    let address_given = context.address_given && name == context.active;
    if let Some(theirs) = said.get("base_url")
        && !address_given
        && !same_address(users.get("base_url"), theirs)
    {
        return Some(Exposure { place: &theirs.place, what: "leads it to another host".into() });
    }
    let allows = |section: &Section| {
        section.get("allow_http").is_some_and(|e| matches!(e.scalar, Scalar::Flag(true)))
    };
    let theirs = said.get("allow_http").filter(|_| allows(said) && !allows(users))?;
    Some(Exposure { place: &theirs.place, what: "allows it to be sent over plain http".into() })
}

/// With `exposed` set by the project, every secret of the profile has to be the project's own.
fn check_keys(
    name: &str,
    exposed: &Exposure<'_>,
    own: &Section,
    context: &Context<'_>,
) -> Result<(), Failure> {
    for slot in Slot::ALL {
        let from = match secret::overriding(slot, context.vars) {
            Some((variable, _)) if name == context.active => format!("variable {variable}"),
            _ => match Placed::find(slot, own, context.vars)? {
                Some(placed) if !is_projects_own(&placed) => placed.source.to_string(),
                _ => continue,
            },
        };
        return Err(exposed.place.failure(format!(
            "the {} of profile {name} comes from elsewhere ({from}), and this project file {}; {}",
            slot.name(),
            exposed.what,
            way_out("this setting")
        )));
    }
    Ok(())
}

/// Whether the secret itself came with the project: written in its file, or in another file that
/// really lies in its directory.
fn is_projects_own(placed: &Placed) -> bool {
    let Some(place) = placed.place.as_ref().filter(|place| place.author == Author::Project) else {
        return false;
    };
    match &placed.source {
        Source::Inline(_) => true,
        Source::File(path) => place.path.parent().is_some_and(|dir| lies_in(path, dir)),
        Source::Variable(_) | Source::Command(_) | Source::Keyring { .. } => false,
    }
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

fn same_address(mine: Option<&Entry>, theirs: &Entry) -> bool {
    let parsed = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => address::parse(text, true).ok(),
        _ => None,
    };
    let mine = match mine {
        Some(entry) => parsed(&entry.scalar),
        None => address::parse(VENDOR, false).ok(),
    };
    mine.is_some() && mine == parsed(&theirs.scalar)
}

fn same(a: &Scalar, b: &Scalar) -> bool {
    match (a, b) {
        (Scalar::Text(a), Scalar::Text(b)) => a == b,
        (Scalar::Integer(_) | Scalar::Float(_), Scalar::Integer(_) | Scalar::Float(_)) => {
            super::reader::number(a) == super::reader::number(b)
        }
        _ => false,
    }
}
