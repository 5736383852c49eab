//! How long jobs usually take, from what the same model and a like duration took before. Pure: for
//! the first look at a job, and for an honest remaining time, which is a range or nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ledger::Past;
use crate::model::ModelName;

/// Jobs that are remembered, the latest ones.
pub(super) const REMEMBERED: u32 = 256;
/// Like jobs that are needed before anything is said of the next one.
const NEEDED: usize = 3;
/// Two clips are alike when neither is longer than this many times the other.
const ALIKE: f64 = 1.5;
/// What lies below this share of the like jobs, and above the same share, is left out.
const OUTLIERS: f64 = 0.05;

/// How long like jobs took, sorted.
#[derive(Debug)]
pub(super) struct Alike(Vec<Duration>);

/// How long like jobs took: nearly all of them between these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

/// What jobs took.
#[derive(Debug, Default)]
pub(super) struct Usual {
    /// The latest last.
    past: VecDeque<Past>,
}

impl Usual {
    /// From what the ledger knows, the latest first.
    pub(super) fn new(past: Vec<Past>) -> Self {
        let mut past: VecDeque<_> = past.into();
        past.truncate(REMEMBERED as usize);
        past.make_contiguous().reverse();
        Self { past }
    }

    /// Takes note of a job that has just been seen to be done.
    pub(super) fn add(&mut self, past: Past) {
        if self.past.len() >= REMEMBERED as usize {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// The jobs of `model` over about `video` seconds.
    pub(super) fn alike(&self, model: ModelName, video: Option<f64>) -> Alike {
        let alike = |past: &&Past| past.model == model && are_alike(past.video, video);
        let mut took: Vec<Duration> =
            self.past.iter().filter(alike).map(|past| past.took).collect();
        took.sort_unstable();
        Alike(took)
    }
}

impl Alike {
    /// How long the next one may be expected to take; none when too few are known.
    pub(super) fn range(&self) -> Option<Range> {
        let took = &self.0;
        if took.len() < NEEDED {
            return None;
        }
        let left_out = self.left_out();
        let (least, most) = (took.get(left_out)?, took.get(took.len() - 1 - left_out)?);
        Some(Range { least: *least, most: *most })
    }

    /// What they have taken at least, and of how many that is known; none when of none.
    pub(super) fn least(&self) -> Option<(Duration, u32)> {
        let least = self.0.get(self.left_out())?;
        Some((*least, u32::try_from(self.0.len()).unwrap_or(u32::MAX)))
    }

    /// How many are left out at each end.
    fn left_out(&self) -> usize {
        // A share of a length, so not beyond it.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let left_out = (self.0.len() as f64 * OUTLIERS) as usize;
        left_out
    }
}

fn are_alike(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one <= other * ALIKE && other <= one * ALIKE,
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(model: ModelName, video: Option<f64>, took: u64) -> Past {
        Past { model, video, took: Duration::from_secs(took) }
    }

    #[test]
    fn only_like_jobs_tell_of_the_next_one() {
        let (light, pro) = (ModelName::Light, ModelName::Pro);
        let usual = Usual::new(vec![
            past(light, Some(10.0), 5),
            past(light, Some(14.0), 7),
            past(light, Some(8.0), 6),
            past(light, Some(60.0), 40),
            past(pro, Some(10.0), 90),
            past(light, None, 3),
        ]);
        let range = |least, most| {
            Some(Range { least: Duration::from_secs(least), most: Duration::from_secs(most) })
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
            assert_eq!(usual.alike(model, video).range(), expected, "{model} {video:?}");
        }
        let least =
            |model, video| usual.alike(model, video).least().map(|(took, of)| (took.as_secs(), of));
        assert_eq!(least(light, Some(10.0)), Some((5, 3)));
        assert_eq!(least(light, Some(60.0)), Some((40, 1)), "one is enough for a first look");
        assert_eq!(least(pro, None), None);
    }

    #[test]
    fn one_odd_job_in_many_is_left_out_and_old_ones_are_forgotten() {
        let light = ModelName::Light;
        let mut usual = Usual::new((1..=40).map(|took| past(light, None, took)).collect());
        let range = usual.alike(light, None).range().unwrap();
        assert_eq!((range.least.as_secs(), range.most.as_secs()), (3, 38));
        for _ in 0..REMEMBERED {
            usual.add(past(light, None, 100));
        }
        assert_eq!(usual.alike(light, None).range().unwrap().least.as_secs(), 100);
    }
}
