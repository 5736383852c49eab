//! A failed attempt: a transport error, an error response in any form, or an unreadable response.
//! Becomes a [`Failure`] once the number of attempts is known.

use std::time::Duration;

use url::Url;

use super::classify::{self, AttemptOutcome, Classification, HostRole};
use crate::client::transport::{BodyEnd, Response, ResponseHead, TransportError};
use crate::client::wire::Unreadable;
use crate::client::wire::error::ErrorBody;
use crate::model::{Failure, FailureKind, JobId};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttemptError {
    pub(crate) classification: Classification,
    pub(crate) why: String,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The reason comes from the service itself, in a documented form.
    is_structured: bool,
}

impl AttemptError {
    /// No response.
    pub(crate) fn from_transport_error(error: &TransportError) -> Self {
        Self {
            classification: classify::classify(HostRole::Api, AttemptOutcome::NoResponse(error)),
            why: error.to_string(),
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            is_structured: false,
        }
    }

    /// A response with an error status.
    pub(crate) fn from_refusal(
        side: HostRole,
        response: &Response,
        body: ErrorBody,
        retry_after: Option<Duration>,
    ) -> Self {
        let head = &response.head;
        let outcome = AttemptOutcome::Refused {
            status: head.status,
            code: body.code.as_deref(),
            structured: body.structured,
        };
        Self {
            classification: classify::classify(side, outcome),
            why: body.message.unwrap_or_else(|| default_reason(response)),
            status: Some(head.status),
            code: body.code,
            request_id: body.request_id.or_else(|| head.request_id.clone()),
            retry_after,
            is_structured: body.structured,
        }
    }

    /// A response with a success status that cannot be read. An error in its body takes precedence.
    pub(crate) fn from_unreadable(head: &ResponseHead, body: ErrorBody, bad: Unreadable) -> Self {
        let outcome = match body.code.as_deref() {
            Some(code) => {
                AttemptOutcome::Refused { status: head.status, code: Some(code), structured: true }
            }
            None => AttemptOutcome::Unusable { cut: bad.cut },
        };
        let why = match body.message {
            Some(message) => format!("{} ({message})", bad.why),
            None => bad.why,
        };
        Self {
            classification: classify::classify(HostRole::Api, outcome),
            why,
            status: Some(head.status),
            request_id: body.request_id.or_else(|| head.request_id.clone()),
            code: body.code,
            retry_after: None,
            is_structured: true,
        }
    }

    /// Adds the proxy of the request to the reason, since the proxy may be what failed. Not for
    /// structured reasons, which come from the service.
    pub(crate) fn with_proxy(mut self, proxy: Option<String>) -> Self {
        if let Some(proxy) = proxy.filter(|_| !self.is_structured) {
            self.why = format!("{} (through the proxy {proxy})", self.why);
        }
        self
    }

    /// Reclassifies a 404 on a path that every service has: there is no API at `base`.
    pub(crate) fn at_wrong_address(mut self, base: &Url) -> Self {
        self.classification.kind = FailureKind::Configuration;
        self.why = format!(
            "no API at {base}: check base_url in the profile or RBGV_BASE_URL (rbgv config \
             show); response: {}",
            self.why
        );
        self
    }

    /// `what` is the endpoint.
    pub(crate) fn into_failure(self, what: String, job: Option<JobId>) -> Failure {
        let mut failure = Failure::new(self.classification.kind, what, self.why);
        failure.delivery = self.classification.delivery;
        failure.status = self.status;
        failure.code = self.code;
        failure.request_id = self.request_id;
        failure.retry_after = self.retry_after;
        failure.job = job;
        failure.next = next_step(failure.kind).map(ToOwned::to_owned);
        failure
    }
}

/// The next command to try, if it is the same for all failures of this kind.
fn next_step(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Unauthorized | FailureKind::Configuration | FailureKind::Unreachable => {
            Some("rbgv doctor")
        }
        FailureKind::InsufficientCredits => Some("rbgv resume"),
        _ => None,
    }
}

/// The reason of an error response without a readable message.
fn default_reason(response: &Response) -> String {
    if let BodyEnd::Undecodable(why) = &response.end {
        return format!("the reason cannot be decoded: {why}");
    }
    match (&response.head.location, response.head.status) {
        (Some(to), 300..400) => {
            format!("the response redirects to {to}, which is not followed")
        }
        (_, 407) => "the proxy requires a user and password".to_owned(),
        (_, 500..600) => "the service, or a gateway in front of it, has an error".to_owned(),
        _ => "the service gave no reason".to_owned(),
    }
}
