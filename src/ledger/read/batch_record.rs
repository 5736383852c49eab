//! A batch with its inputs and attempts, for `report`.

use std::collections::BTreeMap;

use super::status::read_step;
use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::{ATTEMPT_COLUMNS, Attempt};
use crate::ledger::rows::batch::{Batch, BatchInput, SELECT_INPUT, batch_by_id, read_input};
use crate::ledger::rows::ids::{AttemptId, BatchId};
use crate::ledger::rows::step::AttemptStep;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, Timestamp};

#[derive(Debug, Clone)]
pub struct BatchRecord {
    pub batch: Batch,
    pub finished_at: Option<Timestamp>,
    /// In the order in which they were named.
    pub inputs: Vec<BatchInput>,
    /// The attempts that the inputs refer to.
    pub attempts: BTreeMap<AttemptId, AttemptRecord>,
}

#[derive(Debug, Clone)]
pub struct AttemptRecord {
    pub attempt: Attempt,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub started_by_batch: Option<BatchId>,
    /// Amount that the service charged, once `usage --reconcile` has compared it.
    pub charged: Option<Credits>,
    /// Log of the attempt, in order.
    pub steps: Vec<AttemptStep>,
}

impl Ledger {
    /// The newest batch whose plan is complete.
    pub fn latest_batch(&self) -> Result<Option<BatchId>, LedgerError> {
        self.read(|tx| {
            let newest = "SELECT max(id) FROM batches WHERE plan_complete";
            Ok(tx.query_row(newest, params![], |row| row.get::<_, Option<i64>>(0))?.map(BatchId))
        })
    }

    /// `None` if there is no such batch.
    pub fn batch_record(&self, id: BatchId) -> Result<Option<BatchRecord>, LedgerError> {
        self.snapshot(|tx| {
            let Some(batch) = batch_by_id(tx, id)? else { return Ok(None) };
            let finished_at = tx.query_row(
                "SELECT finished_at FROM batches WHERE id = ?1",
                params![id.0],
                |row| row.get::<_, Option<i64>>(0),
            )?;
            let mut attempts = self.attempts_of_batch(tx, id)?;
            for (attempt, step) in steps_of_batch(tx, id)? {
                if let Some(record) = attempts.get_mut(&attempt) {
                    record.steps.push(step);
                }
            }
            Ok(Some(BatchRecord {
                batch,
                finished_at: finished_at.map(Timestamp),
                inputs: inputs_of_batch(tx, id)?,
                attempts,
            }))
        })
    }

    fn attempts_of_batch(
        &self,
        tx: &Tx<'_>,
        id: BatchId,
    ) -> Result<BTreeMap<AttemptId, AttemptRecord>, LedgerError> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS}, created_at, finished_at, started_by_batch, charged
             FROM attempts WHERE id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1)"
        );
        let attempts = tx.query(&sql, params![id.0], |row| {
            let record = AttemptRecord {
                attempt: self.read_attempt(row)?,
                created_at: Timestamp(row.get("created_at")?),
                finished_at: row.get::<_, Option<i64>>("finished_at")?.map(Timestamp),
                started_by_batch: row.get::<_, Option<i64>>("started_by_batch")?.map(BatchId),
                charged: row.get::<_, Option<f64>>("charged")?.map(Credits),
                steps: Vec::new(),
            };
            Ok((record.attempt.id, record))
        })?;
        Ok(attempts.into_iter().collect())
    }
}

fn inputs_of_batch(tx: &Tx<'_>, id: BatchId) -> Result<Vec<BatchInput>, LedgerError> {
    let sql = format!("{SELECT_INPUT} WHERE batch = ?1 ORDER BY id");
    tx.query(&sql, params![id.0], read_input)
}

/// The log of every attempt of the batch, in order.
fn steps_of_batch(tx: &Tx<'_>, id: BatchId) -> Result<Vec<(AttemptId, AttemptStep)>, LedgerError> {
    tx.query(
        "SELECT attempt, at, status, note, request_id FROM attempt_log
         WHERE attempt IN (SELECT attempt FROM batch_inputs WHERE batch = ?1)
         ORDER BY attempt, id",
        params![id.0],
        |row| Ok((AttemptId(row.get(0)?), read_step(row)?)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AttemptStatus;
    use crate::ledger::StepAction;
    use crate::ledger::tests::{batch, claimed, input, open, placed};
    use crate::model::JobId;

    crate::ledger::tests::on_postgres!(
        a_record_has_the_inputs_attempts_and_steps_of_its_batch_only
    );

    #[test]
    fn a_record_has_the_inputs_attempts_and_steps_of_its_batch_only() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register_process("p").unwrap();
        let earlier = batch(&ledger);
        placed(&ledger, earlier, input("k0", "/out/other", "c0"));
        let id = batch(&ledger);
        let (_, attempt, _) = placed(&ledger, id, input("k1", "/out/a", "c1"));
        placed(&ledger, id, input("k2", "/out/b", "c2"));
        let mut row = claimed(&ledger, &owner, attempt);
        row.state.job = Some(JobId("j-1".into()));
        row.state.status = AttemptStatus::Draft;
        ledger.commit(&owner, &row, &StepAction::Draft.into(), Some("r-1")).unwrap();
        row.state.status = AttemptStatus::Completed;
        ledger.commit(&owner, &row, &StepAction::Finish.into(), None).unwrap();

        let record = ledger.batch_record(id).unwrap().unwrap();
        let names: Vec<_> = record.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["/out/a", "/out/b"]);
        assert_eq!(record.attempts.len(), 2);
        let found = &record.attempts[&attempt];
        let notes: Vec<_> = found.steps.iter().map(|step| step.note.action).collect();
        assert_eq!(notes, [StepAction::Draft, StepAction::Finish]);
        assert_eq!(found.attempt.state.job, Some(JobId("j-1".into())));
        assert_eq!(
            (found.created_at, found.finished_at),
            (Timestamp(1_000), Some(Timestamp(1_000)))
        );
        assert!(ledger.batch_record(BatchId(99)).unwrap().is_none());
    }
}
