//! Classification of failed attempts, and the decision about a retry. Every case is listed in
//! `snapshots/`, so that a change of policy shows as a diff of a table. The rules are explained in
//! `docs/architecture.md`.

use super::endpoint::Idempotency;
use crate::client::transport::TransportError;
use crate::model::{Execution, FailureKind};

/// The service's code for insufficient credits, valid with any status (contract, *Errors*).
const NO_CREDITS: &str = "insufficient_credits";

/// The way in which an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AttemptOutcome<'a> {
    /// No response.
    NoResponse(&'a TransportError),
    /// An error status. `structured` if the body has a form of the service's own errors, and is not
    /// empty or the page of a gateway.
    Refused { status: u16, code: Option<&'a str>, structured: bool },
    /// A success status with an unreadable body; `cut` if the body is incomplete.
    Unusable { cut: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Classification {
    pub(crate) kind: FailureKind,
    pub(crate) delivery: Execution,
}

/// The API, which has jobs and credits, or the host of an output, which has neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostRole {
    Api,
    Output,
}

/// The decision after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Retry after a backoff.
    Retry,
    /// Fail: a retry would not help.
    GiveUp,
    /// The call is not idempotent: the caller decides, based on the ledger.
    AskCaller,
}

pub(crate) fn classify(side: HostRole, outcome: AttemptOutcome<'_>) -> Classification {
    match outcome {
        AttemptOutcome::NoResponse(error) => classify_transport_error(error),
        AttemptOutcome::Refused { status, code, structured } => {
            let kind = match side {
                HostRole::Api if code == Some(NO_CREDITS) => FailureKind::InsufficientCredits,
                HostRole::Api => kind_of_status(status),
                HostRole::Output => kind_of_output_status(status),
            };
            Classification { kind, delivery: delivery(kind, status, structured) }
        }
        AttemptOutcome::Unusable { cut } => Classification {
            kind: if cut { FailureKind::Broken } else { FailureKind::Contract },
            delivery: Execution::Ambiguous,
        },
    }
}

pub(crate) fn next_step(idempotency: Idempotency, kind: FailureKind) -> NextStep {
    match idempotency {
        Idempotency::NonIdempotent => NextStep::AskCaller,
        Idempotency::Idempotent if kind.is_retryable_if_idempotent() => NextStep::Retry,
        Idempotency::Idempotent => NextStep::GiveUp,
    }
}

fn classify_transport_error(error: &TransportError) -> Classification {
    let (kind, delivery) = match error {
        TransportError::Unreachable(_) => (FailureKind::Unreachable, Execution::NotExecuted),
        TransportError::Untrusted(_) | TransportError::NoTls => {
            (FailureKind::Configuration, Execution::NotExecuted)
        }
        TransportError::Unreadable(_) => (FailureKind::Local, Execution::NotExecuted),
        TransportError::Unsendable(_) => (FailureKind::InvalidRequest, Execution::NotExecuted),
        TransportError::Broken(_) | TransportError::Silent(_) => {
            (FailureKind::Broken, Execution::Ambiguous)
        }
    };
    Classification { kind, delivery }
}

fn kind_of_status(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Unauthorized,
        402 => FailureKind::InsufficientCredits,
        407 => FailureKind::Configuration,
        403 => FailureKind::Forbidden,
        404 | 410 => FailureKind::NotFound,
        409 => FailureKind::Conflict,
        429 => FailureKind::RateLimited,
        // 408: the server timed out waiting for the request. 425: it accepts no early data.
        408 | 425 | 500..=599 => FailureKind::Unavailable,
        400..=499 => FailureKind::InvalidRequest,
        // Redirects that are not followed, and statuses unknown to HTTP.
        _ => FailureKind::Contract,
    }
}

/// An output host that rejects a link requires a new link. Storage services differ in their status
/// for an expired signature.
fn kind_of_output_status(status: u16) -> FailureKind {
    match status {
        400 | 401 | 403 | 404 | 410 => FailureKind::LinkExpired,
        407 | 408 | 425 | 429 | 500..=599 => kind_of_status(status),
        _ => FailureKind::Contract,
    }
}

fn delivery(kind: FailureKind, status: u16, structured: bool) -> Execution {
    match (kind, status) {
        // Rejections, whether by the service or by a gateway with an HTML page or an empty body.
        (FailureKind::InsufficientCredits, _) | (_, 401 | 402 | 403 | 429) => {
            Execution::NotExecuted
        }
        (_, 400 | 404 | 422) if structured => Execution::Refused,
        _ => Execution::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::time::Duration;

    use super::*;
    use crate::client::request::endpoint::every_endpoint;

    /// Every kind of failed attempt, by phase.
    fn every_case() -> Vec<(String, OwnedOutcome)> {
        let words = || "words".to_owned();
        let faults = [
            (
                "connect: refused, no such name, timeout, proxy, TLS",
                TransportError::Unreachable(words()),
            ),
            ("connect: certificate not accepted", TransportError::Untrusted(words())),
            ("connect: plain text in place of TLS", TransportError::NoTls),
            ("prepare: file unreadable or changed", TransportError::Unreadable(words())),
            ("prepare: request cannot be made", TransportError::Unsendable(words())),
            ("send: reset, or closed before the response", TransportError::Broken(words())),
            ("send: nothing moves", TransportError::Silent(Duration::from_mins(1))),
        ];
        let mut cases: Vec<_> = faults
            .into_iter()
            .map(|(name, error)| (name.to_owned(), OwnedOutcome::Fault(error)))
            .collect();
        let statuses = [
            301, 302, 307, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 413, 422, 425, 429,
            500, 502, 503, 504,
        ];
        for status in statuses {
            for (code, structured, name) in
                [(None, true, "in words"), (None, false, "page or nothing")]
            {
                let refused = OwnedOutcome::Refused(status, code, structured);
                cases.push((format!("response: {status} {name}"), refused));
            }
        }
        for status in [200, 400, 403, 409, 500] {
            let refused = OwnedOutcome::Refused(status, Some(NO_CREDITS), true);
            cases.push((format!("response: {status} {NO_CREDITS}"), refused));
        }
        let other = OwnedOutcome::Refused(200, Some("internal_error"), true);
        cases.push(("response: 200 internal_error".to_owned(), other));
        cases.push(("body: success, cut".to_owned(), OwnedOutcome::Unusable(true)));
        cases.push((
            "body: success, garbage or too large".to_owned(),
            OwnedOutcome::Unusable(false),
        ));
        cases
    }

    enum OwnedOutcome {
        Fault(TransportError),
        Refused(u16, Option<&'static str>, bool),
        Unusable(bool),
    }

    impl OwnedOutcome {
        fn borrowed(&self) -> AttemptOutcome<'_> {
            match self {
                Self::Fault(error) => AttemptOutcome::NoResponse(error),
                Self::Refused(status, code, structured) => AttemptOutcome::Refused {
                    status: *status,
                    code: *code,
                    structured: *structured,
                },
                Self::Unusable(cut) => AttemptOutcome::Unusable { cut: *cut },
            }
        }
    }

    #[test]
    fn every_decision_is_listed() {
        let mut table = String::new();
        for idempotency in [Idempotency::Idempotent, Idempotency::NonIdempotent] {
            let _ = writeln!(table, "{idempotency:?}:");
            for endpoint in every_endpoint().iter().filter(|one| one.idempotency == idempotency) {
                let _ = writeln!(table, "  {} {}", endpoint.method.as_str(), endpoint.path());
            }
        }
        table.push_str("\nAPI\n");
        let _ = writeln!(
            table,
            "{:<52}{:<21}{:<13}{:<12}others",
            "outcome", "kind", "delivery", "idempotent"
        );
        for (name, outcome) in every_case() {
            let classification = classify(HostRole::Api, outcome.borrowed());
            let _ = writeln!(
                table,
                "{name:<52}{:<21}{:<13}{:<12}{:?}",
                classification.kind.as_str(),
                format!("{:?}", classification.delivery),
                format!("{:?}", next_step(Idempotency::Idempotent, classification.kind)),
                next_step(Idempotency::NonIdempotent, classification.kind),
            );
        }
        table.push_str("\nOutput, repeated by the caller\n");
        for (name, outcome) in every_case() {
            let classification = classify(HostRole::Output, outcome.borrowed());
            let again = next_step(Idempotency::Idempotent, classification.kind);
            let _ = writeln!(table, "{name:<52}{:<21}{again:?}", classification.kind.as_str());
        }
        insta::assert_snapshot!("decisions", table);
    }

    #[test]
    fn a_start_is_only_certain_where_the_protocol_says_so() {
        let delivery = |status, structured| {
            classify(HostRole::Api, AttemptOutcome::Refused { status, code: None, structured })
                .delivery
        };
        for status in 100..=599 {
            let (in_words, page) = match status {
                401 | 402 | 403 | 429 => (Execution::NotExecuted, Execution::NotExecuted),
                400 | 404 | 422 => (Execution::Refused, Execution::Ambiguous),
                _ => (Execution::Ambiguous, Execution::Ambiguous),
            };
            assert_eq!(delivery(status, true), in_words, "{status}");
            assert_eq!(delivery(status, false), page, "{status}");
        }
    }
}
