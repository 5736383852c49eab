//! Why the ledger could not be used, in words for the user.

use std::path::PathBuf;

use crate::model::{Failure, FailureKind};

/// A failure of the ledger. All of them stop work before its next effect.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite said no: disk full, permissions, a lock held too long.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// A file beside the database could not be made or locked.
    #[error("{path}: {why}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is an SQLite database of something else.
    #[error("the file is a database, but not a ledger of rbgv")]
    Foreign,
    /// Written by a later version.
    #[error("it was written by a newer rbgv (schema {found}, this version knows {known})")]
    Newer {
        /// Schema of the file.
        found: usize,
        /// Newest schema that this program knows.
        known: usize,
    },
    /// SQLite's locks cannot be trusted there.
    #[error("it would lie on a network file system ({0}), where locks cannot be trusted")]
    NetworkFileSystem(String),
    /// A file or directory of somebody else.
    #[error("{} belongs to another user", .0.display())]
    NotOurs(PathBuf),
    /// Others may write to the directory, and it is not ours alone.
    #[error("other users may write to {}, and it holds other files", .0.display())]
    Exposed(PathBuf),
    /// A link or a device where a file of ours belongs.
    #[error("{} is not a plain file", .0.display())]
    NotPlain(PathBuf),
    /// What a row holds cannot be read.
    #[error("a row cannot be read: {0}")]
    Corrupt(String),
}

/// What has to be mended for a ledger to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Its directory: permissions, or something in the way.
    Directory,
    /// Nothing: another process holds it for long.
    Wait,
    /// Its content.
    Content,
    /// What the error's own next step says.
    FollowHint,
}

impl LedgerError {
    /// What has to be mended.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::File { why, .. } if why.kind() == std::io::ErrorKind::StorageFull => {
                Remedy::FollowHint
            }
            Self::File { .. } => Remedy::Directory,
            Self::Corrupt(_) => Remedy::Content,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                    Remedy::Directory
                }
                Some(Code::DatabaseBusy | Code::DatabaseLocked) => Remedy::Wait,
                Some(Code::DiskFull) => Remedy::FollowHint,
                _ => Remedy::Content,
            },
            Self::Foreign
            | Self::Newer { .. }
            | Self::NetworkFileSystem(_)
            | Self::NotOurs(_)
            | Self::Exposed(_)
            | Self::NotPlain(_) => Remedy::FollowHint,
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let next = match &error {
            LedgerError::NetworkFileSystem(_) => {
                "set RBGV_STATE_DIR to a directory on a local disk"
            }
            LedgerError::Newer { .. } => "use the newer rbgv, or another RBGV_STATE_DIR",
            LedgerError::NotOurs(_)
            | LedgerError::Exposed(_)
            | LedgerError::NotPlain(_)
            | LedgerError::Foreign => "set RBGV_STATE_DIR to a directory of rbgv's own",
            LedgerError::Database(rusqlite::Error::SqliteFailure(code, _))
                if code.code == rusqlite::ErrorCode::DiskFull =>
            {
                "free some disk space, then run the same command again"
            }
            LedgerError::File { why, .. } if why.kind() == std::io::ErrorKind::StorageFull => {
                "free some disk space, then run the same command again"
            }
            _ => "rbgv doctor",
        };
        Self::new(FailureKind::Local, "the job ledger", error.to_string()).with_next(next)
    }
}
