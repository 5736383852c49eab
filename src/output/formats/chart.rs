//! Bar charts for the terminal. Pure.

use crate::model::text::escaped;
use crate::output::style::{Painter, TextTone};
use crate::output::text_width;

/// Maximum length of a bar, in columns.
const MAX_BAR: usize = 60;
/// Eighths of a column.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Horizontal bars, such as credits by day.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    rows: Vec<ChartRow>,
}

#[derive(Debug, Clone)]
struct ChartRow {
    label: String,
    value: f64,
    shown: String,
}

impl Chart {
    /// Adds a bar with its label (may be foreign), value, and figure. A negative value, or one that is
    /// not a number, has no bar.
    pub fn bar(&mut self, label: &str, value: f64, shown: &str) {
        let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
        self.rows.push(ChartRow { label: escaped(label), value, shown: escaped(shown) });
    }

    /// The chart as lines of at most `width` columns, without a line break at the end.
    #[must_use]
    pub fn render(&self, width: u16, paint: Painter) -> String {
        let width = usize::from(width);
        let widest = |text: fn(&ChartRow) -> &str| {
            self.rows.iter().map(|row| text_width::width(text(row))).max().unwrap_or(0)
        };
        let figures = widest(|row| &row.shown).min(width / 2);
        let labels = widest(|row| &row.label).min(width.saturating_sub(figures + 4) / 2);
        let space = width.saturating_sub(labels + figures + 4).min(MAX_BAR);
        let most = self.rows.iter().map(|row| row.value).fold(0.0, f64::max);
        let line = |row: &ChartRow| {
            let label = text_width::padded(&text_width::shortened(&row.label, labels), labels);
            let figure = text_width::clipped(&row.shown, figures);
            let indent = " ".repeat(figures - text_width::width(&figure));
            let bar = bar(row.value, most, space);
            format!("{label}  {indent}{figure}  {}", paint.tone(TextTone::Busy, &bar))
                .trim_end()
                .to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A bar for `value`, where `most` takes `space` columns. A positive value is always visible.
fn bar(value: f64, most: f64, space: usize) -> String {
    if value <= 0.0 || space == 0 {
        return String::new();
    }
    let length = value / most * space as f64;
    let eighths = text_width::columns((length * 8.0).round()).clamp(1, space * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_of_credits() {
        let mut chart = Chart::default();
        for (day, value) in [("2026-01-01", 16.0), ("2026-01-02", 0.0), ("2026-01-03", 0.01)] {
            chart.bar(day, value, &format!("{value:.2}"));
        }
        chart.bar("2026-01-04", 9.0, "9.00");
        insta::assert_snapshot!(chart.render(37, Painter(false)), @"
        2026-01-01  16.00  ██████████████████
        2026-01-02   0.00
        2026-01-03   0.01  ▏
        2026-01-04   9.00  ██████████▏
        ");
    }

    #[test]
    fn nothing_makes_no_lines_and_no_number_no_bar() {
        assert_eq!(Chart::default().render(80, Painter(false)), "");
        let mut chart = Chart::default();
        chart.bar("a", f64::NAN, "?");
        chart.bar("b", -3.0, "-3");
        assert_eq!(chart.render(80, Painter(true)), "a   ?\nb  -3");
    }

    proptest! {
        #[test]
        fn lines_fit(
            rows in prop::collection::vec((".{0,30}", any::<f64>(), ".{0,12}"), 0..6),
            width in 0_u16..200,
        ) {
            let mut chart = Chart::default();
            for (label, value, shown) in &rows {
                chart.bar(label, *value, shown);
            }
            for line in chart.render(width, Painter(false)).lines() {
                prop_assert!(text_width::width(line) <= usize::from(width).max(4), "{line:?}");
            }
        }
    }
}
