//! Placing inputs in a batch: finding, or making, the attempt behind each. Whether an input is paid
//! for once more is decided here and nowhere else.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension as _, Transaction, params};
use strum::{EnumString, IntoStaticStr};

use super::attempts::{AttemptId, AttemptSpec, InputSource};
use super::batches::{BatchId, InputId};
use crate::ledger::attempt_state::{AttemptStatus, MAY_BE_BILLED};
use crate::ledger::json_columns::{failure_json, options_json, path_bytes};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Failure, JobId};

/// An input to be placed in a batch.
#[derive(Debug, Clone)]
pub struct NewInput {
    /// As the user named it.
    pub name: String,
    /// Where the output goes, absolute; none for standard output.
    pub target: Option<PathBuf>,
    /// What is to be done.
    pub work: AttemptSpec,
    /// For a new attempt: what its job is recognised by.
    pub correlation: String,
    /// Whether a settled attempt of an earlier batch is not enough (`--again`).
    pub again: bool,
}

/// How the user asked for an attempt at an item that had one already: so that the audit can tell a
/// second bill that was wanted from one that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RerunReason {
    /// `--again`.
    Again,
    /// `--retry-failed`.
    RetryFailed,
}

impl RerunReason {
    /// The flag that the user gave.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Again => "--again",
            Self::RetryFailed => "--retry-failed",
        }
    }

    /// The ledger's word.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// What placing an entry came to.
#[derive(Debug, Clone, PartialEq)]
pub enum AddResult {
    /// It stands in the batch.
    In {
        /// The entry.
        input: InputId,
        /// The attempt behind it.
        attempt: AttemptId,
        /// Where that attempt stands.
        phase: AttemptStatus,
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
    pub fn place(&self, batch: BatchId, new: &[NewInput]) -> Result<Vec<AddResult>, LedgerError> {
        let now = self.wall();
        self.write(|tx| new.iter().map(|input| place(tx, batch, input, now)).collect())
    }

    /// Places an entry whose job exists already, made here or on another machine.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn add_existing_job(
        &self,
        batch: BatchId,
        new: &NewInput,
        job: &JobId,
    ) -> Result<AddResult, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            let placed = place(tx, batch, new, now)?;
            if let AddResult::In { attempt, fresh: true, .. } = placed {
                tx.execute(
                    "UPDATE tasks SET job = ?2, phase = 'running', draft = 'started' WHERE id = ?1",
                    params![attempt.0, job.0],
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
        failed: AttemptId,
        correlation: &str,
    ) -> Result<AttemptId, LedgerError> {
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
                params![failed.0, correlation, now, RerunReason::RetryFailed.as_str()],
            )?;
            let renewed = AttemptId(tx.last_insert_rowid());
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
    ) -> Result<Vec<InputId>, LedgerError> {
        self.write(|tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO entries (batch, name, state, failure) VALUES (?1, ?2, 'rejected', ?3)",
            )?;
            inputs
                .iter()
                .map(|(name, failure)| {
                    insert.execute(params![batch.0, name, failure_json(failure)?])?;
                    Ok(InputId(tx.last_insert_rowid()))
                })
                .collect()
        })
    }
}

fn place(
    tx: &Transaction<'_>,
    batch: BatchId,
    new: &NewInput,
    now: i64,
) -> Result<AddResult, LedgerError> {
    if let Some(target) = &new.target
        && let Some(other) = wanted_by(tx, batch, target)?
    {
        return Ok(AddResult::Collision(other));
    }
    let (attempt, phase, fresh) = attempt_for(tx, batch, new, now)?;
    // Milliseconds of video; a clip is not 292 million years long.
    #[expect(clippy::cast_possible_truncation)]
    let rank = new.work.duration.map_or(0, |seconds| (seconds * 1_000.0) as i64);
    tx.prepare_cached(
        "INSERT INTO entries (batch, task, name, target, state, rank)
         VALUES (?1, ?2, ?3, ?4, 'open', ?5)",
    )?
    .execute(params![
        batch.0,
        attempt.0,
        new.name,
        new.target.as_deref().map(path_bytes),
        rank
    ])?;
    Ok(AddResult::In { input: InputId(tx.last_insert_rowid()), attempt, phase, fresh })
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
    new: &NewInput,
    now: i64,
) -> Result<(AttemptId, AttemptStatus, bool), LedgerError> {
    let latest = tx
        .prepare_cached(&format!(
            "SELECT id, attempt, phase, {MAY_BE_BILLED} AS may_be_billed,
                    EXISTS (SELECT 1 FROM entries WHERE batch = ?2 AND task = tasks.id)
                 FROM tasks WHERE item_key = ?1
                 ORDER BY NOT ?3 AND phase = 'failed' AND NOT may_be_billed, attempt DESC LIMIT 1"
        ))?
        .query_row(params![new.work.content_key, batch.0, new.again], |row| {
            let phase: String = row.get(2)?;
            Ok((
                AttemptId(row.get(0)?),
                row.get::<_, u32>(1)?,
                phase,
                row.get::<_, bool>(3)?,
                row.get::<_, bool>(4)?,
            ))
        })
        .optional()?;
    let Some((attempt, number, phase, may_be_billed, of_this_batch)) = latest else {
        return Ok((insert_attempt(tx, new, (1, None), now)?, AttemptStatus::Planned, true));
    };
    let phase = AttemptStatus::parse(&phase)
        .ok_or_else(|| LedgerError::Corrupt(format!("phase '{phase}'")))?;
    let useless = phase == AttemptStatus::Failed && !may_be_billed;
    let repeated = new.again
        && matches!(
            phase,
            AttemptStatus::Completed | AttemptStatus::Failed | AttemptStatus::Halted
        );
    if !of_this_batch && (useless || repeated) {
        let asked = repeated.then_some(RerunReason::Again);
        return Ok((
            insert_attempt(tx, new, (number + 1, asked), now)?,
            AttemptStatus::Planned,
            true,
        ));
    }
    if phase == AttemptStatus::Planned {
        refresh_source(tx, attempt, &new.work.source)?;
    }
    Ok((attempt, phase, false))
}

/// An input that was renamed before anything was sent is read under its new name.
fn refresh_source(
    tx: &Transaction<'_>,
    attempt: AttemptId,
    source: &InputSource,
) -> Result<(), LedgerError> {
    if let InputSource::File { path, modified_ns, .. } = source {
        tx.execute(
            "UPDATE tasks SET source = ?2, modified_ns = ?3 WHERE id = ?1",
            params![attempt.0, path_bytes(path), modified_ns],
        )?;
    }
    Ok(())
}

fn insert_attempt(
    tx: &Transaction<'_>,
    new: &NewInput,
    (number, asked): (u32, Option<RerunReason>),
    now: i64,
) -> Result<AttemptId, LedgerError> {
    let work = &new.work;
    let (source, is_url, size, modified_ns, sha256) = match &work.source {
        InputSource::Url(url) => (url.clone().into_bytes(), true, None, None, None),
        InputSource::File { path, size, modified_ns, sha256 } => {
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
        work.content_key,
        number,
        new.correlation,
        work.key.origin,
        work.profile,
        work.key.fingerprint.0,
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
        asked.map(RerunReason::as_str),
    ])?;
    Ok(AttemptId(tx.last_insert_rowid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::tests::{batch, claimed, input, open, placed, reach};
    use crate::model::{Failure, FailureKind, Timestamp};

    fn asked(ledger: &Ledger) -> Vec<(u32, Option<RerunReason>)> {
        let all = ledger.spending(Timestamp(0)).unwrap();
        all.iter().map(|spent| (spent.number, spent.asked)).collect()
    }

    /// Brings an attempt to an end that was paid for, or that cost nothing.
    fn end(
        ledger: &Ledger,
        owner: &crate::ledger::ProcessLease,
        id: AttemptId,
        phase: AttemptStatus,
        starts: u32,
    ) {
        let mut attempt = claimed(ledger, owner, id);
        attempt.state.job = Some(JobId(format!("j-{}", id.0)));
        attempt.state.creates = 1;
        attempt.state.starts = starts;
        if phase == AttemptStatus::Failed {
            attempt.state.failure = Some(Failure::new(FailureKind::JobFailed, "job", "no subject"));
        }
        reach(ledger, owner, &mut attempt, phase);
        ledger.release(owner, &attempt).unwrap();
    }

    #[test]
    fn an_attempt_that_was_asked_for_says_so_and_another_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register("p").unwrap();
        let (_, one, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
        end(&ledger, &owner, one, AttemptStatus::Failed, 0);
        // It cost nothing, so a second one is made unasked.
        let (_, two, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c2"));
        end(&ledger, &owner, two, AttemptStatus::Failed, 1);
        let retried = batch(&ledger);
        placed(&ledger, retried, input("k", "/a", "c3"));
        let three = ledger.renew(retried, two, "c4").unwrap();
        end(&ledger, &owner, three, AttemptStatus::Completed, 1);
        let again = NewInput { again: true, ..input("k", "/a", "c5") };
        let (_, four, _) = placed(&ledger, batch(&ledger), again);
        end(&ledger, &owner, four, AttemptStatus::Completed, 1);
        let told = [
            (1, None),
            (2, None),
            (3, Some(RerunReason::RetryFailed)),
            (4, Some(RerunReason::Again)),
        ];
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
        let (_, paid, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
        end(&ledger, &owner, paid, AttemptStatus::Completed, 1);
        let again = NewInput { again: true, ..input("k", "/a", "c2") };
        let (_, free, _) = placed(&ledger, batch(&ledger), again);
        end(&ledger, &owner, free, AttemptStatus::Failed, 0);
        let (_, behind, fresh) = placed(&ledger, batch(&ledger), input("k", "/a", "c3"));
        assert_eq!((behind, fresh), (paid, false), "the output that is there is enough");
        let again = NewInput { again: true, ..input("k", "/a", "c4") };
        let (_, third, fresh) = placed(&ledger, batch(&ledger), again);
        assert!(fresh && third != free, "unless asked for");
        assert_eq!(ledger.attempt(third).unwrap().number, 3);
    }
}
