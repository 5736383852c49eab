//! `usage --by`: credits in the ledger, grouped.

use std::collections::BTreeMap;

use super::args::{Args, GroupBy};
use super::report::{PeriodBudget, per_output, print_csv, show_chart, since};
use crate::cli::args::rows::rows;
use crate::cli::context::AppContext;
use crate::ledger::{AttemptCost, AttemptStatus};
use crate::model::{Credits, ExitClass, Failure};
use crate::output::documents::usage::{GroupFigures, GroupLine, GroupedUsage};
use crate::output::{Table, events::json, formats::amounts};

fn names(by: GroupBy, spent: &AttemptCost) -> Vec<String> {
    match by {
        GroupBy::Model => vec![spent.model.to_string()],
        GroupBy::Profile => vec![spent.profile.clone()],
        GroupBy::Day => vec![spent.at.day()],
        GroupBy::Tag if spent.tags.is_empty() => vec!["(no tag)".to_owned()],
        GroupBy::Tag => spent.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct UsageGroup {
    jobs: u64,
    completed: u64,
    failed: u64,
    /// Charges confirmed by `usage --reconcile`.
    charged: Credits,
    /// Estimates of attempts without a confirmed charge.
    estimated: Credits,
    unpriced: u64,
}

impl UsageGroup {
    fn add(&mut self, spent: &AttemptCost) {
        self.jobs += 1;
        self.completed += u64::from(spent.status == AttemptStatus::Completed);
        self.failed += u64::from(spent.status == AttemptStatus::Failed);
        match (spent.charged, spent.price()) {
            (Some(charged), _) => self.charged = self.charged + charged,
            (None, Some(price)) => self.estimated = self.estimated + price,
            (None, None) => self.unpriced += 1,
        }
    }

    fn credits(&self) -> Credits {
        self.charged + self.estimated
    }

    fn per_output(&self) -> Option<Credits> {
        per_output(Some(self.credits()), Some(self.completed))
    }

    fn figures(&self) -> GroupFigures {
        GroupFigures {
            jobs: self.jobs,
            completed: self.completed,
            failed: self.failed,
            credits: json::credits(self.credits()),
            charged: json::credits(self.charged),
            estimated: json::credits(self.estimated),
            unpriced: self.unpriced,
            credits_per_output: self.per_output().map(json::credits),
        }
    }
}

/// The groups, and the total, in which each attempt counts once.
fn grouped<'a>(
    by: GroupBy,
    all: impl IntoIterator<Item = &'a AttemptCost>,
) -> (BTreeMap<String, UsageGroup>, UsageGroup) {
    let mut groups: BTreeMap<String, UsageGroup> = BTreeMap::new();
    let mut total = UsageGroup::default();
    let ours = |spent: &&AttemptCost| spent.may_be_billed && !spent.only_fetched;
    for spent in all.into_iter().filter(ours) {
        total.add(spent);
        for name in names(by, spent) {
            groups.entry(name).or_default().add(spent);
        }
    }
    (groups, total)
}

pub(crate) async fn run(args: &Args, by: GroupBy, app: &AppContext) -> Result<ExitClass, Failure> {
    let all = app.ledger()?.attempt_costs(since(args, app)).await?;
    let profile = &app.settings.profile.name;
    let chosen = all.iter().filter(|spent| by == GroupBy::Profile || spent.profile == *profile);
    let (groups, total) = grouped(by, chosen);
    let budget = PeriodBudget::of(args, Some(total.credits()))?.map(|budget| PeriodBudget {
        unpriced: total.unpriced,
        estimated: total.estimated.0,
        ..budget
    });
    let bars: Vec<(String, f64)> =
        groups.iter().map(|(name, group)| (name.clone(), group.credits().0)).collect();
    let lines = groups.iter().map(|(name, group)| GroupLine {
        name: [(by.as_str(), name.as_str())].into(),
        figures: group.figures(),
    });
    if args.rows.is_given() {
        args.rows.print(&app.printer, &rows(lines))?;
    } else if app.printer.style().json {
        app.printer.document(&GroupedUsage {
            by: by.as_str(),
            days: args.days,
            groups: lines.collect(),
            total: total.figures(),
            budget: budget.map(PeriodBudget::document),
        });
    } else if args.csv {
        let headings = [
            by.as_str(),
            "jobs",
            "completed",
            "failed",
            "credits",
            "unpriced",
            "credits_per_output",
            "charged",
            "estimated",
        ];
        print_csv(app, &headings, &rows(lines));
    } else {
        show(app, by, &groups, &total);
        show_chart(app, &bars);
    }
    if total.unpriced > 0 {
        app.printer.note(&format!(
            "{} of unknown price not included; rbgv usage --reconcile records the charges",
            amounts::counted(total.unpriced, "job", "jobs")
        ));
    }
    if total.estimated.0 > 0.0 {
        app.printer.note(&format!(
            "{} of this is estimated; to compare it with the charges: rbgv usage --reconcile",
            amounts::credits(total.estimated)
        ));
    }
    Ok(PeriodBudget::judge(budget, args.days, app))
}

fn show(app: &AppContext, by: GroupBy, groups: &BTreeMap<String, UsageGroup>, total: &UsageGroup) {
    let heads =
        [by.as_str(), "jobs", "completed", "failed", "charged", "estimated", "per completed job"];
    let mut table = Table::new(heads).numbers(1..=6).names([0]).drops([6, 2, 3, 5]);
    let mut row = |name: &str, group: &UsageGroup| {
        table.row([
            name.to_owned(),
            amounts::count(group.jobs),
            amounts::count(group.completed),
            amounts::count(group.failed),
            amounts::credits(group.charged),
            amounts::credits(group.estimated),
            group.per_output().map(amounts::credits).unwrap_or_default(),
        ]);
    };
    for (name, group) in groups {
        row(name, group);
    }
    row("total", total);
    app.printer.table(&table);
}
