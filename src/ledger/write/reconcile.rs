//! A shared ledger and the jobs at the service, after the server was replaced.

use std::collections::BTreeMap;

use crate::ledger::database::value::params;
use crate::ledger::rows::attempt::{AttemptState, AttemptStatus, DraftObservation};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId};
use crate::ledger::rows::json_columns::encode;
use crate::ledger::write::attempts::lock_key;
use crate::ledger::{Ledger, LedgerError, Tx};
use crate::model::{Failure, FailureKind, Instant, JobId, Timestamp};

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
        let Some(server) = &self.shared.server else { return Ok(None) };
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
            let mut listed = BTreeMap::<i64, Vec<(JobId, JobProgress)>>::new();
            for job in jobs {
                if let Some(attempt) = attempt_of(tx, key, job)? {
                    listed.entry(attempt).or_default().push((job.job.clone(), job.progress));
                }
            }
            let mut changed = 0;
            for (attempt, jobs) in &listed {
                changed += self.reconcile_attempt(tx, AttemptId(*attempt), jobs)?;
            }
            tx.queue(
                "UPDATE keys SET reconciled_with = ?3 WHERE origin = ?1 AND key_fingerprint = ?2",
                params![key.origin, key.fingerprint.0, server],
            )?;
            Ok(changed)
        })
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
                id.0,
                before.status.as_str(),
                state.status.as_str(),
                state.job.as_ref().map(|job| &job.0),
                state.draft_observation.as_str(),
                state.create_count,
                state.start_count,
                state.orphan_count,
                state.failure.as_ref().map(encode).transpose()?,
                state.sent.map(|sent| sent.0.cast_signed()),
                self.shared.attempt_boot_id,
                self.now_ms(),
            ],
        )
    }
}

/// The attempt that a job was created for. A job without an attempt of its own belongs to a planned one
/// of the same content.
fn attempt_of(tx: &Tx<'_>, key: &ApiKeyId, job: &ListedJob) -> Result<Option<i64>, LedgerError> {
    tx.query_opt(
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
    )
}

/// The state of an attempt that is behind `jobs`, those that the service lists of it; `None` if it is
/// not. No request of an earlier process may be in flight any more.
///
/// An attempt can be behind if no start of it is known, if it may have created another job after a start (a job
/// that the service does not know any more is replaced), or if a person decided and the decision was lost. A job
/// that has perhaps started is followed like one whose start got no response. Of several such jobs, nobody can
/// tell which was started.
#[must_use]
pub fn reconciled_state(
    before: &AttemptState,
    jobs: &[(JobId, JobProgress)],
    now: Instant,
) -> Option<AttemptState> {
    let is_sent = matches!(before.status, AttemptStatus::StartSent | AttemptStatus::StartRefused);
    let in_review = before.status == AttemptStatus::NeedsReview;
    if jobs.is_empty() || !(before.status.is_unstarted() || is_sent || in_review) {
        return None;
    }
    // The state machine decides about the job whose start was sent.
    let others = jobs.iter().filter(|(job, _)| !is_sent || before.job.as_ref() != Some(job));
    let with = |progress| others.clone().filter(move |job| job.1 == progress).map(|(job, _)| job);
    let started = with(JobProgress::Started).next();
    let perhaps: Vec<&JobId> = with(JobProgress::PerhapsStarted).collect();
    let draft = with(JobProgress::Draft).next();
    let followed = |job: &JobId, status, draft_observation| AttemptState {
        status,
        job: Some(job.clone()),
        draft_observation,
        create_count: before.create_count.max(1),
        start_count: before.start_count + u32::from(status != AttemptStatus::Draft),
        sent: Some(now),
        failure: None,
        ..before.clone()
    };
    let state = match (started, perhaps.as_slice(), draft) {
        (Some(job), ..) => followed(job, AttemptStatus::Running, DraftObservation::Started),
        // Its start is in doubt already.
        _ if in_review && before.job.is_some() => before.clone(),
        (None, [job], _) if !is_sent => {
            followed(job, AttemptStatus::StartSent, before.draft_observation)
        }
        (None, [_, ..], _) => in_doubt_between(before),
        (None, [], Some(job)) if before.job.is_none() => {
            followed(job, AttemptStatus::Draft, before.draft_observation)
        }
        (None, [], _) => before.clone(),
    };
    let left = jobs.iter().filter(|(job, _)| state.job.as_ref() != Some(job)).count();
    let state = AttemptState {
        orphan_count: state.orphan_count.max(u32::try_from(left).unwrap_or(u32::MAX)),
        ..state
    };
    (state != *before).then_some(state)
}

fn in_doubt_between(before: &AttemptState) -> AttemptState {
    let why = "the ledger lost its last changes, and one of several jobs may be running";
    let next = "rbgv resume --abandon, and rbgv fetch with the job that ran";
    let failure =
        Failure::new(FailureKind::NeedsReview, "cannot continue safely", why).with_next(next);
    AttemptState {
        status: AttemptStatus::NeedsReview,
        job: None,
        start_count: before.start_count + 1,
        failure: Some(failure),
        ..before.clone()
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
    use crate::ledger::ProcessLease;
    use crate::ledger::tests::{batch, claimed, input, key, on_postgres, open, placed, reach};

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
    fn all_jobs_of_an_attempt_decide_together() {
        use AttemptStatus as S;
        use JobProgress::{Draft, PerhapsStarted, Started};
        let corrected = |status, job: Option<&str>, jobs: &[(&str, JobProgress)]| {
            let job = job.map(|job| JobId(job.to_owned()));
            let before = AttemptState { status, job, ..AttemptState::planned() };
            let jobs: Vec<_> =
                jobs.iter().map(|(job, progress)| (JobId((*job).to_owned()), *progress)).collect();
            let backwards: Vec<_> = jobs.iter().rev().cloned().collect();
            let now = Instant(9);
            let state = reconciled_state(&before, &jobs, now);
            assert_eq!(state, reconciled_state(&before, &backwards, now), "whatever the order");
            state.map(|state| (state.status, state.job.map(|job| job.0), state.orphan_count))
        };
        let on = |status, job: &str, orphans| Some((status, Some(job.to_owned()), orphans));
        let review = Some((S::NeedsReview, None, 2));
        let running_and_draft = [("a", Started), ("b", Draft)];
        let pending = [("a", PerhapsStarted), ("b", PerhapsStarted)];
        for (status, job) in [(S::Planned, None), (S::CreateSent, None), (S::Draft, Some("b"))] {
            assert_eq!(corrected(status, job, &running_and_draft), on(S::Running, "a", 1));
            assert_eq!(corrected(status, job, &pending), review, "either may run");
            let pending = [("a", PerhapsStarted), ("b", Draft)];
            assert_eq!(corrected(status, job, &pending), on(S::StartSent, "a", 1));
        }
        // The job whose start was sent is left to the state machine, unless another one took its place.
        for status in [S::StartSent, S::StartRefused] {
            assert_eq!(corrected(status, Some("a"), &[("a", Started)]), None);
            assert_eq!(corrected(status, Some("a"), &[("b", Started)]), on(S::Running, "b", 0));
            assert_eq!(corrected(status, Some("a"), &[("b", Draft)]), on(status, "a", 1));
        }
        assert_eq!(corrected(S::NeedsReview, None, &[("a", Started)]), on(S::Running, "a", 0));
        for settled in [S::Completed, S::Failed, S::Halted, S::Running, S::StartDoubt] {
            assert_eq!(corrected(settled, Some("a"), &running_and_draft), None);
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
        let Some(_) = &ledger.shared.server else {
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
