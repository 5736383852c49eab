//! Reading the ledger for people: batches, attempts, and the story of one attempt.

use rusqlite::{Connection, params};

use super::account::KeyId;
use super::batch::{Batch, BatchId, Counts, ENTRY, Entry, counts, read_entry};
use super::row::Phase;
use super::task::{Task, TaskId};
use super::{Ledger, LedgerError};
use crate::model::{Credits, JobId, Timestamp};

/// A batch as `status` lists it.
#[derive(Debug, Clone)]
pub struct BatchLine {
    /// The batch.
    pub batch: Batch,
    /// Its entries by state.
    pub counts: Counts,
    /// Credits of what it started, by estimate.
    pub credits: Credits,
}

/// An attempt as `status` lists it.
#[derive(Debug, Clone)]
pub struct TaskLine {
    /// The attempt.
    pub task: Task,
    /// The input's name in the newest batch that has it.
    pub name: String,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// One step of an attempt, as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Where it stood after the step.
    pub phase: Phase,
    /// What happened.
    pub note: String,
    /// The service's name of the request.
    pub request_id: Option<String>,
}

impl Ledger {
    /// The newest batches, newest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn batches(&self, limit: u32) -> Result<Vec<BatchLine>, LedgerError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT id FROM batches ORDER BY id DESC LIMIT ?1")?;
            let ids = statement.query_map([limit], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().map(|id| batch_line(db, BatchId(id))).collect()
        })
    }

    /// Attempts that are under way or need somebody, newest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn open_tasks(&self, limit: u32) -> Result<Vec<TaskLine>, LedgerError> {
        self.task_lines(
            "phase NOT IN ('completed', 'failed', 'planned') ORDER BY id DESC LIMIT ?1",
            limit,
        )
    }

    /// Attempts that failed, newest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn failed_tasks(&self, limit: u32) -> Result<Vec<TaskLine>, LedgerError> {
        self.task_lines(
            "phase IN ('failed', 'needs_review', 'halted') ORDER BY id DESC LIMIT ?1",
            limit,
        )
    }

    fn task_lines(&self, filter: &str, limit: u32) -> Result<Vec<TaskLine>, LedgerError> {
        self.read(|db| {
            let sql = format!("SELECT id FROM tasks WHERE {filter}");
            let mut statement = db.prepare_cached(&sql)?;
            let ids = statement.query_map([limit], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().map(|id| self.task_line(db, TaskId(id))).collect()
        })
    }

    fn task_line(&self, db: &Connection, id: TaskId) -> Result<TaskLine, LedgerError> {
        let task = self.load(db, id)?;
        let (name, changed_at) = db.query_row(
            "SELECT coalesce((SELECT name FROM entries WHERE task = ?1 ORDER BY id DESC LIMIT 1), ''),
                    changed_at
             FROM tasks WHERE id = ?1",
            [id.0],
            |row| Ok((row.get(0)?, Timestamp(row.get(1)?))),
        )?;
        Ok(TaskLine { task, name, changed_at })
    }

    /// Jobs of the key that are started or completed and have no verified output yet, oldest
    /// first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn unfetched(&self, key: &KeyId, limit: u32) -> Result<Vec<JobId>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT job FROM tasks
                 WHERE key_print = ?1 AND origin = ?2 AND job IS NOT NULL
                   AND phase IN ('completed', 'running') AND NOT EXISTS (
                       SELECT 1 FROM entries WHERE task = tasks.id
                       AND (out_sha256 IS NOT NULL OR state IN ('done', 'skipped')))
                 ORDER BY id LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![key.print.0, key.origin, limit], |row| Ok(JobId(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The newest entry behind a job: where its output was wanted.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn entry_of_job(&self, job: &JobId) -> Result<Option<Entry>, LedgerError> {
        self.read(|db| {
            let sql = format!(
                "{ENTRY} WHERE task IN (SELECT id FROM tasks WHERE job = ?1)
                 ORDER BY id DESC LIMIT 1"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query_map([&job.0], read_entry)?;
            rows.next().map(|row| row?).transpose()
        })
    }

    /// The whole story of an attempt, in order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn story(&self, task: TaskId) -> Result<Vec<Told>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, phase, note, request_id FROM transitions WHERE task = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([task.0], |row| {
                let word: String = row.get(1)?;
                Ok((Timestamp(row.get(0)?), word, row.get(2)?, row.get(3)?))
            })?;
            rows.map(|row| {
                let (at, word, note, request_id) = row?;
                let phase = Phase::parse(&word)
                    .ok_or_else(|| LedgerError::Corrupt(format!("phase '{word}'")))?;
                Ok(Told { at, phase, note, request_id })
            })
            .collect()
        })
    }

    /// How many attempts stand where.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn tally(&self) -> Result<Vec<(Phase, u64)>, LedgerError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT phase, count(*) FROM tasks GROUP BY phase")?;
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?)))?;
            let known = rows.map(|row| {
                let (word, number) = row?;
                let phase = Phase::parse(&word)
                    .ok_or_else(|| LedgerError::Corrupt(format!("phase '{word}'")))?;
                Ok((phase, number))
            });
            known.collect()
        })
    }

    /// Whether the ledger knows this job, or made a job with this correlation id.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn knows_job(&self, job: &JobId, correlation: Option<&str>) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT EXISTS (SELECT 1 FROM tasks WHERE job = ?1)
                     OR EXISTS (SELECT 1 FROM tasks WHERE correlation = ?2)",
                params![job.0, correlation],
                |row| row.get(0),
            )?)
        })
    }
}

fn batch_line(db: &Connection, id: BatchId) -> Result<BatchLine, LedgerError> {
    let batch = super::batch::batch_by_id(db, id)?;
    let credits: Option<f64> = db.query_row(
        "SELECT sum(estimate) FROM tasks WHERE started_by = ?1 AND starts > 0",
        [id.0],
        |row| row.get(0),
    )?;
    Ok(BatchLine { counts: counts(db, id)?, batch, credits: Credits(credits.unwrap_or(0.0)) })
}
