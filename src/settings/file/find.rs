//! Finds and reads configuration files, and resolves the paths in them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::model::Failure;
use crate::model::text::decoded;

use super::layer::Layer;
use super::located_value::FileOrigin;

/// Name of the file in the user's configuration directory.
pub(crate) const USER_FILE: &str = "config.toml";

/// Name of the file that is searched from the current directory upwards.
pub(crate) const PROJECT_FILE: &str = "rbgv.toml";

/// Maximum size of a configuration file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The files that were read; `paths` in ascending precedence.
#[derive(Default)]
pub(crate) struct ConfigFiles {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) user: Layer,
    pub(crate) project: Option<ProjectFile>,
}

pub(crate) struct ProjectFile {
    pub(crate) path: PathBuf,
    pub(crate) layer: Layer,
    /// SHA-256 of the content.
    pub(crate) digest: [u8; 32],
}

/// Reads only `named` if it is set, otherwise the user file and the project file if they exist.
///
/// # Errors
/// A file cannot be read or parsed, or `named` does not exist.
pub(crate) fn read(
    named: Option<&Path>,
    config_dir: Option<&Path>,
    current_dir: &Path,
) -> Result<ConfigFiles, Failure> {
    let mut found = ConfigFiles::default();
    if let Some(path) = named {
        let (layer, _) = load(path, FileOrigin::User)?
            .ok_or_else(|| wrong(path, "no such file; check --config or RBGV_CONFIG"))?;
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
    Failure::configuration(path.display().to_string(), why)
}

/// The file at `path` with the SHA-256 of its content; `None` if it does not exist.
fn load(path: &Path, origin: FileOrigin) -> Result<Option<(Layer, [u8; 32])>, Failure> {
    let unreadable =
        |error: &dyn std::fmt::Display| wrong(path, format!("cannot be read: {error}"));
    let mut options = OpenOptions::new();
    options.read(true);
    if origin == FileOrigin::Project {
        options.custom_flags(NONBLOCK_FLAG);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if origin == FileOrigin::Project {
        check_project_file(path, &file)?;
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(path, "is larger than 1 MiB, the maximum of a configuration file"));
    }
    let digest = Sha256::digest(&bytes).into();
    let text = decoded(bytes).map_err(|why| wrong(path, why))?;
    let path: Arc<Path> = path.into();
    Ok(Some((Layer::parse(&path, origin, &text)?, digest)))
}

/// Opens a named pipe without waiting for a writer.
#[expect(clippy::cast_possible_wrap, reason = "flags are a bit pattern")]
const NONBLOCK_FLAG: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// Checks that this user owns a project file and nobody else can change it.
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

/// The path `text` of the configuration file `file`: `~/` is the home directory, and relative paths
/// start at the directory of the file.
pub(crate) fn resolve_relative(
    file: &Path,
    text: &str,
    vars: &BTreeMap<String, String>,
) -> PathBuf {
    if let (Some(rest), Some(home)) = (text.strip_prefix("~/"), vars.get("HOME")) {
        return Path::new(home).join(rest);
    }
    without_dots(&file.parent().unwrap_or(Path::new(".")).join(text))
}

/// `path` without `.` components, for messages.
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Whether users other than the owner can read the file at `path`.
pub(crate) fn readable_by_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}
