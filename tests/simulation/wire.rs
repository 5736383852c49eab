//! The line between a client and the simulated service, in memory and in virtual time: latency,
//! calls that fail before or after their effect, and a record of all calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use rbgv::client::UploadContent;
use rbgv::client::transport::{
    Auth, BodyEnd, Method, Payload, Response, ResponseBody, ResponseHead, Transport,
    TransportError, TransportRequest,
};
use rbgv::model::Failure;
use rbgv::sandbox::{Distribution, EngineChoice, InProcess, Options, Scenario};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use crate::dice::Dice;
use crate::record::Record;
use crate::server::{Kind, Server, seconds};

/// Longest body of an answer.
const RESPONSE_MAX: usize = 8 << 20;

/// How long a silent connection is waited for, as the program's own transport does.
const SILENCE: Duration = Duration::from_mins(1);

/// The service, and the line to it.
pub struct Wire {
    /// What it is like.
    pub server: Server,
    service: InProcess,
    dice: Dice,
    record: Mutex<Record>,
    began: Instant,
    crash: Mutex<Option<u64>>,
    /// What is done at the point at which so many are left until a crash.
    on_the_way: Mutex<Option<(u64, OnTheWay)>>,
    /// Notified when the point of a crash is reached, or a client makes far too many calls.
    pub crashed: Notify,
}

/// Between these times no response reaches the client.
pub type Cut = Option<(Instant, Instant)>;

/// What is done at a point.
pub type OnTheWay = Box<dyn FnOnce() + Send>;

/// A call in a form that outlives its caller.
struct Call {
    method: Method,
    url: Url,
    key: bool,
    content_type: Option<String>,
    body: Bytes,
    kinds: Vec<Kind>,
    /// Name of the file that is uploaded.
    file: Option<String>,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// No connection: certainly without effect.
    Refused,
    /// The connection breaks before the effect.
    LostBefore,
    /// The connection breaks after the effect.
    LostAfter,
    /// A gateway's page instead of the response, before the effect.
    PageBefore,
    /// The same after the effect.
    PageAfter,
    /// Nothing comes back, before the effect.
    SilentBefore,
    /// Nothing comes back, after the effect.
    SilentAfter,
}

/// What a call meets on its way, in seconds.
#[derive(Debug, Clone, Copy)]
struct Way {
    there: f64,
    back: f64,
    fate: Fate,
}

/// What comes back.
enum Returned {
    Answer(http::response::Parts, Bytes),
    Fault(TransportError),
}

impl Wire {
    /// A service that has seen nothing yet. In a runtime whose clock is paused.
    pub fn new(server: Server) -> Arc<Self> {
        let scenario = Scenario::parse(&server.scenario())
            .unwrap_or_else(|error| panic!("{error}\n{}", server.scenario()));
        let options = Options {
            scenario: Some(scenario),
            engine: EngineChoice::Timer(Distribution::parse(&server.timer()).unwrap()),
            credits: 1e12,
            workers: server.workers.map_or(100_000, |workers| workers as usize),
            ..Options::default()
        };
        Arc::new(Self {
            service: InProcess::new(options, server.seed).unwrap(),
            dice: Dice::new(server.seed, 2),
            record: Mutex::new(Record::default()),
            began: Instant::now(),
            crash: Mutex::default(),
            on_the_way: Mutex::default(),
            crashed: Notify::new(),
            server,
        })
    }

    /// The sandbox behind the line.
    pub fn service(&self) -> &InProcess {
        &self.service
    }

    /// What was seen of the calls.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the service began.
    pub fn age(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Makes the client crash after this number of further sends and responses; `None`: never.
    pub fn crash_after(&self, points: Option<u64>) {
        *self.crash.lock().unwrap_or_else(PoisonError::into_inner) = points;
        *self.on_the_way.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Does something at the point at which `left` are left until the crash.
    pub fn when_left(&self, left: u64, what: OnTheWay) {
        *self.on_the_way.lock().unwrap_or_else(PoisonError::into_inner) = Some((left, what));
    }

    /// A moment at which a client may crash. Never returns when it does.
    async fn point(&self) {
        let is_last = {
            let mut left = self.crash.lock().unwrap_or_else(PoisonError::into_inner);
            let mut on_the_way = self.on_the_way.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, what)) = on_the_way.take_if(|(at, _)| *left == Some(*at)) {
                what();
            }
            match &mut *left {
                Some(0) => true,
                Some(points) => {
                    *points -= 1;
                    false
                }
                None => false,
            }
        };
        if is_last {
            self.crashed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn way(&self, call: &Call) -> Way {
        let server = &self.server;
        let latency = server.latency * self.dice.uniform(0.75, 1.25);
        let transfer = match call.file {
            Some(_) => server.transfer * self.dice.uniform(0.75, 1.25),
            None => 0.0,
        };
        let fails = !call.kinds.is_empty() && self.dice.chance(server.failing);
        let fate = if fails {
            self.dice.pick(&[
                Fate::Refused,
                Fate::Refused,
                Fate::LostBefore,
                Fate::LostBefore,
                Fate::LostAfter,
                Fate::LostAfter,
                Fate::PageBefore,
                Fate::PageAfter,
                Fate::PageAfter,
                Fate::SilentBefore,
                Fate::SilentAfter,
            ])
        } else {
            Fate::Answered
        };
        Way { there: 0.4 * latency + transfer, back: 0.4 * latency, fate }
    }

    async fn exchange(self: &Arc<Self>, call: Call, cut: Cut) -> Result<Response, TransportError> {
        self.point().await;
        let kind = call.kinds.first().copied();
        let way = self.way(&call);
        let path = call.url.path().to_owned();
        {
            let mut record = self.record();
            record.sent(self.age(), kind, &path);
            if record.is_excessive() {
                self.crashed.notify_one();
            }
        }
        if way.fate == Fate::Refused {
            sleep(seconds(way.there)).await;
            self.point().await;
            return Err(TransportError::Unreachable("connection refused".to_owned()));
        }
        // The bytes are on their way, even if the caller is dropped.
        let (answer, answered) = oneshot::channel();
        let wire = Arc::clone(self);
        tokio::spawn(async move {
            let returned = wire.carry(call, way).await;
            // The caller may be gone.
            let _ = answer.send(returned);
        });
        let returned = answered.await;
        if let Some((from, until)) = cut
            && (from..until).contains(&Instant::now())
        {
            sleep_until(until).await;
        }
        self.point().await;
        match returned {
            Ok(Returned::Answer(parts, body)) => {
                self.record().answered(self.age(), kind, &path, &parts, &body);
                Ok(Response { head: head(&parts, body.len()), body, end: BodyEnd::Whole })
            }
            Ok(Returned::Fault(fault)) => Err(fault),
            Err(_) => Err(TransportError::Broken("the service ended".to_owned())),
        }
    }

    /// The way of a call to the service and back.
    async fn carry(&self, call: Call, way: Way) -> Returned {
        sleep(seconds(way.there)).await;
        let lost = |why: &str| Returned::Fault(TransportError::Broken(why.to_owned()));
        let returned = match way.fate {
            Fate::LostBefore => lost("connection reset by peer"),
            Fate::SilentBefore => Returned::Fault(TransportError::Silent(SILENCE)),
            Fate::PageBefore => page(503),
            _ => match self.serve(&call).await {
                Err(why) => lost(&why),
                Ok(_) if way.fate == Fate::LostAfter => lost("connection reset by peer"),
                Ok(_) if way.fate == Fate::SilentAfter => {
                    Returned::Fault(TransportError::Silent(SILENCE))
                }
                Ok(_) if way.fate == Fate::PageAfter => page(502),
                Ok((parts, body)) => Returned::Answer(parts, body),
            },
        };
        if matches!(returned, Returned::Fault(TransportError::Silent(_))) {
            sleep(SILENCE).await;
        }
        sleep(seconds(way.back)).await;
        returned
    }

    /// The application's answer.
    async fn serve(&self, call: &Call) -> Result<(http::response::Parts, Bytes), String> {
        let kind = call.kinds.first().copied();
        let mut request = http::Request::builder()
            .method(call.method.as_str())
            .uri(call.url.as_str())
            .header(http::header::HOST, call.url.host_str().unwrap_or_default())
            .header(http::header::CONTENT_LENGTH, call.body.len());
        if call.key {
            request = request.header("x-api-key", self.service.api_key());
        }
        if let Some(content_type) = &call.content_type {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        let request = request.body(Body::from(call.body.clone())).map_err(|e| e.to_string())?;
        let response =
            self.service.call(request).await.map_err(|_| "connection reset".to_owned())?;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, RESPONSE_MAX).await.map_err(|error| error.to_string())?;
        self.record().served(kind, call.file.as_deref(), &call.body, &body);
        Ok((parts, body))
    }
}

/// A gateway's page.
fn page(status: u16) -> Returned {
    let response = http::Response::builder().status(status).header("content-type", "text/html");
    let (parts, ()) = response.body(()).unwrap().into_parts();
    let body = format!("<html><body><h1>{status}</h1></body></html>");
    Returned::Answer(parts, Bytes::from(body))
}

fn head(parts: &http::response::Parts, length: usize) -> ResponseHead {
    let text = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
    };
    ResponseHead {
        status: parts.status.as_u16(),
        request_id: text("x-request-id"),
        retry_after: text("retry-after"),
        date: text("date"),
        location: text("location"),
        content_type: text("content-type"),
        content_range: text("content-range"),
        content_length: Some(length as u64),
        etag: text("etag"),
        ..ResponseHead::default()
    }
}

/// What limits count a call as; nothing for calls without a key.
fn kinds(method: Method, path: &str) -> Vec<Kind> {
    let kind = match (method, path.strip_prefix("/v1/")) {
        (_, None) => return Vec::new(),
        (Method::Post, Some("uploads")) => Kind::Upload,
        (Method::Post, Some("jobs")) => Kind::Create,
        (Method::Post, Some(_)) => Kind::Start,
        (Method::Get, Some("jobs")) => Kind::List,
        (Method::Get, Some(_)) => Kind::Get,
    };
    vec![kind]
}

/// The client's end of the line.
pub struct Client {
    pub wire: Arc<Wire>,
    pub cut: Cut,
}

impl Client {
    async fn exchange(&self, call: Call) -> Result<Response, TransportError> {
        self.wire.exchange(call, self.cut).await
    }

    fn call(request: TransportRequest<'_>) -> Result<Call, TransportError> {
        let TransportRequest { method, url, auth, payload, .. } = request;
        let (mut content_type, mut name, mut body) = (None, None, Bytes::new());
        match payload {
            Payload::Empty => {}
            Payload::Json(json) => {
                content_type = Some("application/json".to_owned());
                body = json;
            }
            Payload::File { file, progress } => {
                let UploadContent::File(path) = &file.content else {
                    let why = "the simulation uploads files only";
                    return Err(TransportError::Unsendable(why.to_owned()));
                };
                let bytes = std::fs::read(path)
                    .map_err(|error| TransportError::Unreadable(error.to_string()))?;
                progress(bytes.len() as u64);
                body = multipart(&file.name, &file.content_type, &bytes);
                content_type = Some("multipart/form-data; boundary=simulation".to_owned());
                name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            }
        }
        let kinds = kinds(method, url.path());
        Ok(Call { method, key: auth == Auth::Key, url, content_type, body, kinds, file: name })
    }
}

fn multipart(name: &str, content_type: &str, bytes: &[u8]) -> Bytes {
    let head = format!(
        "--simulation\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--simulation--\r\n"].concat().into()
}

impl Transport for Client {
    fn check(&self, _url: &Url) -> Result<(), Failure> {
        Ok(())
    }

    fn send<'a>(
        &'a self,
        request: TransportRequest<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move { self.exchange(Self::call(request)?).await })
    }

    fn open<'a>(
        &'a self,
        url: Url,
        rest: Option<(u64, &'a str)>,
    ) -> BoxFuture<'a, Result<(ResponseHead, ResponseBody), TransportError>> {
        Box::pin(async move {
            // An output from an earlier attempt is fetched anew: the whole is a fair answer.
            let _ = rest;
            let answer = self
                .exchange(Call {
                    method: Method::Get,
                    url,
                    key: false,
                    content_type: None,
                    body: Bytes::new(),
                    kinds: Vec::new(),
                    file: None,
                })
                .await?;
            let pieces = stream::iter([Ok(answer.body)]);
            Ok((answer.head, ResponseBody::new(pieces, SILENCE)))
        })
    }
}
