//! Charges one by one, by the job that they name.

use std::collections::BTreeMap;

use super::{Books, Difference, Findings, RECENT, SKEW, Seen, Wrong, agree, price};
use crate::ledger::{Phase, Spent};
use crate::model::{Credits, JobId, Timestamp};

/// The charges of one job.
#[derive(Default)]
struct Bill {
    charges: usize,
    net: f64,
    refunded: bool,
    at: Option<Timestamp>,
}

impl Bill {
    fn net(&self) -> Credits {
        Credits(self.net)
    }
}

pub(super) fn compare(books: &Books<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let bills = bills(seen);
    let mut by_item: BTreeMap<&str, Vec<&Spent>> = BTreeMap::new();
    let attempts: BTreeMap<&JobId, &Spent> =
        books.attempts.iter().filter_map(|a| Some((a.job.as_ref()?, a))).collect();
    for (job, bill) in &bills {
        let attempt = attempts.get(*job).copied();
        if let Some(attempt) = attempt {
            findings.charges.push((attempt.task, bill.net()));
            if bill.net > 0.0 {
                by_item.entry(&attempt.item_key).or_default().push(attempt);
            }
        }
        if let Some(wrong) = wrong(books, attempt, bill, findings) {
            findings.differences.push(difference(wrong, job, attempt, bill, books));
        } else {
            findings.matched += 1;
            findings.credits = findings.credits + bill.net();
        }
    }
    for attempt in missing(books, seen, &bills) {
        findings.differences.push(Difference {
            wrong: Wrong::NotCharged,
            job: attempt.job.clone(),
            input: Some(attempt.name.clone()),
            day: Some(attempt.at.day()),
            charged: None,
            expected: price(attempt, books.prices),
        });
    }
    findings.charges.extend(free(books, seen, &bills).map(|attempt| (attempt.task, Credits(0.0))));
    for attempts in by_item.values().filter(|attempts| attempts.len() > 1) {
        findings.remarks.push(format!(
            "{}: {} attempts were charged, each its own job; a further attempt is only made when \
             it is asked for (--again, --retry-failed)",
            attempts[0].name,
            attempts.len()
        ));
    }
}

fn bills<'a>(seen: &Seen<'a>) -> BTreeMap<&'a JobId, Bill> {
    let mut bills: BTreeMap<&JobId, Bill> = BTreeMap::new();
    for (event, credits) in &seen.charges {
        let Some(job) = &event.job else { continue };
        let bill = bills.entry(job).or_default();
        bill.net += credits.0;
        bill.charges += usize::from(credits.0 > 0.0);
        bill.refunded |= credits.0 < 0.0;
        bill.at = bill.at.or_else(|| event.at.as_deref().and_then(Timestamp::read));
    }
    bills
}

/// What is wrong with a bill, if anything is.
fn wrong(
    books: &Books<'_>,
    attempt: Option<&Spent>,
    bill: &Bill,
    findings: &mut Findings,
) -> Option<Wrong> {
    let Some(attempt) = attempt else { return Some(Wrong::NotOurs) };
    if agree(bill.net(), Credits(0.0)) && bill.refunded {
        findings.remarks.push(format!("{}: charged and given back", named(attempt)));
        return None;
    }
    if !attempt.may_be_billed {
        return Some(Wrong::NotStarted);
    }
    let expected = price(attempt, books.prices);
    let fits = expected.is_some_and(|expected| agree(bill.net(), expected));
    if bill.charges > 1 && !fits {
        return Some(Wrong::Twice);
    }
    if bill.charges > 1 {
        findings.remarks.push(format!("{}: charged in {} parts", named(attempt), bill.charges));
    }
    match (attempt.phase, expected) {
        (Phase::Completed, Some(_)) if !fits => return Some(Wrong::OtherAmount),
        (Phase::Completed, None) => findings.unchecked.push(format!(
            "{}: charged {} credits; what it should cost is not known",
            named(attempt),
            bill.net()
        )),
        (Phase::Failed, _) => findings.remarks.push(format!(
            "{}: failed, and was charged {} credits",
            named(attempt),
            bill.net()
        )),
        (Phase::NeedsReview | Phase::Halted, _) => findings.remarks.push(format!(
            "{}: needs somebody to look, and was charged {} credits, so it ran",
            named(attempt),
            bill.net()
        )),
        _ => {}
    }
    None
}

fn difference(
    wrong: Wrong,
    job: &JobId,
    attempt: Option<&Spent>,
    bill: &Bill,
    books: &Books<'_>,
) -> Difference {
    let should = attempt.filter(|attempt| attempt.may_be_billed);
    Difference {
        wrong,
        job: Some(job.clone()),
        input: attempt.map(|attempt| attempt.name.clone()),
        day: bill.at.map(Timestamp::day),
        charged: Some(bill.net()),
        expected: should.and_then(|attempt| price(attempt, books.prices)),
    }
}

/// Completed attempts of the key, in the part of the period that the events cover, that no charge
/// names.
fn missing<'a>(
    books: &Books<'a>,
    seen: &Seen<'_>,
    bills: &BTreeMap<&JobId, Bill>,
) -> Vec<&'a Spent> {
    let from = covered_from(books, seen);
    books
        .attempts
        .iter()
        .filter(|attempt| attempt.key == *books.key && attempt.phase == Phase::Completed)
        .filter(|attempt| attempt.at.0 >= from)
        .filter(|attempt| attempt.job.as_ref().is_some_and(|job| !bills.contains_key(job)))
        .filter(|attempt| price(attempt, books.prices).is_none_or(|price| price.0 > 0.005))
        .collect()
}

/// Failed attempts that were started and, as far as the events tell by now, not charged.
fn free<'a>(
    books: &Books<'a>,
    seen: &Seen<'_>,
    bills: &BTreeMap<&JobId, Bill>,
) -> impl Iterator<Item = &'a Spent> {
    let from = covered_from(books, seen);
    let settled = books.now.before(RECENT);
    books
        .attempts
        .iter()
        .filter(|attempt| attempt.key == *books.key && attempt.phase == Phase::Failed)
        .filter(move |attempt| attempt.at.0 >= from && attempt.changed_at < settled)
        .filter(|attempt| attempt.job.as_ref().is_some_and(|job| !bills.contains_key(job)))
}

/// From when on the charge of an attempt would be among the events.
fn covered_from(books: &Books<'_>, seen: &Seen<'_>) -> i64 {
    let skew = i64::try_from(SKEW.as_millis()).unwrap_or(0);
    seen.from.map_or(books.since.0, |from| from.0.saturating_add(skew))
}

fn named(attempt: &Spent) -> String {
    match &attempt.job {
        Some(job) => format!("{} (job {job})", attempt.name),
        None => attempt.name.clone(),
    }
}
