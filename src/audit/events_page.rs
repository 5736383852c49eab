//! What the page of usage events shows, and how far it can be trusted to show everything.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{AuditInput, agree, slack};
use crate::client::{UsageEvent, UsageEventPage};
use crate::ledger::{AttemptCost, AttemptStatus};
use crate::model::{Credits, JobId, Timestamp};

/// How many events the service gives when it passes over the limit that was asked for (contract,
/// *Endpoints*): a page of just so many may have been cut.
const USUAL_PAGE: usize = 20;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// Where the page of events ends before the period does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truncation {
    /// It covers the period, as far as its own words go.
    Nowhere,
    /// It begins at this time, within the period.
    At(Timestamp),
    /// It may have been cut, and its entries have no times that tell where.
    Somewhere,
}

/// An entry that says an amount other than nothing.
pub(crate) type ChargedEvent<'a> = (&'a UsageEvent, Credits);

/// The job that a charge is for. Where other entries name their jobs, a bare `id` names the entry.
fn job(event: &UsageEvent, jobs_are_named: bool) -> Option<&JobId> {
    event.job.as_ref().filter(|_| event.names_job || !jobs_are_named)
}

/// The charges among the events.
pub(crate) struct EventPage<'a> {
    /// Every charge that names a job, before the period too: a second one is a second one, on
    /// whichever side of the edge the first lies.
    pub(crate) by_job: BTreeMap<&'a JobId, Vec<ChargedEvent<'a>>>,
    /// Charges of the period that name none.
    pub(crate) nameless: Vec<ChargedEvent<'a>>,
    pub(crate) cut: Truncation,
    /// Every job that a charge on the page is for, of the period or not.
    named: BTreeSet<&'a JobId>,
    all: Vec<ChargedEvent<'a>>,
    since: Timestamp,
}

impl<'a> EventPage<'a> {
    pub(crate) fn of(books: &AuditInput<'a>) -> Self {
        let events = &books.events.events;
        let all = charges(events, books.summary.used());
        let jobs_are_named = all.iter().any(|(event, _)| event.names_job);
        let mut by_job: BTreeMap<&JobId, Vec<ChargedEvent<'_>>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for (event, credits) in &all {
            match job(event, jobs_are_named) {
                Some(job) => by_job.entry(job).or_default().push((event, *credits)),
                None if is_at_or_after(event, books.since) => nameless.push((*event, *credits)),
                None => {}
            }
        }
        let named = by_job.keys().copied().collect();
        by_job.retain(|_, charges| charges.iter().any(|(e, _)| is_at_or_after(e, books.since)));
        let oldest = events.iter().filter_map(time).min();
        let cut = match oldest {
            _ if !is_cut(books.events, books.asked) => Truncation::Nowhere,
            Some(oldest) if oldest > books.since => Truncation::At(oldest),
            Some(_) => Truncation::Nowhere,
            None => Truncation::Somewhere,
        };
        Self { by_job, nameless, cut, named, all, since: books.since }
    }

    /// Whether charges can be held against attempts one by one: there are amounts, and jobs with
    /// them. A bare `id` may name the event: it counts when at least one of them is a job of ours.
    pub(crate) fn can_be_told_apart(&self, books: &AuditInput<'_>) -> bool {
        if self.by_job.is_empty() {
            return self.nameless.is_empty() && !self.is_silent(books);
        }
        let mut named = self.by_job.values().flatten().map(|(event, _)| event);
        let ours = |job: &JobId| books.attempts.iter().any(|a| a.job.as_ref() == Some(job));
        named.any(|event| event.names_job || event.job.as_ref().is_some_and(ours))
    }

    /// Whether the events say nothing of amounts although there was something to charge: by the
    /// summary, or because there are events, completed jobs of ours, and no figure anywhere.
    fn is_silent(&self, books: &AuditInput<'_>) -> bool {
        if let Some(used) = books.summary.used()
            && used.0 > slack(0.0)
        {
            return !self.sums().into_iter().any(|sum| agree(used, sum));
        }
        let completed = |attempt: &AttemptCost| {
            books.covers(attempt) && attempt.status == AttemptStatus::Completed
        };
        let events = &books.events.events;
        !events.is_empty()
            && events.iter().all(|event| event.credits.is_none())
            && books.attempts.iter().any(completed)
    }

    /// Whether any charge on the page is for this job.
    pub(crate) fn charges_name(&self, job: &JobId) -> bool {
        self.named.contains(job)
    }

    /// Whether, by the page's own words, every charge of the period is there and names its job.
    pub(crate) fn shows_everything(&self) -> bool {
        self.cut == Truncation::Nowhere && self.nameless.is_empty()
    }

    /// What the charges of the period come to.
    pub(crate) fn sum(&self) -> Credits {
        self.since(self.since)
    }

    /// The same, for each way in which a service may understand a number of days: back from this
    /// moment, or whole days in UTC with today as the last, or with today besides.
    pub(crate) fn sums(&self) -> [Credits; 3] {
        let midnight = Timestamp(self.since.0 - self.since.0.rem_euclid(DAY));
        [self.sum(), self.since(Timestamp(midnight.0 + DAY)), self.since(midnight)]
    }

    fn since(&self, since: Timestamp) -> Credits {
        let charges = self.all.iter().filter(|(event, _)| is_at_or_after(event, since));
        charges.map(|(_, credits)| *credits).sum()
    }
}

fn time(event: &UsageEvent) -> Option<Timestamp> {
    event.at.as_deref().and_then(Timestamp::read)
}

/// Whether an event is of the period that begins at `since`; one without a time may be.
fn is_at_or_after(event: &UsageEvent, since: Timestamp) -> bool {
    time(event).is_none_or(|at| at >= since)
}

/// The entries that say an amount. A service that books what is used as negative amounts is
/// understood where its summary says so.
fn charges(events: &[UsageEvent], used: Option<Credits>) -> Vec<ChargedEvent<'_>> {
    let amount = |event: &UsageEvent| event.credits.filter(|amount| amount.0 != 0.0);
    let all: Vec<_> = events.iter().filter_map(|event| Some((event, amount(event)?))).collect();
    let booked_below = all.iter().all(|(_, credits)| credits.0 < 0.0)
        && used.is_some_and(|used| used.0 > slack(0.0));
    let sign = if booked_below { -1.0 } else { 1.0 };
    all.into_iter().map(|(event, credits)| (event, Credits(sign * credits.0))).collect()
}

/// Whether there are, or may be, more events than the page shows.
pub(crate) fn is_cut(page: &UsageEventPage, asked: usize) -> bool {
    let shown = page.events.len();
    match page.total {
        Some(total) => total > shown as u64,
        None => shown >= asked || shown == USUAL_PAGE,
    }
}
