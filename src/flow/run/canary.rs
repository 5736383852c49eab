//! Caution with new options: a few jobs until the first one succeeds, then as many as the
//! concurrency limit permits. Also a stop when many jobs fail, so that a wrong option does not bill
//! ten thousand failures. Pure.

use std::collections::VecDeque;

/// Recent outcomes that are considered.
const WINDOW: usize = 10;

/// Failures among the recent outcomes that stop the run.
const FAILURE_LIMIT: usize = 6;

/// Failures that stop the run while nothing has succeeded.
const INITIAL_FAILURE_LIMIT: usize = 3;

/// Lower bound of jobs in flight until one has succeeded, and the divisor of the batch size for
/// large batches.
const FIRST_JOBS: u32 = 4;
const FIRST_JOBS_DIVISOR: u32 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobResult {
    /// With an output.
    Succeeded,
    /// Without an output, for a reason that may hold for other inputs too.
    Failed,
    /// Without an output, since the service could not read this input as a video.
    BadInput,
}

impl JobResult {
    /// Classifies the service's failure reason. The API has no reason codes, so this matches text:
    /// the documented sentences ("Invalid file type", "Invalid video"), and those of `FFmpeg` and
    /// of servers that fetch a file. Such a job has no output, so it is not billed. All other
    /// reasons count against the options and the service.
    pub(crate) fn of_failure(reason: &str) -> Self {
        const BAD_INPUT: [&str; 13] = [
            "invalid file",
            "invalid video",
            "invalid data found",
            "not a video",
            "not a valid video",
            "no video stream",
            "no video track",
            "moov atom",
            "unsupported file",
            "unsupported video",
            "unsupported container",
            "video_url could not be fetched",
            "failed to download video",
        ];
        let reason = reason.to_lowercase();
        let is_bad_input = BAD_INPUT.iter().any(|words| reason.contains(words));
        if is_bad_input { Self::BadInput } else { Self::Failed }
    }
}

/// Outcomes of a run's jobs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Canary {
    proven: bool,
    /// Inputs of the batch.
    inputs: u32,
    successes: u32,
    recent: VecDeque<bool>,
}

impl Canary {
    /// `proven`: jobs with these options have succeeded before.
    pub(crate) fn new(proven: bool) -> Self {
        Self { proven, ..Self::default() }
    }

    /// Some job with these options is known to have succeeded.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven || self.successes > 0
    }

    pub(crate) fn set_inputs(&mut self, inputs: u32) {
        self.inputs = inputs;
    }

    /// Maximum jobs in flight, by what is known of the options.
    pub(crate) fn allows(&self) -> u32 {
        if self.is_proven() {
            return u32::MAX;
        }
        FIRST_JOBS.max(self.inputs / FIRST_JOBS_DIVISOR)
    }

    /// Counts the end of a job, and returns whether too many fail. A job that failed because its
    /// input is not a video says nothing about the others.
    pub(crate) fn record(&mut self, result: JobResult) -> bool {
        let success = match result {
            JobResult::BadInput => return false,
            JobResult::Succeeded => true,
            JobResult::Failed => false,
        };
        if success {
            self.successes = self.successes.saturating_add(1);
        }
        self.recent.push_back(success);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        let failures = self.recent.iter().filter(|success| !**success).count();
        failures >= FAILURE_LIMIT || (self.successes == 0 && failures >= INITIAL_FAILURE_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_options_start_with_a_few_jobs_until_one_succeeds() {
        let mut canary = Canary::new(false);
        assert!(!canary.is_proven() && Canary::new(true).is_proven());
        assert_eq!((canary.allows(), Canary::new(true).allows()), (4, u32::MAX));
        canary.set_inputs(1_000);
        assert_eq!(canary.allows(), 20);
        assert!(!canary.record(JobResult::Failed));
        assert_eq!(canary.allows(), 20, "a failure allows nothing more");
        assert!(!canary.record(JobResult::Succeeded));
        assert_eq!(canary.allows(), u32::MAX);
    }

    #[test]
    fn a_surge_of_failures_stops_and_single_ones_do_not() {
        let mut first = Canary::new(false);
        assert_eq!([JobResult::Failed; 3].map(|result| first.record(result)), [false, false, true]);
        let mut later = Canary::new(true);
        let alternately =
            |n: u32| if n.is_multiple_of(2) { JobResult::Succeeded } else { JobResult::Failed };
        assert!((0..40).all(|n| !later.record(alternately(n))), "every second one is no surge");
        assert!((0..6).any(|_| later.record(JobResult::Failed)));
    }

    #[test]
    fn inputs_that_are_no_videos_are_no_surge() {
        let mut canary = Canary::new(false);
        assert!((0..40).all(|_| !canary.record(JobResult::BadInput)));
        assert!(!canary.is_proven(), "nor do they prove anything");
        assert_eq!(
            [JobResult::Failed; 3].map(|result| canary.record(result)),
            [false, false, true]
        );
        for (reason, expected) in [
            ("Invalid video: no frame of it can be decoded", JobResult::BadInput),
            ("Invalid file type: not an MP4 by its content", JobResult::BadInput),
            ("ffmpeg: moov atom not found", JobResult::BadInput),
            ("video_url could not be fetched: HTTP 404", JobResult::BadInput),
            ("Processing failed", JobResult::Failed),
            ("no subject found", JobResult::Failed),
            ("Unknown output format: x", JobResult::Failed),
            ("CUDA error: invalid argument", JobResult::Failed),
        ] {
            assert_eq!(JobResult::of_failure(reason), expected, "{reason}");
        }
    }
}
