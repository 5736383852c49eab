//! Cost of attempts, for `usage` and for the audit against the service's figures.

use std::collections::BTreeMap;

use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::attempt::{
    AttemptStatus, JOB_SOURCE, MAY_BE_BILLED, RerunReason, scaled_estimate,
};
use crate::ledger::rows::ids::{ApiKeyId, AttemptId};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Credits, JobId, JobOptions, ModelName, Timestamp};

/// Cost of an attempt.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AttemptCost {
    pub attempt: AttemptId,
    /// Hash of origin, content and options.
    pub content_key: String,
    /// Sequence number among the attempts with this `content_key`, from 1.
    pub number: u32,
    /// Flag with which the user requested it after an earlier attempt.
    pub rerun_reason: Option<RerunReason>,
    /// Whether an earlier attempt with this `content_key` was charged: by the audit, or because it
    /// was completed.
    pub charged_before: bool,
    /// Name of the input in the newest batch that contains it.
    pub name: String,
    /// `None` until the service has named it.
    pub job: Option<JobId>,
    pub key: ApiKeyId,
    pub profile: String,
    pub model: ModelName,
    pub tags: BTreeMap<String, String>,
    pub status: AttemptStatus,
    /// Whether a start was sent, or the draft ran by itself.
    pub may_be_billed: bool,
    /// Whether its job was created or started here. The start time of other jobs, which were
    /// fetched or recovered, is unknown.
    pub sent_from_here: bool,
    /// Whether it was only fetched here.
    pub only_fetched: bool,
    /// Time of its first start; of one that was never started, when it was planned.
    pub at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Seconds of video, from the input's container.
    pub duration: Option<f64>,
    /// Seconds of output, from the service: what is billed.
    pub output_seconds: Option<f64>,
    /// Price estimated before the job ran.
    pub estimate: Option<Credits>,
    /// Amount that the service charged, once `usage --reconcile` has compared it.
    pub charged: Option<Credits>,
}

impl AttemptCost {
    /// The estimate, scaled if the output is longer or shorter than the input.
    #[must_use]
    pub fn price(&self) -> Option<Credits> {
        scaled_estimate(self.estimate, self.duration, self.output_seconds)
    }
}

/// Query for the columns of [`AttemptCost`]. `?1` is [`JOB_SOURCE`].
fn cost_query() -> String {
    format!(
        "SELECT id, content_key, number, job, origin, key_fingerprint, profile, options,
         status, {MAY_BE_BILLED} AS billable,
        coalesce(
            (SELECT min(at) FROM attempt_log WHERE attempt = attempts.id AND status = 'start_sent'),
            started_at, created_at) AS began,
        updated_at, duration, output_seconds, estimate, charged,
        rerun_reason,
        create_count > 0 OR start_count > 0 AS sent_from_here,
        create_count = 0 AND start_count = 0 AND source_is_url
            AND substr(source, 1, 4) = ?1 AS only_fetched,
        number > 1 AND EXISTS (
            SELECT 1 FROM attempts AS older
            WHERE older.content_key = attempts.content_key AND older.number < attempts.number
              AND coalesce(older.charged > 0,
                           older.status = 'completed' AND {MAY_BE_BILLED}))
            AS charged_before,
        coalesce((SELECT name FROM batch_inputs
                  WHERE attempt = attempts.id ORDER BY id DESC LIMIT 1), 'job ' || job, '') AS name
     FROM attempts"
    )
}

impl Ledger {
    /// Attempts that the service may know of and that began at `since` or later, oldest first.
    pub fn attempt_costs(&self, since: Timestamp) -> Result<Vec<AttemptCost>, LedgerError> {
        let sql = format!(
            "SELECT * FROM ({} WHERE job IS NOT NULL OR create_count > 0) AS costs
             WHERE began >= ?2 ORDER BY began, id",
            cost_query()
        );
        self.query(&sql, params![JOB_SOURCE.to_vec(), since])
    }

    /// Attempts with these jobs, of any age.
    pub fn attempt_costs_of_jobs(
        &self,
        origin: &str,
        jobs: &[JobId],
    ) -> Result<Vec<AttemptCost>, LedgerError> {
        self.read(|tx| {
            let sql = format!("{} WHERE job = ?2 AND origin = ?3", cost_query());
            let mut all = Vec::new();
            for job in jobs {
                all.extend(tx.query(&sql, params![JOB_SOURCE.to_vec(), job, origin])?);
            }
            Ok(all)
        })
    }
}

impl FromRow for AttemptCost {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        let options: JobOptions = row.get("options")?;
        let rerun_reason: Option<String> = row.get("rerun_reason")?;
        Ok(Self {
            attempt: row.get("id")?,
            content_key: row.get("content_key")?,
            number: row.get("number")?,
            rerun_reason: rerun_reason.and_then(|word| word.parse().ok()),
            charged_before: row.get("charged_before")?,
            name: row.get("name")?,
            job: row.get("job")?,
            key: ApiKeyId { origin: row.get("origin")?, fingerprint: row.get("key_fingerprint")? },
            profile: row.get("profile")?,
            model: options.model,
            tags: options.tags,
            status: row.get("status")?,
            may_be_billed: row.get("billable")?,
            sent_from_here: row.get("sent_from_here")?,
            only_fetched: row.get("only_fetched")?,
            at: row.get("began")?,
            updated_at: row.get("updated_at")?,
            duration: row.get("duration")?,
            output_seconds: row.get("output_seconds")?,
            estimate: row.get("estimate")?,
            charged: row.get("charged")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{batch, claimed, input, open, placed, reach};

    crate::ledger::tests::on_postgres!(the_books_show_what_may_have_cost_something);

    #[test]
    fn the_books_show_what_may_have_cost_something() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register_process("p").unwrap();
        let batch = batch(&ledger);
        let (_, planned, _) = placed(&ledger, batch, input("k1", "/a", "c1"));
        let (_, started, _) = placed(&ledger, batch, input("k2", "/b", "c2"));
        let mut attempt = claimed(&ledger, &owner, started);
        attempt.state.job = Some(JobId("j-2".into()));
        attempt.state.create_count = 1;
        attempt.state.start_count = 1;
        attempt.last_poll.output_seconds = Some(5.0);
        reach(&ledger, &owner, &mut attempt, AttemptStatus::Completed);

        let all = ledger.attempt_costs(Timestamp(0)).unwrap();
        assert_eq!(all.len(), 1, "{planned:?} has sent nothing");
        let spent = &all[0];
        assert_eq!((spent.attempt, spent.name.as_str()), (started, "/b"));
        assert!(spent.may_be_billed && spent.charged.is_none());
        assert_eq!(spent.price(), Some(Credits(4.0)), "2 credits for 2.5 s, but 5 s came out");
        assert_eq!(ledger.attempt_costs(Timestamp(1_001)).unwrap(), []);

        ledger.record_charges(&[(started, Credits(4.5))]).unwrap();
        let found =
            ledger.attempt_costs_of_jobs("https://api.example", &[JobId("j-2".into())]).unwrap();
        assert_eq!(found[0].charged, Some(Credits(4.5)));
        assert_eq!(
            ledger.attempt_costs_of_jobs("https://else", &[JobId("j-2".into())]).unwrap(),
            []
        );
    }
}
