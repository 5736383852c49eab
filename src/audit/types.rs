//! Input and result of the audit, and comparison of amounts.

use std::collections::BTreeMap;
use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};

use crate::client::{UsageEventPage, UsageSummary};
use crate::ledger::{ApiKeyId, AttemptCost, AttemptId};
use crate::model::{Credits, JobId, Pricing, Timestamp};

/// Maximum clock difference to the service at which a charge does not look older than its start.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

/// Time after a change of an attempt in which its charge may still be missing from the usage.
pub(crate) const CHARGE_DELAY: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, Copy)]
pub struct AuditInput<'a> {
    /// Attempts of this machine, of any key: all of the period, and the older ones that the events
    /// name.
    pub attempts: &'a [AttemptCost],
    /// The keys that the usage is for: one, unless the service counts by account.
    pub keys: &'a [ApiKeyId],
    pub events: &'a UsageEventPage,
    /// Number of events requested.
    pub asked: usize,
    pub summary: &'a UsageSummary,
    /// Today's prices, for attempts without an estimate.
    pub prices: Option<&'a Pricing>,
    /// Begin of the period.
    pub since: Timestamp,
    pub now: Timestamp,
}

/// Extent of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Coverage {
    /// Every charge of the period.
    Charges,
    /// Some of the charges of the period.
    SomeCharges,
    /// Nothing: the events do not name the jobs that were charged.
    #[default]
    Nothing,
}

impl Coverage {
    /// Stable name for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

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
    /// Stable name for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Kind of a difference between service and ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Mismatch {
    /// Charged, without an attempt in this ledger.
    NotOurs,
    /// Charged, and never started by us.
    NotStarted,
    /// Completed, and not charged.
    NotCharged,
    /// Charged more than once.
    #[strum(serialize = "charged_twice")]
    Twice,
    /// Charged for an input whose earlier attempt was charged already, and nobody requested a
    /// second one.
    SecondAttempt,
    /// Charged with an unexpected amount.
    OtherAmount,
}

impl Mismatch {
    /// Every kind, for tables.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Stable name for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub wrong: Mismatch,
    pub job: Option<JobId>,
    /// The input of the job.
    pub input: Option<String>,
    /// The day of the charge, or of the start.
    pub day: Option<String>,
    /// Amount by the service.
    pub charged: Option<Credits>,
    /// Amount by the ledger.
    pub expected: Option<Credits>,
}

/// Result of the audit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    pub basis: Coverage,
    /// Number of jobs whose charges have their attempt.
    pub matched: usize,
    /// Their total.
    pub credits: Credits,
    /// Number among them of further attempts that the user requested.
    pub asked_again: usize,
    /// Charges that fit the length of the output, and exceed the estimate.
    pub beyond_estimate: usize,
    /// Notes on what was compared, one for each set of answers.
    pub saw: Vec<String>,
    pub differences: Vec<Difference>,
    /// Notes on what could not be checked.
    pub unchecked: Vec<String>,
    /// Notes that are not differences.
    pub remarks: Vec<String>,
    /// The missing charges may only be delayed: worth another audit.
    pub may_be_late: bool,
    /// The charge of each attempt.
    pub charges: Vec<(AttemptId, Credits)>,
}

impl Findings {
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

    /// The findings of two audits, of two keys.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        if self.basis != other.basis {
            self.basis = Coverage::SomeCharges;
        }
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

    /// Reports the attempts of `profile` since `since` that belong to none of `keys`: their charges
    /// show under another key. Attempts whose charge was found all the same are omitted.
    pub fn report_other_keys(
        &mut self,
        attempts: &[AttemptCost],
        profile: &str,
        keys: &[ApiKeyId],
        since: Timestamp,
    ) {
        let mut jobs_by_key: BTreeMap<&str, u64> = BTreeMap::new();
        for attempt in attempts {
            let is_ours = attempt.profile == profile && attempt.sent_from_here;
            let may_be_charged = attempt.may_be_billed && attempt.at >= since;
            let is_found = self.charges.iter().any(|(charged, _)| *charged == attempt.attempt);
            if is_ours && may_be_charged && !keys.contains(&attempt.key) && !is_found {
                *jobs_by_key.entry(&attempt.key.fingerprint.0).or_default() += 1;
            }
        }
        for (fingerprint, jobs) in jobs_by_key {
            self.unchecked.push(format!(
                "{jobs} of this profile's jobs were created with another key ({fingerprint}), \
                 whose usage is only visible to that key"
            ));
        }
    }
}

impl AuditInput<'_> {
    /// The answers cover this attempt.
    pub(crate) fn covers(&self, attempt: &AttemptCost) -> bool {
        self.keys.contains(&attempt.key)
    }

    /// Some attempt changed so recently that its charge may be delayed.
    pub(crate) fn has_recent(&self) -> bool {
        let recent = |attempt: &AttemptCost| attempt.updated_at >= self.now.before(CHARGE_DELAY);
        self.attempts.iter().any(|attempt| attempt.may_be_billed && recent(attempt))
    }
}

/// Price of an attempt, by what is known now.
pub(crate) fn price(attempt: &AttemptCost, prices: Option<&Pricing>) -> Option<Credits> {
    let today = || prices?.estimate(attempt.model, attempt.output_seconds?);
    attempt.price().or_else(today)
}

/// Two amounts are equal up to rounding: a hundredth of a credit, or of the amount.
pub(crate) fn agree(one: Credits, other: Credits) -> bool {
    (one.0 - other.0).abs() <= tolerance(one.0.abs().max(other.0.abs()))
}

pub(crate) fn tolerance(amount: f64) -> f64 {
    (amount * 0.01).max(0.01) + 1e-9
}
