//! Finding and reading configuration files, and paths that are written in them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::model::text::decoded;
use crate::model::{Failure, FailureKind};

use super::layer::Layer;
use super::located_value::FileOrigin;

/// Name of the file in the user's configuration directory.
pub(crate) const USER_FILE: &str = "config.toml";

/// Name of the file that is looked for from the current directory upward.
pub(crate) const PROJECT_FILE: &str = "rbgv.toml";

/// The longest configuration file, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The files that were read, weakest first.
#[derive(Default)]
pub(crate) struct ConfigFiles {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) user: Layer,
    pub(crate) project: Option<ProjectFile>,
}

/// A project's file.
pub(crate) struct ProjectFile {
    pub(crate) path: PathBuf,
    pub(crate) layer: Layer,
    /// SHA-256 of its content.
    pub(crate) digest: [u8; 32],
}

/// Reads `named` alone if there is one, and otherwise the user file and the project file as far
/// as they exist.
///
/// # Errors
/// A file that cannot be read or understood, or a named one that is not there.
pub(crate) fn read(
    named: Option<&Path>,
    config_dir: Option<&Path>,
    current_dir: &Path,
) -> Result<ConfigFiles, Failure> {
    let mut found = ConfigFiles::default();
    if let Some(path) = named {
        let (layer, _) = load(path, FileOrigin::User)?
            .ok_or_else(|| wrong(path, "there is no such file; check --config or RBGV_CONFIG"))?;
        found.user = layer;
        found.paths.push(path.to_owned());
        return Ok(found);
    }
    if let Some(path) = config_dir.map(|dir| dir.join(USER_FILE))
        && let Some((layer, _)) = load(&path, FileOrigin::User)?
    {
        found.user = layer;
        found.paths.push(path);
    }
    for dir in current_dir.ancestors() {
        let path = dir.join(PROJECT_FILE);
        if let Some((layer, digest)) = load(&path, FileOrigin::Project)? {
            found.paths.push(path.clone());
            found.project = Some(ProjectFile { path, layer, digest });
            break;
        }
    }
    Ok(found)
}

fn wrong(path: &Path, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Configuration, path.display().to_string(), why)
}

/// The file at `path` as a layer, with the SHA-256 of its content; none if there is no such file.
fn load(path: &Path, author: FileOrigin) -> Result<Option<(Layer, [u8; 32])>, Failure> {
    let unreadable =
        |error: &dyn std::fmt::Display| wrong(path, format!("cannot be read: {error}"));
    let mut options = OpenOptions::new();
    options.read(true);
    if author == FileOrigin::Project {
        options.custom_flags(DO_NOT_WAIT);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if author == FileOrigin::Project {
        check_project_file(path, &file)?;
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(path, "is longer than 1 MiB, which no configuration is"));
    }
    let digest = Sha256::digest(&bytes).into();
    let text = decoded(bytes).map_err(|why| wrong(path, why))?;
    let path: Arc<Path> = path.into();
    Ok(Some((Layer::parse(&path, author, &text)?, digest)))
}

/// Opens a named pipe without waiting for somebody to write to it.
#[expect(clippy::cast_possible_wrap, reason = "a flag is a bit pattern")]
const DO_NOT_WAIT: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// A project's file was put there by this user, and nobody else can change it.
fn check_project_file(path: &Path, file: &File) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| wrong(path, format!("cannot be read: {error}"));
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(wrong(path, "cannot be read: it is not a regular file"));
    }
    let link = path.symlink_metadata().map_err(unreadable)?;
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != us || link.uid() != us {
        let why = "this project file belongs to another user, so it is not read; name it with --config \
                   if you trust it, or run in another directory";
        return Err(wrong(path, why));
    }
    if found.mode() & 0o022 != 0 {
        let shown = path.display();
        let why = format!("other users can write to this project file; run: chmod go-w '{shown}'");
        return Err(wrong(path, why));
    }
    Ok(())
}

/// The path that `text` names in the configuration file `file`: `~/` is the home directory, and a
/// relative path starts where the file lies, wherever the program runs.
pub(crate) fn beside(file: &Path, text: &str, vars: &BTreeMap<String, String>) -> PathBuf {
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
pub(crate) fn readable_by_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}
