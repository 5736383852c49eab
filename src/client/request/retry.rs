//! The retry loop of every API call: wait for admission, send once, classify, log, and then return,
//! retry after a backoff, or permit the decision to the caller.

use crate::model::Timing;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;

use super::attempt_error::AttemptError;
use super::backoff::{self, BackoffWait};
use super::classify::{self, HostRole, NextStep};
use super::endpoint::{Endpoint, EndpointRoute, Idempotency};
use super::log::LoggedAttempt;
use super::options::RequestOptions;
use crate::client::config::LinkPolicy;
use crate::client::limits::CallPermit;
use crate::client::limits::limiter::Limiter;
use crate::client::outage::OutageMonitor;
use crate::client::transport::proxy::ProxyChoice;
use crate::client::transport::{
    BodyEnd, Payload, Response, ResponseHead, Transport, TransportRequest,
};
use crate::client::wire::error::ErrorBody;
use crate::client::wire::{self, Unreadable};
use crate::model::{
    Clock, Failure, FailureKind, Fingerprint, Instant, Random, Sanitizer, Timestamp,
};

/// Receives every successful, sanitized response. It may contain output links, so a hook must not
/// store it.
pub type ResponseHook = Arc<dyn Fn(EndpointRoute, &Value) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Requester {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hook: Option<ResponseHook>,
}

/// State shared by all clones of a client.
pub(crate) struct Shared {
    pub(crate) base_url: Url,
    /// Name and port, the scope of the circuit breaker.
    pub(crate) host: String,
    pub(crate) limiter: Limiter,
    pub(crate) outage: Arc<OutageMonitor>,
    pub(crate) origin: String,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) profile: OnceLock<String>,
    /// A page of one job was rejected too, so the page size is not the reason.
    pub(crate) smallest_page_refused: AtomicBool,
    pub(crate) transport: Box<dyn Transport>,
    /// Sanitizes text from the service and the output hosts.
    pub(crate) sanitizer: Sanitizer,
    pub(crate) proxy: ProxyChoice,
    pub(crate) links: LinkPolicy,
    pub(crate) timing: Timing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Shared {
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn profile(&self) -> Option<&str> {
        self.profile.get().map(String::as_str)
    }

    /// `Retry-After` of a response, as a duration.
    pub(crate) fn retry_after(&self, head: &ResponseHead) -> Option<Duration> {
        let header = head.retry_after.as_deref()?;
        backoff::retry_after(header, head.date.as_deref(), self.clock.wall())
    }
}

/// The result of a successful call.
pub(crate) struct CallResult<T> {
    pub(crate) value: T,
    pub(crate) request_id: Option<String>,
    /// `Date` of the response.
    pub(crate) date: Option<Timestamp>,
    status: u16,
}

/// Attempts so far, and the time of the first.
#[derive(Clone, Copy)]
struct AttemptCount {
    attempt: u32,
    since: Instant,
}

impl Requester {
    /// Executes a call. `read` decodes the response.
    pub(crate) async fn execute<T>(
        &self,
        endpoint: &Endpoint,
        payload: Payload<'_>,
        call: &RequestOptions<'_>,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<CallResult<T>, Failure> {
        self.execute_admitted(endpoint, None, payload, call, read).await
    }

    /// [`Requester::execute`] with an optional permit for the first attempt.
    pub(crate) async fn execute_admitted<T>(
        &self,
        endpoint: &Endpoint,
        mut permit: Option<CallPermit>,
        payload: Payload<'_>,
        call: &RequestOptions<'_>,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<CallResult<T>, Failure> {
        let mut attempts = AttemptCount { attempt: 1, since: self.shared.now() };
        loop {
            let admission = match permit.take() {
                Some(admission) => admission,
                None => self.admit(endpoint, call, attempts).await?,
            };
            if let Some(check) = call.last_check {
                check().await?;
            }
            let failure =
                match self.attempt(endpoint, &payload, call, &admission, attempts, &read).await {
                    Ok(done) => return Ok(done),
                    Err(failure) => failure,
                };
            // Frees the slot for other calls during the backoff.
            drop(admission);
            let retry = call.repeats.then(|| self.retry_wait(endpoint, attempts, &failure));
            let Some(wait) = retry.flatten() else { return Err(failure) };
            (call.on_retry)(&failure, wait);
            let _pending = self.shared.outage.retry_pending();
            tokio::time::sleep(wait).await;
            attempts.attempt += 1;
        }
    }

    /// Waits for admission of the first attempt.
    pub(crate) async fn admit_first(
        &self,
        endpoint: &Endpoint,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        self.admit(endpoint, call, AttemptCount { attempt: 1, since: self.shared.now() }).await
    }

    async fn admit(
        &self,
        endpoint: &Endpoint,
        call: &RequestOptions<'_>,
        attempts: AttemptCount,
    ) -> Result<CallPermit, Failure> {
        let what = endpoint.description();
        let admitted =
            self.shared.limiter.admit(endpoint.kind, &self.shared.host, &what, call).await;
        admitted.map_err(|failure| Failure {
            attempts: attempts.attempt - 1,
            elapsed: self.shared.now().since(attempts.since),
            job: endpoint.job.clone().or_else(|| call.job.clone()),
            ..failure
        })
    }

    /// The backoff before a retry, or `None` if the call is not retried.
    fn retry_wait(
        &self,
        endpoint: &Endpoint,
        attempts: AttemptCount,
        failure: &Failure,
    ) -> Option<Duration> {
        let repeats = classify::next_step(endpoint.idempotency, failure.kind) == NextStep::Retry;
        if !repeats || attempts.attempt > self.shared.timing.retries {
            return None;
        }
        match self.backoff(attempts.attempt, failure) {
            BackoffWait::Sleep(wait) => Some(wait),
            BackoffWait::TooLong(_) => None,
        }
    }

    fn backoff(&self, failures: u32, failure: &Failure) -> BackoffWait {
        let random = self.shared.random.unit();
        backoff::wait(&self.shared.timing, failures, failure.retry_after, random)
    }

    /// Sends once, and records the result in the log and the limits.
    async fn attempt<T>(
        &self,
        endpoint: &Endpoint,
        payload: &Payload<'_>,
        call: &RequestOptions<'_>,
        admission: &CallPermit,
        attempts: AttemptCount,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<CallResult<T>, Failure> {
        let url = endpoint.url(&self.shared.base_url)?;
        let sent = self.shared.now();
        let (method, auth, payload) = (endpoint.method, endpoint.auth, payload.clone());
        // On a closing pooled connection, the result would be unknown.
        let new_connection = endpoint.idempotency == Idempotency::NonIdempotent;
        let (response_max, proxy) = (endpoint.response_max(), self.shared.proxy.shown(&url));
        let request = TransportRequest { method, url, auth, payload, new_connection, response_max };
        let what = endpoint.description();
        let open = self.shared.outage.sent(endpoint.kind, &what, sent);
        let answered = self.shared.transport.send(request).await;
        let result = answered.map_err(|error| AttemptError::from_transport_error(&error)).and_then(
            |mut response| {
                response.head = response.head.cleaned(&self.shared.sanitizer);
                self.decode_response(endpoint, &response.decoded(response_max), read)
            },
        );
        let result = result.map_err(|error| error.with_proxy(proxy));
        self.log(endpoint, call, attempts.attempt, sent, &result);
        let result = result.map_err(|error| self.failure_of(endpoint, call, attempts, error));
        self.shared.outage.ended(&what, result.as_ref().err(), self.shared.now());
        drop(open);
        let (limiter, host) = (&self.shared.limiter, &self.shared.host);
        limiter.record(host, admission, call.in_flight, result.as_ref().err()).await;
        result
    }

    fn decode_response<T>(
        &self,
        endpoint: &Endpoint,
        response: &Response,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<CallResult<T>, AttemptError> {
        let head = &response.head;
        if !head.is_success() {
            let asked = self.shared.retry_after(head);
            let body = ErrorBody::read(&response.body, &self.shared.sanitizer);
            return Err(AttemptError::from_refusal(HostRole::Api, response, body, asked));
        }
        let value = json(response, &self.shared.sanitizer)
            .map_err(|bad| AttemptError::from_unreadable(head, ErrorBody::default(), bad))?;
        let body = ErrorBody::from_json(&value);
        let hook_input = self.hook.as_ref().map(|hook| (hook, value.clone()));
        let decoded = match read(value) {
            Ok(decoded) => decoded,
            Err(bad) => return Err(AttemptError::from_unreadable(head, body, bad)),
        };
        if let Some((hook, value)) = hook_input {
            hook(endpoint.route, &value);
        }
        Ok(CallResult {
            value: decoded,
            request_id: body.request_id.or_else(|| head.request_id.clone()),
            date: head.date.as_deref().and_then(wall_time),
            status: head.status,
        })
    }

    fn failure_of(
        &self,
        endpoint: &Endpoint,
        call: &RequestOptions<'_>,
        attempts: AttemptCount,
        error: AttemptError,
    ) -> Failure {
        let job = endpoint.job.clone().or_else(|| call.job.clone());
        // Every service has this path, so the base URL is wrong.
        let wrong_address =
            endpoint.exists_everywhere() && error.classification.kind == FailureKind::NotFound;
        let error =
            if wrong_address { error.at_wrong_address(&self.shared.base_url) } else { error };
        let mut failure = error.into_failure(endpoint.description(), job);
        failure.attempts = attempts.attempt;
        failure.elapsed = self.shared.now().since(attempts.since);
        failure
    }

    /// Also reports the request ID to the caller.
    fn log<T>(
        &self,
        endpoint: &Endpoint,
        call: &RequestOptions<'_>,
        attempt: u32,
        began: Instant,
        result: &Result<CallResult<T>, AttemptError>,
    ) {
        let done = result.as_ref().ok();
        let error = result.as_ref().err();
        let request_id = match result {
            Ok(done) => done.request_id.as_deref(),
            Err(error) => error.request_id.as_deref(),
        };
        if let Some(last) = call.last_request_id {
            last.set(request_id);
        }
        LoggedAttempt {
            profile: self.shared.profile(),
            method: endpoint.method.as_str(),
            path: &endpoint.path(),
            status: done.map(|done| done.status).or_else(|| error?.status),
            attempt,
            took: self.shared.now().since(began),
            request_id,
            job: endpoint.job.as_ref().or(call.job.as_ref()),
            input: call.input,
            error,
        }
        .write();
    }
}

/// Parses a `Date` header.
fn wall_time(header: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(header).ok()?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}

/// The body of a successful response.
fn json(response: &Response, sanitizer: &Sanitizer) -> Result<Value, Unreadable> {
    match &response.end {
        BodyEnd::Whole => wire::parse(&response.body, sanitizer),
        BodyEnd::TooLarge => {
            let size = response.body.len() / 1024;
            Err(Unreadable::new(format!("the response is larger than {size} KiB")))
        }
        BodyEnd::Cut(why) => {
            Err(Unreadable { why: format!("the response is incomplete: {why}"), cut: true })
        }
        BodyEnd::Undecodable(why) => {
            Err(Unreadable::new(format!("the response cannot be decoded: {why}")))
        }
    }
}
