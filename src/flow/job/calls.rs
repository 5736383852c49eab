//! The calls about one attempt: what the user and the attempt's log learn of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::upload::retry_reporter;
use crate::client::{LastRequestId, RequestOptions};
use crate::flow::context::Context;
use crate::ledger::{AttemptStatus, RepeatedCall};
use crate::model::{Failure, InputRef, JobId, Timestamp};

/// Maximum repeated calls that are written with one commit: a job may be polled for hours without one.
const REPEATED_MAX: usize = 32;

type RetryReporter = Box<dyn Fn(&Failure, Duration) + Send + Sync>;

pub(crate) struct AttemptCalls {
    input: InputRef,
    on_retry: RetryReporter,
    /// Refused calls that the client has repeated since the last commit.
    repeated: Arc<Mutex<Vec<(Timestamp, Failure)>>>,
    last_answer: LastRequestId,
}

impl AttemptCalls {
    pub(crate) fn new(context: &Context, input: InputRef) -> Self {
        let repeated: Arc<Mutex<Vec<_>>> = Arc::default();
        let report = retry_reporter(Arc::clone(&context.observer), input.clone());
        let (clock, kept) = (Arc::clone(&context.clock), Arc::clone(&repeated));
        let on_retry = Box::new(move |failure: &Failure, wait: Duration| {
            // Without a status it is a pause of the limiter: nothing was sent.
            if failure.status.is_some() {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < REPEATED_MAX {
                    kept.push((clock.wall(), failure.clone()));
                }
            }
            report(failure, wait);
        });
        Self { input, on_retry, repeated, last_answer: LastRequestId::default() }
    }

    /// Options of a call about the input, or about its job.
    pub(crate) fn options(&self, job: Option<JobId>) -> RequestOptions<'_> {
        RequestOptions {
            input: Some(&self.input.name),
            job,
            on_retry: &*self.on_retry,
            last_request_id: Some(&self.last_answer),
            ..RequestOptions::plain()
        }
    }

    /// Request id of the last answer, once.
    pub(crate) fn take_last_answer(&self) -> Option<String> {
        self.last_answer.take()
    }

    /// Calls that were repeated since the last commit, while the attempt had this status.
    pub(crate) fn take_repeated(&self, status: AttemptStatus) -> Vec<RepeatedCall> {
        let mut repeated = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        let repeated = std::mem::take(&mut *repeated).into_iter();
        repeated.map(|(at, failure)| RepeatedCall { at, status, failure }).collect()
    }
}
