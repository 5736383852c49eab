//! Other forms that a secret, a timestamp or a body may have had when a webhook was signed, each with
//! what happened if it did. Pure; only for explaining, never for believing.

use std::fmt::Write as _;

use serde::Serialize as _;
use serde_json::Value;

use super::moment;
use crate::model::ApiKey;

/// Another form of something, and what happened if that was what was signed; none for the form
/// that is at hand.
pub(super) type Form = (Vec<u8>, Option<&'static str>);

/// The secret, as either side may have read it.
pub(super) fn secrets(secret: &ApiKey) -> Vec<Form> {
    let plain = secret.expose();
    let mut forms = vec![
        (plain.as_bytes().to_vec(), None),
        (
            format!("{plain}\n").into_bytes(),
            Some("the sender's secret ends with a line break, as when it was read from a file"),
        ),
        (
            format!("\"{plain}\"").into_bytes(),
            Some("the sender's secret has quotation marks around it"),
        ),
    ];
    if let Some(inside) = plain.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        forms.push((inside.into(), Some("the secret here has quotation marks around it")));
    }
    if let Ok(bytes) = hex::decode(plain) {
        forms.push((bytes, Some("the sender takes the secret for hexadecimal digits")));
    }
    forms
}

/// What may have stood before the body when it was signed, the dot included.
pub(super) fn stamps(stamp: Option<&str>) -> Vec<Form> {
    let alone = (Vec::new(), Some("the body was signed without the timestamp"));
    let Some(stamp) = stamp else { return vec![alone] };
    let dotted = |text: String| format!("{text}.").into_bytes();
    let mut forms = vec![
        (dotted(stamp.to_owned()), None),
        alone,
        (stamp.as_bytes().to_vec(), Some("no dot stood between timestamp and body")),
        (dotted(stamp.trim().to_owned()), Some("white space was added around the timestamp")),
    ];
    if let Some(at) = moment(stamp.trim()) {
        let rewritten =
            Some("the timestamp was written anew: it has to stay the text that was signed");
        let mut other = |text: String| forms.push((dotted(text), rewritten));
        other((at.0 / 1_000).to_string());
        other(at.0.to_string());
        if let Ok(iso) = jiff::Timestamp::from_millisecond(at.0) {
            for form in [
                "%Y-%m-%dT%H:%M:%SZ",
                "%Y-%m-%dT%H:%M:%S+00:00",
                "%Y-%m-%dT%H:%M:%S",
                "%Y-%m-%dT%H:%M:%S.%3fZ",
            ] {
                other(iso.strftime(form).to_string());
            }
        }
    }
    forms
}

pub(super) fn bodies(body: &[u8]) -> Vec<Form> {
    const BREAKS: &str = "line breaks of the body were changed between LF and CR LF";
    let mut forms: Vec<Form> = vec![(body.to_vec(), None)];
    let mut other = |bytes: Vec<u8>, why: &'static str| forms.push((bytes, Some(why)));
    other(
        body.trim_ascii_end().to_vec(),
        "the body has white space or a line break at its end that was not sent",
    );
    other([body, b"\n"].concat(), "the body lost the line break at its end");
    if let Some(bare) = body.strip_prefix(b"\xef\xbb\xbf") {
        other(bare.to_vec(), "a byte order mark was put before the body");
    }
    let Ok(text) = std::str::from_utf8(body) else { return forms };
    other(text.replace("\r\n", "\n").into_bytes(), BREAKS);
    other(text.replace('\n', "\r\n").into_bytes(), BREAKS);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let told = "the body was parsed and written again: verify the bytes as they came, before \
                    any JSON library or framework touches them";
        for value in [value.clone(), sorted(&value)] {
            for written in spellings(&value) {
                other(written, told);
            }
        }
    }
    forms
}

/// The ways in which common libraries write a value.
fn spellings(value: &Value) -> Vec<Vec<u8>> {
    let compact = value.to_string();
    let spaced = spaced(value);
    let mut all = vec![ascii(&compact).into_bytes(), ascii(&spaced).into_bytes()];
    all.push(compact.into_bytes());
    all.push(spaced.into_bytes());
    for indent in [&b"  "[..], b"    ", b"\t"] {
        let mut written = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
        let mut serializer = serde_json::Serializer::with_formatter(&mut written, formatter);
        if value.serialize(&mut serializer).is_ok() {
            all.push(written);
        }
    }
    all
}

/// With a blank behind each comma and colon, as Python writes it.
pub(super) fn spaced(value: &Value) -> String {
    match value {
        Value::Array(entries) => {
            format!("[{}]", entries.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let written: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), spaced(value)))
                .collect();
            format!("{{{}}}", written.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// With everything beyond ASCII escaped.
fn ascii(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            written.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(written, "\\u{unit:04x}");
            }
        }
    }
    written
}

pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(entries) => entries.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(
                fields.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect(),
            )
        }
        plain => plain.clone(),
    }
}
