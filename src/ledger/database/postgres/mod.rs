//! PostgreSQL: a server that several machines share.
//!
//! - `address`: where it is, and how to log in
//! - `server_clock`: its clock
//! - `session`: a connection, and what is checked when it is made
//! - `statement`: statements and values in its terms
//! - `schema.sql`: its tables
//!
//! Transactions run at `READ COMMITTED`. A statement that decides by what it reads also names it in
//! its condition, or its transaction takes a lock ([`Tx::lock`]).

pub(crate) mod address;
pub(crate) mod server_clock;
mod session;
mod statement;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join3};
use rustls::ClientConfig;
use tokio::runtime::Runtime;
use tokio::task::block_in_place;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Row, SimpleQueryMessage};

use self::address::PostgresAddress;
use self::server_clock::ServerClock;
use self::session::{Connector, ServerIdentity, Session};
use super::value::{Value, params};
use super::{TransactionMode, Tx};
use crate::ledger::LedgerError;
use crate::model::{Clock, Instant};

/// Connections of one process. Each transaction uses one, and waits for it where all are in use.
const SESSIONS: usize = 8;

/// Longest time that a transaction waits for a server that is away: a restart takes less.
pub(crate) const OUTAGE_MAX: Duration = Duration::from_mins(1);

/// Repetitions of a transaction that others keep from being carried out.
const CONFLICTS_MAX: u32 = 20;

/// Interval between attempts to reach a server that is away.
const RETRY: Duration = Duration::from_millis(500);

/// The ledger's database on a server.
pub(crate) struct Postgres {
    runtime: ConnectionRuntime,
    connector: Connector,
    sessions: Mutex<Sessions>,
    freed: Condvar,
    /// Of this machine.
    local_clock: Arc<dyn Clock>,
    clock: OnceLock<Arc<ServerClock>>,
    /// Since when the server has been away, as far as any transaction found out.
    away_since: Mutex<Option<Instant>>,
    /// A transaction has not waited any longer for the server.
    given_up: AtomicBool,
    /// Another server answers, or its clock was set.
    replaced: AtomicBool,
}

/// The server's clock and that of this machine. In milliseconds.
struct ClockMeasurement {
    /// How far the server's clock is ahead.
    offset: i64,
    /// By how much `offset` may be wrong.
    uncertainty: i64,
    /// Number of times that the server's clock was found to have been set.
    epoch: i64,
}

#[derive(Default)]
struct Sessions {
    idle: Vec<Session>,
    /// Idle ones, and those in use.
    open: usize,
}

impl Postgres {
    /// Connects, and checks the tables or creates them. `clock` is that of this machine.
    ///
    /// # Errors
    ///
    /// The server cannot be reached or does not accept the login; it does not keep what it commits; its
    /// tables are of a newer version.
    pub(crate) fn connect(
        address: &PostgresAddress,
        tls: ClientConfig,
        create: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LedgerError> {
        let runtime = ConnectionRuntime::new()?;
        let (connector, session) = runtime.wait(Connector::connect(address, tls, create))?;
        let sessions = Sessions { idle: vec![session], open: 1 };
        Ok(Self {
            runtime,
            connector,
            sessions: Mutex::new(sessions),
            freed: Condvar::new(),
            local_clock: clock,
            clock: OnceLock::new(),
            away_since: Mutex::new(None),
            given_up: AtomicBool::new(false),
            replaced: AtomicBool::new(false),
        })
    }

    /// The server and its timeline, which another one continues after a fail-over.
    pub(crate) fn server(&self) -> &str {
        &self.connector.identity().server
    }

    /// The server's clock, for all times of the ledger.
    pub(crate) fn clock(&self) -> Result<Arc<ServerClock>, LedgerError> {
        if let Some(clock) = self.clock.get() {
            return Ok(Arc::clone(clock));
        }
        let ClockMeasurement { offset, .. } = self.measure_clock()?;
        let ServerIdentity { server, clock_epoch } = self.connector.identity();
        let boot_id = format!("{server} {clock_epoch}");
        let clock = ServerClock::new(Arc::clone(&self.local_clock), offset, boot_id);
        Ok(Arc::clone(self.clock.get_or_init(|| Arc::new(clock))))
    }

    /// See [`Database::check_clock`](super::Database::check_clock).
    pub(crate) fn check_clock(&self) -> Result<(), LedgerError> {
        let Some(clock) = self.clock.get() else { return Ok(()) };
        let known = self.connector.identity().clock_epoch;
        let ClockMeasurement { offset, uncertainty, epoch } = self.measure_clock()?;
        if epoch == known && !clock.follow(offset, uncertainty) {
            return Ok(());
        }
        self.transact(TransactionMode::Write, |tx| {
            tx.execute(
                "UPDATE ledger SET clock_epoch = clock_epoch + 1 WHERE clock_epoch = ?1",
                params![known],
            )
        })?;
        self.replaced.store(true, Ordering::Relaxed);
        Err(LedgerError::Replaced)
    }

    /// A random id that no other process gets.
    pub(crate) fn new_id(&self) -> Result<String, LedgerError> {
        self.transact(TransactionMode::Read, |tx| {
            tx.query_row("SELECT CAST(gen_random_uuid() AS TEXT)", &[])
        })
    }

    /// Compares the server's clock with [`Clock::now`] of this machine, by the quickest of a few questions.
    fn measure_clock(&self) -> Result<ClockMeasurement, LedgerError> {
        let samples = (0..3).map(|_| {
            let asked = self.local_clock.now();
            let (server, epoch): (i64, i64) =
                self.transact(TransactionMode::Read, |tx| tx.query_row(SERVER_NOW, &[]))?;
            let half = self.local_clock.now().since(asked) / 2;
            Ok(ClockMeasurement {
                uncertainty: i64::try_from(half.as_millis()).unwrap_or(i64::MAX),
                offset: server - asked.after(half).0.cast_signed(),
                epoch,
            })
        });
        let samples: Vec<ClockMeasurement> = samples.collect::<Result<_, LedgerError>>()?;
        samples.into_iter().min_by_key(|sample| sample.uncertainty).ok_or(LedgerError::NoRow)
    }

    /// See [`Database::transact`](super::Database::transact).
    pub(crate) fn transact<T>(
        &self,
        access: TransactionMode,
        mut work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (mut conflicts, mut since) = (0, None);
        loop {
            if self.replaced.load(Ordering::Relaxed) {
                return Err(LedgerError::Replaced);
            }
            let error = match self.try_transact(access, &mut work) {
                Ok(result) => {
                    *self.away_since() = None;
                    return Ok(result);
                }
                Err(error) => error,
            };
            if is_conflict(&error) && conflicts < CONFLICTS_MAX {
                conflicts += 1;
            } else if !self.waits_for(&error, &mut since) {
                return Err(error);
            }
        }
    }

    /// Waits a moment for a server that is away; false once it was away for too long. After that no
    /// transaction waits, so that a process ends soon.
    fn waits_for(&self, error: &LedgerError, since: &mut Option<Instant>) -> bool {
        if !is_outage(error) {
            return false;
        }
        let now = self.local_clock.now();
        let first = *since.get_or_insert(now).min(self.away_since().get_or_insert(now));
        let away = now.since(first);
        if away < OUTAGE_MAX {
            std::thread::sleep(RETRY);
        } else {
            self.given_up.store(true, Ordering::Relaxed);
        }
        away < OUTAGE_MAX
    }

    fn try_transact<T>(
        &self,
        access: TransactionMode,
        work: &mut impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let tx = PostgresTransaction::new(self, self.take_session()?, access);
        let result = work(&Tx::Postgres(&tx));
        match result {
            Ok(value) => tx.commit().map(|()| value),
            Err(error) => {
                // A connection that broke is dropped with the transaction.
                if !is_outage(&error) {
                    tx.roll_back();
                }
                Err(error)
            }
        }
    }

    /// See [`Database::has_given_up`](super::Database::has_given_up).
    pub(crate) fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    fn away_since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_session(&self) -> Result<Session, LedgerError> {
        let mut sessions = self.sessions();
        loop {
            while let Some(session) = sessions.idle.pop() {
                if session.is_usable() {
                    return Ok(session);
                }
                sessions.open -= 1;
            }
            if sessions.open < SESSIONS {
                sessions.open += 1;
                drop(sessions);
                let connected = self.runtime.wait(self.connector.session());
                if connected.is_err() {
                    self.forget_session();
                }
                return connected;
            }
            sessions = self.freed.wait(sessions).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn return_session(&self, session: Session) {
        self.sessions().idle.push(session);
        self.freed.notify_one();
    }

    /// One session less is open.
    fn forget_session(&self) {
        self.sessions().open -= 1;
        self.freed.notify_one();
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a transaction was committed whose commit got no response. Its connection is ended first,
    /// so that it cannot be committed later.
    fn was_committed(&self, mark: &TransactionMark) -> Result<bool, LedgerError> {
        let mut since = None;
        loop {
            let status = self.try_transact(TransactionMode::Read, &mut |tx| mark.status(tx));
            match status {
                Ok(Some(word)) if word == "committed" => return Ok(true),
                Ok(Some(word)) if word == "aborted" => return Ok(false),
                Ok(Some(_)) => {
                    let ended = self.try_transact(TransactionMode::Read, &mut |tx| {
                        tx.query_row::<bool>(
                            "SELECT pg_terminate_backend(CAST(?1 AS INTEGER))",
                            params![mark.backend],
                        )
                    });
                    if let Err(error) = ended
                        && !is_outage(&error)
                    {
                        return Err(error);
                    }
                    std::thread::sleep(RETRY / 5);
                }
                Ok(None) => return Err(LedgerError::CommitInDoubt),
                Err(error) if self.waits_for(&error, &mut since) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Drives the connections, whichever thread waits for them.
struct ConnectionRuntime(Option<Runtime>);

impl ConnectionRuntime {
    fn new() -> Result<Self, LedgerError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ledger")
            .enable_all()
            .build()
            .map_err(|error| LedgerError::Server(error.to_string()))?;
        Ok(Self(Some(runtime)))
    }

    #[expect(clippy::unwrap_used, reason = "only drop takes the runtime")]
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        block_in_place(|| self.0.as_ref().unwrap().block_on(work))
    }
}

impl Drop for ConnectionRuntime {
    fn drop(&mut self) {
        // The last user may be an async thread, which must not wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Time of the server in milliseconds since 1970, and how often it was set.
const SERVER_NOW: &str =
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), clock_epoch FROM ledger";

/// A transaction that may have been carried out.
#[derive(Clone)]
struct TransactionMark {
    transaction: u64,
    backend: i64,
    /// Changes when the server recovers from a crash.
    recovered_at: Option<String>,
}

/// A transaction on one connection. It begins with its first statement.
pub(crate) struct PostgresTransaction<'a> {
    postgres: &'a Postgres,
    /// Taken when the transaction ends.
    session: Option<Session>,
    access: TransactionMode,
    begun: Cell<bool>,
    /// Statements that are sent with the next one, or with the commit.
    queued: RefCell<Vec<(String, Vec<Value>)>>,
    /// Of a durable transaction.
    mark: RefCell<Option<TransactionMark>>,
}

impl<'a> PostgresTransaction<'a> {
    fn new(postgres: &'a Postgres, session: Session, access: TransactionMode) -> Self {
        Self {
            postgres,
            session: Some(session),
            access,
            begun: Cell::new(false),
            queued: RefCell::default(),
            mark: RefCell::default(),
        }
    }

    fn session(&self) -> Result<&Session, LedgerError> {
        self.session.as_ref().ok_or(LedgerError::NoRow)
    }

    /// Runs a statement, after `BEGIN` and those that are queued, in one round trip. Once one has
    /// failed, the server carries out none of the next ones, and its error is the cause.
    fn run<T>(
        &self,
        statement: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let session = self.session()?;
        let begin = begin_sql(self.access).filter(|_| !self.begun.replace(true));
        let begin = async {
            match begin {
                Some(sql) => session.simple_query(sql).await.map(Some),
                None => Ok(None),
            }
        };
        let queued = session.execute_all(self.queued.take());
        let (begin, queued, result) = self.postgres.runtime.wait(join3(begin, queued, statement));
        if let Some(opened) = begin? {
            *self.mark.borrow_mut() = mark_in(&opened);
        }
        queued.and(result)
    }

    /// See [`Tx::queue`].
    pub(crate) fn queue(&self, sql: &str, params: &[Value]) {
        self.queued.borrow_mut().push((sql.to_owned(), params.to_owned()));
    }

    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, LedgerError> {
        self.run(self.session()?.execute(sql, params))
    }

    pub(crate) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, LedgerError> {
        self.run(self.session()?.query(sql, params))
    }

    /// See [`Tx::lock`]. The statement after it sees what was committed until the lock was free.
    pub(crate) fn lock(&self, name: &str) {
        self.queue("SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))", params![name]);
    }

    fn commit(mut self) -> Result<(), LedgerError> {
        if !self.begun.get() && !self.queued.borrow().is_empty() {
            // Whether it took place can only be found out by its number, which `BEGIN` returns.
            self.run(async { Ok(()) })?;
        }
        let Some(session) = self.session.take() else { return Ok(()) };
        if !self.begun.get() {
            self.postgres.return_session(session);
            return Ok(());
        }
        let queued = session.execute_all(self.queued.take());
        let commit = session.simple_query("COMMIT");
        let (queued, committed) = self.postgres.runtime.wait(join(queued, commit));
        // `COMMIT` after a failed statement rolls back, and does not fail.
        let Err(error) = queued.and(committed) else {
            self.postgres.return_session(session);
            return Ok(());
        };
        // A server that ends the connection may have committed before.
        let is_refused = matches!(&error, LedgerError::Postgres(error) if error.code().is_some())
            && !is_outage(&error);
        drop(session);
        self.postgres.forget_session();
        match self.mark.take() {
            // The server says that it rolled back.
            _ if is_refused => Err(error),
            Some(mark) if self.postgres.was_committed(&mark)? => Ok(()),
            Some(_) => Err(LedgerError::Server("the commit did not take place".to_owned())),
            None => Err(error),
        }
    }

    fn roll_back(mut self) {
        let Some(session) = self.session.take() else { return };
        if self.begun.get() && self.postgres.runtime.wait(session.simple_query("ROLLBACK")).is_err()
        {
            drop(session);
            return self.postgres.forget_session();
        }
        self.postgres.return_session(session);
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        // After a panic, or an error before the transaction ended: the server rolls back.
        if self.session.take().is_some() {
            self.postgres.forget_session();
        }
    }
}

/// `SET LOCAL` rather than settings of the connection: connections may be pooled by a proxy. Between
/// two statements of a transaction there is a round trip at most, so that a process which is silent for
/// longer has stopped or is cut off, and must not keep its locks from others.
fn begin_sql(access: TransactionMode) -> Option<&'static str> {
    match access {
        TransactionMode::Read => None,
        TransactionMode::Snapshot => Some(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '30s'",
        ),
        TransactionMode::Write => Some(
            "BEGIN; SET LOCAL lock_timeout = '8s'; SET LOCAL statement_timeout = '30s'; \
             SET LOCAL idle_in_transaction_session_timeout = '5s'; \
             SET LOCAL synchronous_commit = on; \
             SELECT pg_current_xact_id(), pg_backend_pid(), stats_reset FROM pg_stat_bgwriter",
        ),
        TransactionMode::WriteRelaxed => Some(
            "BEGIN; SET LOCAL lock_timeout = '8s'; SET LOCAL statement_timeout = '30s'; \
             SET LOCAL idle_in_transaction_session_timeout = '5s'; \
             SET LOCAL synchronous_commit = off",
        ),
    }
}

impl TransactionMark {
    /// `committed`, `aborted` or `in progress`; `None` if it is not known.
    ///
    /// A crash loses the numbers of transactions that the log on disk does not mention, and the server
    /// gives them to others. The checkpoint that ends its recovery says from which one on.
    fn status(&self, tx: &Tx<'_>) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT CAST(CAST(?1 AS TEXT) AS TIMESTAMPTZ) IS DISTINCT FROM stats_reset,
                          next_xid, checkpoint_lsn = redo_lsn
                   FROM pg_stat_bgwriter, pg_control_checkpoint()";
        let (has_crashed, next, is_of_recovery): (bool, String, bool) =
            tx.query_row(sql, params![self.recovered_at])?;
        if has_crashed {
            match full_number(&next).filter(|_| is_of_recovery) {
                None => return Ok(None),
                Some(next) if self.transaction >= next => return Ok(Some("aborted".to_owned())),
                Some(_) => {}
            }
        }
        let sql = "SELECT pg_xact_status(CAST(CAST(?1 AS TEXT) AS xid8))";
        tx.query_row(sql, params![self.transaction.to_string()])
    }
}

/// The number of a transaction from its epoch and the number in that.
fn full_number(text: &str) -> Option<u64> {
    let (epoch, number) = text.split_once(':')?;
    Some((epoch.parse::<u64>().ok()? << 32) | u64::from(number.parse::<u32>().ok()?))
}

fn mark_in(messages: &[SimpleQueryMessage]) -> Option<TransactionMark> {
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(TransactionMark {
            transaction: row.get(0)?.parse().ok()?,
            backend: row.get(1)?.parse().ok()?,
            recovered_at: row.get(2).map(ToOwned::to_owned),
        }),
        _ => None,
    })
}

/// Another transaction was carried out instead, or holds what this one needs.
fn is_conflict(error: &LedgerError) -> bool {
    let LedgerError::Postgres(error) = error else { return false };
    let conflicts = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    error.code().is_some_and(|code| conflicts.contains(code))
}

/// The server may be back soon.
fn is_outage(error: &LedgerError) -> bool {
    match error {
        LedgerError::Server(_) => true,
        LedgerError::Postgres(error) => match error.code() {
            None => true,
            Some(code) => {
                // Classes: connection exceptions, shutdown and start, too many connections.
                code.code().starts_with("08")
                    || code.code().starts_with("57P")
                    || code.code().starts_with("53")
                    || *code == SqlState::READ_ONLY_SQL_TRANSACTION
                    || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            }
        },
        _ => false,
    }
}
