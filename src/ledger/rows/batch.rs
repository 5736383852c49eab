//! Batches and their inputs: types, and how their rows are read.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::ids::{ApiKeyId, AttemptId, BatchId, InputId};
use super::json_columns::decode_failure;
use crate::ledger::LedgerError;
use crate::ledger::database::Tx;
use crate::ledger::database::value::{Row, params};
use crate::model::{Failure, Fingerprint, Target, Timestamp};

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

    fn parse(word: &str) -> Result<Self, LedgerError> {
        word.parse().map_err(|_| LedgerError::Corrupt(format!("input state '{word}'")))
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

pub(crate) fn batch_by_id(tx: &Tx<'_>, id: BatchId) -> Result<Option<Batch>, LedgerError> {
    tx.query_opt(&format!("{SELECT_BATCH} WHERE id = ?1"), params![id.0], read_batch)
}

pub(crate) fn read_batch(row: &Row<'_>) -> Result<Batch, LedgerError> {
    Ok(Batch {
        id: BatchId(row.get(0)?),
        created_at: Timestamp(row.get(1)?),
        profile: row.get(2)?,
        key: ApiKeyId { origin: row.get(3)?, fingerprint: Fingerprint(row.get(4)?) },
        run_options: row.get(5)?,
        plan_complete: row.get(6)?,
        machine: row.get(7)?,
    })
}

pub(crate) const SELECT_INPUT: &str = "SELECT id, batch, attempt, name, target, state, duration_ms, \
     failure, output_sha256, output_size, done_at FROM batch_inputs";

pub(crate) fn read_input(row: &Row<'_>) -> Result<BatchInput, LedgerError> {
    let state: String = row.get(5)?;
    let failure: Option<String> = row.get(7)?;
    let sha256: Option<String> = row.get(8)?;
    let size: Option<i64> = row.get(9)?;
    Ok(BatchInput {
        id: InputId(row.get(0)?),
        batch: BatchId(row.get(1)?),
        attempt: row.get::<_, Option<i64>>(2)?.map(AttemptId),
        name: row.get(3)?,
        target: row.get::<_, Option<Vec<u8>>>(4)?.map(Target::from_bytes),
        state: InputState::parse(&state)?,
        duration_ms: row.get(6)?,
        output: sha256.zip(size.map(i64::cast_unsigned)),
        done_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
        failure: failure.as_deref().map(decode_failure).transpose()?,
    })
}

pub(crate) fn count_inputs(tx: &Tx<'_>, batch: BatchId) -> Result<InputCounts, LedgerError> {
    let mut counts = InputCounts::default();
    // One query per state: grouping compares each row's state and takes 1.5 times as long.
    let sql = "SELECT count(*) FROM batch_inputs WHERE batch = ?1 AND state = ?2";
    for &state in InputState::ALL {
        let number: usize =
            tx.query_row(sql, params![batch.0, state.as_str()], |row| row.get(0))?;
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
