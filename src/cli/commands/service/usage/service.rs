//! `rbgv usage`: totals, days and events of the service.

use std::collections::BTreeMap;

use super::args::Args;
use super::figures::{KeyUsageFigures, UsageFigures, ask};
use super::report::{PeriodBudget, per_output, print_csv, show_chart, since};
use crate::cli::args::rows::rows;
use crate::cli::context::{AppContext, key_id};
use crate::client::{RequestOptions, UsageDay, UsageEvent, UsageEventPage};
use crate::ledger::ApiKeyId;
use crate::model::{Credits, ExitClass, Failure, Timestamp};
use crate::output::documents::usage::{DayLine, KeyUsageLine, UsageDocument, UsageEventLine};
use crate::output::{Table, events::json, formats::amounts};

type KeyEvents = (ApiKeyId, UsageEventPage);

pub(crate) async fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let clients = app.clients(None)?;
    let call = RequestOptions::plain();
    let keys = ask(&clients, args.days, &call).await?;
    let mut events: Vec<KeyEvents> = Vec::new();
    for client in clients.iter().take(keys.len()).filter(|_| args.events) {
        let page = client.usage_events(args.limit, call.clone()).await?;
        events.push((key_id(client), page));
    }
    let figures = UsageFigures::of(&keys);
    let days = whole_days(&figures.days, since(args, app), app.env.clock.wall());
    let budget = PeriodBudget::of(args, figures.used)?;
    let bars: Vec<(String, f64)> =
        days.iter().map(|day| (day.date.clone(), day.credits.unwrap_or_default().0)).collect();
    let document = document(args, &keys, &figures, &days, &events, budget);
    if args.rows.is_given() {
        let mut all = rows(&document.by_day);
        all.extend(rows(document.events.iter().flatten()));
        args.rows.print(&app.printer, &all)?;
    } else if app.printer.style().json {
        app.printer.document(&document);
    } else if args.csv {
        records(app, &document);
    } else {
        app.printer.table(&totals(&keys, &figures, args.days));
        show_chart(app, &bars);
        if args.events {
            show_events(app, &events);
        }
    }
    Ok(PeriodBudget::judge(budget, args.days, app))
}

/// Every day from the first with usage to today. Days that cannot be parsed are returned unchanged.
fn whole_days(days: &[UsageDay], since: Timestamp, now: Timestamp) -> Vec<UsageDay> {
    const DAY: i64 = 86_400_000;
    let read: Option<BTreeMap<String, UsageDay>> = days
        .iter()
        .map(|day| {
            let date = Timestamp::read(&day.date)?.day();
            Some((date.clone(), UsageDay { date, ..day.clone() }))
        })
        .collect();
    let Some(mut read) = read.filter(|read| !read.is_empty() && read.len() == days.len()) else {
        return days.to_vec();
    };
    let first = read.keys().next().cloned().unwrap_or_default();
    let mut at = since.0;
    while at <= now.0 {
        let date = Timestamp(at).day();
        if date >= first {
            read.entry(date.clone()).or_insert(UsageDay {
                date,
                jobs: None,
                credits: Some(Credits(0.0)),
            });
        }
        at = at.saturating_add(DAY);
    }
    read.into_values().collect()
}

/// One column for each key, and one for the total.
fn totals(keys: &[KeyUsageFigures], figures: &UsageFigures, days: u32) -> Table {
    let mut columns: Vec<(String, UsageFigures)> = Vec::new();
    if keys.len() > 1 {
        let of = |of: &KeyUsageFigures| {
            let figures = UsageFigures::of(std::slice::from_ref(of));
            (format!("key {}", of.key.fingerprint), figures)
        };
        columns.extend(keys.iter().map(of));
        columns.push(("total".to_owned(), figures.clone()));
    } else {
        columns.push((String::new(), figures.clone()));
    }
    let heading = format!("last {}", amounts::counted(u64::from(days), "day", "days"));
    let headings = std::iter::once(heading).chain(columns.iter().map(|(name, _)| name.clone()));
    let mut table = Table::new(headings).numbers(1..=columns.len());
    let mut row = |name: &str, read: &dyn Fn(&UsageFigures) -> Option<String>| {
        let values: Vec<_> = columns.iter().map(|(_, figures)| read(figures)).collect();
        if values.iter().any(Option::is_some) {
            let values = values.into_iter().map(Option::unwrap_or_default);
            table.row(std::iter::once(name.to_owned()).chain(values));
        }
    };
    row("jobs", &|figures| figures.jobs.map(amounts::count));
    row("completed", &|figures| figures.completed.map(amounts::count));
    row("failed", &|figures| figures.failed.map(amounts::count));
    row("credits used", &|figures| figures.used.map(amounts::credits));
    row("per completed job", &|figures| {
        per_output(figures.used, figures.completed).map(amounts::credits)
    });
    row("credits left", &|figures| figures.left.map(amounts::credits));
    table
}

fn show_events(app: &AppContext, events: &[KeyEvents]) {
    for (key, page) in events {
        if events.len() > 1 {
            app.printer.data(&format!("key {}", key.fingerprint));
        }
        let mut table =
            Table::new(["time", "job", "event", "credits"]).numbers([3]).names([1]).drops([0]);
        for event in &page.events {
            table.row([
                when(event.at.as_deref()),
                event.job.as_ref().map_or_else(String::new, ToString::to_string),
                event.kind.clone().unwrap_or_default(),
                event.credits.map(amounts::credits).unwrap_or_default(),
            ]);
        }
        app.printer.table(&table);
        if let Some(total) = page.total.filter(|total| *total > page.events.len() as u64) {
            app.printer.note(&format!(
                "latest {} of {} events; the API does not return older ones",
                amounts::count(page.events.len() as u64),
                amounts::count(total)
            ));
        }
    }
}

/// The time of an event; as the service wrote it, if it cannot be parsed.
fn when(written: Option<&str>) -> String {
    let written = written.unwrap_or_default();
    Timestamp::read(written).map_or_else(|| written.to_owned(), amounts::time)
}

fn records(app: &AppContext, document: &UsageDocument<'_>) {
    let Some(events) = &document.events else {
        print_csv(app, &["day", "jobs", "credits"], &rows(&document.by_day));
        return;
    };
    let mut rows = rows(events);
    for (row, event) in rows.iter_mut().zip(events) {
        row["at"] = when(event.at).into();
    }
    print_csv(app, &["at", "job", "event", "credits", "key_fingerprint"], &rows);
}

fn document<'a>(
    args: &Args,
    keys: &'a [KeyUsageFigures],
    figures: &UsageFigures,
    days: &'a [UsageDay],
    events: &'a [KeyEvents],
    budget: Option<PeriodBudget>,
) -> UsageDocument<'a> {
    let day = |day: &'a UsageDay| DayLine {
        day: &day.date,
        jobs: day.jobs,
        credits: day.credits.map(json::credits),
    };
    let event = |key: &'a ApiKeyId, event: &'a UsageEvent| UsageEventLine {
        at: event.at.as_deref(),
        job: event.job.as_ref().map(|job| job.0.as_str()),
        event: event.kind.as_deref(),
        credits: event.credits.map(json::credits),
        key_fingerprint: &key.fingerprint.0,
        answer: &event.raw,
    };
    let shown = events.iter().flat_map(|(key, page)| page.events.iter().map(move |of| (key, of)));
    let in_all: Option<u64> = events.iter().map(|(_, page)| page.total).sum();
    UsageDocument {
        days: args.days,
        jobs: figures.jobs,
        completed: figures.completed,
        failed: figures.failed,
        credits_used: figures.used.map(json::credits),
        credits_left: figures.left.map(json::credits),
        credits_per_output: per_output(figures.used, figures.completed).map(json::credits),
        by_day: days.iter().map(day).collect(),
        events: args.events.then(|| shown.map(|(key, of)| event(key, of)).collect()),
        events_in_all: in_all.filter(|_| args.events),
        budget: budget.map(PeriodBudget::document),
        keys: keys.iter().map(key_usage).collect(),
        summary: keys.first().map(|of| &of.summary.raw),
    }
}

fn key_usage(of: &KeyUsageFigures) -> KeyUsageLine<'_> {
    let figures = UsageFigures::of(std::slice::from_ref(of));
    KeyUsageLine {
        key_fingerprint: &of.key.fingerprint.0,
        jobs: figures.jobs,
        completed: figures.completed,
        failed: figures.failed,
        credits_used: figures.used.map(json::credits),
        credits_left: figures.left.map(json::credits),
        summary: &of.summary.raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_usage_are_shown_from_the_first_with_some() {
        let day = |date: &str, credits| UsageDay {
            date: date.to_owned(),
            jobs: None,
            credits: Some(Credits(credits)),
        };
        // 2026-01-04, 6 o'clock, and three days before.
        let now = Timestamp(1_767_506_400_000);
        let since = Timestamp(now.0 - 3 * 86_400_000);
        let shown = |days: &[UsageDay]| -> Vec<String> {
            whole_days(days, since, now).into_iter().map(|day| day.date).collect()
        };
        assert_eq!(
            shown(&[day("2026-01-04", 1.0), day("2026-01-02T00:00:00Z", 2.0)]),
            ["2026-01-02", "2026-01-03", "2026-01-04"]
        );
        assert_eq!(shown(&[day("monday", 1.0)]), ["monday"]);
        assert_eq!(shown(&[]), [""; 0]);
    }
}
