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

/// Words after `rbgv` that certainly stay on its line: subcommands and their arguments.
const COMMAND_WORDS: usize = 4;

/// `text` in lines of at most `columns`, broken between words. A longer word has its own line, and so has
/// a command, which can be copied whole.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    lines(unbroken(text).into_iter(), columns)
}

/// [`wrapped`] for a column of a table: a command that is longer than a line is broken, too.
pub(crate) fn wrapped_in_column(text: &str, columns: usize) -> Vec<String> {
    let fits = |part: &str| width(part) <= columns;
    let parts = unbroken(text).into_iter();
    lines(parts.flat_map(|part| part.split(if fits(part) { '\0' } else { ' ' })), columns)
}

fn lines<'a>(parts: impl Iterator<Item = &'a str>, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for part in parts {
        let more = width(part);
        if used > 0 && used + 1 + more > columns {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(part);
        used += more;
    }
    lines
}

/// The parts of `text` that are not broken: commands, flags with what is beside them, and other words. A
/// command has no mark at its end, so words of the sentence may be kept with it.
fn unbroken(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    let (mut command, mut quoted, mut before) = (0_usize, false, "");
    for word in text.split(' ') {
        let is_bound = command > 0 || quoted || is_flag(before) || is_flag(word);
        if at > 0 && !is_bound {
            parts.push(&text[start..at - 1]);
            start = at;
        }
        quoted ^= word.matches(['\'', '`']).count() % 2 == 1 && (quoted || starts_quote(word));
        command = match word.trim_start_matches(['(', '`']) {
            _ if word.ends_with([',', ';', ':', '.', ')']) => 0,
            "rbgv" => COMMAND_WORDS,
            _ => command.saturating_sub(1),
        };
        before = if word.ends_with([',', ';', ':', '.', ')']) { "" } else { word };
        at += word.len() + 1;
    }
    parts.push(&text[start..]);
    parts
}

/// An apostrophe within a word is none.
fn starts_quote(word: &str) -> bool {
    word.trim_start_matches('(').starts_with(['\'', '`'])
}

fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches(['(', '`']).trim_start_matches('-');
    name.len() < word.len()
        && word.trim_start_matches(['(', '`']).starts_with('-')
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
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
    fn a_command_is_never_broken() {
        // (text, what stays on a line)
        let table: [(&str, &[&str]); 9] = [
            (
                "the inputs that failed before are left out; to see them and why: rbgv status --failed",
                &["rbgv status --failed"],
            ),
            (
                "it may be paid for again; to find out afterwards: rbgv usage --reconcile --lag 60s",
                &["rbgv usage --reconcile --lag 60s"],
            ),
            (
                "to compare both keys: rbgv profile rotate dev --status",
                &["rbgv profile rotate dev --status"],
            ),
            (
                "one of them needs you: rbgv status --failed, then rbgv resume --accept or --abandon",
                &["rbgv status --failed,", "rbgv resume --accept"],
            ),
            (
                "next, type `rbgv config set a.b.c 30m` (it is kept)",
                &["`rbgv config set a.b.c 30m`"],
            ),
            (
                "see what it says (rbgv logs 'my long clip.mp4')",
                &["(rbgv logs 'my long clip.mp4')"],
            ),
            (
                "after that, rbgv --profile production resume 7 --max-credits 7.01",
                &["rbgv --profile production resume 7 --max-credits 7.01"],
            ),
            (
                "convert it, for example ffmpeg -i INPUT -c:v libx264 OUTPUT.mp4",
                &["ffmpeg -i INPUT -c:v libx264"],
            ),
            ("it isn't known whether the key's jobs ran: rbgv usage", &["rbgv usage"]),
        ];
        for (text, commands) in table {
            for columns in [40, 80] {
                let lines = wrapped(text, columns);
                assert_eq!(lines.join(" "), text);
                for command in commands {
                    let whole = lines.iter().any(|line| line.contains(command));
                    assert!(whole, "{columns}: {command} in {lines:#?}");
                }
                let is_wide = |line: &&String| width(line) > columns;
                for line in lines.iter().filter(is_wide) {
                    let is_command =
                        line.contains("rbgv ") && commands.iter().any(|c| width(c) > 35);
                    assert!(is_command, "{columns}: {line}");
                }
                for line in wrapped_in_column(text, columns) {
                    assert!(width(&line) <= columns, "{columns}: {line}");
                }
            }
        }
        assert_eq!(
            wrapped("it isn't mine, and it's late", 8),
            ["it isn't", "mine,", "and it's", "late"]
        );
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
