//! What the views of `rbgv usage` share: the budget, charts and records.

use std::time::Duration;

use serde_json::Value;

use super::args::Args;
use crate::cli::context::AppContext;
use crate::model::{Credits, ExitClass, Failure, FailureKind, Timestamp};
use crate::output::documents::usage::BudgetDocument;
use crate::output::events::json;
use crate::output::{
    Chart,
    formats::{amounts, csv},
};

/// The credits used in a period, compared with `--budget`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PeriodBudget {
    pub(crate) limit: f64,
    pub(crate) used: f64,
    /// The estimated part of `used`.
    pub(crate) estimated: f64,
    /// Number of jobs of unknown price, not included in `used`.
    pub(crate) unpriced: u64,
}

impl PeriodBudget {
    /// The budget, if `--budget` is given. Fails if the used credits are unknown, so that an alarm does
    /// not stay silent.
    pub(crate) fn of(args: &Args, used: Option<Credits>) -> Result<Option<Self>, Failure> {
        let Some(limit) = args.budget else { return Ok(None) };
        let used = used.ok_or_else(|| {
            let why = "the service does not report the credits used";
            Failure::new(FailureKind::Contract, "--budget", why).with_next(
                "rbgv usage --by day --budget N uses the ledger instead; rbgv usage --json shows the response",
            )
        })?;
        Ok(Some(Self { limit, used: used.0, estimated: 0.0, unpriced: 0 }))
    }

    fn is_exceeded(self) -> bool {
        self.used > self.limit
    }

    pub(crate) fn document(self) -> BudgetDocument {
        BudgetDocument {
            limit: self.limit,
            used: rounded(self.used),
            estimated: rounded(self.estimated),
            exceeded: self.is_exceeded(),
            unpriced: self.unpriced,
        }
    }

    /// Warns if the budget is exceeded or may be, and returns the exit code.
    pub(crate) fn judge(budget: Option<Self>, days: u32, app: &AppContext) -> ExitClass {
        let Some(budget) = budget else { return ExitClass::Done };
        if !budget.is_exceeded() && budget.unpriced == 0 {
            return ExitClass::Done;
        }
        if !budget.is_exceeded() {
            app.printer.warn(&format!(
                "the budget of {} may be exceeded: {} used, plus {} of unknown price",
                amounts::credits(Credits(budget.limit)),
                amounts::credits(Credits(budget.used)),
                amounts::counted(budget.unpriced, "job", "jobs")
            ));
            return ExitClass::Check;
        }
        let estimated = match budget.estimated {
            some if some > 0.0 => {
                format!(" ({} estimated)", amounts::credits(Credits(some)))
            }
            _ => String::new(),
        };
        app.printer.warn(&format!(
            "budget exceeded: {}{estimated} used in the last {}, budget {}",
            amounts::credits(Credits(budget.used)),
            amounts::counted(u64::from(days), "day", "days"),
            amounts::credits(Credits(budget.limit))
        ));
        ExitClass::Check
    }
}

/// Credits without rounding noise.
fn rounded(credits: f64) -> f64 {
    json::credits(Credits(credits))
}

/// The start of the period.
pub(crate) fn since(args: &Args, app: &AppContext) -> Timestamp {
    app.env.clock.wall().before(Duration::from_hours(24 * u64::from(args.days)))
}

pub(crate) fn show_chart(app: &AppContext, bars: &[(String, f64)]) {
    let mut chart = Chart::default();
    for (label, credits) in bars {
        chart.bar(label, *credits, &format!("{credits:.2}"));
    }
    if !bars.is_empty() {
        app.printer.chart(&chart);
    }
}

/// Prints rows of a document as CSV.
pub(crate) fn print_csv(app: &AppContext, headings: &[&str], rows: &[Value]) {
    app.printer.record(&csv::record(headings.iter().copied()));
    for row in rows {
        let fields: Vec<String> = headings.iter().map(|name| csv_field(&row[*name])).collect();
        app.printer.record(&csv::record(fields.iter().map(String::as_str)));
    }
}

/// A value of a document as a CSV field: a whole number without a fraction, and nothing for `null`.
fn csv_field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}

/// Average cost of a successful output, including the cost of failed ones.
pub(crate) fn per_output(credits: Option<Credits>, outputs: Option<u64>) -> Option<Credits> {
    let outputs = outputs.filter(|outputs| *outputs > 0)?;
    Some(Credits(credits?.0 / outputs as f64))
}
