//! Orphans: jobs in flight that no process follows. They belong to a process that was killed, to a
//! run that only started them, or were not finished after `wait_timeout`. They count against the
//! concurrency limit until a poll shows that they have ended.

use super::driver::{DriveOutcome, JobDriver};
use crate::flow::run::{OrphanPolls, RunState};
use crate::flow::state_machine::Observation;
use crate::ledger::{Attempt, AttemptId, AttemptStatus, Claim};
use crate::model::{Failure, InputRef};

/// Maximum orphans polled in one round, those with the oldest poll first.
const MAX_ORPHANS_PER_ROUND: u32 = 8;

impl RunState {
    /// Polls orphaned jobs of the key once each, which frees the slots of those that have ended.
    /// Nothing else is sent for them.
    pub(crate) async fn poll_orphans(&self) -> Result<OrphanPolls, Failure> {
        let (ledger, key) = (&self.context.ledger, &self.context.key);
        let mut round = OrphanPolls::default();
        for id in ledger.orphaned_attempts(key, MAX_ORPHANS_PER_ROUND).await? {
            let failure = self.poll_orphan(id).await?;
            round.failure = failure.or(round.failure);
            round.polled += 1;
        }
        Ok(round)
    }

    async fn poll_orphan(&self, id: AttemptId) -> Result<Option<Failure>, Failure> {
        let Claim::Acquired(attempt) = self.context.ledger.claim(id).await? else {
            return Ok(None);
        };
        match self.poll_once_and_release(*attempt, |_| Observation::Resumed).await?.1 {
            DriveOutcome::Suspended(failure) => Ok(Some(failure)),
            _ => Ok(None),
        }
    }

    /// Polls the job of a claimed attempt once, records the result, releases the attempt, and
    /// returns its status.
    pub(crate) async fn poll_attempt(&self, attempt: Attempt) -> Result<AttemptStatus, Failure> {
        self.poll_once_and_release(attempt, |_| Observation::Resumed).await.map(|(phase, _)| phase)
    }

    /// The same with the observation that `observe` returns.
    pub(crate) async fn poll_once_and_release(
        &self,
        attempt: Attempt,
        observe: impl FnOnce(&mut JobDriver<'_>) -> Observation,
    ) -> Result<(AttemptStatus, DriveOutcome), Failure> {
        let input = InputRef { id: 0, name: String::new() };
        let mut driver = JobDriver::poll_only(self, attempt, input);
        let observation = observe(&mut driver);
        let ended = Box::pin(driver.drive(observation)).await;
        self.context.ledger.release(&driver.attempt).await?;
        ended.map(|ended| (driver.attempt.state.status, ended))
    }
}
