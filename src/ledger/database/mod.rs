//! The databases below the ledger. A statement is written once, in SQL that both understand, with
//! parameters `?1`, `?2` and so on.
//!
//! - `value`: parameters, rows and their values
//! - `sqlite`: a file on this machine, with its permissions (`access`), tables (`schema`) and syncs
//!   (`group_commit`)
//! - `postgres`: a server that several machines share

pub(crate) mod access;
pub(crate) mod group_commit;
pub(crate) mod postgres;
pub(crate) mod schema;
pub(crate) mod sqlite;
pub(crate) mod value;

use self::value::{FromRow, Row, Value};
use crate::ledger::LedgerError;

/// A database with a ledger.
pub(crate) enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
}

/// How a transaction uses the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionMode {
    /// Reads without a transaction: each statement sees the latest commits.
    Read,
    /// Reads one state of the database.
    Snapshot,
    /// Writes, durable on return.
    Write,
    /// Writes that may be lost in a crash of the database's machine.
    WriteRelaxed,
}

impl Database {
    /// Runs `work` in a transaction. PostgreSQL may run it more than once: after a conflict, or
    /// when the connection was lost and the commit did not take place.
    ///
    /// # Errors
    ///
    /// Nothing that `work` wrote is in the database.
    pub(crate) fn transact<T>(
        &self,
        access: TransactionMode,
        work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.transact(access, work),
            Self::Postgres(postgres) => postgres.transact(access, work),
        }
    }

    /// Finds out whether the clock of a shared database was set.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Replaced`], from then on for every transaction, if it was.
    pub(crate) fn check_clock(&self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(postgres) => postgres.check_clock(),
        }
    }

    /// Whether a shared database was away for so long that an operation failed: the leases of this
    /// process may have ended.
    pub(crate) fn has_given_up(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(postgres) => postgres.has_given_up(),
        }
    }

    /// Returns `ok`, or a description of the damage. PostgreSQL reports a damaged page when it is
    /// read.
    pub(crate) fn check_integrity(&self) -> Result<String, LedgerError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.check_integrity(),
            Self::Postgres(_) => Ok("ok".to_owned()),
        }
    }
}

/// Statements of one transaction.
pub(crate) enum Tx<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a postgres::PostgresTransaction<'a>),
}

impl Tx<'_> {
    /// Number of rows that the statement changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, LedgerError> {
        match self {
            Self::Sqlite(db) => {
                Ok(db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(params))?)
            }
            Self::Postgres(tx) => tx.execute(sql, params),
        }
    }

    /// Executes a statement whose result does not matter. To a server it is sent with the next
    /// statement or with the commit, which fails if it fails.
    pub(crate) fn queue(&self, sql: &str, params: &[Value]) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(_) => self.execute(sql, params).map(drop),
            Self::Postgres(tx) => {
                tx.queue(sql, params);
                Ok(())
            }
        }
    }

    /// All rows of a query, each as `read` returns it.
    pub(crate) fn query_with<T>(
        &self,
        sql: &str,
        params: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T, LedgerError>,
    ) -> Result<Vec<T>, LedgerError> {
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(read(&Row::Sqlite(row))?);
                }
                Ok(all)
            }
            Self::Postgres(tx) => {
                tx.query(sql, params)?.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// All rows of a query.
    pub(crate) fn query<T: FromRow>(
        &self,
        sql: &str,
        params: &[Value],
    ) -> Result<Vec<T>, LedgerError> {
        self.query_with(sql, params, T::from_row)
    }

    /// The first row of a query, if there is any.
    pub(crate) fn query_opt<T: FromRow>(
        &self,
        sql: &str,
        params: &[Value],
    ) -> Result<Option<T>, LedgerError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The only row of a query.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoRow`] if there is none.
    pub(crate) fn query_row<T: FromRow>(
        &self,
        sql: &str,
        params: &[Value],
    ) -> Result<T, LedgerError> {
        self.query_opt(sql, params)?.ok_or(LedgerError::NoRow)
    }

    /// The next statement waits until no other transaction holds this lock. SQLite has one writer at
    /// a time anyway. A transaction takes its locks in the order `plan`, `key`, `batch`, `limits`.
    pub(crate) fn lock(&self, name: &str) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(tx) => tx.lock(name),
        }
    }
}
