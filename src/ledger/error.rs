//! Errors of the ledger, and their remedies.

use std::path::PathBuf;

use rustls::CertificateError;

use crate::model::{Failure, FailureKind};

/// A failure of the ledger. Every one of them stops work before its next effect.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Error from SQLite: disk full, permissions, a lock held too long.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// Error from PostgreSQL, or a broken connection to it.
    #[error("{}", postgres_text(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The server of a shared ledger does not answer, or cannot be reached.
    #[error("its server cannot be used: {0}")]
    Server(String),
    /// The server refuses the login or the database.
    #[error("its server refuses the connection: {0}")]
    Refused(String),
    #[error("its server's certificate is not accepted: {why}")]
    Untrusted { why: &'static str, next: &'static str },
    /// Another server answers, or the clock was set: what this process remembers may not be true.
    #[error("its server was replaced by a standby, or its clock was set")]
    Replaced,
    #[error("its server runs with fsync=off, so a crash may lose what was paid for")]
    NotDurable,
    #[error("its database is empty")]
    NoTables,
    #[error("whether the last change was saved is unknown")]
    CommitInDoubt,
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
            Self::Server(_) | Self::Postgres(_) => Remedy::Wait,
            Self::NoRow | Self::Corrupt(_) => Remedy::Content,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                    Remedy::Directory
                }
                Some(Code::DatabaseBusy | Code::DatabaseLocked) => Remedy::Wait,
                Some(Code::DiskFull) => Remedy::FollowHint,
                _ => Remedy::Content,
            },
            Self::Foreign
            | Self::Refused(_)
            | Self::Untrusted { .. }
            | Self::Replaced
            | Self::NotDurable
            | Self::NoTables
            | Self::CommitInDoubt
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
            LedgerError::Server(_) => {
                "when the server can be reached from here, run the same command again"
            }
            LedgerError::Postgres(_) | LedgerError::Replaced | LedgerError::CommitInDoubt => {
                "run the same command again; nothing is paid for twice"
            }
            LedgerError::Refused(why) if why.contains("TLS") => {
                "add ?sslmode=disable to the address, if nobody else can read that network"
            }
            LedgerError::Refused(why) if why.contains("no encryption") => {
                "check the address in RBGV_LEDGER or the profile; if the server accepts only TLS, add \
                 ?sslmode=require"
            }
            LedgerError::Refused(_) => "check the address in RBGV_LEDGER or the profile",
            LedgerError::Untrusted { next, .. } => next,
            LedgerError::NoTables => "start a run, which creates what it needs",
            LedgerError::NotDurable => "set fsync = on in postgresql.conf",
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
        let kind = match error {
            LedgerError::NoTables => FailureKind::NotFound,
            _ => FailureKind::Local,
        };
        Self::new(kind, "the job ledger", error.to_string()).with_next(next)
    }
}

impl LedgerError {
    /// Error of a connection that could not be made.
    pub(crate) fn of_connecting(error: &tokio_postgres::Error) -> Self {
        if let Some(bad) = certificate_error(error) {
            return Self::untrusted(bad);
        }
        let text = postgres_text(error);
        if text.contains("does not support TLS") {
            return Self::Refused("it offers no TLS".to_owned());
        }
        match error.code() {
            // Classes: invalid login, invalid database.
            Some(code) if code.code().starts_with("28") || code.code().starts_with("3D") => {
                Self::Refused(text)
            }
            _ => Self::Server(text),
        }
    }

    fn untrusted(bad: &CertificateError) -> Self {
        let (why, next) = match bad {
            CertificateError::UnknownIssuer => (
                "this machine does not trust its issuer",
                "add ?sslrootcert=FILE to the address, with the certificate of the issuer",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("it is for another host", "use the host of the certificate in the address")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("it has expired, or this machine's clock is wrong", "renew it on the server")
            }
            _ => ("it is not valid", "replace it on the server"),
        };
        Self::Untrusted { why, next }
    }
}

/// What is wrong with the server's certificate, if that is the cause.
fn certificate_error(error: &tokio_postgres::Error) -> Option<&CertificateError> {
    let cause = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    match cause.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(bad) => Some(bad),
        _ => None,
    }
}

/// The message of the server without its details, which quote values, or the cause of a broken
/// connection.
fn postgres_text(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return crate::model::text::escaped(error.message());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    crate::model::text::escaped(&cause.to_string())
}
