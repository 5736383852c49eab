//! What the service says: totals, days, events.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Args, Budget, draw, field, per_output, print_csv, rounded, show_chart, since};
use crate::cli::session::Session;
use crate::client::{Call, UsageDay, UsageEvent, UsageEventPage, UsageSummary};
use crate::model::{Credits, ExitClass, Failure, Timestamp};
use crate::output::{Table, human, json};

pub(super) async fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let client = session.client(None)?;
    let waiting = session.says_waiting();
    let call = || Call { on_retry: &waiting, ..Call::plain() };
    let summary = client.usage_summary(args.days, call()).await?;
    let page =
        if args.events { Some(client.usage_events(args.limit, call()).await?) } else { None };
    let days = whole_days(&summary.days, since(args, session), session.env.clock.wall());
    let used = used(&summary);
    let budget = Budget::of(args, used)?;
    let bars: Vec<(String, f64)> =
        days.iter().map(|day| (day.date.clone(), day.credits.unwrap_or_default().0)).collect();
    draw(args.svg.as_deref(), &title(args.days), &bars, session)?;
    if session.printer.style().json {
        session.printer.json(&document(args, &summary, &days, page.as_ref(), budget));
    } else if args.csv {
        records(session, &days, page.as_ref());
    } else {
        session.printer.table(&totals(&summary, used, args.days));
        show_chart(session, &bars);
        if let Some(page) = &page {
            show_events(session, page);
        }
    }
    Ok(Budget::judge(budget, args.days, session))
}

pub(super) fn title(days: u32) -> String {
    format!("Credits, last {}", human::counted(u64::from(days), "day", "days"))
}

/// Credits of the period: the total, or else the sum of its days.
pub(super) fn used(summary: &UsageSummary) -> Option<Credits> {
    let days = || {
        let credits: Vec<Credits> = summary.days.iter().filter_map(|day| day.credits).collect();
        (!credits.is_empty()).then(|| credits.into_iter().sum())
    };
    summary.credits_used.or_else(days)
}

/// The days from the first with a figure to today, those without one included. Days that cannot be
/// read as dates stay as they came.
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

fn totals(summary: &UsageSummary, used: Option<Credits>, days: u32) -> Table {
    let heading = format!("last {}", human::counted(u64::from(days), "day", "days"));
    let mut table = Table::new([heading, String::new()]).numbers([1]);
    let number = |value: Option<u64>| value.map(human::count);
    let credits = |value: Option<Credits>| value.map(human::credits);
    for (name, value) in [
        ("jobs", number(summary.total_jobs)),
        ("completed", number(summary.completed_jobs)),
        ("failed", number(summary.failed_jobs)),
        ("credits used", credits(used)),
        ("per completed job", credits(per_output(used, summary.completed_jobs))),
        ("credits left", credits(summary.credits_left)),
    ] {
        if let Some(value) = value {
            table.row([name.to_owned(), value]);
        }
    }
    table
}

fn show_events(session: &Session, page: &UsageEventPage) {
    let mut table = Table::new(["when", "job", "what", "credits"]).numbers([3]);
    for event in &page.events {
        table.row([
            when(event),
            event.job.as_ref().map_or_else(String::new, ToString::to_string),
            event.kind.clone().unwrap_or_default(),
            event.credits.map(human::credits).unwrap_or_default(),
        ]);
    }
    session.printer.table(&table);
    if let Some(total) = page.total.filter(|total| *total > page.events.len() as u64) {
        session.printer.note(&format!(
            "the latest {} of {} events; the service has no way to ask for older ones",
            human::count(page.events.len() as u64),
            human::count(total)
        ));
    }
}

/// The time of an event as we write times, or as the service wrote it.
fn when(event: &UsageEvent) -> String {
    let said = event.at.clone().unwrap_or_default();
    Timestamp::read(&said).map_or(said, human::time)
}

fn records(session: &Session, days: &[UsageDay], page: Option<&UsageEventPage>) {
    let amount = |credits: Option<Credits>| field(credits.map(|credits| rounded(credits.0)));
    if let Some(page) = page {
        let rows = page.events.iter().map(|event| {
            let job = event.job.as_ref();
            vec![when(event), field(job), field(event.kind.as_ref()), amount(event.credits)]
        });
        print_csv(session, &["at", "job", "event", "credits"], rows);
    } else {
        let rows =
            days.iter().map(|day| vec![day.date.clone(), field(day.jobs), amount(day.credits)]);
        print_csv(session, &["day", "jobs", "credits"], rows);
    }
}

fn document(
    args: &Args,
    summary: &UsageSummary,
    days: &[UsageDay],
    page: Option<&UsageEventPage>,
    budget: Option<Budget>,
) -> Value {
    let used = used(summary);
    let day = |day: &UsageDay| json!({"day": day.date, "jobs": day.jobs, "credits": day.credits.map(json::credits)});
    let event = |event: &UsageEvent| {
        json!({
            "at": event.at,
            "job": event.job.as_ref().map(|job| &job.0),
            "event": event.kind,
            "credits": event.credits.map(json::credits),
            "answer": event.raw,
        })
    };
    json!({
        "days": args.days,
        "jobs": summary.total_jobs,
        "completed": summary.completed_jobs,
        "failed": summary.failed_jobs,
        "credits_used": used.map(json::credits),
        "credits_left": summary.credits_left.map(json::credits),
        "credits_per_output": per_output(used, summary.completed_jobs).map(json::credits),
        "by_day": days.iter().map(day).collect::<Vec<_>>(),
        "events": page.map(|page| page.events.iter().map(event).collect::<Vec<_>>()),
        "events_in_all": page.and_then(|page| page.total),
        "budget": budget.map(Budget::json),
        "summary": summary.raw,
    })
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
