//! Placing inputs in a batch: finding, or making, the attempt behind each. Whether an input is paid
//! for once more is decided here and nowhere else.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension as _, Transaction, params};
use strum::{EnumString, IntoStaticStr};

use super::batch::{BatchId, EntryId};
use super::codec::{failure_json, options_json, path_bytes};
use super::row::{MAY_BE_BILLED, Phase};
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

/// How the user asked for an attempt at an item that had one already: so that the audit can tell a
/// second bill that was wanted from one that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Asked {
    /// `--again`.
    Again,
    /// `--retry-failed`.
    RetryFailed,
}

impl Asked {
    /// The flag that the user gave.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Again => "--again",
            Self::RetryFailed => "--retry-failed",
        }
    }

    /// The ledger's word.
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
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
                     pricing, phase, made_at, changed_at, asked)
                 SELECT item_key,
                     (SELECT max(attempt) + 1 FROM tasks AS other
                      WHERE other.item_key = tasks.item_key),
                     ?2, origin, profile, key_print, source, is_url, size, modified_ns, sha256,
                     duration, options, estimate, pricing, 'planned', ?3, ?3, ?4
                 FROM tasks WHERE id = ?1 AND phase = 'failed'",
                params![failed.0, correlation, now, Asked::RetryFailed.as_str()],
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

/// The attempt that stands behind an entry: the latest one of its item that cost something or may
/// still give an output, unless the user asked for a new one. Attempts that failed and cost nothing
/// do not count, so that one which was asked for and came to nothing never hides an older one that
/// is paid for.
fn attempt_for(
    tx: &Transaction<'_>,
    batch: BatchId,
    new: &NewEntry,
    now: i64,
) -> Result<(TaskId, Phase, bool), LedgerError> {
    let latest = tx
        .prepare_cached(&format!(
            "SELECT id, attempt, phase, {MAY_BE_BILLED} AS may_be_billed,
                    EXISTS (SELECT 1 FROM entries WHERE batch = ?2 AND task = tasks.id)
                 FROM tasks WHERE item_key = ?1
                 ORDER BY NOT ?3 AND phase = 'failed' AND NOT may_be_billed, attempt DESC LIMIT 1"
        ))?
        .query_row(params![new.work.item_key, batch.0, new.again], |row| {
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
        return Ok((insert_task(tx, new, (1, None), now)?, Phase::Planned, true));
    };
    let phase =
        Phase::parse(&phase).ok_or_else(|| LedgerError::Corrupt(format!("phase '{phase}'")))?;
    let useless = phase == Phase::Failed && !may_be_billed;
    let repeated = new.again && matches!(phase, Phase::Completed | Phase::Failed | Phase::Halted);
    if !of_this_batch && (useless || repeated) {
        let asked = repeated.then_some(Asked::Again);
        return Ok((insert_task(tx, new, (attempt + 1, asked), now)?, Phase::Planned, true));
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
    (attempt, asked): (u32, Option<Asked>),
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
             made_at, changed_at, asked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'planned',
             ?16, ?16, ?17)",
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
        asked.map(Asked::as_str),
    ])?;
    Ok(TaskId(tx.last_insert_rowid()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{batch, claimed, entry, open, placed, reach};
    use super::*;
    use crate::ledger::Ledger;
    use crate::model::{Failure, FailureKind, Timestamp};

    fn asked(ledger: &Ledger) -> Vec<(u32, Option<Asked>)> {
        let all = ledger.spending(Timestamp(0)).unwrap();
        all.iter().map(|spent| (spent.attempt, spent.asked)).collect()
    }

    /// Brings an attempt to an end that was paid for, or that cost nothing.
    fn end(ledger: &Ledger, owner: &crate::ledger::Owner, id: TaskId, phase: Phase, starts: u32) {
        let mut task = claimed(ledger, owner, id);
        task.row.job = Some(JobId(format!("j-{}", id.0)));
        task.row.creates = 1;
        task.row.starts = starts;
        if phase == Phase::Failed {
            task.row.failure = Some(Failure::new(FailureKind::JobFailed, "job", "no subject"));
        }
        reach(ledger, owner, &mut task, phase);
        ledger.release(owner, &task).unwrap();
    }

    #[test]
    fn an_attempt_that_was_asked_for_says_so_and_another_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register("p").unwrap();
        let (_, one, _) = placed(&ledger, batch(&ledger), entry("k", "/a", "c1"));
        end(&ledger, &owner, one, Phase::Failed, 0);
        // It cost nothing, so a second one is made unasked.
        let (_, two, _) = placed(&ledger, batch(&ledger), entry("k", "/a", "c2"));
        end(&ledger, &owner, two, Phase::Failed, 1);
        let retried = batch(&ledger);
        placed(&ledger, retried, entry("k", "/a", "c3"));
        let three = ledger.renew(retried, two, "c4").unwrap();
        end(&ledger, &owner, three, Phase::Completed, 1);
        let again = NewEntry { again: true, ..entry("k", "/a", "c5") };
        let (_, four, _) = placed(&ledger, batch(&ledger), again);
        end(&ledger, &owner, four, Phase::Completed, 1);
        let told = [(1, None), (2, None), (3, Some(Asked::RetryFailed)), (4, Some(Asked::Again))];
        assert_eq!(asked(&ledger), told);
        let before: Vec<bool> =
            ledger.spending(Timestamp(0)).unwrap().iter().map(|s| s.charged_before).collect();
        assert_eq!(before, [false, false, false, true], "as far as it is known");
        ledger.record_charges(&[(two, crate::model::Credits(2.0))]).unwrap();
        assert!(ledger.spending(Timestamp(0)).unwrap()[2].charged_before, "by the audit's word");
        ledger.record_charges(&[(three, crate::model::Credits(0.0))]).unwrap();
        ledger.record_charges(&[(two, crate::model::Credits(0.0))]).unwrap();
        assert!(!ledger.spending(Timestamp(0)).unwrap()[3].charged_before, "given back");
    }

    #[test]
    fn an_attempt_that_came_to_nothing_does_not_hide_one_that_is_paid_for() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register("p").unwrap();
        let (_, paid, _) = placed(&ledger, batch(&ledger), entry("k", "/a", "c1"));
        end(&ledger, &owner, paid, Phase::Completed, 1);
        let again = NewEntry { again: true, ..entry("k", "/a", "c2") };
        let (_, free, _) = placed(&ledger, batch(&ledger), again);
        end(&ledger, &owner, free, Phase::Failed, 0);
        let (_, behind, fresh) = placed(&ledger, batch(&ledger), entry("k", "/a", "c3"));
        assert_eq!((behind, fresh), (paid, false), "the output that is there is enough");
        let again = NewEntry { again: true, ..entry("k", "/a", "c4") };
        let (_, third, fresh) = placed(&ledger, batch(&ledger), again);
        assert!(fresh && third != free, "unless asked for");
        assert_eq!(ledger.task(third).unwrap().attempt, 3);
    }
}
