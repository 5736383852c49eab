//! The audit: compares the service's charges with the starts in the ledger. Pure.
//!
//! Every charge should belong to one attempt of ours, every completed attempt should have one
//! charge of the right amount, and every input one charged attempt, unless the user requested more.
//! This takes events that name their jobs. Where they do not, or where the page of events ends
//! before the period does, the audit says what could not be checked: "all matched" is a claim about
//! every single charge, so it needs a second source (the service's count of events, or its total of
//! credits) that the events are complete.

pub(crate) mod events_page;
pub(crate) mod jobs;
pub(crate) mod notes;
mod types;

pub use self::types::{AuditInput, AuditResult, Coverage, Difference, Findings, Mismatch};

#[cfg(test)]
mod tests;

use self::events_page::{EventPage, Truncation};
use self::types::agree;

/// Compares charges and attempts.
#[must_use]
pub fn reconcile(input: &AuditInput<'_>) -> Findings {
    let mut findings =
        Findings { basis: Coverage::Charges, saw: vec![notes::saw(input)], ..Findings::default() };
    let page = EventPage::of(input);
    if !page.has_comparable_charges(input) {
        findings.unchecked.push(notes::no_comparable_charges(input, &page));
        findings.basis = Coverage::Nothing;
        return findings;
    }
    jobs::compare(input, &page, &mut findings);
    match page.cut {
        Truncation::Nowhere => {}
        Truncation::At(from) => findings.unchecked.push(notes::cut(input, from)),
        Truncation::Somewhere => findings.unchecked.push(notes::cut_somewhere(input)),
    }
    if !page.nameless.is_empty() {
        findings.unchecked.push(notes::nameless(&page));
    }
    if page.shows_everything() {
        corroborate(input, &page, &mut findings);
    } else {
        findings.basis = Coverage::SomeCharges;
    }
    // A missing charge may be delayed.
    let is_missing = |difference: &Difference| difference.wrong == Mismatch::NotCharged;
    findings.may_be_late |= findings.differences.iter().any(is_missing) && input.has_recent();
    findings
}

/// Searches a second source that the events are all charges of the period.
fn corroborate(input: &AuditInput<'_>, page: &EventPage<'_>, findings: &mut Findings) {
    match input.summary.used() {
        Some(used) if page.sums().into_iter().any(|sum| agree(used, sum)) => {}
        Some(used) => {
            findings.may_be_late |= input.has_recent();
            findings.unchecked.push(format!(
                "the events of the period add up to {} credits, but the summary says {used}; one \
                 of them is incomplete",
                page.sum()
            ));
        }
        None if input.events.total.is_some() => {}
        None => findings.unchecked.push(format!(
            "the {} events may be incomplete: the service reports neither a count of events nor \
             a total of credits",
            input.events.events.len()
        )),
    }
}
