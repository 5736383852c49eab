//! Following a started job to its end, no oftener than the poll schedule says.

use std::time::Duration;

use super::drive::Drive;
use super::protocol::Observation;
use super::service::Service;
use crate::client::Looks;
use crate::model::{Failure, FailureKind, Phase};

impl<S: Service> Drive<'_, S> {
    /// Waits for the next look and makes it; none when the run was stopped meanwhile.
    pub(super) async fn follow(&mut self) -> Option<Observation> {
        let context = self.run.context.clone();
        let now = context.clock.now();
        let pause = if let Some(since) = self.running_since {
            let elapsed = now.since(since);
            if elapsed > context.timing.wait_timeout {
                return Some(Observation::GaveUp(self.out_of_patience(elapsed)));
            }
            self.looks.next(&context.timing.poll, elapsed, self.task.look.progress)
        } else {
            context.phase(&self.item, Phase::Waiting);
            self.running_since = Some(now.before(self.known_to_run()));
            Looks::first(&context.timing.poll, None)
        };
        self.pause(pause).await.ok()?;
        Some(self.look().await)
    }

    /// How long the job runs already by what the ledger knows.
    fn known_to_run(&self) -> Duration {
        let Some(started) = self.task.started_at else { return Duration::ZERO };
        let millis = self.run.context.clock.wall().0.saturating_sub(started.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    fn out_of_patience(&self, elapsed: Duration) -> Failure {
        let why = format!(
            "it is not finished after {:.0} s; it goes on at the service",
            elapsed.as_secs_f64()
        );
        let mut failure = Failure::new(FailureKind::TimedOut, "waiting for the job", why)
            .with_next("rbgv resume");
        failure.job.clone_from(&self.task.row.job);
        failure
    }
}
