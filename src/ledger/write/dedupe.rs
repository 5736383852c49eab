//! Adds inputs to a batch, and finds or creates the attempt behind each. Only this file decides
//! whether an input is paid for again.

use std::os::unix::ffi::OsStrExt as _;

use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::attempt::{
    AttemptSpec, AttemptStatus, InputSource, JOB_SOURCE, MAY_BE_BILLED, RerunReason,
};
use crate::ledger::rows::columns::encode;
use crate::ledger::rows::ids::{AttemptId, BatchId, InputId};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Failure, JobId, Target, Timestamp};

#[derive(Debug, Clone)]
pub struct NewInput {
    /// As the user wrote it.
    pub name: String,
    /// `None` for standard output.
    pub target: Option<Target>,
    pub work: AttemptSpec,
    /// Used if a new attempt is created.
    pub correlation_id: String,
    /// `--again`: whether to create an attempt although an earlier batch has a final one.
    pub again: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AddResult {
    Added {
        input: InputId,
        attempt: AttemptId,
        status: AttemptStatus,
        /// Whether the attempt was created for this input.
        fresh: bool,
    },
    /// Name of another input of the batch with the same target.
    Collision(String),
}

impl Ledger {
    /// Adds inputs to a batch, and finds or creates the attempt behind each.
    pub fn add_inputs(
        &self,
        batch: BatchId,
        new: &[NewInput],
    ) -> Result<Vec<AddResult>, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.lock("plan");
            new.iter().map(|input| add_input(tx, batch, input, now)).collect()
        })
    }

    /// Adds an input whose job exists already, created here or on another machine. Its attempt is that of
    /// the job, or a new one, which inputs with the same content join later.
    pub fn add_existing_job(
        &self,
        batch: BatchId,
        new: &NewInput,
        job: &JobId,
    ) -> Result<AddResult, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.lock("plan");
            place_input(tx, batch, new, |tx| {
                let sql = "SELECT id, status FROM attempts WHERE job = ?1 AND origin = ?2
                           ORDER BY id DESC LIMIT 1";
                let known = tx.query_opt(sql, params![job, new.work.key.origin])?;
                if let Some((attempt, status)) = known {
                    return Ok((attempt, status, false));
                }
                let number = next_number(tx, &new.work.content_key)?;
                let attempt = insert_attempt(tx, new, (number, None), now)?;
                tx.queue(
                    "UPDATE attempts SET job = ?2, status = 'running',
                     draft_observation = 'started' WHERE id = ?1",
                    params![attempt, job],
                )?;
                Ok((attempt, AttemptStatus::Running, true))
            })
        })
    }

    /// Records that the output of an input exists, written by another machine or before the ledger was lost.
    /// An attempt that was just created is completed, without a job.
    pub fn record_existing_output(
        &self,
        input: InputId,
        attempt: AttemptId,
        sha256: &str,
        size: u64,
    ) -> Result<(), LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.queue(
                "UPDATE batch_inputs SET output_sha256 = ?2, output_size = ?3 WHERE id = ?1",
                params![input, sha256, size],
            )?;
            tx.queue(
                "UPDATE attempts SET status = 'completed', finished_at = ?2
                 WHERE id = ?1 AND status = 'planned' AND owner IS NULL AND create_count = 0",
                params![attempt, now],
            )?;
            Ok(())
        })
    }

    /// Creates a new attempt after a failed one, for the inputs of this batch (`--retry-failed`).
    pub fn retry_failed_attempt(
        &self,
        batch: BatchId,
        failed: AttemptId,
        correlation_id: &str,
    ) -> Result<AttemptId, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.lock("plan");
            let renewed: AttemptId = tx.query_row(
                "INSERT INTO attempts (content_key, number, correlation_id, origin, profile,
                     key_fingerprint, source, source_is_url, size, modified_ns, sha256, etag, duration,
                     options, estimate, pricing, status, created_at, updated_at, rerun_reason)
                 SELECT content_key,
                     (SELECT max(number) + 1 FROM attempts AS other
                      WHERE other.content_key = attempts.content_key),
                     CAST(?2 AS TEXT), origin, profile, key_fingerprint, source, source_is_url,
                     size, modified_ns, sha256, etag, duration, options, estimate, pricing,
                     'planned', CAST(?3 AS BIGINT), CAST(?3 AS BIGINT), CAST(?4 AS TEXT)
                 FROM attempts WHERE id = ?1 AND status = 'failed'
                 RETURNING id",
                params![failed, correlation_id, now, RerunReason::RetryFailed],
            )?;
            tx.queue(
                "UPDATE batch_inputs SET attempt = ?3
                 WHERE batch = ?1 AND attempt = ?2 AND state = 'open'",
                params![batch, failed, renewed],
            )?;
            Ok(renewed)
        })
    }

    /// Records rejected inputs.
    pub fn add_rejected(
        &self,
        batch: BatchId,
        inputs: &[(String, Failure)],
    ) -> Result<Vec<InputId>, LedgerError> {
        self.write(|tx| {
            let insert = |(name, failure): &(String, Failure)| {
                tx.query_row(
                    "INSERT INTO batch_inputs (batch, name, state, failure)
                     VALUES (?1, ?2, 'rejected', ?3) RETURNING id",
                    params![batch, name, encode(failure)?],
                )
            };
            inputs.iter().map(insert).collect()
        })
    }
}

fn add_input(
    tx: &Tx<'_>,
    batch: BatchId,
    new: &NewInput,
    now: Timestamp,
) -> Result<AddResult, LedgerError> {
    place_input(tx, batch, new, |tx| find_or_create_attempt(tx, batch, new, now))
}

/// Adds an input with the attempt that `attempt` finds or creates.
fn place_input(
    tx: &Tx<'_>,
    batch: BatchId,
    new: &NewInput,
    attempt: impl FnOnce(&Tx<'_>) -> Result<(AttemptId, AttemptStatus, bool), LedgerError>,
) -> Result<AddResult, LedgerError> {
    if let Some(target) = &new.target
        && let Some(other) = input_with_target(tx, batch, target)?
    {
        return Ok(AddResult::Collision(other));
    }
    let (attempt, status, fresh) = attempt(tx)?;
    // Saturates: a clip is not 292 million years long.
    #[expect(clippy::cast_possible_truncation)]
    let duration_ms = new.work.duration.map_or(0, |seconds| (seconds * 1_000.0) as i64);
    let input = tx.query_row(
        "INSERT INTO batch_inputs (batch, attempt, name, target, state, duration_ms)
         VALUES (?1, ?2, ?3, ?4, 'open', ?5) RETURNING id",
        params![batch, attempt, new.name, new.target, duration_ms],
    )?;
    Ok(AddResult::Added { input, attempt, status, fresh })
}

fn input_with_target(
    tx: &Tx<'_>,
    batch: BatchId,
    target: &Target,
) -> Result<Option<String>, LedgerError> {
    tx.query_opt(
        "SELECT name FROM batch_inputs WHERE batch = ?1 AND target = ?2",
        params![batch, target],
    )
}

/// The attempt that an input of the same content would join.
struct LatestAttempt {
    id: AttemptId,
    number: u32,
    status: AttemptStatus,
    may_be_billed: bool,
    of_this_batch: bool,
    /// Only its job is known.
    is_restored: bool,
}

impl FromRow for LatestAttempt {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            status: row.get("status")?,
            may_be_billed: row.get("may_be_billed")?,
            of_this_batch: row.get("of_this_batch")?,
            is_restored: row.get("is_restored")?,
        })
    }
}

/// Attempt for an input: the latest one of its `content_key` that cost something or may still give
/// an output, unless the user requested a new one. Attempts that failed at no cost are ignored, so
/// that one that was requested in vain never hides an older one that is paid for.
fn find_or_create_attempt(
    tx: &Tx<'_>,
    batch: BatchId,
    new: &NewInput,
    now: Timestamp,
) -> Result<(AttemptId, AttemptStatus, bool), LedgerError> {
    let sql = format!(
        "SELECT id, number, status, {MAY_BE_BILLED} AS may_be_billed,
                EXISTS (SELECT 1 FROM batch_inputs WHERE batch = ?2 AND attempt = attempts.id)
                    AS of_this_batch,
                source_is_url AND substr(source, 1, 4) = ?4 AS is_restored
         FROM attempts WHERE content_key = ?1
         ORDER BY NOT ?3 AND status = 'failed' AND NOT {MAY_BE_BILLED}, number DESC LIMIT 1"
    );
    let found = params![new.work.content_key, batch, new.again, JOB_SOURCE.to_vec()];
    let Some(latest) = tx.query_opt::<LatestAttempt>(&sql, found)? else {
        return Ok((insert_attempt(tx, new, (1, None), now)?, AttemptStatus::Planned, true));
    };
    let LatestAttempt { id: attempt, status, .. } = latest;
    let useless = status == AttemptStatus::Failed && !latest.may_be_billed;
    let repeated = new.again
        && matches!(
            status,
            AttemptStatus::Completed | AttemptStatus::Failed | AttemptStatus::Halted
        );
    if !latest.of_this_batch && (useless || repeated) {
        let asked = repeated.then_some(RerunReason::Again);
        let attempt = insert_attempt(tx, new, (latest.number + 1, asked), now)?;
        return Ok((attempt, AttemptStatus::Planned, true));
    }
    if status == AttemptStatus::Planned {
        refresh_source(tx, attempt, &new.work.source)?;
    } else if latest.is_restored {
        describe_restored(tx, attempt, &new.work)?;
    }
    Ok((attempt, status, false))
}

/// Before anything was sent, the bytes are read where they were found last: a file may have been
/// renamed.
fn refresh_source(
    tx: &Tx<'_>,
    attempt: AttemptId,
    source: &InputSource,
) -> Result<(), LedgerError> {
    if !matches!(source, InputSource::Url(_)) {
        let row = SourceRow::of(source);
        tx.execute(
            "UPDATE attempts SET source = ?2, source_is_url = ?3, modified_ns = ?4, etag = ?5
             WHERE id = ?1 AND status = 'planned'",
            params![attempt, row.source, row.is_url, row.modified_ns, row.etag],
        )?;
    }
    Ok(())
}

/// An attempt that was restored from its job gets the rest from the first input that joins it, for reports and
/// `--retry-failed`.
fn describe_restored(
    tx: &Tx<'_>,
    attempt: AttemptId,
    work: &AttemptSpec,
) -> Result<(), LedgerError> {
    let row = SourceRow::of(&work.source);
    tx.queue(
        "UPDATE attempts SET profile = ?2, source = ?3, source_is_url = ?4, size = ?5,
             modified_ns = ?6, sha256 = ?7, etag = ?8, duration = ?9, options = ?10,
             estimate = ?11, pricing = ?12
         WHERE id = ?1",
        params![
            attempt,
            work.profile,
            row.source,
            row.is_url,
            row.size,
            row.modified_ns,
            row.sha256,
            row.etag,
            work.duration,
            encode(&work.options)?,
            work.estimate,
            work.pricing,
        ],
    )
}

/// The columns of a source.
#[derive(Default)]
struct SourceRow<'a> {
    source: Vec<u8>,
    is_url: bool,
    size: Option<u64>,
    modified_ns: Option<i64>,
    sha256: Option<&'a str>,
    etag: Option<&'a str>,
}

impl<'a> SourceRow<'a> {
    fn of(source: &'a InputSource) -> Self {
        match source {
            InputSource::Url(url) => {
                Self { source: url.clone().into_bytes(), is_url: true, ..Self::default() }
            }
            InputSource::File { path, size, modified_ns, sha256 } => Self {
                source: path.as_os_str().as_bytes().to_vec(),
                size: Some(*size),
                modified_ns: Some(*modified_ns),
                sha256: Some(sha256),
                ..Self::default()
            },
            InputSource::Object { object, sha256 } => Self {
                source: object.url.to_string().into_bytes(),
                is_url: true,
                size: Some(object.size),
                sha256: sha256.as_deref(),
                etag: object.etag.as_deref(),
                ..Self::default()
            },
        }
    }
}

/// The number of a further attempt with this content key.
pub(crate) fn next_number(tx: &Tx<'_>, content_key: &str) -> Result<u32, LedgerError> {
    tx.query_row(
        "SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE content_key = ?1",
        params![content_key],
    )
}

pub(crate) fn insert_attempt(
    tx: &Tx<'_>,
    new: &NewInput,
    (number, asked): (u32, Option<RerunReason>),
    now: Timestamp,
) -> Result<AttemptId, LedgerError> {
    let work = &new.work;
    let row = SourceRow::of(&work.source);
    tx.query_row(
        "INSERT INTO attempts (content_key, number, correlation_id, origin, profile,
             key_fingerprint, source, source_is_url, size, modified_ns, sha256, etag, duration,
             options, estimate, pricing, status, created_at, updated_at, rerun_reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 'planned',
             ?17, ?17, ?18) RETURNING id",
        params![
            work.content_key,
            number,
            new.correlation_id,
            work.key.origin,
            work.profile,
            work.key.fingerprint,
            row.source,
            row.is_url,
            row.size,
            row.modified_ns,
            row.sha256,
            row.etag,
            work.duration,
            encode(&work.options)?,
            work.estimate,
            work.pricing,
            now,
            asked,
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::tests::{batch, claimed, input, open, placed, reach};
    use crate::model::{Failure, FailureKind, Timestamp};

    fn asked(ledger: &Ledger) -> Vec<(u32, Option<RerunReason>)> {
        let all = ledger.attempt_costs(Timestamp(0)).unwrap();
        all.iter().map(|spent| (spent.number, spent.rerun_reason)).collect()
    }

    /// Brings an attempt to an end that was paid for, or that cost nothing.
    fn end(
        ledger: &Ledger,
        owner: &crate::ledger::ProcessLease,
        id: AttemptId,
        status: AttemptStatus,
        start_count: u32,
    ) {
        let mut attempt = claimed(ledger, owner, id);
        attempt.state.job = Some(JobId(format!("j-{}", id.0)));
        attempt.state.create_count = 1;
        attempt.state.start_count = start_count;
        if status == AttemptStatus::Failed {
            attempt.state.failure = Some(Failure::new(FailureKind::JobFailed, "job", "no subject"));
        }
        reach(ledger, owner, &mut attempt, status);
        ledger.release(owner, &attempt).unwrap();
    }

    crate::ledger::tests::on_postgres!(
        an_attempt_that_was_asked_for_says_so_and_another_does_not,
        an_attempt_that_came_to_nothing_does_not_hide_one_that_is_paid_for,
        an_input_of_a_job_has_the_attempt_of_that_job
    );

    #[test]
    fn an_input_of_a_job_has_the_attempt_of_that_job() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let fetched = |n: u32, job: &str| {
            let new = input("k", &format!("/out/{n}"), &format!("c{n}"));
            let placed = ledger.add_existing_job(batch(&ledger), &new, &JobId(job.into()));
            let AddResult::Added { attempt, fresh, .. } = placed.unwrap() else {
                panic!("a collision")
            };
            let attempt = ledger.attempt(attempt).unwrap();
            assert_eq!(attempt.state.job, Some(JobId(job.into())));
            (attempt.id, attempt.number, fresh)
        };
        let (one, ..) = fetched(1, "j-1");
        // Another job of the same content.
        let (two, number, fresh) = fetched(2, "j-2");
        assert!(two != one && number == 2 && fresh);
        assert_eq!(fetched(3, "j-1"), (one, 1, false));
        let (_, joined, fresh) = placed(&ledger, batch(&ledger), input("k", "/a", "c4"));
        assert_eq!((joined, fresh), (two, false), "it is not paid for again");
    }

    #[test]
    fn an_attempt_that_was_asked_for_says_so_and_another_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register_process("p").unwrap();
        let (_, one, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
        end(&ledger, &owner, one, AttemptStatus::Failed, 0);
        // It cost nothing, so a second one is made unasked.
        let (_, two, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c2"));
        end(&ledger, &owner, two, AttemptStatus::Failed, 1);
        let retried = batch(&ledger);
        placed(&ledger, retried, input("k", "/a", "c3"));
        let three = ledger.retry_failed_attempt(retried, two, "c4").unwrap();
        end(&ledger, &owner, three, AttemptStatus::Completed, 1);
        let again = NewInput { again: true, ..input("k", "/a", "c5") };
        let (_, four, _) = placed(&ledger, batch(&ledger), again);
        end(&ledger, &owner, four, AttemptStatus::Completed, 1);
        let expected = [
            (1, None),
            (2, None),
            (3, Some(RerunReason::RetryFailed)),
            (4, Some(RerunReason::Again)),
        ];
        assert_eq!(asked(&ledger), expected);
        let before: Vec<bool> =
            ledger.attempt_costs(Timestamp(0)).unwrap().iter().map(|s| s.charged_before).collect();
        assert_eq!(before, [false, false, false, true], "as far as it is known");
        ledger.record_charges(&[(two, crate::model::Credits(2.0))]).unwrap();
        assert!(
            ledger.attempt_costs(Timestamp(0)).unwrap()[2].charged_before,
            "by the audit's word"
        );
        ledger.record_charges(&[(three, crate::model::Credits(0.0))]).unwrap();
        ledger.record_charges(&[(two, crate::model::Credits(0.0))]).unwrap();
        assert!(!ledger.attempt_costs(Timestamp(0)).unwrap()[3].charged_before, "given back");
    }

    #[test]
    fn an_attempt_that_came_to_nothing_does_not_hide_one_that_is_paid_for() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register_process("p").unwrap();
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
