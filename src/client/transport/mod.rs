//! Bytes out and bytes in. A transport sends one request once, bounds every wait and every body,
//! and reports what came. It decides nothing: what an answer means is in
//! `verdict`, whether to go on in `attempt`.
//!
//! - [`Transport`]: the interface. `http` is the implementation of the program; the simulation has
//!   one that calls the sandbox without a network, in virtual time.
//! - `encoding`: compressed bodies. A transport hands them over as they came.

mod builder;
mod encoding;
mod error;
mod forward;
mod http;
pub(crate) mod proxy;
mod tls;
pub(super) mod tls_probe;
pub(super) mod upload;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;
use url::Url;

pub(crate) use self::encoding::Decoder;
pub(crate) use self::error::NOT_RESOLVED;
pub use self::error::TransportError;
pub use self::forward::Forwarder;
pub(crate) use self::http::HttpTransport;

use super::types::UploadFile;
use crate::model::{Failure, Sanitizer};

/// Largest answer about one thing that is read, in bytes, compressed or not.
pub const ANSWER_MAX: usize = 256 * 1024;
/// Largest page of a list that is read, in bytes, compressed or not.
pub const PAGE_MAX: usize = 4 * 1024 * 1024;
/// Largest part of a refusing answer that is read, in bytes, compressed or not.
const REFUSAL_MAX: usize = 64 * 1024;

/// Called with the bytes of the current attempt that were handed to the network.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// How requests reach the service and the host of outputs.
pub trait Transport: Send + Sync {
    /// Whether this machine may and can connect to `url`.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`](crate::model::FailureKind::Configuration), saying why not.
    fn check(&self, url: &Url) -> Result<(), Failure>;

    /// Sends one request to the API, once, and reads the answer.
    fn send<'a>(
        &'a self,
        request: TransportRequest<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>>;

    /// Opens an output without credentials: the whole, or the bytes from an offset on, if its etag
    /// is still this one.
    fn open<'a>(
        &'a self,
        url: Url,
        rest: Option<(u64, &'a str)>,
    ) -> BoxFuture<'a, Result<(ResponseHead, ResponseBody), TransportError>>;
}

/// HTTP method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// As it is written in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Which credentials a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `X-Api-Key`.
    Key,
    /// `X-Admin-Token`.
    Admin,
    /// None.
    None,
}

/// One request to the API.
pub struct TransportRequest<'a> {
    /// Method.
    pub method: Method,
    /// Address.
    pub url: Url,
    /// Credentials; the transport holds the secrets.
    pub auth: Auth,
    /// Body.
    pub payload: Payload<'a>,
    /// Uses a new connection. A pooled one may be closing, which leaves it open whether a request
    /// that was written to it was received.
    pub new_connection: bool,
    /// Largest successful answer that is read, in bytes.
    pub answer_max: usize,
}

/// The body of a request.
pub enum Payload<'a> {
    /// No body.
    Empty,
    /// JSON.
    Json(Bytes),
    /// A file as a multipart part, streamed from its beginning.
    File {
        /// The file.
        file: &'a UploadFile,
        /// Called as bytes are sent.
        progress: &'a Progress,
    },
}

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEnd {
    /// At its end.
    Whole,
    /// It is larger than an answer may be.
    TooLarge,
    /// It broke off; why.
    Cut(String),
    /// Its encoding is unknown, or it does not follow it; why.
    Undecodable(String),
}

/// Status and headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Date`.
    pub date: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, all such headers joined by commas.
    pub content_encoding: Option<String>,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// `ETag`.
    pub etag: Option<String>,
}

impl ResponseHead {
    /// Whether the status says that the request succeeded.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Largest body that is read of this answer, in bytes, where a success may have `answer_max`.
    fn body_max(&self, answer_max: usize) -> usize {
        if self.is_success() { answer_max } else { REFUSAL_MAX }
    }

    /// This head with the headers that are shown or stored cleaned. An entity tag is sent back as it
    /// is, so one that is not clean is left out.
    pub(crate) fn cleaned(mut self, sanitizer: &Sanitizer) -> Self {
        for shown in [
            &mut self.request_id,
            &mut self.location,
            &mut self.content_type,
            &mut self.content_encoding,
        ] {
            *shown = shown.take().map(|text| sanitizer.clean_short(&text));
        }
        self.etag = self.etag.filter(|etag| sanitizer.identifier(etag).is_some());
        self
    }
}

/// An answer that was read, as far as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status and headers.
    pub head: ResponseHead,
    /// Body, as it came.
    pub body: Bytes,
    /// How the body ended.
    pub end: BodyEnd,
}

/// The body of an answer, piece by piece.
pub struct ResponseBody {
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>,
    idle: Duration,
}

impl ResponseBody {
    /// The body that `pieces` make. A pause of `idle` between two pieces is a fault.
    pub fn new(
        pieces: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
        idle: Duration,
    ) -> Self {
        Self { pieces: Box::pin(pieces), idle }
    }

    /// The next piece, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match timeout(self.idle, self.pieces.next()).await {
            Ok(piece) => piece.transpose(),
            Err(_) => Err(TransportError::Silent(self.idle)),
        }
    }

    /// Reads until the end, or until there are `most` bytes.
    async fn fill(&mut self, body: &mut BytesMut, most: usize) -> BodyEnd {
        loop {
            match self.next().await {
                Ok(None) => return BodyEnd::Whole,
                Ok(Some(piece)) if body.len() + piece.len() > most => {
                    body.extend_from_slice(&piece[..most - body.len()]);
                    return BodyEnd::TooLarge;
                }
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Err(fault) => return BodyEnd::Cut(fault.to_string()),
            }
        }
    }

    /// The beginning of a refusing answer with this head, for its error message.
    pub(crate) async fn refusal(mut self, head: ResponseHead) -> Response {
        let mut body = BytesMut::new();
        let idle = self.idle;
        let end = match timeout(idle, self.fill(&mut body, REFUSAL_MAX)).await {
            Ok(end) => end,
            Err(_) => BodyEnd::Cut(TransportError::Silent(idle).to_string()),
        };
        Response { head, body: body.freeze(), end }
    }
}
