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
    /// What a row holds cannot be read.
    #[error("a row cannot be read: {0}")]
    Corrupt(String),
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let next = match &error {
            LedgerError::NetworkFileSystem(_) => {
                "set RBGV_STATE_DIR to a directory on a local disk"
            }
            LedgerError::Newer { .. } => "use the newer rbgv, or another RBGV_STATE_DIR",
            LedgerError::Foreign => "set RBGV_STATE_DIR to a directory of rbgv's own",
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
