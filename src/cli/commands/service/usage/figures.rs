//! The usage figures of a profile: of its key, or of both keys during a rotation.

use std::collections::BTreeMap;

use crate::cli::context::key_id;
use crate::client::{Client, RequestOptions, UsageDay, UsageSummary};
use crate::ledger::ApiKeyId;
use crate::model::{Credits, Failure, Timestamp};

/// Number of events compared to see whether two keys report the same charges.
const SAMPLE: u32 = 20;

/// The usage of one key, as reported by the service.
#[derive(Debug, Clone)]
pub(crate) struct KeyUsageFigures {
    pub(crate) key: ApiKeyId,
    pub(crate) summary: UsageSummary,
}

/// The usage of all keys. A figure is unknown if one key does not report it.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsageFigures {
    pub(crate) jobs: Option<u64>,
    pub(crate) completed: Option<u64>,
    pub(crate) failed: Option<u64>,
    pub(crate) used: Option<Credits>,
    pub(crate) left: Option<Credits>,
    pub(crate) days: Vec<UsageDay>,
}

/// Requests the usage of each key. A service that counts by account reports the same usage for every
/// key, which is counted once.
pub(crate) async fn ask(
    clients: &[Client],
    days: u32,
    call: &RequestOptions<'_>,
) -> Result<Vec<KeyUsageFigures>, Failure> {
    let mut all: Vec<KeyUsageFigures> = Vec::new();
    for client in clients {
        let summary = client.usage_summary(days, call.clone()).await?;
        all.push(KeyUsageFigures { key: key_id(client), summary });
    }
    if let ([one, other], [first, second]) = (clients, &all[..])
        && first.summary.raw == second.summary.raw
        && first.summary.used().is_some_and(|used| used.0 != 0.0)
    {
        let events = one.usage_events(SAMPLE, call.clone()).await?.events;
        if !events.is_empty() && events == other.usage_events(SAMPLE, call.clone()).await?.events {
            all.truncate(1);
        }
    }
    Ok(all)
}

impl UsageFigures {
    pub(crate) fn of(all: &[KeyUsageFigures]) -> Self {
        let summaries = || all.iter().map(|of| &of.summary);
        let count = |read: fn(&UsageSummary) -> Option<u64>| summaries().map(read).sum();
        // Both keys most likely belong to one account, so the sum would be wrong.
        let left = match all {
            [only] => only.summary.credits_left,
            _ => None,
        };
        Self {
            jobs: count(|summary| summary.total_jobs),
            completed: count(|summary| summary.completed_jobs),
            failed: count(|summary| summary.failed_jobs),
            used: Self::used(summaries()),
            left,
            days: days(summaries()),
        }
    }

    /// Credits used by all keys; `None` if one does not report them.
    pub(crate) fn used<'a>(
        mut summaries: impl Iterator<Item = &'a UsageSummary>,
    ) -> Option<Credits> {
        summaries.try_fold(Credits(0.0), |sum, summary| Some(sum + summary.used()?))
    }
}

/// The days of all keys, added up by date.
fn days<'a>(mut summaries: impl Iterator<Item = &'a UsageSummary>) -> Vec<UsageDay> {
    let (Some(first), rest) = (summaries.next(), summaries) else { return Vec::new() };
    let rest: Vec<_> = rest.flat_map(|summary| &summary.days).collect();
    if rest.is_empty() {
        return first.days.clone();
    }
    let mut by_day: BTreeMap<String, UsageDay> = BTreeMap::new();
    for day in first.days.iter().chain(rest) {
        let date = Timestamp::read(&day.date).map_or_else(|| day.date.clone(), Timestamp::day);
        match by_day.get_mut(&date) {
            Some(sum) => {
                sum.jobs = sum.jobs.zip(day.jobs).map(|(one, other)| one + other);
                sum.credits = sum.credits.zip(day.credits).map(|(one, other)| one + other);
            }
            None => {
                by_day.insert(date.clone(), UsageDay { date, ..day.clone() });
            }
        }
    }
    by_day.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Fingerprint;

    fn of(jobs: Option<u64>, credits: f64, days: &[(&str, f64)]) -> KeyUsageFigures {
        let day = |(date, credits): &(&str, f64)| UsageDay {
            date: (*date).to_owned(),
            jobs: Some(1),
            credits: Some(Credits(*credits)),
        };
        KeyUsageFigures {
            key: ApiKeyId {
                origin: "https://api.example".into(),
                fingerprint: Fingerprint("k".into()),
            },
            summary: UsageSummary {
                total_jobs: jobs,
                completed_jobs: jobs,
                failed_jobs: Some(0),
                credits_used: Some(Credits(credits)),
                credits_left: Some(Credits(100.0)),
                days: days.iter().map(day).collect(),
                raw: json!({}),
            },
        }
    }

    #[test]
    fn two_keys_are_added_up_and_what_one_lacks_is_not_known() {
        let old = of(Some(3), 6.0, &[("2026-01-01", 2.0), ("2026-01-02", 4.0)]);
        let new = of(Some(1), 2.5, &[("2026-01-02T00:00:00Z", 2.5)]);
        let both = UsageFigures::of(&[old.clone(), new]);
        assert_eq!((both.jobs, both.used, both.left), (Some(4), Some(Credits(8.5)), None));
        let days: Vec<_> =
            both.days.iter().map(|day| (day.date.as_str(), day.credits.unwrap().0)).collect();
        assert_eq!(days, [("2026-01-01", 2.0), ("2026-01-02", 6.5)]);
        let silent = UsageFigures::of(&[old.clone(), of(None, 0.0, &[])]);
        assert_eq!((silent.jobs, silent.used), (None, Some(Credits(6.0))));
        let alone = UsageFigures::of(&[old]);
        assert_eq!((alone.jobs, alone.left), (Some(3), Some(Credits(100.0))));
    }

    #[test]
    fn a_day_without_a_figure_is_no_day_of_nothing() {
        let mut one = of(Some(1), 0.0, &[("2026-01-01", 2.0), ("2026-01-02", 3.0)]).summary;
        one.credits_used = None;
        assert_eq!(UsageFigures::used([&one].into_iter()), Some(Credits(5.0)));
        one.days[1].credits = None;
        assert_eq!(
            UsageFigures::used([&one].into_iter()),
            None,
            "an alarm must not count too little"
        );
    }
}
