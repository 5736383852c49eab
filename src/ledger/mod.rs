//! The job ledger: batches, their inputs, and one row for each attempt. It is the source of truth
//! after a crash.
//!
//! Only this module accesses the database. Each operation is one transaction, and none makes a
//! network call. Rows of jobs are durable when the operation returns, as with `synchronous=FULL`.
//!
//! Reading order:
//!
//! - `rows`: the types, and how their rows are read
//! - `database`: the file, its permissions, tables and syncs
//! - this file: opening, transactions
//! - `write`: operations of a run
//! - `read`: reports for `status`, `logs`, `usage` and `profile`
//! - `async_ledger`: the operations for async code
//! - `process_lease`: which processes are alive
//! - `sandbox_outputs`: outputs of sandboxes, which have ledgers of their own
//! - `error`: failures of the ledger, and their remedies

mod async_ledger;
mod database;
mod error;
mod process_lease;
pub(crate) mod read;
mod rows;
mod sandbox_outputs;
pub(crate) mod write;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::model::Clock;

use self::database::group_commit::{GroupCommit, PendingCommit};
use self::database::{access, schema};
use self::sandbox_outputs::SandboxOutputs;

pub use self::async_ledger::{AsyncLedger, LeasedLedger};
pub use self::error::{LedgerError, Remedy};
pub use self::process_lease::{ProcessId, ProcessLease};
pub use self::read::attempt_details::{AttemptDetails, ReceivedWebhook};
pub use self::read::batch_record::{AttemptRecord, BatchRecord};
pub use self::read::cost_report::AttemptCost;
pub use self::read::durations::JobDuration;
pub use self::read::key_report::KeyReport;
pub use self::read::status::{AttemptSummary, BatchSummary, Transition};
pub use self::rows::attempt::{
    Attempt, AttemptSpec, AttemptState, AttemptStatus, DraftObservation, InputSource, LastPoll,
    RerunReason, object_identity,
};
pub use self::rows::batch::{Batch, BatchInput, InputCounts, InputState};
pub use self::rows::ids::{ApiKeyId, AttemptId, BatchId, InputId};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::rows::json_columns::fuzz_columns;
pub use self::write::attempts::{Claim, Commit, ConcurrencyLimit, StartCommit, StartLimits};
pub use self::write::batches::{InputOrder, NewBatch, PlanTotals, UnfinishedInputs};
pub use self::write::dedupe::{AddResult, NewInput};
pub use self::write::deliveries::{DeliveryRecord, NewDelivery};
pub use self::write::key_state::{BillingVisibility, DraftSupport};

/// Maximum wait for another process's transaction. Longer than any transaction of ours, and than a
/// backup of the file should take.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// Prepared statements cached; the code has fewer.
const STATEMENT_CACHE_CAPACITY: usize = 128;

/// The ledger of one state directory. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<LedgerHandle>,
    sandbox_outputs: Arc<SandboxOutputs>,
    /// Whether this is the ledger of a sandbox.
    is_of_sandbox: bool,
}

struct LedgerHandle {
    db: Mutex<Connection>,
    group_commit: GroupCommit,
    process_directory: PathBuf,
    clock: Arc<dyn Clock>,
    boot_id: String,
    repairs: Vec<String>,
}

impl Ledger {
    /// Opens the ledger in `directory`, and creates it if it does not exist.
    ///
    /// # Errors
    /// A network file system, another user's files, a newer schema, another program's database, or
    /// an I/O error.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let process_directory = directory.join("owners");
        let path = Self::database_path(directory);
        make_private_directory(directory)?;
        refuse_network_file_system(directory)?;
        let mut repairs = Vec::from_iter(access::check_directory(directory, &path)?);
        access::check_file(&path)?;
        make_private_directory(&process_directory)?;
        make_private_file(&path)?;
        let db = {
            let _alone = lock_for_opening(directory)?;
            let mut db = connect(&path)?;
            schema::migrate(&mut db)?;
            db
        };
        repairs.extend(access::make_private(&path)?);
        for end in ["-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(end);
            // Not reported: SQLite creates these files with the mode of the database.
            access::make_private(Path::new(&file))?;
        }
        // From here on, syncs happen in `GroupCommit`, outside the database lock.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let group_commit = GroupCommit::new(&path)?;
        let boot_id = clock.boot_id();
        let db = Mutex::new(db);
        let shared = LedgerHandle { db, group_commit, process_directory, clock, boot_id, repairs };
        let sandbox_outputs = Arc::new(SandboxOutputs::of(directory));
        Ok(Self { shared: Arc::new(shared), sandbox_outputs, is_of_sandbox: false })
    }

    /// This ledger as that of a sandbox, whose outputs are also recorded in `state_dir`, the user's own
    /// state directory.
    #[must_use]
    pub fn of_sandbox(self, state_dir: &Path) -> Self {
        let sandbox_outputs = Arc::new(SandboxOutputs::of(state_dir));
        Self { sandbox_outputs, is_of_sandbox: true, ..self }
    }

    /// Permissions that were too wide and were repaired on opening, as messages for the user.
    #[must_use]
    pub fn repairs(&self) -> &[String] {
        &self.shared.repairs
    }

    /// Runs a write transaction. It locks the database before the first read, so that what it reads
    /// stays true. Durable on return.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (result, commit) = self.transaction(work)?;
        if let Some(commit) = commit {
            self.shared.group_commit.wait_until_durable(commit)?;
        }
        Ok(result)
    }

    /// Runs a write transaction without waiting for a sync. It may be lost in a crash of the
    /// machine; the next durable write syncs it too.
    fn write_relaxed<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.transaction(work).map(|(result, _)| result)
    }

    /// Runs a transaction. Returns its pending commit if it changed anything.
    fn transaction<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<(T, Option<PendingCommit>), LedgerError> {
        let mut db = self.db();
        let before = db.total_changes();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&tx)?;
        tx.commit()?;
        let changed = db.total_changes() != before;
        Ok((result, changed.then(|| self.shared.group_commit.record_commit())))
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        work(&self.db())
    }

    /// Ignores poisoning: a transaction rolls back when a panic drops it.
    fn db(&self) -> MutexGuard<'_, Connection> {
        self.shared.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        self.shared.clock.wall().0
    }

    /// Path of the database file, whether or not it exists.
    #[must_use]
    pub fn database_path(directory: &Path) -> PathBuf {
        directory.join("ledger.sqlite3")
    }

    /// Runs SQLite's integrity check. Returns `ok`, or SQLite's description of the damage.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn check_integrity(&self) -> Result<String, LedgerError> {
        self.read(|db| Ok(db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?))
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

fn make_private_directory(path: &Path) -> Result<(), LedgerError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|why| LedgerError::File { path: path.to_owned(), why })
}

/// Lock that lets one process at a time create the file and switch it to WAL. If two do so at once,
/// SQLite reports a locked database to one of them immediately, without regard to the busy timeout.
fn lock_for_opening(directory: &Path) -> Result<std::fs::File, LedgerError> {
    let path = directory.join("opening.lock");
    access::check_file(&path)?;
    make_private_file(&path)?;
    let lock = std::fs::File::open(&path).and_then(|file| file.lock().map(|()| file));
    lock.map_err(|why| LedgerError::File { path, why })
}

/// SQLite gives its side files the mode of the database file.
fn make_private_file(path: &Path) -> Result<(), LedgerError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|why| LedgerError::File { path: path.to_owned(), why })
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

fn network_name(magic: i64) -> Option<&'static str> {
    NETWORK_FILE_SYSTEMS
        .iter()
        .find(|(known, _)| *known == magic & 0xFFFF_FFFF)
        .map(|(_, name)| *name)
}

fn refuse_network_file_system(directory: &Path) -> Result<(), LedgerError> {
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
