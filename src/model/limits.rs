//! What is known of a key's limits and of a host's health, as plain data, and the trait by which
//! all processes on a machine share it. The policies that change these values are in
//! [`crate::client`]; where they are kept is the store's affair.
//!
//! Times are boot-time clock values ([`Instant`]) and mean nothing after another boot: a store
//! gives none of them back then. What was learned of a key is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::secret::Fingerprint;
use super::time::Instant;

/// Whose limits: a key at an origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitKey {
    /// Scheme, host and port.
    pub origin: String,
    /// The key; none for calls without one.
    pub fingerprint: Option<Fingerprint>,
}

/// What a call is to the limits of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallKind {
    /// Sends an input.
    Upload,
    /// Makes a job.
    Create,
    /// Starts a job, which bills it.
    Start,
    /// Reads: a job, a list, usage.
    Poll,
    /// Carries no key, or an administrator's: limits of the key do not concern it.
    Unkeyed,
}

impl CallKind {
    /// Whether it is one of the calls that each job needs once.
    #[must_use]
    pub fn submits(self) -> bool {
        matches!(self, Self::Upload | Self::Create | Self::Start)
    }
}

/// A pace: rounds a second, where a round is one call of each kind.
///
/// Times are microseconds of the boot-time clock where they are fine enough to matter.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Rounds a second; 0 before the first call.
    pub rate: f64,
    /// The rate to which it returns after a cut; 0 before the first refusal.
    pub ceiling: f64,
    /// When it was last cut. Refusals of calls that were sent before belong to that cut.
    pub cut_at: Option<Instant>,
    /// Rounds that were accepted since then.
    pub passed: f64,
    /// Time since then in which no call waited for the pace, in microseconds.
    pub unused_micros: u64,
    /// Which kinds were refused, in the order of [`CallKind`]: these share the service's bucket.
    pub counted: [bool; 4],
    /// When the next call of a counted kind is due, in microseconds.
    pub due_micros: u64,
    /// When the next call of each kind is due, in microseconds.
    pub kind_due_micros: [u64; 4],
}

/// A start that was refused, before it is known whether the pace or the window was the reason.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnexplainedRefusal {
    /// When it was refused.
    pub at: Instant,
    /// Jobs in flight besides.
    pub beside: u32,
    /// Starts that were accepted since then beside at least as many.
    pub passed: u32,
    /// The pace before it was cut for this.
    pub pace: Pace,
}

/// A window: jobs in flight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Jobs that fit; 0 before any refusal has shown a limit.
    pub size: u32,
    /// Windows of accepted starts between two trials of a larger one.
    pub patience: u32,
    /// Starts that were accepted since the last refusal.
    pub accepted: u32,
    /// How many jobs more the next trial is.
    pub step: u32,
    /// Accepted starts beyond the window in this trial.
    pub beyond: u32,
    /// When a start was last accepted.
    pub accepted_at: Option<Instant>,
    /// A refusal that is not explained yet.
    pub suspicion: Option<UnexplainedRefusal>,
}

/// What stops a key until its user says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyBlock {
    /// 402: nothing is started.
    pub no_credits: bool,
    /// 401 or 403: nothing is sent.
    pub unauthorized: bool,
}

/// The calls of some minutes in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCount {
    /// When the first of these minutes began.
    pub began: Instant,
    /// Calls that came to an end.
    pub calls: u32,
    /// Refused (429): submissions and polls.
    pub refused: [u32; 2],
}

/// Everything that is kept of a key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyLimits {
    /// Uploads, creates and starts: rounds are jobs.
    pub submissions: Pace,
    /// Polls.
    pub polls: Pace,
    /// When the last poll was sent.
    pub polled_at: Option<Instant>,
    /// Jobs in flight.
    pub jobs: Window,
    /// The service asked not to be sent submissions before.
    pub submissions_paused_until: Option<Instant>,
    /// The service asked not to be polled before.
    pub polls_paused_until: Option<Instant>,
    /// Stops.
    pub block: KeyBlock,
    /// The calls of the last hour, the latest last.
    pub tallies: Vec<RequestCount>,
    /// Largest page of jobs that the service accepted; `None` while it has refused none.
    pub page_size: Option<u32>,
}

/// Longest pause that a service may ask for and is believed; a time beyond it comes from a clock
/// that was set.
pub const LONGEST_PAUSE: Duration = Duration::from_hours(48);

impl KeyLimits {
    /// What holds after another boot, whose times cannot be compared: what was learned, and what only
    /// the user releases.
    #[must_use]
    pub fn without_times(self) -> Self {
        let pace = |pace: Pace| Pace {
            rate: pace.rate,
            ceiling: pace.ceiling,
            counted: pace.counted,
            ..Pace::default()
        };
        Self {
            submissions: pace(self.submissions),
            polls: pace(self.polls),
            jobs: Window { accepted_at: None, suspicion: None, ..self.jobs },
            block: self.block,
            page_size: self.page_size,
            ..Self::default()
        }
    }

    /// What holds now: a time further ahead than any pause is forgotten with everything like it.
    #[must_use]
    pub fn believable(self, now: Instant) -> Self {
        let latest = now.after(LONGEST_PAUSE);
        let times = [
            self.submissions.cut_at,
            self.polls.cut_at,
            self.polled_at,
            self.jobs.accepted_at,
            self.jobs.suspicion.map(|suspicion| suspicion.at),
            self.submissions_paused_until,
            self.polls_paused_until,
        ];
        if times.into_iter().flatten().any(|at| at > latest) { self.without_times() } else { self }
    }
}

/// Which way a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerPhase {
    /// Calls go through.
    #[default]
    Closed,
    /// None does, until then.
    Open {
        /// When one call may try.
        until: Instant,
    },
    /// One call is trying since then; a second one may when the first is lost.
    Probing {
        /// When it was let through.
        since: Instant,
    },
    /// Calls go through at a rate that grows, since then.
    Ramp {
        /// When the probe came back well.
        since: Instant,
        /// When the ramp's bucket would be full again, in microseconds.
        full_at_micros: u64,
    },
}

/// What is kept of a host, whatever the key: its trouble is everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostLimits {
    /// Which way it stands.
    pub phase: BreakerPhase,
    /// Recent good answers, fading.
    pub good: f64,
    /// Recent failures, fading.
    pub bad: f64,
    /// When these were counted.
    pub counted_at: Option<Instant>,
    /// How often it opened without a long quiet between.
    pub flaps: u32,
    /// When it last closed.
    pub closed_at: Option<Instant>,
}

/// Keeps limits, for one process or for all on the machine.
///
/// A change runs alone: no other process sees or makes one in between. It is quick, does no input
/// or output, and may run twice when a transaction is taken again. Rows need not survive a crash
/// of the machine.
pub trait LimiterStore: Send + Sync {
    /// What is kept of a key. Keeps nobody from changing it.
    ///
    /// # Errors
    /// [`FailureKind::Local`](super::FailureKind::Local) when the store cannot be read.
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure>;

    /// Changes what is kept of a key.
    ///
    /// # Errors
    /// [`FailureKind::Local`](super::FailureKind::Local) when the store cannot be read or written.
    fn change_key(
        &self,
        key: &LimitKey,
        change: &mut dyn FnMut(&mut KeyLimits),
    ) -> Result<(), Failure>;

    /// Changes what is kept of a host (name and port).
    ///
    /// # Errors
    /// [`FailureKind::Local`](super::FailureKind::Local) when the store cannot be read or written.
    fn change_host(
        &self,
        host: &str,
        change: &mut dyn FnMut(&mut HostLimits),
    ) -> Result<(), Failure>;
}
