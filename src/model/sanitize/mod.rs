//! Sanitizing of foreign text (from the service, gateways, output hosts and webhook senders) for
//! display, logs and storage. Text is sanitized once, where it enters, by [`Sanitizer::clean`]:
//!
//! 1. known secrets are hidden, in any encoding;
//! 2. links are reduced to their host, and values of sensitive names are hidden;
//! 3. control, bidirectional and invisible characters are escaped ([`super::text`]).
//!
//! Encodings are undone in a *view*, a sequence of characters with their byte ranges in the
//! original. Matches in the view are replaced in the original.
//!
//! Reading order: this file, `view`, `secret_forms` (1), `links` and `named_values` (2).

mod links;
mod named_values;
mod secret_forms;
mod view;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use self::links::without_links_and_secrets;
use self::named_values::is_secret_field;
use self::secret_forms::{SecretForm, forms, secrets_in};
pub use self::view::HIDDEN;
use self::view::{replaced, view};
use super::text;

/// Minimum length of secrets, in bytes: shorter ones would match everywhere.
const SECRET_MIN: usize = 6;

/// Maximum length of sanitized text, in bytes. The rest is truncated.
const TEXT_MAX: usize = 16 * 1024;

/// Bytes beyond [`TEXT_MAX`] that are still searched, for secrets across the cut.
const CUT_MARGIN: usize = 4 * 1024;

/// Maximum length of an ID (job, delivery, request), in bytes.
const IDENTIFIER_MAX: usize = 200;

/// Fields of a response, or of entries of a list, that are read into a type that hides them, or
/// sent back: not sanitized. [`without_links`] removes them before storage.
const TYPED: [&str; 4] = ["output_url", "download_url", "video_url", "api_key"];

/// Sanitizes foreign text. Clones share the known secrets.
#[derive(Clone, Default)]
pub struct Sanitizer(Arc<RwLock<Vec<SecretForm>>>);

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
    pub fn clean(&self, text: &str) -> String {
        let kept = text.floor_char_boundary(TEXT_MAX);
        let searched = &text[..text.floor_char_boundary(TEXT_MAX + CUT_MARGIN)];
        let mut shown = self.without_secrets(searched, kept);
        if kept < text.len() {
            shown.push('…');
        }
        text::escaped_whole(&without_links_and_secrets(&shown))
    }

    /// [`Sanitizer::clean`] for short text that is only displayed: an ID or a code.
    pub fn clean_short(&self, text: &str) -> String {
        let cleaned = self.clean(text);
        match cleaned.char_indices().nth(IDENTIFIER_MAX) {
            Some((end, _)) => format!("{}…", &cleaned[..end]),
            None => cleaned,
        }
    }

    /// `text` as an ID, which is used unmodified; `None` if sanitizing would change it.
    pub fn identifier<'a>(&self, text: &'a str) -> Option<&'a str> {
        let fits = !text.trim().is_empty() && text.len() <= IDENTIFIER_MAX;
        (fits && self.clean(text) == text).then_some(text)
    }

    /// `text` contains a known secret in any form.
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
