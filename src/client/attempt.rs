//! The one loop that every API call goes through: ask for leave, send once, judge, log, and either
//! return, wait and repeat, or leave the decision to the caller.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::asked::UploadFile;
use super::backoff::{self, Wait};
use super::call::Call;
use super::facade::Client;
use super::log::Logged;
use super::operation::Operation;
use super::transport::upload::{FileBody, Progress};
use super::transport::{Answer, BodyEnd, Fault, Head, Payload};
use super::trouble::Trouble;
use super::verdict::{self, Next, Side};
use super::wire::error::ErrorBody;
use super::wire::{self, Unreadable};
use crate::model::{Failure, Instant};

/// What an operation sends; its body is made anew for each attempt.
pub(super) enum Content<'a> {
    Nothing,
    Json(Bytes),
    File { file: &'a UploadFile, progress: Progress },
}

impl Content<'_> {
    async fn payload(&self) -> Result<Payload, Fault> {
        match self {
            Self::Nothing => Ok(Payload::Empty),
            Self::Json(body) => Ok(Payload::Json(body.clone())),
            Self::File { file, progress } => {
                FileBody::open(file, progress).await.map(Payload::File).map_err(Fault::Unreadable)
            }
        }
    }
}

/// What a successful call gave.
pub(super) struct Done<T> {
    pub(super) value: T,
    pub(super) request_id: Option<String>,
    status: u16,
}

/// How often a call was tried, and since when.
#[derive(Clone, Copy)]
struct Effort {
    attempt: u32,
    since: Instant,
}

impl Client {
    /// Carries `operation` out. `read` understands the answer.
    pub(super) async fn perform<T>(
        &self,
        operation: &Operation,
        content: Content<'_>,
        call: &Call<'_>,
        read: impl Fn(&Value) -> Result<T, Unreadable>,
    ) -> Result<Done<T>, Failure> {
        let mut effort = Effort { attempt: 1, since: self.now() };
        loop {
            if let Some(check) = call.last_check {
                check()?;
            }
            let began = self.now();
            let result = self.attempt(operation, &content, &read).await?;
            self.log(operation, call, effort.attempt, began, &result);
            let trouble = match result {
                Ok(done) => return Ok(done),
                Err(trouble) => trouble,
            };
            let next = verdict::next(operation.repeating, trouble.verdict);
            let failure = self.told(operation, call, effort, trouble);
            if next != Next::Repeat || effort.attempt > self.inner.timing.retries {
                return Err(failure);
            }
            let Wait::Sleep(wait) = self.backoff(effort.attempt, &failure) else {
                return Err(failure);
            };
            (call.on_retry)(&failure, wait);
            tokio::time::sleep(wait).await;
            effort.attempt += 1;
        }
    }

    /// How long to wait before going on after `failures` attempts, the last of which failed so.
    /// For callers that repeat what the client does not repeat by itself.
    #[must_use]
    pub fn backoff(&self, failures: u32, failure: &Failure) -> Wait {
        let random = self.inner.random.unit();
        backoff::wait(&self.inner.timing, failures, failure.retry_after, random)
    }

    /// Sends `operation` once. The outer error is one of the request itself.
    async fn attempt<T>(
        &self,
        operation: &Operation,
        content: &Content<'_>,
        read: impl Fn(&Value) -> Result<T, Unreadable>,
    ) -> Result<Result<Done<T>, Trouble>, Failure> {
        let url = operation.url(&self.inner.base_url)?;
        let answered = match content.payload().await {
            Ok(payload) => {
                self.inner.transport.call(operation.method, url, operation.auth, payload).await
            }
            Err(fault) => Err(fault),
        };
        Ok(answered
            .map_err(|fault| Trouble::from_fault(&fault))
            .and_then(|answer| self.understand(&answer, read)))
    }

    fn understand<T>(
        &self,
        answer: &Answer,
        read: impl Fn(&Value) -> Result<T, Unreadable>,
    ) -> Result<Done<T>, Trouble> {
        let head = &answer.head;
        if !(200..300).contains(&head.status) {
            let asked = self.retry_after(head);
            return Err(Trouble::from_refusal(Side::Api, head, &answer.body, asked));
        }
        let value =
            json(answer).map_err(|bad| Trouble::from_unreadable(head, &Value::Null, bad))?;
        let said_id = ErrorBody::from_json(&value).request_id;
        match read(&value) {
            Ok(value) => Ok(Done {
                value,
                request_id: said_id.or_else(|| head.request_id.clone()),
                status: head.status,
            }),
            Err(bad) => Err(Trouble::from_unreadable(head, &value, bad)),
        }
    }

    /// How long the service asked to be left alone.
    pub(super) fn retry_after(&self, head: &Head) -> Option<Duration> {
        let header = head.retry_after.as_deref()?;
        backoff::retry_after(header, head.date.as_deref(), self.inner.clock.wall())
    }

    fn told(
        &self,
        operation: &Operation,
        call: &Call<'_>,
        effort: Effort,
        trouble: Trouble,
    ) -> Failure {
        let job = operation.job.clone().or_else(|| call.job.clone());
        let mut failure = trouble.into_failure(operation.described(), job);
        failure.attempts = effort.attempt;
        failure.elapsed = self.now().since(effort.since);
        failure
    }

    fn log<T>(
        &self,
        operation: &Operation,
        call: &Call<'_>,
        attempt: u32,
        began: Instant,
        result: &Result<Done<T>, Trouble>,
    ) {
        let done = result.as_ref().ok();
        let trouble = result.as_ref().err();
        let request_id = match result {
            Ok(done) => done.request_id.as_deref(),
            Err(trouble) => trouble.request_id.as_deref(),
        };
        Logged {
            method: operation.method.as_str(),
            path: &operation.path(),
            status: done.map(|done| done.status).or_else(|| trouble?.status),
            attempt,
            took: self.now().since(began),
            request_id,
            job: operation.job.as_ref().or(call.job.as_ref()),
            item: call.item,
            trouble,
        }
        .write();
    }
}

/// The body of a successful answer.
fn json(answer: &Answer) -> Result<Value, Unreadable> {
    match &answer.end {
        BodyEnd::Whole => wire::parse(&answer.body),
        BodyEnd::TooLarge => Err(Unreadable::new("the answer is larger than any should be")),
        BodyEnd::Cut(why) => {
            Err(Unreadable { why: format!("the answer ends in the middle: {why}"), cut: true })
        }
    }
}
