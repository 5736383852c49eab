//! Files that the user names.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::model::text::decoded;
use crate::model::{Failure, FailureKind};

/// The text of a small file that the user names.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    decoded(bytes).map_err(|why| format!("it {why}"))
}

/// A path as the user wrote it, relative to where they are.
pub(crate) fn absolute(env: &Env, path: &Path) -> PathBuf {
    // Components leave `.` out: it belongs to no path that is printed.
    env.current_dir.join(path).components().collect()
}

/// A file that was not there, for its owner alone.
pub(crate) fn new_file(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let next = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "name a file that is not there yet",
            _ => "name a file in a directory that is there, and yours",
        };
        Failure::new(FailureKind::Usage, path.display().to_string(), error.to_string())
            .with_next(next)
    })
}
