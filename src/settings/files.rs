//! Finding and reading configuration files, and paths that are written in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::model::{Failure, FailureKind};

use super::entry::Author;
use super::layer::Layer;

/// Name of the file in the user's configuration directory.
pub(super) const USER_FILE: &str = "config.toml";

/// Name of the file that is looked for from the current directory upward.
pub(super) const PROJECT_FILE: &str = "rbgv.toml";

/// The longest configuration file, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The files that were read, weakest first.
#[derive(Default)]
pub(super) struct Found {
    pub(super) paths: Vec<PathBuf>,
    pub(super) user: Layer,
    pub(super) project: Option<Layer>,
}

/// Reads `named` alone if there is one, and otherwise the user file and the project file as far
/// as they exist.
///
/// # Errors
/// A file that cannot be read or understood, or a named one that is not there.
pub(super) fn read(
    named: Option<&Path>,
    config_dir: Option<&Path>,
    current_dir: &Path,
) -> Result<Found, Failure> {
    let mut found = Found::default();
    if let Some(path) = named {
        let layer = load(path, Author::User)?
            .ok_or_else(|| wrong(path, "there is no such file; check --config or RBGV_CONFIG"))?;
        found.user = layer;
        found.paths.push(path.to_owned());
        return Ok(found);
    }
    if let Some(path) = config_dir.map(|dir| dir.join(USER_FILE))
        && let Some(layer) = load(&path, Author::User)?
    {
        found.user = layer;
        found.paths.push(path);
    }
    for dir in current_dir.ancestors() {
        let path = dir.join(PROJECT_FILE);
        if let Some(layer) = load(&path, Author::Project)? {
            found.project = Some(layer);
            found.paths.push(path);
            break;
        }
    }
    Ok(found)
}

fn wrong(path: &Path, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Configuration, path.display().to_string(), why)
}

/// The file at `path` as a layer; none if there is no such file.
fn load(path: &Path, author: Author) -> Result<Option<Layer>, Failure> {
    let unreadable =
        |error: &dyn std::fmt::Display| wrong(path, format!("cannot be read: {error}"));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(path, "is longer than 1 MiB, which no configuration is"));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong(path, "is not UTF-8 text"))?;
    let path: Arc<Path> = path.into();
    Layer::parse(&path, author, &text).map(Some)
}

/// The path that `text` names in the configuration file `file`: `~/` is the home directory, and a
/// relative path starts where the file lies, wherever the program runs.
pub(super) fn beside(file: &Path, text: &str, vars: &BTreeMap<String, String>) -> PathBuf {
    if let (Some(rest), Some(home)) = (text.strip_prefix("~/"), vars.get("HOME")) {
        return Path::new(home).join(rest);
    }
    plain(&file.parent().unwrap_or(Path::new(".")).join(text))
}

/// `path` without `.`, as it reads best in messages.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Whether anyone but the owner may read the file at `path`.
pub(super) fn readable_by_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}
