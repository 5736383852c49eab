//! `rbgv usage`: credits, as the service counts them and as the ledger does.

pub(crate) mod audit;
pub(crate) mod figures;
pub(crate) mod groups;
pub(crate) mod service;

use std::time::Duration;

use crate::cli::context::AppContext;
use crate::model::{Credits, ExitClass, Failure, FailureKind, Timestamp};
use crate::output::{
    Chart,
    formats::{amounts, csv},
};

use self::figures::UsageFigures;

/// Show the credits that were used, and audit them
///
/// The fields of the service's answers are not documented: what is known is shown, and --json
/// keeps everything. While keys are rotated both are asked, and what they used is added up. With
/// --by the figures come from this machine's ledger, without asking the service.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// Of the last N days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,

    /// Show recent events too
    #[arg(long)]
    events: bool,

    /// Most events
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,

    /// Group what the ledger knows; every profile for `profile`, otherwise the one in use
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "events")]
    by: Option<groups::GroupBy>,

    /// Compare every charge with the ledger and name every difference; ends with 11 if there is one
    #[arg(long, conflicts_with_all = ["events", "by"])]
    reconcile: bool,

    /// End with 11 also when not everything could be compared
    #[arg(long, requires = "reconcile")]
    strict: bool,

    /// How long charges may take to show: look again for so long before calling one missing
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "reconcile", value_parser = crate::duration::parse)]
    lag: Duration,

    /// End with 10 if more credits than this were used in the period
    #[arg(long, value_name = "CREDITS", value_parser = amount)]
    budget: Option<f64>,

    /// Print records for a spreadsheet
    #[arg(long)]
    csv: bool,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    if args.csv && app.printer.style().json {
        return Err(Failure::new(FailureKind::Usage, "--csv with --json", "choose one of them"));
    }
    match args.by {
        Some(by) => groups::run(&args, by, app),
        None if args.reconcile => audit::run(&args, app).await,
        None => service::run(&args, app).await,
    }
}

fn amount(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err("a budget is 0 or more credits".to_owned())
    }
}

/// The credits of a period against what they were to be.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PeriodBudget {
    limit: f64,
    used: f64,
    /// Of what was used, how much is an estimate.
    estimated: f64,
    /// Jobs whose credits are not among these.
    unpriced: u64,
}

impl PeriodBudget {
    /// The budget that was asked for, if one was.
    ///
    /// # Errors
    /// It cannot be told what was used: an alarm must not stay silent because of that.
    fn of(args: &Args, used: Option<Credits>) -> Result<Option<Self>, Failure> {
        let Some(limit) = args.budget else { return Ok(None) };
        let used = used.ok_or_else(|| {
            let why = "the service's answer holds no figure for the credits used";
            Failure::new(FailureKind::Contract, "--budget", why).with_next(
                "rbgv usage --json shows the answer; --by day takes the ledger's figures",
            )
        })?;
        Ok(Some(Self { limit, used: used.0, estimated: 0.0, unpriced: 0 }))
    }

    fn is_exceeded(self) -> bool {
        self.used > self.limit
    }

    fn json(self) -> serde_json::Value {
        serde_json::json!({
            "limit": self.limit,
            "used": rounded(self.used),
            "estimated": rounded(self.estimated),
            "exceeded": self.is_exceeded(),
            "unpriced": self.unpriced,
        })
    }

    /// Tells of a budget that was passed, or may have been, and how the command ends.
    fn judge(budget: Option<Self>, days: u32, app: &AppContext) -> ExitClass {
        let Some(budget) = budget else { return ExitClass::Done };
        if !budget.is_exceeded() && budget.unpriced == 0 {
            return ExitClass::Done;
        }
        if !budget.is_exceeded() {
            app.printer.warn(&format!(
                "whether the budget of {} is kept cannot be told: {} of unknown price come on top of {}",
                amounts::credits(Credits(budget.limit)),
                amounts::counted(budget.unpriced, "job", "jobs"),
                amounts::credits(Credits(budget.used))
            ));
            return ExitClass::Check;
        }
        let estimated = match budget.estimated {
            some if some > 0.0 => {
                format!(" ({} of them estimated)", amounts::credits(Credits(some)))
            }
            _ => String::new(),
        };
        app.printer.warn(&format!(
            "{}{estimated} were used in the last {}, more than the budget of {}",
            amounts::credits(Credits(budget.used)),
            amounts::counted(u64::from(days), "day", "days"),
            amounts::credits(Credits(budget.limit))
        ));
        ExitClass::Check
    }
}

/// Credits without the noise of binary fractions, as [`crate::output::events::json::credits`].
fn rounded(credits: f64) -> f64 {
    crate::output::events::json::credits(Credits(credits))
}

/// The beginning of the period.
fn since(args: &Args, app: &AppContext) -> Timestamp {
    app.env.clock.wall().before(Duration::from_hours(24 * u64::from(args.days)))
}

/// Bars with a label and an amount each.
fn show_chart(app: &AppContext, bars: &[(String, f64)]) {
    let mut chart = Chart::default();
    for (label, credits) in bars {
        chart.bar(label, *credits, &format!("{credits:.2}"));
    }
    if !bars.is_empty() {
        app.printer.chart(&chart);
    }
}

/// Records under their headings.
fn print_csv(app: &AppContext, headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    app.printer.csv(&csv::record(headings.iter().copied()));
    for row in rows {
        app.printer.csv(&csv::record(row.iter().map(String::as_str)));
    }
}

/// What successful outputs cost each, everything that failed included.
fn per_output(credits: Option<Credits>, outputs: Option<u64>) -> Option<Credits> {
    let outputs = outputs.filter(|outputs| *outputs > 0)?;
    Some(Credits(credits?.0 / outputs as f64))
}

/// A field of a record.
fn field<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
