//! Process leases: every process holds a lock on a file of its own while it is alive.
//!
//! The kernel frees the lock however the process ends, so liveness needs neither clocks nor process
//! ids. A process that is stopped keeps its lock, and with it its rows.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::database::value::{Row, params};
use super::{Ledger, LedgerError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessId(pub i64);

/// A registered process, as far as its row shows whether it is alive.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    lock_file: String,
}

impl Process {
    /// Columns of `processes` that [`Process::read`] reads.
    pub(crate) const COLUMNS: &str =
        "processes.id AS process_id, processes.lock_file AS process_lock_file";

    /// `None` if a left join found no process.
    pub(crate) fn read(row: &Row<'_>) -> Result<Option<Self>, LedgerError> {
        let Some(id) = row.get::<_, Option<i64>>("process_id")? else { return Ok(None) };
        let lock_file = row.get("process_lock_file")?;
        Ok(Some(Self { id: ProcessId(id), lock_file }))
    }
}

/// Lease of this process, held as long as the value lives.
#[derive(Debug)]
pub struct ProcessLease {
    pub id: ProcessId,
    path: PathBuf,
    _lock: File,
}

impl ProcessLease {
    /// Creates and locks a file of an unused name. The row is inserted afterwards, so that a row
    /// without a held lock always belongs to a dead process.
    pub(crate) fn create_lock_file(
        directory: &Path,
        name: &str,
    ) -> Result<(File, PathBuf), LedgerError> {
        let path = directory.join(name);
        let failed = |why| LedgerError::File { path: path.clone(), why };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(why) => failed(why),
            TryLockError::WouldBlock => failed(std::io::ErrorKind::WouldBlock.into()),
        })?;
        Ok((file, path))
    }

    pub(crate) fn new(id: ProcessId, path: PathBuf, lock: File) -> Self {
        Self { id, path, _lock: lock }
    }
}

impl Drop for ProcessLease {
    fn drop(&mut self) {
        // A lock file left behind is an empty file of a dead process.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Ledger {
    /// Registers this process. Other processes leave its rows alone as long as the lease lives.
    ///
    /// # Errors
    /// The lock file or the row cannot be created.
    pub fn register_process(&self, name: &str) -> Result<ProcessLease, LedgerError> {
        let lock_file = format!("{name}.lock");
        let (lock, path) =
            ProcessLease::create_lock_file(&self.shared.process_directory, &lock_file)?;
        let now = self.now_ms();
        let id = self.write(|tx| {
            tx.query_row(
                "INSERT INTO processes (lock_file, started_at) VALUES (?1, ?2) RETURNING id",
                params![lock_file, now],
                |row| Ok(ProcessId(row.get(0)?)),
            )
        })?;
        Ok(ProcessLease::new(id, path, lock))
    }

    /// Number of living processes with a lease. A process that only reads has none.
    pub fn count_living_processes(&self) -> Result<u64, LedgerError> {
        let sql = format!("SELECT {} FROM processes", Process::COLUMNS);
        let processes = self.read(|tx| tx.query(&sql, params![], Process::read))?;
        Ok(processes.iter().flatten().map(|process| u64::from(self.is_alive(process))).sum())
    }

    /// Whether a process is alive. If in doubt it is: rows of a living process must not be taken.
    pub(crate) fn is_alive(&self, process: &Process) -> bool {
        match File::open(self.shared.process_directory.join(&process.lock_file)) {
            Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}
