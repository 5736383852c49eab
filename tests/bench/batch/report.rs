//! What was measured: tables for people, figures with their aims, and both as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a figure has to be.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

/// One number that there is an aim for.
#[derive(Debug, Clone)]
pub struct Figure {
    pub what: String,
    pub value: f64,
    pub aim: Aim,
}

impl Figure {
    fn is_met(&self) -> bool {
        match self.aim {
            Aim::AtMost(most) => self.value <= most,
            Aim::AtLeast(least) => self.value >= least,
        }
    }

    fn aim_text(&self) -> String {
        match self.aim {
            Aim::AtMost(most) => format!("<= {most}"),
            Aim::AtLeast(least) => format!(">= {least}"),
        }
    }
}

/// Rows under headings.
#[derive(Debug, Clone)]
pub struct Table {
    title: String,
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(title: impl Into<String>, headings: &[&'static str]) -> Self {
        Self { title: title.into(), headings: headings.to_vec(), rows: Vec::new() }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

/// All that a measurement has to say.
#[derive(Debug, Clone, Default)]
pub struct Report {
    tables: Vec<Table>,
    figures: Vec<Figure>,
}

impl Report {
    pub fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub fn figure(&mut self, what: impl Into<String>, value: f64, aim: Aim) {
        self.figures.push(Figure { what: what.into(), value, aim });
    }

    /// A table like any other, for the figures that have an aim.
    fn aims(&self) -> Option<Table> {
        let mut table = Table::new("Against the aims", &["figure", "measured", "aim", "met"]);
        for figure in &self.figures {
            table.row([
                figure.what.clone(),
                format!("{:.3}", figure.value),
                figure.aim_text(),
                if figure.is_met() { "yes" } else { "NO" }.to_owned(),
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for table in self.tables.iter().chain(&self.aims()) {
            let _ = writeln!(text, "\n{}\n", table.title);
            let _ = writeln!(text, "| {} |", table.headings.join(" | "));
            let _ = writeln!(text, "|{}", "---|".repeat(table.headings.len()));
            for row in &table.rows {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
        }
        text
    }

    pub fn json(&self) -> Value {
        let table = |table: &Table| {
            let rows: Vec<Value> = table
                .rows
                .iter()
                .map(|row| {
                    let cells = table.headings.iter().zip(row);
                    Value::Object(cells.map(|(h, cell)| ((*h).to_owned(), json!(cell))).collect())
                })
                .collect();
            json!({ "title": table.title, "rows": rows })
        };
        let figure = |figure: &Figure| {
            json!({
                "figure": figure.what,
                "measured": figure.value,
                "aim": figure.aim_text(),
                "met": figure.is_met(),
            })
        };
        json!({
            "tables": self.tables.iter().map(table).collect::<Vec<_>>(),
            "figures": self.figures.iter().map(figure).collect::<Vec<_>>(),
        })
    }
}

/// A ratio as tables show it.
pub fn ratio(value: f64) -> String {
    format!("{value:.3}")
}

/// Seconds as tables show them.
pub fn seconds(value: f64) -> String {
    format!("{value:.2} s")
}

/// The quantile `share` of the sorted values; 0 for none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}
