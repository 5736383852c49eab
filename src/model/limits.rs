//! What is known of a key's limits and of a host's health, as plain data, and the trait by which
//! all processes on a machine share it. The policies that change these values are in
//! [`crate::client`]; where they are kept is the store's affair.
//!
//! Times are boot-time clock values ([`Instant`]) and mean nothing after another boot: a store
//! gives none of them back then. What was learned of a key is kept.

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

/// Calls that share a rate, and that no other lane may starve (design, *Limits*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Creating and starting jobs.
    Control,
    /// Looking at jobs, and whatever else only reads.
    Poll,
    /// Sending and fetching files.
    Transfer,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Control, Self::Poll, Self::Transfer];

    /// A stable word for the ledger and for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Poll => "poll",
            Self::Transfer => "transfer",
        }
    }
}

/// A token bucket, kept as the time up to which its tokens are spoken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BucketState {
    /// When the bucket would be full again, in microseconds of the boot-time clock.
    pub full_at_micros: u64,
}

/// A limit that is being learned: of a rate, or of jobs in flight.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AdaptiveState {
    /// What is allowed now; 0 before anything is known.
    pub value: f64,
    /// What was allowed when it was last refused; 0 before that.
    pub ceiling: f64,
    /// Good answers since the last cut, in units of the value of their time.
    pub rounds: f64,
    /// When it was last cut: refusals of what was decided before belong to the same episode.
    pub cut_at: Option<Instant>,
    /// Of a cap: how much more is tried next; 0 before that.
    pub step: f64,
    /// Of a cap: rounds until then.
    pub patience: f64,
    /// Of a cap: accepted starts beyond its ceiling since that was set.
    pub proofs: u32,
    /// What was allowed before the last cut.
    pub before: f64,
    /// Of a rate: its ceiling before that.
    pub ceiling_before: f64,
    /// Of a rate: since when calls are counted; what the service could bear at once was known then.
    pub counted_from: Option<Instant>,
    /// Of a rate: calls since then, less those that the service could bear at once.
    pub beyond: i64,
    /// Of a rate: the highest that good answers have proved.
    pub proven: f64,
    /// Of a rate: the same before the last cut.
    pub proven_before: f64,
    /// Of a cap: the pause in seconds that its last refusal asked for.
    pub pause: f64,
}

/// How much a service bears at once, as far as that was learned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BurstState {
    /// Calls that may go at once; 0 before any of them was refused.
    pub value: f64,
    /// Calls since there was quiet, unless one of them was refused.
    pub since_rest: Option<u32>,
    /// Whether the last refusal was about the burst.
    pub was_blamed: bool,
}

/// What is kept of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LaneState {
    /// Hands out send times.
    pub bucket: BucketState,
    /// Requests that may go at once after a quiet time.
    pub burst: BurstState,
    /// Requests a second.
    pub rate: AdaptiveState,
    /// The service asked not to be called before.
    pub parked_until: Option<Instant>,
    /// Last success of a call that starts nothing, which tells a rate from a cap.
    pub good_at: Option<Instant>,
    /// Last refusal (429) of such a call.
    pub refused_at: Option<Instant>,
}

/// What may still be spent on repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BudgetState {
    /// Repetitions; below zero, those that have been promised a later time.
    pub tokens: f64,
    /// When the tokens were counted.
    pub counted_at: Option<Instant>,
}

/// A refused start of which it is not proved which limit it met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartRefusal {
    /// When it was refused.
    pub at: Instant,
    /// Jobs in flight beside it.
    pub beside: u32,
    /// Starts beside more that were decided since then and accepted.
    pub passed_since: u32,
}

/// What stops a key until its user says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatchState {
    /// 402: nothing is started.
    pub no_credits: bool,
    /// 401: nothing is sent.
    pub unauthorized: bool,
}

/// The calls of some minutes in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// When the first of these minutes began.
    pub began: Instant,
    /// Calls that came to an end.
    pub calls: u32,
    /// Of these, refused (429), for each lane.
    pub refused: [u32; 3],
}

/// Everything that is kept of a key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyLimits {
    /// Creating and starting.
    pub control: LaneState,
    /// Looking.
    pub poll: LaneState,
    /// Sending and fetching.
    pub transfer: LaneState,
    /// Jobs in flight.
    pub cap: AdaptiveState,
    /// The service asked not to be given a start before.
    pub starts_parked_until: Option<Instant>,
    /// The last start that was refused and taken to have met the rate and not the cap, until that is
    /// proved.
    pub start_refused: Option<StartRefusal>,
    /// Repetitions of all lanes.
    pub budget: BudgetState,
    /// Stops.
    pub latches: LatchState,
    /// The calls of the last hour, the latest last.
    pub tallies: Vec<Tally>,
    /// Largest page of jobs that the service accepted; `None` while it has refused none.
    pub page_size: Option<u32>,
}

impl KeyLimits {
    /// One lane.
    pub fn lane(&mut self, lane: Lane) -> &mut LaneState {
        match lane {
            Lane::Control => &mut self.control,
            Lane::Poll => &mut self.poll,
            Lane::Transfer => &mut self.transfer,
        }
    }
}

/// Which way a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
