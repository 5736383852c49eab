//! Text in terminal columns: measuring, shortening, padding. Pure.
//!
//! Terminals disagree about the width of some grapheme clusters. This takes the larger of the two usual
//! values (per cluster and per character), so that a line never overflows.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

const ELLIPSIS: &str = "…";

/// Maximum number of columns of `text`, which must not contain escape sequences.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(cluster_width).sum()
}

fn cluster_width(cluster: &str) -> usize {
    let by_character: usize = cluster.chars().map(|c| c.width().unwrap_or(0)).sum();
    cluster.width().max(by_character)
}

/// `text` in at most `columns`; if it is too long, its middle is left out.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let tail_room = room / 2;
    let tail_start = text
        .grapheme_indices(true)
        .rev()
        .scan(0, |used, (at, cluster)| {
            *used += cluster_width(cluster);
            (*used <= tail_room).then_some(at)
        })
        .last()
        .unwrap_or(text.len());
    let tail = &text[tail_start..];
    let head = start_of(&text[..tail_start], room - width(tail));
    format!("{head}{ELLIPSIS}{tail}")
}

/// `text` in at most `columns`; if it is too long, its end is left out.
pub(crate) fn clipped(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    match columns.checked_sub(1) {
        Some(room) => format!("{}{ELLIPSIS}", start_of(text, room)),
        None => String::new(),
    }
}

/// The texts of `parts` in one line of at most `columns`: as long as they do not fit, those with the
/// largest number are dropped.
pub(crate) fn joined(mut parts: Vec<(u8, String)>, between: &str, columns: usize) -> String {
    loop {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let line = texts.join(between);
        let least = parts.iter().map(|(want, _)| *want).max().unwrap_or(0);
        if width(&line) <= columns || least == 0 {
            return clipped(&line, columns);
        }
        parts.retain(|(want, _)| *want != least);
    }
}

/// `text` in lines of at most `columns`, broken between words; a longer word has its own line. Colours
/// take no columns.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let more = width_without_colors(word);
        if used > 0 && used + 1 + more > columns {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += more;
    }
    lines
}

fn width_without_colors(text: &str) -> usize {
    let mut parts = text.split('\x1b');
    let start = parts.next().map_or(0, width);
    start
        + parts.filter_map(|part| part.split_once('m')).map(|(_, rest)| width(rest)).sum::<usize>()
}

/// The longest start of `text` in whole clusters that fits.
fn start_of(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster_width(cluster);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// A length rounded down to whole columns; 0 if negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "these casts saturate, and a fraction is cut on purpose"
)]
pub(crate) fn columns(length: f64) -> usize {
    length as usize
}

/// `text` followed by spaces up to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_keep_their_start_and_their_ending() {
        let table = [
            ("clip.mp4", 8, "clip.mp4"),
            ("holiday-in-norway.mp4", 11, "holid…y.mp4"),
            ("視頻視頻視頻.mp4", 10, "視頻….mp4"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ];
        for (name, columns, shown) in table {
            assert_eq!(shortened(name, columns), shown, "{name} {columns}");
        }
    }

    #[test]
    fn ends_are_clipped_and_short_text_is_padded() {
        assert_eq!(clipped("processing", 5), "proc…");
        assert_eq!(clipped("視頻", 3), "視…");
        assert_eq!(padded("視", 4), "視  ");
        assert_eq!(padded("long", 2), "long");
    }

    #[test]
    fn a_cluster_is_not_cut() {
        // A flag and an accented letter are two characters each, and one cluster.
        assert_eq!(clipped("🇳🇴🇳🇴🇳🇴", 4), "🇳🇴…");
        assert_eq!(clipped("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    }

    #[test]
    fn lines_end_between_words() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(
            wrapped("see https://example.com now", 7),
            ["see", "https://example.com", "now"]
        );
        assert_eq!(wrapped("", 7), [""]);
    }

    #[test]
    fn colors_take_no_columns() {
        let label = "\x1b[33mwarning:\x1b[0m";
        assert_eq!(wrapped(&format!("{label} a b c"), 12), [&format!("{label} a b"), "c"]);
    }

    proptest! {
        #[test]
        fn nothing_runs_over(text in "\\PC{0,60}", columns in 0_usize..40) {
            for fitted in [shortened(&text, columns), clipped(&text, columns)] {
                prop_assert!(width(&fitted) <= columns, "{fitted:?}");
                prop_assert!(fitted.as_str().width() <= columns);
            }
            prop_assert!(width(&padded(&text, columns)) >= columns);
        }
    }
}
