//! The page of usage events, and how complete it is.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{AuditInput, agree, tolerance};
use crate::client::{UsageEvent, UsageEventPage};
use crate::ledger::{AttemptCost, AttemptStatus};
use crate::model::{Credits, JobId, Timestamp};

/// Number of events on a page of a service that ignores the requested limit (contract,
/// *Endpoints*): a page of this size may be truncated.
const DEFAULT_PAGE_SIZE: usize = 20;

/// Milliseconds per day.
const DAY_MS: i64 = 86_400_000;

/// Truncation of the page of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truncation {
    /// It covers the period, by its own times.
    Nowhere,
    /// It begins at this time, within the period.
    At(Timestamp),
    /// It may be truncated, and its events have no times that show where.
    Somewhere,
}

/// An event with a nonzero amount.
pub(crate) type ChargedEvent<'a> = (&'a UsageEvent, Credits);

/// The job of a charge. Where other events name their jobs, a bare `id` is that of the event.
fn job(event: &UsageEvent, jobs_are_named: bool) -> Option<&JobId> {
    event.job.as_ref().filter(|_| event.names_job || !jobs_are_named)
}

/// The charges among the events.
pub(crate) struct EventPage<'a> {
    /// Every charge that names a job, also from before the period: a second charge counts, even
    /// when the first is before the period.
    pub(crate) by_job: BTreeMap<&'a JobId, Vec<ChargedEvent<'a>>>,
    /// Charges of the period that name no job.
    pub(crate) nameless: Vec<ChargedEvent<'a>>,
    pub(crate) cut: Truncation,
    /// The jobs of all charges on the page, of the period or not.
    named: BTreeSet<&'a JobId>,
    all: Vec<ChargedEvent<'a>>,
    since: Timestamp,
}

impl<'a> EventPage<'a> {
    pub(crate) fn of(input: &AuditInput<'a>) -> Self {
        let events = &input.events.events;
        let all = charges(events, input.summary.used());
        let jobs_are_named = all.iter().any(|(event, _)| event.names_job);
        let mut by_job: BTreeMap<&JobId, Vec<ChargedEvent<'_>>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for (event, credits) in &all {
            match job(event, jobs_are_named) {
                Some(job) => by_job.entry(job).or_default().push((event, *credits)),
                None if is_at_or_after(event, input.since) => nameless.push((*event, *credits)),
                None => {}
            }
        }
        let named = by_job.keys().copied().collect();
        by_job.retain(|_, charges| charges.iter().any(|(e, _)| is_at_or_after(e, input.since)));
        let oldest = events.iter().filter_map(time).min();
        let cut = match oldest {
            _ if !is_truncated(input.events, input.asked) => Truncation::Nowhere,
            Some(oldest) if oldest > input.since => Truncation::At(oldest),
            Some(_) => Truncation::Nowhere,
            None => Truncation::Somewhere,
        };
        Self { by_job, nameless, cut, named, all, since: input.since }
    }

    /// Charges can be compared with attempts one by one: there are amounts, and jobs with them. A
    /// bare `id` may name the event: it counts when at least one is a job of ours.
    pub(crate) fn has_comparable_charges(&self, input: &AuditInput<'_>) -> bool {
        if self.by_job.is_empty() {
            return self.nameless.is_empty() && !self.is_silent(input);
        }
        let mut named = self.by_job.values().flatten().map(|(event, _)| event);
        let ours = |job: &JobId| input.attempts.iter().any(|a| a.job.as_ref() == Some(job));
        named.any(|event| event.names_job || event.job.as_ref().is_some_and(ours))
    }

    /// The events have no amounts although something was charged: by the summary, or because there
    /// are events, completed jobs of ours, and no amount at all.
    fn is_silent(&self, input: &AuditInput<'_>) -> bool {
        if let Some(used) = input.summary.used()
            && used.0 > tolerance(0.0)
        {
            return !self.sums().into_iter().any(|sum| agree(used, sum));
        }
        let completed = |attempt: &AttemptCost| {
            input.covers(attempt) && attempt.status == AttemptStatus::Completed
        };
        let events = &input.events.events;
        !events.is_empty()
            && events.iter().all(|event| event.credits.is_none())
            && input.attempts.iter().any(completed)
    }

    /// Some charge on the page is for this job.
    pub(crate) fn charges_name(&self, job: &JobId) -> bool {
        self.named.contains(job)
    }

    /// By the page's own figures, every charge of the period is there and names its job.
    pub(crate) fn shows_everything(&self) -> bool {
        self.cut == Truncation::Nowhere && self.nameless.is_empty()
    }

    /// Sum of the charges of the period.
    pub(crate) fn sum(&self) -> Credits {
        self.since(self.since)
    }

    /// The same for each way in which a service may count days: back from this moment, or whole
    /// days in UTC with today as the last, or with today in addition.
    pub(crate) fn sums(&self) -> [Credits; 3] {
        let midnight = Timestamp(self.since.0 - self.since.0.rem_euclid(DAY_MS));
        [self.sum(), self.since(Timestamp(midnight.0 + DAY_MS)), self.since(midnight)]
    }

    fn since(&self, since: Timestamp) -> Credits {
        let charges = self.all.iter().filter(|(event, _)| is_at_or_after(event, since));
        charges.map(|(_, credits)| *credits).sum()
    }
}

fn time(event: &UsageEvent) -> Option<Timestamp> {
    event.at.as_deref().and_then(Timestamp::read)
}

/// The event belongs to the period that begins at `since`; an event without a time may.
fn is_at_or_after(event: &UsageEvent, since: Timestamp) -> bool {
    time(event).is_none_or(|at| at >= since)
}

/// The events with an amount. Negative amounts are usage where the summary agrees.
fn charges(events: &[UsageEvent], used: Option<Credits>) -> Vec<ChargedEvent<'_>> {
    let amount = |event: &UsageEvent| event.credits.filter(|amount| amount.0 != 0.0);
    let all: Vec<_> = events.iter().filter_map(|event| Some((event, amount(event)?))).collect();
    let is_negated = all.iter().all(|(_, credits)| credits.0 < 0.0)
        && used.is_some_and(|used| used.0 > tolerance(0.0));
    let sign = if is_negated { -1.0 } else { 1.0 };
    all.into_iter().map(|(event, credits)| (event, Credits(sign * credits.0))).collect()
}

/// There are, or may be, more events than the page shows.
pub(crate) fn is_truncated(page: &UsageEventPage, asked: usize) -> bool {
    let shown = page.events.len();
    match page.total {
        Some(total) => total > shown as u64,
        None => shown >= asked || shown == DEFAULT_PAGE_SIZE,
    }
}
