//! Explanation of rejected signatures: usual mistakes of senders and receivers, tried singly and
//! combined. For diagnosis only; acceptance is decided by [`super::verify`]. Pure.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::{
    PREFIX, VerifiedDelivery, WebhookError, WebhookHeaders, is_signed, parse_signature, parse_time,
    verify,
};
use crate::model::{ApiKey, Sanitizer, Timestamp};

/// Bytes that may have been signed instead of the received ones, with the difference; `None` for
/// the received ones.
type Variant = (Vec<u8>, Option<&'static str>);

const REWRITTEN_TIME: &str = "the timestamp was reformatted; it must stay exactly as signed";
const REWRITTEN_BODY: &str = "the body was parsed and written again; verify the bytes as \
                              received, before any JSON library or framework changes them";
const LINE_BREAKS: &str = "line breaks of the body were changed between LF and CR LF";

/// Verifies a delivery at `now`.
///
/// # Errors
/// The rejection and its explanations, one sentence each: the wrong header, timestamp or secret, or
/// the modification of the body.
pub fn explain(
    headers: &WebhookHeaders,
    body: &[u8],
    secret: &ApiKey,
    now: Timestamp,
    max_age: Duration,
) -> Result<VerifiedDelivery, (WebhookError, Vec<String>)> {
    let sanitizer = Sanitizer::default();
    sanitizer.add(secret.expose());
    verify(headers, body, secret, now, max_age, &sanitizer).map_err(|refusal| {
        let why = match refusal {
            WebhookError::WrongSignature
            | WebhookError::MalformedSignature
            | WebhookError::NoTimestamp => signature(headers, body, secret),
            WebhookError::UnreadableTimestamp => vec![format!(
                "{refusal} such as 2026-01-31T12:00:00Z; seconds since 1970 are not accepted"
            )],
            WebhookError::TooOld(_) | WebhookError::FromTheFuture(_) => {
                vec![format!("{refusal}; the signature is valid, and --max-age sets the limit")]
            }
            _ => vec![refusal.to_string()],
        };
        (refusal, why)
    })
}

fn signature(headers: &WebhookHeaders, body: &[u8], secret: &ApiKey) -> Vec<String> {
    let given = headers.signature.as_deref().unwrap_or_default();
    let digits = given.trim().strip_prefix(PREFIX).unwrap_or(given.trim());
    let Some(claimed) = parse_signature(digits) else {
        return vec![format!(
            "X-Webhook-Signature must be {PREFIX} and 64 hexadecimal digits; it has {} characters",
            given.chars().count()
        )];
    };
    let mut why = Vec::new();
    if given.strip_prefix(PREFIX) != Some(digits) {
        why.push(format!(
            "X-Webhook-Signature lacks the prefix {PREFIX}, or has white space around its value"
        ));
    }
    let stamp = headers.timestamp.as_deref();
    if stamp.is_none() {
        why.push("X-Webhook-Timestamp is missing, which is part of the signed text".to_owned());
    }
    match fewest_changes(stamp, body, secret, &claimed) {
        Some(changes) => why.extend(changes.into_iter().map(str::to_owned)),
        None if serde_json::from_slice::<Value>(body).is_err_and(|error| error.is_eof()) => {
            why.push("the body was cut short on the way".to_owned());
        }
        None if stamp.is_none() => {}
        None => why.push(format!(
            "most likely signed with a secret other than the one with fingerprint {}; otherwise \
             the timestamp or the body was changed",
            secret.fingerprint()
        )),
    }
    why
}

/// The smallest set of changes that explains `claimed`.
fn fewest_changes(
    stamp: Option<&str>,
    body: &[u8],
    secret: &ApiKey,
    claimed: &[u8; 32],
) -> Option<Vec<&'static str>> {
    let (stamps, bodies) = (signed_prefixes(stamp), bodies(body));
    let mut best: Option<Vec<&'static str>> = None;
    for (secret, other_secret) in secrets(secret.expose()) {
        for (stamp, other_stamp) in &stamps {
            for (body, other_body) in &bodies {
                let changes: Vec<_> =
                    [other_secret, *other_stamp, *other_body].into_iter().flatten().collect();
                let better = best.as_ref().is_none_or(|best| changes.len() < best.len());
                if better && is_signed(&secret, &[stamp, body], claimed) {
                    best = Some(changes);
                }
            }
        }
    }
    best
}

fn secrets(secret: &str) -> Vec<Variant> {
    let mut all = vec![
        (secret.into(), None),
        (
            format!("{secret}\n").into(),
            Some("the sender's secret ends with a line break, as when it was read from a file"),
        ),
        (format!("\"{secret}\"").into(), Some("the sender's secret has quotation marks around it")),
    ];
    if let Some(inside) = secret.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        all.push((inside.into(), Some("the secret here has quotation marks around it")));
    }
    all
}

/// Candidates for the signed bytes before the body, including the dot.
fn signed_prefixes(stamp: Option<&str>) -> Vec<Variant> {
    let mut all = vec![(Vec::new(), Some("the body was signed without the timestamp"))];
    let Some(stamp) = stamp else { return all };
    all.push((format!("{stamp}.").into(), None));
    all.push((stamp.into(), Some("the dot between timestamp and body was missing")));
    if let Some(at) = parse_time(stamp.trim()) {
        let iso = jiff::Timestamp::from_millisecond(at.0)
            .map(|iso| iso.strftime("%Y-%m-%dT%H:%M:%S").to_string())
            .unwrap_or_default();
        for form in [
            (at.0 / 1_000).to_string(),
            at.0.to_string(),
            format!("{iso}Z"),
            format!("{iso}+00:00"),
            iso,
        ] {
            all.push((format!("{form}.").into(), Some(REWRITTEN_TIME)));
        }
    }
    all
}

fn bodies(body: &[u8]) -> Vec<Variant> {
    let mut all = vec![
        (body.to_vec(), None),
        (
            body.trim_ascii_end().to_vec(),
            Some("the body has an extra space or line break at its end"),
        ),
        ([body, b"\n"].concat(), Some("the body lost the line break at its end")),
    ];
    if let Some(bare) = body.strip_prefix(b"\xef\xbb\xbf") {
        all.push((bare.to_vec(), Some("a byte order mark was put before the body")));
    }
    let Ok(text) = std::str::from_utf8(body) else { return all };
    all.push((text.replace("\r\n", "\n").into(), Some(LINE_BREAKS)));
    all.push((text.replace('\n', "\r\n").into(), Some(LINE_BREAKS)));
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        for json in [value.to_string(), spaced(&value)] {
            all.push((with_ascii_only(&json).into(), Some(REWRITTEN_BODY)));
            all.push((json.into(), Some(REWRITTEN_BODY)));
        }
    }
    all
}

/// `json` with everything beyond ASCII escaped, as some libraries do.
fn with_ascii_only(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// JSON with spaces after commas and colons, as Python writes it.
fn spaced(value: &Value) -> String {
    let mut json = Vec::new();
    // Serialising to memory cannot fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut json, Spaced));
    String::from_utf8(json).unwrap_or_default()
}

struct Spaced;

impl Spaced {
    fn separate<W: ?Sized + Write>(writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        Self::separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        Self::separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::webhook::tests::{AGE, BODY, NOW, STAMP, headers, secret, sign};

    fn explanation(headers: &WebhookHeaders, body: &[u8]) -> String {
        let (_, why) = explain(headers, body, &secret(), NOW, AGE).unwrap_err();
        assert!(!why.is_empty());
        why.join(" | ")
    }

    #[test]
    fn what_is_right_is_accepted() {
        let accepted = explain(&headers(STAMP, BODY), BODY, &secret(), NOW, AGE);
        assert_eq!(accepted.unwrap().id, "d-1");
    }

    #[test]
    fn changes_of_a_body_are_named() {
        let value: Value = serde_json::from_slice(BODY).unwrap();
        let data_first = br#"{"data":{"id":"j-1","status":"completed"},"event":"job.completed"}"#;
        let table: [(Vec<u8>, &str); 5] = [
            ([BODY, b"\n"].concat(), "extra space or line break at its end"),
            ([&b"\xef\xbb\xbf"[..], BODY].concat(), "byte order mark"),
            (serde_json::to_vec_pretty(&value).unwrap(), "parsed and written again"),
            (spaced(&value).into(), "parsed and written again"),
            (data_first.to_vec(), "most likely"),
        ];
        for (body, expected) in table {
            let text = explanation(&headers(STAMP, BODY), &body);
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let cut = explanation(&headers(STAMP, BODY), &BODY[..BODY.len() - 3]);
        assert!(
            cut.contains("cut short on the way") && !cut.contains("other than the one"),
            "{cut}"
        );
        let sent =
            "{\"event\": \"job.failed\", \"data\": {\"id\": \"j\", \"error\": \"Fu\\u00df\"}}";
        let parsed: Value = serde_json::from_str(sent).unwrap();
        let kept = parsed.to_string();
        let text = explanation(&headers(STAMP, sent.as_bytes()), kept.as_bytes());
        assert!(text.contains("parsed and written again"), "{text}");
    }

    #[test]
    fn mistakes_with_secrets_and_timestamps_are_named() {
        let with = |secret: &[u8], parts: &[&[u8]], stamp: &str| WebhookHeaders {
            timestamp: Some(stamp.into()),
            signature: Some(sign(secret, parts)),
            ..headers(STAMP, BODY)
        };
        let whole: &[&[u8]] = &[STAMP.as_bytes(), b".", BODY];
        let table = [
            (with(b"whsec-planted\n", whole, STAMP), "ends with a line break"),
            (with(b"\"whsec-planted\"", whole, STAMP), "quotation marks"),
            (with(b"another", whole, STAMP), "other than the one"),
            (with(b"whsec-planted", &[BODY], STAMP), "without the timestamp"),
            (
                with(b"whsec-planted", &[STAMP.as_bytes(), BODY], STAMP),
                "dot between timestamp and body was missing",
            ),
            (with(b"whsec-planted", whole, "2026-01-01T00:00:00+00:00"), "reformatted"),
            (with(b"whsec-planted", &[b"1767225600.", BODY], STAMP), "reformatted"),
        ];
        for (headers, expected) in table {
            let text = explanation(&headers, BODY);
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn mistakes_of_headers_are_named() {
        let right = headers(STAMP, BODY);
        let with = |change: &dyn Fn(&mut WebhookHeaders)| {
            let mut changed = right.clone();
            change(&mut changed);
            explanation(&changed, BODY)
        };
        let bare = right.signature.clone().unwrap().replace("sha256=", "");
        assert!(with(&|h| h.signature = Some(bare.clone())).contains("prefix"));
        assert!(with(&|h| h.signature = None).contains("X-Webhook-Signature is missing"));
        assert!(with(&|h| h.signature = Some("sha1=00".into())).contains("64 hexadecimal"));
        assert!(with(&|h| h.timestamp = None).contains("X-Webhook-Timestamp is missing"));
        assert!(with(&|h| h.delivery_id = None).contains("X-Webhook-Delivery-Id is missing"));
        let seconds = WebhookHeaders {
            timestamp: Some("1767225600".into()),
            signature: Some(sign(b"whsec-planted", &[b"1767225600.", BODY])),
            ..right.clone()
        };
        assert!(explanation(&seconds, BODY).contains("seconds since 1970"));
        let later = Timestamp(NOW.0 + 3_600_000);
        let (refusal, why) = explain(&right, BODY, &secret(), later, AGE).unwrap_err();
        assert_eq!(refusal.as_str(), "too_old");
        assert!(why[0].contains("60 min ago; ") && why[0].contains("the signature is valid"));
    }
}
