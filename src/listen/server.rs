//! From a request to an answer. The order is what matters: bounded reading, verification, a place
//! in the queue, the ledger, the file of `--keep`, and only then the answer, which says as little
//! as it can. What was answered with success is therefore on the disk after a crash.

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
use crate::client::webhook::{VerifiedDelivery, WebhookError, WebhookHeaders, verify};
use crate::ledger::{DeliveryRecord, Ledger, NewDelivery};
use crate::model::{ApiKey, Clock, Failure, Instant, Sanitizer};

/// Why something is not taken, beside the words of [`WebhookError`].
pub const REASONS: [&str; 6] =
    [TOO_LARGE, CUT_SHORT, TOO_SLOW, BUSY, NOT_RECORDED, TOO_MANY_CONNECTIONS];

const TOO_LARGE: &str = "too_large";
const CUT_SHORT: &str = "cut_short";
const TOO_SLOW: &str = "too_slow";
const BUSY: &str = "busy";
const NOT_RECORDED: &str = "not_recorded";
/// An address has too many connections open: the one word that is not about a webhook.
pub const TOO_MANY_CONNECTIONS: &str = "too_many_connections";

/// Refusals that are told of in one [`REMARKS_WINDOW`]; the rest is counted.
const REMARKS: u32 = 10;

/// See [`REMARKS`].
const REMARKS_WINDOW: Duration = Duration::from_secs(10);

/// Longest time that a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// How long open requests may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// What decides whether a delivery is taken, and who is told.
#[derive(Clone)]
pub struct WebhookServer {
    /// Remembers what came.
    pub ledger: Ledger,
    /// Keeps what came, headers and body, if that is asked for.
    pub keep: Option<Arc<DeliveryLog>>,
    /// Scheme, host and port of the API whose webhooks these are.
    pub origin: String,
    /// Signs them.
    pub secret: ApiKey,
    /// Cleans what they say.
    pub sanitizer: Sanitizer,
    /// How old, or how far in the future, a delivery may be.
    pub max_age: Duration,
    /// Most bytes of a body.
    pub max_body: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told of everything that comes in. When it is full the sender is asked to come again.
    pub told: mpsc::Sender<ReceivedEvent>,
    /// Ids of deliveries that were handed over and are still being handled.
    pub in_hand: Arc<Mutex<HashSet<String>>>,
    /// How many refusals were told of lately.
    pub remarks: Arc<Mutex<RemarkLimit>>,
}

/// Bounds how many refusals are told of, since strangers decide how many there are.
#[derive(Debug, Default)]
pub struct RemarkLimit {
    window: Option<Instant>,
    told: u32,
    untold: u64,
}

impl RemarkLimit {
    /// Whether a refusal at `now` is told of: with the number of those before it that were not.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.window.is_none_or(|window| now.since(window) >= REMARKS_WINDOW) {
            self.window = Some(now);
            self.told = 0;
        }
        if self.told < REMARKS {
            self.told += 1;
            return Some(std::mem::take(&mut self.untold));
        }
        self.untold += 1;
        None
    }
}

/// Something that came in.
#[derive(Debug)]
pub enum ReceivedEvent {
    /// A delivery that was verified and never came before.
    Taken(Box<ReceivedDelivery>),
    /// A delivery that came before.
    Repeated {
        /// Its id.
        id: String,
        /// What it said happened.
        event: String,
    },
    /// Not believed, or not read.
    Refused {
        /// A stable word.
        word: &'static str,
        /// In words.
        why: String,
        /// What it calls itself, cleaned.
        id: Option<String>,
        /// How many refusals before it were not told of.
        untold: u64,
    },
}

/// A delivery with what it came in.
#[derive(Debug)]
pub struct ReceivedDelivery {
    /// What it says.
    pub delivery: VerifiedDelivery,
    /// Its headers, as they came.
    pub headers: WebhookHeaders,
    /// Its body, byte for byte.
    pub body: Bytes,
    /// Until this is dropped, the same delivery is not handed over again.
    _in_hand: DeliveryInProgress,
}

/// A delivery that is being handled in this process.
#[derive(Debug)]
struct DeliveryInProgress {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl DeliveryInProgress {
    /// None if the delivery is in hand already.
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

/// Receives until `stop` is cancelled.
///
/// # Errors
/// The socket cannot be used.
pub async fn serve(
    listener: TcpListener,
    reception: WebhookServer,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let reception = Arc::new(reception);
    let app = Router::new()
        .fallback(take)
        .layer(map_response(the_last_of_its_connection))
        .with_state(Arc::clone(&reception));
    let stopped = stop.clone().cancelled_owned();
    let guarded = LimitedListener::new(listener, move |address| {
        let why = format!("{address} has too many connections open");
        reception.remark(TOO_MANY_CONNECTIONS, why, None);
    });
    let served = axum::serve(guarded, app).with_graceful_shutdown(stopped);
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = served.into_future() => {
            ended.map_err(|error| Failure::local("receiving webhooks", &error))
        }
        () = patience => Ok(()),
    }
}

/// A connection carries one request, so that a stranger cannot hold it between two.
async fn the_last_of_its_connection(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn take(State(reception): State<Arc<WebhookServer>>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let headers = WebhookHeaders::read(|name| header(&head.headers, name));
    let id = headers.delivery_id.as_deref().map(|id| reception.sanitizer.clean_short(id));
    match reception.receive(headers, &head.headers, body).await {
        Ok(status) => status,
        Err(Rejected { status, word, why }) => {
            reception.remark(word, why, id);
            status
        }
    }
}

/// The only value of a header; where there are several, nobody can tell which was meant.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    only.to_str().ok().map(str::to_owned)
}

struct Rejected {
    status: StatusCode,
    word: &'static str,
    why: String,
}

impl Rejected {
    fn new(status: StatusCode, word: &'static str, why: impl Into<String>) -> Self {
        Self { status, word, why: why.into() }
    }
}

impl From<WebhookError> for Rejected {
    fn from(refusal: WebhookError) -> Self {
        let status = match refusal {
            WebhookError::NoDeliveryId | WebhookError::UnreadableBody(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        Self::new(status, refusal.as_str(), refusal.to_string())
    }
}

impl WebhookServer {
    async fn receive(
        &self,
        headers: WebhookHeaders,
        all: &HeaderMap,
        body: Body,
    ) -> Result<StatusCode, Rejected> {
        let body = self.read(all, body).await?;
        let now = self.clock.wall();
        let delivery = verify(&headers, &body, &self.secret, now, self.max_age, &self.sanitizer)?;
        // A place first: what is recorded is then also handled.
        let place = self.told.try_reserve().map_err(|_| busy())?;
        let (id, event) = (delivery.id.clone(), delivery.event.clone());
        let in_hand = DeliveryInProgress::take(&self.in_hand, &id);
        let keep = self.keep.as_ref().filter(|_| in_hand.is_some()).map(Arc::clone);
        let keep = keep.and_then(|keep| Some((keep, LoggedDelivery::new(&headers, &body, now)?)));
        let taken = self.remember(&delivery, keep).await?;
        let incoming = match (taken, in_hand) {
            (DeliveryRecord::New | DeliveryRecord::Unfinished, Some(in_hand)) => {
                ReceivedEvent::Taken(Box::new(ReceivedDelivery {
                    delivery,
                    headers,
                    body,
                    _in_hand: in_hand,
                }))
            }
            // Its twin is at the same place in another task, and came to nothing there.
            (DeliveryRecord::New, None) => return Err(busy()),
            _ => ReceivedEvent::Repeated { id, event },
        };
        if matches!(incoming, ReceivedEvent::Taken(_)) || self.has_room_for_remarks() {
            place.send(incoming);
        }
        Ok(StatusCode::OK)
    }

    /// Tells of a refusal. A flood of them fills neither our log nor the places of what is true.
    fn remark(&self, word: &'static str, why: String, id: Option<String>) {
        if !self.has_room_for_remarks() {
            return;
        }
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(untold) = remarks.next(self.clock.now()) {
            let _ = self.told.try_send(ReceivedEvent::Refused { word, why, id, untold });
        }
    }

    /// Whether more than half of the places is free: only then is told of what is not handled.
    fn has_room_for_remarks(&self) -> bool {
        self.told.capacity() > self.told.max_capacity() / 2
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Rejected> {
        let too_large = || {
            let why = format!("the body is larger than {} bytes", self.max_body);
            Rejected::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE, why)
        };
        let announced = header(headers, "content-length").and_then(|length| length.parse().ok());
        if announced.is_some_and(|length: usize| length > self.max_body) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_PATIENCE, to_bytes(body, self.max_body)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(error)) if is_too_large(&error) => Err(too_large()),
            Ok(Err(_)) => {
                Err(Rejected::new(StatusCode::BAD_REQUEST, CUT_SHORT, "the body was cut off"))
            }
            Err(_) => Err(Rejected::new(
                StatusCode::REQUEST_TIMEOUT,
                TOO_SLOW,
                format!("the body took longer than {} s", BODY_PATIENCE.as_secs()),
            )),
        }
    }

    /// Writes down what has to outlive this process before the delivery is answered.
    async fn remember(
        &self,
        delivery: &VerifiedDelivery,
        keep: Option<(Arc<DeliveryLog>, LoggedDelivery)>,
    ) -> Result<DeliveryRecord, Rejected> {
        let (ledger, new) = (self.ledger.clone(), new_delivery(delivery, &self.origin));
        let taken = tokio::task::spawn_blocking(move || {
            let taken = ledger.record_delivery(&new).map_err(|error| error.to_string())?;
            if let (DeliveryRecord::New | DeliveryRecord::Unfinished, Some((keep, stored))) =
                (taken, keep)
            {
                keep.append(&stored).map_err(|failure| failure.to_string())?;
            }
            Ok(taken)
        });
        let taken = taken.await.map_err(|error| error.to_string()).flatten();
        taken.map_err(|why| Rejected::new(StatusCode::INTERNAL_SERVER_ERROR, NOT_RECORDED, why))
    }
}

fn busy() -> Rejected {
    let why = "too many deliveries are waiting; the service will send it again";
    Rejected::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, why)
}

/// What the ledger keeps of a delivery of the service at `origin`.
fn new_delivery(delivery: &VerifiedDelivery, origin: &str) -> NewDelivery {
    NewDelivery {
        id: delivery.id.clone(),
        signature: delivery.signature.clone(),
        origin: origin.to_owned(),
        event: delivery.event.clone(),
        job: delivery.job.clone(),
        reports_final: delivery.says_final(),
    }
}

/// Whether reading ended at the bound.
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
