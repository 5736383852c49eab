//! Making foreign text fit for a terminal.

use std::fmt::Write as _;

/// Longest piece of foreign text that is shown, in characters.
const SHOWN: usize = 2_000;

/// `text` on one line with control characters, bidirectional overrides and line breaks made
/// visible, and cut when it is very long: nothing that a server or a file name says may move the
/// cursor or pass for our own words.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_hostile(c) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Whether `c` is a control, or one of the invisible characters that reorder or hide text.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(escaped("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(escaped("Fuß Ж 视频"), "Fuß Ж 视频");
        assert_eq!(escaped(&"x".repeat(5_000)).chars().count(), SHOWN + 1);
    }
}
