//! The job ledger: batches, their inputs, and one row for each attempt. It is the source of truth
//! after a crash.
//!
//! Only this module accesses the database. Each operation is one transaction, and none makes a
//! network call. Rows of jobs are durable when the operation returns, as with `synchronous=FULL`.
//!
//! Reading order:
//!
//! - `rows`: the types, and how their rows are read
//! - `database`: SQLite or PostgreSQL, and statements for both
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

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{Clock, Timestamp};

use self::database::postgres::Postgres;
use self::database::sqlite::{Sqlite, refuse_network_file_system};
use self::database::value::{FromRow, Value};
use self::database::{Database, TransactionMode, Tx, access};
use self::sandbox_outputs::SandboxOutputs;
use self::write::grouped_changes::GroupedChanges;

pub use self::async_ledger::{AsyncLedger, LeasedLedger};
pub use self::database::postgres::address::PostgresAddress;
pub use self::error::{LedgerError, Remedy};
pub use self::process_lease::{ProcessLease, RENEWAL};
pub use self::read::attempt_details::{AttemptDetails, ReceivedWebhook};
pub use self::read::batch_record::{AttemptRecord, BatchRecord};
pub use self::read::cost_report::AttemptCost;
pub use self::read::durations::JobDuration;
pub use self::read::key_report::KeyReport;
pub use self::read::status::{AttemptSummary, BatchSummary};
pub use self::rows::attempt::{
    Attempt, AttemptSpec, AttemptState, AttemptStatus, DraftObservation, InputSource, LastPoll,
    RepeatedCall, RerunReason, object_identity,
};
pub use self::rows::batch::{Batch, BatchInput, InputCounts, InputState};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::rows::columns::fuzz_columns;
pub use self::rows::ids::{ApiKeyId, AttemptId, BatchId, InputId, ProcessId};
pub use self::rows::step::{AttemptStep, StepAction, StepNote};
pub use self::write::attempts::{Claim, Commit};
pub use self::write::batches::{NewBatch, PlanTotals};
pub use self::write::dedupe::{AddResult, NewInput};
pub use self::write::deliveries::{DeliveryRecord, NewDelivery};
pub use self::write::inputs::{InputOrder, UnfinishedInputs};
pub use self::write::key_state::{BillingVisibility, DraftSupport};
pub use self::write::listed_jobs::{
    JobProgress, JobRecord, ListedJob, ListedJobEnd, reconciled_state, restored_state,
};
pub use self::write::reconcile::{DueReconciliation, Reconciled};
pub use self::write::starts::{ConcurrencyLimit, StartCommit, StartLimits};

/// The ledger of one state directory. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<LedgerHandle>,
    sandbox_outputs: Arc<SandboxOutputs>,
    /// Whether this is the ledger of a sandbox.
    is_of_sandbox: bool,
}

struct LedgerHandle {
    database: Database,
    process_directory: PathBuf,
    clock: Arc<dyn Clock>,
    /// Times of rate limits that were written under another id mean nothing.
    boot_id: String,
    /// Likewise for times of attempts. In a shared ledger no process relies on those of another one:
    /// the server's clock may have been set in between.
    attempt_boot_id: String,
    /// In a shared ledger, tells this machine from others.
    machine: Option<Machine>,
    /// In a shared ledger, tells its server from the one that it has replaced.
    server: Option<String>,
    repairs: Vec<String>,
    /// Of this process.
    limit_changes: GroupedChanges,
}

/// A ledger that several machines share.
pub struct SharedLedger<'a> {
    pub address: &'a PostgresAddress,
    pub tls: rustls::ClientConfig,
    /// Creates the tables if there are none.
    pub create: bool,
    /// Directory of the locks of this machine's processes.
    pub directory: &'a Path,
    /// Name of this machine, for people on others.
    pub machine_name: &'a str,
}

/// The server and the machine of a shared ledger whose database is a file. Whoever opens it
/// renews the lease of its process with [`LeasedLedger::renew_lease`].
#[derive(Debug, Clone)]
pub struct SharedFile {
    /// A new name means that another server took over, which may lack the last commits.
    pub server: String,
    /// Processes of different machines cannot see each other's locks.
    pub machine: String,
}

/// A machine of a shared ledger.
#[derive(Debug, Clone)]
struct Machine {
    /// Of its state directory.
    id: String,
    boot: String,
    /// For people.
    name: String,
}

impl Machine {
    /// Locks hold until the machine is booted again.
    fn booted(&self) -> String {
        format!("{} {}", self.id, self.boot)
    }
}

impl Ledger {
    /// Opens the ledger in `directory`, and creates it if it does not exist.
    ///
    /// # Errors
    /// A network file system, another user's files, a newer schema, another program's database, or
    /// an I/O error.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        Self::open_file(directory, clock, None)
    }

    /// The same for a file that is `shared`, whose processes have leases.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_shared(
        directory: &Path,
        clock: Arc<dyn Clock>,
        shared: SharedFile,
    ) -> Result<Self, LedgerError> {
        Self::open_file(directory, clock, Some(shared))
    }

    fn open_file(
        directory: &Path,
        clock: Arc<dyn Clock>,
        shared: Option<SharedFile>,
    ) -> Result<Self, LedgerError> {
        let (sqlite, repairs) = Sqlite::open(directory, &Self::database_path(directory))?;
        let process_directory = directory.join("owners");
        access::make_private_directory(&process_directory)?;
        let database = Database::Sqlite(sqlite);
        let boot_id = clock.boot_id();
        let attempt_boot_id = match &shared {
            Some(shared) => format!("{boot_id} {}", shared.machine),
            None => boot_id.clone(),
        };
        let (server, machine) = shared
            .map(|SharedFile { server, machine: name }| {
                (server, Machine { id: name.clone(), boot: boot_id.clone(), name })
            })
            .unzip();
        Ok(Self::of(
            directory,
            LedgerHandle {
                database,
                process_directory,
                clock,
                boot_id,
                attempt_boot_id,
                machine,
                server,
                repairs,
                limit_changes: GroupedChanges::default(),
            },
        ))
    }

    /// Connects to a ledger that several machines share.
    ///
    /// # Errors
    /// The server cannot be used, its tables are of a newer version or missing, or the directory cannot
    /// be used.
    pub fn connect(shared: SharedLedger<'_>, clock: &Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let SharedLedger { address, tls, create, directory, machine_name } = shared;
        let postgres = Postgres::connect(address, tls, create, Arc::clone(clock))?;
        let server_clock = postgres.clock()?;
        let attempt_boot_id = format!("{} {}", server_clock.boot_id(), postgres.new_id()?);
        let machine = (machine_name, clock.boot_id());
        Self::on_server(postgres, directory, machine, server_clock, attempt_boot_id)
    }

    /// A ledger on a server. `clock` is that of its processes; the machine has a name and a boot.
    fn on_server(
        postgres: Postgres,
        directory: &Path,
        (name, boot): (&str, String),
        clock: Arc<dyn Clock>,
        attempt_boot_id: String,
    ) -> Result<Self, LedgerError> {
        let process_directory = directory.join("owners");
        access::make_private_directory(directory)?;
        refuse_network_file_system(directory)?;
        access::make_private_directory(&process_directory)?;
        let id = machine_id(&process_directory, || postgres.new_id())?;
        let server = Some(postgres.server().to_owned());
        Ok(Self::of(
            directory,
            LedgerHandle {
                server,
                database: Database::Postgres(Box::new(postgres)),
                process_directory,
                boot_id: clock.boot_id(),
                clock,
                attempt_boot_id,
                machine: Some(Machine { id, boot, name: name.to_owned() }),
                repairs: Vec::new(),
                limit_changes: GroupedChanges::default(),
            },
        ))
    }

    fn of(directory: &Path, shared: LedgerHandle) -> Self {
        let sandbox_outputs = Arc::new(SandboxOutputs::of(directory));
        Self { shared: Arc::new(shared), sandbox_outputs, is_of_sandbox: false }
    }

    /// The clock that the times in this ledger refer to.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock)
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

    /// Whether the server of a shared ledger was away for so long that an operation failed.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.shared.database.has_given_up()
    }

    /// Runs a write transaction, durable on return. `work` may run more than once. Where it relies on
    /// what it read, it takes a lock first ([`Tx::lock`]), since only SQLite has one writer at a time.
    fn write<T>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.shared.database.transact(TransactionMode::Write, work)
    }

    /// Runs a write transaction without waiting for a sync. It may be lost in a crash of the
    /// machine; the next durable write syncs it too.
    fn write_relaxed<T>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.shared.database.transact(TransactionMode::WriteRelaxed, work)
    }

    fn read<T>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.shared.database.transact(TransactionMode::Read, work)
    }

    /// Reads one state of the ledger, whatever other processes change meanwhile.
    fn snapshot<T>(
        &self,
        work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.shared.database.transact(TransactionMode::Snapshot, work)
    }

    /// Runs one durable statement. Returns the number of rows that it changed.
    fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, LedgerError> {
        self.write(|tx| tx.execute(sql, params))
    }

    /// All rows of a query.
    fn query<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<Vec<T>, LedgerError> {
        self.read(|tx| tx.query(sql, params))
    }

    /// The first row of a query, if there is any.
    fn query_opt<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<Option<T>, LedgerError> {
        self.read(|tx| tx.query_opt(sql, params))
    }

    /// The only row of a query.
    fn query_row<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<T, LedgerError> {
        self.read(|tx| tx.query_row(sql, params))
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.wall()
    }

    /// Path of the database file, whether or not it exists.
    #[must_use]
    pub fn database_path(directory: &Path) -> PathBuf {
        directory.join("ledger.sqlite3")
    }

    /// Runs the database's integrity check. Returns `ok`, or a description of the damage.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn check_integrity(&self) -> Result<String, LedgerError> {
        self.shared.database.check_integrity()
    }
}

/// The id of a state directory, which the first process with a shared ledger creates.
fn machine_id(
    process_directory: &Path,
    new_id: impl FnOnce() -> Result<String, LedgerError>,
) -> Result<String, LedgerError> {
    let path = process_directory.join("machine-id");
    let failed = |why| LedgerError::File { path: path.clone(), why };
    if !path.exists() {
        let mut new = tempfile::NamedTempFile::new_in(process_directory).map_err(failed)?;
        new.write_all(new_id()?.as_bytes()).map_err(failed)?;
        // Another process may have been first.
        let _ = new.persist_noclobber(&path);
    }
    std::fs::read_to_string(&path).map_err(failed)
}
