//! Starts: the limits that a start has to pass, and what is counted for them.

use std::sync::Arc;

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::process_lease::ProcessLease;
use crate::ledger::rows::attempt::{Attempt, MAY_BE_BILLED, UNSTARTED_STATUSES};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId, BatchId};
use crate::ledger::rows::step::StepAction;
use crate::ledger::write::attempts::{Commit, lock_key};
use crate::ledger::{Ledger, LedgerError};
use crate::model::limits::KeyLimits;
use crate::model::{Credits, Timestamp};

/// Concurrency limit of a key, computed from what is known of the key.
pub type ConcurrencyLimit = Arc<dyn Fn(&KeyLimits) -> u32 + Send + Sync>;

/// Limits that are checked in the transaction that commits a start.
#[derive(Clone)]
pub struct StartLimits {
    /// Batch that starts the attempt.
    pub batch: BatchId,
    /// Evaluated inside the transaction, so that what another process has just learned applies.
    pub in_flight: ConcurrencyLimit,
    /// Value of `--max-credits`.
    pub max_credits: Option<Credits>,
    /// Credits per second of output for the batch's model, if the price is known.
    pub rate: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartCommit {
    /// The start may be sent.
    Committed,
    /// Every slot of the key is occupied.
    AtConcurrencyLimit,
    /// The start would exceed `--max-credits`.
    OverBudget {
        /// Credits of what the batch has started, ambiguous starts included.
        spent: Credits,
        /// Maximum price of this attempt, if known.
        wanted: Option<Credits>,
    },
    /// The row belongs to another process.
    LeaseLost,
}

impl Ledger {
    /// Commits a start if the key has a free slot and the batch enough credits. Check and write are
    /// one transaction, so that any number of processes keep the limits together.
    ///
    /// # Errors
    /// If the ledger cannot be written, nothing may be sent.
    pub fn commit_start(
        &self,
        owner: &ProcessLease,
        attempt: &Attempt,
        gate: &StartLimits,
    ) -> Result<StartCommit, LedgerError> {
        self.write(|tx| {
            lock_key(tx, &attempt.work.key);
            if gate.max_credits.is_some() {
                tx.lock(&format!("batch {}", gate.batch.0));
            }
            let limits = self.key_limits_in(tx, &attempt.work.key)?;
            if count_in_flight(tx, &attempt.work.key, attempt.id)? >= (gate.in_flight)(&limits) {
                return Ok(StartCommit::AtConcurrencyLimit);
            }
            if let Some(max) = gate.max_credits {
                let spent = started_credits(tx, gate.batch, attempt.id, gate.rate)?;
                let wanted = attempt.max_price(gate.rate);
                // Tolerance for floating-point sums.
                let bound = Credits(max.0 + 1e-6);
                if wanted.is_none_or(|wanted| spent + wanted > bound) {
                    return Ok(StartCommit::OverBudget { spent, wanted });
                }
            }
            self.renew_lease_in(tx, owner.id)?;
            match self.update_attempt(tx, owner.id, attempt, &StepAction::Start.into(), None)? {
                Commit::LeaseLost => Ok(StartCommit::LeaseLost),
                Commit::Written => {
                    tx.queue(
                        "UPDATE attempts SET started_by_batch = ?2 WHERE id = ?1",
                        params![attempt.id, gate.batch],
                    )?;
                    Ok(StartCommit::Committed)
                }
            }
        })
    }

    /// Number of jobs, besides that of `except`, that occupy, or may occupy, a slot of the key.
    pub fn count_in_flight(
        &self,
        key: &ApiKeyId,
        except: Option<AttemptId>,
    ) -> Result<u32, LedgerError> {
        self.read(|tx| count_in_flight(tx, key, except.unwrap_or(AttemptId(0))))
    }

    /// Number of the key's jobs that have been running since before `before`.
    pub fn count_running_since(
        &self,
        key: &ApiKeyId,
        before: Timestamp,
    ) -> Result<u32, LedgerError> {
        self.query_row(COUNT_RUNNING_SINCE, params![key.fingerprint, key.origin, before])
    }

    /// Credits of what a batch has started, by what is known of each job, ambiguous starts
    /// included.
    pub fn started_credits(&self, batch: BatchId) -> Result<Credits, LedgerError> {
        self.read(|tx| started_credits(tx, batch, AttemptId(0), None))
    }

    /// Smallest `--max-credits` with which all of the batch could be started.
    pub fn credits_to_start_all(
        &self,
        batch: BatchId,
        rate: Option<f64>,
    ) -> Result<Credits, LedgerError> {
        self.read(|tx| {
            let started = started_credits(tx, batch, AttemptId(0), rate)?;
            let sql = format!(
                "SELECT coalesce(sum({COST_SQL}), 0.0) FROM attempts
                 WHERE status IN ({UNSTARTED_STATUSES})
                 AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1
                            AND state IN ('open', 'paused'))
                 AND NOT (started_by_batch IS NOT DISTINCT FROM ?1 AND {MAY_BE_BILLED})"
            );
            let rest: Credits = tx.query_row(&sql, params![batch, rate])?;
            Ok(started + rest)
        })
    }
}

/// Counts the rows for which [`Attempt::occupies_slot`] is true. Every waiting start repeats it, in
/// a ledger of any size. SQLite uses the partial index `attempts_in_flight` only if the query
/// repeats its condition.
pub(crate) const COUNT_IN_FLIGHT: &str = "SELECT count(*) FROM attempts
    WHERE key_fingerprint = ?1 AND origin = ?2 AND id <> ?3
      AND status IN ('start_sent', 'start_doubt', 'start_refused', 'running')
      AND NOT (status = 'start_doubt'
               AND coalesce(job_status NOT IN ('processing', 'completed', 'failed'), FALSE))";
pub(crate) const COUNT_RUNNING_SINCE: &str = "SELECT count(*) FROM attempts
    WHERE key_fingerprint = ?1 AND origin = ?2 AND started_at < ?3
      AND status IN ('start_sent', 'start_doubt', 'start_refused', 'running')
      AND status = 'running'";

fn count_in_flight(tx: &Tx<'_>, key: &ApiKeyId, except: AttemptId) -> Result<u32, LedgerError> {
    tx.query_row(COUNT_IN_FLIGHT, params![key.fingerprint, key.origin, except])
}

/// Cost of an attempt by what is known now: the charge, else the price of the output's length, else
/// the estimate, else (with a rate as `?2`) the price of the longest video that it can be.
const COST_SQL: &str = "CASE
    WHEN charged IS NOT NULL AND status IN ('completed', 'failed') THEN charged
    WHEN output_seconds > 0 AND duration > 0 AND estimate > 0
        THEN estimate * output_seconds / duration
    WHEN output_seconds > 0 AND CAST(?2 AS DOUBLE PRECISION) IS NOT NULL
        THEN output_seconds * CAST(?2 AS DOUBLE PRECISION)
    WHEN estimate IS NOT NULL THEN estimate
    WHEN size < 480000 THEN 60.0 * CAST(?2 AS DOUBLE PRECISION)
    ELSE coalesce(size, 500000000) / 8000.0 * CAST(?2 AS DOUBLE PRECISION) END";

fn started_credits(
    tx: &Tx<'_>,
    batch: BatchId,
    except: AttemptId,
    rate: Option<f64>,
) -> Result<Credits, LedgerError> {
    let sql = format!(
        "SELECT coalesce(sum({COST_SQL}), 0.0) FROM attempts
         WHERE started_by_batch = ?1 AND id <> ?3 AND {MAY_BE_BILLED}"
    );
    tx.query_row(&sql, params![batch, rate, except])
}
