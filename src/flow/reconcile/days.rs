//! Totals by day, where single charges cannot be told apart.
//!
//! What a day should have cost lies between what was certainly billed (completed) and that with
//! everything that may have been (under way, failed, in doubt). The first day of the period is
//! part of a day only, so it is left out.

use std::collections::BTreeMap;

use super::{Basis, Books, Difference, Findings, Wrong, price, slack};
use crate::ledger::{Phase, Spent};
use crate::model::{Credits, Timestamp};

/// What a day, or a period, may have cost by the ledger.
#[derive(Debug, Clone, Copy, Default)]
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    fn add(&mut self, attempt: &Spent, credits: f64) {
        self.most += credits;
        if attempt.phase == Phase::Completed {
            self.least += credits;
        }
    }

    /// The amount in the range that is nearest to what was charged.
    fn nearest(self, charged: f64) -> f64 {
        charged.clamp(self.least, self.most)
    }

    fn holds(self, charged: f64) -> bool {
        let nearest = self.nearest(charged);
        (charged - nearest).abs() <= slack(nearest.abs().max(charged.abs()))
    }
}

/// Compares days up to that of `until`, or to now.
pub(super) fn compare(books: &Books<'_>, until: Option<Timestamp>, findings: &mut Findings) {
    let Some(charged) = charged_by_day(books) else {
        total(books, until, findings);
        return;
    };
    let expected = expected_by_day(books, findings);
    let first = books.since.day();
    let last = until.unwrap_or(books.now).day();
    let mut days: Vec<&String> = charged.keys().chain(expected.keys()).collect();
    days.sort();
    days.dedup();
    days.retain(|day| **day > first && **day <= last);
    let mut differences = Vec::new();
    let (mut all_charged, mut all_expected) = (0.0, Range::default());
    for day in days {
        let charged = charged.get(day).copied().unwrap_or(0.0);
        let range = expected.get(day).copied().unwrap_or_default();
        all_charged += charged;
        all_expected.least += range.least;
        all_expected.most += range.most;
        if !range.holds(charged) {
            differences.push(difference(Some(day.clone()), charged, range));
        }
    }
    findings
        .unchecked
        .push(format!("{first}: the period begins in the middle of this day, which is left out"));
    // A service that counts days elsewhere than in UTC moves credits between neighbours.
    if differences.len() > 1 && all_expected.holds(all_charged) {
        findings.unchecked.push(format!(
            "{} days do not agree one by one, but their sum does: the service may end its days at \
             another hour",
            differences.len()
        ));
        return;
    }
    findings.differences.extend(differences);
}

fn charged_by_day(books: &Books<'_>) -> Option<BTreeMap<String, f64>> {
    let days = &books.summary.days;
    if days.is_empty() && books.summary.used().is_none_or(|used| used.0 != 0.0) {
        return None;
    }
    let read = days.iter().map(|day| {
        let date = Timestamp::read(&day.date)?.day();
        Some((date, day.credits?.0))
    });
    let read: Vec<(String, f64)> = read.collect::<Option<_>>()?;
    let mut by_day = BTreeMap::new();
    for (day, credits) in read {
        *by_day.entry(day).or_insert(0.0) += credits;
    }
    Some(by_day)
}

fn billable<'a>(books: &Books<'a>) -> impl Iterator<Item = &'a Spent> {
    books.attempts.iter().filter(|attempt| attempt.may_be_billed && books.covers(attempt))
}

fn expected_by_day(books: &Books<'_>, findings: &mut Findings) -> BTreeMap<String, Range> {
    let mut by_day: BTreeMap<String, Range> = BTreeMap::new();
    let mut unpriced = 0;
    for attempt in billable(books) {
        let range = by_day.entry(attempt.at.day()).or_default();
        if let Some(price) = price(attempt, books.prices) {
            range.add(attempt, price.0);
        } else {
            unpriced += 1;
            range.most = f64::INFINITY;
        }
    }
    if unpriced > 0 {
        findings.unchecked.push(format!(
            "the price of {unpriced} of our jobs is not known, so their days may have cost \
             anything"
        ));
    }
    by_day
}

/// Compares the one total that there is. Charges near the edge of the period may lie on either
/// side of it, so those of its first day, and of the day before, count only as possible.
fn total(books: &Books<'_>, until: Option<Timestamp>, findings: &mut Findings) {
    let Some(charged) = books.summary.used().filter(|_| until.is_none()) else {
        if until.is_none() {
            findings.basis = Basis::Nothing;
        }
        findings.unchecked.push(
            "the usage summary says nothing of single days that could be understood".to_owned(),
        );
        return;
    };
    findings.basis = Basis::Total;
    findings
        .unchecked
        .push("the usage summary has no days: only the total was compared".to_owned());
    let day = 86_400_000;
    let mut range = Range::default();
    for attempt in billable(books) {
        let price = price(attempt, books.prices).map(|price| price.0);
        match price.filter(|_| attempt.at.0 >= books.since.0.saturating_add(day)) {
            Some(price) => range.add(attempt, price),
            None => range.most += price.unwrap_or(f64::INFINITY),
        }
    }
    if !range.holds(charged.0) {
        findings.differences.push(difference(None, charged.0, range));
    }
}

fn difference(day: Option<String>, charged: f64, range: Range) -> Difference {
    Difference {
        wrong: Wrong::OtherTotal,
        job: None,
        input: None,
        day,
        charged: Some(Credits(charged)),
        expected: Some(Credits(range.nearest(charged))),
    }
}
