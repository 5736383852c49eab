//! Batches: their plan, and the work that is left in them.
//!
//! A [`BatchInput`](crate::ledger::BatchInput) is an input and the file wanted for it; an [`Attempt`] is
//! the job behind it. Inputs of equal content and options share one attempt, and so one bill.

use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::Attempt;
use crate::ledger::rows::batch::{Batch, SELECT_BATCH};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId, BatchId};
use crate::ledger::write::inputs::reachable;
use crate::ledger::{Ledger, LedgerError};
use crate::model::Credits;

#[derive(Debug, Clone)]
pub struct NewBatch {
    pub profile: String,
    pub key: ApiKeyId,
    /// JSON of `flow::RunOptions`.
    pub run_options: String,
    /// Row of `pricings` that the estimates are based on.
    pub pricing: Option<i64>,
}

/// Totals of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlanTotals {
    /// Inputs whose job is not completed.
    pub todo: usize,
    /// Inputs whose job is completed: their output costs nothing more.
    pub done: usize,
    /// Inputs that failed, such as those whose output would replace another file.
    pub failed: usize,
    /// Inputs that are not videos or cannot be read.
    pub rejected: usize,
    /// Estimate for the attempts that are not started.
    pub estimate: Credits,
    /// Attempts that are not started and have no estimate.
    pub unpriced: usize,
}

impl Ledger {
    /// Creates a batch whose plan is not complete.
    pub fn create_batch(&self, new: &NewBatch) -> Result<BatchId, LedgerError> {
        let (now, machine) = (self.now(), self.shared.machine.as_ref());
        self.write(|tx| {
            tx.query_row(
                "INSERT INTO batches (created_at, profile, origin, key_fingerprint, run_options,
                     pricing, machine, machine_name)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
                params![
                    now,
                    new.profile,
                    new.key.origin,
                    new.key.fingerprint,
                    new.run_options,
                    new.pricing,
                    machine.map(|machine| &machine.id),
                    machine.map(|machine| &machine.name),
                ],
            )
        })
    }

    /// Marks the plan as complete, so that work may begin.
    pub fn finish_plan(&self, batch: BatchId) -> Result<(), LedgerError> {
        self.execute("UPDATE batches SET plan_complete = TRUE WHERE id = ?1", params![batch])
            .map(drop)
    }

    /// Deletes a batch that has sent nothing, and the attempts that only it uses.
    pub fn delete_batch(&self, batch: BatchId) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.lock("plan");
            let only_here: Vec<AttemptId> = tx.query(
                "SELECT DISTINCT attempt FROM batch_inputs
                 WHERE batch = ?1 AND attempt IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM batch_inputs AS other
                     WHERE other.attempt = batch_inputs.attempt AND other.batch <> ?1)",
                params![batch],
            )?;
            tx.queue("DELETE FROM batch_inputs WHERE batch = ?1", params![batch])?;
            for attempt in only_here {
                tx.queue(
                    "DELETE FROM attempts WHERE id = ?1 AND owner IS NULL
                     AND (status = 'planned' OR status = 'completed' AND job IS NULL)
                     AND NOT EXISTS (SELECT 1 FROM attempt_log WHERE attempt = attempts.id)",
                    params![attempt],
                )?;
            }
            tx.queue("DELETE FROM batches WHERE id = ?1", params![batch])?;
            Ok(())
        })
    }

    pub fn batch(&self, id: BatchId) -> Result<Option<Batch>, LedgerError> {
        self.query_opt(&format!("{SELECT_BATCH} WHERE id = ?1"), params![id])
    }

    /// The newest batch of this machine with unfinished inputs.
    pub fn latest_unfinished_batch(&self) -> Result<Option<Batch>, LedgerError> {
        let sql = format!(
            "{SELECT_BATCH} WHERE plan_complete AND EXISTS (
                 SELECT 1 FROM batch_inputs WHERE batch = batches.id
                 AND state IN ('open', 'paused', 'left'))
               AND (CAST(?1 AS TEXT) IS NULL OR machine = ?1)
             ORDER BY id DESC LIMIT 1"
        );
        self.query_opt(&sql, params![self.machine_id()])
    }

    /// The first batch after `after` with this service that has open inputs which this machine can work
    /// on.
    pub fn next_batch_to_work_on(
        &self,
        origin: &str,
        after: BatchId,
    ) -> Result<Option<Batch>, LedgerError> {
        let sql = format!(
            "{SELECT_BATCH} WHERE plan_complete AND origin = ?1 AND id > ?2 AND EXISTS (
                 SELECT 1 FROM batch_inputs WHERE batch = batches.id AND state = 'open' AND {})
             ORDER BY id LIMIT 1",
            reachable("?3", "?4")
        );
        self.query_opt(&sql, params![origin, after, self.machine_id(), b"/".to_vec()])
    }

    pub(super) fn machine_id(&self) -> Option<&str> {
        self.shared.machine.as_ref().map(|machine| machine.id.as_str())
    }

    /// Whether a job with the options of each open input has succeeded before.
    pub fn options_have_succeeded(&self, batch: BatchId) -> Result<bool, LedgerError> {
        self.query_row(
            "SELECT NOT EXISTS (
                 SELECT 1 FROM (
                     SELECT DISTINCT options FROM attempts
                     WHERE id IN (SELECT attempt FROM batch_inputs
                                  WHERE batch = ?1 AND state = 'open')
                 ) AS wanted
                 WHERE NOT EXISTS (
                     SELECT 1 FROM attempts
                     WHERE attempts.options = wanted.options
                         AND attempts.status = 'completed'))",
            params![batch],
        )
    }

    /// Any attempt of the batch: all have the same options.
    pub fn any_attempt(&self, batch: BatchId) -> Result<Option<Attempt>, LedgerError> {
        self.read(|tx| {
            let id = tx.query_opt(
                "SELECT attempt FROM batch_inputs
                 WHERE batch = ?1 AND attempt IS NOT NULL LIMIT 1",
                params![batch],
            )?;
            id.map(|id| self.load_attempt(tx, id)).transpose()
        })
    }

    pub fn attempts_awaiting_review(&self, batch: BatchId) -> Result<Vec<AttemptId>, LedgerError> {
        self.query(
            "SELECT id FROM attempts WHERE status IN ('needs_review', 'halted')
             AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1) ORDER BY id",
            params![batch],
        )
    }

    /// Takes every unfinished attempt of the batch from its owner.
    pub fn take_over_batch(&self, batch: BatchId) -> Result<usize, LedgerError> {
        self.execute(
            "UPDATE attempts SET owner = NULL, epoch = epoch + 1 WHERE owner IS NOT NULL
             AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1 AND state <> 'done')",
            params![batch],
        )
    }

    /// Totals of a batch's plan. An attempt that several inputs share counts once.
    pub fn plan_totals(&self, batch: BatchId) -> Result<PlanTotals, LedgerError> {
        self.read(|tx| {
            let (todo, done, failed, rejected) = tx.query_row(
                "SELECT count(*) FILTER (WHERE state = 'open' AND attempts.status <> 'completed'),
                        count(*) FILTER (WHERE state = 'open' AND attempts.status = 'completed'),
                        count(*) FILTER (WHERE state = 'failed'),
                        count(*) FILTER (WHERE state = 'rejected')
                 FROM batch_inputs LEFT JOIN attempts ON attempts.id = batch_inputs.attempt
                     WHERE batch = ?1",
                params![batch],
            )?;
            let (estimate, unpriced) = tx.query_row(
                "SELECT coalesce(sum(estimate), 0.0), count(*) FILTER (WHERE estimate IS NULL)
                 FROM attempts
                 WHERE status IN ('planned', 'ready', 'create_sent', 'create_doubt', 'draft')
                   AND draft_observation <> 'started'
                   AND id IN (SELECT attempt FROM batch_inputs
                       WHERE batch = ?1 AND state = 'open')",
                params![batch],
            )?;
            Ok(PlanTotals { todo, done, failed, rejected, estimate, unpriced })
        })
    }

    /// Records the end of a run of the batch.
    pub fn finish_batch(&self, batch: BatchId) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute("UPDATE batches SET finished_at = ?2 WHERE id = ?1", params![batch, now])
            .map(drop)
    }
}
