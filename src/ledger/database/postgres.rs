//! PostgreSQL.

use super::value::Value;
use super::{Access, Tx};
use crate::ledger::LedgerError;

pub(crate) struct Postgres(());

pub(crate) struct PostgresTransaction<'a>(&'a ());

impl Postgres {
    pub(crate) fn transact<T>(
        &self,
        _access: Access,
        mut work: impl FnMut(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        work(&Tx::Postgres(&PostgresTransaction(&self.0)))
    }
}

impl PostgresTransaction<'_> {
    pub(crate) fn execute(&self, _sql: &str, _params: &[Value]) -> Result<usize, LedgerError> {
        let () = self.0;
        Err(LedgerError::NoRow)
    }

    pub(crate) fn query(
        &self,
        _sql: &str,
        _params: &[Value],
    ) -> Result<Vec<tokio_postgres::Row>, LedgerError> {
        Err(LedgerError::NoRow)
    }

    pub(crate) fn lock(&self, _name: &str) -> Result<(), LedgerError> {
        Err(LedgerError::NoRow)
    }
}

impl<'a> tokio_postgres::types::FromSql<'a> for Value {
    fn from_sql(
        _ty: &tokio_postgres::types::Type,
        _raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_ty: &tokio_postgres::types::Type) -> bool {
        true
    }
}
