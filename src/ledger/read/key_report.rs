//! What each key has to do with the attempts: figures of its work, which of them still need it, and
//! giving one that has sent nothing to another key.

use rusqlite::params;

use crate::ledger::ids::ApiKeyId;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, Timestamp};

/// What became of the attempts of a key.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KeyReport {
    /// Jobs that were made with it.
    pub jobs: u64,
    /// Of these, under way.
    pub open: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Waiting for a person, or not visible to the key any more.
    pub review: u64,
    /// Credits of what was started, by estimate.
    pub credits: Credits,
}

impl KeyReport {
    /// Failed jobs as a share of those that ended; none while none has.
    #[must_use]
    pub fn failure_share(&self) -> Option<f64> {
        let ended = self.completed + self.failed;
        (ended > 0).then(|| self.failed as f64 / ended as f64)
    }
}

impl Ledger {
    /// Figures of the attempts of a key that were made since `since`.
    pub fn key_report(&self, key: &ApiKeyId, since: Timestamp) -> Result<KeyReport, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT count(*) FILTER (WHERE job IS NOT NULL),
                        count(*) FILTER (WHERE job IS NOT NULL AND status NOT IN
                            ('completed', 'failed', 'needs_review', 'halted')),
                        count(*) FILTER (WHERE status = 'completed'),
                        count(*) FILTER (WHERE status = 'failed'),
                        count(*) FILTER (WHERE status IN ('needs_review', 'halted')),
                        total(estimate) FILTER (WHERE start_count > 0)
                 FROM attempts WHERE key_fingerprint = ?1 AND origin = ?2 AND created_at >= ?3",
                params![key.fingerprint.0, key.origin, since.0],
                |row| {
                    Ok(KeyReport {
                        jobs: row.get(0)?,
                        open: row.get(1)?,
                        completed: row.get(2)?,
                        failed: row.get(3)?,
                        review: row.get(4)?,
                        credits: Credits(row.get(5)?),
                    })
                },
            )?)
        })
    }

    /// How many attempts can go on only with this key: their job was, or may have been, made with
    /// it and has not come to its end, or its output was wanted and is not there yet. What a living
    /// process may be about to send with it counts too; what nobody has sent goes to another key.
    pub fn count_attempts_needing_key(&self, key: &ApiKeyId) -> Result<u64, LedgerError> {
        let is_at_work = self.count_living_processes()? > 0;
        self.read(|db| {
            Ok(db.query_row(
                "SELECT count(*) FROM attempts WHERE key_fingerprint = ?1 AND origin = ?2 AND (
                     status IN ('create_sent', 'create_doubt', 'draft', 'start_sent', 'start_doubt',
                               'start_refused', 'running', 'needs_review')
                     OR (status = 'ready' AND create_count > 0)
                     OR (?3 AND status IN ('planned', 'ready') AND EXISTS (
                         SELECT 1 FROM batch_inputs WHERE attempt = attempts.id AND state = 'open'))
                     OR (status = 'completed' AND NOT EXISTS (
                         SELECT 1 FROM batch_inputs WHERE attempt = attempts.id
                         AND (output_sha256 IS NOT NULL OR state IN ('done', 'skipped')))))",
                params![key.fingerprint.0, key.origin, is_at_work],
                |row| row.get(0),
            )?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AttemptStatus;
    use crate::ledger::tests::{batch, claimed, input, key, open, placed, reach};
    use crate::model::JobId;

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
