//! What may be shown to everybody: text without keys, links, signatures, and without the names of
//! the user's directories. Pure.

use serde_json::Value;

use super::places::Places;
use crate::model::Sanitizer;
use crate::model::sanitize::HIDDEN;

/// Parts of names whose values are nobody's business.
const SENSITIVE: [&str; 12] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "sig",
    "signature",
    "auth",
    "authorization",
    "credential",
    "bearer",
    "cookie",
];

/// Takes out what must not be shown.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    secrets: Sanitizer,
    places: Places,
}

impl Redactor {
    /// Hides `secret`, however it is encoded.
    pub(super) fn secret(&mut self, secret: &str) {
        self.secrets.add(secret);
    }

    /// Hides user and password of the proxy at `address`.
    pub(super) fn proxy(&mut self, address: &str) {
        self.secrets.add_credentials_of(address);
    }

    /// Writes `name` in place of the path `place` and of everything in it.
    pub(super) fn place(&mut self, place: &std::path::Path, name: &'static str) {
        self.places.add(place, name, false);
    }

    /// Writes `name` in place of the path `place`, a directory of ours: what lies in it is named.
    pub(super) fn own_place(&mut self, place: &std::path::Path, name: &'static str) {
        self.places.add(place, name, true);
    }

    /// `text` without anything of that kind.
    pub(super) fn clean(&self, text: &str) -> String {
        let text = self.secrets.without_loaded_secrets(text);
        words(&self.places.renamed(&text))
    }

    /// Every text in `value`, cleaned; names of fields stay.
    pub(super) fn clean_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.clean(text).into(),
            Value::Array(entries) => entries.iter().map(|entry| self.clean_json(entry)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), self.clean_json(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// Whether the value of a variable or field of this name is a secret.
pub(super) fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(['_', '-', '.']).any(|part| SENSITIVE.contains(&part))
}

/// Everything between quotes taken out: in an error about a file, that is what stands in the file.
pub(super) fn without_quotes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut open = None;
    for c in text.chars() {
        match open {
            Some(quote) if c == quote => {
                shown.push_str(HIDDEN);
                shown.push(c);
                open = None;
            }
            Some(_) => {}
            None => {
                shown.push(c);
                open = matches!(c, '\'' | '"' | '`').then_some(c);
            }
        }
    }
    shown
}

/// Word for word: addresses down to their origin, values behind sensitive names, and what looks
/// like a key.
fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut hide_next = false;
    for piece in text.split_inclusive(is_between) {
        let (word, end) = match piece.char_indices().next_back() {
            Some((at, last)) if is_between(last) => piece.split_at(at),
            _ => (piece, ""),
        };
        if word.is_empty() {
            shown.push_str(end);
            continue;
        }
        if hide_next && !is_label(word) {
            shown.push_str(HIDDEN);
            hide_next = is_scheme(word);
        } else {
            shown.push_str(&one(word));
            hide_next = is_label(word);
        }
        shown.push_str(end);
    }
    shown
}

pub(super) fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ',' | ';' | '(' | ')' | '\\')
}

/// Whether the next word is the value of a sensitive name: `X-Api-Key: value`, `Bearer value`.
fn is_label(word: &str) -> bool {
    let named = word.strip_suffix([':', '=']).is_some_and(is_sensitive);
    named && !word.starts_with(['[', '{']) || is_scheme(word)
}

/// Whether `word` names a way of showing a secret, which follows.
fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn one(word: &str) -> String {
    if let Some(at) = word.find("://") {
        return origin(word, at);
    }
    if word.contains('=') {
        return parameters(word);
    }
    // An address of a person, or what stands before a host without a scheme.
    if word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
        return HIDDEN.to_owned();
    }
    let looks = ["sk-", "sk_", "pk_", "rk_", "whsec_"].iter().any(|start| word.starts_with(start));
    if looks && word.len() > 8 { HIDDEN.to_owned() } else { word.to_owned() }
}

/// Parameters up to the value of the first sensitive name: such a value may itself hold an `&`.
fn parameters(word: &str) -> String {
    let mut shown = String::new();
    for piece in word.split_inclusive(['?', '&']) {
        match piece.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_sensitive(name) => {
                return format!("{shown}{name}={HIDDEN}");
            }
            _ => shown.push_str(piece),
        }
    }
    shown
}

/// An address without user, path and query: each of them can open something.
fn origin(word: &str, at: usize) -> String {
    let (scheme, rest) = (&word[..at], &word[at + 3..]);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    let more = if rest[end..].trim_start_matches('/').is_empty() { "" } else { "/…" };
    // What stands before the scheme, such as a name and `=`, stays.
    format!("{scheme}://{host}{more}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_opens_something_is_taken_out() {
        let mut redactor = Redactor::default();
        redactor.secret("planted-key");
        redactor.secret("abc");
        redactor.place(Path::new("/home/jo"), "~");
        redactor.own_place(Path::new("/home/jo/state"), "(state)");
        let table = [
            ("it was planted-key!", "it was (hidden)!"),
            ("abc is too short", "abc is too short"),
            ("/home/jo/My Clips/Jo Doe.mp4: no", "~/…: no"),
            ("ask jo.doe@example.com, or u:p@proxy:3128", "ask (hidden), or (hidden)"),
            ("get https://cdn.example/a/b?sig=x now", "get https://cdn.example/… now"),
            ("https://u:p@api.example/", "https://api.example"),
            ("proxy=http://u:p@proxy:1/x,", "proxy=http://proxy:1/…,"),
            ("X-Api-Key: 12345 end", "X-Api-Key: (hidden) end"),
            ("authorization: Bearer abcdef", "authorization: Bearer (hidden)"),
            ("Proxy: Basic abcdef", "Proxy: Basic (hidden)"),
            ("token=abc&x=1", "token=(hidden)"),
            ("a?x=1&signature=abc", "a?x=1&signature=(hidden)"),
            ("a?sig=abc&x=1&token=d", "a?sig=(hidden)"),
            ("key fingerprint 0123456789ab", "key fingerprint 0123456789ab"),
            ("sk-live-abcdefgh", "(hidden)"),
            ("job job_17, request req_18", "job job_17, request req_18"),
        ];
        for (text, expected) in table {
            assert_eq!(redactor.clean(text), expected);
        }
        redactor.proxy("http://j%40x:planted%2Fpass@proxy:1");
        for hidden in [
            "planted%2Fpass",
            "planted/pass",
            "cGxhbnRlZC9wYXNz",
            "j@x:planted/pass",
            &BASE64_STANDARD.encode("j@x:planted/pass"),
            "706C616E7465642D6B6579",
            "706c616e7465642d6b6579",
            "cGxhbnRlZC1rZXk=",
        ] {
            let shown = redactor.clean(&format!("it says <{hidden}>"));
            assert!(shown.contains("(hidden)") && !shown.contains(hidden), "{shown}");
        }
        let value = json!({"a": ["planted-key", 1], "planted-key": null});
        assert_eq!(redactor.clean_json(&value), json!({"a": ["(hidden)", 1], "planted-key": null}));
    }

    #[test]
    fn errors_about_a_file_lose_what_stands_in_it() {
        assert_eq!(
            without_quotes("unknown key `sk-x`; did you mean 'a'?"),
            "unknown key `(hidden)`; did you mean '(hidden)'?"
        );
        assert_eq!(without_quotes("open 'rest"), "open '");
        assert!(is_sensitive("RBGV_API_KEY") && is_sensitive("x-auth-token"));
        assert!(!is_sensitive("monkey") && !is_sensitive("RBGV_PROFILE"));
    }

    proptest! {
        #[test]
        fn a_secret_never_stays(before in ".{0,40}", after in ".{0,40}") {
            let mut redactor = Redactor::default();
            redactor.secret("s3cr3t-planted");
            let text = format!("{before}s3cr3t-planted{after} https://x.example/p?q=planted-link");
            let shown = redactor.clean(&text);
            prop_assert!(!shown.contains("s3cr3t-planted"), "{shown}");
            prop_assert!(!shown.contains("planted-link"), "{shown}");
        }
    }
}
