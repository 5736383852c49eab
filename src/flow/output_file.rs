//! Output files: their identity, the names of their partial files, and why they cannot be written.

use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::ledger::Ledger;
use crate::media;
use crate::model::text::shell_quoted;
use crate::model::{Failure, FailureKind, Target};

/// Device and inode.
pub(crate) type FileId = (u64, u64);

pub(crate) fn file_id(metadata: &Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

/// Name of the partial file: short, and the same each time that the output of this attempt is
/// collected under this name.
pub(crate) fn part_name(target: Option<&Target>, correlation: &str) -> OsString {
    let mut hash = Sha256::new();
    hash.update(correlation);
    match target {
        Some(Target::File(path)) => {
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        }
        Some(Target::Object(url)) => hash.update(url.to_string()),
        None => {}
    }
    let name = hex::encode(&hash.finalize()[..8]);
    format!(".{name}.rbgv-part").into()
}

/// The file at `target` is an unchanged output of an in-process sandbox.
pub(crate) fn is_sandbox_output(ledger: &Ledger, target: &Path) -> Result<bool, Failure> {
    if !ledger.knows_sandbox_outputs()
        || !fs::symlink_metadata(target).is_ok_and(|found| found.is_file())
    {
        return Ok(false);
    }
    match media::hash_file(target, &|_| ()) {
        Ok(hash) => Ok(ledger.is_sandbox_output(&hash.sha256)?),
        Err(_) => Ok(false),
    }
}

/// Failure for an existing path that an output must not replace, even with `--overwrite`.
pub(crate) fn not_a_file(what: String, target: &Path, found: FileType) -> Failure {
    let kind = if found.is_dir() {
        "a directory"
    } else if found.is_symlink() {
        "a symbolic link"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let next = if found.is_dir() || found.is_symlink() {
        "use another --name or -o".to_owned()
    } else {
        format!("use -o - > {}, or -o FILE", shell_quoted(target))
    };
    let why = format!("it is {kind}, and only regular files are replaced");
    Failure::usage(what, why).with_next(next)
}

/// Failure for a `path` that cannot be written because of the file or directory `cause`. A lasting
/// cause, which concerns other outputs as well, has a kind of its own.
pub(crate) fn unwritable(path: &Path, cause: &Path, error: &io::Error) -> Failure {
    let (shown, typed) = (cause.display(), shell_quoted(cause));
    let (why, next) = match error.kind() {
        ErrorKind::PermissionDenied => (
            format!("no permission to write to {shown}"),
            format!("change the permissions (ls -ld {typed}), or use another -o"),
        ),
        ErrorKind::ReadOnlyFilesystem => {
            (format!("the file system of {shown} is read-only"), "use another -o".to_owned())
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            match error.raw_os_error() {
                Some(_) => format!("no space left for {shown}"),
                None => format!("no space left for {shown}: {error}"),
            },
            format!("free some space (df -h {typed}), then run the same command again"),
        ),
        ErrorKind::InvalidFilename => (
            "a name in the path is too long for the file system".to_owned(),
            "use a shorter -o".to_owned(),
        ),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            (format!("{shown} is not a directory"), "use another -o, or move that file".to_owned())
        }
        _ => {
            let next = "use another -o; downloaded data is kept";
            return Failure::local(format!("writing {}", path.display()), error).with_next(next);
        }
    };
    Failure::new(FailureKind::Unwritable, format!("writing {}", path.display()), why)
        .with_next(next)
}
