//! The audit: what the service charged against what the ledger says was started. Pure.
//!
//! Every charge is to have one attempt of ours behind it, and every attempt that was completed one
//! charge of the right amount. Where the service's events name their jobs this is done one by one.
//! Where they do not, or where the page of events ends before the period does, days are compared
//! instead, and what could not be looked at is said: "all matched" is a claim about every single
//! charge.

mod days;
mod jobs;

use std::time::Duration;

use crate::client::{UsageEvent, UsageEventPage, UsageSummary};
use crate::ledger::{KeyId, Spent, TaskId};
use crate::model::{Credits, JobId, Pricing, Timestamp};

/// How many events the service gives when it passes over the limit that was asked for (contract,
/// *Endpoints*): a page of just so many may have been cut.
const USUAL_PAGE: usize = 20;

/// How far the service's clock and ours may be apart before a charge looks older than its start.
const SKEW: Duration = Duration::from_mins(10);

/// Charges of attempts that changed within this time may still be on their way into the usage.
const RECENT: Duration = Duration::from_hours(1);

/// What the audit compares.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    /// Attempts of this machine, of whatever key: all of the period, and those older ones that the
    /// events name.
    pub attempts: &'a [Spent],
    /// The key whose usage was asked for.
    pub key: &'a KeyId,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Every charge of the period, one by one.
    Charges,
    /// The latest charges one by one, days before them.
    ChargesAndDays,
    /// Days.
    Days,
    /// The total of the period.
    Total,
    /// Nothing: the answers hold no figure that could be.
    Nothing,
}

impl Basis {
    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::ChargesAndDays => "charges_and_days",
            Self::Days => "days",
            Self::Total => "total",
            Self::Nothing => "nothing",
        }
    }
}

/// What the audit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every charge of the period has its attempt, and every completed attempt its charge.
    Matched,
    /// No difference in what could be compared, and that was not everything.
    Unproven,
    /// There are differences.
    Different,
}

impl Verdict {
    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Unproven => "unproven",
            Self::Different => "different",
        }
    }
}

/// In which way service and ledger differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Charged, and no attempt of this ledger.
    NotOurs,
    /// Charged, and we never started it.
    NotStarted,
    /// Completed, and not charged.
    NotCharged,
    /// Charged more than once.
    Twice,
    /// Charged, and not what it should cost.
    OtherAmount,
    /// The credits of a day, or of the whole period, are not those of our attempts.
    OtherTotal,
}

impl Wrong {
    /// Every way, for tables.
    pub const ALL: [Self; 6] = [
        Self::NotOurs,
        Self::NotStarted,
        Self::NotCharged,
        Self::Twice,
        Self::OtherAmount,
        Self::OtherTotal,
    ];

    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotOurs => "not_ours",
            Self::NotStarted => "not_started",
            Self::NotCharged => "not_charged",
            Self::Twice => "charged_twice",
            Self::OtherAmount => "other_amount",
            Self::OtherTotal => "other_total",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// In which way.
    pub wrong: Wrong,
    /// The job it is about.
    pub job: Option<JobId>,
    /// Our input behind the job.
    pub input: Option<String>,
    /// The day it is about, or on which the charge or the start was.
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
    pub basis: Basis,
    /// Charges that have their attempt, by job.
    pub matched: usize,
    /// What they come to.
    pub credits: Credits,
    /// Every difference.
    pub differences: Vec<Difference>,
    /// What could not be looked at, in words.
    pub unchecked: Vec<String>,
    /// What is no difference, but worth knowing, in words.
    pub remarks: Vec<String>,
    /// Whether what is missing may only be on its way: worth another look.
    pub may_be_late: bool,
    /// What each attempt was charged.
    pub charges: Vec<(TaskId, Credits)>,
}

impl Findings {
    /// What it all comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.differences.is_empty() {
            Verdict::Different
        } else if self.basis == Basis::Charges && self.unchecked.is_empty() {
            Verdict::Matched
        } else {
            Verdict::Unproven
        }
    }
}

/// Compares.
#[must_use]
pub fn reconcile(books: &Books<'_>) -> Findings {
    let mut findings = Findings {
        basis: Basis::Charges,
        matched: 0,
        credits: Credits(0.0),
        differences: Vec::new(),
        unchecked: Vec::new(),
        remarks: Vec::new(),
        may_be_late: false,
        charges: Vec::new(),
    };
    let seen = Seen::of(books);
    if seen.named {
        jobs::compare(books, &seen, &mut findings);
        if let Some(from) = seen.from {
            findings.basis = Basis::ChargesAndDays;
            findings.unchecked.push(cut(books, from));
            days::compare(books, Some(from), &mut findings);
        } else if let Some(used) = books.summary.credits_used
            && !agree(used, seen.sum())
        {
            findings.unchecked.push(format!(
                "the events of the period come to {} credits, the summary to {used}: one of them \
                 leaves something out",
                seen.sum()
            ));
        }
    } else {
        findings.unchecked.push(anonymous(books, &seen));
        findings.basis = Basis::Days;
        days::compare(books, None, &mut findings);
    }
    findings.may_be_late |= late(books, &findings);
    findings
}

/// The charges among the events.
struct Seen<'a> {
    /// Entries of the period that say an amount other than nothing.
    charges: Vec<(&'a UsageEvent, Credits)>,
    /// Whether every charge can be brought to a job.
    named: bool,
    /// Where the page of events begins, if it was cut within the period.
    from: Option<Timestamp>,
}

impl<'a> Seen<'a> {
    fn of(books: &Books<'a>) -> Self {
        let events = &books.events.events;
        let time = |event: &UsageEvent| event.at.as_deref().and_then(Timestamp::read);
        let in_period = |event: &&UsageEvent| time(event).is_none_or(|at| at >= books.since);
        let charges: Vec<(&UsageEvent, Credits)> = events
            .iter()
            .filter(in_period)
            .filter_map(|event| Some((event, event.credits.filter(|amount| amount.0 != 0.0)?)))
            .collect();
        let oldest = events.iter().filter_map(time).min();
        let cut = is_cut(books.events, books.asked);
        let used = books.summary.credits_used.is_some_and(|used| used.0 > slack(0.0));
        let silent = charges.is_empty() && used;
        Self {
            named: !silent && all_named(&charges, books.attempts),
            from: oldest.filter(|oldest| cut && *oldest > books.since),
            charges,
        }
    }

    fn sum(&self) -> Credits {
        self.charges.iter().map(|(_, credits)| *credits).sum()
    }
}

/// Whether there are, or may be, more events than the page shows.
fn is_cut(page: &UsageEventPage, asked: usize) -> bool {
    let shown = page.events.len();
    match page.total {
        Some(total) => total > shown as u64,
        None => shown >= asked || shown == USUAL_PAGE,
    }
}

/// Whether every charge can be brought to a job. A bare `id` may name the event: it counts when
/// at least one of them is a job of ours.
fn all_named(charges: &[(&UsageEvent, Credits)], attempts: &[Spent]) -> bool {
    if charges.iter().any(|(event, _)| event.job.is_none()) {
        return false;
    }
    let mut bare = charges.iter().filter(|(event, _)| !event.names_job).peekable();
    if bare.peek().is_none() {
        return true;
    }
    let ours = |job: &JobId| attempts.iter().any(|attempt| attempt.job.as_ref() == Some(job));
    bare.any(|(event, _)| event.job.as_ref().is_some_and(ours))
}

fn cut(books: &Books<'_>, from: Timestamp) -> String {
    let shown = books.events.events.len();
    let all = books.events.total.map(|total| format!(" of {total}")).unwrap_or_default();
    format!(
        "the service shows its latest {shown}{all} events and has no way to ask for older ones: \
         charges before {} were compared by day only",
        from.day()
    )
}

fn anonymous(books: &Books<'_>, seen: &Seen<'_>) -> String {
    if seen.charges.is_empty() {
        let events = books.events.events.len();
        return format!(
            "the summary says that credits were used, and none of the {events} usage events has \
             an amount: single charges could not be checked"
        );
    }
    "the usage events do not say which job a charge is for: which job was charged what, and \
     whether one was charged twice, could not be checked"
        .to_owned()
}

/// What an attempt should have cost, by what is known now.
fn price(attempt: &Spent, prices: Option<&Pricing>) -> Option<Credits> {
    let today = || prices?.estimate(attempt.model, attempt.seconds?);
    attempt.price().or_else(today)
}

/// Whether two amounts are the same but for rounding: a hundredth of a credit, or of the amount.
fn agree(one: Credits, other: Credits) -> bool {
    (one.0 - other.0).abs() <= slack(one.0.abs().max(other.0.abs()))
}

fn slack(amount: f64) -> f64 {
    (amount * 0.01).max(0.01) + 1e-9
}

/// Whether a charge that is missing may still come.
fn late(books: &Books<'_>, findings: &Findings) -> bool {
    let missing = |difference: &Difference| match difference.wrong {
        Wrong::NotCharged => true,
        Wrong::OtherTotal => {
            let (charged, expected) = (difference.charged, difference.expected);
            charged.unwrap_or_default().0 < expected.unwrap_or_default().0
        }
        _ => false,
    };
    let recent = |attempt: &Spent| attempt.changed_at >= books.now.before(RECENT);
    findings.differences.iter().any(missing)
        && books.attempts.iter().any(|attempt| attempt.may_be_billed && recent(attempt))
}

#[cfg(test)]
mod tests;
