//! `rbgv usage`: credits, as the service counts them.

use super::session::Session;
use crate::client::{Call, UsageDay, UsageSummary};
use crate::model::{Credits, ExitClass, Failure};
use crate::output::{Table, human};

/// Show the credits that were used
///
/// The fields of the service's answers are not documented: what is known is shown, and --json
/// keeps everything.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of the last N days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,

    /// Show recent events too
    #[arg(long)]
    events: bool,

    /// Most events
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(super) sandbox: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    let client = session.client(None)?;
    let summary = client.usage_summary(args.days, Call::plain()).await?;
    let events = if args.events {
        client.usage_events(args.limit, Call::plain()).await?
    } else {
        Vec::new()
    };
    let printer = &session.printer;
    if printer.style().json {
        let events: Vec<_> = events.iter().map(|event| event.raw.clone()).collect();
        let mut document = serde_json::json!({"summary": summary.raw});
        if args.events {
            document["events"] = events.into();
        }
        printer.json(&document);
        return Ok(ExitClass::Done);
    }
    printer.table(&totals(&summary, args.days));
    if !summary.days.is_empty() {
        printer.table(&by_day(&summary.days));
    }
    if args.events {
        let mut table = Table::new(["when", "job", "what", "credits"]).numbers([3]);
        for event in events {
            table.row([
                event.at.unwrap_or_default(),
                event.job.map_or_else(String::new, |job| job.to_string()),
                event.kind.unwrap_or_default(),
                event.credits.map(human::credits).unwrap_or_default(),
            ]);
        }
        printer.table(&table);
    }
    Ok(ExitClass::Done)
}

fn totals(summary: &UsageSummary, days: u32) -> Table {
    let heading = format!("last {}", human::counted(u64::from(days), "day", "days"));
    let mut table = Table::new([heading, String::new()]).numbers([1]);
    let number = |value: Option<u64>| value.map(human::count);
    let credits = |value: Option<Credits>| value.map(human::credits);
    for (name, value) in [
        ("jobs", number(summary.total_jobs)),
        ("completed", number(summary.completed_jobs)),
        ("failed", number(summary.failed_jobs)),
        ("credits used", credits(summary.credits_used)),
        ("credits left", credits(summary.credits_left)),
    ] {
        if let Some(value) = value {
            table.row([name.to_owned(), value]);
        }
    }
    table
}

fn by_day(days: &[UsageDay]) -> Table {
    let mut table = Table::new(["day", "jobs", "credits"]).numbers([1, 2]);
    for day in days {
        table.row([
            day.date.clone(),
            day.jobs.map(human::count).unwrap_or_default(),
            day.credits.map(human::credits).unwrap_or_default(),
        ]);
    }
    table
}
