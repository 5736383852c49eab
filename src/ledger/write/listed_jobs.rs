//! What a job that the service lists means for the attempt that it was created for, after a fail-over.
//! Pure.

use crate::ledger::rows::attempt::{AttemptSpec, AttemptState, AttemptStatus, DraftObservation};
use crate::model::{Failure, FailureKind, Instant, JobId, Timestamp};

/// A job as the service lists it.
#[derive(Debug, Clone)]
pub struct ListedJob {
    pub job: JobId,
    pub correlation_id: Option<String>,
    pub content_key: Option<String>,
    pub progress: JobProgress,
    /// What its attempt is restored from, if the row was lost; `None` for a job that is too old for that, or
    /// without our metadata.
    pub record: Option<JobRecord>,
}

/// What a job shows of its attempt.
#[derive(Debug, Clone)]
pub struct JobRecord {
    pub work: AttemptSpec,
    pub created_at: Option<Timestamp>,
    pub end: Option<ListedJobEnd>,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub enum ListedJobEnd {
    /// With an output.
    Completed,
    Failed(Failure),
}

/// How far a listed job certainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobProgress {
    Draft,
    PerhapsStarted,
    Started,
}

/// The state of an attempt that is behind `jobs`, those that the service lists of it; `None` if it is
/// not. No request of an earlier process may be in flight any more.
///
/// An attempt can be behind if no start of it is known, if it may have created another job after a start (a job
/// that the service does not know any more is replaced), or if a person decided and the decision was lost. A job
/// that has perhaps started is followed like one whose start got no response. Of several such jobs, nobody can
/// tell which was started.
#[must_use]
pub fn reconciled_state(
    before: &AttemptState,
    jobs: &[(JobId, JobProgress)],
    now: Instant,
) -> Option<AttemptState> {
    let is_sent = matches!(before.status, AttemptStatus::StartSent | AttemptStatus::StartRefused);
    let in_review = before.status == AttemptStatus::NeedsReview;
    if jobs.is_empty() || !(before.status.is_unstarted() || is_sent || in_review) {
        return None;
    }
    // The state machine decides about the job whose start was sent.
    let others = jobs.iter().filter(|(job, _)| !is_sent || before.job.as_ref() != Some(job));
    let with = |progress| others.clone().filter(move |job| job.1 == progress).map(|(job, _)| job);
    let started = with(JobProgress::Started).next();
    let perhaps: Vec<&JobId> = with(JobProgress::PerhapsStarted).collect();
    let draft = with(JobProgress::Draft).next();
    let followed = |job: &JobId, status, draft_observation| AttemptState {
        status,
        job: Some(job.clone()),
        draft_observation,
        create_count: before.create_count.max(1),
        start_count: before.start_count + u32::from(status != AttemptStatus::Draft),
        sent: Some(now),
        failure: None,
        ..before.clone()
    };
    let state = match (started, perhaps.as_slice(), draft) {
        (Some(job), ..) => followed(job, AttemptStatus::Running, DraftObservation::Started),
        // Its start is in doubt already.
        _ if in_review && before.job.is_some() => before.clone(),
        (None, [job], _) if !is_sent => {
            followed(job, AttemptStatus::StartSent, before.draft_observation)
        }
        (None, [_, ..], _) => in_doubt_between(before),
        (None, [], Some(job)) if before.job.is_none() => {
            followed(job, AttemptStatus::Draft, before.draft_observation)
        }
        (None, [], _) => before.clone(),
    };
    let left = jobs.iter().filter(|(job, _)| state.job.as_ref() != Some(job)).count();
    let state = AttemptState {
        orphan_count: state.orphan_count.max(u32::try_from(left).unwrap_or(u32::MAX)),
        ..state
    };
    (state != *before).then_some(state)
}

/// The state of an attempt whose row was lost, by `jobs`, those that the service lists of it; `None` if none
/// was started: drafts cost nothing.
#[must_use]
pub fn restored_state(jobs: &[(JobId, JobProgress)], now: Instant) -> Option<AttemptState> {
    reconciled_state(&AttemptState::planned(), jobs, now)
        .filter(|state| !state.status.is_unstarted())
}

fn in_doubt_between(before: &AttemptState) -> AttemptState {
    let why = "the ledger lost its last changes, and one of several jobs may be running";
    let next = "rbgv resume --abandon  # then rbgv fetch JOB, with the job that ran";
    let failure =
        Failure::new(FailureKind::NeedsReview, "cannot continue safely", why).with_next(next);
    AttemptState {
        status: AttemptStatus::NeedsReview,
        job: None,
        start_count: before.start_count + 1,
        failure: Some(failure),
        ..before.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_was_lost_is_restored_if_a_job_of_it_may_have_been_started() {
        use JobProgress::{Draft, PerhapsStarted, Started};
        let restored = |jobs: &[(&str, JobProgress)]| {
            let jobs: Vec<_> =
                jobs.iter().map(|(job, progress)| (JobId((*job).to_owned()), *progress)).collect();
            let state = restored_state(&jobs, Instant(9))?;
            assert!(state.may_be_billed());
            Some((state.status, state.job.map(|job| job.0), state.orphan_count))
        };
        let on = |status, job: &str, orphans| Some((status, Some(job.to_owned()), orphans));
        assert_eq!(restored(&[]), None);
        assert_eq!(restored(&[("a", Draft), ("b", Draft)]), None, "unbilled");
        assert_eq!(restored(&[("a", Started)]), on(AttemptStatus::Running, "a", 0));
        assert_eq!(restored(&[("a", Draft), ("b", Started)]), on(AttemptStatus::Running, "b", 1));
        assert_eq!(restored(&[("a", PerhapsStarted)]), on(AttemptStatus::StartSent, "a", 0));
        let either = [("a", PerhapsStarted), ("b", PerhapsStarted)];
        assert_eq!(restored(&either), Some((AttemptStatus::NeedsReview, None, 2)));
    }

    #[test]
    fn all_jobs_of_an_attempt_decide_together() {
        use AttemptStatus as S;
        use JobProgress::{Draft, PerhapsStarted, Started};
        let corrected = |status, job: Option<&str>, jobs: &[(&str, JobProgress)]| {
            let job = job.map(|job| JobId(job.to_owned()));
            let before = AttemptState { status, job, ..AttemptState::planned() };
            let jobs: Vec<_> =
                jobs.iter().map(|(job, progress)| (JobId((*job).to_owned()), *progress)).collect();
            let backwards: Vec<_> = jobs.iter().rev().cloned().collect();
            let now = Instant(9);
            let state = reconciled_state(&before, &jobs, now);
            assert_eq!(state, reconciled_state(&before, &backwards, now), "whatever the order");
            state.map(|state| (state.status, state.job.map(|job| job.0), state.orphan_count))
        };
        let on = |status, job: &str, orphans| Some((status, Some(job.to_owned()), orphans));
        let review = Some((S::NeedsReview, None, 2));
        let running_and_draft = [("a", Started), ("b", Draft)];
        let pending = [("a", PerhapsStarted), ("b", PerhapsStarted)];
        for (status, job) in [(S::Planned, None), (S::CreateSent, None), (S::Draft, Some("b"))] {
            assert_eq!(corrected(status, job, &running_and_draft), on(S::Running, "a", 1));
            assert_eq!(corrected(status, job, &pending), review, "either may run");
            let pending = [("a", PerhapsStarted), ("b", Draft)];
            assert_eq!(corrected(status, job, &pending), on(S::StartSent, "a", 1));
        }
        // The job whose start was sent is left to the state machine, unless another one took its place.
        for status in [S::StartSent, S::StartRefused] {
            assert_eq!(corrected(status, Some("a"), &[("a", Started)]), None);
            assert_eq!(corrected(status, Some("a"), &[("b", Started)]), on(S::Running, "b", 0));
            assert_eq!(corrected(status, Some("a"), &[("b", Draft)]), on(status, "a", 1));
        }
        assert_eq!(corrected(S::NeedsReview, None, &[("a", Started)]), on(S::Running, "a", 0));
        for settled in [S::Completed, S::Failed, S::Halted, S::Running, S::StartDoubt] {
            assert_eq!(corrected(settled, Some("a"), &running_and_draft), None);
        }
    }
}
