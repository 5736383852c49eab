//! Comparison of charges by job.

use std::collections::{BTreeMap, BTreeSet};

use super::events_page::{ChargedEvent, EventPage, Truncation};
use super::notes;
use super::types::{
    AuditInput, CHARGE_DELAY, Difference, Findings, MAX_CLOCK_SKEW, Mismatch, agree, price,
};
use crate::ledger::{AttemptCost, AttemptStatus, RerunReason};
use crate::model::{Credits, JobId, Timestamp};

/// The charges of one job.
struct JobCharges {
    charges: usize,
    /// Their sum, net of refunds.
    net: Credits,
    refunded: bool,
    at: Option<Timestamp>,
}

impl JobCharges {
    fn of(charges: &[ChargedEvent<'_>]) -> Self {
        let amounts = || charges.iter().map(|(_, credits)| credits.0);
        let time = |(event, _): &ChargedEvent<'_>| event.at.as_deref().and_then(Timestamp::read);
        Self {
            charges: amounts().filter(|amount| *amount > 0.0).count(),
            net: charges.iter().map(|(_, credits)| *credits).sum(),
            refunded: amounts().any(|amount| amount < 0.0),
            at: charges.iter().filter_map(time).max(),
        }
    }

    /// The sum is not zero.
    fn is_charged(&self) -> bool {
        !agree(self.net, Credits(0.0))
    }
}

pub(crate) fn compare(input: &AuditInput<'_>, page: &EventPage<'_>, findings: &mut Findings) {
    let attempts: BTreeMap<&JobId, &AttemptCost> =
        input.attempts.iter().filter_map(|a| Some((a.job.as_ref()?, a))).collect();
    let mut bills: Vec<(&JobId, Option<&AttemptCost>, JobCharges)> = page
        .by_job
        .iter()
        .map(|(job, charges)| (*job, attempts.get(*job).copied(), JobCharges::of(charges)))
        .collect();
    // The first attempt of an input is the one to be charged.
    bills.sort_by_key(|(_, attempt, _)| attempt.map_or(1, |attempt| attempt.number));
    let mut inputs = ItemizedCharges::default();
    for (job, attempt, bill) in &bills {
        let wrong = mismatch_of(input, *attempt, bill, findings)
            .or_else(|| inputs.second_attempt((*attempt)?, bill));
        if let Some(attempt) = attempt {
            findings.charges.push((attempt.attempt, bill.net));
            inputs.add(attempt, bill);
        }
        if let Some(wrong) = wrong {
            findings.differences.push(difference(wrong, job, *attempt, bill, input));
        } else {
            findings.matched += 1;
            findings.credits = findings.credits + bill.net;
        }
    }
    inputs.report(findings);
    // Charges that name no job may be for any.
    if page.nameless.is_empty() {
        report_missing(input, page, findings);
    }
}

/// Charges found per input.
#[derive(Default)]
struct ItemizedCharges<'a> {
    charged: BTreeSet<&'a str>,
    /// Further attempts that the user requested.
    asked: BTreeMap<&'a str, Vec<&'a AttemptCost>>,
}

impl<'a> ItemizedCharges<'a> {
    /// The input was charged before and nobody requested this attempt.
    fn second_attempt(&self, attempt: &AttemptCost, bill: &JobCharges) -> Option<Mismatch> {
        let before = self.was_charged_before(attempt);
        (bill.is_charged() && before && attempt.rerun_reason.is_none())
            .then_some(Mismatch::SecondAttempt)
    }

    fn was_charged_before(&self, attempt: &AttemptCost) -> bool {
        attempt.charged_before || self.charged.contains(attempt.content_key.as_str())
    }

    fn add(&mut self, attempt: &'a AttemptCost, bill: &JobCharges) {
        if !bill.is_charged() {
            return;
        }
        if attempt.rerun_reason.is_some() && self.was_charged_before(attempt) {
            self.asked.entry(&attempt.content_key).or_default().push(attempt);
        }
        self.charged.insert(&attempt.content_key);
    }

    fn report(&self, findings: &mut Findings) {
        for attempts in self.asked.values() {
            findings.asked_again += attempts.len();
            let reasons = attempts.iter().filter_map(|attempt| attempt.rerun_reason);
            let flags: BTreeSet<&str> = reasons.map(RerunReason::flag).collect();
            let flags: Vec<&str> = flags.into_iter().collect();
            let times = match attempts.len() {
                1 => "once more".to_owned(),
                times => format!("{times} times more"),
            };
            findings.remarks.push(format!(
                "{}: charged {times}, for a requested new attempt ({})",
                attempts[0].name,
                flags.join(", ")
            ));
        }
    }
}

/// Started attempts without a charge.
fn report_missing(input: &AuditInput<'_>, page: &EventPage<'_>, findings: &mut Findings) {
    for attempt in completed_uncharged(input, page) {
        findings.differences.push(Difference {
            wrong: Mismatch::NotCharged,
            job: attempt.job.clone(),
            input: Some(attempt.name.clone()),
            day: Some(attempt.at.day()),
            charged: None,
            expected: price(attempt, input.prices),
        });
    }
    findings
        .charges
        .extend(failed_uncharged(input, page).map(|attempt| (attempt.attempt, Credits(0.0))));
    let open = uncharged(input, page).filter(|attempt| {
        attempt.may_be_billed
            && !matches!(attempt.status, AttemptStatus::Completed | AttemptStatus::Failed)
    });
    match open.count() {
        0 => {}
        1 => findings.remarks.push("1 unfinished job, not charged so far: rbgv status".to_owned()),
        jobs => findings
            .remarks
            .push(format!("{jobs} unfinished jobs, not charged so far: rbgv status")),
    }
}

/// The mismatch of a bill, if any.
fn mismatch_of(
    input: &AuditInput<'_>,
    attempt: Option<&AttemptCost>,
    bill: &JobCharges,
    findings: &mut Findings,
) -> Option<Mismatch> {
    let Some(attempt) = attempt else { return Some(Mismatch::NotOurs) };
    if !bill.is_charged() && bill.refunded {
        findings.remarks.push(format!("{}: charged and refunded", named(attempt)));
        return None;
    }
    if !attempt.may_be_billed {
        return Some(Mismatch::NotStarted);
    }
    let expected = price(attempt, input.prices);
    let fits = expected.is_some_and(|expected| agree(bill.net, expected));
    if bill.charges > 1 && !fits {
        return Some(Mismatch::Twice);
    }
    if bill.charges > 1 {
        findings.remarks.push(format!("{}: charged in {} parts", named(attempt), bill.charges));
    }
    if let Some(estimate) = attempt.estimate
        && fits
        && !agree(bill.net, estimate)
        && bill.net.0 > estimate.0
    {
        findings.beyond_estimate += 1;
        findings.remarks.push(notes::beyond_estimate(attempt, bill.net, estimate));
    }
    match (attempt.status, expected) {
        (AttemptStatus::Completed, Some(_)) if !fits => return Some(Mismatch::OtherAmount),
        (AttemptStatus::Completed, None) => findings.unchecked.push(format!(
            "{}: charged {} credits; expected cost unknown",
            named(attempt),
            bill.net
        )),
        // A failed job may cost less than the whole, and never more.
        (
            AttemptStatus::Failed | AttemptStatus::NeedsReview | AttemptStatus::Halted,
            Some(expected),
        ) if !fits && bill.net.0 > expected.0 => {
            return Some(Mismatch::OtherAmount);
        }
        (AttemptStatus::Failed, _) => findings.remarks.push(format!(
            "{}: failed, but was charged {} credits",
            named(attempt),
            bill.net
        )),
        (AttemptStatus::NeedsReview | AttemptStatus::Halted, _) => findings.remarks.push(format!(
            "{}: needs review; it was charged {} credits, so it ran",
            named(attempt),
            bill.net
        )),
        _ => {}
    }
    None
}

fn difference(
    wrong: Mismatch,
    job: &JobId,
    attempt: Option<&AttemptCost>,
    bill: &JobCharges,
    input: &AuditInput<'_>,
) -> Difference {
    let billable_attempt = attempt.filter(|attempt| attempt.may_be_billed);
    Difference {
        wrong,
        job: Some(job.clone()),
        input: attempt.map(|attempt| attempt.name.clone()),
        day: bill.at.map(Timestamp::day),
        charged: Some(bill.net),
        expected: billable_attempt.and_then(|attempt| price(attempt, input.prices)),
    }
}

/// Attempts of this machine, covered by the answers and by the period of the events, that no charge
/// names.
fn uncharged<'a>(
    input: &AuditInput<'a>,
    page: &EventPage<'_>,
) -> impl Iterator<Item = &'a AttemptCost> {
    let from = covered_from(input, page);
    input
        .attempts
        .iter()
        .filter(|attempt| input.covers(attempt) && attempt.sent_from_here)
        .filter(move |attempt| from.is_some_and(|from| attempt.at >= from))
        .filter(|attempt| attempt.job.as_ref().is_some_and(|job| !page.charges_name(job)))
}

/// Completed attempts without a charge.
fn completed_uncharged<'a>(
    input: &AuditInput<'a>,
    page: &EventPage<'_>,
) -> impl Iterator<Item = &'a AttemptCost> {
    uncharged(input, page)
        .filter(|attempt| attempt.status == AttemptStatus::Completed)
        .filter(|attempt| price(attempt, input.prices).is_none_or(|price| price.0 > 0.005))
}

/// Failed attempts that were started and, as far as the events show by now, not charged.
fn failed_uncharged<'a>(
    input: &AuditInput<'a>,
    page: &EventPage<'_>,
) -> impl Iterator<Item = &'a AttemptCost> {
    let settled = input.now.before(CHARGE_DELAY);
    uncharged(input, page).filter(move |attempt| {
        attempt.status == AttemptStatus::Failed && attempt.updated_at < settled
    })
}

/// Time from which the charge of an attempt would be among the events; `None` when that is
/// unknown.
fn covered_from(input: &AuditInput<'_>, page: &EventPage<'_>) -> Option<Timestamp> {
    let skew = i64::try_from(MAX_CLOCK_SKEW.as_millis()).unwrap_or(0);
    match page.cut {
        Truncation::Nowhere => Some(input.since),
        Truncation::At(from) => Some(Timestamp(from.0.saturating_add(skew))),
        Truncation::Somewhere => None,
    }
}

fn named(attempt: &AttemptCost) -> String {
    match &attempt.job {
        Some(job) => format!("{} (job {job})", attempt.name),
        None => attempt.name.clone(),
    }
}
