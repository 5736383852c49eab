//! Webhooks that came in: which are known, what they say of jobs, and whether anybody receives
//! them. What they say is a hint to look, never a state.

use rusqlite::{OptionalExtension as _, params};

use crate::ledger::process_lease::{ProcessLease, is_alive};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{JobId, Timestamp};

/// A verified webhook, as it is remembered.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The service's name of it.
    pub id: String,
    /// Its signature.
    pub signature: String,
    /// Scheme, host and port of the API.
    pub origin: String,
    /// What happened.
    pub event: String,
    /// The job it is about.
    pub job: Option<JobId>,
    /// Whether it says that the job has come to its end.
    pub reports_final: bool,
}

/// Whether a delivery came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryRecord {
    /// For the first time: it is to be handled.
    New,
    /// Again, and there is nothing left to do: it was handled, or this is a replay of another one
    /// under a new id.
    Known,
    /// Again, and its handling was never finished.
    Unfinished,
}

impl Ledger {
    /// Remembers a delivery before it is answered, and says whether it came before: under its id,
    /// or under another id with the same signature.
    ///
    /// # Errors
    /// The ledger cannot be written; then the delivery must not be answered with success.
    pub fn record_delivery(&self, new: &NewDelivery) -> Result<DeliveryRecord, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            let handled: Option<bool> = tx
                .query_row(
                    "SELECT handled_at IS NOT NULL OR id <> ?1 FROM deliveries
                     WHERE id = ?1 OR signature = ?2 ORDER BY id <> ?1 LIMIT 1",
                    params![new.id, new.signature],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(handled) = handled {
                return Ok(if handled {
                    DeliveryRecord::Known
                } else {
                    DeliveryRecord::Unfinished
                });
            }
            tx.execute(
                "INSERT INTO deliveries (id, signature, origin, event, job, reports_final, received_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    new.id,
                    new.signature,
                    new.origin,
                    new.event,
                    new.job.as_ref().map(|job| &job.0),
                    new.reports_final,
                    now
                ],
            )?;
            Ok(DeliveryRecord::New)
        })
    }

    /// What was asked for was done with a delivery.
    pub fn mark_delivery_handled(&self, id: &str) -> Result<(), LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute("UPDATE deliveries SET handled_at = ?2 WHERE id = ?1", params![id, now])?;
            Ok(())
        })
    }

    /// How many deliveries of a service were answered and never handled to the end.
    pub fn count_unhandled_deliveries(&self, origin: &str) -> Result<u64, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT count(*) FROM deliveries WHERE origin = ?1 AND handled_at IS NULL",
                [origin],
                |row| row.get(0),
            )?)
        })
    }

    /// Forgets deliveries that came before `before`: none so old is believed again.
    pub fn delete_deliveries_before(&self, before: Timestamp) -> Result<usize, LedgerError> {
        self.write(
            |tx| Ok(tx.execute("DELETE FROM deliveries WHERE received_at < ?1", [before.0])?),
        )
    }

    /// Whether a delivery has said that this job came to its end.
    pub fn has_final_delivery(&self, origin: &str, job: &JobId) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM deliveries
                     WHERE job = ?1 AND reports_final = 1 AND origin = ?2)",
                )?
                .query_row(params![job.0, origin], |row| row.get(0))?)
        })
    }

    /// Says that this process receives the webhooks of a service. It does for as long as `owner`
    /// lives.
    pub fn register_listener(
        &self,
        owner: &ProcessLease,
        origin: &str,
        address: &str,
    ) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO listeners (owner, origin, address) VALUES (?1, ?2, ?3)",
                params![owner.id.0, origin, address],
            )?;
            Ok(())
        })
    }

    /// Where a living process receives the webhooks of a service, if one does.
    pub fn listener_address(&self, origin: &str) -> Result<Option<String>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT processes.lock_file, address FROM listeners
                 JOIN processes ON processes.id = listeners.owner
                 WHERE origin = ?1 ORDER BY owner DESC",
            )?;
            let mut rows = statement.query([origin])?;
            while let Some(row) = rows.next()? {
                let lock: String = row.get(0)?;
                if is_alive(&self.shared.process_directory, &lock) {
                    return Ok(Some(row.get(1)?));
                }
            }
            Ok(None)
        })
    }
}
