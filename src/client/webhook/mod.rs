//! Webhook deliveries (contract, *Webhooks*): headers, signature and body. Pure: bytes, secret and
//! time are parameters.
//!
//! Only timestamp and body are signed. The headers with the event name and the delivery ID can be
//! forged, so the event is read from the body, and protection against replays must store the
//! signature in addition to the ID.

mod explain;

use std::str::FromStr as _;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use super::wire::{fields, parse};
use crate::model::sanitize::without_links;
use crate::model::{ApiKey, JobId, JobStatus, Sanitizer, Timestamp};

pub use self::explain::explain;

/// Header names, in the order of the contract.
pub const HEADERS: [&str; 4] =
    ["X-Webhook-Event", "X-Webhook-Delivery-Id", "X-Webhook-Timestamp", "X-Webhook-Signature"];

/// Prefix of the hexadecimal signature.
const PREFIX: &str = "sha256=";

/// Headers of a delivery, unmodified.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct WebhookHeaders {
    /// `X-Webhook-Event`; not signed.
    pub event: Option<String>,
    /// `X-Webhook-Delivery-Id`; not signed.
    pub delivery_id: Option<String>,
    /// `X-Webhook-Timestamp`, the exact text that is signed.
    pub timestamp: Option<String>,
    pub signature: Option<String>,
}

impl WebhookHeaders {
    /// Reads the four headers by name through `get`.
    #[must_use]
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let [event, delivery_id, timestamp, signature] = HEADERS.map(get);
        Self { event, delivery_id, timestamp, signature }
    }

    /// The present headers, with their names.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [&self.event, &self.delivery_id, &self.timestamp, &self.signature];
        HEADERS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// A delivery with a valid signature.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedDelivery {
    /// The service's ID of the delivery, which retries repeat.
    pub id: String,
    /// The hexadecimal signature, which identifies a replay under another ID.
    pub signature: String,
    /// `job.started`, `job.completed`, `job.failed`, or another event; from the signed body.
    pub event: String,
    pub job: Option<JobId>,
    /// From the body, or else derived from the event.
    pub status: Option<JobStatus>,
    /// The body's data about the job, without links and secrets.
    pub data: Value,
}

impl VerifiedDelivery {
    /// The delivery reports that the job has ended. A hint only, to be confirmed by a poll.
    #[must_use]
    pub fn says_final(&self) -> bool {
        self.status.as_ref().is_some_and(JobStatus::is_final)
    }
}

/// The reason why a delivery is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum WebhookError {
    #[error("X-Webhook-Signature is missing; set the signing secret at the service")]
    Unsigned,
    #[error("X-Webhook-Signature is not sha256= and 64 hexadecimal digits")]
    MalformedSignature,
    #[error("the signature does not match secret, timestamp and body")]
    WrongSignature,
    #[error("X-Webhook-Timestamp is missing")]
    NoTimestamp,
    #[error("X-Webhook-Timestamp is not an ISO time")]
    UnreadableTimestamp,
    #[error("sent {} ago; a replay, or a wrong clock", span(*.0))]
    TooOld(Duration),
    #[error("sent {} in the future; one of the clocks is wrong", span(*.0))]
    FromTheFuture(Duration),
    /// Replays could not be detected.
    #[error("X-Webhook-Delivery-Id is missing or invalid")]
    NoDeliveryId,
    #[error("the body is signed, but is not an event: {0}")]
    UnreadableBody(String),
}

impl WebhookError {
    /// Stable name for JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.into()
    }
}

/// A duration in its largest unit, for messages.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Verifies a delivery received at `now`, in this order: signature, age, ID, content. Nothing is
/// parsed before the signature is verified.
///
/// # Errors
/// The first reason for rejection.
pub fn verify(
    headers: &WebhookHeaders,
    body: &[u8],
    secret: &ApiKey,
    now: Timestamp,
    max_age: Duration,
    sanitizer: &Sanitizer,
) -> Result<VerifiedDelivery, WebhookError> {
    let signature = headers.signature.as_deref().ok_or(WebhookError::Unsigned)?;
    let stamp = headers.timestamp.as_deref().ok_or(WebhookError::NoTimestamp)?;
    let digits = signature.strip_prefix(PREFIX).ok_or(WebhookError::MalformedSignature)?;
    let claimed = parse_signature(digits).ok_or(WebhookError::MalformedSignature)?;
    if !is_signed(secret.expose().as_bytes(), &[stamp.as_bytes(), b".", body], &claimed) {
        return Err(WebhookError::WrongSignature);
    }
    check_age(stamp, now, max_age)?;
    let id = headers.delivery_id.as_deref().and_then(|id| sanitizer.identifier(id));
    let id = id.ok_or(WebhookError::NoDeliveryId)?;
    read(id, digits, headers, body, sanitizer)
}

/// Reads a body as if its signature were valid.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_body(headers: &WebhookHeaders, body: &[u8]) {
    let _ = read("d-1", "00", headers, body, &Sanitizer::default());
}

fn read(
    id: &str,
    digits: &str,
    headers: &WebhookHeaders,
    body: &[u8],
    sanitizer: &Sanitizer,
) -> Result<VerifiedDelivery, WebhookError> {
    let unreadable = |why: &str| WebhookError::UnreadableBody(why.to_owned());
    let mut body = parse(body, sanitizer).map_err(|_| unreadable("not JSON"))?;
    let data = body.get_mut("data").ok_or_else(|| unreadable("no data"))?.take();
    let event = fields::text(&body, &["event"])
        .or_else(|| headers.event.as_deref().map(|event| sanitizer.clean_short(event)))
        .ok_or_else(|| unreadable("no event name"))?;
    let status = fields::text(&data, &["status"])
        .or_else(|| event.strip_prefix("job.").map(str::to_owned))
        .map(|word| JobStatus::parse(&word));
    Ok(VerifiedDelivery {
        id: id.to_owned(),
        signature: digits.to_ascii_lowercase(),
        job: fields::job_id(&data),
        status,
        data: without_links(data),
        event,
    })
}

/// The headers with which the service would send `body` at `now`.
#[must_use]
pub fn sign(
    event: &str,
    delivery_id: &str,
    body: &[u8],
    secret: &ApiKey,
    now: Timestamp,
) -> WebhookHeaders {
    let stamp = jiff::Timestamp::from_millisecond(now.0)
        .map(|now| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default();
    let signature = mac(secret.expose().as_bytes(), &[stamp.as_bytes(), b".", body]);
    WebhookHeaders {
        event: Some(event.to_owned()),
        delivery_id: Some(delivery_id.to_owned()),
        signature: signature
            .map(|mac| format!("{PREFIX}{}", hex::encode(mac.finalize().into_bytes()))),
        timestamp: Some(stamp),
    }
}

/// The code of `parts`. `None` never occurs: HMAC accepts keys of any length.
fn mac(secret: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Decodes 64 hexadecimal digits.
fn parse_signature(digits: &str) -> Option<[u8; 32]> {
    hex::decode(digits).ok()?.try_into().ok()
}

/// Compares in constant time.
fn is_signed(secret: &[u8], parts: &[&[u8]], claimed: &[u8; 32]) -> bool {
    mac(secret, parts).is_some_and(|mac| mac.verify_slice(claimed).is_ok())
}

fn check_age(stamp: &str, now: Timestamp, max_age: Duration) -> Result<(), WebhookError> {
    let sent = parse_time(stamp).ok_or(WebhookError::UnreadableTimestamp)?;
    let apart = Duration::from_millis(now.0.abs_diff(sent.0));
    if apart <= max_age {
        Ok(())
    } else if sent > now {
        Err(WebhookError::FromTheFuture(apart))
    } else {
        Err(WebhookError::TooOld(apart))
    }
}

/// Parses an ISO time. Without a zone it is UTC, like all times of the contract.
fn parse_time(text: &str) -> Option<Timestamp> {
    let stamp = jiff::Timestamp::from_str(text).or_else(|_| {
        let civil = DateTime::from_str(text)?;
        TimeZone::UTC.to_timestamp(civil)
    });
    stamp.ok().map(|stamp| Timestamp(stamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z.
    pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000);
    pub(crate) const STAMP: &str = "2026-01-01T00:00:00Z";
    pub(crate) const BODY: &[u8] =
        br#"{"event":"job.completed","data":{"id":"j-1","status":"completed","output_url":"https://cdn.example/a?sig=s"}}"#;
    pub(crate) const AGE: Duration = Duration::from_mins(5);

    pub(crate) fn secret() -> ApiKey {
        ApiKey::new("whsec-planted")
    }

    pub(crate) fn sign(secret: &[u8], parts: &[&[u8]]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        for part in parts {
            mac.update(part);
        }
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    pub(crate) fn headers(stamp: &str, body: &[u8]) -> WebhookHeaders {
        WebhookHeaders {
            event: Some("job.completed".into()),
            delivery_id: Some("d-1".into()),
            timestamp: Some(stamp.into()),
            signature: Some(sign(b"whsec-planted", &[stamp.as_bytes(), b".", body])),
        }
    }

    fn check(headers: &WebhookHeaders, body: &[u8]) -> Result<VerifiedDelivery, WebhookError> {
        verify(headers, body, &secret(), NOW, AGE, &Sanitizer::default())
    }

    #[test]
    fn a_right_delivery_is_read_from_what_is_signed() {
        let lying = WebhookHeaders { event: Some("job.failed".into()), ..headers(STAMP, BODY) };
        let delivery = check(&lying, BODY).unwrap();
        assert_eq!(delivery.event, "job.completed");
        assert_eq!(delivery.job, Some(JobId("j-1".into())));
        assert!(delivery.says_final());
        assert!(!delivery.data.to_string().contains("sig=s"), "{}", delivery.data);
        let started = br#"{"event":"job.started","data":{"job_id":7}}"#;
        let delivery = check(&headers(STAMP, started), started).unwrap();
        assert_eq!(
            (delivery.job, delivery.status),
            (Some(JobId("7".into())), Some(JobStatus::Other("started".into())),)
        );
        let bare = br#"{"event":"job.failed","data":{"id":"j"}}"#;
        assert!(check(&headers(STAMP, bare), bare).unwrap().says_final());
    }

    #[test]
    fn what_is_signed_here_is_accepted_here() {
        let headers = super::sign("job.completed", "d-1", BODY, &secret(), NOW);
        assert_eq!(headers, self::headers(STAMP, BODY));
        assert_eq!(check(&headers, BODY).unwrap().event, "job.completed");
    }

    #[test]
    fn every_reason_to_refuse_is_told_apart() {
        let right = headers(STAMP, BODY);
        let with = |change: &dyn Fn(&mut WebhookHeaders)| {
            let mut changed = right.clone();
            change(&mut changed);
            check(&changed, BODY).unwrap_err().as_str()
        };
        assert_eq!(with(&|h| h.signature = None), "unsigned");
        assert_eq!(with(&|h| h.timestamp = None), "no_timestamp");
        assert_eq!(with(&|h| h.signature = Some("abc".into())), "malformed_signature");
        assert_eq!(with(&|h| h.signature = Some("sha256=abc".into())), "malformed_signature");
        assert_eq!(
            with(&|h| h.signature = Some(format!("sha256={}", "0".repeat(64)))),
            "wrong_signature"
        );
        assert_eq!(with(&|h| h.timestamp = Some("2026-01-01T00:00:01Z".into())), "wrong_signature");
        assert_eq!(with(&|h| h.delivery_id = None), "no_delivery_id");
        assert_eq!(with(&|h| h.delivery_id = Some("a\x1b[2J".into())), "no_delivery_id");
        assert_eq!(check(&right, b"{}").unwrap_err(), WebhookError::WrongSignature);
        let other = verify(&right, BODY, &ApiKey::new("other"), NOW, AGE, &Sanitizer::default());
        assert_eq!(other.unwrap_err(), WebhookError::WrongSignature);
        for body in [&b"[1]"[..], b"half", br#"{"event":"job.failed"}"#] {
            let refused = check(&headers(STAMP, body), body).unwrap_err();
            assert_eq!(refused.as_str(), "unreadable_body");
        }
    }

    #[test]
    fn age_counts_in_both_directions_and_in_every_way_to_write_it() {
        let table = [
            ("2026-01-01T00:00:00Z", "fine"),
            ("2026-01-01T00:00:00.250Z", "fine"),
            ("2026-01-01T01:00:00+01:00", "fine"),
            ("2026-01-01T00:00:00.123456", "fine"),
            ("2025-12-31T23:55:00Z", "fine"),
            ("2025-12-31T23:54:59Z", "too_old"),
            ("2026-01-01T00:05:01Z", "from_the_future"),
            ("1767225600", "unreadable_timestamp"),
            ("Thu, 01 Jan 2026 00:00:00 GMT", "unreadable_timestamp"),
            ("", "unreadable_timestamp"),
        ];
        for (stamp, expected) in table {
            let outcome = check(&headers(stamp, BODY), BODY);
            assert_eq!(outcome.map_or_else(|r| r.as_str(), |_| "fine"), expected, "{stamp}");
        }
    }
}
