//! A shared ledger and the jobs at the service, after the server was replaced.

use std::collections::BTreeMap;

use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::AttemptStatus;
use crate::ledger::rows::columns::encode;
use crate::ledger::rows::ids::{ApiKeyId, AttemptId};
use crate::ledger::write::attempts::lock_key;
use crate::ledger::write::dedupe::{NewInput, insert_attempt, next_number};
use crate::ledger::write::listed_jobs::{
    JobProgress, JobRecord, ListedJob, ListedJobEnd, reconciled_state, restored_state,
};
use crate::ledger::{Ledger, LedgerError, Tx};
use crate::model::{JobId, Timestamp};

/// A comparison of a key's attempts with its jobs at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueReconciliation {
    /// The server of the ledger.
    pub server: String,
    /// The attempts of this key or of another one were compared before, with another server.
    pub is_after_failover: bool,
}

/// Result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Attempts that were behind the service.
    pub behind: usize,
    /// Attempts that the ledger did not have.
    pub restored: usize,
}

impl Ledger {
    /// Whether the key's attempts have to be compared with the service: they have not been since the
    /// server of a shared ledger took over, or never. A key without a row may have lost it in a fail-over.
    pub fn due_reconciliation(
        &self,
        key: &ApiKeyId,
    ) -> Result<Option<DueReconciliation>, LedgerError> {
        let Some(server) = &self.shared.server else { return Ok(None) };
        self.read(|tx| {
            let earlier = reconciled_with(tx, key)?;
            if earlier == *server {
                return Ok(None);
            }
            // Until all keys were compared, one of them shows that the server was replaced.
            let is_after_failover = !earlier.is_empty() || was_replaced(tx, server)?;
            Ok(Some(DueReconciliation { server: server.to_owned(), is_after_failover }))
        })
    }

    /// When the oldest attempt of the key was planned that has not ended.
    pub fn oldest_open_attempt(&self, key: &ApiKeyId) -> Result<Option<Timestamp>, LedgerError> {
        self.query_row(
            "SELECT min(created_at) FROM attempts
             WHERE key_fingerprint = ?1 AND origin = ?2
               AND status NOT IN ('completed', 'failed', 'planned')",
            params![key.fingerprint, key.origin],
        )
    }

    /// Brings attempts in line with the listed jobs, and restores those that the ledger does not have,
    /// unless another process was first.
    pub fn reconcile(
        &self,
        key: &ApiKeyId,
        server: &str,
        jobs: &[ListedJob],
    ) -> Result<Reconciled, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            // An input that is planned meanwhile finds its attempt, or its attempt finds the job.
            tx.lock("plan");
            lock_key(tx, key);
            let mut reconciled = Reconciled::default();
            if reconciled_with(tx, key)? == server {
                return Ok(reconciled);
            }
            let mut listed = BTreeMap::<AttemptId, Vec<(JobId, JobProgress)>>::new();
            let mut lost = BTreeMap::<&str, Vec<(&ListedJob, &JobRecord)>>::new();
            for job in jobs {
                if let Some(attempt) = attempt_of(tx, key, job)? {
                    listed.entry(attempt).or_default().push((job.job.clone(), job.progress));
                } else if let (Some(id), Some(record)) = (&job.correlation_id, &job.record) {
                    lost.entry(id).or_default().push((job, record));
                }
            }
            for (attempt, jobs) in &listed {
                reconciled.behind += self.reconcile_attempt(tx, *attempt, jobs)?;
            }
            reconciled.restored = self.restore_attempts(tx, &lost, now)?;
            tx.queue(
                "INSERT INTO keys (origin, key_fingerprint, first_at, reconciled_with)
                 VALUES (?1, ?2, ?4, ?3)
                 ON CONFLICT (origin, key_fingerprint) DO UPDATE SET reconciled_with = ?3",
                params![key.origin, key.fingerprint, server, now],
            )?;
            Ok(reconciled)
        })
    }

    /// Restores attempts by their jobs, which have the correlation ids of the lost rows. An input with the
    /// same content joins the one with the highest number.
    fn restore_attempts(
        &self,
        tx: &Tx<'_>,
        lost: &BTreeMap<&str, Vec<(&ListedJob, &JobRecord)>>,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut restored = Vec::new();
        for (correlation_id, jobs) in lost {
            let listed: Vec<_> =
                jobs.iter().map(|(job, _)| (job.job.clone(), job.progress)).collect();
            let Some(state) = restored_state(&listed, self.shared.clock.now()) else { continue };
            let followed = jobs.iter().find(|(job, _)| state.job.as_ref() == Some(&job.job));
            let Some((_, record)) = followed.or(jobs.first()) else { continue };
            let end = record.end.as_ref().filter(|_| state.status == AttemptStatus::Running);
            let rank = match (end, state.status) {
                (Some(ListedJobEnd::Failed(_)), _) => 0,
                (None, AttemptStatus::NeedsReview) => 1,
                (None, AttemptStatus::StartSent) => 2,
                (None, _) => 3,
                (Some(ListedJobEnd::Completed), _) => 4,
            };
            restored.push((rank, correlation_id, listed, record, end));
        }
        restored.sort_by_key(|(rank, ..)| *rank);
        let mut count = 0;
        for (_, correlation_id, jobs, record, end) in restored {
            if is_correlation_id_taken(tx, correlation_id)? {
                continue;
            }
            let number = next_number(tx, &record.work.content_key)?;
            let new = NewInput {
                name: String::new(),
                target: None,
                work: record.work.clone(),
                correlation_id: (*correlation_id).to_owned(),
                again: false,
            };
            let created_at = record.created_at.map_or(now, |created| created.min(now));
            let id = insert_attempt(tx, &new, (number, None), created_at)?;
            self.reconcile_attempt(tx, id, &jobs)?;
            if let Some(end) = end {
                record_end(tx, id, end, now)?;
            }
            count += 1;
        }
        Ok(count)
    }

    /// The condition holds against a process that polls the attempt at the same time.
    fn reconcile_attempt(
        &self,
        tx: &Tx<'_>,
        id: AttemptId,
        jobs: &[(JobId, JobProgress)],
    ) -> Result<usize, LedgerError> {
        let before = self.load_attempt(tx, id)?.state;
        let Some(state) = reconciled_state(&before, jobs, self.shared.clock.now()) else {
            return Ok(0);
        };
        tx.execute(
            "UPDATE attempts SET status = ?3, job = ?4, draft_observation = ?5, create_count = ?6,
                 start_count = ?7, orphan_count = ?8, failure = ?9, sent_boot_ms = ?10,
                 boot_id = ?11, sent_at = ?12, epoch = epoch + 1
             WHERE id = ?1 AND status = ?2",
            params![
                id,
                before.status,
                state.status,
                state.job,
                state.draft_observation,
                state.create_count,
                state.start_count,
                state.orphan_count,
                state.failure.as_ref().map(encode).transpose()?,
                state.sent,
                self.shared.attempt_boot_id,
                self.now(),
            ],
        )
    }
}

/// The attempt that a job was created for. A job without an attempt of its own belongs to a planned one
/// of the same content.
fn attempt_of(
    tx: &Tx<'_>,
    key: &ApiKeyId,
    job: &ListedJob,
) -> Result<Option<AttemptId>, LedgerError> {
    tx.query_opt(
        "SELECT id FROM attempts
         WHERE key_fingerprint = ?1 AND origin = ?2
           AND (job = ?3 OR correlation_id = ?4
                OR content_key = ?5 AND status = 'planned' AND job IS NULL
                   AND NOT EXISTS (SELECT 1 FROM attempts AS own
                                   WHERE own.job = ?3 OR own.correlation_id = ?4))
         ORDER BY id DESC LIMIT 1",
        params![
            key.fingerprint,
            key.origin,
            job.job,
            job.correlation_id.as_deref().unwrap_or_default(),
            job.content_key.as_deref().unwrap_or_default()
        ],
    )
}

/// The server with which the attempts of a key were last compared; empty before the first time.
fn reconciled_with(tx: &Tx<'_>, key: &ApiKeyId) -> Result<String, LedgerError> {
    let known = tx.query_opt(
        "SELECT coalesce(reconciled_with, '') FROM keys WHERE origin = ?1 AND key_fingerprint = ?2",
        params![key.origin, key.fingerprint],
    )?;
    Ok(known.unwrap_or_default())
}

/// Whether a key was last compared with another server.
fn was_replaced(tx: &Tx<'_>, server: &str) -> Result<bool, LedgerError> {
    tx.query_row("SELECT EXISTS (SELECT 1 FROM keys WHERE reconciled_with <> ?1)", params![server])
}

fn is_correlation_id_taken(tx: &Tx<'_>, id: &str) -> Result<bool, LedgerError> {
    tx.query_row("SELECT EXISTS (SELECT 1 FROM attempts WHERE correlation_id = ?1)", params![id])
}

/// An attempt whose job has ended occupies no slot until somebody polls it.
fn record_end(
    tx: &Tx<'_>,
    id: AttemptId,
    end: &ListedJobEnd,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let (status, failure) = match end {
        ListedJobEnd::Completed => (AttemptStatus::Completed, None),
        ListedJobEnd::Failed(failure) => (AttemptStatus::Failed, Some(encode(failure)?)),
    };
    tx.queue(
        "UPDATE attempts SET status = ?2, failure = ?3, finished_at = ?4 WHERE id = ?1",
        params![id, status, failure, now],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::rows::attempt::{AttemptSpec, AttemptState, InputSource};
    use crate::ledger::tests::{
        batch, claimed, input, key, on_postgres, open_shared, placed, reach,
    };
    use crate::ledger::{ProcessLease, Reconciled};
    use crate::model::{Failure, FailureKind, Fingerprint};

    on_postgres!(
        starts_that_a_failover_lost_are_followed_again,
        attempts_that_a_failover_lost_are_restored_and_joined_by_their_inputs,
        a_key_without_a_row_waits_like_the_others_after_a_failover,
    );

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
            record: None,
        }
    }

    /// A job whose attempt may be restored.
    fn recorded(
        n: u32,
        content: &str,
        progress: JobProgress,
        end: Option<ListedJobEnd>,
    ) -> ListedJob {
        let job = JobId(format!("j{n}"));
        let new = input(content, "", "");
        let work = AttemptSpec {
            source: InputSource::of_job(&job),
            profile: "other".into(),
            duration: None,
            estimate: None,
            ..new.work
        };
        let record = JobRecord { work, created_at: Some(Timestamp(7)), end };
        ListedJob {
            content_key: Some(content.to_owned()),
            record: Some(record),
            ..listed(n, progress)
        }
    }

    /// The key's attempts have been compared with the server before the present one.
    fn replace_server(ledger: &Ledger) {
        let sql = "UPDATE keys SET reconciled_with = 'the one before'";
        ledger.write(|tx| tx.execute(sql, params![])).unwrap();
    }

    fn jobs_of(ledger: &Ledger, content: &str) -> Vec<(u32, AttemptStatus, Option<String>)> {
        let sql = "SELECT id FROM attempts WHERE content_key = ?1 ORDER BY number";
        let ids = ledger.read(|tx| tx.query(sql, params![content])).unwrap();
        let job = |id| {
            let attempt = ledger.attempt(id).unwrap();
            (attempt.number, attempt.state.status, attempt.state.job.map(|job| job.0))
        };
        ids.into_iter().map(job).collect()
    }

    #[test]
    fn attempts_that_a_failover_lost_are_restored_and_joined_by_their_inputs() {
        use JobProgress::{Draft, PerhapsStarted, Started};
        let dir = tempfile::tempdir().unwrap();
        let ledger = open_shared(dir.path());
        let server = ledger.shared.server.clone().unwrap();
        let failed = || {
            let why = Failure::new(FailureKind::JobFailed, "the job failed", "no subject");
            Some(ListedJobEnd::Failed(why))
        };
        let of_one_attempt =
            |n: u32, job: ListedJob| ListedJob { correlation_id: Some(format!("c{n}")), ..job };
        let jobs = [
            recorded(1, "running", Started, None),
            recorded(2, "draft", Draft, None),
            recorded(3, "pending", PerhapsStarted, None),
            recorded(4, "done", Started, Some(ListedJobEnd::Completed)),
            recorded(5, "failed", Started, failed()),
            // Two attempts of one content: the output is what an input wants.
            recorded(7, "twice", Started, Some(ListedJobEnd::Completed)),
            recorded(6, "twice", Started, failed()),
            // Two jobs of one attempt.
            recorded(8, "either", PerhapsStarted, None),
            of_one_attempt(8, recorded(9, "either", PerhapsStarted, None)),
            // Too old, or without our metadata.
            listed(10, Started),
            ListedJob { correlation_id: None, ..recorded(11, "nameless", Started, None) },
        ];
        let reconciled = ledger.reconcile(&key(), &server, &jobs).unwrap();
        assert_eq!(reconciled, Reconciled { behind: 0, restored: 7 });
        let on = |number, status, job: &str| (number, status, Some(job.to_owned()));
        for (content, restored) in [
            ("running", vec![on(1, AttemptStatus::Running, "j1")]),
            ("draft", vec![]),
            ("pending", vec![on(1, AttemptStatus::StartSent, "j3")]),
            ("done", vec![on(1, AttemptStatus::Completed, "j4")]),
            ("failed", vec![on(1, AttemptStatus::Failed, "j5")]),
            (
                "twice",
                vec![on(1, AttemptStatus::Failed, "j6"), on(2, AttemptStatus::Completed, "j7")],
            ),
            ("either", vec![(1, AttemptStatus::NeedsReview, None)]),
            ("k10", vec![]),
            ("nameless", vec![]),
        ] {
            assert_eq!(jobs_of(&ledger, content), restored, "{content}");
        }
        assert_eq!(ledger.count_in_flight(&key(), None).unwrap(), 2, "what ended occupies no slot");
        let names: Vec<String> =
            ledger.list_open_attempts(9).unwrap().into_iter().map(|open| open.name).collect();
        assert_eq!(names, ["job j1", "job j3", "job j8"]);
        let costs = ledger.attempt_costs(Timestamp(0)).unwrap();
        assert!(costs.iter().all(|cost| cost.sent_from_here && cost.may_be_billed));

        // The same content is planned again, from its file.
        let again = batch(&ledger);
        let (_, joined, fresh) = placed(&ledger, again, input("running", "/out/1", "new"));
        let joined = ledger.attempt(joined).unwrap();
        assert!(!fresh);
        assert_eq!(joined.correlation_id, "c1");
        assert_eq!(joined.work, input("running", "/out/1", "new").work);
        let (_, failed, fresh) = placed(&ledger, again, input("failed", "/out/5", "new"));
        assert!(!fresh, "it may be billed");
        let retried = ledger.retry_failed_attempt(again, failed, "retried").unwrap();
        assert_eq!(ledger.attempt(retried).unwrap().work, input("failed", "/out/5", "").work);
        let (_, done, fresh) = placed(&ledger, again, input("twice", "/out/7", "new"));
        assert_eq!((ledger.attempt(done).unwrap().number, fresh), (2, false));
        let (_, _, fresh) = placed(&ledger, again, input("draft", "/out/2", "new-2"));
        assert!(fresh, "a draft costs nothing");

        replace_server(&ledger);
        let reconciled = ledger.reconcile(&key(), &server, &jobs).unwrap();
        assert_eq!(reconciled.restored, 0, "they are known now");
    }

    #[test]
    fn a_key_without_a_row_waits_like_the_others_after_a_failover() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open_shared(dir.path());
        let server = ledger.shared.server.clone().unwrap();
        let waits = |key: &ApiKeyId| {
            ledger.due_reconciliation(key).unwrap().map(|due| due.is_after_failover)
        };
        let other = ApiKeyId { fingerprint: Fingerprint("other".into()), ..key() };
        assert_eq!((waits(&key()), waits(&other)), (Some(false), Some(false)));
        ledger.reconcile(&key(), &server, &[]).unwrap();
        assert_eq!((waits(&key()), waits(&other)), (None, Some(false)));
        replace_server(&ledger);
        assert_eq!((waits(&key()), waits(&other)), (Some(true), Some(true)));
        ledger.reconcile(&other, &server, &[]).unwrap();
        assert_eq!((waits(&key()), waits(&other)), (Some(true), None));
    }

    #[test]
    fn starts_that_a_failover_lost_are_followed_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open_shared(dir.path());
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
        let first = ledger.due_reconciliation(&key()).unwrap().unwrap();
        assert!(!first.is_after_failover);
        assert_eq!(ledger.reconcile(&key(), &first.server, &[]).unwrap(), Reconciled::default());
        assert_eq!(ledger.due_reconciliation(&key()).unwrap(), None, "it is the same server");
        replace_server(&ledger);
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
        assert_eq!(ledger.reconcile(&key(), &server, &jobs).unwrap().behind, 4);
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
        assert_eq!(
            ledger.reconcile(&key(), &server, &jobs).unwrap().behind,
            0,
            "another was first"
        );
    }
}
