//! Rate limits of a key and health of a host as plain data, and the trait through which the processes
//! of a machine share them. The policies that change these values are in [`crate::client::limits`].
//!
//! Times are boot-time clock values ([`Instant`]), valid for one boot only: after a reboot a store
//! returns [`KeyLimits::without_times`], which preserves learned limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::secret::Fingerprint;
use super::time::Instant;

/// The owner of limits: one key at one origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitKey {
    /// Scheme, host and port.
    pub origin: String,
    /// `None` for calls without a key.
    pub fingerprint: Option<Fingerprint>,
}

/// The kind of a call, as far as the limits of its key are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallKind {
    /// Uploads an input.
    Upload,
    /// Creates a job.
    Create,
    /// Starts a job, which bills it.
    Start,
    /// Reads a job, a list, or usage.
    Poll,
    /// Carries no key, or the admin token.
    Unkeyed,
    /// Downloads an output, without a key.
    Download,
}

impl CallKind {
    /// Upload, create or start: the calls that each job needs once.
    pub fn submits(self) -> bool {
        matches!(self, Self::Upload | Self::Create | Self::Start)
    }

    /// The limits of the key apply.
    pub fn has_key(self) -> bool {
        self.submits() || self == Self::Poll
    }
}

/// Allowed rate in rounds a second. A round is one call of each kind: one upload, one create and one
/// start, or one poll.
///
/// `*_micros` are microseconds of the boot-time clock.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Rounds a second; 0 until the first growth or cut, when the initial rate applies.
    pub rate: f64,
    /// Rate to which it recovers after a cut; 0 before the first refusal (429).
    pub ceiling: f64,
    /// Time of the last cut. Refusals of calls sent before it belong to the same overload.
    pub cut_at: Option<Instant>,
    /// Rounds accepted since `cut_at`.
    #[serde(rename = "passed")]
    pub accepted_rounds: f64,
    /// Time since `cut_at` in which no call waited for this rate.
    pub unused_micros: u64,
    /// Kinds that were refused at least once, indexed by [`CallKind`]: these are assumed to share one
    /// bucket of the service.
    #[serde(rename = "counted")]
    pub refused_kinds: [bool; 4],
    /// Earliest time of the next call of any kind that shares the bucket.
    pub due_micros: u64,
    /// Earliest time of the next call of each kind.
    pub kind_due_micros: [u64; 4],
}

/// A refused start (429) of which it is not known yet whether it exceeded the rate or the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnexplainedRefusal {
    /// Time of the refusal.
    pub at: Instant,
    /// Other jobs in flight at the refusal.
    #[serde(rename = "beside")]
    pub others: u32,
    /// Pace of submissions before this refusal cut it; restored if the window was the reason.
    pub pace: Pace,
}

/// Concurrency limit: jobs in flight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Jobs accepted in flight; 0 until a refusal has shown a limit.
    pub size: u32,
    /// Starts between two trials of a larger window, in multiples of `size`.
    #[serde(rename = "patience")]
    pub trial_interval: u32,
    /// Starts accepted since the last refusal.
    pub accepted: u32,
    /// Jobs beyond `size` that a trial allows.
    #[serde(rename = "step")]
    pub trial_step: u32,
    /// Time of the last accepted start.
    pub accepted_at: Option<Instant>,
    /// The last refusal that is not attributed to a limit yet.
    #[serde(rename = "suspicion")]
    pub unexplained: Option<UnexplainedRefusal>,
}

/// Blocks of a key that only the user lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyBlock {
    /// 402: no job is started.
    pub no_credits: bool,
    /// 401, or 403 of a submission: nothing is sent.
    pub unauthorized: bool,
}

/// Calls in a few consecutive minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCount {
    /// Start of the first of these minutes.
    pub began: Instant,
    /// Calls that ended.
    pub calls: u32,
    /// Refused calls (429): `[submissions, polls]`.
    pub refused: [u32; 2],
}

/// Upper bounds of the learned limits (`[profiles.NAME.limits]`), whatever the service accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitBounds {
    /// Maximum jobs in flight.
    pub in_flight_max: u32,
    /// Maximum jobs submitted a second: uploads, creates and starts, each.
    pub submission_rate_max: f64,
    /// Maximum polls a second.
    pub poll_rate_max: f64,
    /// Maximum concurrent API requests of a process.
    pub concurrency: u32,
}

impl Default for LimitBounds {
    fn default() -> Self {
        Self { in_flight_max: 64, submission_rate_max: 50.0, poll_rate_max: 20.0, concurrency: 16 }
    }
}

/// The stored limits of a key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyLimits {
    /// Uploads, creates and starts; a round is one job.
    pub submissions: Pace,
    pub polls: Pace,
    /// Time of the last poll.
    pub polled_at: Option<Instant>,
    pub jobs: Window,
    /// End of the `Retry-After` pause of submissions.
    pub submissions_paused_until: Option<Instant>,
    /// End of the `Retry-After` pause of polls.
    pub polls_paused_until: Option<Instant>,
    pub block: KeyBlock,
    /// Calls of the last hour, oldest first.
    #[serde(rename = "tallies")]
    pub request_counts: Vec<RequestCount>,
    /// Largest accepted page size of job lists; `None` until the service has refused one.
    pub page_size: Option<u32>,
}

/// Longest plausible pause. Later times result from a clock change, or from a nonsensical
/// `Retry-After`, and are ignored.
pub const PAUSE_MAX: Duration = Duration::from_hours(48);

impl KeyLimits {
    /// State for another boot, whose times cannot be compared: learned limits and blocks, without
    /// times.
    #[must_use]
    pub fn without_times(self) -> Self {
        let pace = |pace: Pace| Pace {
            rate: pace.rate,
            ceiling: pace.ceiling,
            refused_kinds: pace.refused_kinds,
            ..Pace::default()
        };
        Self {
            submissions: pace(self.submissions),
            polls: pace(self.polls),
            jobs: Window { accepted_at: None, unexplained: None, ..self.jobs },
            block: self.block,
            page_size: self.page_size,
            ..Self::default()
        }
    }

    /// This state, without any times if one of them is further ahead than [`PAUSE_MAX`].
    #[must_use]
    pub fn believable(self, now: Instant) -> Self {
        let latest = now.after(PAUSE_MAX);
        let times = [
            self.submissions.cut_at,
            self.polls.cut_at,
            self.polled_at,
            self.jobs.accepted_at,
            self.jobs.unexplained.map(|refusal| refusal.at),
            self.submissions_paused_until,
            self.polls_paused_until,
        ];
        if times.into_iter().flatten().any(|at| at > latest) { self.without_times() } else { self }
    }
}

/// State of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerPhase {
    /// Calls are permitted.
    #[default]
    Closed,
    /// No calls are permitted until the cooldown is over.
    Open {
        /// End of the cooldown: the next call becomes the probe.
        until: Instant,
    },
    /// One probe is in flight; another is permitted if it is not answered within the probe timeout.
    Probing {
        /// Time at which the probe was permitted.
        since: Instant,
    },
}

/// Stored health of a host, shared by all keys.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostLimits {
    pub phase: BreakerPhase,
    /// Exponentially decaying count of successes.
    #[serde(rename = "good")]
    pub successes: f64,
    /// Exponentially decaying count of failures.
    #[serde(rename = "bad")]
    pub failures: f64,
    /// Time to which both counts are decayed.
    pub counted_at: Option<Instant>,
    /// Openings without a longer failure-free time in between; doubles the cooldown.
    pub flaps: u32,
    /// Time of the last successful probe.
    pub closed_at: Option<Instant>,
}

/// What a call depends on and what its result changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallLimits {
    pub key: KeyLimits,
    pub host: HostLimits,
}

/// Store of limits, for one process or for all that use a ledger.
///
/// Changes are atomic across processes. Rows need not survive a crash of the machine.
pub trait LimiterStore: Send + Sync {
    /// A snapshot of the limits of a key; takes no lock.
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure>;

    /// Changes the limits of a key, and those of a host, which is a name and a port.
    fn change(&self, key: &LimitKey, host: &str, change: LimitsChange) -> Result<(), Failure>;
}

/// Is fast and does no I/O. It may run twice, when a transaction is retried.
pub type LimitsChange = Box<dyn FnMut(&mut CallLimits) + Send>;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Stored limits outlive a version: each name here is in the files of earlier ones.
    #[test]
    fn stored_names_stay() {
        let pace = json!({
            "rate": 2.5, "ceiling": 3.0, "cut_at": 7, "passed": 1.5, "unused_micros": 4,
            "counted": [true, false, true, false], "due_micros": 9, "kind_due_micros": [1, 2, 3, 4],
        });
        let key = json!({
            "submissions": pace, "polls": pace, "polled_at": 5,
            "jobs": {
                "size": 8, "patience": 2, "accepted": 6, "step": 4, "accepted_at": 3,
                "suspicion": {"at": 2, "beside": 7, "pace": pace},
            },
            "submissions_paused_until": 11, "polls_paused_until": 12,
            "block": {"no_credits": true, "unauthorized": true},
            "tallies": [{"began": 1, "calls": 20, "refused": [2, 1]}],
            "page_size": 50,
        });
        let read: KeyLimits = serde_json::from_value(key.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), key);
        for phase in
            [json!("closed"), json!({"open": {"until": 5}}), json!({"probing": {"since": 5}})]
        {
            let host: Value = json!({
                "phase": phase, "good": 1.5, "bad": 2.5, "counted_at": 3, "flaps": 2, "closed_at": 4,
            });
            let read: HostLimits = serde_json::from_value(host.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), host);
        }
    }
}
