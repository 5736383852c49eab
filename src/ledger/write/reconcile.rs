//! A shared ledger and the jobs at the service, after the server was replaced.

use crate::ledger::database::Database;
use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::{AttemptStatus, UNSTARTED_STATUSES};
use crate::ledger::rows::ids::ApiKeyId;
use crate::ledger::write::attempts::lock_key;
use crate::ledger::{Ledger, LedgerError, Tx};
use crate::model::{JobId, Timestamp};

/// A job as the service lists it.
#[derive(Debug, Clone)]
pub struct ListedJob {
    pub job: JobId,
    pub correlation_id: Option<String>,
    pub content_key: Option<String>,
    pub progress: JobProgress,
}

/// How far a listed job certainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobProgress {
    Draft,
    PerhapsStarted,
    Started,
}

/// A comparison of a key's attempts with its jobs at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReconciliation {
    /// The server of the ledger.
    pub server: String,
    /// They were compared before, with another server.
    pub is_after_failover: bool,
}

impl Ledger {
    /// Whether the key's attempts have to be compared with the service: they have not been since the
    /// server of a shared ledger took over, or never. A key that was never used has no attempts.
    pub fn due_reconciliation(
        &self,
        key: &ApiKeyId,
    ) -> Result<Option<DueReconciliation>, LedgerError> {
        let Database::Postgres(postgres) = &self.shared.database else { return Ok(None) };
        let server = postgres.server();
        let known = self.read(|tx| reconciled_with(tx, key))?;
        let due = known.filter(|earlier| earlier != server);
        Ok(due.map(|earlier| DueReconciliation {
            server: server.to_owned(),
            is_after_failover: !earlier.is_empty(),
        }))
    }

    /// When the oldest attempt of the key was planned that has not ended.
    pub fn oldest_open_attempt(&self, key: &ApiKeyId) -> Result<Option<Timestamp>, LedgerError> {
        self.read(|tx| {
            let oldest = tx.query_row(
                "SELECT min(created_at) FROM attempts
                 WHERE key_fingerprint = ?1 AND origin = ?2
                   AND status NOT IN ('completed', 'failed', 'planned')",
                params![key.fingerprint.0, key.origin],
                |row| row.get::<_, Option<i64>>(0),
            )?;
            Ok(oldest.map(Timestamp))
        })
    }

    /// Brings attempts in line with the listed jobs, unless another process was first. Returns the
    /// number of attempts that were behind.
    pub fn reconcile(
        &self,
        key: &ApiKeyId,
        server: &str,
        jobs: &[ListedJob],
    ) -> Result<usize, LedgerError> {
        self.write(|tx| {
            lock_key(tx, key);
            if reconciled_with(tx, key)?.as_deref() == Some(server) {
                return Ok(0);
            }
            let mut changed = 0;
            for job in jobs {
                changed += self.reconcile_job(tx, key, job)?;
            }
            tx.queue(
                "UPDATE keys SET reconciled_with = ?3 WHERE origin = ?1 AND key_fingerprint = ?2",
                params![key.origin, key.fingerprint.0, server],
            )?;
            Ok(changed)
        })
    }

    /// The attempt of a job that the ledger takes for not started, or does not know, is followed like
    /// one whose start got no response. A job without an attempt of its own belongs to a planned one of
    /// the same content.
    fn reconcile_job(
        &self,
        tx: &Tx<'_>,
        key: &ApiKeyId,
        job: &ListedJob,
    ) -> Result<usize, LedgerError> {
        let attempt = tx.query_opt(
            "SELECT id FROM attempts
             WHERE key_fingerprint = ?1 AND origin = ?2
               AND (job = ?3 OR correlation_id = ?4
                    OR content_key = ?5 AND status = 'planned' AND job IS NULL
                       AND NOT EXISTS (SELECT 1 FROM attempts AS own
                                       WHERE own.job = ?3 OR own.correlation_id = ?4))
             ORDER BY id DESC LIMIT 1",
            params![
                key.fingerprint.0,
                key.origin,
                job.job.0,
                job.correlation_id.as_deref().unwrap_or_default(),
                job.content_key.as_deref().unwrap_or_default()
            ],
            |row| row.get::<_, i64>(0),
        )?;
        let Some(attempt) = attempt else { return Ok(0) };
        if job.progress == JobProgress::Draft {
            return tx.execute(
                "UPDATE attempts SET job = ?2, status = 'draft', epoch = epoch + 1,
                     create_count = CASE WHEN create_count = 0 THEN 1 ELSE create_count END
                 WHERE id = ?1 AND job IS NULL
                   AND status IN ('planned', 'ready', 'create_sent', 'create_doubt')",
                params![attempt, job.job.0],
            );
        }
        let sql = format!(
            "UPDATE attempts SET job = ?2, status = ?3, epoch = epoch + 1,
                 draft_observation = CASE WHEN ?3 = 'running' THEN 'started'
                                          ELSE draft_observation END,
                 create_count = CASE WHEN create_count = 0 THEN 1 ELSE create_count END,
                 start_count = start_count + 1, sent_boot_ms = ?4, boot_id = ?5, sent_at = ?6
             WHERE id = ?1 AND status IN ({UNSTARTED_STATUSES})"
        );
        let status = match job.progress {
            JobProgress::Started => AttemptStatus::Running,
            _ => AttemptStatus::StartSent,
        };
        let (now, sent) = (self.now_ms(), self.shared.clock.now().0.cast_signed());
        let boot = &self.shared.attempt_boot_id;
        tx.execute(&sql, params![attempt, job.job.0, status.as_str(), sent, boot, now])
    }
}

/// The server with which the attempts of a key were last compared, empty before the first time; `None`
/// for a key that was never used.
fn reconciled_with(tx: &Tx<'_>, key: &ApiKeyId) -> Result<Option<String>, LedgerError> {
    tx.query_opt(
        "SELECT coalesce(reconciled_with, '') FROM keys WHERE origin = ?1 AND key_fingerprint = ?2",
        params![key.origin, key.fingerprint.0],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{batch, claimed, input, key, on_postgres, open, placed, reach};
    use crate::ledger::{AttemptState, ProcessLease};

    on_postgres!(starts_that_a_failover_lost_are_followed_again);

    /// An attempt of its own batch, in a status.
    fn attempt(ledger: &Ledger, owner: &ProcessLease, n: u32, status: AttemptStatus) -> i64 {
        let new = input(&format!("k{n}"), &format!("/out/{n}"), &format!("c{n}"));
        let (_, id, _) = placed(ledger, batch(ledger), new);
        if status != AttemptStatus::Planned {
            let mut attempt = claimed(ledger, owner, id);
            attempt.state.job = (status == AttemptStatus::Draft).then(|| JobId(format!("j{n}")));
            reach(ledger, owner, &mut attempt, status);
        }
        id.0
    }

    fn listed(n: u32, progress: JobProgress) -> ListedJob {
        ListedJob {
            job: JobId(format!("j{n}")),
            correlation_id: Some(format!("c{n}")),
            content_key: Some(format!("k{n}")),
            progress,
        }
    }

    #[test]
    fn starts_that_a_failover_lost_are_followed_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        assert_eq!(ledger.due_reconciliation(&key()).unwrap(), None, "there is nothing yet");
        let owner = ledger.register_process("p").unwrap();
        let ids: Vec<i64> = [
            AttemptStatus::Draft,
            AttemptStatus::Draft,
            AttemptStatus::Draft,
            AttemptStatus::CreateSent,
            AttemptStatus::Completed,
            AttemptStatus::Planned,
        ]
        .into_iter()
        .zip(0..)
        .map(|(status, n)| attempt(&ledger, &owner, n, status))
        .collect();
        ledger.adopt_jobs(&key(), crate::ledger::BatchId(1), &[]).unwrap();
        let Database::Postgres(_) = &ledger.shared.database else {
            return assert_eq!(ledger.due_reconciliation(&key()).unwrap(), None);
        };
        let first = ledger.due_reconciliation(&key()).unwrap().unwrap();
        assert!(!first.is_after_failover);
        assert_eq!(ledger.reconcile(&key(), &first.server, &[]).unwrap(), 0);
        assert_eq!(ledger.due_reconciliation(&key()).unwrap(), None, "it is the same server");
        let forget = "UPDATE keys SET reconciled_with = 'the one before'";
        ledger.write(|tx| tx.execute(forget, params![])).unwrap();
        let DueReconciliation { server, is_after_failover } =
            ledger.due_reconciliation(&key()).unwrap().unwrap();
        assert!(is_after_failover);
        // The row of the last one was lost with its correlation id.
        let by_another =
            ListedJob { correlation_id: Some("lost".into()), ..listed(5, JobProgress::Started) };
        let jobs = [
            listed(0, JobProgress::Started),
            listed(1, JobProgress::PerhapsStarted),
            listed(2, JobProgress::Draft),
            listed(3, JobProgress::Draft),
            listed(4, JobProgress::Started),
            by_another,
        ];
        assert_eq!(ledger.reconcile(&key(), &server, &jobs).unwrap(), 4);
        let states: Vec<AttemptState> = ids
            .iter()
            .map(|id| ledger.attempt(crate::ledger::AttemptId(*id)).unwrap().state)
            .collect();
        let statuses: Vec<AttemptStatus> = states.iter().map(|state| state.status).collect();
        assert_eq!(
            statuses,
            [
                AttemptStatus::Running,
                AttemptStatus::StartSent,
                AttemptStatus::Draft,
                AttemptStatus::Draft,
                AttemptStatus::Completed,
                AttemptStatus::Running,
            ]
        );
        assert_eq!(states[5].job, Some(JobId("j5".into())), "found by its content");
        assert!(states[1].sent.is_some() && states[1].start_count == 1);
        assert_eq!(ledger.due_reconciliation(&key()).unwrap(), None);
        assert_eq!(ledger.reconcile(&key(), &server, &jobs).unwrap(), 0, "another was first");
    }
}
