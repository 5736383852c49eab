//! Data of a smoke test: stages, outcomes, causes and the report. Execution is in [`crate::smoke`],
//! rendering in [`crate::output`].

mod cause;
mod result;
mod stage;

use std::time::Duration;

use super::account::Credits;
use super::failure::ExitClass;
use super::time::Timestamp;

pub use self::cause::StageFailure;
pub use self::result::{Measure, StageOutcome, StageResult};
pub use self::stage::{SmokeStage, StageGroup, StageSelector};

/// The overall result of a smoke test.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeVerdict {
    /// Determines the exit code.
    pub class: ExitClass,
    /// Stable name: `passed`, `nothing`, or that of the [`StageFailure`].
    pub word: &'static str,
    /// One sentence.
    pub told: String,
    /// The suggested next step.
    pub next: Option<String>,
}

/// The target of a smoke test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmokeTarget {
    pub profile: String,
    /// Purpose of the profile: `dev`, `staging`, `prod`.
    pub environment: String,
    /// Without credentials.
    pub base_url: String,
    /// Fingerprint of the key; `None` without a key.
    pub key: Option<String>,
    /// Version of the contract that responses are compared with.
    pub contract: &'static str,
}

/// A complete smoke test.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeReport {
    pub subject: SmokeTarget,
    pub began: Timestamp,
    pub took: Duration,
    /// Credit limit.
    pub budget: Option<Credits>,
    /// Estimated credits of its jobs.
    pub estimate: Option<Credits>,
    /// Fields and statuses that the contract does not list, or lists and the service omitted.
    pub drift: Vec<String>,
    pub stages: Vec<StageResult>,
    pub verdict: SmokeVerdict,
}

impl SmokeReport {
    /// Number of stages with this outcome.
    #[must_use]
    pub fn count(&self, outcome: StageOutcome) -> usize {
        self.stages.iter().filter(|stage| stage.outcome == outcome).count()
    }
}
