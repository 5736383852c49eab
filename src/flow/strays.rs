//! Jobs in flight that nobody follows: of a process that was killed, or of a run that only started
//! them. They occupy places at the service until somebody sees that they have ended.

use super::drive::{Drive, Ended};
use super::protocol::Observation;
use super::run::Run;
use crate::ledger::{Claim, Phase, Task, TaskId};
use crate::model::{Failure, ItemRef};

/// Strays that are looked at in one go, those that were looked at longest ago first.
const AT_ONCE: u32 = 8;

impl Run {
    /// Looks once at jobs of the key that nobody follows, so that the places of those that have
    /// ended become free. Nothing is sent for them but looks. Answers why a look was given up, if one
    /// was.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(super) async fn look_at_strays(&self) -> Result<Option<Failure>, Failure> {
        let key = self.context.key.clone();
        let strays = self.context.ledger(move |ledger, _| ledger.strays(&key, AT_ONCE)).await?;
        let mut given_up = None;
        for id in strays {
            given_up = self.look_at_stray(id).await?.or(given_up);
        }
        Ok(given_up)
    }

    async fn look_at_stray(&self, id: TaskId) -> Result<Option<Failure>, Failure> {
        let claim = self.context.ledger(move |ledger, owner| ledger.claim(owner, id)).await?;
        let Claim::Mine(task) = claim else { return Ok(None) };
        match self.glance_and_release(*task).await?.1 {
            Ended::Rested(failure) => Ok(Some(failure)),
            _ => Ok(None),
        }
    }

    /// Looks once at an attempt that was claimed, writes what was seen, gives the attempt back, and
    /// says where it stands.
    ///
    /// # Errors
    /// The ledger cannot be used.
    pub(super) async fn glance(&self, task: Task) -> Result<Phase, Failure> {
        self.glance_and_release(task).await.map(|(phase, _)| phase)
    }

    async fn glance_and_release(&self, task: Task) -> Result<(Phase, Ended), Failure> {
        let item = ItemRef { id: 0, name: String::new() };
        let mut drive = Drive::glance(self, task, item);
        let ended = Box::pin(drive.go(Observation::Resumed)).await;
        let task = drive.task.clone();
        let phase = task.row.phase;
        self.context.ledger(move |ledger, owner| ledger.release(owner, &task)).await?;
        ended.map(|ended| (phase, ended))
    }
}
