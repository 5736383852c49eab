//! Placing inputs in a batch: finding, or making, the attempt behind each. Whether an input is paid
//! for once more is decided here and nowhere else.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::batch::{BatchId, EntryId};
use super::codec::{failure_json, options_json, path_bytes};
use super::row::Phase;
use super::task::{Source, TaskId, Work};
use super::{Ledger, LedgerError};
use crate::model::{Failure, JobId};

/// An input to be placed in a batch.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// As the user named it.
    pub name: String,
    /// Where the output goes, absolute; none for standard output.
    pub target: Option<PathBuf>,
    /// What is to be done.
    pub work: Work,
    /// For a new attempt: what its job is recognised by.
    pub correlation: String,
    /// Whether a settled attempt of an earlier batch is not enough (`--again`).
    pub again: bool,
}

/// What placing an entry came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// It stands in the batch.
    In {
        /// The entry.
        entry: EntryId,
        /// The attempt behind it.
        task: TaskId,
        /// Where that attempt stands.
        phase: Phase,
        /// Whether the attempt was made for it.
        fresh: bool,
    },
    /// Another input of the batch wants the same target.
    Collision(String),
}

impl Ledger {
    /// Places inputs in a batch, finding or making the attempt behind each.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn place(&self, batch: BatchId, new: &[NewEntry]) -> Result<Vec<Placed>, LedgerError> {
        let now = self.wall();
        self.write(|tx| new.iter().map(|entry| place(tx, batch, entry, now)).collect())
    }

    /// Places an entry whose job exists already, made here or on another machine.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn place_job(
        &self,
        batch: BatchId,
        new: &NewEntry,
        job: &JobId,
    ) -> Result<Placed, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            let placed = place(tx, batch, new, now)?;
            if let Placed::In { task, fresh: true, .. } = placed {
                tx.execute(
                    "UPDATE tasks SET job = ?2, phase = 'running', draft = 'started' WHERE id = ?1",
                    params![task.0, job.0],
                )?;
            }
            Ok(placed)
        })
    }

    /// Makes a new attempt at an item whose last one failed, for the entries of this batch.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn renew(
        &self,
        batch: BatchId,
        failed: TaskId,
        correlation: &str,
    ) -> Result<TaskId, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO tasks (item_key, attempt, correlation, origin, profile, key_print,
                     source, is_url, size, modified_ns, sha256, duration, options, estimate,
                     pricing, phase, made_at, changed_at)
                 SELECT item_key,
                     (SELECT max(attempt) + 1 FROM tasks AS other
                      WHERE other.item_key = tasks.item_key),
                     ?2, origin, profile, key_print, source, is_url, size, modified_ns, sha256,
                     duration, options, estimate, pricing, 'planned', ?3, ?3
                 FROM tasks WHERE id = ?1 AND phase = 'failed'",
                params![failed.0, correlation, now],
            )?;
            let renewed = TaskId(tx.last_insert_rowid());
            tx.execute(
                "UPDATE entries SET task = ?3 WHERE batch = ?1 AND task = ?2 AND state = 'open'",
                params![batch.0, failed.0, renewed.0],
            )?;
            Ok(renewed)
        })
    }

    /// Records inputs that are no work.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn reject(
        &self,
        batch: BatchId,
        inputs: &[(String, Failure)],
    ) -> Result<Vec<EntryId>, LedgerError> {
        self.write(|tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO entries (batch, name, state, failure) VALUES (?1, ?2, 'rejected', ?3)",
            )?;
            inputs
                .iter()
                .map(|(name, failure)| {
                    insert.execute(params![batch.0, name, failure_json(failure)?])?;
                    Ok(EntryId(tx.last_insert_rowid()))
                })
                .collect()
        })
    }
}

fn place(
    tx: &Transaction<'_>,
    batch: BatchId,
    new: &NewEntry,
    now: i64,
) -> Result<Placed, LedgerError> {
    if let Some(target) = &new.target
        && let Some(other) = wanted_by(tx, batch, target)?
    {
        return Ok(Placed::Collision(other));
    }
    let (task, phase, fresh) = attempt_for(tx, batch, new, now)?;
    // Milliseconds of video; a clip is not 292 million years long.
    #[expect(clippy::cast_possible_truncation)]
    let rank = new.work.duration.map_or(0, |seconds| (seconds * 1_000.0) as i64);
    tx.prepare_cached(
        "INSERT INTO entries (batch, task, name, target, state, rank)
         VALUES (?1, ?2, ?3, ?4, 'open', ?5)",
    )?
    .execute(params![
        batch.0,
        task.0,
        new.name,
        new.target.as_deref().map(path_bytes),
        rank
    ])?;
    Ok(Placed::In { entry: EntryId(tx.last_insert_rowid()), task, phase, fresh })
}

fn wanted_by(
    tx: &Transaction<'_>,
    batch: BatchId,
    target: &Path,
) -> Result<Option<String>, LedgerError> {
    Ok(tx
        .prepare_cached("SELECT name FROM entries WHERE batch = ?1 AND target = ?2")?
        .query_row(params![batch.0, path_bytes(target)], |row| row.get(0))
        .optional()?)
}

/// The attempt that stands behind an entry: the latest one of its item, unless that one cannot
/// give an output and a new one costs nothing twice, or the user asked for a new one.
fn attempt_for(
    tx: &Transaction<'_>,
    batch: BatchId,
    new: &NewEntry,
    now: i64,
) -> Result<(TaskId, Phase, bool), LedgerError> {
    let latest = tx
        .prepare_cached(
            "SELECT id, attempt, phase, starts > 0 OR draft IN ('started', 'pending'),
                    EXISTS (SELECT 1 FROM entries WHERE batch = ?2 AND task = tasks.id)
             FROM tasks WHERE item_key = ?1 ORDER BY attempt DESC LIMIT 1",
        )?
        .query_row(params![new.work.item_key, batch.0], |row| {
            let phase: String = row.get(2)?;
            Ok((
                TaskId(row.get(0)?),
                row.get::<_, u32>(1)?,
                phase,
                row.get::<_, bool>(3)?,
                row.get::<_, bool>(4)?,
            ))
        })
        .optional()?;
    let Some((task, attempt, phase, may_be_billed, of_this_batch)) = latest else {
        return Ok((insert_task(tx, new, 1, now)?, Phase::Planned, true));
    };
    let phase =
        Phase::parse(&phase).ok_or_else(|| LedgerError::Corrupt(format!("phase '{phase}'")))?;
    let useless = phase == Phase::Failed && !may_be_billed;
    let repeated = new.again && matches!(phase, Phase::Completed | Phase::Failed | Phase::Halted);
    if !of_this_batch && (useless || repeated) {
        return Ok((insert_task(tx, new, attempt + 1, now)?, Phase::Planned, true));
    }
    if phase == Phase::Planned {
        refresh_source(tx, task, &new.work.source)?;
    }
    Ok((task, phase, false))
}

/// An input that was renamed before anything was sent is read under its new name.
fn refresh_source(tx: &Transaction<'_>, task: TaskId, source: &Source) -> Result<(), LedgerError> {
    if let Source::File { path, modified_ns, .. } = source {
        tx.execute(
            "UPDATE tasks SET source = ?2, modified_ns = ?3 WHERE id = ?1",
            params![task.0, path_bytes(path), modified_ns],
        )?;
    }
    Ok(())
}

fn insert_task(
    tx: &Transaction<'_>,
    new: &NewEntry,
    attempt: u32,
    now: i64,
) -> Result<TaskId, LedgerError> {
    let work = &new.work;
    let (source, is_url, size, modified_ns, sha256) = match &work.source {
        Source::Url(url) => (url.clone().into_bytes(), true, None, None, None),
        Source::File { path, size, modified_ns, sha256 } => {
            let size = Some(size.cast_signed());
            (path_bytes(path), false, size, Some(*modified_ns), Some(sha256))
        }
    };
    tx.prepare_cached(
        "INSERT INTO tasks (item_key, attempt, correlation, origin, profile, key_print, source,
             is_url, size, modified_ns, sha256, duration, options, estimate, pricing, phase,
             made_at, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'planned',
             ?16, ?16)",
    )?
    .execute(params![
        work.item_key,
        attempt,
        new.correlation,
        work.key.origin,
        work.profile,
        work.key.print.0,
        source,
        is_url,
        size,
        modified_ns,
        sha256,
        work.duration,
        options_json(&work.options)?,
        work.estimate.map(|credits| credits.0),
        work.pricing,
        now,
    ])?;
    Ok(TaskId(tx.last_insert_rowid()))
}
