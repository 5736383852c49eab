//! Options of a single call: its context for logs, callbacks, and the last check before sending.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::model::{Failure, JobId};

/// Called before each retry, with the reason and the wait.
pub type OnRetry<'a> = &'a (dyn Fn(&Failure, Duration) + Send + Sync);

/// Called last, right before an attempt is sent. If it fails, nothing is sent.
pub type LastCheck<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<(), Failure>> + Send + Sync);

/// The request ID of the last response, for the history of a job in the ledger.
#[derive(Debug, Default)]
pub struct LastRequestId(Mutex<Option<String>>);

impl LastRequestId {
    /// Takes the ID, so that it is recorded once.
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set(&self, request_id: Option<&str>) {
        let request_id = request_id.map(ToOwned::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = request_id;
    }
}

#[derive(Clone)]
pub struct RequestOptions<'a> {
    /// The input, for logs.
    pub input: Option<&'a str>,
    /// The job, where the endpoint does not name it.
    pub job: Option<JobId>,
    pub on_retry: OnRetry<'a>,
    /// Runs after all waits for admission and before the first byte; its failure is returned
    /// unchanged. Prevents a start from being sent too long after it was recorded.
    pub last_check: Option<LastCheck<'a>>,
    /// Other jobs of the key in flight at a start, from which the concurrency limit is learned.
    pub in_flight: Option<u32>,
    /// `false` if the caller retries by itself, even idempotent calls.
    pub repeats: bool,
    /// Receives the request ID of each response, successful or not.
    pub last_request_id: Option<&'a LastRequestId>,
}

impl RequestOptions<'_> {
    /// Defaults: no context, no callbacks.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            input: None,
            job: None,
            on_retry: &|_, _| (),
            last_check: None,
            in_flight: None,
            repeats: true,
            last_request_id: None,
        }
    }
}

impl fmt::Debug for RequestOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("item", &self.input)
            .field("job", &self.job)
            .finish_non_exhaustive()
    }
}
