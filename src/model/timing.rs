//! Timeouts and intervals (`[profiles.NAME.timing]`) with their defaults.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub poll: PollTiming,
    /// Minimum delay before the first retry.
    pub backoff_first: Duration,
    /// Maximum backoff delay.
    pub backoff_max: Duration,
    /// Retries of an idempotent call. Not a setting.
    pub retries: u32,
    /// Time that a start without a clear answer has to take effect before it is sent again.
    pub settle: Duration,
    /// Maximum `Retry-After` that a call waits for.
    pub retry_after_max: Duration,
    /// Maximum service outage that a run waits for.
    pub outage_max: Duration,
    /// First open period of a circuit breaker.
    pub breaker_cooldown: Duration,
    pub connect_timeout: Duration,
    /// Maximum time without data on a connection, in either direction. Whole transfers are not
    /// limited, since a slow line is not broken.
    pub idle_timeout: Duration,
    /// Maximum time from a job's start to its end.
    pub wait_timeout: Duration,
}

/// Timing of polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollTiming {
    /// Time from the start of a job to its first poll, without duration statistics, and minimum
    /// pause between two polls of one job: the interval recommended by the vendor.
    pub first: Duration,
    /// Maximum pause between two polls of one job.
    pub max: Duration,
    /// Minimum pause between two list polls, for any number of jobs.
    pub floor: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            poll: PollTiming::default(),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(16),
            retries: 5,
            settle: Duration::from_mins(2),
            retry_after_max: Duration::from_mins(5),
            outage_max: Duration::from_mins(10),
            breaker_cooldown: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            wait_timeout: Duration::from_hours(2),
        }
    }
}

impl Default for PollTiming {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            max: Duration::from_secs(10),
            floor: Duration::from_millis(250),
        }
    }
}
