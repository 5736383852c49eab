//! What a smoke test is made of and what came of it, as plain data: stages, outcomes, causes, the
//! report. How stages are carried out and judged is the flow's affair, how a report looks the
//! output's.

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

/// What a smoke test comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeVerdict {
    /// For the exit code.
    pub class: ExitClass,
    /// A stable word: `well`, `down`, `slow`, `ours`, `contract`, `credits` and others.
    pub word: &'static str,
    /// In a sentence.
    pub told: String,
    /// What to do next.
    pub next: Option<String>,
}

/// Whom and what a smoke test is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmokeTarget {
    /// The profile.
    pub profile: String,
    /// What the profile is for: `dev`, `staging`, `prod`.
    pub environment: String,
    /// Where the API is, without credentials.
    pub base_url: String,
    /// Tells the key from others; none when there is no key.
    pub key: Option<String>,
    /// The version of the contract that answers were held against.
    pub contract: &'static str,
}

/// A smoke test, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeReport {
    /// Whom and what it is about.
    pub subject: SmokeTarget,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Most credits that it was allowed.
    pub budget: Option<Credits>,
    /// What its jobs were estimated at.
    pub estimate: Option<Credits>,
    /// Fields and states that the contract does not list, or lists and the service left out.
    pub drift: Vec<String>,
    /// Every stage.
    pub stages: Vec<StageResult>,
    /// What it comes to.
    pub verdict: SmokeVerdict,
}

impl SmokeReport {
    /// How many stages ended as `outcome`.
    #[must_use]
    pub fn count(&self, outcome: StageOutcome) -> usize {
        self.stages.iter().filter(|stage| stage.outcome == outcome).count()
    }
}
