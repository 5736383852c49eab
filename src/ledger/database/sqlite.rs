//! SQLite: one writer at a time, and commits that share their syncs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, TransactionBehavior};

use super::group_commit::{GroupCommit, PendingCommit};
use super::value::Value;
use super::{Access, Tx};
use crate::ledger::LedgerError;

pub(crate) struct Sqlite {
    db: Mutex<Connection>,
    group_commit: GroupCommit,
}

impl Sqlite {
    pub(crate) fn new(db: Connection, group_commit: GroupCommit) -> Self {
        Self { db: Mutex::new(db), group_commit }
    }

    /// See [`Database::transact`](super::Database::transact).
    pub(crate) fn transact<T>(
        &self,
        access: Access,
        mut work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut db = self.db();
        let (result, commit) = match access {
            Access::Read => return work(&Tx::Sqlite(&db)),
            Access::Snapshot => {
                let tx = db.transaction()?;
                return work(&Tx::Sqlite(&tx));
            }
            Access::Write | Access::WriteRelaxed => self.write(&mut db, work)?,
        };
        drop(db);
        if let Some(commit) = commit.filter(|_| access == Access::Write) {
            self.group_commit.wait_until_durable(commit)?;
        }
        Ok(result)
    }

    /// Locks the database before the first read, so that what is read stays true. Returns the
    /// pending commit if anything was changed.
    fn write<T>(
        &self,
        db: &mut Connection,
        mut work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<(T, Option<PendingCommit>), LedgerError> {
        let before = db.total_changes();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&Tx::Sqlite(&tx))?;
        tx.commit()?;
        let changed = db.total_changes() != before;
        Ok((result, changed.then(|| self.group_commit.record_commit())))
    }

    /// Ignores poisoning: a transaction rolls back when a panic drops it.
    pub(crate) fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Int(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).map_err(FromSqlError::other)?;
                Self::Text(text.to_owned())
            }
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_owned()),
        })
    }
}
