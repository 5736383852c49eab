//! Following a started job to its end, no oftener than the poll schedule says.

use std::time::Duration;

use super::drive::Drive;
use super::protocol::Observation;
use super::sweep::News;
use crate::client::Looks;
use crate::ledger::Past;
use crate::model::{Failure, FailureKind, ItemEvent, Phase};

impl Drive<'_> {
    /// Waits until there is something to see of the job; none when the run was stopped meanwhile.
    pub(super) async fn follow(&mut self) -> Option<Observation> {
        let context = self.run.context.clone();
        let timing = context.timing.poll;
        let now = context.clock.now();
        let pause = match self.running_since {
            Some(since) => {
                let elapsed = now.since(since);
                if elapsed > context.timing.wait_timeout {
                    return Some(Observation::GaveUp(self.out_of_patience(elapsed)));
                }
                self.looks.pause(&timing, elapsed, self.task.look.progress)
            }
            None => self.begin_to_follow(),
        };
        if self.is_announced().await {
            self.following = None;
            self.pause(pause).await.ok()?;
            self.looks.count_one();
            return Some(self.look().await);
        }
        let due = now.after(pause);
        let Some(job) = self.task.row.job.clone() else { return Some(self.look().await) };
        let sweeps = &self.run.sweeps;
        let started = self.running_since.unwrap_or(now);
        let following =
            self.following.get_or_insert_with(|| sweeps.follow(&job, started, due, now));
        let news = following.news(due, context.clock.as_ref(), &timing);
        let seen = match context.unless_stopped(news).await.ok()? {
            News::Shown { asked, view } => Observation::Looked(self.seen(asked, *view, true)),
            News::LookNow => {
                self.looks.count_one();
                self.look().await
            }
        };
        Some(seen)
    }

    /// What is expected of the job, and the pause until the first look at it.
    fn begin_to_follow(&mut self) -> Duration {
        let context = &self.run.context;
        context.phase(&self.item, Phase::Waiting);
        let ran = self.known_to_run();
        self.running_since = Some(context.clock.now().before(ran));
        let work = &self.task.work;
        let alike = self.run.usual().alike(work.options.model, work.duration);
        if let Some(range) = alike.range() {
            let left = |whole: Duration| whole.saturating_sub(ran);
            let expected = ItemEvent::Expected { least: left(range.least), most: left(range.most) };
            context.tell(&self.item, expected);
        }
        Looks::first(&context.timing.poll, alike.least()).saturating_sub(ran)
    }

    /// The job is done: what it took tells what the next ones take.
    pub(super) fn learn_duration(&self) {
        let Some(since) = self.running_since else { return };
        let work = &self.task.work;
        let took = self.run.context.clock.now().since(since);
        self.run.usual().add(Past { model: work.options.model, video: work.duration, took });
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
