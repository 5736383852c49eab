//! Batches and their inputs: types, and how their rows are read.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::ids::{ApiKeyId, AttemptId, BatchId, InputId};
use crate::ledger::LedgerError;
use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow, Row, params};
use crate::model::{Failure, Target, Timestamp};

#[derive(Debug, Clone)]
pub struct Batch {
    pub id: BatchId,
    pub created_at: Timestamp,
    pub profile: String,
    pub key: ApiKeyId,
    /// JSON of `flow::RunOptions`.
    pub run_options: String,
    /// Whether the whole plan is stored. Until then nothing is sent.
    pub plan_complete: bool,
    /// In a shared ledger, the machine that planned it.
    pub machine: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum InputState {
    /// Not finished.
    Open,
    /// Stopped in this run; a later run resumes it.
    Paused,
    /// Started or drafted and not waited for, as requested.
    Left,
    /// Output verified in this batch.
    Done,
    /// Output verified in an earlier batch.
    Skipped,
    /// Failed permanently.
    Failed,
    /// Not a video.
    Rejected,
}

impl InputState {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One input of one batch, and the file wanted for it. Inputs of equal content and options share an
/// attempt, and so one bill.
#[derive(Debug, Clone)]
pub struct BatchInput {
    pub id: InputId,
    pub batch: BatchId,
    /// `None` for a rejected input.
    pub attempt: Option<AttemptId>,
    /// As the user wrote it.
    pub name: String,
    /// `None` for standard output.
    pub target: Option<Target>,
    pub state: InputState,
    /// Milliseconds of video; the queue's order.
    pub duration_ms: i64,
    /// SHA-256 and size of the output, recorded just before it is published.
    pub output: Option<(String, u64)>,
    /// Time at which it was done, or found to be done already.
    pub done_at: Option<Timestamp>,
    /// Reason why it is not done.
    pub failure: Option<Failure>,
}

/// Inputs of a batch by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InputCounts {
    /// Open or paused.
    pub open: usize,
    pub left: usize,
    /// Done, in this batch or before.
    pub done: usize,
    pub failed: usize,
    pub rejected: usize,
}

pub(crate) const SELECT_BATCH: &str = "SELECT id, created_at, profile, origin, key_fingerprint, \
     run_options, plan_complete, machine_name FROM batches";

impl FromRow for Batch {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            id: row.get("id")?,
            created_at: row.get("created_at")?,
            profile: row.get("profile")?,
            key: ApiKeyId { origin: row.get("origin")?, fingerprint: row.get("key_fingerprint")? },
            run_options: row.get("run_options")?,
            plan_complete: row.get("plan_complete")?,
            machine: row.get("machine_name")?,
        })
    }
}

pub(crate) const SELECT_INPUT: &str = "SELECT id, batch, attempt, name, target, state, duration_ms, \
     failure, output_sha256, output_size, done_at FROM batch_inputs";

impl FromRow for BatchInput {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        let sha256: Option<String> = row.get("output_sha256")?;
        Ok(Self {
            id: row.get("id")?,
            batch: row.get("batch")?,
            attempt: row.get("attempt")?,
            name: row.get("name")?,
            target: row.get("target")?,
            state: row.get("state")?,
            duration_ms: row.get("duration_ms")?,
            output: sha256.zip(row.get("output_size")?),
            done_at: row.get("done_at")?,
            failure: row.get("failure")?,
        })
    }
}

pub(crate) fn count_inputs(tx: &Tx<'_>, batch: BatchId) -> Result<InputCounts, LedgerError> {
    let mut counts = InputCounts::default();
    // One query per state: grouping compares each row's state and takes 1.5 times as long.
    let sql = "SELECT count(*) FROM batch_inputs WHERE batch = ?1 AND state = ?2";
    for &state in InputState::ALL {
        let number: usize = tx.query_row(sql, params![batch, state])?;
        match state {
            InputState::Open | InputState::Paused => counts.open += number,
            InputState::Left => counts.left += number,
            InputState::Done | InputState::Skipped => counts.done += number,
            InputState::Failed => counts.failed += number,
            InputState::Rejected => counts.rejected += number,
        }
    }
    Ok(counts)
}
