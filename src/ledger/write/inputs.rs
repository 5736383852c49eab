//! Inputs of batches: the queue, the results, and the outputs.

use std::collections::BTreeMap;

use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::attempt::{IN_FLIGHT_STATUSES, UNSTARTED_STATUSES};
use crate::ledger::rows::batch::{BatchInput, InputCounts, InputState, SELECT_INPUT, count_inputs};
use crate::ledger::rows::columns::{encode, failure_kind};
use crate::ledger::rows::ids::{AttemptId, BatchId, InputId};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Failure, FailureKind, Target};

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
pub(super) fn reachable(machine: &str, root: &str) -> String {
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

    pub fn count_inputs(&self, batch: BatchId) -> Result<InputCounts, LedgerError> {
        self.read(|tx| count_inputs(tx, batch))
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
