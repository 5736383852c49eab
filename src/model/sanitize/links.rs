//! Links and queries. Their path and query may grant access, so only the host is kept.

use std::borrow::Cow;

use super::named_values::{RuleMatch, name_length, named_value};
use super::view::{HIDDEN, TextUnit, replaced, text_of, view};

/// `text` with links reduced to their host, and secret values hidden.
pub(super) fn without_links_and_secrets(text: &str) -> Cow<'_, str> {
    // Precondition of all rules below.
    let may_be_bearer = || text.to_ascii_lowercase().contains("bearer");
    if !text.contains(['/', '=', ':', '?', '%', '\\', '&']) && !may_be_bearer() {
        return Cow::Borrowed(text);
    }
    let units = view(text);
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let Some((range, with)) =
            link(&units, at).or_else(|| query(&units, at)).or_else(|| named_value(&units, at))
        else {
            at += 1;
            continue;
        };
        at = range.end.max(at + 1);
        if let Some(with) = with
            && range.start < range.end
        {
            ranges.push((units[range.start].start..units[range.end - 1].end, with));
        }
    }
    Cow::Owned(replaced(text, text.len(), ranges.into_iter()))
}

/// White space and characters that no URL contains end a link.
fn ends_link(unit: &TextUnit) -> bool {
    !unit.percent
        && (unit.c.is_whitespace()
            || matches!(unit.c, '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^' | '\\'))
}

/// The end of a possible URL from `at` on. Excludes trailing punctuation of the sentence, and
/// closing brackets that were opened before the URL.
fn link_end(units: &[TextUnit], at: usize) -> usize {
    let mut end = units[at..].iter().position(ends_link).map_or(units.len(), |end| at + end);
    for _ in 0..3 {
        let Some(last) =
            units.get(end.saturating_sub(1)).filter(|last| end > at + 1 && !last.percent)
        else {
            break;
        };
        let count = |c: char| units[at..end].iter().filter(|unit| unit.c == c).count();
        let is_outside = match last.c {
            ')' => count(')') > count('('),
            ']' => count(']') > count('['),
            c => matches!(c, '\'' | '.' | ',' | ';' | ':' | '!'),
        };
        if !is_outside {
            break;
        }
        end -= 1;
    }
    end
}

/// A link whose `//` is at `at`.
fn link(units: &[TextUnit], at: usize) -> RuleMatch {
    let is_slash = |at: usize| units.get(at).is_some_and(|unit| unit.c == '/');
    if !is_slash(at) || !is_slash(at + 1) {
        return None;
    }
    let before = at.checked_sub(1).map(|at| units[at].c);
    let starts_host =
        |unit: &TextUnit| unit.c.is_alphanumeric() || matches!(unit.c, '[' | '(' | '@');
    let mut start = at;
    if before == Some(':') {
        start = at - 1;
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        while start > 0 && in_scheme(units[start - 1].c) {
            start -= 1;
        }
    } else if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-')) {
        // A path with a double slash.
        return None;
    } else if !units.get(at + 2).is_some_and(starts_host) {
        return None;
    }
    let end = link_end(units, at + 2).max(at + 2);
    let rest = &units[at + 2..end];
    let authority = rest
        .iter()
        .position(|unit| matches!(unit.c, '/' | '?' | '#'))
        .map_or(rest, |end| &rest[..end]);
    let after = &rest[authority.len()..];
    let host = match authority.iter().rposition(|unit| unit.c == '@') {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    let is_bare = host.len() == authority.len() && after.iter().all(|unit| unit.c == '/');
    let host = text_of(host).to_ascii_lowercase();
    let is_host = is_host(&host);
    if is_bare && (is_host || host.is_empty()) {
        return Some((start..end, None));
    }
    let scheme = text_of(&units[start..at]).to_ascii_lowercase();
    let host = if is_host || host.is_empty() { host.as_str() } else { HIDDEN };
    let more = if after.iter().all(|unit| unit.c == '/') { "" } else { "/…" };
    Some((start..end, Some(format!("{scheme}//{host}{more}"))))
}

/// `text` is a host name or address, with or without a port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((name, rest)) => (name, rest.strip_prefix(':').unwrap_or(rest)),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let is_bracketed = text.starts_with('[');
    let fits =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_') || (is_bracketed && c == ':');
    let has_port = port.len() <= 5 && port.chars().all(|c| c.is_ascii_digit());
    !name.is_empty() && name.chars().all(fits) && has_port
}

/// The query of a URL without a scheme; its `?` is at `at`.
fn query(units: &[TextUnit], at: usize) -> RuleMatch {
    if units[at].c != '?' {
        return None;
    }
    let name = name_length(units, at + 1);
    let has_value = units.get(at + 1 + name).is_some_and(|unit| unit.c == '=');
    (name > 0 && has_value).then(|| (at..link_end(units, at), Some("?…".to_owned())))
}
