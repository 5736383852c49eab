//! What each key has to do with the attempts: figures of its work, which of them still need it, and
//! giving one that has sent nothing to another key.

use rusqlite::params;

use crate::ledger::attempt_state::{AttemptState, AttemptStatus};
use crate::ledger::ids::ApiKeyId;
use crate::ledger::process_lease::{ProcessLease, is_alive};
use crate::ledger::write::attempts::{Attempt, Commit};
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
    ///
    /// # Errors
    /// The ledger cannot be read.
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
    ///
    /// # Errors
    /// The ledger cannot be read.
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

    /// How many processes work with this ledger. One that only looks is none of them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn count_living_processes(&self) -> Result<u64, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT lock_file FROM processes")?;
            let locks = statement.query_map([], |row| row.get::<_, String>(0))?;
            let mut living = 0;
            for lock in locks {
                living += u64::from(is_alive(&self.shared.owners, &lock?));
            }
            Ok(living)
        })
    }

    /// Gives an attempt that is ours and has sent no create to another key, as if it had just been
    /// planned with it. One that may have a job is never given away: only its own key sees it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn reassign_to_key(
        &self,
        owner: &ProcessLease,
        attempt: &mut Attempt,
        key: &ApiKeyId,
        profile: &str,
    ) -> Result<Commit, LedgerError> {
        let given = self.write(|tx| {
            Ok(tx.execute(
                "UPDATE attempts SET key_fingerprint = ?4, profile = ?5, status = 'planned',
                     video_url = NULL, upload_reused = 0
                 WHERE id = ?1 AND owner = ?2 AND epoch = ?3 AND origin = ?6
                   AND status IN ('planned', 'ready') AND job IS NULL
                   AND create_count = 0 AND start_count = 0",
                params![
                    attempt.id.0,
                    owner.id.0,
                    attempt.epoch,
                    key.fingerprint.0,
                    profile,
                    key.origin
                ],
            )?)
        })?;
        if given == 0 {
            return Ok(Commit::LeaseLost);
        }
        attempt.work.key = key.clone();
        profile.clone_into(&mut attempt.work.profile);
        attempt.state = AttemptState {
            status: AttemptStatus::Planned,
            video_url: None,
            upload_reused: false,
            ..attempt.state.clone()
        };
        Ok(Commit::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
