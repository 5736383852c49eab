//! Errors of the ledger, and their remedies.

use std::path::PathBuf;

use crate::model::{Failure, FailureKind};

/// A failure of the ledger. Every one of them stops work before its next effect.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Error from SQLite: disk full, permissions, a lock held too long.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// Error from PostgreSQL, or no connection to it.
    #[error("{0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// A file beside the database cannot be created or locked.
    #[error("{path}: {why}")]
    File { path: PathBuf, why: std::io::Error },
    /// An SQLite database of another program.
    #[error("the file is a database, but not a ledger of rbgv")]
    Foreign,
    /// Written by a newer version.
    #[error("it was written by a newer rbgv (schema {found}, this version knows {known})")]
    Newer {
        found: usize,
        /// Newest schema that this version knows.
        known: usize,
    },
    #[error("the state directory is on a network file system ({0}), where locks are unreliable")]
    NetworkFileSystem(String),
    #[error("{} belongs to another user", .0.display())]
    NotOurs(PathBuf),
    /// Other users can write to the directory, and it holds files of other programs.
    #[error("other users may write to {}, and it holds other files", .0.display())]
    Exposed(PathBuf),
    /// A link or a device where a file of the ledger should be.
    #[error("{} is not a plain file", .0.display())]
    NotPlain(PathBuf),
    #[error("a row that should exist is missing")]
    NoRow,
    /// A row whose content cannot be parsed.
    #[error("a row cannot be read: {0}")]
    Corrupt(String),
}

/// What the user has to repair to make the ledger usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The directory: its permissions, or a file of its name.
    Directory,
    /// Nothing: another process holds a lock for a long time.
    Wait,
    /// The content of the database.
    Content,
    /// The hint in [`Failure::next`].
    FollowHint,
}

impl LedgerError {
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::File { why, .. } if why.kind() == std::io::ErrorKind::StorageFull => {
                Remedy::FollowHint
            }
            Self::File { .. } => Remedy::Directory,
            Self::NoRow | Self::Corrupt(_) => Remedy::Content,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                    Remedy::Directory
                }
                Some(Code::DatabaseBusy | Code::DatabaseLocked) => Remedy::Wait,
                Some(Code::DiskFull) => Remedy::FollowHint,
                _ => Remedy::Content,
            },
            Self::Postgres(_)
            | Self::Foreign
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
