//! Attempts: claiming them, committing their steps, and the gate before a start.
//!
//! Every write names the owner and the epoch that it was made under. A process that was stopped,
//! lost its rows to `resume --take-over` and woke up again matches no row and writes nothing.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use std::path::PathBuf;
use std::sync::Arc;

use crate::ledger::attempt_state::{
    AttemptState, AttemptStatus, DraftObservation, MAY_BE_BILLED, UNSTARTED,
};
use crate::ledger::ids::{ApiKeyId, AttemptId, BatchId};
use crate::ledger::json_columns::{
    decode_failure, decode_options, encode_failure, path_from_bytes,
};
use crate::ledger::process_lease::{ProcessId, ProcessLease, is_alive};
use crate::ledger::{Ledger, LedgerError};
use crate::model::limits::KeyLimits;
use crate::model::{Credits, Fingerprint, Instant, JobId, JobOptions, JobStatus, Timestamp};

/// Where the video comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum InputSource {
    /// A file of this machine, as it was when it was hashed.
    File {
        /// Absolute path.
        path: PathBuf,
        /// Bytes.
        size: u64,
        /// Time of the last change in nanoseconds, to notice one.
        modified_ns: i64,
        /// Of the content, in hex.
        sha256: String,
    },
    /// A public address, which counts as unchanged.
    Url(String),
}

/// What an attempt is about; never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSpec {
    /// Origin, content and options in one hash.
    pub content_key: String,
    /// The key that makes the job.
    pub key: ApiKeyId,
    /// Profile that it was asked under.
    pub profile: String,
    /// The video.
    pub source: InputSource,
    /// Seconds of video, when the container says.
    pub duration: Option<f64>,
    /// What is wanted of it.
    pub options: JobOptions,
    /// Price beforehand.
    pub estimate: Option<Credits>,
    /// The prices that the estimate was made with.
    pub pricing: Option<i64>,
}

/// The longest video of unknown length, by what the service takes: 500 MB of a file, at a rate below
/// that of any usual video. A video of which nothing is known may be that long.
const BYTES_MAX: u64 = 500_000_000;
const BYTES_A_SECOND: f64 = 8_000.0;
const SECONDS_LEAST: f64 = 60.0;

impl AttemptSpec {
    /// The estimate; of a video whose length is not known, the price of the longest one that it can
    /// be, at `rate` credits a second. The ledger's statements count alike.
    #[must_use]
    pub fn max_price(&self, rate: Option<f64>) -> Option<Credits> {
        let size = match &self.source {
            InputSource::File { size, .. } => *size,
            InputSource::Url(_) => BYTES_MAX,
        };
        let longest = (size as f64 / BYTES_A_SECOND).max(SECONDS_LEAST);
        self.estimate.or_else(|| Some(Credits(rate? * longest)))
    }
}

/// The last look at the job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastPoll {
    /// State.
    pub job_status: Option<JobStatus>,
    /// Percent.
    pub progress: Option<f64>,
    /// Seconds of output, which is what is billed.
    pub output_seconds: Option<f64>,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Number.
    pub id: AttemptId,
    /// Which attempt at the item, from 1.
    pub number: u32,
    /// What the job carries in its metadata to be recognised by.
    pub correlation_id: String,
    /// What it is about.
    pub work: AttemptSpec,
    /// Where it stands.
    pub state: AttemptState,
    /// The last look.
    pub last_poll: LastPoll,
    /// When the service was first known to run it.
    pub started_at: Option<Timestamp>,
    /// When its last create or start was committed to be sent; before any, when it was planned. For
    /// comparing with the service's times only, over crashes and reboots: waits go by `row.sent`.
    pub sent_at: Timestamp,
    /// Guards every write.
    pub epoch: i64,
}

impl Attempt {
    /// The estimate, put right where the output turned out longer or shorter than the input.
    #[must_use]
    pub fn price(&self) -> Option<Credits> {
        let estimate = self.work.estimate?;
        match (self.last_poll.output_seconds, self.work.duration) {
            (Some(seconds), Some(duration)) if duration > 0.0 => {
                Some(Credits(estimate.0 * seconds / duration))
            }
            _ => Some(estimate),
        }
    }

    /// What it costs at most, by what is known now: the length that the job shows, else what is known
    /// of the input. The ledger's statements count alike.
    #[must_use]
    pub fn max_price(&self, rate: Option<f64>) -> Option<Credits> {
        let shown = self.last_poll.output_seconds.filter(|&seconds| seconds > 0.0);
        let by_length = shown.and_then(|seconds| match (self.work.duration, self.work.estimate) {
            (Some(duration), Some(estimate)) if duration > 0.0 && estimate.0 > 0.0 => {
                Some(Credits(estimate.0 * seconds / duration))
            }
            _ => rate.map(|rate| Credits(seconds * rate)),
        });
        by_length.or_else(|| self.work.max_price(rate))
    }

    /// Whether it occupies, or may occupy, one of the key's places at the service. A job whose start
    /// went without an answer, and that was not seen to run since then, does not: should the start
    /// land yet, the service refuses it or another one, and neither is billed twice.
    #[must_use]
    pub fn occupies_slot(&self) -> bool {
        let seen_idle = self.last_poll.job_status.as_ref().is_some_and(|status| {
            !matches!(status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed)
        });
        self.state.status.in_flight()
            && !(self.state.status == AttemptStatus::StartDoubt && seen_idle)
    }
}

/// What came of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The attempt is ours now.
    Acquired(Box<Attempt>),
    /// A living process, this one included, works on it.
    Busy,
}

/// What came of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// Written.
    Written,
    /// The row belongs to somebody else now: nothing was written.
    LeaseLost,
}

/// Most jobs of a key that may be in flight at once, by what is known of the key.
pub type ConcurrencyLimit = Arc<dyn Fn(&KeyLimits) -> u32 + Send + Sync>;

/// Bounds that are checked in the transaction that commits a start.
#[derive(Clone)]
pub struct StartLimits {
    /// The batch that starts it.
    pub batch: BatchId,
    /// Asked in the transaction: what another process has just learned holds already.
    pub in_flight: ConcurrencyLimit,
    /// Most credits that the batch may start, by what is known when it is asked.
    pub max_credits: Option<Credits>,
    /// Credits a second of output of the batch's model, where the price is known.
    pub rate: Option<f64>,
}

/// What came of committing a start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartCommit {
    /// Committed: send it.
    Committed,
    /// Every place of the key is taken.
    AtConcurrencyLimit,
    /// It would pass the batch's bound on credits.
    OverBudget {
        /// Credits of what the batch has started, what is in doubt included.
        spent: Credits,
        /// Of this attempt, when its price is known.
        wanted: Option<Credits>,
    },
    /// The row belongs to somebody else now.
    LeaseLost,
}

pub(crate) const COLUMNS: &str = "id, content_key, number, correlation_id, origin, profile, key_fingerprint, \
     source, source_is_url, size, modified_ns, sha256, duration, options, estimate, pricing, status, job, \
     draft_observation, create_count, start_count, reupload_count, orphan_count, sent_boot_ms, boot_id, video_url, upload_reused, \
     failure, job_status, progress, output_seconds, started_at, coalesce(sent_at, created_at) AS sent_at, epoch";

impl Ledger {
    /// Takes an attempt for `owner`, if nobody alive has it. Rows of dead processes are adopted,
    /// and the epoch is raised so that whatever they still had under way cannot write.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub fn claim(&self, owner: &ProcessLease, id: AttemptId) -> Result<Claim, LedgerError> {
        self.write(|tx| {
            if let Some(holder) = lease_holder(tx, id)?
                && (holder.0 == owner.id || is_alive(&self.shared.owners, &holder.1))
            {
                return Ok(Claim::Busy);
            }
            tx.execute(
                "UPDATE attempts SET owner = ?2, epoch = epoch + 1 WHERE id = ?1",
                params![id.0, owner.id.0],
            )?;
            Ok(Claim::Acquired(Box::new(self.load(tx, id)?)))
        })
    }

    /// Gives an attempt back.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn release(&self, owner: &ProcessLease, attempt: &Attempt) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE attempts SET owner = NULL WHERE id = ?1 AND owner = ?2 AND epoch = ?3",
                params![attempt.id.0, owner.id.0, attempt.epoch],
            )?;
            Ok(())
        })
    }

    /// Gives back every attempt of `owner`, whose work has ended or was cut.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn release_all(&self, owner: &ProcessLease) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute("UPDATE attempts SET owner = NULL WHERE owner = ?1", [owner.id.0])?;
            Ok(())
        })
    }

    /// Takes an attempt away from whoever has it, at the user's word only. What was sent and not
    /// answered goes through looking and settling like after a crash.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn take_over(&self, id: AttemptId) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE attempts SET owner = NULL, epoch = epoch + 1 WHERE id = ?1",
                params![id.0],
            )?;
            Ok(())
        })
    }

    /// Whether the attempt still belongs to `owner` under its epoch.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn holds_lease(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
    ) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT EXISTS (SELECT 1 FROM attempts WHERE id = ?1 AND owner = ?2 AND epoch = ?3)",
                params![attempt.id.0, owner.id.0, attempt.epoch],
                |row| row.get(0),
            )?)
        })
    }

    /// An attempt as it stands, without claiming it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn attempt(&self, id: AttemptId) -> Result<Attempt, LedgerError> {
        self.read(|db| self.load(db, id))
    }

    /// The attempt behind a job, if this ledger made it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn find_attempt_by_job(&self, job: &JobId) -> Result<Option<Attempt>, LedgerError> {
        self.read(|db| {
            let id = db
                .query_row(
                    "SELECT id FROM attempts WHERE job = ?1 ORDER BY id DESC LIMIT 1",
                    [&job.0],
                    |row| row.get(0),
                )
                .optional()?;
            id.map(|id| self.load(db, AttemptId(id))).transpose()
        })
    }

    /// Commits a step. Returns when it is durable.
    ///
    /// # Errors
    /// The ledger cannot be written; then the step's effect must not happen.
    pub fn commit(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        note: &str,
        request_id: Option<&str>,
    ) -> Result<Commit, LedgerError> {
        self.write(|tx| self.store(tx, owner.id, attempt, note, request_id))
    }

    /// Jobs of the key that occupy, or may occupy, a place, and that no living process follows;
    /// those first that have not been looked at for longest.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn orphaned_attempts(
        &self,
        key: &ApiKeyId,
        limit: u32,
    ) -> Result<Vec<AttemptId>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT attempts.id, processes.lock_file FROM attempts
                 LEFT JOIN processes ON processes.id = attempts.owner
                 WHERE key_fingerprint = ?1 AND origin = ?2 AND status IN
                     ('start_sent', 'start_doubt', 'start_refused', 'running')
                 ORDER BY updated_at",
            )?;
            let mut rows = statement.query(params![key.fingerprint.0, key.origin])?;
            let mut strays = Vec::new();
            while let Some(row) = rows.next()? {
                let lock: Option<String> = row.get(1)?;
                let followed = lock.is_some_and(|lock| is_alive(&self.shared.owners, &lock));
                if !followed {
                    strays.push(AttemptId(row.get(0)?));
                }
                if strays.len() == limit as usize {
                    break;
                }
            }
            Ok(strays)
        })
    }

    /// Commits a create while it is not known that drafts cost nothing: only if no other create of
    /// the key is without an answer, and no first draft is being watched, in this process or in any
    /// other that lives.
    ///
    /// # Errors
    /// The ledger cannot be written; then nothing may be sent.
    pub fn commit_exclusive_create(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        request_id: Option<&str>,
    ) -> Result<Option<Commit>, LedgerError> {
        self.write(|tx| {
            if self.another_create_pending(tx, attempt)? {
                return Ok(None);
            }
            self.store(tx, owner.id, attempt, "create", request_id).map(Some)
        })
    }

    /// Whether a living process has a create of the same key without an answer, or watches its first
    /// draft. Once drafts are known to cost nothing, nobody needs to wait for either.
    fn another_create_pending(
        &self,
        tx: &Transaction<'_>,
        attempt: &Attempt,
    ) -> Result<bool, LedgerError> {
        let mut statement = tx.prepare_cached(
            "SELECT DISTINCT processes.lock_file FROM attempts JOIN processes ON processes.id = attempts.owner
             LEFT JOIN keys USING (origin, key_fingerprint)
             WHERE key_fingerprint = ?1 AND origin = ?2 AND attempts.id <> ?3
               AND draft_support IS NOT 'supported'
               AND (status IN ('create_sent', 'create_doubt')
                    OR status = 'draft' AND draft_observation = 'pending' AND draft_support IS NOT 'unsupported')",
        )?;
        let key = &attempt.work.key;
        let locks = statement
            .query_map(params![key.fingerprint.0, key.origin, attempt.id.0], |row| {
                row.get::<_, String>(0)
            })?;
        for lock in locks {
            if is_alive(&self.shared.owners, &lock?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Commits a start, if the key has a free place and the batch credits left. The count and the
    /// write are one transaction, so that any number of processes keep the bound together.
    ///
    /// # Errors
    /// The ledger cannot be written; then nothing may be sent.
    pub fn commit_start(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        gate: &StartLimits,
    ) -> Result<StartCommit, LedgerError> {
        self.write(|tx| {
            let limits = self.key_limits_in(tx, &attempt.work.key)?;
            if in_flight(tx, &attempt.work.key, attempt.id)? >= (gate.in_flight)(&limits) {
                return Ok(StartCommit::AtConcurrencyLimit);
            }
            if let Some(max) = gate.max_credits {
                let spent = started_credits(tx, gate.batch, attempt.id, gate.rate)?;
                let wanted = attempt.max_price(gate.rate);
                // Sums of fractions differ in their last digits.
                let bound = Credits(max.0 + 1e-6);
                if wanted.is_none_or(|wanted| spent + wanted > bound) {
                    return Ok(StartCommit::OverBudget { spent, wanted });
                }
            }
            match self.store(tx, owner.id, attempt, "start", None)? {
                Commit::LeaseLost => Ok(StartCommit::LeaseLost),
                Commit::Written => {
                    tx.execute(
                        "UPDATE attempts SET started_by_batch = ?2 WHERE id = ?1",
                        params![attempt.id.0, gate.batch.0],
                    )?;
                    Ok(StartCommit::Committed)
                }
            }
        })
    }

    /// The version of the output that a part on disk is from, if it can be continued.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn output_etag(&self, id: AttemptId) -> Result<Option<String>, LedgerError> {
        self.read(|db| {
            Ok(db.query_row("SELECT output_etag FROM attempts WHERE id = ?1", [id.0], |row| {
                row.get(0)
            })?)
        })
    }

    /// Remembers which version of the output is being fetched.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn record_output_etag(
        &self,
        owner: &ProcessLease,
        id: AttemptId,
        etag: Option<&str>,
    ) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE attempts SET output_etag = ?3 WHERE id = ?1 AND owner = ?2",
                params![id.0, owner.id.0, etag],
            )?;
            Ok(())
        })
    }

    /// How many jobs of the key occupy, or may occupy, a place at the service.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn in_flight(&self, key: &ApiKeyId) -> Result<u32, LedgerError> {
        self.read(|db| in_flight(db, key, AttemptId(0)))
    }

    /// How many jobs of the key, this one aside, occupy or may occupy a place at the service.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn count_others_in_flight(
        &self,
        key: &ApiKeyId,
        id: AttemptId,
    ) -> Result<u32, LedgerError> {
        self.read(|db| in_flight(db, key, id))
    }

    /// How many jobs of the key have been running since before `before`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn count_running_since_before(
        &self,
        key: &ApiKeyId,
        before: Timestamp,
    ) -> Result<u32, LedgerError> {
        self.read(|db| {
            Ok(db
                .prepare_cached(RUNNING_SINCE_BEFORE)?
                .query_row(params![key.fingerprint.0, key.origin, before.0], |row| row.get(0))?)
        })
    }

    /// Credits of what a batch has started, by what is known of each job; what is in doubt counts.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn started_credits(&self, batch: BatchId) -> Result<Credits, LedgerError> {
        self.read(|db| started_credits(db, batch, AttemptId(0), None))
    }

    /// The bound on credits under which all of a batch could be started.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn credits_to_start_all(
        &self,
        batch: BatchId,
        rate: Option<f64>,
    ) -> Result<Credits, LedgerError> {
        self.read(|db| {
            let started = started_credits(db, batch, AttemptId(0), rate)?;
            let sql = format!(
                "SELECT total({COST}) FROM attempts WHERE status IN ({UNSTARTED})
                 AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1
                            AND state IN ('open', 'paused'))
                 AND NOT (started_by_batch IS ?1 AND {MAY_BE_BILLED})"
            );
            let rest = db.query_row(&sql, params![batch.0, 0, rate], |row| row.get(0))?;
            Ok(started + Credits(rest))
        })
    }

    fn store(
        &self,
        tx: &Transaction<'_>,
        owner: ProcessId,
        attempt: &Attempt,
        note: &str,
        request_id: Option<&str>,
    ) -> Result<Commit, LedgerError> {
        let row = &attempt.state;
        let now = self.wall();
        let failure = row.failure.as_ref().map(encode_failure).transpose()?;
        let changed = tx
            .prepare_cached(
                "UPDATE attempts SET status = ?4, job = ?5, draft_observation = ?6, create_count = ?7, start_count = ?8,
                 reupload_count = ?9, orphan_count = ?10, sent_boot_ms = ?11, boot_id = ?12, video_url = ?13,
                 upload_reused = ?14, failure = ?15, job_status = ?16, progress = ?17, output_seconds = ?18,
                 updated_at = ?19, sent_at = ?20,
                 started_at = CASE WHEN ?4 = 'running' THEN coalesce(started_at, ?19)
                                   ELSE started_at END,
                 finished_at = CASE WHEN ?4 IN ('completed', 'failed')
                                    THEN coalesce(finished_at, ?19) ELSE NULL END
             WHERE id = ?1 AND owner = ?2 AND epoch = ?3",
            )?
            .execute(params![
                attempt.id.0,
                owner.0,
                attempt.epoch,
                row.status.as_str(),
                row.job.as_ref().map(|job| &job.0),
                row.draft_observation.as_str(),
                row.create_count,
                row.start_count,
                row.reupload_count,
                row.orphan_count,
                row.sent.map(|sent| sent.0.cast_signed()),
                self.shared.boot_id,
                row.video_url,
                row.upload_reused,
                failure,
                attempt.last_poll.job_status.as_ref().map(JobStatus::as_str),
                attempt.last_poll.progress,
                attempt.last_poll.output_seconds,
                now,
                attempt.sent_at.0,
            ])?;
        if changed == 0 {
            return Ok(Commit::LeaseLost);
        }
        tx.prepare_cached(
            "INSERT INTO attempt_log (attempt, at, status, note, request_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![attempt.id.0, now, row.status.as_str(), note, request_id])?;
        Ok(Commit::Written)
    }

    pub(crate) fn load(&self, db: &Connection, id: AttemptId) -> Result<Attempt, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM attempts WHERE id = ?1");
        let read = |row: &rusqlite::Row<'_>| self.read_attempt(row);
        db.prepare_cached(&sql)?.query_row([id.0], read)?
    }

    fn read_attempt(
        &self,
        row: &rusqlite::Row<'_>,
    ) -> rusqlite::Result<Result<Attempt, LedgerError>> {
        let status: String = row.get("status")?;
        let draft: String = row.get("draft_observation")?;
        let options: String = row.get("options")?;
        let failure: Option<String> = row.get("failure")?;
        let boot_id: Option<String> = row.get("boot_id")?;
        let sent: Option<i64> = row.get("sent_boot_ms")?;
        // A time of another boot says nothing; taken as now, everything waits its full time again.
        let sent = sent.map(|sent| {
            if boot_id.as_deref() == Some(self.shared.boot_id.as_str()) {
                Instant(sent.cast_unsigned())
            } else {
                self.shared.clock.now()
            }
        });
        let failure = match failure.as_deref().map(decode_failure).transpose() {
            Ok(failure) => failure,
            Err(error) => return Ok(Err(error)),
        };
        let options = match decode_options(&options) {
            Ok(options) => options,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(Attempt {
            id: AttemptId(row.get("id")?),
            number: row.get("number")?,
            correlation_id: row.get("correlation_id")?,
            work: AttemptSpec {
                content_key: row.get("content_key")?,
                key: ApiKeyId {
                    origin: row.get("origin")?,
                    fingerprint: Fingerprint(row.get("key_fingerprint")?),
                },
                profile: row.get("profile")?,
                source: source_from(row)?,
                duration: row.get("duration")?,
                options,
                estimate: row.get::<_, Option<f64>>("estimate")?.map(Credits),
                pricing: row.get("pricing")?,
            },
            state: AttemptState {
                status: AttemptStatus::parse(&status).ok_or_else(|| unreadable(&status))?,
                job: row.get::<_, Option<String>>("job")?.map(JobId),
                draft_observation: DraftObservation::parse(&draft)
                    .ok_or_else(|| unreadable(&draft))?,
                create_count: row.get("create_count")?,
                start_count: row.get("start_count")?,
                reupload_count: row.get("reupload_count")?,
                orphan_count: row.get("orphan_count")?,
                sent,
                video_url: row.get("video_url")?,
                upload_reused: row.get("upload_reused")?,
                failure,
            },
            last_poll: LastPoll {
                job_status: row
                    .get::<_, Option<String>>("job_status")?
                    .map(|word| JobStatus::parse(&word)),
                progress: row.get("progress")?,
                output_seconds: row.get("output_seconds")?,
            },
            started_at: row.get::<_, Option<i64>>("started_at")?.map(Timestamp),
            sent_at: Timestamp(row.get("sent_at")?),
            epoch: row.get("epoch")?,
        }))
    }
}

fn unreadable(word: &str) -> rusqlite::Error {
    let why = format!("unknown word '{word}'");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into())
}

fn source_from(row: &rusqlite::Row<'_>) -> rusqlite::Result<InputSource> {
    let bytes: Vec<u8> = row.get("source")?;
    if row.get("source_is_url")? {
        return Ok(InputSource::Url(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(InputSource::File {
        path: path_from_bytes(bytes),
        size: row.get::<_, i64>("size")?.cast_unsigned(),
        modified_ns: row.get("modified_ns")?,
        sha256: row.get("sha256")?,
    })
}

/// Who holds an attempt: number and lock file.
fn lease_holder(
    db: &Connection,
    id: AttemptId,
) -> Result<Option<(ProcessId, String)>, LedgerError> {
    Ok(db
        .query_row(
            "SELECT processes.id, processes.lock_file FROM attempts JOIN processes ON processes.id = attempts.owner
             WHERE attempts.id = ?1",
            [id.0],
            |row| Ok((ProcessId(row.get(0)?), row.get(1)?)),
        )
        .optional()?)
}

/// Rows of which [`Attempt::occupies_slot`] is true.
// Each waiting start counts again and again, in a ledger of any size. SQLite takes the partial index
// `tasks_in_flight` only where its condition stands in the query.
pub(crate) const IN_FLIGHT: &str = "SELECT count(*) FROM attempts
    WHERE key_fingerprint = ?1 AND origin = ?2 AND id <> ?3
      AND status IN ('start_sent', 'start_doubt', 'start_refused', 'running')
      AND NOT (status = 'start_doubt'
               AND coalesce(job_status NOT IN ('processing', 'completed', 'failed'), 0))";
pub(crate) const RUNNING_SINCE_BEFORE: &str = "SELECT count(*) FROM attempts
    WHERE key_fingerprint = ?1 AND origin = ?2 AND started_at < ?3
      AND status IN ('start_sent', 'start_doubt', 'start_refused', 'running')
      AND status = 'running'";

fn in_flight(db: &Connection, key: &ApiKeyId, except: AttemptId) -> Result<u32, LedgerError> {
    Ok(db
        .prepare_cached(IN_FLIGHT)?
        .query_row(params![key.fingerprint.0, key.origin, except.0], |row| row.get(0))?)
}

/// What an attempt costs, by what is known now: the charge, else the price of the output's length,
/// else the estimate, else (with a rate as `?3`) the price of the longest video that it can be.
const COST: &str = "CASE
    WHEN charged IS NOT NULL AND status IN ('completed', 'failed') THEN charged
    WHEN output_seconds > 0 AND duration > 0 AND estimate > 0 THEN estimate * output_seconds / duration
    WHEN output_seconds > 0 AND ?3 IS NOT NULL THEN output_seconds * ?3
    WHEN estimate IS NOT NULL THEN estimate
    ELSE ?3 * max(60.0, coalesce(size, 500000000) / 8000.0) END";

/// Credits of what a batch has started; what is in doubt counts.
fn started_credits(
    db: &Connection,
    batch: BatchId,
    except: AttemptId,
    rate: Option<f64>,
) -> Result<Credits, LedgerError> {
    let sum = db
        .prepare_cached(&format!(
            "SELECT total({COST}) FROM attempts
                 WHERE started_by_batch = ?1 AND id <> ?2 AND {MAY_BE_BILLED}"
        ))?
        .query_row(params![batch.0, except.0, rate], |row| row.get(0))?;
    Ok(Credits(sum))
}
