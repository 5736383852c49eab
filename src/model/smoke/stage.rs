//! The stages of a smoke test: names, groups and time limits.

use std::str::FromStr;
use std::time::Duration;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A named check, in order of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum SmokeStage {
    /// The host name resolves.
    Name,
    /// The certificate is accepted.
    Tls,
    /// The service reports itself as healthy.
    Health,
    /// The price list contains every model.
    Pricing,
    /// The key is accepted; a missing and a wrong key are rejected.
    Authentication,
    /// A job of another key returns 404.
    Isolation,
    /// A page of our jobs can be read.
    Listing,
    /// Usage can be read.
    Usage,
    /// The built-in clip is processed end to end.
    Success,
    /// Its output matches the request: subject preserved, background removed.
    Output,
    /// Estimate, charge, usage and link are consistent.
    Credits,
    /// A clip of the user is processed end to end.
    Suite,
    /// A file that is not a video is rejected.
    NotAVideo,
    /// An unknown option is rejected.
    InvalidOption,
    /// An unreachable source URL fails the job, without a charge.
    DeadLink,
    /// A key without credits starts no job.
    NoCredits,
    /// A burst is rate-limited and then completes.
    Burst,
    /// The profile's settings handle scripted failures.
    Rehearsal,
    /// Steps before the first stage: command line, configuration, confirmation. Reported only if it
    /// fails.
    Setup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum StageGroup {
    /// Free of charge and of side effects.
    Free,
    /// Starts billed jobs.
    Paid,
    /// Sends requests that must be rejected.
    Failures,
    /// Runs only with options of its own.
    #[strum(disabled)]
    ByOption,
}

impl SmokeStage {
    /// Stages that can be selected by name, in order. A suite replaces the built-in clip.
    pub fn named() -> impl Iterator<Item = Self> + Clone {
        let is_named = |stage: &Self| !matches!(stage, Self::Suite | Self::Rehearsal | Self::Setup);
        Self::VARIANTS.iter().copied().filter(is_named)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    #[must_use]
    pub fn group(self) -> StageGroup {
        match self {
            Self::Name
            | Self::Tls
            | Self::Health
            | Self::Pricing
            | Self::Authentication
            | Self::Isolation
            | Self::Listing
            | Self::Usage => StageGroup::Free,
            Self::Success | Self::Output | Self::Credits | Self::Suite => StageGroup::Paid,
            Self::NotAVideo | Self::InvalidOption | Self::DeadLink | Self::NoCredits => {
                StageGroup::Failures
            }
            Self::Burst | Self::Rehearsal | Self::Setup => StageGroup::ByOption,
        }
    }

    /// Starts a job, which may be billed even if it should not be.
    #[must_use]
    pub fn starts_jobs(self) -> bool {
        matches!(self, Self::Success | Self::Suite | Self::DeadLink | Self::NoCredits)
    }

    /// Time after which the service counts as slow; `None` if it depends on the clips, the settings
    /// or the number of calls.
    #[must_use]
    pub fn latency_budget(self) -> Option<Duration> {
        let seconds = match self {
            Self::Name => 2,
            Self::Tls
            | Self::Health
            | Self::Pricing
            | Self::Isolation
            | Self::Listing
            | Self::Usage => 3,
            // Three calls; an upload; a ledger query and a create.
            Self::Authentication | Self::NotAVideo | Self::InvalidOption => 6,
            // A whole job.
            Self::Success | Self::DeadLink => 180,
            // A charge appears in usage within a minute.
            Self::Credits => 90,
            // Local work; an upload, a draft, and a rejected start.
            Self::Output | Self::NoCredits => 30,
            Self::Suite | Self::Burst | Self::Rehearsal | Self::Setup => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

/// Value of `--only` and `--skip`: a stage or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageSelector {
    One(SmokeStage),
    All(StageGroup),
}

impl StageSelector {
    #[must_use]
    pub fn names(self, stage: SmokeStage) -> bool {
        match self {
            Self::One(one) => one == stage,
            Self::All(group) => group == stage.group(),
        }
    }
}

impl FromStr for StageSelector {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Ok(group) = word.parse() {
            return Ok(Self::All(group));
        }
        let named = SmokeStage::named().chain([SmokeStage::Suite]);
        named.clone().find(|stage| stage.as_str() == word).map(Self::One).ok_or_else(|| {
            let known = named.map(SmokeStage::as_str).collect::<Vec<_>>().join(", ");
            format!("unknown stage '{word}'; known: {known}, and the groups free, paid, failures")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_stage_reads_back_and_groups_stand_for_many() {
        for stage in SmokeStage::named() {
            assert_eq!(stage.as_str().parse(), Ok(StageSelector::One(stage)));
        }
        let paid: StageSelector = "paid".parse().unwrap();
        assert!(paid.names(SmokeStage::Success) && !paid.names(SmokeStage::Health));
        assert!("by-option".parse::<StageSelector>().is_err());
        assert!("helth".parse::<StageSelector>().unwrap_err().contains("health"));
    }
}
