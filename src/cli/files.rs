//! Files that the user names.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::model::Failure;
use crate::model::text::decoded;

/// The text of a small file.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    decoded(bytes).map_err(|why| format!("this file {why}"))
}

/// A path of the command line, relative to the current directory.
pub(crate) fn absolute(env: &Env, path: &Path) -> PathBuf {
    // Collecting components removes `.`.
    env.current_dir.join(path).components().collect()
}

/// Writes a file in one step, unless it already has this content.
pub(crate) fn keep_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(directory).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.persist(path).map_err(|error| error.error).map(drop)
    });
    written.map_err(|error| unwritable(path, &error))
}

/// The failure of writing to `path`.
pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::local(format!("writing {}", path.display()), error)
}

/// Creates a file that only its owner can read. Fails if it exists.
pub(crate) fn new_file(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let next = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "choose a file that does not exist yet",
            _ => "choose a file in an existing directory that you can write to",
        };
        Failure::usage(path.display().to_string(), error.to_string()).with_next(next)
    })
}
