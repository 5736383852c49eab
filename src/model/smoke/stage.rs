//! The stages of a smoke test by name, the groups that they belong to, and how long each may take.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use strum::IntoStaticStr;

/// A check with a name of its own, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum SmokeStage {
    /// The host's name leads to addresses.
    Name,
    /// The certificate is accepted.
    Tls,
    /// The service calls itself healthy.
    Health,
    /// The price list names every model.
    Pricing,
    /// The key is accepted; no key and a wrong key are refused.
    Authentication,
    /// A job that is not ours answers 404.
    Isolation,
    /// A page of our jobs can be read.
    Listing,
    /// Usage can be read.
    Usage,
    /// The built-in clip goes the whole way.
    Success,
    /// Its output is what was asked for: subject kept, background gone.
    Output,
    /// Estimate, bill, usage and link agree.
    Credits,
    /// A clip of the team's own goes the whole way.
    Suite,
    /// A file that is no video is refused.
    NotAVideo,
    /// An option that does not exist is refused.
    InvalidOption,
    /// A link that cannot be fetched fails the job, and bills nothing.
    DeadLink,
    /// A key without credits starts nothing.
    NoCredits,
    /// A burst is slowed down and answered.
    Burst,
    /// The profile's settings meet trouble that was scripted.
    Rehearsal,
    /// What comes before the first stage: command line, configuration, confirmation. Only a failure
    /// of it is reported.
    Setup,
}

/// Stages that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageGroup {
    /// Cost nothing and change nothing.
    Free,
    /// Start jobs that are billed.
    Paid,
    /// Send what has to be refused.
    Failures,
    /// Only run when they are asked for in another way.
    Asked,
}

impl SmokeStage {
    /// Every stage that can be chosen by name, in order. A suite stands in the place of the
    /// built-in clip.
    pub const NAMED: [Self; 16] = [
        Self::Name,
        Self::Tls,
        Self::Health,
        Self::Pricing,
        Self::Authentication,
        Self::Isolation,
        Self::Listing,
        Self::Usage,
        Self::Success,
        Self::Output,
        Self::Credits,
        Self::NotAVideo,
        Self::InvalidOption,
        Self::DeadLink,
        Self::NoCredits,
        Self::Burst,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it belongs to.
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
            Self::Burst | Self::Rehearsal | Self::Setup => StageGroup::Asked,
        }
    }

    /// Whether it starts a job, which may be billed even where it should not.
    #[must_use]
    pub fn starts_jobs(self) -> bool {
        matches!(self, Self::Success | Self::Suite | Self::DeadLink | Self::NoCredits)
    }

    /// How long it may take before the service counts as slow; `None` where that depends on the clips,
    /// the settings or the number of calls.
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
            // Three calls; an upload; a look at the ledger and a create.
            Self::Authentication | Self::NotAVideo | Self::InvalidOption => 6,
            // A job, all the way.
            Self::Success | Self::DeadLink => 180,
            // Usage has a minute to show a bill.
            Self::Credits => 90,
            // Work of this machine; an upload, a draft, and a start that is refused.
            Self::Output | Self::NoCredits => 30,
            Self::Suite | Self::Burst | Self::Rehearsal | Self::Setup => return None,
        };
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Display for SmokeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What `--only` and `--skip` take: a stage, or a group of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageSelector {
    /// One.
    One(SmokeStage),
    /// All of a group.
    All(StageGroup),
}

impl StageSelector {
    /// Whether it names `stage`.
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
        match word {
            "free" => return Ok(Self::All(StageGroup::Free)),
            "paid" => return Ok(Self::All(StageGroup::Paid)),
            "failures" => return Ok(Self::All(StageGroup::Failures)),
            _ => {}
        }
        let named = SmokeStage::NAMED.into_iter().chain([SmokeStage::Suite]);
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
        for stage in SmokeStage::NAMED {
            assert_eq!(stage.as_str().parse(), Ok(StageSelector::One(stage)));
        }
        let paid: StageSelector = "paid".parse().unwrap();
        assert!(paid.names(SmokeStage::Success) && !paid.names(SmokeStage::Health));
        assert!("helth".parse::<StageSelector>().unwrap_err().contains("health"));
    }
}
