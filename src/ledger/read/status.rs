//! Batches and attempts for `status`, and the log of an attempt.

use rusqlite::{Connection, params};

use crate::ledger::rows::attempt::{Attempt, AttemptStatus};
use crate::ledger::rows::batch::{
    Batch, BatchInput, InputCounts, SELECT_INPUT, batch_by_id, count_inputs, read_input,
};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId, BatchId};
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
    /// Name of the input in the newest batch that contains it.
    pub name: String,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// One row of `attempt_log`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub at: Timestamp,
    /// Status after the step.
    pub status: AttemptStatus,
    pub note: String,
    /// Request id of the service.
    pub request_id: Option<String>,
}

impl Ledger {
    /// Newest first.
    pub fn list_batches(&self, limit: u32) -> Result<Vec<BatchSummary>, LedgerError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT id FROM batches ORDER BY id DESC LIMIT ?1")?;
            let ids = statement.query_map([limit], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().map(|id| batch_summary(db, BatchId(id))).collect()
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

    fn attempt_summaries(
        &self,
        filter: &str,
        limit: u32,
    ) -> Result<Vec<AttemptSummary>, LedgerError> {
        self.read(|db| {
            let sql = format!("SELECT id FROM attempts WHERE {filter}");
            let mut statement = db.prepare_cached(&sql)?;
            let ids = statement.query_map([limit], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().map(|id| self.attempt_summary(db, AttemptId(id))).collect()
        })
    }

    fn attempt_summary(
        &self,
        db: &Connection,
        id: AttemptId,
    ) -> Result<AttemptSummary, LedgerError> {
        let attempt = self.load_attempt(db, id)?;
        let (name, updated_at) = db.query_row(
            "SELECT coalesce((SELECT name FROM batch_inputs
                              WHERE attempt = ?1 ORDER BY id DESC LIMIT 1), ''), updated_at
             FROM attempts WHERE id = ?1",
            [id.0],
            |row| Ok((row.get(0)?, Timestamp(row.get(1)?))),
        )?;
        Ok(AttemptSummary { attempt, name, updated_at })
    }

    /// Jobs of the key that are started or completed and have no verified output, oldest first.
    pub fn jobs_without_output(
        &self,
        key: &ApiKeyId,
        limit: u32,
    ) -> Result<Vec<JobId>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT job FROM attempts
                 WHERE key_fingerprint = ?1 AND origin = ?2 AND job IS NOT NULL
                   AND status IN ('completed', 'running') AND NOT EXISTS (
                       SELECT 1 FROM batch_inputs WHERE attempt = attempts.id
                       AND (output_sha256 IS NOT NULL OR state IN ('done', 'skipped')))
                 ORDER BY id LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![key.fingerprint.0, key.origin, limit], |row| {
                    Ok(JobId(row.get(0)?))
                })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The newest input with this job.
    pub fn find_input_by_job(&self, job: &JobId) -> Result<Option<BatchInput>, LedgerError> {
        self.read(|db| {
            let sql = format!(
                "{SELECT_INPUT} WHERE attempt IN (SELECT id FROM attempts WHERE job = ?1)
                 ORDER BY id DESC LIMIT 1"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query_map([&job.0], read_input)?;
            rows.next().map(|row| row?).transpose()
        })
    }

    pub fn attempt_log(&self, attempt: AttemptId) -> Result<Vec<Transition>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, status, note, request_id FROM attempt_log
                 WHERE attempt = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([attempt.0], |row| {
                let word: String = row.get(1)?;
                Ok((Timestamp(row.get(0)?), word, row.get(2)?, row.get(3)?))
            })?;
            rows.map(|row| {
                let (at, word, note, request_id) = row?;
                let status = AttemptStatus::parse(&word)
                    .ok_or_else(|| LedgerError::Corrupt(format!("attempt status '{word}'")))?;
                Ok(Transition { at, status, note, request_id })
            })
            .collect()
        })
    }

    /// Number of attempts in each status.
    pub fn count_by_status(&self) -> Result<Vec<(AttemptStatus, u64)>, LedgerError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT status, count(*) FROM attempts GROUP BY status")?;
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?)))?;
            let known = rows.map(|row| {
                let (word, number) = row?;
                let status = AttemptStatus::parse(&word)
                    .ok_or_else(|| LedgerError::Corrupt(format!("attempt status '{word}'")))?;
                Ok((status, number))
            });
            known.collect()
        })
    }

    /// Whether an attempt has this job or this correlation id.
    pub fn knows_job(
        &self,
        job: &JobId,
        correlation_id: Option<&str>,
    ) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT EXISTS (SELECT 1 FROM attempts WHERE job = ?1)
                     OR EXISTS (SELECT 1 FROM attempts WHERE correlation_id = ?2)",
                params![job.0, correlation_id],
                |row| row.get(0),
            )?)
        })
    }
}

fn batch_summary(db: &Connection, id: BatchId) -> Result<BatchSummary, LedgerError> {
    let batch = batch_by_id(db, id)?;
    let credits: Option<f64> = db.query_row(
        "SELECT sum(estimate) FROM attempts WHERE started_by_batch = ?1 AND start_count > 0",
        [id.0],
        |row| row.get(0),
    )?;
    Ok(BatchSummary {
        counts: count_inputs(db, id)?,
        batch,
        credits: Credits(credits.unwrap_or(0.0)),
    })
}
