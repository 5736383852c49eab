//! Values that are secret by their name, such as `sig=abc`, or that look random.

use std::ops::Range;

use super::view::{HIDDEN, TextUnit, text_of};

/// Maximum length of a name before `=` or `:`, in characters.
const NAME_MAX: usize = 64;

/// Random-looking values of at least this many characters are hidden whatever their name.
const OPAQUE_MIN: usize = 24;

/// Parts of names with secret values.
const SENSITIVE: [&str; 24] = [
    "key",
    "apikey",
    "accesskeyid",
    "token",
    "jwt",
    "secret",
    "password",
    "passwd",
    "pwd",
    "sig",
    "sign",
    "signature",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "hmac",
    "sha256",
    "policy",
    "bearer",
    "cookie",
    "session",
    "hdnts",
    "verify",
];

/// Suffixes of names without separators with secret values.
const SENSITIVE_ENDS: [&str; 8] = [
    "token",
    "secret",
    "password",
    "signature",
    "apikey",
    "accesskeyid",
    "credential",
    "authorization",
];

/// The result of a rule: the units consumed, and their replacement, if any.
pub(super) type RuleMatch = Option<(Range<usize>, Option<String>)>;
pub(super) fn name_length(units: &[TextUnit], at: usize) -> usize {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    units.get(at..).unwrap_or_default().iter().take_while(|unit| in_name(unit.c)).count()
}

/// A name at `at` with its value: `sig=abc`, `"token": "abc"`, `Authorization: Bearer abc`.
pub(super) fn named_value(units: &[TextUnit], at: usize) -> RuleMatch {
    let length = name_length(units, at);
    if length == 0 || length > NAME_MAX {
        return (length > 0).then_some((at..at + length, None));
    }
    let name = text_of(&units[at..at + length]);
    let skip = |mut at: usize, skipped: fn(char) -> bool| {
        while units.get(at).is_some_and(|unit| skipped(unit.c)) {
            at += 1;
        }
        at
    };
    let not_a_value = Some((at..at + length, None));
    if name.eq_ignore_ascii_case("bearer") {
        let start = skip(at + length, char::is_whitespace);
        let end = value_end(units, start);
        let hides = start > at + length && is_opaque(&units[start..end], 12);
        return if hides { Some((start..end, Some(HIDDEN.to_owned()))) } else { not_a_value };
    }
    let separator = skip(at + length, |c| c == ' ' || c == '"' || c == '\'');
    let strong = match units.get(separator).map(|unit| unit.c) {
        Some('=') => true,
        Some(':') => false,
        _ => return not_a_value,
    };
    let mut start = skip(separator + 1, |c| c == ' ');
    let quote = units.get(start).map(|unit| unit.c).filter(|c| matches!(c, '"' | '\''));
    start += usize::from(quote.is_some());
    let mut end = match quote {
        Some(quote) => {
            let rest = units.get(start..).unwrap_or_default();
            rest.iter().position(|unit| unit.c == quote).map_or(units.len(), |end| start + end)
        }
        None => value_end(units, start),
    };
    // An authorization scheme with its value.
    let scheme = text_of(units.get(start..end).unwrap_or_default()).to_ascii_lowercase();
    let is_authorized = matches!(scheme.as_str(), "bearer" | "basic" | "digest");
    if is_authorized {
        end = value_end(units, skip(end, char::is_whitespace));
    }
    let value = units.get(start..end).unwrap_or_default();
    let hides = if is_sensitive(&name) {
        strong && !value.is_empty() || is_authorized || is_opaque(value, 8)
    } else {
        strong && !names_identifier(&name) && is_opaque(value, OPAQUE_MIN)
    };
    if hides && text_of(value) != HIDDEN {
        Some((start..end, Some(HIDDEN.to_owned())))
    } else {
        not_a_value
    }
}

/// The end of an unquoted value.
fn value_end(units: &[TextUnit], start: usize) -> usize {
    let rest = units.get(start..).unwrap_or_default();
    let ends = |unit: &TextUnit| {
        !unit.percent && (unit.c.is_whitespace() || matches!(unit.c, '"' | '<' | '>' | '`' | '}'))
    };
    rest.iter().position(ends).map_or(units.len().max(start), |end| start + end)
}

/// A value is long enough and looks random: letters and digits, and no words.
fn is_opaque(value: &[TextUnit], least: usize) -> bool {
    value.len() >= least
        && value.iter().any(|unit| unit.c.is_ascii_digit())
        && value.iter().any(|unit| unit.c.is_ascii_alphabetic())
        && value.iter().all(|unit| {
            let c = unit.c;
            c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-' | '=' | '.' | '~' | '%')
        })
}

/// The parts of a name in lower case: `X-Amz-Signature` and `accessToken` have several.
fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let separates = !c.is_ascii_alphanumeric();
        if separates || (was_lower && c.is_ascii_uppercase()) {
            parts.push(String::new());
        }
        if let (false, Some(part)) = (separates, parts.last_mut()) {
            part.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase();
    }
    parts
}

fn is_sensitive(name: &str) -> bool {
    name_parts(name).iter().any(|part| SENSITIVE.contains(&part.as_str())) || is_secret_field(name)
}

/// Values of this name are identifiers, not secrets.
fn names_identifier(name: &str) -> bool {
    let parts = name_parts(name);
    parts.last().is_some_and(|last| matches!(last.as_str(), "id" | "uuid" | "trace" | "request"))
}

/// The JSON field `name` contains a secret.
pub(super) fn is_secret_field(name: &str) -> bool {
    let squashed = name_parts(name).concat();
    SENSITIVE_ENDS.iter().any(|end| squashed.ends_with(end))
}
