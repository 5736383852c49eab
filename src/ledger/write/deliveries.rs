//! Webhook deliveries and their receiver. A delivery is a hint to poll, never a job's state.

use crate::ledger::database::value::params;
use crate::ledger::process_lease::{Process, ProcessLease};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{JobId, Timestamp};

#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Delivery id of the service.
    pub id: String,
    pub signature: String,
    /// Scheme, host and port of the API.
    pub origin: String,
    pub event: String,
    pub job: Option<JobId>,
    /// Whether it reports that the job has ended.
    pub reports_final: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryRecord {
    /// First delivery: to be handled.
    New,
    /// Repeated and handled, or a replay of another delivery under a new id.
    Known,
    /// Repeated, and never handled completely.
    Unfinished,
}

/// SQLite uses the partial index `deliveries_by_job` only if the query repeats its condition.
pub(crate) const HAS_FINAL_DELIVERY: &str = "SELECT EXISTS (SELECT 1 FROM deliveries
    WHERE job = ?1 AND reports_final AND origin = ?2)";

impl Ledger {
    /// Records a delivery before it is acknowledged. Deduplicates by id, and by signature under
    /// another id.
    ///
    /// # Errors
    /// If the ledger cannot be written, the delivery must not be acknowledged.
    pub fn record_delivery(&self, new: &NewDelivery) -> Result<DeliveryRecord, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.lock("deliveries");
            let handled: Option<bool> = tx.query_opt(
                "SELECT handled_at IS NOT NULL OR id <> ?1 FROM deliveries
                 WHERE id = ?1 OR signature = ?2 ORDER BY id <> ?1 LIMIT 1",
                params![new.id, new.signature],
            )?;
            if let Some(handled) = handled {
                return Ok(if handled {
                    DeliveryRecord::Known
                } else {
                    DeliveryRecord::Unfinished
                });
            }
            tx.execute(
                "INSERT INTO deliveries
                     (id, signature, origin, event, job, reports_final, received_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    new.id,
                    new.signature,
                    new.origin,
                    new.event,
                    new.job,
                    new.reports_final,
                    now
                ],
            )?;
            Ok(DeliveryRecord::New)
        })
    }

    pub fn mark_delivery_handled(&self, id: &str) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute("UPDATE deliveries SET handled_at = ?2 WHERE id = ?1", params![id, now])
            .map(drop)
    }

    /// Number of a service's deliveries that were acknowledged and never handled completely.
    pub fn count_unhandled_deliveries(&self, origin: &str) -> Result<u64, LedgerError> {
        self.query_row(
            "SELECT count(*) FROM deliveries WHERE origin = ?1 AND handled_at IS NULL",
            params![origin],
        )
    }

    /// Deletes deliveries received before `before`, which are too old to be accepted again. Returns
    /// their number.
    pub fn delete_deliveries_before(&self, before: Timestamp) -> Result<usize, LedgerError> {
        self.execute("DELETE FROM deliveries WHERE received_at < ?1", params![before])
    }

    /// Those of `jobs` whose end a delivery has reported.
    pub fn jobs_with_final_delivery(
        &self,
        origin: &str,
        jobs: &[JobId],
    ) -> Result<Vec<JobId>, LedgerError> {
        self.read(|tx| {
            let mut ended = Vec::new();
            for job in jobs {
                if tx.query_row(HAS_FINAL_DELIVERY, params![job, origin])? {
                    ended.push(job.clone());
                }
            }
            Ok(ended)
        })
    }

    /// Registers this process as the receiver of a service's webhooks, as long as `owner` lives.
    pub fn register_listener(
        &self,
        owner: &ProcessLease,
        origin: &str,
        address: &str,
    ) -> Result<(), LedgerError> {
        self.execute(
            "INSERT INTO listeners (owner, origin, address) VALUES (?1, ?2, ?3)
             ON CONFLICT (owner) DO UPDATE SET origin = ?2, address = ?3",
            params![owner.id, origin, address],
        )
        .map(drop)
    }

    /// Address at which a living process receives the service's webhooks.
    pub fn listener_address(&self, origin: &str) -> Result<Option<String>, LedgerError> {
        let sql = format!(
            "SELECT address, {} FROM listeners
             JOIN processes ON processes.id = listeners.owner
             WHERE origin = ?1 ORDER BY processes.started_at DESC",
            Process::COLUMNS
        );
        let listeners: Vec<(String, Option<Process>)> = self.query(&sql, params![origin])?;
        let living = listeners
            .into_iter()
            .find(|(_, process)| process.as_ref().is_some_and(|process| self.is_alive(process)));
        Ok(living.map(|(address, _)| address))
    }
}
