//! A connection to the server, and what is checked when it is made.

use std::time::Duration;

use futures_util::future::join_all;
use rustls::ClientConfig;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Row, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::PostgresAddress;
use super::statement::{numbered, typed};
use crate::ledger::LedgerError;
use crate::ledger::database::value::Value;

/// Longest time of one statement. The server ends statements earlier.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(45);

/// Longest time to connect, with all hosts of the address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Version of the tables in `schema.sql`.
pub(crate) const SCHEMA_VERSION: i64 = 8;

const SCHEMA: &str = include_str!("schema.sql");

/// What tells a server from another one. The timeline changes with every fail-over, after which the
/// last commits may be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerIdentity {
    /// System identifier and timeline.
    pub(crate) server: String,
    pub(crate) clock_epoch: i64,
}

/// Makes connections to one server.
pub(super) struct Connector {
    address: PostgresAddress,
    tls: MakeRustlsConnect,
    identity: ServerIdentity,
}

impl Connector {
    /// A connector and its first session. Creates the tables of a new database.
    pub(super) async fn connect(
        address: &PostgresAddress,
        tls: ClientConfig,
        create: bool,
    ) -> Result<(Self, Session), LedgerError> {
        let tls = MakeRustlsConnect::new(tls);
        let session = Session::open(address, &tls).await?;
        session.check_tables(create).await?;
        let identity = session.identity().await?;
        Ok((Self { address: address.clone(), tls, identity }, session))
    }

    pub(super) fn identity(&self) -> &ServerIdentity {
        &self.identity
    }

    /// A new session with the same server.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Replaced`] after a fail-over, or if the server's clock was set: what this process
    /// remembers may be no longer true.
    pub(super) async fn session(&self) -> Result<Session, LedgerError> {
        let session = Session::open(&self.address, &self.tls).await?;
        if session.identity().await? == self.identity {
            Ok(session)
        } else {
            Err(LedgerError::Replaced)
        }
    }
}

/// One connection.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Session {
    async fn open(address: &PostgresAddress, tls: &MakeRustlsConnect) -> Result<Self, LedgerError> {
        let connecting = timeout(CONNECT_TIMEOUT, address.config.connect(tls.clone()));
        let (client, connection) = connecting
            .await
            .map_err(|_| LedgerError::Server("no response".to_owned()))?
            .map_err(|error| LedgerError::of_connecting(&error))?;
        let connection = tokio::spawn(async move {
            // The next statement reports why it ended.
            let _ = connection.await;
        });
        Ok(Self { client, connection })
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.client.is_closed()
    }

    pub(super) async fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, LedgerError> {
        let sql = numbered(sql);
        let params = typed(params);
        let changed = in_time(self.client.execute_typed(&sql, &params)).await?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(super) async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, LedgerError> {
        let sql = numbered(sql);
        let params = typed(params);
        in_time(self.client.query_typed(&sql, &params)).await
    }

    /// Sends these statements at once, and returns the error of the first one that fails.
    pub(super) async fn execute_all(
        &self,
        statements: Vec<(String, Vec<Value>)>,
    ) -> Result<(), LedgerError> {
        let all = statements.iter().map(|(sql, params)| self.execute(sql, params));
        join_all(all).await.into_iter().try_for_each(|result| result.map(drop))
    }

    /// Statements without parameters, separated by semicolons.
    pub(super) async fn simple_query(
        &self,
        sql: &str,
    ) -> Result<Vec<SimpleQueryMessage>, LedgerError> {
        in_time(self.client.simple_query(sql)).await
    }

    async fn identity(&self) -> Result<ServerIdentity, LedgerError> {
        let sql = "SELECT CAST(system_identifier AS TEXT) || ':'
                       || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
                       clock_epoch, schema_version
                   FROM pg_control_system(), ledger";
        let rows = self.query(sql, &[]).await?;
        let row = rows.first().ok_or(LedgerError::NoRow)?;
        let version: i64 = row.try_get(2)?;
        if version > SCHEMA_VERSION {
            return Err(newer(version));
        }
        Ok(ServerIdentity { server: row.try_get(0)?, clock_epoch: row.try_get(1)? })
    }

    /// Checks that there are tables, or creates them. Processes that do so at once wait for one another.
    async fn check_tables(&self, create: bool) -> Result<(), LedgerError> {
        let sql = "SELECT current_setting('fsync') = 'on', to_regclass('ledger') IS NOT NULL";
        let rows = self.query(sql, &[]).await?;
        let row = rows.first().ok_or(LedgerError::NoRow)?;
        if !row.try_get::<_, bool>(0)? {
            return Err(LedgerError::NotDurable);
        }
        if row.try_get(1)? {
            return Ok(());
        }
        if !create {
            return Err(LedgerError::NoTables);
        }
        let sql = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('rbgv schema', 0));
             DO $create$ BEGIN IF to_regclass('ledger') IS NULL THEN {SCHEMA}
             INSERT INTO ledger (schema_version) VALUES ({SCHEMA_VERSION});
             END IF; END $create$; COMMIT"
        );
        self.simple_query(&sql).await.map(drop)
    }
}

fn newer(found: i64) -> LedgerError {
    LedgerError::Newer {
        found: usize::try_from(found).unwrap_or_default(),
        known: usize::try_from(SCHEMA_VERSION).unwrap_or_default(),
    }
}

async fn in_time<T>(
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, LedgerError> {
    match timeout(STATEMENT_TIMEOUT, statement).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(LedgerError::Server("no response".to_owned())),
    }
}
