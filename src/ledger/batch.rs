//! Batches and their entries: what one invocation was asked for.
//!
//! An entry is an input and the file wanted for it; an attempt (`task`) is the job behind it.
//! Entries of equal content and options share one attempt, and so one bill.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::account::KeyId;
use super::codec::{failure_from, failure_json, options_json, path_bytes, path_from};
use super::owner::{Owner, OwnerId};
use super::row::Phase;
use super::task::{Source, TaskId, Work};
use super::{Ledger, LedgerError};
use crate::model::{Credits, Failure, Fingerprint, JobId, Timestamp};

/// Number of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub i64);

/// Number of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// What a new batch is made of.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// Name of the profile.
    pub profile: String,
    /// Service and key.
    pub key: KeyId,
    /// How the run was asked to behave, in a form of the flow's own.
    pub conduct: String,
    /// The prices it was estimated with.
    pub pricing: Option<i64>,
}

/// A batch.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Number.
    pub id: BatchId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Name of the profile.
    pub profile: String,
    /// Service and key.
    pub key: KeyId,
    /// How the run was asked to behave.
    pub conduct: String,
    /// Whether the plan was completed; if not, nothing was sent.
    pub planned: bool,
}

/// State of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// To be done.
    Open,
    /// Cannot go on in this run; a later one does.
    Paused,
    /// Started or drafted and left to itself, as asked.
    Left,
    /// Done and verified in this batch.
    Done,
    /// Was done and verified before.
    Skipped,
    /// Failed for good.
    Failed,
    /// Was no video.
    Rejected,
}

impl EntryState {
    const ALL: [Self; 7] = [
        Self::Open,
        Self::Paused,
        Self::Left,
        Self::Done,
        Self::Skipped,
        Self::Failed,
        Self::Rejected,
    ];

    /// The ledger's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Left => "left",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }

    fn parse(word: &str) -> Result<Self, LedgerError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| LedgerError::Corrupt(format!("entry state '{word}'")))
    }
}

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

/// An input of a batch.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Number.
    pub id: EntryId,
    /// Its batch.
    pub batch: BatchId,
    /// The attempt behind it.
    pub task: Option<TaskId>,
    /// As the user named it.
    pub name: String,
    /// Where the output goes.
    pub target: Option<PathBuf>,
    /// State.
    pub state: EntryState,
    /// Place in the queue.
    pub rank: i64,
    /// SHA-256 and size of the output, known just before it is published.
    pub output: Option<(String, u64)>,
    /// Why it is not done.
    pub failure: Option<Failure>,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Entries whose job has yet to be made or finished.
    pub todo: usize,
    /// Entries whose job is completed: their output costs nothing more.
    pub done: usize,
    /// Inputs that are no work.
    pub rejected: usize,
    /// Price of the attempts that have not been started.
    pub estimate: Credits,
    /// Attempts that have not been started and whose price is unknown.
    pub unpriced: usize,
}

/// Entries of a batch by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// To be done, or paused.
    pub open: usize,
    /// Left to themselves.
    pub left: usize,
    /// Done, in this batch or before.
    pub done: usize,
    /// Failed.
    pub failed: usize,
    /// Not videos.
    pub rejected: usize,
}

impl Ledger {
    /// Registers this process. Its rows are safe from others for as long as the value lives.
    ///
    /// # Errors
    /// The lock file or the row cannot be made.
    pub fn register(&self, name: &str) -> Result<Owner, LedgerError> {
        let lock_file = format!("{name}.lock");
        let (lock, path) = Owner::lock(&self.shared.owners, &lock_file)?;
        let now = self.wall();
        let id = self.write(|tx| {
            tx.execute(
                "INSERT INTO owners (lock_file, started_at) VALUES (?1, ?2)",
                params![lock_file, now],
            )?;
            Ok(OwnerId(tx.last_insert_rowid()))
        })?;
        Ok(Owner::new(id, path, lock))
    }

    /// Opens a batch whose plan is still to be written.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn open_batch(&self, new: &NewBatch) -> Result<BatchId, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO batches (made_at, profile, origin, key_print, conduct, pricing)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    now,
                    new.profile,
                    new.key.origin,
                    new.key.print.0,
                    new.conduct,
                    new.pricing
                ],
            )?;
            Ok(BatchId(tx.last_insert_rowid()))
        })
    }

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

    /// The plan is whole: work may begin.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn seal(&self, batch: BatchId) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute("UPDATE batches SET planned = 1 WHERE id = ?1", [batch.0])?;
            Ok(())
        })
    }

    /// Removes a batch that has sent nothing, with the attempts that were made for it alone.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn discard(&self, batch: BatchId) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute_batch("CREATE TEMP TABLE IF NOT EXISTS loose (id INTEGER PRIMARY KEY)")?;
            tx.execute("DELETE FROM loose", [])?;
            tx.execute(
                "INSERT INTO loose SELECT DISTINCT task FROM entries
                 WHERE batch = ?1 AND task IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM entries AS other
                     WHERE other.task = entries.task AND other.batch <> ?1)",
                [batch.0],
            )?;
            tx.execute("DELETE FROM entries WHERE batch = ?1", [batch.0])?;
            tx.execute(
                "DELETE FROM tasks WHERE id IN (SELECT id FROM loose)
                 AND owner IS NULL AND phase = 'planned'
                 AND NOT EXISTS (SELECT 1 FROM transitions WHERE task = tasks.id)",
                [],
            )?;
            tx.execute("DELETE FROM batches WHERE id = ?1", [batch.0])?;
            Ok(())
        })
    }

    /// A batch by number.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn batch(&self, id: BatchId) -> Result<Option<Batch>, LedgerError> {
        self.read(|db| match batch_by_id(db, id) {
            Err(LedgerError::Database(rusqlite::Error::QueryReturnedNoRows)) => Ok(None),
            other => other.map(Some),
        })
    }

    /// The newest batch that has something left to do.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn last_open_batch(&self) -> Result<Option<Batch>, LedgerError> {
        self.read(|db| {
            Ok(db
                .query_row(
                    &format!(
                        "{BATCH} WHERE planned = 1 AND EXISTS (
                             SELECT 1 FROM entries WHERE batch = batches.id
                             AND state IN ('open', 'paused', 'left'))
                         ORDER BY id DESC LIMIT 1"
                    ),
                    [],
                    read_batch,
                )
                .optional()?)
        })
    }

    /// Opens again what an earlier run of the batch paused or left.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn reopen(&self, batch: BatchId) -> Result<usize, LedgerError> {
        self.write(|tx| {
            Ok(tx.execute(
                "UPDATE entries SET state = 'open', failure = NULL
                 WHERE batch = ?1 AND state IN ('paused', 'left')",
                [batch.0],
            )?)
        })
    }

    /// The next entries to work on, longest first, after the place `after` (rank and number).
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn open_entries(
        &self,
        batch: BatchId,
        after: Option<(i64, EntryId)>,
        limit: u32,
    ) -> Result<Vec<Entry>, LedgerError> {
        let (rank, id) = after.map_or((i64::MAX, 0), |(rank, id)| (rank, id.0));
        self.read(|db| {
            let sql = format!(
                "{ENTRY} WHERE batch = ?1 AND state = 'open'
                 AND (rank < ?2 OR (rank = ?2 AND id > ?3))
                 ORDER BY rank DESC, id LIMIT ?4"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(params![batch.0, rank, id, limit], read_entry)?;
            rows.map(|row| row?).collect()
        })
    }

    /// Whether jobs with the options of this batch have succeeded before.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn proven(&self, batch: BatchId) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT NOT EXISTS (
                     SELECT 1 FROM (
                         SELECT DISTINCT options FROM tasks
                         WHERE id IN (SELECT task FROM entries WHERE batch = ?1 AND state = 'open')
                     ) AS wanted
                     WHERE NOT EXISTS (
                         SELECT 1 FROM tasks
                         WHERE tasks.options = wanted.options AND tasks.phase = 'completed'))",
                [batch.0],
                |row| row.get(0),
            )?)
        })
    }

    /// Attempts of the batch that wait for a person.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn waiting_for_review(&self, batch: BatchId) -> Result<Vec<TaskId>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id FROM tasks WHERE phase IN ('needs_review', 'halted')
                 AND id IN (SELECT task FROM entries WHERE batch = ?1) ORDER BY id",
            )?;
            let rows = statement.query_map([batch.0], |row| Ok(TaskId(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Takes every unfinished attempt of the batch away from whoever has it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn take_over_batch(&self, batch: BatchId) -> Result<usize, LedgerError> {
        self.write(|tx| {
            Ok(tx.execute(
                "UPDATE tasks SET owner = NULL, epoch = epoch + 1 WHERE owner IS NOT NULL
                 AND id IN (SELECT task FROM entries WHERE batch = ?1 AND state <> 'done')",
                [batch.0],
            )?)
        })
    }

    /// Where the outputs of a batch were put.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn fetched(&self, batch: BatchId) -> Result<Vec<PathBuf>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT target FROM entries WHERE batch = ?1 AND target IS NOT NULL
                 AND state IN ('done', 'skipped') ORDER BY id",
            )?;
            let rows = statement.query_map([batch.0], |row| Ok(path_from(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Records what came of an entry.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn settle(
        &self,
        entry: EntryId,
        state: EntryState,
        failure: Option<&Failure>,
    ) -> Result<(), LedgerError> {
        let failure = failure.map(failure_json).transpose()?;
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "UPDATE entries SET state = ?2, failure = ?3,
                     done_at = CASE WHEN ?2 IN ('done', 'skipped') THEN ?4 ELSE NULL END
                 WHERE id = ?1",
                params![entry.0, state.as_str(), failure, now],
            )?;
            Ok(())
        })
    }

    /// Writes down what the output is, before it gets its final name.
    ///
    /// # Errors
    /// The ledger cannot be written; then the output must not be published.
    pub fn announce_output(
        &self,
        entry: EntryId,
        sha256: &str,
        size: u64,
    ) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE entries SET out_sha256 = ?2, out_size = ?3 WHERE id = ?1",
                params![entry.0, sha256, size.cast_signed()],
            )?;
            Ok(())
        })
    }

    /// Verified outputs of an attempt, newest first: path, SHA-256, size. The files may have been
    /// moved or changed since.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn outputs(&self, task: TaskId) -> Result<Vec<(PathBuf, String, u64)>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT target, out_sha256, out_size FROM entries
                 WHERE task = ?1 AND out_sha256 IS NOT NULL AND target IS NOT NULL
                 ORDER BY id DESC LIMIT 16",
            )?;
            let rows = statement.query_map([task.0], |row| {
                Ok((path_from(row.get(0)?), row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned()))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether a file with this content is an output of ours. Such a file is never an input.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn is_output(&self, sha256: &str) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM entries WHERE out_sha256 = ?1)")?
                .query_row([sha256], |row| row.get(0))?)
        })
    }

    /// What the plan of a batch comes to. Attempts that several entries share count once.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn totals(&self, batch: BatchId) -> Result<Totals, LedgerError> {
        self.read(|db| {
            let (todo, done, rejected) = db.query_row(
                "SELECT count(*) FILTER (WHERE state = 'open' AND tasks.phase <> 'completed'),
                        count(*) FILTER (WHERE state = 'open' AND tasks.phase = 'completed'),
                        count(*) FILTER (WHERE state IN ('rejected', 'failed'))
                 FROM entries LEFT JOIN tasks ON tasks.id = entries.task WHERE batch = ?1",
                [batch.0],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
            let (estimate, unpriced) = db.query_row(
                "SELECT total(estimate), count(*) FILTER (WHERE estimate IS NULL) FROM tasks
                 WHERE phase IN ('planned', 'ready', 'create_sent', 'create_doubt', 'draft')
                   AND draft <> 'started'
                   AND id IN (SELECT task FROM entries WHERE batch = ?1 AND state = 'open')",
                [batch.0],
                |row| Ok((Credits(row.get(0)?), row.get(1)?)),
            )?;
            Ok(Totals { todo, done, rejected, estimate, unpriced })
        })
    }

    /// Entries of a batch by state.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn counts(&self, batch: BatchId) -> Result<Counts, LedgerError> {
        self.read(|db| counts(db, batch))
    }

    /// The batch has ended, for now.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn end_batch(&self, batch: BatchId) -> Result<(), LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute("UPDATE batches SET ended_at = ?2 WHERE id = ?1", params![batch.0, now])?;
            Ok(())
        })
    }
}

const BATCH: &str = "SELECT id, made_at, profile, origin, key_print, conduct, planned FROM batches";

pub(super) fn batch_by_id(db: &Connection, id: BatchId) -> Result<Batch, LedgerError> {
    Ok(db.query_row(&format!("{BATCH} WHERE id = ?1"), [id.0], read_batch)?)
}

fn read_batch(row: &rusqlite::Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        id: BatchId(row.get(0)?),
        made_at: Timestamp(row.get(1)?),
        profile: row.get(2)?,
        key: KeyId { origin: row.get(3)?, print: Fingerprint(row.get(4)?) },
        conduct: row.get(5)?,
        planned: row.get(6)?,
    })
}

pub(super) const ENTRY: &str = "SELECT id, batch, task, name, target, state, rank, failure, \
     out_sha256, out_size FROM entries";

pub(super) fn read_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<Entry, LedgerError>> {
    let state: String = row.get(5)?;
    let failure: Option<String> = row.get(7)?;
    let sha256: Option<String> = row.get(8)?;
    let size: Option<i64> = row.get(9)?;
    let (state, failure) =
        match (EntryState::parse(&state), failure.as_deref().map(failure_from).transpose()) {
            (Ok(state), Ok(failure)) => (state, failure),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        };
    Ok(Ok(Entry {
        id: EntryId(row.get(0)?),
        batch: BatchId(row.get(1)?),
        task: row.get::<_, Option<i64>>(2)?.map(TaskId),
        name: row.get(3)?,
        target: row.get::<_, Option<Vec<u8>>>(4)?.map(path_from),
        state,
        rank: row.get(6)?,
        output: sha256.zip(size.map(i64::cast_unsigned)),
        failure,
    }))
}

pub(super) fn counts(db: &Connection, batch: BatchId) -> Result<Counts, LedgerError> {
    let mut counts = Counts::default();
    let mut statement =
        db.prepare_cached("SELECT state, count(*) FROM entries WHERE batch = ?1 GROUP BY state")?;
    let mut rows = statement.query([batch.0])?;
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        let number: usize = row.get(1)?;
        match EntryState::parse(&word)? {
            EntryState::Open | EntryState::Paused => counts.open += number,
            EntryState::Left => counts.left += number,
            EntryState::Done | EntryState::Skipped => counts.done += number,
            EntryState::Failed => counts.failed += number,
            EntryState::Rejected => counts.rejected += number,
        }
    }
    Ok(counts)
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
