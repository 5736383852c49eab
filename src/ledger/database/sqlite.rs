//! SQLite: one writer at a time, and commits that share their syncs.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior};

use super::group_commit::{GroupCommit, PendingCommit};
use super::value::Value;
use super::{TransactionMode, Tx, access, schema};
use crate::ledger::LedgerError;

/// Maximum wait for another process's transaction. Longer than any transaction of ours, and than a
/// backup of the file should take.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// Prepared statements cached; the code has fewer.
const STATEMENT_CACHE_CAPACITY: usize = 128;

pub(crate) struct Sqlite {
    db: Mutex<Connection>,
    group_commit: GroupCommit,
}

impl Sqlite {
    /// Opens the file at `path` in `directory`, and creates both if they do not exist. Also returns
    /// messages about permissions that were repaired.
    ///
    /// # Errors
    /// A network file system, another user's files, a newer schema, another program's database, or
    /// an I/O error.
    pub(crate) fn open(directory: &Path, path: &Path) -> Result<(Self, Vec<String>), LedgerError> {
        access::make_private_directory(directory)?;
        refuse_network_file_system(directory)?;
        let mut repairs = Vec::from_iter(access::check_directory(directory, path)?);
        access::check_file(path)?;
        access::make_private_file(path)?;
        let db = {
            let _alone = lock_for_opening(directory)?;
            let mut db = connect(path)?;
            schema::migrate(&mut db)?;
            db
        };
        repairs.extend(access::make_private(path)?);
        for end in ["-wal", "-shm"] {
            let mut file = path.to_owned().into_os_string();
            file.push(end);
            // Not reported: SQLite creates these files with the mode of the database.
            access::make_private(Path::new(&file))?;
        }
        // From here on, syncs happen in `GroupCommit`, outside the database lock.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let group_commit = GroupCommit::new(path)?;
        Ok((Self { db: Mutex::new(db), group_commit }, repairs))
    }

    /// See [`Database::transact`](super::Database::transact).
    pub(crate) fn transact<T>(
        &self,
        access: TransactionMode,
        mut work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut db = self.db();
        let (result, commit) = match access {
            TransactionMode::Read => return work(&Tx::Sqlite(&db)),
            TransactionMode::Snapshot => {
                let tx = db.transaction()?;
                return work(&Tx::Sqlite(&tx));
            }
            TransactionMode::Write | TransactionMode::WriteRelaxed => self.write(&mut db, work)?,
        };
        drop(db);
        if let Some(commit) = commit.filter(|_| access == TransactionMode::Write) {
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

    /// See [`Ledger::check_integrity`](crate::ledger::Ledger::check_integrity).
    pub(crate) fn check_integrity(&self) -> Result<String, LedgerError> {
        Ok(self.db().query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
    }

    /// Ignores poisoning: a transaction rolls back when a panic drops it.
    pub(crate) fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
    // Without the query planner stability guarantee, a statement is prepared again whenever its
    // values change, because the planner compares them with the conditions of partial indexes.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    Ok(db)
}

/// Lock that lets one process at a time create the file and switch it to WAL. If two do so at once,
/// SQLite reports a locked database to one of them immediately, without regard to the busy timeout.
fn lock_for_opening(directory: &Path) -> Result<std::fs::File, LedgerError> {
    let path = directory.join("opening.lock");
    access::check_file(&path)?;
    access::make_private_file(&path)?;
    let lock = std::fs::File::open(&path).and_then(|file| file.lock().map(|()| file));
    lock.map_err(|why| LedgerError::File { path, why })
}

/// File systems on which neither SQLite's locks nor ours hold between machines.
const NETWORK_FILE_SYSTEMS: [(i64, &str); 6] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x517B, "SMB"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
];

pub(crate) fn network_name(magic: i64) -> Option<&'static str> {
    NETWORK_FILE_SYSTEMS
        .iter()
        .find(|(known, _)| *known == magic & 0xFFFF_FFFF)
        .map(|(_, name)| *name)
}

pub(crate) fn refuse_network_file_system(directory: &Path) -> Result<(), LedgerError> {
    let stat = rustix::fs::statfs(directory)
        .map_err(|errno| LedgerError::File { path: directory.to_owned(), why: errno.into() })?;
    // The width of this field differs between platforms.
    #[allow(clippy::useless_conversion, clippy::cast_lossless, clippy::unnecessary_cast)]
    let magic = stat.f_type as i64;
    match network_name(magic) {
        Some(name) => Err(LedgerError::NetworkFileSystem(name.to_owned())),
        None => Ok(()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(flag) => ValueRef::Integer((*flag).into()),
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
