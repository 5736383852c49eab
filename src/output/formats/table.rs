//! Tables for people.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use crate::model::text::escaped;
use crate::output::style::{Painter, TextTone};

#[derive(Debug, Clone, Default)]
pub struct Table {
    headings: Vec<String>,
    numbers: Vec<usize>,
    rows: Vec<Vec<Cell>>,
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
        Self { text: text.into(), tone }
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
        let headings = headings.into_iter().map(Into::into).collect();
        Self { headings, ..Self::default() }
    }

    /// Aligns these columns (from 0) to the right.
    #[must_use]
    pub fn numbers(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.numbers.extend(columns);
        self
    }

    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, without a line break at the end, wrapped within columns to fit `width`.
    #[must_use]
    pub fn render(&self, width: Option<u16>, paint: Painter) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(RULE)));
        table.set_header(self.headings.iter().map(|heading| escaped(heading)));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(width) = width {
            table.set_width(width);
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| marked(cell, paint)));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if self.numbers.contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut heading = true;
        let lines: Vec<String> = table
            .lines()
            .map(|line| {
                let line = line.trim_end();
                if line.starts_with(RULE) {
                    heading = false;
                    paint.tone(TextTone::Dim, line)
                } else if heading {
                    paint.tone(TextTone::Strong, line)
                } else {
                    colored(line)
                }
            })
            .collect();
        lines.join("\n")
    }
}

const RULE: char = '─';

/// Zero-width characters that mark colours while columns are measured. Escaping removes them from
/// foreign text.
const MARKS: [char; 7] =
    ['\u{206a}', '\u{206b}', '\u{206c}', '\u{206d}', '\u{206e}', '\u{206f}', '\u{2061}'];
const MARK_END: char = '\u{2060}';

fn marked(cell: &Cell, paint: Painter) -> String {
    let text = escaped(&cell.text);
    let mark = TextTone::ALL.into_iter().zip(MARKS).find(|(tone, _)| *tone == cell.tone);
    match mark {
        Some((tone, mark)) if paint.0 && tone != TextTone::Plain => {
            format!("{mark}{text}{MARK_END}")
        }
        _ => text,
    }
}

/// Replaces the marks in `line` by colours. A wrapped cell stays plain, because its colour would extend
/// into the next column.
fn colored(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(|c| c == MARK_END || MARKS.contains(&c)) {
        let mark = rest[at..].chars().next().unwrap_or(MARK_END);
        let after = &rest[at + mark.len_utf8()..];
        shown.push_str(&rest[..at]);
        let tone = TextTone::ALL.into_iter().zip(MARKS).find(|(_, known)| *known == mark);
        match (tone, after.split_once(MARK_END)) {
            (Some((tone, _)), Some((inside, beyond))) => {
                shown.push_str(&Painter(true).tone(tone, inside));
                rest = beyond;
            }
            _ => rest = after,
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::progress::text_width;

    fn jobs() -> Table {
        let mut table = Table::new(["input", "state", "credits"]).numbers([2]);
        table.row([Cell::from("a.mp4"), Cell::toned(TextTone::Good, "done"), "12.00".into()]);
        table.row([
            Cell::from("a long name of a clip.mp4"),
            Cell::toned(TextTone::Bad, "failed"),
            "0.50".into(),
        ]);
        table
    }

    #[test]
    fn numbers_stand_to_the_right_and_nothing_is_coloured_unasked() {
        insta::assert_snapshot!(jobs().render(None, Painter(false)), @"
        input                      state   credits
        ────────────────────────────────────────────
        a.mp4                      done      12.00
        a long name of a clip.mp4  failed     0.50
        ");
    }

    #[test]
    fn a_narrow_terminal_wraps_within_columns() {
        let shown = jobs().render(Some(34), Painter(false));
        assert!(shown.lines().all(|line| text_width::width(line) <= 34), "{shown}");
        insta::assert_snapshot!(shown, @"
        input            state   credits
        ──────────────────────────────────
        a.mp4            done      12.00
        a long name of   failed     0.50
        a clip.mp4
        ");
    }

    #[test]
    fn colours_take_no_room() {
        let (plain, painted) =
            (jobs().render(None, Painter(false)), jobs().render(None, Painter(true)));
        assert!(painted.contains("\x1b[32mdone\x1b[0m"), "{painted:?}");
        let mut bare = painted.replace("\x1b[0m", "");
        for tone in TextTone::ALL.into_iter().filter(|tone| *tone != TextTone::Plain) {
            bare = bare.replace(tone.start(), "");
        }
        assert_eq!(bare, plain);
    }

    #[test]
    fn a_wrapped_field_stays_plain() {
        assert_eq!(colored("a\u{206b}one two"), "aone two");
        assert_eq!(colored("three\u{2060} b"), "three b");
        assert_eq!(colored("\u{206b}x\u{2060} \u{206d}y"), "\x1b[32mx\x1b[0m y");
    }

    #[test]
    fn foreign_text_cannot_colour_or_break_a_row() {
        let mut table = Table::new(["name"]);
        table.row(["a\u{206b}b\nc\x1b[31md"]);
        assert_eq!(table.render(None, Painter(true)).lines().count(), 3);
        assert!(!table.render(None, Painter(true)).contains("\x1b[3"));
    }
}
