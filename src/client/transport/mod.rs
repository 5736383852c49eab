//! HTTP transport. Sends a request once, with limits on every wait and every body, and returns the
//! response uninterpreted: classification and retries are in `request`.
//!
//! - [`Transport`]: the interface. `http` is the production implementation; the simulation has one
//!   that calls the sandbox without a network, in virtual time.
//! - `encoding`: decoding of compressed bodies, which transports return unmodified.

mod builder;
mod encoding;
mod error;
mod forward;
mod http;
pub(crate) mod proxy;
pub(crate) mod storage;
pub(crate) mod tls;
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
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::encoding::fuzz_encoding;
pub(crate) use self::error::NOT_RESOLVED;
pub use self::error::TransportError;
pub use self::forward::Forwarder;
pub(crate) use self::http::HttpTransport;

use super::types::UploadFile;
use crate::model::{Failure, Sanitizer};

/// Maximum response about a single object, in bytes, both compressed and decoded.
pub const RESPONSE_MAX: usize = 256 * 1024;
/// Maximum page of a list, in bytes, both compressed and decoded.
pub const PAGE_MAX: usize = 4 * 1024 * 1024;
/// Maximum part of an error response that is read, in bytes, both compressed and decoded.
const REFUSAL_MAX: usize = 64 * 1024;

/// Called with the number of bytes of the current attempt that were handed to the network.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// Requests to the API and to output hosts.
pub trait Transport: Send + Sync {
    /// Rejects URLs that are not permitted, or not reachable from this machine.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`](crate::model::FailureKind::Configuration), with the reason.
    fn check(&self, url: &Url) -> Result<(), Failure>;

    /// Sends one request to the API, once, and reads the response.
    fn send<'a>(
        &'a self,
        request: TransportRequest<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>>;

    /// Opens an output without credentials: from the start, or from an offset if its `ETag` is
    /// unchanged.
    fn open<'a>(
        &'a self,
        url: Url,
        rest: Option<(u64, &'a str)>,
    ) -> BoxFuture<'a, Result<(ResponseHead, ResponseBody), TransportError>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `X-Api-Key`.
    Key,
    /// `X-Admin-Token`.
    Admin,
    None,
}

/// A request to the API.
pub struct TransportRequest<'a> {
    pub method: Method,
    pub url: Url,
    /// Selects the credentials; the transport stores them.
    pub auth: Auth,
    pub payload: Payload<'a>,
    /// Uses a new connection. A pooled one may be closing, and then it is unknown whether the
    /// request was received.
    pub new_connection: bool,
    /// Maximum size of a successful response, in bytes.
    pub response_max: usize,
}

/// The body of a request, which is built anew for each attempt.
#[derive(Clone)]
pub enum Payload<'a> {
    Empty,
    Json(Bytes),
    /// A file as a multipart part, streamed from its start.
    File {
        file: &'a UploadFile,
        /// Called as bytes are sent.
        progress: &'a Progress,
    },
}

/// The end of a response body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEnd {
    /// Complete.
    Whole,
    /// Larger than permitted.
    TooLarge,
    /// Incomplete, with the reason.
    Cut(String),
    /// Unsupported or corrupt encoding, with the reason.
    Undecodable(String),
}

/// Status and headers of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHead {
    pub status: u16,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    pub retry_after: Option<String>,
    pub date: Option<String>,
    pub location: Option<String>,
    pub content_type: Option<String>,
    /// `Content-Encoding`, with multiple headers joined by commas.
    pub content_encoding: Option<String>,
    pub content_range: Option<String>,
    pub content_length: Option<u64>,
    pub etag: Option<String>,
}

impl ResponseHead {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Maximum body size in bytes; `response_max` applies to successful responses.
    fn body_max(&self, response_max: usize) -> usize {
        if self.is_success() { response_max } else { REFUSAL_MAX }
    }

    /// Sanitizes the headers that are displayed or stored. An entity tag is sent back unmodified,
    /// so an unclean one is dropped.
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

/// A response, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub head: ResponseHead,
    /// Undecoded body.
    pub body: Bytes,
    pub end: BodyEnd,
}

/// A response body as chunks.
pub struct ResponseBody {
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>,
    idle: Duration,
}

impl ResponseBody {
    /// The body consists of `pieces`. A pause of `idle` between two of them is an error.
    pub fn new(
        pieces: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
        idle: Duration,
    ) -> Self {
        Self { pieces: Box::pin(pieces), idle }
    }

    /// The next chunk, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match timeout(self.idle, self.pieces.next()).await {
            Ok(piece) => piece.transpose(),
            Err(_) => Err(TransportError::Silent(self.idle)),
        }
    }

    /// Reads until the end or `most` bytes.
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

    /// Reads the body to at most `most` bytes, within `limit`.
    pub(crate) async fn read(
        mut self,
        head: ResponseHead,
        most: usize,
        limit: Duration,
    ) -> Response {
        let mut body = BytesMut::new();
        let end = match timeout(limit, self.fill(&mut body, most)).await {
            Ok(end) => end,
            Err(_) => BodyEnd::Cut(TransportError::Silent(limit).to_string()),
        };
        Response { head, body: body.freeze(), end }
    }

    /// The start of an error response, for its message.
    pub(crate) async fn refusal(self, head: ResponseHead) -> Response {
        let idle = self.idle;
        self.read(head, REFUSAL_MAX, idle).await
    }
}
