//! The tables of the ledger and how an old ledger becomes a new one.
//!
//! Migrations are append-only: a migration that has shipped is never edited. Each runs in one
//! exclusive transaction together with the version it brings the file to.

use rusqlite::{Connection, TransactionBehavior};

use super::error::LedgerError;

/// Marks a SQLite file as a ledger of ours ("rbgv" in ASCII).
const APPLICATION_ID: i64 = 0x7262_6776;

/// All migrations, oldest first. The n-th brings the file to version n.
const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
];

/// Brings the file behind `db` to the version that this program knows.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    if is_current(db)? {
        return Ok(());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let application: i64 = tx.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: usize = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || version != 0) {
        return Err(LedgerError::Foreign);
    }
    if version > MIGRATIONS.len() {
        return Err(LedgerError::Newer { found: version, known: MIGRATIONS.len() });
    }
    for migration in &MIGRATIONS[version..] {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", MIGRATIONS.len())?;
    tx.commit()?;
    Ok(())
}

/// Whether nothing is to be done: then nothing is written either.
fn is_current(db: &Connection) -> Result<bool, LedgerError> {
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(application == APPLICATION_ID && version == MIGRATIONS.len())
}
