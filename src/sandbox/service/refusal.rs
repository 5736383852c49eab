//! Errors of the service, before they take a wire shape.

use std::io;

use crate::sandbox::state::rate_limiter::RefusalPause;

/// An error response (contract, *Errors*).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// The pause announced by a 429.
    pub(crate) pause: Option<RefusalPause>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), pause: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", message)
    }

    pub(crate) fn missing_key() -> Self {
        Self::new(401, "missing_api_key", "X-Api-Key header is required")
    }

    pub(crate) fn invalid_key() -> Self {
        Self::new(401, "invalid_api_key", "The API key is not valid")
    }

    pub(crate) fn insufficient(needed: f64, left: f64) -> Self {
        Self::new(
            402,
            "insufficient_credits",
            format!("Insufficient credits: {needed} needed, {left} left"),
        )
    }

    pub(crate) fn job_not_found() -> Self {
        Self::new(404, "not_found", "Job not found")
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("{what} not found"))
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "conflict", message)
    }

    pub(crate) fn rate_limited(message: impl Into<String>, pause: RefusalPause) -> Self {
        Self { pause: Some(pause), ..Self::new(429, "rate_limited", message) }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "internal_error", message)
    }
}

/// For the files of the state.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::internal(format!("state could not be written: {error}"))
    }
}

/// The default code of a status.
pub(crate) fn code_for(status: u16) -> &'static str {
    match status {
        401 => "invalid_api_key",
        402 => "insufficient_credits",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        429 => "rate_limited",
        504 => "timeout",
        500.. => "internal_error",
        _ => "invalid_request",
    }
}
