//! Handling of one webhook request, in this order: bounded read, verification, queue slot, ledger,
//! `--keep` file, and only then the response, which reveals as little as possible. A delivery that
//! was acknowledged survives a crash.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection_limit::LimitedListener;
use super::delivery_log::{DeliveryLog, LoggedDelivery};
use crate::blocking::blocking;
use crate::client::webhook::{VerifiedDelivery, WebhookError, WebhookHeaders, verify};
use crate::ledger::{AsyncLedger, DeliveryRecord, NewDelivery};
use crate::model::{ApiKey, Clock, Failure, Instant, Sanitizer, Timestamp};

/// Reasons for a rejection, besides those of [`WebhookError`].
pub const REASONS: [&str; 6] =
    [TOO_LARGE, CUT_SHORT, TOO_SLOW, BUSY, NOT_RECORDED, TOO_MANY_CONNECTIONS];

const TOO_LARGE: &str = "too_large";
const CUT_SHORT: &str = "cut_short";
const TOO_SLOW: &str = "too_slow";
const BUSY: &str = "busy";
const NOT_RECORDED: &str = "not_recorded";
/// Reason for a connection over the limit per address.
pub const TOO_MANY_CONNECTIONS: &str = "too_many_connections";

/// Rejections reported per [`REPORT_WINDOW`]; more are counted.
const MAX_REPORTS: u32 = 10;

const REPORT_WINDOW: Duration = Duration::from_secs(10);

/// Time for a body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for open requests to finish after the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Configuration and state of the receiver.
#[derive(Clone)]
pub struct WebhookServer {
    /// Records deliveries.
    pub ledger: AsyncLedger,
    /// Stores headers and bodies, if requested.
    pub keep: Option<Arc<DeliveryLog>>,
    /// Scheme, host and port of the API that sends the webhooks.
    pub origin: String,
    pub secret: ApiKey,
    pub sanitizer: Sanitizer,
    /// Maximum age of a delivery, also into the future.
    pub max_age: Duration,
    /// Maximum body size in bytes.
    pub max_body: usize,
    pub clock: Arc<dyn Clock>,
    /// Receives every event. When it is full, the sender is asked to retry.
    pub events: mpsc::Sender<ReceivedEvent>,
    /// Ids of deliveries that are still being handled.
    pub in_progress: Arc<Mutex<HashSet<String>>>,
    pub rejections: Arc<Mutex<RejectionLimit>>,
}

/// Limits the number of reported rejections, which anybody can cause.
#[derive(Debug, Default)]
pub struct RejectionLimit {
    window: Option<Instant>,
    reported: u32,
    unreported: u64,
}

impl RejectionLimit {
    /// Number of unreported rejections before one at `now`; `None` if that one is not reported either.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.window.is_none_or(|window| now.since(window) >= REPORT_WINDOW) {
            self.window = Some(now);
            self.reported = 0;
        }
        if self.reported < MAX_REPORTS {
            self.reported += 1;
            return Some(std::mem::take(&mut self.unreported));
        }
        self.unreported += 1;
        None
    }
}

#[derive(Debug)]
pub enum ReceivedEvent {
    /// A new, verified delivery.
    Accepted(Box<ReceivedDelivery>),
    Repeated {
        id: String,
        /// Event name.
        event: String,
    },
    Rejected {
        /// Stable name of the reason.
        reason: &'static str,
        /// Message.
        why: String,
        /// Delivery id as sent, sanitized.
        id: Option<String>,
        /// Number of rejections before it that were not reported.
        unreported: u64,
    },
}

#[derive(Debug)]
pub struct ReceivedDelivery {
    pub delivery: VerifiedDelivery,
    pub headers: WebhookHeaders,
    pub body: Bytes,
    /// While it exists, the same delivery is not handled again.
    _in_progress: DeliveryInProgress,
}

#[derive(Debug)]
struct DeliveryInProgress {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl DeliveryInProgress {
    /// `None` if the delivery is already being handled.
    fn take(all: &Arc<Mutex<HashSet<String>>>, id: &str) -> Option<Self> {
        let fresh = all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        fresh.then(|| Self { all: Arc::clone(all), id: id.to_owned() })
    }
}

impl Drop for DeliveryInProgress {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Runs until `stop` is cancelled.
pub async fn serve(
    listener: TcpListener,
    server: WebhookServer,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let server = Arc::new(server);
    let app = Router::new()
        .fallback(respond)
        .layer(map_response(close_after_response))
        .with_state(Arc::clone(&server));
    let limited = LimitedListener::new(listener, move |address| {
        let why = format!("{address} has too many connections open");
        server.report_rejection(TOO_MANY_CONNECTIONS, why, None);
    });
    let serving = axum::serve(limited, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    let shutdown_timeout = async {
        stop.cancelled().await;
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
    };
    tokio::select! {
        ended = serving.into_future() => {
            ended.map_err(|error| Failure::local("receiving webhooks", &error))
        }
        () = shutdown_timeout => Ok(()),
    }
}

/// One request per connection, so that nobody can hold an idle one.
async fn close_after_response(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn respond(State(server): State<Arc<WebhookServer>>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let headers = WebhookHeaders::read(|name| header(&head.headers, name));
    let id = headers.delivery_id.as_deref().map(|id| server.sanitizer.clean_short(id));
    match server.receive(headers, &head.headers, body).await {
        Ok(()) => StatusCode::OK,
        Err(Rejection { status, reason, why }) => {
            server.report_rejection(reason, why, id);
            status
        }
    }
}

/// The value of a header; `None` if it occurs several times.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    only.to_str().ok().map(str::to_owned)
}

struct Rejection {
    status: StatusCode,
    reason: &'static str,
    why: String,
}

impl Rejection {
    fn new(status: StatusCode, reason: &'static str, why: impl Into<String>) -> Self {
        Self { status, reason, why: why.into() }
    }
}

impl From<WebhookError> for Rejection {
    fn from(error: WebhookError) -> Self {
        let status = match error {
            WebhookError::NoDeliveryId | WebhookError::UnreadableBody(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        Self::new(status, error.as_str(), error.to_string())
    }
}

impl WebhookServer {
    async fn receive(
        &self,
        headers: WebhookHeaders,
        all: &HeaderMap,
        body: Body,
    ) -> Result<(), Rejection> {
        let body = self.read(all, body).await?;
        let now = self.clock.wall();
        let delivery = verify(&headers, &body, &self.secret, now, self.max_age, &self.sanitizer)?;
        // Reserve a slot first, so that recorded deliveries are handled.
        let slot = self.events.try_reserve().map_err(|_| busy())?;
        let in_progress = DeliveryInProgress::take(&self.in_progress, &delivery.id);
        // Durable before the response.
        let recorded = self.record(&delivery).await.map_err(not_recorded)?;
        match (recorded, in_progress) {
            (DeliveryRecord::New | DeliveryRecord::Unfinished, Some(in_progress)) => {
                self.append_to_log(&headers, &body, now).await.map_err(not_recorded)?;
                slot.send(ReceivedEvent::Accepted(Box::new(ReceivedDelivery {
                    delivery,
                    headers,
                    body,
                    _in_progress: in_progress,
                })));
            }
            // Another task is handling the same delivery and has not recorded it.
            (DeliveryRecord::New, None) => return Err(busy()),
            _ if self.has_room_for_reports() => {
                slot.send(ReceivedEvent::Repeated { id: delivery.id, event: delivery.event });
            }
            _ => {}
        }
        Ok(())
    }

    /// Reports a rejection within the limit, so that a flood fills neither the log nor the queue.
    fn report_rejection(&self, reason: &'static str, why: String, id: Option<String>) {
        if !self.has_room_for_reports() {
            return;
        }
        let mut rejections = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(unreported) = rejections.next(self.clock.now()) {
            let _ = self.events.try_send(ReceivedEvent::Rejected { reason, why, id, unreported });
        }
    }

    /// Whether more than half of the queue is free, which rejections need.
    fn has_room_for_reports(&self) -> bool {
        self.events.capacity() > self.events.max_capacity() / 2
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Rejection> {
        let too_large = || {
            let why = format!("the body is larger than {} bytes", self.max_body);
            Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE, why)
        };
        let announced = header(headers, "content-length").and_then(|length| length.parse().ok());
        if announced.is_some_and(|length: usize| length > self.max_body) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, self.max_body)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(error)) if is_too_large(&error) => Err(too_large()),
            Ok(Err(_)) => {
                Err(Rejection::new(StatusCode::BAD_REQUEST, CUT_SHORT, "the body was cut off"))
            }
            Err(_) => Err(Rejection::new(
                StatusCode::REQUEST_TIMEOUT,
                TOO_SLOW,
                format!("the body took longer than {} s", BODY_TIMEOUT.as_secs()),
            )),
        }
    }

    async fn record(&self, delivery: &VerifiedDelivery) -> Result<DeliveryRecord, Failure> {
        let delivery = NewDelivery {
            id: delivery.id.clone(),
            signature: delivery.signature.clone(),
            origin: self.origin.clone(),
            event: delivery.event.clone(),
            job: delivery.job.clone(),
            reports_final: delivery.says_final(),
        };
        self.ledger.record_delivery(&delivery).await
    }

    async fn append_to_log(
        &self,
        headers: &WebhookHeaders,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(log) = self.keep.clone() else { return Ok(()) };
        let Some(delivery) = LoggedDelivery::new(headers, body, now) else { return Ok(()) };
        blocking(move || log.append(&delivery)).await
    }
}

fn busy() -> Rejection {
    let why = "too many deliveries are waiting; the service will send it again";
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, why)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_recorded(failure: Failure) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, NOT_RECORDED, failure.to_string())
}

/// Whether the body exceeded the limit.
fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}
