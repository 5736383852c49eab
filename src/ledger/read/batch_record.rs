//! A batch with its inputs and attempts, for `report`.

use std::collections::BTreeMap;

use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow as _, Value, params};
use crate::ledger::rows::attempt::{ATTEMPT_COLUMNS, Attempt};
use crate::ledger::rows::batch::{Batch, BatchInput, SELECT_BATCH, SELECT_INPUT};
use crate::ledger::rows::ids::{AttemptId, BatchId};
use crate::ledger::rows::step::AttemptStep;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, Timestamp};

#[derive(Debug, Clone)]
pub struct BatchRecord {
    pub batch: Batch,
    pub finished_at: Option<Timestamp>,
    /// In the order in which they were named.
    pub inputs: Vec<BatchInput>,
    /// The attempts that the inputs refer to.
    pub attempts: BTreeMap<AttemptId, AttemptRecord>,
}

#[derive(Debug, Clone)]
pub struct AttemptRecord {
    pub attempt: Attempt,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Batch whose `--max-credits` it counts against.
    pub started_by_batch: Option<BatchId>,
    /// Amount that the service charged, once `usage --reconcile` has compared it.
    pub charged: Option<Credits>,
    /// Log of the attempt, in order.
    pub steps: Vec<AttemptStep>,
}

impl Ledger {
    /// The newest batch whose plan is complete.
    pub fn latest_batch(&self) -> Result<Option<BatchId>, LedgerError> {
        self.query_row("SELECT max(id) FROM batches WHERE plan_complete", params![])
    }

    /// `None` if there is no such batch.
    pub fn batch_record(&self, id: BatchId) -> Result<Option<BatchRecord>, LedgerError> {
        self.snapshot(|tx| {
            let sql = format!("{SELECT_BATCH} WHERE id = ?1");
            let Some(batch) = tx.query_opt(&sql, params![id])? else { return Ok(None) };
            let finished_at =
                tx.query_row("SELECT finished_at FROM batches WHERE id = ?1", params![id])?;
            let of_batch = "id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1)";
            let records = self.attempt_records(tx, of_batch, params![id])?;
            let mut attempts: BTreeMap<AttemptId, AttemptRecord> =
                records.into_iter().map(|record| (record.attempt.id, record)).collect();
            for (attempt, step) in steps_of_batch(tx, id)? {
                if let Some(record) = attempts.get_mut(&attempt) {
                    record.steps.push(step);
                }
            }
            let sql = format!("{SELECT_INPUT} WHERE batch = ?1 ORDER BY id");
            let inputs = tx.query(&sql, params![id])?;
            Ok(Some(BatchRecord { batch, finished_at, inputs, attempts }))
        })
    }

    /// The attempts that meet `condition`, without their logs.
    pub(super) fn attempt_records(
        &self,
        tx: &Tx<'_>,
        condition: &str,
        params: &[Value],
    ) -> Result<Vec<AttemptRecord>, LedgerError> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS}, created_at, finished_at, started_by_batch, charged
             FROM attempts WHERE {condition}"
        );
        tx.query_with(&sql, params, |row| {
            Ok(AttemptRecord {
                attempt: self.read_attempt(row)?,
                created_at: row.get("created_at")?,
                finished_at: row.get("finished_at")?,
                started_by_batch: row.get("started_by_batch")?,
                charged: row.get("charged")?,
                steps: Vec::new(),
            })
        })
    }
}

/// The log of every attempt of the batch, in order.
fn steps_of_batch(tx: &Tx<'_>, id: BatchId) -> Result<Vec<(AttemptId, AttemptStep)>, LedgerError> {
    tx.query_with(
        "SELECT attempt, at, status, note, request_id FROM attempt_log
         WHERE attempt IN (SELECT attempt FROM batch_inputs WHERE batch = ?1)
         ORDER BY attempt, id",
        params![id],
        |row| Ok((row.get("attempt")?, AttemptStep::from_row(row)?)),
    )
}
