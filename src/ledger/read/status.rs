//! Batches and attempts for `status`, and the log of an attempt.

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::{Attempt, AttemptStatus};
use crate::ledger::rows::batch::{
    Batch, BatchInput, InputCounts, SELECT_BATCH, SELECT_INPUT, count_inputs,
};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId};
use crate::ledger::rows::step::AttemptStep;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, JobId, Timestamp};

#[derive(Debug, Clone)]
pub struct BatchSummary {
    pub batch: Batch,
    pub counts: InputCounts,
    /// Estimated credits of what it started.
    pub credits: Credits,
}

#[derive(Debug, Clone)]
pub struct AttemptSummary {
    pub attempt: Attempt,
    /// Name of the input in the newest batch that contains it, or of its job.
    pub name: String,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

impl Ledger {
    /// Newest first.
    pub fn list_batches(&self, limit: u32) -> Result<Vec<BatchSummary>, LedgerError> {
        self.read(|tx| {
            let sql = format!("{SELECT_BATCH} ORDER BY id DESC LIMIT ?1");
            let batches: Vec<Batch> = tx.query(&sql, params![limit])?;
            batches.into_iter().map(|batch| batch_summary(tx, batch)).collect()
        })
    }

    /// Attempts that are in progress or need review, newest first.
    pub fn list_open_attempts(&self, limit: u32) -> Result<Vec<AttemptSummary>, LedgerError> {
        self.attempt_summaries(
            "status NOT IN ('completed', 'failed', 'planned') ORDER BY id DESC LIMIT ?1",
            limit,
        )
    }

    /// Attempts that failed or need review, newest first.
    pub fn list_failed_attempts(&self, limit: u32) -> Result<Vec<AttemptSummary>, LedgerError> {
        self.attempt_summaries(
            "status IN ('failed', 'needs_review', 'halted') ORDER BY id DESC LIMIT ?1",
            limit,
        )
    }

    /// Inputs of the newest batch that failed or were rejected, although their attempt, if any, did not
    /// fail: their output could not be written, for example.
    pub fn list_failed_inputs(&self, limit: u32) -> Result<Vec<BatchInput>, LedgerError> {
        let sql = format!(
            "{SELECT_INPUT} WHERE batch = (SELECT max(id) FROM batches)
               AND state IN ('failed', 'rejected')
               AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.id = batch_inputs.attempt
                               AND status IN ('failed', 'needs_review', 'halted'))
             ORDER BY id LIMIT ?1"
        );
        self.query(&sql, params![limit])
    }

    fn attempt_summaries(
        &self,
        filter: &str,
        limit: u32,
    ) -> Result<Vec<AttemptSummary>, LedgerError> {
        self.read(|tx| {
            let sql = format!("SELECT id FROM attempts WHERE {filter}");
            let ids: Vec<AttemptId> = tx.query(&sql, params![limit])?;
            ids.into_iter().map(|id| self.attempt_summary(tx, id)).collect()
        })
    }

    fn attempt_summary(&self, tx: &Tx<'_>, id: AttemptId) -> Result<AttemptSummary, LedgerError> {
        let attempt = self.load_attempt(tx, id)?;
        let (name, updated_at): (String, Timestamp) = tx.query_row(
            "SELECT coalesce((SELECT name FROM batch_inputs
                              WHERE attempt = ?1 ORDER BY id DESC LIMIT 1), ''), updated_at
             FROM attempts WHERE id = ?1",
            params![id],
        )?;
        let name = match attempt.work.source.job() {
            Some(job) if name.is_empty() => format!("job {job}"),
            _ => name,
        };
        Ok(AttemptSummary { attempt, name, updated_at })
    }

    /// Jobs of the key that are started or completed and have no verified output, oldest first.
    pub fn jobs_without_output(
        &self,
        key: &ApiKeyId,
        limit: u32,
    ) -> Result<Vec<JobId>, LedgerError> {
        self.query(
            "SELECT job FROM attempts
             WHERE key_fingerprint = ?1 AND origin = ?2 AND job IS NOT NULL
               AND status IN ('completed', 'running') AND NOT EXISTS (
                   SELECT 1 FROM batch_inputs WHERE attempt = attempts.id
                   AND (output_sha256 IS NOT NULL OR state IN ('done', 'skipped')))
             ORDER BY id LIMIT ?3",
            params![key.fingerprint, key.origin, limit],
        )
    }

    /// The newest input with this job.
    pub fn find_input_by_job(&self, job: &JobId) -> Result<Option<BatchInput>, LedgerError> {
        let sql = format!(
            "{SELECT_INPUT} WHERE attempt IN (SELECT id FROM attempts WHERE job = ?1)
             ORDER BY id DESC LIMIT 1"
        );
        self.query_opt(&sql, params![job])
    }

    pub fn attempt_log(&self, attempt: AttemptId) -> Result<Vec<AttemptStep>, LedgerError> {
        self.read(|tx| steps_of(tx, attempt))
    }

    /// Number of attempts in each status.
    pub fn count_by_status(&self) -> Result<Vec<(AttemptStatus, u64)>, LedgerError> {
        self.query("SELECT status, count(*) FROM attempts GROUP BY status", params![])
    }

    /// Whether an attempt has this job or this correlation id.
    pub fn knows_job(
        &self,
        job: &JobId,
        correlation_id: Option<&str>,
    ) -> Result<bool, LedgerError> {
        self.query_row(
            "SELECT EXISTS (SELECT 1 FROM attempts WHERE job = ?1)
                 OR EXISTS (SELECT 1 FROM attempts WHERE correlation_id = ?2)",
            params![job, correlation_id],
        )
    }
}

/// The log of an attempt, in order.
pub(crate) fn steps_of(tx: &Tx<'_>, attempt: AttemptId) -> Result<Vec<AttemptStep>, LedgerError> {
    tx.query(
        "SELECT at, status, note, request_id FROM attempt_log WHERE attempt = ?1 ORDER BY id",
        params![attempt],
    )
}

fn batch_summary(tx: &Tx<'_>, batch: Batch) -> Result<BatchSummary, LedgerError> {
    let credits: Option<Credits> = tx.query_row(
        "SELECT sum(estimate) FROM attempts WHERE started_by_batch = ?1 AND start_count > 0",
        params![batch.id],
    )?;
    Ok(BatchSummary {
        counts: count_inputs(tx, batch.id)?,
        batch,
        credits: credits.unwrap_or_default(),
    })
}
