//! Duration of jobs, estimated from those of the same model and a similar length. Pure. It sets the
//! first poll of a job, and the estimated remaining time, which is a range or `None`.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ledger::JobDuration;
use crate::model::ModelName;

/// Maximum number of remembered jobs, the latest ones.
pub(crate) const REMEMBERED: u32 = 256;
/// Similar jobs required for a range.
const MIN_SAMPLES: usize = 3;
/// Maximum length ratio of two similar clips.
const MAX_LENGTH_RATIO: f64 = 1.5;
/// Share of the similar jobs that is trimmed at each end.
const TRIMMED_SHARE: f64 = 0.05;

/// Durations of similar jobs, sorted.
#[derive(Debug)]
pub(crate) struct SimilarJobs(Vec<Duration>);

/// The range that contains nine of ten similar jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DurationRange {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

/// Durations of the latest jobs.
#[derive(Debug, Default)]
pub(crate) struct DurationStats {
    /// In order of time.
    past: VecDeque<JobDuration>,
}

impl DurationStats {
    /// `past` is in reverse order of time.
    pub(crate) fn new(past: Vec<JobDuration>) -> Self {
        let mut past: VecDeque<_> = past.into();
        past.truncate(REMEMBERED as usize);
        past.make_contiguous().reverse();
        Self { past }
    }

    /// Adds a job that has just completed.
    pub(crate) fn add(&mut self, past: JobDuration) {
        if self.past.len() >= REMEMBERED as usize {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// The jobs of `model` with a length similar to `video` seconds.
    pub(crate) fn similar_to(&self, model: ModelName, video: Option<f64>) -> SimilarJobs {
        let similar =
            |past: &&JobDuration| past.model == model && have_similar_length(past.video, video);
        let mut took: Vec<Duration> =
            self.past.iter().filter(similar).map(|past| past.took).collect();
        took.sort_unstable();
        SimilarJobs(took)
    }
}

impl SimilarJobs {
    /// Expected duration of the next job; `None` with too few samples.
    pub(crate) fn range(&self) -> Option<DurationRange> {
        let took = &self.0;
        if took.len() < MIN_SAMPLES {
            return None;
        }
        let trimmed = self.trimmed();
        let (min, max) = (took.get(trimmed)?, took.get(took.len() - 1 - trimmed)?);
        Some(DurationRange { min: *min, max: *max })
    }

    /// Trimmed minimum, or `None` without samples.
    pub(crate) fn trimmed_min(&self) -> Option<Duration> {
        self.0.get(self.trimmed()).copied()
    }

    /// Number of samples trimmed at each end.
    fn trimmed(&self) -> usize {
        // A share of the length, so not beyond it.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let trimmed = (self.0.len() as f64 * TRIMMED_SHARE) as usize;
        trimmed
    }
}

fn have_similar_length(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one <= other * MAX_LENGTH_RATIO && other <= one * MAX_LENGTH_RATIO
        }
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(model: ModelName, video: Option<f64>, took: u64) -> JobDuration {
        JobDuration { model, video, took: Duration::from_secs(took) }
    }

    #[test]
    fn only_like_jobs_tell_of_the_next_one() {
        let (light, pro) = (ModelName::Light, ModelName::Pro);
        let stats = DurationStats::new(vec![
            past(light, Some(10.0), 5),
            past(light, Some(14.0), 7),
            past(light, Some(8.0), 6),
            past(light, Some(60.0), 40),
            past(pro, Some(10.0), 90),
            past(light, None, 3),
        ]);
        let range = |min, max| {
            Some(DurationRange { min: Duration::from_secs(min), max: Duration::from_secs(max) })
        };
        // (model, seconds of video, range)
        let table = [
            (light, Some(10.0), range(5, 7)),
            (light, Some(60.0), None),
            (light, Some(100.0), None),
            (light, None, None),
            (pro, Some(10.0), None),
        ];
        for (model, video, expected) in table {
            assert_eq!(stats.similar_to(model, video).range(), expected, "{model} {video:?}");
        }
        let min =
            |model, video| stats.similar_to(model, video).trimmed_min().map(|took| took.as_secs());
        assert_eq!(min(light, Some(10.0)), Some(5));
        assert_eq!(min(light, Some(60.0)), Some(40), "one is enough for the first poll");
        assert_eq!(min(pro, None), None);
    }

    #[test]
    fn one_odd_job_in_many_is_trimmed_and_old_ones_are_forgotten() {
        let light = ModelName::Light;
        let mut stats = DurationStats::new((1..=40).map(|took| past(light, None, took)).collect());
        let range = stats.similar_to(light, None).range().unwrap();
        assert_eq!((range.min.as_secs(), range.max.as_secs()), (3, 38));
        for _ in 0..REMEMBERED {
            stats.add(past(light, None, 100));
        }
        assert_eq!(stats.similar_to(light, None).range().unwrap().min.as_secs(), 100);
    }
}
