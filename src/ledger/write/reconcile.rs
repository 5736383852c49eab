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

impl Ledger {
    /// The server of a shared ledger, if the key's attempts have not been compared with the service
    /// since it took over. A key without attempts has nothing to compare.
    pub fn server_to_reconcile_with(&self, key: &ApiKeyId) -> Result<Option<String>, LedgerError> {
        let Database::Postgres(postgres) = &self.shared.database else { return Ok(None) };
        let server = postgres.server();
        let is_due = self.read(|tx| {
            let known = tx.query_opt(
                "SELECT reconciled_with FROM keys WHERE origin = ?1 AND key_fingerprint = ?2",
                params![key.origin, key.fingerprint.0],
                |row| row.get::<_, Option<String>>(0),
            )?;
            if known.flatten().as_deref() == Some(server) {
                return Ok(false);
            }
            tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM attempts
                                WHERE origin = ?1 AND key_fingerprint = ?2
                                  AND status <> 'planned')",
                params![key.origin, key.fingerprint.0],
                |row| row.get(0),
            )
        })?;
        if !is_due {
            self.write(|tx| self.mark_reconciled(tx, key, server))?;
        }
        Ok(is_due.then(|| server.to_owned()))
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
            lock_key(tx, key)?;
            let known = tx.query_opt(
                "SELECT reconciled_with FROM keys WHERE origin = ?1 AND key_fingerprint = ?2",
                params![key.origin, key.fingerprint.0],
                |row| row.get::<_, Option<String>>(0),
            )?;
            if known.flatten().as_deref() == Some(server) {
                return Ok(0);
            }
            let mut changed = 0;
            for job in jobs {
                changed += self.reconcile_job(tx, key, job)?;
            }
            self.mark_reconciled(tx, key, server)?;
            Ok(changed)
        })
    }

    fn mark_reconciled(
        &self,
        tx: &Tx<'_>,
        key: &ApiKeyId,
        server: &str,
    ) -> Result<usize, LedgerError> {
        tx.execute(
            "INSERT INTO keys (origin, key_fingerprint, first_at, reconciled_with)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (origin, key_fingerprint) DO UPDATE SET reconciled_with = ?4",
            params![key.origin, key.fingerprint.0, self.now_ms(), server],
        )
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
        assert_eq!(ledger.server_to_reconcile_with(&key()).unwrap(), None, "there is nothing yet");
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
        assert_eq!(ledger.server_to_reconcile_with(&key()).unwrap(), None, "it is the same server");
        let Database::Postgres(_) = &ledger.shared.database else { return };
        let forget = "UPDATE keys SET reconciled_with = 'the one before'";
        ledger.write(|tx| tx.execute(forget, params![])).unwrap();
        let server = ledger.server_to_reconcile_with(&key()).unwrap().unwrap();
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
        assert_eq!(ledger.server_to_reconcile_with(&key()).unwrap(), None);
        assert_eq!(ledger.reconcile(&key(), &server, &jobs).unwrap(), 0, "another was first");
    }
}
