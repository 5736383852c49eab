//! Tables for people, which fit the terminal.
//!
//! If a table is too wide, columns are dropped in the order that the table states; then names and IDs
//! are shortened in the middle, and sentences wrapped between words. Other values stay whole.

use crate::model::text::escaped;
use crate::output::style::{Painter, TextTone};
use crate::output::text_width;

/// Columns between two columns of the table.
const GAP: usize = 2;
/// Names and IDs are not made shorter than this.
const SHORTEST: usize = 12;
/// Sentences are not made narrower than this while columns can be dropped.
const NARROW_WORDS: usize = 24;
/// Sentences are not made narrower than this.
const NARROWEST_WORDS: usize = 16;
const RULE: &str = "─";

#[derive(Debug, Clone, Default)]
pub struct Table {
    headings: Vec<String>,
    columns: Vec<Column>,
    /// Columns that may be dropped, the first one first.
    drops: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Column {
    number: bool,
    fit: Fit,
    /// Minimum width.
    at_least: usize,
}

/// How a column gives way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Fit {
    #[default]
    Whole,
    /// Shortened in the middle.
    Middle,
    /// Wrapped between words.
    Words,
}

/// One cell; its text may be foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: TextTone,
}

impl Cell {
    #[must_use]
    pub fn toned(tone: TextTone, text: impl Into<String>) -> Self {
        Self { text: escaped(&text.into()), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(TextTone::Plain, text)
    }
}

impl Table {
    #[must_use]
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Self {
        let headings: Vec<String> =
            headings.into_iter().map(|heading| escaped(&heading.into())).collect();
        Self { columns: vec![Column::default(); headings.len()], headings, ..Self::default() }
    }

    /// Aligns these columns (from 0) to the right.
    #[must_use]
    pub fn numbers(self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.each(columns, |column| column.number = true)
    }

    /// Columns of names or IDs, which may be shortened in the middle.
    #[must_use]
    pub fn names(self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.each(columns, |column| column.fit = Fit::Middle)
    }

    /// Columns of sentences, which may be wrapped between words.
    #[must_use]
    pub fn words(self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.each(columns, |column| column.fit = Fit::Words)
    }

    /// The columns to drop if the table is too wide, the first one first.
    #[must_use]
    pub fn drops(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.drops.extend(columns);
        self
    }

    /// Makes a column at least this wide.
    #[must_use]
    pub fn at_least(self, column: usize, width: usize) -> Self {
        self.each([column], |column| column.at_least = width)
    }

    fn each(
        mut self,
        columns: impl IntoIterator<Item = usize>,
        change: impl Fn(&mut Column),
    ) -> Self {
        for at in columns {
            if let Some(column) = self.columns.get_mut(at) {
                change(column);
            }
        }
        self
    }

    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, without a line break at the end; whole without a width.
    #[must_use]
    pub fn render(&self, width: Option<u16>, paint: Painter) -> String {
        let shown = self.fitted(width);
        let total = shown.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP);
        let heading: Vec<Cell> =
            self.headings.iter().map(|text| Cell::toned(TextTone::Strong, text.as_str())).collect();
        let mut lines = self.lines(&heading, &shown, paint);
        lines.push(paint.tone(TextTone::Dim, &RULE.repeat(total)));
        lines.extend(self.rows.iter().flat_map(|row| self.lines(row, &shown, paint)));
        lines.join("\n")
    }

    /// The rows of the table alone.
    #[must_use]
    pub fn body(&self, width: Option<u16>, paint: Painter) -> String {
        let shown = self.fitted(width);
        let lines = self.rows.iter().flat_map(|row| self.lines(row, &shown, paint));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The columns to show, with their widths.
    fn fitted(&self, width: Option<u16>) -> Vec<(usize, usize)> {
        let whole: Vec<usize> = (0..self.columns.len()).map(|at| self.width_of(at)).collect();
        let least = |at: usize| match self.columns[at].fit {
            Fit::Whole => whole[at],
            Fit::Middle => whole[at].min(SHORTEST.max(self.columns[at].at_least)),
            Fit::Words => whole[at].min(NARROW_WORDS.max(self.longest_word(at))),
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let Some(width) = width.map(usize::from) else {
            return shown.into_iter().map(|at| (at, whole[at])).collect();
        };
        let needed = |shown: &[usize]| {
            shown.iter().map(|at| least(*at) + GAP).sum::<usize>().saturating_sub(GAP)
        };
        for dropped in &self.drops {
            if needed(&shown) <= width {
                break;
            }
            shown.retain(|at| at != dropped);
        }
        // A word that is too long even so breaks its own line, and not those of others.
        let is_tight = needed(&shown) > width;
        let start = |at: usize| match self.columns[at].fit {
            Fit::Words if is_tight => whole[at].min(NARROWEST_WORDS),
            _ => least(at),
        };
        let mut fitted: Vec<(usize, usize)> = shown.iter().map(|at| (*at, start(*at))).collect();
        let used = fitted.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP);
        let mut spare = width.saturating_sub(used);
        // What is left goes to names first, and then to sentences.
        for fit in [Fit::Middle, Fit::Words] {
            for (at, width) in &mut fitted {
                if self.columns[*at].fit == fit {
                    let more = spare.min(whole[*at] - *width);
                    *width += more;
                    spare -= more;
                }
            }
        }
        fitted
    }

    fn cells(&self, at: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.get(at));
        cells.map(|cell| cell.text.as_str())
    }

    fn width_of(&self, at: usize) -> usize {
        let heading = std::iter::once(self.headings[at].as_str());
        let widest = heading.chain(self.cells(at)).map(text_width::width).max();
        widest.unwrap_or(0).max(self.columns[at].at_least)
    }

    fn longest_word(&self, at: usize) -> usize {
        self.cells(at).flat_map(str::split_whitespace).map(text_width::width).max().unwrap_or(0)
    }

    /// The lines of one row.
    fn lines(&self, row: &[Cell], shown: &[(usize, usize)], paint: Painter) -> Vec<String> {
        let cells: Vec<(Vec<String>, TextTone, usize, bool)> = shown
            .iter()
            .map(|(at, width)| {
                let Column { number, fit, .. } = self.columns[*at];
                let (text, tone) =
                    row.get(*at).map_or(("", TextTone::Plain), |cell| (&cell.text, cell.tone));
                let lines = match fit {
                    Fit::Whole => vec![text.to_owned()],
                    Fit::Middle => vec![text_width::shortened(text, *width)],
                    Fit::Words => text_width::wrapped(text, *width),
                };
                (lines, tone, *width, number)
            })
            .collect();
        let height = cells.iter().map(|(lines, ..)| lines.len()).max().unwrap_or(0);
        let line = |number: usize| {
            let line: Vec<String> = cells
                .iter()
                .map(|(lines, tone, width, right)| {
                    let text = lines.get(number).map_or("", String::as_str);
                    let blank = " ".repeat(width.saturating_sub(text_width::width(text)));
                    let text = paint.tone(*tone, text);
                    if *right { blank + &text } else { text + &blank }
                })
                .collect();
            line.join(&" ".repeat(GAP)).trim_end().to_owned()
        };
        (0..height).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jobs() -> Table {
        let mut table = Table::new(["job", "input", "state", "credits", "reason"])
            .numbers([3])
            .names([0, 1])
            .words([4])
            .drops([3, 0]);
        let job = "018f6e0a-9b1c-7c3d-8e4f-5a6b7c8d9e0f";
        table.row([
            Cell::from(job),
            "a.mp4".into(),
            Cell::toned(TextTone::Good, "done"),
            "12.00".into(),
            "".into(),
        ]);
        table.row([
            Cell::from(job),
            "a long name of a clip.mp4".into(),
            Cell::toned(TextTone::Bad, "failed"),
            "0.50".into(),
            "no subject was found in the first ten seconds".into(),
        ]);
        table
    }

    #[test]
    fn a_table_without_a_width_is_whole() {
        insta::assert_snapshot!(jobs().render(None, Painter(false)), @"
        job                                   input                      state   credits  reason
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        018f6e0a-9b1c-7c3d-8e4f-5a6b7c8d9e0f  a.mp4                      done      12.00
        018f6e0a-9b1c-7c3d-8e4f-5a6b7c8d9e0f  a long name of a clip.mp4  failed     0.50  no subject was found in the first ten seconds
        ");
    }

    #[test]
    fn columns_are_dropped_names_shortened_and_sentences_wrapped() {
        insta::assert_snapshot!(jobs().render(Some(100), Painter(false)), @"
        job                                   input                state   credits  reason
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        018f6e0a-9b1c-7c3d-8e4f-5a6b7c8d9e0f  a.mp4                done      12.00
        018f6e0a-9b1c-7c3d-8e4f-5a6b7c8d9e0f  a long na… clip.mp4  failed     0.50  no subject was found in
                                                                                    the first ten seconds
        ");
        insta::assert_snapshot!(jobs().render(Some(80), Painter(false)), @"
        job                      input         state   credits  reason
        ────────────────────────────────────────────────────────────────────────────────
        018f6e0a-9b…a6b7c8d9e0f  a.mp4         done      12.00
        018f6e0a-9b…a6b7c8d9e0f  a long…p.mp4  failed     0.50  no subject was found in
                                                                the first ten seconds
        ");
        insta::assert_snapshot!(jobs().render(Some(60), Painter(false)), @"
        job           input         state   reason
        ────────────────────────────────────────────────────────────
        018f6e…d9e0f  a.mp4         done
        018f6e…d9e0f  a long…p.mp4  failed  no subject was found in
                                            the first ten seconds
        ");
        insta::assert_snapshot!(jobs().render(Some(46), Painter(false)), @"
        input         state   reason
        ──────────────────────────────────────────────
        a.mp4         done
        a long…p.mp4  failed  no subject was found in
                              the first ten seconds
        ");
    }

    #[test]
    fn colours_take_no_room() {
        let (plain, painted) =
            (jobs().render(None, Painter(false)), jobs().render(None, Painter(true)));
        assert!(painted.contains("\x1b[32mdone\x1b[0m"), "{painted:?}");
        let mut bare = painted.replace("\x1b[0m", "");
        for tone in [TextTone::Good, TextTone::Bad, TextTone::Dim, TextTone::Strong] {
            bare = bare.replace(tone.start(), "");
        }
        assert_eq!(bare, plain);
    }

    #[test]
    fn foreign_text_cannot_colour_or_break_a_row() {
        let mut table = Table::new(["name"]);
        table.row(["a\u{206b}b\nc\x1b[31md"]);
        assert_eq!(table.render(None, Painter(true)).lines().count(), 3);
        assert!(!table.render(None, Painter(true)).contains("\x1b[3"));
    }

    proptest! {
        #[test]
        fn names_and_sentences_fit(
            name in "\\PC{0,60}",
            words in prop::collection::vec("[a-z]{1,12}", 0..20),
            width in 40_u16..200,
        ) {
            let mut table = Table::new(["name", "says"]).names([0]).words([1]);
            table.row([name, words.join(" ")]);
            for line in table.render(Some(width), Painter(false)).lines() {
                prop_assert!(text_width::width(line) <= usize::from(width), "{line:?}");
            }
        }
    }
}
