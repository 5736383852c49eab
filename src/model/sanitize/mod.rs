//! Sanitizing of foreign text (from the service, gateways, output hosts and webhook senders) for
//! display, logs and storage. Text is sanitized once, where it enters, by [`Sanitizer::clean`]:
//!
//! 1. known secrets are hidden, in any encoding;
//! 2. links are reduced to their host, and values of sensitive names are hidden;
//! 3. control, bidirectional and invisible characters are escaped ([`super::text`]).
//!
//! Encodings are undone in a *view*, a sequence of characters with their byte ranges in the
//! original. Matches in the view are replaced in the original.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::text::{self, is_hostile};

/// Replaces hidden text.
pub const HIDDEN: &str = "(hidden)";

/// Minimum length of secrets, in bytes: shorter ones would match everywhere.
const SECRET_MIN: usize = 6;

/// Minimum length of encoded forms, in bytes.
const ENCODED_MIN: usize = 8;

/// Maximum length of sanitized text, in bytes. The rest is truncated.
const TEXT_MAX: usize = 16 * 1024;

/// Bytes beyond [`TEXT_MAX`] that are still searched, for secrets across the cut.
const CUT_MARGIN: usize = 4 * 1024;

/// Maximum length of an ID (job, delivery, request), in bytes.
const IDENTIFIER_MAX: usize = 200;

/// Levels of nested encodings that are undone.
const DECODE_ROUNDS: usize = 3;

/// Maximum length of a name before `=` or `:`, in characters.
const NAME_MAX: usize = 64;

/// Random-looking values of at least this many characters are hidden whatever their name.
const OPAQUE_MIN: usize = 24;

/// Fields of a response, or of entries of a list, that are read into a type that hides them, or
/// sent back: not sanitized. [`without_links`] removes them before storage.
const TYPED: [&str; 4] = ["output_url", "download_url", "video_url", "api_key"];

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

/// Sanitizes foreign text. Clones share the known secrets.
#[derive(Clone, Default)]
pub struct Sanitizer(Arc<RwLock<Vec<SecretForm>>>);

/// A searchable form of a secret, in lower case.
#[derive(Clone, PartialEq, Eq)]
struct SecretForm {
    text: String,
    /// Hexadecimal or Base64: the encoded text around the secret is hidden too.
    encoded: bool,
}

impl fmt::Debug for Sanitizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sanitizer")
    }
}

impl Sanitizer {
    /// Adds a secret to hide.
    pub fn add(&self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SECRET_MIN {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms(secret) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        // Longest first, since one form may contain another.
        known.sort_by_key(|form| std::cmp::Reverse(form.text.len()));
    }

    /// Hides user and password of the proxy `url`.
    pub fn add_credentials_of(&self, url: &str) {
        let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some((user_info, _)) = bare.rsplit_once('@') else { return };
        let plain: String = view(user_info).iter().map(|unit| unit.c).collect();
        for credentials in [user_info, plain.as_str()] {
            self.add(credentials);
            if let Some((_, password)) = credentials.split_once(':') {
                self.add(password);
            }
        }
    }

    /// `text` on one line, without secrets, links and invisible characters, truncated to
    /// `TEXT_MAX`.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let kept = floor(text, TEXT_MAX);
        let searched = &text[..floor(text, TEXT_MAX + CUT_MARGIN)];
        let mut shown = self.without_secrets(searched, kept);
        if kept < text.len() {
            shown.push('…');
        }
        text::escaped_whole(&without_links_and_secrets(&shown))
    }

    /// [`Sanitizer::clean`] for short text that is only displayed: an ID or a code.
    #[must_use]
    pub fn clean_short(&self, text: &str) -> String {
        let cleaned = self.clean(text);
        match cleaned.char_indices().nth(IDENTIFIER_MAX) {
            Some((end, _)) => format!("{}…", &cleaned[..end]),
            None => cleaned,
        }
    }

    /// `text` as an ID, which is used unmodified; `None` if sanitizing would change it.
    #[must_use]
    pub fn identifier<'a>(&self, text: &'a str) -> Option<&'a str> {
        let fits = !text.trim().is_empty() && text.len() <= IDENTIFIER_MAX;
        (fits && self.clean(text) == text).then_some(text)
    }

    /// `text` contains a known secret in any form.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !secrets_in(&view(text), &known).is_empty()
    }

    /// Sanitizes all texts and names in `value`. Fields with secret names are removed. Links and
    /// new keys at the top level and in entries of lists are not modified.
    pub fn clean_json(&self, value: &mut Value) {
        self.clean_node(value, true);
    }

    fn clean_node(&self, value: &mut Value, is_record: bool) {
        match value {
            Value::String(text) => {
                let cleaned = self.clean(text);
                if cleaned != *text {
                    *text = cleaned;
                }
            }
            Value::Array(entries) => {
                for entry in entries {
                    self.clean_node(entry, true);
                }
            }
            Value::Object(fields) => {
                let typed = |name: &str| is_record && TYPED.contains(&name);
                fields.retain(|name, _| typed(name) || !is_secret_field(name));
                for (name, field) in fields.iter_mut() {
                    if !typed(name) {
                        self.clean_node(field, false);
                    }
                }
                if fields.keys().any(|name| self.clean(name) != *name) {
                    let renamed = std::mem::take(fields).into_iter();
                    *fields = renamed.map(|(name, field)| (self.clean(&name), field)).collect();
                }
            }
            _ => {}
        }
    }

    /// The first `kept` bytes of `text`, with secrets hidden.
    fn without_secrets(&self, text: &str, kept: usize) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return text[..kept].to_owned();
        }
        let found = secrets_in(&view(text), &known);
        replaced(text, kept, found.into_iter().map(|range| (range, HIDDEN.to_owned())))
    }
}

/// `value` without fields that contain links or keys, at any depth.
#[must_use]
pub fn without_links(mut value: Value) -> Value {
    remove_links(&mut value);
    value
}

fn remove_links(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(remove_links),
        Value::Object(fields) => {
            fields.retain(|name, _| !TYPED.contains(&name.as_str()));
            fields.values_mut().for_each(remove_links);
        }
        _ => {}
    }
}

/// The JSON field `name` contains a secret.
fn is_secret_field(name: &str) -> bool {
    let squashed = name_parts(name).concat();
    SENSITIVE_ENDS.iter().any(|end| squashed.ends_with(end))
}

/// The last character boundary of `text` up to `most`.
fn floor(text: &str, most: usize) -> usize {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// The forms in which a secret is searched. Percent, JSON and HTML escapes and letter case are
/// handled by the view.
fn forms(secret: &str) -> Vec<SecretForm> {
    let plain = SecretForm { text: secret.to_ascii_lowercase(), encoded: false };
    let mut forms = vec![plain, SecretForm { text: hex::encode(secret), encoded: true }];
    // In a longer Base64 text, a secret starts at one of three offsets.
    for offset in 0..3 {
        let padded = [&vec![0; offset], secret.as_bytes()].concat();
        // Characters that depend only on the secret.
        let core = (offset * 8).div_ceil(6)..padded.len() * 8 / 6;
        for encoded in
            [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)]
        {
            let text = encoded.get(core.clone()).unwrap_or_default().to_ascii_lowercase();
            if text.len() >= ENCODED_MIN {
                forms.push(SecretForm { text, encoded: true });
            }
        }
    }
    forms
}

/// A character of a view, with its byte range in the original.
#[derive(Clone, Copy)]
struct TextUnit {
    c: char,
    start: usize,
    end: usize,
    /// Percent-encoded: part of a URL even if it is a space.
    percent: bool,
}

/// `text` without percent, JSON and HTML escapes and invisible characters.
fn view(text: &str) -> Vec<TextUnit> {
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

/// Byte ranges of `known` secrets in the original of a view.
fn secrets_in(units: &[TextUnit], known: &[SecretForm]) -> Vec<Range<usize>> {
    let mut text = String::with_capacity(units.len());
    let mut unit_at = Vec::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate() {
        let c = unit.c.to_ascii_lowercase();
        text.push(c);
        unit_at.extend(std::iter::repeat_n(index, c.len_utf8()));
    }
    let is_encoded = |unit: &TextUnit| {
        unit.c.is_ascii_alphanumeric() || matches!(unit.c, '+' | '/' | '_' | '-' | '=')
    };
    let mut found = Vec::new();
    for form in known.iter().filter(|form| form.text.len() <= text.len()) {
        let mut from = 0;
        while let Some(at) = text[from..].find(&form.text) {
            let (mut first, mut last) =
                (unit_at[from + at], unit_at[from + at + form.text.len() - 1]);
            if form.encoded {
                while first > 0 && is_encoded(&units[first - 1]) {
                    first -= 1;
                }
                while units.get(last + 1).is_some_and(is_encoded) {
                    last += 1;
                }
            }
            found.push(units[first].start..units[last].end);
            from += at + form.text.len();
        }
    }
    found
}

/// The first `kept` bytes of `text` with each range replaced. Overlapping ranges are merged, with
/// the replacement of the first.
fn replaced(
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

/// `text` with links reduced to their host, and secret values hidden.
fn without_links_and_secrets(text: &str) -> Cow<'_, str> {
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

/// The result of a rule: the units consumed, and their replacement, if any.
type RuleMatch = Option<(Range<usize>, Option<String>)>;

/// White space and characters that no URL contains end a link.
fn ends_link(unit: &TextUnit) -> bool {
    !unit.percent
        && (unit.c.is_whitespace()
            || matches!(unit.c, '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^' | '\\'))
}

fn text_of(units: &[TextUnit]) -> String {
    units.iter().map(|unit| unit.c).collect()
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

fn name_length(units: &[TextUnit], at: usize) -> usize {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    units.get(at..).unwrap_or_default().iter().take_while(|unit| in_name(unit.c)).count()
}

/// A name at `at` with its value: `sig=abc`, `"token": "abc"`, `Authorization: Bearer abc`.
fn named_value(units: &[TextUnit], at: usize) -> RuleMatch {
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
