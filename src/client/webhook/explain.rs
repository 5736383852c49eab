//! Why a signature does not fit: the usual accidents between a sender and a receiver, tried one
//! after another and together. Pure, and only for finding mistakes: what would be accepted is
//! decided by [`super::verify`] alone.

use std::time::Duration;

use serde_json::Value;

use super::forms::{bodies, secrets, stamps};
use super::{PREFIX, Refusal, WebhookHeaders, check_age, digest, is_signed, moment, read, span};
use crate::model::{ApiKey, Sanitizer, Timestamp};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Fine,
    /// This is why the delivery is refused.
    Wrong,
    /// Something to know.
    Note,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `signature`, `timestamp`, `age`, `delivery id`, `body`.
    pub check: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// In words; what others said is cleaned.
    pub told: String,
}

/// Everything that is to be said of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether a receiver would believe it now.
    pub accepted: bool,
    /// What was looked at, in order.
    pub findings: Vec<Finding>,
}

/// Looks at a delivery as a receiver does at `now`, goes on behind the first mistake, and says of a
/// signature that does not fit what would have to be undone for it to fit.
#[must_use]
pub fn explain(
    headers: &WebhookHeaders,
    body: &[u8],
    secret: &ApiKey,
    now: Timestamp,
    max_age: Duration,
) -> Explanation {
    let sanitizer = Sanitizer::default();
    sanitizer.add(secret.expose());
    let mut findings = signature(headers, body, secret);
    findings.extend(timestamp(headers, now, max_age));
    findings.push(identity(headers, &sanitizer));
    findings.push(content(headers, body, &sanitizer));
    let accepted = findings.iter().all(|finding| finding.outcome != Outcome::Wrong);
    Explanation { accepted, findings }
}

fn found(check: &'static str, outcome: Outcome, told: impl Into<String>) -> Finding {
    Finding { check, outcome, told: told.into() }
}

fn signature(headers: &WebhookHeaders, body: &[u8], secret: &ApiKey) -> Vec<Finding> {
    let wrong = |told: String| found("signature", Outcome::Wrong, told);
    let Some(given) = headers.signature.as_deref() else {
        let told = "there is no X-Webhook-Signature: no signing secret is set at the service, or \
                    something on the way removed the header";
        return vec![wrong(told.to_owned())];
    };
    let trimmed = given.trim();
    let bare = trimmed.strip_prefix(PREFIX).unwrap_or(trimmed);
    let Some(claimed) = digest(bare) else {
        let told = format!(
            "X-Webhook-Signature has to be {PREFIX} and 64 hexadecimal digits, and is {} \
             characters long",
            given.chars().count()
        );
        return vec![wrong(told)];
    };
    let mut findings = Vec::new();
    if given.strip_prefix(PREFIX) != Some(bare) {
        let told =
            format!("the prefix {PREFIX} is missing, or white space stands around the value");
        findings.push(wrong(told));
    }
    let stamp = headers.timestamp.as_deref();
    match accident(stamp, body, secret, &claimed) {
        Some(undone) if undone.is_empty() => {
            findings.push(found("signature", Outcome::Fine, "fits secret, timestamp and body"));
        }
        Some(undone) => findings.extend(undone.into_iter().map(|told| wrong(told.to_owned()))),
        None => findings.push(wrong(format!(
            "it fits nothing that usually goes wrong, so most likely it was made with another \
             secret than the one with fingerprint {}; otherwise the timestamp was changed, or the \
             body in a way that cannot be undone (parsed and written again with other numbers or \
             another order, cut short, or forged)",
            secret.fingerprint()
        ))),
    }
    findings
}

/// The fewest accidents under which `claimed` fits.
fn accident(
    stamp: Option<&str>,
    body: &[u8],
    secret: &ApiKey,
    claimed: &[u8; 32],
) -> Option<Vec<&'static str>> {
    let (secrets, stamps, bodies) = (secrets(secret), stamps(stamp), bodies(body));
    let mut best: Option<Vec<&'static str>> = None;
    for (secret, why_secret) in &secrets {
        for (stamp, why_stamp) in &stamps {
            for (body, why_body) in &bodies {
                let told: Vec<_> =
                    [why_secret, why_stamp, why_body].into_iter().flatten().copied().collect();
                let better = best.as_ref().is_none_or(|best| told.len() < best.len());
                if better && is_signed(secret, &[stamp, body], claimed) {
                    best = Some(told);
                }
            }
        }
    }
    best
}

fn timestamp(headers: &WebhookHeaders, now: Timestamp, max_age: Duration) -> Vec<Finding> {
    let Some(stamp) = headers.timestamp.as_deref() else {
        let told = "there is no X-Webhook-Timestamp, which is a part of what is signed";
        return vec![found("timestamp", Outcome::Wrong, told)];
    };
    let Some(sent) = moment(stamp) else {
        let numeric = !stamp.is_empty() && stamp.trim().bytes().all(|byte| byte.is_ascii_digit());
        let told = if numeric {
            "it counts seconds or milliseconds, and should be an ISO time such as \
             2026-01-31T12:00:00Z"
        } else {
            "it is no ISO time such as 2026-01-31T12:00:00Z"
        };
        return vec![found("timestamp", Outcome::Wrong, told)];
    };
    let age = match check_age(stamp, now, max_age) {
        Ok(()) => found("age", Outcome::Fine, format!("{} s", now.0.abs_diff(sent.0) / 1_000)),
        Err(refusal) => {
            let told = format!(
                "{refusal}; more than {} are not believed. To look at a delivery that was kept, \
                 give its time with --at",
                span(max_age)
            );
            found("age", Outcome::Wrong, told)
        }
    };
    vec![found("timestamp", Outcome::Fine, stamp), age]
}

fn identity(headers: &WebhookHeaders, sanitizer: &Sanitizer) -> Finding {
    if let Some(id) = headers.delivery_id.as_deref().and_then(|id| sanitizer.identifier(id)) {
        found("delivery id", Outcome::Fine, id)
    } else {
        let told = "there is no X-Webhook-Delivery-Id, so a repetition could not be known";
        found("delivery id", Outcome::Wrong, told)
    }
}

fn content(headers: &WebhookHeaders, body: &[u8], sanitizer: &Sanitizer) -> Finding {
    match read("", "", headers, body, sanitizer) {
        // Whether it is signed is said elsewhere.
        Err(Refusal::UnreadableBody(why)) => {
            let cut = serde_json::from_slice::<Value>(body).is_err_and(|error| error.is_eof());
            let told =
                if cut { "it ends before its end: it was cut short on the way" } else { &why };
            found("body", Outcome::Wrong, told)
        }
        Err(refusal) => found("body", Outcome::Wrong, refusal.to_string()),
        Ok(said) => {
            let job = said.job.map_or_else(|| "no job".to_owned(), |job| format!("job {job}"));
            let told = format!("{} of {job}, {} bytes", said.event, body.len());
            match &headers.event {
                Some(event) if *event != said.event => {
                    let event = sanitizer.clean_short(event);
                    let told = format!("{told}; X-Webhook-Event says {event}, which is not signed");
                    found("body", Outcome::Note, told)
                }
                _ => found("body", Outcome::Fine, told),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::{sorted, spaced};
    use super::super::tests::{AGE, BODY, NOW, STAMP, headers, secret, sign};
    use super::*;

    fn told(headers: &WebhookHeaders, body: &[u8]) -> String {
        let explained = explain(headers, body, &secret(), NOW, AGE);
        assert!(!explained.accepted, "{explained:?}");
        let wrong = explained.findings.iter().filter(|f| f.outcome == Outcome::Wrong);
        wrong.map(|f| f.told.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn what_is_right_is_said_to_be_right() {
        let explained = explain(&headers(STAMP, BODY), BODY, &secret(), NOW, AGE);
        assert!(explained.accepted, "{explained:?}");
        assert!(explained.findings.iter().all(|f| f.outcome == Outcome::Fine), "{explained:?}");
    }

    #[test]
    fn accidents_on_the_way_of_a_body_are_named() {
        let value: Value = serde_json::from_slice(BODY).unwrap();
        let table: [(Vec<u8>, &str); 5] = [
            ([BODY, b"\n"].concat(), "at its end that was not sent"),
            ([&b"\xef\xbb\xbf"[..], BODY].concat(), "byte order mark"),
            (serde_json::to_vec_pretty(&value).unwrap(), "parsed and written again"),
            (spaced(&value).into_bytes(), "parsed and written again"),
            (sorted(&value).to_string().into_bytes(), "most likely"),
        ];
        for (body, expected) in table {
            let told = told(&headers(STAMP, BODY), &body);
            assert!(told.contains(expected), "{expected}: {told}");
        }
        let cut = told(&headers(STAMP, BODY), &BODY[..BODY.len() - 3]);
        assert!(cut.contains("cut short on the way") && !cut.contains("is signed"), "{cut}");
        let sent =
            "{\"event\": \"job.failed\", \"data\": {\"id\": \"j\", \"error\": \"Fu\\u00df\"}}";
        let parsed: Value = serde_json::from_str(sent).unwrap();
        let kept = parsed.to_string();
        let told = told(&headers(STAMP, sent.as_bytes()), kept.as_bytes());
        assert!(told.contains("parsed and written again"), "{told}");
    }

    #[test]
    fn accidents_with_secrets_and_timestamps_are_named() {
        let with = |secret: &[u8], parts: &[&[u8]], stamp: &str| WebhookHeaders {
            timestamp: Some(stamp.into()),
            signature: Some(sign(secret, parts)),
            ..headers(STAMP, BODY)
        };
        let whole: &[&[u8]] = &[STAMP.as_bytes(), b".", BODY];
        let table = [
            (with(b"whsec-planted\n", whole, STAMP), "ends with a line break"),
            (with(b"\"whsec-planted\"", whole, STAMP), "quotation marks"),
            (with(b"another", whole, STAMP), "another secret"),
            (with(b"whsec-planted", &[BODY], STAMP), "without the timestamp"),
            (with(b"whsec-planted", &[STAMP.as_bytes(), BODY], STAMP), "no dot"),
            (with(b"whsec-planted", whole, "2026-01-01T00:00:00+00:00"), "written anew"),
            (with(b"whsec-planted", &[b"1767225600.", BODY], STAMP), "written anew"),
        ];
        for (headers, expected) in table {
            let told = told(&headers, BODY);
            assert!(told.contains(expected), "{expected}: {told}");
        }
    }

    #[test]
    fn mistakes_of_headers_are_named() {
        let right = headers(STAMP, BODY);
        let with = |change: &dyn Fn(&mut WebhookHeaders)| {
            let mut changed = right.clone();
            change(&mut changed);
            told(&changed, BODY)
        };
        let bare = right.signature.clone().unwrap().replace("sha256=", "");
        assert!(with(&|h| h.signature = Some(bare.clone())).contains("prefix"));
        assert!(with(&|h| h.signature = None).contains("no X-Webhook-Signature"));
        assert!(with(&|h| h.signature = Some("sha1=00".into())).contains("64 hexadecimal"));
        assert!(with(&|h| h.timestamp = None).contains("no X-Webhook-Timestamp"));
        assert!(with(&|h| h.timestamp = Some("1767225600".into())).contains("counts seconds"));
        assert!(with(&|h| h.delivery_id = None).contains("repetition"));
        let old = explain(&right, BODY, &secret(), Timestamp(NOW.0 + 3_600_000), AGE);
        let age = old.findings.iter().find(|f| f.check == "age").unwrap();
        assert!(age.outcome == Outcome::Wrong && age.told.contains("60 min ago; "), "{age:?}");
        assert!(old.findings.iter().any(|f| f.check == "signature" && f.outcome == Outcome::Fine));
    }
}
