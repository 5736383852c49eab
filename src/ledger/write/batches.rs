//! Batches and their inputs: the plan, the queue, and the results.
//!
//! A [`BatchInput`] is an input and the file wanted for it; an [`Attempt`] is the job behind it.
//! Inputs of equal content and options share one attempt, and so one bill.

use std::collections::BTreeMap;

use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::attempt::{Attempt, IN_FLIGHT_STATUSES, UNSTARTED_STATUSES};
use crate::ledger::rows::batch::{
    Batch, BatchInput, InputCounts, InputState, SELECT_BATCH, SELECT_INPUT, count_inputs,
};
use crate::ledger::rows::columns::{encode, failure_kind};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId, BatchId, InputId};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, Failure, FailureKind, Target};

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
    /// Rejected or failed inputs.
    pub rejected: usize,
    /// Estimate for the attempts that are not started.
    pub estimate: Credits,
    /// Attempts that are not started and have no estimate.
    pub unpriced: usize,
}

/// Unfinished inputs of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnfinishedInputs {
    /// The job runs, or may run, at the service.
    pub running: usize,
    pub not_started: usize,
    /// Started and not waited for, as requested.
    pub left: usize,
    /// Created as drafts and not waited for, as requested.
    pub drafts: usize,
}

impl FromRow for UnfinishedInputs {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            running: row.get("running")?,
            not_started: row.get("not_started")?,
            left: row.get("started")?,
            drafts: row.get("drafts")?,
        })
    }
}

/// Order in which the open inputs of a batch are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputOrder {
    LongestFirst,
    /// Only inputs whose job is in flight.
    InFlightLongestFirst,
    /// Only inputs whose job was started or is completed.
    StartedLongestFirst,
    ShortestFirst,
}

/// Inputs after the one with duration `?2` and id `?3`.
const AFTER_LONGEST_FIRST: &str =
    "(duration_ms < ?2 OR (duration_ms = ?2 AND id > ?3)) ORDER BY duration_ms DESC, id";
const AFTER_SHORTEST_FIRST: &str =
    "(duration_ms > ?2 OR (duration_ms = ?2 AND id < ?3)) ORDER BY duration_ms, id DESC";

/// [`AFTER_LONGEST_FIRST`], of the inputs whose attempt meets a condition.
fn longest_first_where(condition: &str) -> String {
    let attempt = format!("SELECT 1 FROM attempts WHERE id = batch_inputs.attempt AND {condition}");
    format!("EXISTS ({attempt}) AND {AFTER_LONGEST_FIRST}")
}

/// Inputs that a machine can work on: those of its own batches, and others whose bytes do not come from
/// and do not go to files. `machine` and `root` are parameters: the machine, if the ledger is shared,
/// and the first byte of a path.
fn reachable(machine: &str, root: &str) -> String {
    format!(
        "(CAST({machine} AS TEXT) IS NULL
          OR EXISTS (SELECT 1 FROM batches AS own
                     WHERE own.id = batch_inputs.batch AND own.machine = {machine})
          OR (substr(target, 1, 1) <> {root}
              AND EXISTS (SELECT 1 FROM attempts
                          WHERE attempts.id = batch_inputs.attempt AND source_is_url)))"
    )
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

    /// Reopens the inputs that an earlier run of the batch paused or left. Returns their number.
    pub fn reopen_inputs(&self, batch: BatchId) -> Result<usize, LedgerError> {
        self.execute(
            "UPDATE batch_inputs SET state = 'open', failure = NULL
             WHERE batch = ?1 AND state IN ('paused', 'left')",
            params![batch],
        )
    }

    /// Open inputs behind `after` (duration and id), or the first ones.
    pub fn open_inputs(
        &self,
        batch: BatchId,
        order: InputOrder,
        after: Option<(i64, InputId)>,
        limit: u32,
    ) -> Result<Vec<BatchInput>, LedgerError> {
        let (before_all, condition) = match order {
            InputOrder::LongestFirst => (i64::MAX, AFTER_LONGEST_FIRST.to_owned()),
            InputOrder::InFlightLongestFirst => {
                (i64::MAX, longest_first_where(&format!("status IN ({IN_FLIGHT_STATUSES})")))
            }
            InputOrder::StartedLongestFirst => {
                (i64::MAX, longest_first_where(&format!("status NOT IN ({UNSTARTED_STATUSES})")))
            }
            InputOrder::ShortestFirst => (-1, AFTER_SHORTEST_FIRST.to_owned()),
        };
        let (duration_ms, id) = after.unwrap_or((before_all, InputId(0)));
        let sql = format!(
            "{SELECT_INPUT} WHERE batch = ?1 AND state = 'open' AND {} AND {condition} LIMIT ?4",
            reachable("?5", "?6")
        );
        let (machine, root) = (self.machine_id(), b"/".to_vec());
        self.query(&sql, params![batch, duration_ms, id, limit, machine, root])
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

    fn machine_id(&self) -> Option<&str> {
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

    /// Targets of the verified outputs of a batch.
    pub fn output_targets(&self, batch: BatchId) -> Result<Vec<Target>, LedgerError> {
        self.query(
            "SELECT target FROM batch_inputs WHERE batch = ?1 AND target IS NOT NULL
             AND state IN ('done', 'skipped') ORDER BY id",
            params![batch],
        )
    }

    pub fn is_input_open(&self, input: InputId) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM batch_inputs WHERE id = ?1 AND state = 'open')";
        self.query_row(sql, params![input])
    }

    /// Records the result of an input. A process that lost its lease does not pause an input which
    /// another one has finished.
    pub fn set_input_state(
        &self,
        input: InputId,
        state: InputState,
        failure: Option<Failure>,
    ) -> Result<(), LedgerError> {
        let failure = failure.map(|failure| encode(&failure)).transpose()?;
        let now = self.now();
        self.execute(
            "UPDATE batch_inputs SET state = ?2, failure = ?3,
                 done_at = CASE WHEN ?2 IN ('done', 'skipped') THEN CAST(?4 AS BIGINT) END
             WHERE id = ?1
               AND (?2 NOT IN ('paused', 'left') OR state NOT IN ('done', 'skipped'))",
            params![input, state, failure, now],
        )
        .map(drop)
    }

    /// Pauses every open input of a batch because of `failure`. Returns their number.
    pub fn pause_open_inputs(
        &self,
        batch: BatchId,
        failure: &Failure,
    ) -> Result<usize, LedgerError> {
        let failure = encode(failure)?;
        self.execute(
            "UPDATE batch_inputs SET state = 'paused', failure = ?2
             WHERE batch = ?1 AND state = 'open'",
            params![batch, failure],
        )
    }

    /// Unfinished inputs of a batch, by progress.
    pub fn count_unfinished_inputs(&self, batch: BatchId) -> Result<UnfinishedInputs, LedgerError> {
        let sql = format!(
            "SELECT
                 count(*) FILTER (WHERE state <> 'left' AND in_flight) AS running,
                 count(*) FILTER (WHERE state <> 'left' AND unstarted) AS not_started,
                 count(*) FILTER (WHERE state = 'left' AND NOT unstarted) AS started,
                 count(*) FILTER (WHERE state = 'left' AND unstarted) AS drafts
             FROM (SELECT state, status IN ({IN_FLIGHT_STATUSES}) AS in_flight,
                       status IN ({UNSTARTED_STATUSES}) AS unstarted
                   FROM batch_inputs JOIN attempts ON attempts.id = batch_inputs.attempt
                   WHERE batch = ?1 AND state IN ('open', 'paused', 'left'))
                 AS unfinished"
        );
        self.query_row(&sql, params![batch])
    }

    /// Records hash and size of an output before it is renamed to its final name.
    ///
    /// # Errors
    /// If the ledger cannot be written, the output must not be published.
    pub fn record_output_hash(
        &self,
        input: InputId,
        sha256: &str,
        size: u64,
    ) -> Result<(), LedgerError> {
        if self.is_of_sandbox {
            // Without a record, a later run replaces the output only with `--overwrite`.
            let _ = self.sandbox_outputs.record(sha256);
        }
        self.execute(
            "UPDATE batch_inputs SET output_sha256 = ?2, output_size = ?3 WHERE id = ?1",
            params![input, sha256, size],
        )
        .map(drop)
    }

    /// Target, SHA-256 and size of the attempt's verified outputs, newest first. They may have been
    /// moved or changed since.
    pub fn outputs_of_attempt(
        &self,
        attempt: AttemptId,
    ) -> Result<Vec<(Target, String, u64)>, LedgerError> {
        self.query(
            "SELECT target, output_sha256, output_size FROM batch_inputs
             WHERE attempt = ?1 AND output_sha256 IS NOT NULL AND target IS NOT NULL
             ORDER BY id DESC LIMIT 16",
            params![attempt],
        )
    }

    /// Whether a file with this content is an output of ours, and so never an input.
    pub fn is_output(&self, sha256: &str) -> Result<bool, LedgerError> {
        Ok(self.sandbox_outputs.contain(sha256) || self.is_recorded_output(sha256)?)
    }

    /// Whether in-process sandboxes of this user have written outputs.
    pub fn knows_sandbox_outputs(&self) -> bool {
        !self.sandbox_outputs.is_empty()
    }

    /// Whether a file with this content is only the output of a sandbox, which a run may replace.
    pub fn is_sandbox_output(&self, sha256: &str) -> Result<bool, LedgerError> {
        Ok(self.sandbox_outputs.contain(sha256) && !self.is_recorded_output(sha256)?)
    }

    fn is_recorded_output(&self, sha256: &str) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM batch_inputs WHERE output_sha256 = ?1)";
        self.query_row(sql, params![sha256])
    }

    /// Records outputs that this ledger did not make (name, SHA-256, size), so that they are never
    /// taken as inputs.
    pub fn record_foreign_outputs(
        &self,
        batch: BatchId,
        outputs: &[(String, String, u64)],
    ) -> Result<(), LedgerError> {
        let now = self.now();
        self.write(|tx| {
            for (name, sha256, size) in outputs {
                tx.queue(
                    "INSERT INTO batch_inputs
                         (batch, name, state, output_sha256, output_size, done_at)
                     VALUES (?1, ?2, 'skipped', ?3, ?4, ?5)",
                    params![batch, name, sha256, size, now],
                )?;
            }
            Ok(())
        })
    }

    /// Failure kinds of the failed, halted or reviewable attempts behind open inputs, and their
    /// numbers.
    pub fn count_failures_by_kind(
        &self,
        batch: BatchId,
    ) -> Result<Vec<(FailureKind, usize)>, LedgerError> {
        let failures: Vec<(String, Option<String>)> = self.query(
            "SELECT status, failure FROM attempts
             WHERE status IN ('failed', 'needs_review', 'halted')
               AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1 AND state = 'open')",
            params![batch],
        )?;
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for (status, failure) in failures {
            let kind = failure.as_deref().map(failure_kind).transpose()?.flatten();
            *counts.entry((status, kind)).or_default() += 1;
        }
        let known = |kind: Option<String>| kind.as_deref().and_then(FailureKind::parse);
        let counts = counts.into_iter();
        Ok(counts
            .map(|((_, kind), number)| (known(kind).unwrap_or(FailureKind::JobFailed), number))
            .collect())
    }

    /// Number of inputs that are paused because of one of `kinds`.
    pub fn count_paused_for(
        &self,
        batch: BatchId,
        kinds: &[FailureKind],
    ) -> Result<usize, LedgerError> {
        let paused = self.read(|tx| paused_for(tx, batch, kinds))?;
        Ok(paused.into_iter().map(|(_, number)| number).sum())
    }

    /// Reopens the inputs that are paused because of one of `kinds`. Returns their number.
    pub fn reopen_paused_for(
        &self,
        batch: BatchId,
        kinds: &[FailureKind],
    ) -> Result<usize, LedgerError> {
        self.write(|tx| {
            let mut reopened = 0;
            for (failure, _) in paused_for(tx, batch, kinds)? {
                reopened += tx.execute(
                    "UPDATE batch_inputs SET state = 'open', failure = NULL
                     WHERE batch = ?1 AND state = 'paused' AND failure = ?2",
                    params![batch, failure],
                )?;
            }
            Ok(reopened)
        })
    }

    /// Totals of a batch's plan. An attempt that several inputs share counts once.
    pub fn plan_totals(&self, batch: BatchId) -> Result<PlanTotals, LedgerError> {
        self.read(|tx| {
            let (todo, done, rejected) = tx.query_row(
                "SELECT count(*) FILTER (WHERE state = 'open' AND attempts.status <> 'completed'),
                        count(*) FILTER (WHERE state = 'open' AND attempts.status = 'completed'),
                        count(*) FILTER (WHERE state IN ('rejected', 'failed'))
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
            Ok(PlanTotals { todo, done, rejected, estimate, unpriced })
        })
    }

    pub fn count_inputs(&self, batch: BatchId) -> Result<InputCounts, LedgerError> {
        self.read(|tx| count_inputs(tx, batch))
    }

    /// Records the end of a run of the batch.
    pub fn finish_batch(&self, batch: BatchId) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute("UPDATE batches SET finished_at = ?2 WHERE id = ?1", params![batch, now])
            .map(drop)
    }
}

/// Failures of one of `kinds` for which inputs of the batch are paused, and the number of inputs of
/// each. A stop pauses many inputs with the same failure.
fn paused_for(
    tx: &Tx<'_>,
    batch: BatchId,
    kinds: &[FailureKind],
) -> Result<Vec<(String, usize)>, LedgerError> {
    let failures: Vec<(String, usize)> = tx.query(
        "SELECT failure, count(*) FROM batch_inputs
         WHERE batch = ?1 AND state = 'paused' AND failure IS NOT NULL GROUP BY failure",
        params![batch],
    )?;
    let mut wanted = Vec::new();
    for (failure, number) in failures {
        let kind = failure_kind(&failure)?;
        if kinds.iter().any(|wanted| Some(wanted.as_str()) == kind.as_deref()) {
            wanted.push((failure, number));
        }
    }
    Ok(wanted)
}
