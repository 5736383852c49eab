//! Jobs in flight that no process follows: of a process that was killed, of a run that only started
//! them, or not finished after `wait_timeout`. They count against what may be in flight until a poll
//! shows that they have ended.

use crate::flow::drive::{Drive, Ended};
use crate::flow::protocol::Observation;
use crate::flow::run::Run;
use crate::ledger::{Claim, Phase, Task, TaskId};
use crate::model::{Failure, ItemRef};

/// Strays that are polled in one round, those that were polled longest ago first.
const ROUND: u32 = 8;

/// One round of polls of strays.
#[derive(Debug, Default)]
pub(in crate::flow) struct StrayRound {
    /// How many were polled.
    pub(in crate::flow) polled: u32,
    /// Why a poll was given up, if one was.
    pub(in crate::flow) failure: Option<Failure>,
}

impl Run {
    /// Polls jobs of the key that no process follows, once each, so that the places of those that
    /// have ended become free. Nothing else is sent for them.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(in crate::flow) async fn poll_strays(&self) -> Result<StrayRound, Failure> {
        let key = self.context.key.clone();
        let strays = self.context.ledger(move |ledger, _| ledger.strays(&key, ROUND)).await?;
        let mut round = StrayRound::default();
        for id in strays {
            let failure = self.poll_stray(id).await?;
            round.failure = failure.or(round.failure);
            round.polled += 1;
        }
        Ok(round)
    }

    async fn poll_stray(&self, id: TaskId) -> Result<Option<Failure>, Failure> {
        let claim = self.context.ledger(move |ledger, owner| ledger.claim(owner, id)).await?;
        let Claim::Mine(task) = claim else { return Ok(None) };
        match self.glance_and_release(*task, |_| Observation::Resumed).await?.1 {
            Ended::Rested(failure) => Ok(Some(failure)),
            _ => Ok(None),
        }
    }

    /// Polls the job of a claimed attempt once, writes what was seen, gives the attempt back, and
    /// returns its phase.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(in crate::flow) async fn glance(&self, task: Task) -> Result<Phase, Failure> {
        self.glance_and_release(task, |_| Observation::Resumed).await.map(|(phase, _)| phase)
    }

    /// The same from `observe` on, which is what was seen of the job.
    pub(super) async fn glance_and_release(
        &self,
        task: Task,
        observe: impl FnOnce(&mut Drive<'_>) -> Observation,
    ) -> Result<(Phase, Ended), Failure> {
        let item = ItemRef { id: 0, name: String::new() };
        let mut drive = Drive::glance(self, task, item);
        let observed = observe(&mut drive);
        let ended = Box::pin(drive.go(observed)).await;
        let task = drive.task.clone();
        let phase = task.row.phase;
        self.context.ledger(move |ledger, owner| ledger.release(owner, &task)).await?;
        ended.map(|ended| (phase, ended))
    }
}
