//! What the views of `rbgv usage` share: the budget, charts and records.

use std::time::Duration;

use super::args::Args;
use crate::cli::context::AppContext;
use crate::model::{Credits, ExitClass, Failure, FailureKind, Timestamp};
use crate::output::events::json;
use crate::output::{
    Chart,
    formats::{amounts, csv},
};

/// The credits of a period against what they were to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PeriodBudget {
    pub(crate) limit: f64,
    pub(crate) used: f64,
    /// Of what was used, how much is an estimate.
    pub(crate) estimated: f64,
    /// Jobs whose credits are not among these.
    pub(crate) unpriced: u64,
}

impl PeriodBudget {
    /// The budget that was asked for, if one was.
    ///
    /// # Errors
    /// It cannot be told what was used: an alarm must not stay silent because of that.
    pub(crate) fn of(args: &Args, used: Option<Credits>) -> Result<Option<Self>, Failure> {
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

    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::json!({
            "limit": self.limit,
            "used": rounded(self.used),
            "estimated": rounded(self.estimated),
            "exceeded": self.is_exceeded(),
            "unpriced": self.unpriced,
        })
    }

    /// Tells of a budget that was passed, or may have been, and how the command ends.
    pub(crate) fn judge(budget: Option<Self>, days: u32, app: &AppContext) -> ExitClass {
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
pub(crate) fn rounded(credits: f64) -> f64 {
    json::credits(Credits(credits))
}

/// The beginning of the period.
pub(crate) fn since(args: &Args, app: &AppContext) -> Timestamp {
    app.env.clock.wall().before(Duration::from_hours(24 * u64::from(args.days)))
}

/// Bars with a label and an amount each.
pub(crate) fn show_chart(app: &AppContext, bars: &[(String, f64)]) {
    let mut chart = Chart::default();
    for (label, credits) in bars {
        chart.bar(label, *credits, &format!("{credits:.2}"));
    }
    if !bars.is_empty() {
        app.printer.chart(&chart);
    }
}

/// Records under their headings.
pub(crate) fn print_csv(
    app: &AppContext,
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) {
    app.printer.csv(&csv::record(headings.iter().copied()));
    for row in rows {
        app.printer.csv(&csv::record(row.iter().map(String::as_str)));
    }
}

/// What successful outputs cost each, everything that failed included.
pub(crate) fn per_output(credits: Option<Credits>, outputs: Option<u64>) -> Option<Credits> {
    let outputs = outputs.filter(|outputs| *outputs > 0)?;
    Some(Credits(credits?.0 / outputs as f64))
}

/// A field of a record.
pub(crate) fn field<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
