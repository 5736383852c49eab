//! What is compared, what was found, and how amounts are compared.

use std::collections::BTreeMap;
use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};

use crate::client::{UsageEventPage, UsageSummary};
use crate::ledger::{ApiKeyId, AttemptCost, AttemptId};
use crate::model::{Credits, JobId, Pricing, Timestamp};

/// How far the service's clock and ours may be apart before a charge looks older than its start.
pub(crate) const SKEW: Duration = Duration::from_mins(10);

/// Charges of attempts that changed within this time may still be on their way into the usage.
pub(crate) const RECENT: Duration = Duration::from_hours(1);

/// What the audit compares.
#[derive(Debug, Clone, Copy)]
pub struct AuditInput<'a> {
    /// Attempts of this machine, of whatever key: all of the period, and those older ones that the
    /// events name.
    pub attempts: &'a [AttemptCost],
    /// The keys whose usage the answers are about: one, unless the service counts by account.
    pub keys: &'a [ApiKeyId],
    /// The service's events.
    pub events: &'a UsageEventPage,
    /// How many events were asked for.
    pub asked: usize,
    /// The service's totals.
    pub summary: &'a UsageSummary,
    /// Today's prices, for attempts without an estimate.
    pub prices: Option<&'a Pricing>,
    /// The period.
    pub since: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// What could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Coverage {
    /// Every charge of the period.
    Charges,
    /// Some of the charges of the period.
    SomeCharges,
    /// Nothing: the events do not say which job was charged what.
    Nothing,
}

impl Coverage {
    /// The basis of two audits together.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::SomeCharges }
    }

    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What the audit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AuditResult {
    /// Every charge of the period has its attempt, and every completed attempt its charge.
    Matched,
    /// No difference in what could be compared, and that was not everything.
    Unproven,
    /// There are differences.
    Different,
}

impl AuditResult {
    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// In which way service and ledger differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Mismatch {
    /// Charged, and no attempt of this ledger.
    NotOurs,
    /// Charged, and we never started it.
    NotStarted,
    /// Completed, and not charged.
    NotCharged,
    /// Charged more than once.
    #[strum(serialize = "charged_twice")]
    Twice,
    /// Charged for an item that another attempt was charged for already, and nobody asked for a
    /// second one.
    SecondAttempt,
    /// Charged, and not what it should cost.
    OtherAmount,
}

impl Mismatch {
    /// Every way, for tables.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// In which way.
    pub wrong: Mismatch,
    /// The job it is about.
    pub job: Option<JobId>,
    /// Our input behind the job.
    pub input: Option<String>,
    /// The day of the charge, or of the start.
    pub day: Option<String>,
    /// What the service says.
    pub charged: Option<Credits>,
    /// What the ledger says.
    pub expected: Option<Credits>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// What could be compared.
    pub basis: Coverage,
    /// Charges that have their attempt, by job.
    pub matched: usize,
    /// What they come to.
    pub credits: Credits,
    /// Of these, further attempts at an item that was charged for before, which the user asked for.
    pub asked_again: usize,
    /// Charges that are right by the length of the output, and more than was estimated.
    pub beyond_estimate: usize,
    /// What was compared, for each set of answers.
    pub saw: Vec<String>,
    /// Every difference.
    pub differences: Vec<Difference>,
    /// What could not be looked at, in words.
    pub unchecked: Vec<String>,
    /// What is no difference, but worth knowing, in words.
    pub remarks: Vec<String>,
    /// Whether what is missing may only be on its way: worth another look.
    pub may_be_late: bool,
    /// What each attempt was charged.
    pub charges: Vec<(AttemptId, Credits)>,
}

impl Findings {
    /// What it all comes to.
    #[must_use]
    pub fn verdict(&self) -> AuditResult {
        if !self.differences.is_empty() {
            AuditResult::Different
        } else if self.basis == Coverage::Charges && self.unchecked.is_empty() {
            AuditResult::Matched
        } else {
            AuditResult::Unproven
        }
    }
}

impl Findings {
    /// The findings of two audits, of two keys.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.basis = self.basis.and(other.basis);
        self.matched += other.matched;
        self.credits = self.credits + other.credits;
        self.asked_again += other.asked_again;
        self.beyond_estimate += other.beyond_estimate;
        self.saw.extend(other.saw);
        self.differences.extend(other.differences);
        self.unchecked.extend(other.unchecked);
        self.remarks.extend(other.remarks);
        self.may_be_late |= other.may_be_late;
        self.charges.extend(other.charges);
        self
    }

    /// Says of attempts of `profile` since `since` that none of `keys` made them: what they were
    /// charged shows under another key. Those whose charge was found all the same are no question.
    pub fn leave_out(
        &mut self,
        attempts: &[AttemptCost],
        profile: &str,
        keys: &[ApiKeyId],
        since: Timestamp,
    ) {
        let mut left: BTreeMap<&str, u64> = BTreeMap::new();
        for attempt in
            attempts.iter().filter(|a| a.may_be_billed && a.sent_from_here && a.at >= since)
        {
            let found = self.charges.iter().any(|(charged, _)| *charged == attempt.attempt);
            if attempt.profile == profile && !keys.contains(&attempt.key) && !found {
                *left.entry(&attempt.key.fingerprint.0).or_default() += 1;
            }
        }
        for (fingerprint, jobs) in left {
            self.unchecked.push(format!(
                "{jobs} of this profile's jobs were created with another key ({fingerprint}), \
                 whose usage is only visible to that key"
            ));
        }
    }
}
impl AuditInput<'_> {
    /// Whether the answers are about this attempt.
    pub(crate) fn covers(&self, attempt: &AttemptCost) -> bool {
        self.keys.contains(&attempt.key)
    }

    /// Whether something was done so lately that its charge may still be on its way.
    pub(crate) fn has_recent(&self) -> bool {
        let recent = |attempt: &AttemptCost| attempt.updated_at >= self.now.before(RECENT);
        self.attempts.iter().any(|attempt| attempt.may_be_billed && recent(attempt))
    }
}

/// What an attempt should have cost, by what is known now.
pub(crate) fn price(attempt: &AttemptCost, prices: Option<&Pricing>) -> Option<Credits> {
    let today = || prices?.estimate(attempt.model, attempt.output_seconds?);
    attempt.price().or_else(today)
}

/// Whether two amounts are the same but for rounding: a hundredth of a credit, or of the amount.
pub(crate) fn agree(one: Credits, other: Credits) -> bool {
    (one.0 - other.0).abs() <= slack(one.0.abs().max(other.0.abs()))
}

pub(crate) fn slack(amount: f64) -> f64 {
    (amount * 0.01).max(0.01) + 1e-9
}
