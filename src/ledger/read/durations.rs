//! Durations of completed jobs, from which those of the next ones are estimated.

use std::time::Duration;

use crate::ledger::database::value::params;
use crate::ledger::rows::ids::ApiKeyId;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{JobOptions, ModelName};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobDuration {
    pub model: ModelName,
    /// Seconds of video, if known.
    pub video: Option<f64>,
    /// From its start to when it was seen to be completed.
    pub took: Duration,
}

impl Ledger {
    /// Durations of the latest `limit` jobs that this service completed, latest first.
    pub fn recent_job_durations(
        &self,
        key: &ApiKeyId,
        limit: u32,
    ) -> Result<Vec<JobDuration>, LedgerError> {
        let rows: Vec<(JobOptions, Option<f64>, u64)> = self.query(
            "SELECT options, duration, finished_at - started_at FROM attempts
             WHERE origin = ?1 AND status = 'completed' AND start_count > 0
               AND finished_at > started_at
             ORDER BY id DESC LIMIT ?2",
            params![key.origin, limit],
        )?;
        let durations = rows.into_iter().map(|(options, video, took)| JobDuration {
            model: options.model,
            video,
            took: Duration::from_millis(took),
        });
        Ok(durations.collect())
    }
}
