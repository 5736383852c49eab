//! Process leases: which processes are alive, and so keep their attempts.
//!
//! Every process holds a lock on a file of its own while it is alive. The kernel frees the lock
//! however the process ends, so liveness on one machine needs neither clocks nor process ids, and a
//! process that is stopped keeps its attempts. In a shared ledger, the processes of other machines are
//! alive until a time of the server's clock, which they put off again and again.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tracing::warn;

use super::database::value::{FromRow, FromValue, Row, params};
use super::database::{Database, Tx};
use super::{Ledger, LedgerError, Machine, ProcessId};
use crate::model::Timestamp;
use crate::model::time::millis;

impl ProcessId {
    /// The number of the process with this random name. A sequence would hand out numbers again after
    /// a fail-over that lost the latest of them.
    fn of(name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let number = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self((number >> 1).cast_signed())
    }
}

/// A registered process, as far as its row shows whether it is alive.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    lock_file: String,
    machine: Option<String>,
    lease_until: Option<Timestamp>,
}

impl Process {
    /// Columns of `processes` for [`Process::from_row`].
    pub(crate) const COLUMNS: &str = "processes.id AS process_id, \
         processes.lock_file AS process_lock_file, processes.machine AS process_machine, \
         processes.lease_until AS process_lease_until";
}

impl FromRow for Process {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            id: row.get("process_id")?,
            lock_file: row.get("process_lock_file")?,
            machine: row.get("process_machine")?,
            lease_until: row.get("process_lease_until")?,
        })
    }
}

/// A first column, and the process of a left join, if that found one.
impl<T: FromValue> FromRow for (T, Option<Process>) {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        let id: Option<ProcessId> = row.get("process_id")?;
        Ok((row.get(0)?, id.map(|_| Process::from_row(row)).transpose()?))
    }
}

/// Lease of this process, held as long as the value lives.
#[derive(Debug)]
pub struct ProcessLease {
    pub id: ProcessId,
    path: PathBuf,
    _lock: File,
    /// In a ledger on a server.
    _renewal: Option<LeaseRenewal>,
}

/// How long a process of a shared ledger counts as alive after it was last heard of. Its attempts wait
/// that long after its machine was lost, and any interruption of the network that is shorter does no
/// harm.
const LEASE: Duration = Duration::from_mins(1);

/// Interval between renewals: several may fail before the lease ends.
pub const RENEWAL: Duration = Duration::from_secs(10);

/// A thread that renews the lease of a process.
#[derive(Debug)]
struct LeaseRenewal {
    /// The thread ends when this is dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LeaseRenewal {
    fn start(ledger: Ledger, id: ProcessId) -> Result<Self, LedgerError> {
        let (stop, stopped) = channel();
        let renew = move || {
            while stopped.recv_timeout(RENEWAL) == Err(RecvTimeoutError::Timeout) {
                // Not renewed in time, the attempts go to others, and every commit finds that out.
                if let Err(error) = ledger.renew_lease(id) {
                    warn!(%error, "the lease was not renewed");
                }
            }
            // Others need not wait.
            let _ = ledger.end_lease(id);
        };
        let thread = std::thread::Builder::new().name("lease".to_owned()).spawn(renew);
        let thread = thread.map_err(|error| LedgerError::Server(error.to_string()))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for LeaseRenewal {
    fn drop(&mut self) {
        self.stop.take();
        let _ = self.thread.take().map(JoinHandle::join);
    }
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
        let (id, now) = (ProcessId::of(name), self.now());
        let machine = self.shared.machine.as_ref();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO processes
                     (id, lock_file, started_at, machine, machine_name, lease_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    id,
                    lock_file,
                    now,
                    machine.map(Machine::booted),
                    machine.map(|machine| &machine.name),
                    machine.map(|_| self.lease_end())
                ],
            )
        })?;
        let renewal = match &self.shared.database {
            Database::Postgres(_) => Some(LeaseRenewal::start(self.clone(), id)?),
            Database::Sqlite(_) => None,
        };
        Ok(ProcessLease { id, path, _lock: lock, _renewal: renewal })
    }

    /// The end of a lease that begins now.
    fn lease_end(&self) -> Timestamp {
        Timestamp(self.now().0.saturating_add_unsigned(millis(LEASE)))
    }

    pub(crate) fn renew_lease(&self, id: ProcessId) -> Result<(), LedgerError> {
        self.shared.database.check_clock()?;
        self.write_relaxed(|tx| self.renew_lease_in(tx, id))
    }

    /// Renews the lease together with what the transaction writes: nobody adopts an attempt before the
    /// request has left that is committed here. A process of a local ledger has no lease to renew.
    pub(crate) fn renew_lease_in(&self, tx: &Tx<'_>, id: ProcessId) -> Result<(), LedgerError> {
        if self.shared.machine.is_some() {
            let until = params![id, self.lease_end()];
            tx.queue("UPDATE processes SET lease_until = ?2 WHERE id = ?1", until)?;
        }
        Ok(())
    }

    fn end_lease(&self, id: ProcessId) -> Result<(), LedgerError> {
        self.write_relaxed(|tx| {
            tx.execute("UPDATE processes SET lease_until = 0 WHERE id = ?1", params![id])
        })?;
        Ok(())
    }

    /// Number of living processes with a lease. A process that only reads has none.
    pub fn count_living_processes(&self) -> Result<u64, LedgerError> {
        let sql = format!("SELECT {} FROM processes", Process::COLUMNS);
        let processes: Vec<Process> = self.query(&sql, params![])?;
        Ok(processes.iter().map(|process| u64::from(self.is_alive(process))).sum())
    }

    /// Whether a process is alive. If in doubt it is: rows of a living process must not be taken.
    pub(crate) fn is_alive(&self, process: &Process) -> bool {
        if let Some(here) = &self.shared.machine
            && process.machine != Some(here.booted())
        {
            return process.lease_until.is_some_and(|until| until >= self.now());
        }
        match File::open(self.shared.process_directory.join(&process.lock_file)) {
            Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}
