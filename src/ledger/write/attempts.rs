//! Attempts: claims and commits.
//!
//! Every write names its owner and epoch. A process that was suspended and lost its rows to `resume
//! --take-over` matches no row when it wakes up, and writes nothing.

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::process_lease::{Process, ProcessLease};
use crate::ledger::rows::attempt::{
    ATTEMPT_COLUMNS, Attempt, AttemptState, AttemptStatus, IN_FLIGHT_STATUSES, RepeatedCall,
};
use crate::ledger::rows::columns::encode;
use crate::ledger::rows::ids::{ApiKeyId, AttemptId, ProcessId};
use crate::ledger::rows::step::{StepAction, StepNote};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, JobId, Timestamp};

#[derive(Debug)]
pub enum Claim {
    /// This process owns the attempt now.
    Acquired(Box<Attempt>),
    /// Owned by a living process, possibly this one.
    Busy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    Written,
    /// The row belongs to another process; nothing was written.
    LeaseLost,
}

impl Ledger {
    /// Claims an attempt for `owner` unless a living process owns it. Rows of dead processes are
    /// adopted. Raises the epoch, so that late writes of the previous owner match no row.
    pub fn claim(&self, owner: &ProcessLease, id: AttemptId) -> Result<Claim, LedgerError> {
        self.write(|tx| {
            let sql = format!(
                "SELECT epoch, {} FROM attempts
                 LEFT JOIN processes ON processes.id = attempts.owner WHERE attempts.id = ?1",
                Process::COLUMNS
            );
            let (epoch, holder): (i64, Option<Process>) = tx.query_row(&sql, params![id])?;
            if let Some(holder) = &holder
                && (holder.id == owner.id || self.is_alive(holder))
            {
                return Ok(Claim::Busy);
            }
            // The conditions hold against a process that claims it at the same time.
            let claimed = tx.execute(
                "UPDATE attempts SET owner = ?2, epoch = epoch + 1
                 WHERE id = ?1 AND epoch = ?3 AND owner IS NOT DISTINCT FROM ?4",
                params![id, owner.id, epoch, holder.map(|holder| holder.id)],
            )?;
            if claimed == 0 {
                return Ok(Claim::Busy);
            }
            Ok(Claim::Acquired(Box::new(self.load_attempt(tx, id)?)))
        })
    }

    pub fn release(&self, owner: &ProcessLease, attempt: &Attempt) -> Result<(), LedgerError> {
        self.execute(
            "UPDATE attempts SET owner = NULL WHERE id = ?1 AND owner = ?2 AND epoch = ?3",
            params![attempt.id, owner.id, attempt.epoch],
        )
        .map(drop)
    }

    /// Releases every attempt of `owner`, whose work has ended or was cancelled.
    pub fn release_all(&self, owner: &ProcessLease) -> Result<(), LedgerError> {
        self.execute("UPDATE attempts SET owner = NULL WHERE owner = ?1", params![owner.id])
            .map(drop)
    }

    /// Takes an attempt from its owner, only at the user's request. Requests without a response are
    /// then resolved as after a crash.
    pub fn take_over(&self, id: AttemptId) -> Result<(), LedgerError> {
        self.execute(
            "UPDATE attempts SET owner = NULL, epoch = epoch + 1 WHERE id = ?1",
            params![id],
        )
        .map(drop)
    }

    /// Whether the attempt still belongs to `owner` under its epoch.
    pub fn holds_lease(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
    ) -> Result<bool, LedgerError> {
        self.query_row(
            "SELECT EXISTS (SELECT 1 FROM attempts
             WHERE id = ?1 AND owner = ?2 AND epoch = ?3)",
            params![attempt.id, owner.id, attempt.epoch],
        )
    }

    /// Reads an attempt without claiming it.
    pub fn attempt(&self, id: AttemptId) -> Result<Attempt, LedgerError> {
        self.read(|tx| self.load_attempt(tx, id))
    }

    /// The newest attempt with this job, if the ledger has one.
    pub fn find_attempt_by_job(&self, job: &JobId) -> Result<Option<Attempt>, LedgerError> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE job = ?1 ORDER BY id DESC LIMIT 1"
        );
        let found =
            self.read(|tx| tx.query_with(&sql, params![job], |row| self.read_attempt(row)))?;
        Ok(found.into_iter().next())
    }

    /// Commits a step. Durable on return.
    ///
    /// # Errors
    /// If the ledger cannot be written, the step's effect must not happen.
    pub fn commit(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        note: &StepNote,
        request_id: Option<&str>,
    ) -> Result<Commit, LedgerError> {
        self.write(|tx| self.update_attempt(tx, owner.id, attempt, note, request_id))
    }

    /// Attempts that occupy, or may occupy, a slot of the key and that no living process follows,
    /// least recently polled first.
    pub fn orphaned_attempts(
        &self,
        key: &ApiKeyId,
        limit: u32,
    ) -> Result<Vec<AttemptId>, LedgerError> {
        let sql = format!(
            "SELECT attempts.id, {} FROM attempts
             LEFT JOIN processes ON processes.id = attempts.owner
             WHERE key_fingerprint = ?1 AND origin = ?2 AND status IN ({IN_FLIGHT_STATUSES})
             ORDER BY updated_at",
            Process::COLUMNS
        );
        let in_flight: Vec<(AttemptId, Option<Process>)> =
            self.query(&sql, params![key.fingerprint, key.origin])?;
        let orphaned = in_flight
            .into_iter()
            .filter(|(_, owner)| !owner.as_ref().is_some_and(|owner| self.is_alive(owner)));
        Ok(orphaned.map(|(id, _)| id).take(limit as usize).collect())
    }

    /// Commits a create while it is not known that drafts cost nothing: only if no living process
    /// has another create of the key without a response or watches a first draft of it. Returns
    /// `None` otherwise.
    ///
    /// # Errors
    /// If the ledger cannot be written, nothing may be sent.
    pub fn commit_exclusive_create(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        request_id: Option<&str>,
    ) -> Result<Option<Commit>, LedgerError> {
        self.write(|tx| {
            lock_key(tx, &attempt.work.key);
            if self.another_create_pending(tx, attempt)? {
                return Ok(None);
            }
            self.renew_lease_in(tx, owner.id)?;
            self.update_attempt(tx, owner.id, attempt, &StepAction::Create.into(), request_id)
                .map(Some)
        })
    }

    /// Whether a living process has a create of the same key without a response, or watches its
    /// first draft. Once drafts are known to cost nothing, neither is waited for.
    fn another_create_pending(&self, tx: &Tx<'_>, attempt: &Attempt) -> Result<bool, LedgerError> {
        let sql = format!(
            "SELECT DISTINCT {} FROM attempts
             JOIN processes ON processes.id = attempts.owner
             LEFT JOIN keys USING (origin, key_fingerprint)
             WHERE key_fingerprint = ?1 AND origin = ?2 AND attempts.id <> ?3
               AND draft_support IS DISTINCT FROM 'supported'
               AND (status IN ('create_sent', 'create_doubt')
                    OR status = 'draft' AND draft_observation = 'pending'
                       AND draft_support IS DISTINCT FROM 'unsupported')",
            Process::COLUMNS
        );
        let key = &attempt.work.key;
        let params = params![key.fingerprint, key.origin, attempt.id];
        let others: Vec<Process> = tx.query(&sql, params)?;
        Ok(others.iter().any(|process| self.is_alive(process)))
    }

    /// Reassigns an attempt of `owner` that has sent no create to another key, as if it had just
    /// been planned with it. One that may have a job is never reassigned: only its own key sees the
    /// job.
    pub fn reassign_to_key(
        &self,
        owner: &ProcessLease,
        mut attempt: Attempt,
        key: &ApiKeyId,
        profile: &str,
    ) -> Result<Option<Attempt>, LedgerError> {
        let given = self.write(|tx| {
            tx.execute(
                "UPDATE attempts SET key_fingerprint = ?4, profile = ?5, status = 'planned',
                     video_url = NULL, upload_reused = FALSE
                 WHERE id = ?1 AND owner = ?2 AND epoch = ?3 AND origin = ?6
                   AND status IN ('planned', 'ready') AND job IS NULL
                   AND create_count = 0 AND start_count = 0",
                params![attempt.id, owner.id, attempt.epoch, key.fingerprint, profile, key.origin],
            )
        })?;
        if given == 0 {
            return Ok(None);
        }
        attempt.work.key = key.clone();
        profile.clone_into(&mut attempt.work.profile);
        attempt.state = AttemptState {
            status: AttemptStatus::Planned,
            video_url: None,
            upload_reused: false,
            ..attempt.state
        };
        Ok(Some(attempt))
    }

    /// Records the amount that the service charged for each attempt.
    pub fn record_charges(&self, charges: &[(AttemptId, Credits)]) -> Result<(), LedgerError> {
        if charges.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            for (attempt, credits) in charges {
                tx.queue(
                    "UPDATE attempts SET charged = ?2
                     WHERE id = ?1 AND charged IS DISTINCT FROM ?2",
                    params![attempt, credits],
                )?;
            }
            Ok(())
        })
    }

    /// Version (`ETag`) of the output that a partial file is from, if the download can be resumed.
    pub fn output_etag(&self, id: AttemptId) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT output_etag FROM attempts WHERE id = ?1";
        self.query_row(sql, params![id])
    }

    /// Records the version (`ETag`) of the output that is being downloaded.
    pub fn record_output_etag(
        &self,
        owner: &ProcessLease,
        id: AttemptId,
        etag: Option<&str>,
    ) -> Result<(), LedgerError> {
        self.execute(
            "UPDATE attempts SET output_etag = ?3 WHERE id = ?1 AND owner = ?2",
            params![id, owner.id, etag],
        )
        .map(drop)
    }

    pub(super) fn update_attempt(
        &self,
        tx: &Tx<'_>,
        owner: ProcessId,
        attempt: &Attempt,
        note: &StepNote,
        request_id: Option<&str>,
    ) -> Result<Commit, LedgerError> {
        let row = &attempt.state;
        let now = self.now();
        let failure = row.failure.as_ref().map(encode).transpose()?;
        let changed = tx.execute(
            "UPDATE attempts SET status = ?4, job = ?5, draft_observation = ?6,
                     create_count = ?7, start_count = ?8, reupload_count = ?9, orphan_count = ?10,
                     sent_boot_ms = ?11, boot_id = ?12, video_url = ?13, upload_reused = ?14,
                     failure = ?15, job_status = ?16, progress = ?17, output_seconds = ?18,
                     updated_at = ?19, sent_at = ?20,
                     started_at = CASE WHEN ?4 = 'running' THEN coalesce(started_at, ?19)
                                       ELSE started_at END,
                     finished_at = CASE WHEN ?4 IN ('completed', 'failed')
                                        THEN coalesce(finished_at, ?19) ELSE NULL END
                 WHERE id = ?1 AND owner = ?2 AND epoch = ?3",
            params![
                attempt.id,
                owner,
                attempt.epoch,
                row.status,
                row.job,
                row.draft_observation,
                row.create_count,
                row.start_count,
                row.reupload_count,
                row.orphan_count,
                row.sent,
                self.shared.attempt_boot_id,
                row.video_url,
                row.upload_reused,
                failure,
                attempt.last_poll.job_status,
                attempt.last_poll.progress,
                attempt.last_poll.output_seconds,
                now,
                attempt.sent_at,
            ],
        )?;
        if changed == 0 {
            return Ok(Commit::LeaseLost);
        }
        let log =
            |at: Timestamp, status: AttemptStatus, note: &StepNote, request_id: Option<&str>| {
                tx.queue(
                    "INSERT INTO attempt_log (attempt, at, status, note, request_id)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![attempt.id, at, status, note, request_id],
                )
            };
        for RepeatedCall { at, status, failure } in &attempt.repeated {
            let note = StepNote::of_failure(StepAction::Retry, failure);
            log(*at, *status, &note, failure.request_id.as_deref())?;
        }
        log(now, row.status, note, request_id)?;
        Ok(Commit::Written)
    }
}

/// Makes the starts and the exclusive creates of a key wait for each other.
pub(crate) fn lock_key(tx: &Tx<'_>, key: &ApiKeyId) {
    tx.lock(&format!("key {} {}", key.origin, key.fingerprint.0));
}
