//! Jobs in flight that no process follows: of a process that was killed, of a run that only started
//! them, or not finished after `wait_timeout`. They count against what may be in flight until a poll
//! shows that they have ended.

use super::driver::{DriveOutcome, JobDriver};
use crate::flow::run::{OrphanPolls, RunState};
use crate::flow::state_machine::Observation;
use crate::ledger::{Attempt, AttemptId, AttemptStatus, Claim};
use crate::model::{Failure, InputRef};

/// Strays that are polled in one round, those that were polled longest ago first.
const ROUND: u32 = 8;

impl RunState {
    /// Polls jobs of the key that no process follows, once each, so that the places of those that
    /// have ended become free. Nothing else is sent for them.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(crate) async fn poll_orphans(&self) -> Result<OrphanPolls, Failure> {
        let key = self.context.key.clone();
        let strays =
            self.context.ledger(move |ledger, _| ledger.orphaned_attempts(&key, ROUND)).await?;
        let mut round = OrphanPolls::default();
        for id in strays {
            let failure = self.poll_orphan(id).await?;
            round.failure = failure.or(round.failure);
            round.polled += 1;
        }
        Ok(round)
    }

    async fn poll_orphan(&self, id: AttemptId) -> Result<Option<Failure>, Failure> {
        let claim = self.context.ledger(move |ledger, owner| ledger.claim(owner, id)).await?;
        let Claim::Acquired(attempt) = claim else { return Ok(None) };
        match self.poll_once_and_release(*attempt, |_| Observation::Resumed).await?.1 {
            DriveOutcome::Rested(failure) => Ok(Some(failure)),
            _ => Ok(None),
        }
    }

    /// Polls the job of a claimed attempt once, writes what was seen, gives the attempt back, and
    /// returns its phase.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(crate) async fn glance(&self, attempt: Attempt) -> Result<AttemptStatus, Failure> {
        self.poll_once_and_release(attempt, |_| Observation::Resumed).await.map(|(phase, _)| phase)
    }

    /// The same from `observe` on, which is what was seen of the job.
    pub(crate) async fn poll_once_and_release(
        &self,
        attempt: Attempt,
        observe: impl FnOnce(&mut JobDriver<'_>) -> Observation,
    ) -> Result<(AttemptStatus, DriveOutcome), Failure> {
        let input = InputRef { id: 0, name: String::new() };
        let mut drive = JobDriver::glance(self, attempt, input);
        let observed = observe(&mut drive);
        let ended = Box::pin(drive.go(observed)).await;
        let attempt = drive.attempt.clone();
        let phase = attempt.state.status;
        self.context.ledger(move |ledger, owner| ledger.release(owner, &attempt)).await?;
        ended.map(|ended| (phase, ended))
    }
}
