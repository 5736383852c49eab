//! Following a started job to its end.

use std::time::Duration;

use super::driver::JobDriver;
use crate::flow::polling::list_poll::FollowedJob;
use crate::flow::polling::list_schedule::{JobStart, JobUpdate};
use crate::flow::state_machine::Observation;
use crate::ledger::JobDuration;
use crate::model::{Failure, FailureKind, InputEvent, Instant, JobId, Stage};

impl JobDriver<'_> {
    /// Waits for the next observation of the job; `None` when the run was stopped first.
    pub(crate) async fn follow(&mut self) -> Option<Observation> {
        let context = self.run.context.clone();
        let Some(job) = self.attempt.state.job.clone() else { return Some(self.poll().await) };
        let now = context.clock.now();
        let followed = match self.followed.take() {
            Some(followed) => followed,
            None => self.begin_to_follow(&job, now),
        };
        let timeout = context.timing.wait_timeout;
        let elapsed = self.running_since.map_or(Duration::ZERO, |since| now.since(since));
        let Some(left) = timeout.checked_sub(elapsed) else {
            return Some(Observation::CallFailed(self.timed_out(elapsed)));
        };
        // A poll may wait long for its permit.
        let observation = match tokio::time::timeout(left, self.observe(&followed)).await {
            Ok(observation) => observation?,
            Err(_) => Observation::CallFailed(self.timed_out(timeout)),
        };
        self.followed = Some(followed);
        Some(observation)
    }

    /// The next list view of the job, or a poll of it when one is due.
    async fn observe(&mut self, followed: &FollowedJob) -> Option<Observation> {
        let context = self.run.context.clone();
        Some(match followed.next_update(&context).await.ok()? {
            JobUpdate::Shown(requested_at, view) => {
                Observation::Polled(self.record_poll(requested_at, *view, true))
            }
            JobUpdate::Refused(failure) => Observation::CallFailed(*failure),
            JobUpdate::Poll => {
                let requested_at = context.clock.now();
                let observation = self.poll().await;
                followed.polled(requested_at, self.attempt.last_poll.progress);
                observation
            }
        })
    }

    fn begin_to_follow(&mut self, job: &JobId, now: Instant) -> FollowedJob {
        let context = &self.run.context;
        context.emit_stage(&self.input, Stage::Waiting);
        let ran = self.known_to_run();
        let started = now.before(ran);
        self.running_since = Some(started);
        let work = &self.attempt.work;
        let similar = self.run.durations().similar_to(work.options.model, work.duration);
        if let Some(range) = similar.range() {
            let left = |whole: Duration| whole.saturating_sub(ran);
            let expected = InputEvent::Expected { least: left(range.min), most: left(range.max) };
            context.emit(&self.input, expected);
        }
        let timing = &context.timing.poll;
        let expected =
            similar.trimmed_min().map(|duration| started.after(timing.first_poll(Some(duration))));
        // A job started by an earlier run was polled when this run took it over.
        let polled_at = (ran >= timing.first).then_some(now);
        let announced = work.options.webhook_url.is_some();
        self.run.list_poll.follow(job, JobStart { started, expected, polled_at, announced }, now)
    }

    /// Adds the duration of a completed job to the statistics.
    pub(crate) fn learn_duration(&self) {
        let Some(since) = self.running_since else { return };
        let work = &self.attempt.work;
        let took = self.run.context.clock.now().since(since);
        self.run.durations().add(JobDuration {
            model: work.options.model,
            video: work.duration,
            took,
        });
    }

    /// Time that the job has already run, by the ledger.
    fn known_to_run(&self) -> Duration {
        let Some(started) = self.attempt.started_at else { return Duration::ZERO };
        let millis = self.run.context.clock.wall().0.saturating_sub(started.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    fn timed_out(&self, elapsed: Duration) -> Failure {
        let why = format!(
            "not finished after {:.0} s; still running at the service",
            elapsed.as_secs_f64()
        );
        let mut failure = Failure::new(FailureKind::TimedOut, "waiting for the job", why)
            .with_next("rbgv resume");
        failure.job.clone_from(&self.attempt.state.job);
        failure
    }
}
