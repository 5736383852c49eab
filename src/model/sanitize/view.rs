//! Foreign text with its encodings undone, and replacements in the original.

use std::ops::Range;

use crate::model::text::is_hostile;

/// Replaces hidden text.
pub const HIDDEN: &str = "(hidden)";

/// Levels of nested encodings that are undone.
const DECODE_ROUNDS: usize = 3;

/// A character of a view, with its byte range in the original.
#[derive(Clone, Copy)]
pub(super) struct TextUnit {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Percent-encoded: part of a URL even if it is a space.
    pub(super) percent: bool,
}

/// `text` without percent, JSON and HTML escapes and invisible characters.
pub(super) fn view(text: &str) -> Vec<TextUnit> {
    let mut units: Vec<TextUnit> = text
        .char_indices()
        .filter(|(_, c)| c.is_whitespace() || !is_hostile(*c))
        .map(|(start, c)| TextUnit { c, start, end: start + c.len_utf8(), percent: false })
        .collect();
    for _ in 0..DECODE_ROUNDS {
        if !units.iter().any(|unit| matches!(unit.c, '%' | '\\' | '&')) {
            break;
        }
        let before = units.len();
        units = decoded(&units);
        if units.len() == before {
            break;
        }
    }
    units
}

fn decoded(units: &[TextUnit]) -> Vec<TextUnit> {
    let mut plain = Vec::with_capacity(units.len());
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        let (c, length) = match unit.c {
            '%' => byte(units, at + 1, 2).map_or((unit.c, 1), |c| (c, 3)),
            '\\' => backslash(units, at),
            '&' => entity(units, at),
            c => (c, 1),
        };
        let end = units[at + length - 1].end;
        let percent = unit.percent || (unit.c == '%' && length == 3);
        at += length;
        if c.is_whitespace() || !is_hostile(c) {
            plain.push(TextUnit { c, start: unit.start, end, percent });
        }
    }
    plain
}

/// The character encoded by `digits` hexadecimal digits at `at`.
fn byte(units: &[TextUnit], at: usize, digits: usize) -> Option<char> {
    let digits = units.get(at..at + digits)?;
    let number = digits.iter().try_fold(0, |number, unit| Some(number * 16 + unit.c.to_digit(16)?));
    number.filter(|number| *number < 0x80 || digits.len() > 2).and_then(char::from_u32)
}

/// A backslash escape at `at`: its character and length in units.
fn backslash(units: &[TextUnit], at: usize) -> (char, usize) {
    let next = units.get(at + 1).map(|unit| unit.c);
    match next {
        Some('u') if units.get(at + 2).is_some_and(|unit| unit.c == '{') => {
            let digits = units[at + 3..].iter().take(7).take_while(|unit| unit.c != '}').count();
            match byte(units, at + 3, digits) {
                Some(c) if digits > 0 => (c, (digits + 4).min(units.len() - at)),
                _ => ('\\', 1),
            }
        }
        Some('u') => byte(units, at + 2, 4).map_or(('\\', 1), |c| (c, 6)),
        Some('x') => byte(units, at + 2, 2).map_or(('\\', 1), |c| (c, 4)),
        Some('n' | 'r' | 't') => ('\n', 2),
        Some(c @ ('/' | '"' | '\'' | '\\')) => (c, 2),
        _ => ('\\', 1),
    }
}

/// An HTML character reference at `at`: its character and length in units.
fn entity(units: &[TextUnit], at: usize) -> (char, usize) {
    const NAMED: [(&str, char); 5] =
        [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    let rest: String = units[at + 1..].iter().take(10).map(|unit| unit.c).collect();
    for (name, c) in NAMED {
        if rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(';')) {
            return (c, name.len() + 2);
        }
    }
    let Some(number) = rest.strip_prefix('#') else { return ('&', 1) };
    let (digits, radix, before) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 3),
        None => (number, 10, 2),
    };
    let length = digits.chars().take_while(|c| c.is_digit(radix)).count();
    let ends = usize::from(digits[length..].starts_with(';'));
    match u32::from_str_radix(&digits[..length], radix).ok().and_then(char::from_u32) {
        Some(c) => (c, before + length + ends),
        None => ('&', 1),
    }
}

pub(super) fn text_of(units: &[TextUnit]) -> String {
    units.iter().map(|unit| unit.c).collect()
}

/// The first `kept` bytes of `text` with each range replaced. Overlapping ranges are merged, with
/// the replacement of the first.
pub(super) fn replaced(
    text: &str,
    kept: usize,
    ranges: impl Iterator<Item = (Range<usize>, String)>,
) -> String {
    let mut ranges: Vec<_> = ranges.collect();
    ranges.sort_by_key(|(range, _)| range.start);
    let mut shown = String::with_capacity(kept);
    let mut done = 0;
    for (range, with) in ranges {
        if range.start >= kept {
            break;
        }
        if range.start >= done {
            shown.push_str(&text[done..range.start]);
            shown.push_str(&with);
        }
        done = done.max(range.end);
    }
    shown.push_str(text.get(done..kept).unwrap_or_default());
    shown
}
