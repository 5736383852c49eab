//! Figures of a key, and the attempts that still need it.

use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::ids::ApiKeyId;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, Timestamp};

/// Numbers of a key's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KeyReport {
    /// Jobs created with the key.
    pub jobs: u64,
    /// Of these, not final.
    pub open: u64,
    pub completed: u64,
    pub failed: u64,
    /// Waiting for a person, or no longer visible to the key.
    pub review: u64,
    /// Estimated credits of what was started.
    pub credits: Credits,
}

impl FromRow for KeyReport {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            jobs: row.get("jobs")?,
            open: row.get("open")?,
            completed: row.get("completed")?,
            failed: row.get("failed")?,
            review: row.get("review")?,
            credits: row.get("credits")?,
        })
    }
}

impl KeyReport {
    /// Share of failed jobs among the ended ones; `None` without any.
    #[must_use]
    pub fn failure_share(&self) -> Option<f64> {
        let ended = self.completed + self.failed;
        (ended > 0).then(|| self.failed as f64 / ended as f64)
    }
}

impl Ledger {
    /// Figures of the key's attempts created since `since`.
    pub fn key_report(&self, key: &ApiKeyId, since: Timestamp) -> Result<KeyReport, LedgerError> {
        self.query_row(
            "SELECT count(*) FILTER (WHERE job IS NOT NULL) AS jobs,
                    count(*) FILTER (WHERE job IS NOT NULL AND status NOT IN
                        ('completed', 'failed', 'needs_review', 'halted')) AS open,
                    count(*) FILTER (WHERE status = 'completed') AS completed,
                    count(*) FILTER (WHERE status = 'failed') AS failed,
                    count(*) FILTER (WHERE status IN ('needs_review', 'halted')) AS review,
                    coalesce(sum(estimate) FILTER (WHERE start_count > 0), 0.0) AS credits
             FROM attempts WHERE key_fingerprint = ?1 AND origin = ?2 AND created_at >= ?3",
            params![key.fingerprint, key.origin, since],
        )
    }

    /// Number of attempts that need this key: their job was, or may have been, created with it and
    /// has not ended, or its output is missing. What a living process may be about to send with it
    /// counts too; any other unsent attempt is reassigned to another key.
    pub fn count_attempts_needing_key(&self, key: &ApiKeyId) -> Result<u64, LedgerError> {
        let is_at_work = self.count_living_processes()? > 0;
        self.query_row(
            "SELECT count(*) FROM attempts WHERE key_fingerprint = ?1 AND origin = ?2 AND (
                 status IN ('create_sent', 'create_doubt', 'draft', 'start_sent', 'start_doubt',
                           'start_refused', 'running', 'needs_review')
                 OR (status = 'ready' AND create_count > 0)
                 OR (?3 AND status IN ('planned', 'ready') AND EXISTS (
                     SELECT 1 FROM batch_inputs WHERE attempt = attempts.id AND state = 'open'))
                 OR (status = 'completed' AND NOT EXISTS (
                     SELECT 1 FROM batch_inputs WHERE attempt = attempts.id
                     AND (output_sha256 IS NOT NULL OR state IN ('done', 'skipped')))))",
            params![key.fingerprint, key.origin, is_at_work],
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::ledger::AttemptStatus;
    use crate::ledger::tests::{batch, claimed, input, key, open, placed, reach};
    use crate::model::JobId;

    crate::ledger::tests::on_postgres!(
        what_is_planned_needs_its_key_only_while_a_process_may_send_it,
        every_phase_that_only_its_key_can_bring_to_an_end_needs_it
    );

    #[test]
    fn what_is_planned_needs_its_key_only_while_a_process_may_send_it() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
        assert_eq!(ledger.count_attempts_needing_key(&key()).unwrap(), 0);
        let owner = ledger.register_process("p").unwrap();
        assert_eq!(ledger.count_attempts_needing_key(&key()).unwrap(), 1);
        assert_eq!(ledger.count_living_processes().unwrap(), 1);
        drop(owner);
        assert_eq!(
            ledger.count_attempts_needing_key(&key()).unwrap(),
            0,
            "it goes to the other key"
        );
    }

    #[test]
    fn every_phase_that_only_its_key_can_bring_to_an_end_needs_it() {
        for &status in AttemptStatus::ALL {
            let dir = tempfile::tempdir().unwrap();
            let ledger = open(dir.path());
            let owner = ledger.register_process("p").unwrap();
            let (_, id, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
            let mut attempt = claimed(&ledger, &owner, id);
            if !matches!(status, AttemptStatus::Planned | AttemptStatus::Ready) {
                attempt.state.create_count = 1;
                attempt.state.job = Some(JobId("j-1".into()));
            }
            reach(&ledger, &owner, &mut attempt, status);
            ledger.release(&owner, &attempt).unwrap();
            drop(owner);
            let free = [
                AttemptStatus::Planned,
                AttemptStatus::Ready,
                AttemptStatus::Failed,
                AttemptStatus::Halted,
            ];
            let needing = ledger.count_attempts_needing_key(&key()).unwrap();
            assert_eq!(needing, u64::from(!free.contains(&status)), "{status:?}");
        }
    }
}
