//! One failed attempt: what is known of it, from a broken connection, a refusal in any shape, or an
//! answer that cannot be read. It becomes a [`Failure`] once the number of attempts is added.

use std::time::Duration;

use url::Url;

use super::classify::{self, AttemptOutcome, Classification, HostRole};
use crate::client::transport::{BodyEnd, Response, ResponseHead, TransportError};
use crate::client::wire::Unreadable;
use crate::client::wire::error::ErrorBody;
use crate::model::{Failure, FailureKind, JobId};

/// What is known of a failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttemptError {
    pub(crate) verdict: Classification,
    pub(crate) why: String,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the service itself gave the reason.
    is_structured: bool,
}

impl AttemptError {
    /// There was no answer.
    pub(crate) fn from_fault(fault: &TransportError) -> Self {
        Self {
            verdict: classify::judge(HostRole::Api, AttemptOutcome::Fault(fault)),
            why: fault.to_string(),
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            is_structured: false,
        }
    }

    /// The answer has a refusing status.
    pub(crate) fn from_refusal(
        side: HostRole,
        answer: &Response,
        said: ErrorBody,
        retry_after: Option<Duration>,
    ) -> Self {
        let head = &answer.head;
        let outcome = AttemptOutcome::Refused {
            status: head.status,
            code: said.code.as_deref(),
            structured: said.structured,
        };
        Self {
            verdict: classify::judge(side, outcome),
            why: said.message.unwrap_or_else(|| wordless(answer)),
            status: Some(head.status),
            code: said.code,
            request_id: said.request_id.or_else(|| head.request_id.clone()),
            retry_after,
            is_structured: said.structured,
        }
    }

    /// The answer has a status of success and cannot be read. An error in its body counts.
    pub(crate) fn from_unreadable(head: &ResponseHead, said: ErrorBody, bad: Unreadable) -> Self {
        let outcome = match said.code.as_deref() {
            Some(code) => {
                AttemptOutcome::Refused { status: head.status, code: Some(code), structured: true }
            }
            None => AttemptOutcome::Unusable { cut: bad.cut },
        };
        let why = match said.message {
            Some(message) => format!("{} ({message})", bad.why),
            None => bad.why,
        };
        Self {
            verdict: classify::judge(HostRole::Api, outcome),
            why,
            status: Some(head.status),
            request_id: said.request_id.or_else(|| head.request_id.clone()),
            code: said.code,
            retry_after: None,
            is_structured: true,
        }
    }

    /// Names the proxy that the request went through, if it did: it may be what failed. The service
    /// itself said a structured reason.
    pub(crate) fn behind(mut self, proxy: Option<String>) -> Self {
        if let Some(proxy) = proxy.filter(|_| !self.is_structured) {
            self.why = format!("{} (through the proxy {proxy})", self.why);
        }
        self
    }

    /// The same, where it shows that there is no API at `base`.
    pub(crate) fn at_wrong_address(mut self, base: &Url) -> Self {
        self.verdict.kind = FailureKind::Configuration;
        self.why = format!(
            "no API at {base}: check base_url in the profile or RBGV_BASE_URL (rbgv config \
             show); response: {}",
            self.why
        );
        self
    }

    /// The failure of `what`.
    pub(crate) fn into_failure(self, what: String, job: Option<JobId>) -> Failure {
        let mut failure = Failure::new(self.verdict.kind, what, self.why);
        failure.delivery = self.verdict.delivery;
        failure.status = self.status;
        failure.code = self.code;
        failure.request_id = self.request_id;
        failure.retry_after = self.retry_after;
        failure.job = job;
        failure.next = next_step(failure.kind).map(ToOwned::to_owned);
        failure
    }
}

/// The command to try next after a failure of this kind, where it is always the same.
fn next_step(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Unauthorized | FailureKind::Configuration | FailureKind::Unreachable => {
            Some("rbgv doctor")
        }
        FailureKind::InsufficientCredits => Some("rbgv resume"),
        _ => None,
    }
}

/// The reason of a refusal that gives none, or none that can be read.
fn wordless(answer: &Response) -> String {
    if let BodyEnd::Undecodable(why) = &answer.end {
        return format!("the reason cannot be decoded: {why}");
    }
    match (&answer.head.location, answer.head.status) {
        (Some(to), 300..400) => {
            format!("the response redirects to {to}, which is not followed")
        }
        (_, 407) => "the proxy requires a user and password".to_owned(),
        (_, 500..600) => "the service, or a gateway in front of it, has an error".to_owned(),
        _ => "the service gave no reason".to_owned(),
    }
}
