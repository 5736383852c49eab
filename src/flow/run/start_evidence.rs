//! Free evidence about ambiguous starts: when clearly started jobs of the run were seen to run.
//! Pure: times are parameters.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::UsageEvent;
use crate::model::{Instant, JobId};

/// Maximum number of remembered started jobs, the latest ones.
const MAX_REMEMBERED: usize = 1_024;
/// Later jobs that have to run before another one counts as overtaken.
const MIN_SAMPLES: usize = 3;
/// Usage events requested: the maximum of the service.
pub(crate) const EVENTS: u32 = 100;

/// Jobs of a run that were started with a clear answer.
#[derive(Debug, Default)]
pub(crate) struct StartEvidence(Mutex<VecDeque<ClearStart>>);

#[derive(Debug)]
struct ClearStart {
    job: JobId,
    at: Instant,
    /// Time between its start and the first poll that showed it running.
    ran_after: Option<Duration>,
}

impl StartEvidence {
    /// Records a start that was committed at `at` and got a clear success.
    pub(crate) fn started(&self, job: &JobId, at: Instant) {
        let mut jobs = self.jobs();
        if jobs.len() >= MAX_REMEMBERED {
            jobs.pop_front();
        }
        jobs.push_back(ClearStart { job: job.clone(), at, ran_after: None });
    }

    /// Records that `job` runs, or has ended.
    pub(crate) fn runs(&self, job: &JobId, now: Instant) {
        let mut jobs = self.jobs();
        if let Some(started) = jobs.iter_mut().rev().find(|started| started.job == *job) {
            started.ran_after.get_or_insert(now.since(started.at));
        }
    }

    /// Longest time until jobs that were started after `doubt` ran; `None` with fewer than `MIN_SAMPLES`
    /// samples.
    pub(crate) fn later_ran_within(&self, doubt: Instant) -> Option<Duration> {
        let jobs = self.jobs();
        let later = || jobs.iter().filter(|started| started.at > doubt);
        let ran = || later().filter_map(|started| started.ran_after);
        (ran().count() >= MIN_SAMPLES).then(|| ran().max()).flatten()
    }

    /// Returns whether `events` charge for `job`; and whether they charge for a job that was
    /// started after `doubt`, and miss none since then.
    pub(crate) fn charged(
        &self,
        events: &[UsageEvent],
        job: &JobId,
        doubt: Instant,
    ) -> (bool, bool) {
        let charges = |job: &JobId| {
            events.iter().any(|event| {
                event.job.as_ref() == Some(job) && event.credits.is_some_and(|sum| sum.0 > 0.0)
            })
        };
        let jobs = self.jobs();
        let later = jobs.iter().any(|started| started.at > doubt && charges(&started.job));
        let is_complete = events.len() < EVENTS as usize
            || jobs.iter().any(|started| started.at < doubt && charges(&started.job));
        (charges(job), later && is_complete)
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<ClearStart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Credits;

    fn job(name: &str) -> JobId {
        JobId(name.to_owned())
    }

    fn charge(name: &str) -> UsageEvent {
        UsageEvent {
            job: Some(job(name)),
            names_job: true,
            kind: None,
            credits: Some(Credits(1.0)),
            at: None,
            raw: serde_json::Value::Null,
        }
    }

    #[test]
    fn three_later_jobs_that_run_are_evidence_and_the_slowest_of_them_counts() {
        let evidence = StartEvidence::default();
        for (name, started, ran) in
            [("early", 900, 950), ("a", 1_100, 1_200), ("b", 1_100, 1_900), ("c", 2_000, 2_100)]
        {
            evidence.started(&job(name), Instant(started));
            assert_eq!(evidence.later_ran_within(Instant(1_000)), None, "{name}");
            evidence.runs(&job(name), Instant(ran));
            evidence.runs(&job(name), Instant(ran + 60_000));
        }
        let slowest = Duration::from_millis(800);
        assert_eq!(evidence.later_ran_within(Instant(1_000)), Some(slowest));
        assert_eq!(evidence.later_ran_within(Instant(1_100)), None);
    }

    #[test]
    fn charges_of_later_jobs_are_evidence_where_the_page_reaches_back_far_enough() {
        let evidence = StartEvidence::default();
        evidence.started(&job("before"), Instant(900));
        evidence.started(&job("after"), Instant(1_100));
        let doubt = Instant(1_000);
        let free = UsageEvent { credits: None, ..charge("x") };
        let full = vec![charge("after"); EVENTS as usize];
        let mut reaches = full.clone();
        reaches[99] = charge("before");
        // (events, charged, later ones charged)
        let table = [
            (vec![], (false, false)),
            (vec![charge("x")], (true, false)),
            (vec![free], (false, false)),
            (vec![charge("before")], (false, false)),
            (vec![charge("after")], (false, true)),
            (full, (false, false)),
            (reaches, (false, true)),
        ];
        for (events, expected) in table {
            assert_eq!(evidence.charged(&events, &job("x"), doubt), expected, "{events:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let evidence = StartEvidence::default();
        for at in 0..2 * MAX_REMEMBERED as u64 {
            evidence.started(&job("x"), Instant(at));
        }
        assert_eq!(evidence.jobs().len(), MAX_REMEMBERED);
    }
}
