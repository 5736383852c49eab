//! Who is alive: every process holds a lock on a file of its own.
//!
//! The kernel frees the lock when the process ends, however it ends, so liveness needs no clocks
//! and no process ids. A process that is stopped keeps its lock, and with it its rows.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::LedgerError;

/// Number of a process in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessId(pub i64);

/// This process, alive for as long as the value lives.
#[derive(Debug)]
pub struct ProcessLease {
    /// Number in the ledger.
    pub id: ProcessId,
    path: PathBuf,
    _lock: File,
}

impl ProcessLease {
    /// Takes the lock of a name that nobody else uses. The row is written only afterwards, so that
    /// a row without a held lock is always a dead process.
    pub(crate) fn lock(directory: &Path, name: &str) -> Result<(File, PathBuf), LedgerError> {
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
        // A lock file left behind is only an empty file of a dead owner.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the process that owns the lock file of this name still lives. Errs on the side of life:
/// rows of a process that lives must not be taken.
pub(crate) fn is_alive(directory: &Path, name: &str) -> bool {
    match File::open(directory.join(name)) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}
