//! Bytes out and bytes in: the only place that knows the HTTP library. It sends one request once,
//! bounds every wait and every body, and reports what came. It decides nothing: what an answer
//! means is in [`verdict`](super::verdict), whether to go on in [`attempt`](super::attempt).
//!
//! Two HTTP clients. The one for the API carries credentials, request by request, and stays with
//! its origin. The one for output links has no way to carry any.

mod fault;
mod forward;
pub(super) mod peer;
mod setup;
mod tls;
pub(super) mod upload;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, multipart, redirect};
use tokio::time::timeout;
use url::Url;

pub(super) use fault::Fault;
use fault::{fault, words};
pub use forward::Forwarder;
use setup::{misconfigured, outward, proxied, secret_header, within_origin};
use tls::Tls;
use upload::FileBody;

use super::endpoint::{Endpoint, Timing, may_connect};
use super::operation::Method;
use crate::model::{Failure, FailureKind};

/// Largest answer that is read where an answer is wanted.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// Largest part of a refusing answer that is read.
const REFUSAL_MAX: usize = 64 * 1024;
/// Connections that nobody used for this long are not used again. Common servers close theirs
/// after 5 s; a start that meets a closing connection would be in doubt for minutes.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Which credentials a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    /// `X-Api-Key`.
    Key,
    /// `X-Admin-Token`.
    Admin,
    /// None.
    None,
}

/// The body of a request.
pub(super) enum Payload {
    Empty,
    Json(Bytes),
    File(FileBody),
}

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyEnd {
    Whole,
    TooLarge,
    Cut(String),
}

/// The headers of an answer that anybody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) date: Option<String>,
    pub(super) location: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) content_range: Option<String>,
    pub(super) content_length: Option<u64>,
    pub(super) etag: Option<String>,
}

/// An answer that was read, as far as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Bytes,
    pub(super) end: BodyEnd,
}

/// The body of an answer, piece by piece.
pub(super) struct Incoming {
    response: reqwest::Response,
    idle: Duration,
}

/// The connections to the service and to where outputs lie.
pub(super) struct Transport {
    api: reqwest::Client,
    output: reqwest::Client,
    key: Option<HeaderValue>,
    admin_token: Option<HeaderValue>,
    idle: Duration,
    /// Longest wait for the head of an answer to a small request.
    head: Duration,
    allow_http: bool,
    /// Why https cannot be used on this machine.
    no_tls: Option<String>,
}

impl Transport {
    /// # Errors
    /// [`FailureKind::Configuration`]: nothing that was given can make a client.
    pub(super) fn new(endpoint: &Endpoint, timing: &Timing) -> Result<Self, Failure> {
        let tls = tls::platform().map_err(|why| misconfigured(&why))?;
        Self::with_tls(endpoint, timing, tls)
    }

    fn with_tls(endpoint: &Endpoint, timing: &Timing, tls: Tls) -> Result<Self, Failure> {
        let allow_http = endpoint.allow_http;
        let build = |redirects: redirect::Policy| {
            let plain = reqwest::Client::builder()
                .tls_backend_preconfigured(tls.config.clone())
                .user_agent(&endpoint.user_agent)
                .redirect(redirects)
                .referer(false)
                .retry(reqwest::retry::never())
                .connect_timeout(timing.connect_timeout)
                .pool_idle_timeout(POOL_IDLE)
                .http1_only();
            proxied(plain, endpoint)?.build().map_err(|error| misconfigured(&words(&error)))
        };
        let transport = Self {
            api: build(redirect::Policy::custom(within_origin))?,
            output: build(redirect::Policy::custom(move |next| outward(next, allow_http)))?,
            key: endpoint.key.as_ref().map(secret_header).transpose()?,
            admin_token: endpoint.admin_token.as_ref().map(secret_header).transpose()?,
            idle: timing.idle_timeout,
            head: timing.connect_timeout + timing.idle_timeout,
            allow_http,
            no_tls: tls.unusable,
        };
        transport.reachable(&endpoint.base_url)?;
        Ok(transport)
    }

    /// Whether this machine may and can talk to `url`.
    pub(super) fn reachable(&self, url: &Url) -> Result<(), Failure> {
        if !may_connect(url, self.allow_http) {
            let why =
                format!("the address of {} is not https", url.host_str().unwrap_or("the host"));
            return Err(Failure::new(FailureKind::Configuration, "connecting", why));
        }
        match &self.no_tls {
            Some(why) if url.scheme() == "https" => {
                let why = format!("https needs certificates and this machine has none: {why}");
                Err(misconfigured(&why).with_next("apt-get install ca-certificates"))
            }
            _ => Ok(()),
        }
    }

    /// Sends one request to the API, once, and reads the answer.
    pub(super) async fn call(
        &self,
        method: Method,
        url: Url,
        auth: Auth,
        payload: Payload,
    ) -> Result<Answer, Fault> {
        let mut request = match method {
            Method::Get => self.api.get(url),
            Method::Post => self.api.post(url),
        }
        .header(ACCEPT, "application/json");
        let credentials = match auth {
            Auth::Key => self.key.as_ref().map(|key| ("x-api-key", key)),
            Auth::Admin => self.admin_token.as_ref().map(|token| ("x-admin-token", token)),
            Auth::None => None,
        };
        if let Some((name, secret)) = credentials {
            request = request.header(name, secret);
        }
        let response = match payload {
            Payload::Empty => self.head_of(request).await?,
            Payload::Json(body) => {
                self.head_of(request.header(CONTENT_TYPE, "application/json").body(body)).await?
            }
            Payload::File(file) => self.send_file(request, file).await?,
        };
        Ok(self.read(response).await)
    }

    /// Asks for an output, or for its rest from a byte on if it is still the same.
    pub(super) async fn open(
        &self,
        url: Url,
        rest: Option<(u64, &str)>,
    ) -> Result<(Head, Incoming), Fault> {
        let mut request = self.output.get(url).header(ACCEPT_ENCODING, "identity");
        if let Some((offset, etag)) = rest {
            request = request.header("range", format!("bytes={offset}-")).header("if-range", etag);
        }
        let response = self.head_of(request).await?;
        Ok((head(&response), Incoming { response, idle: self.idle }))
    }

    async fn head_of(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, Fault> {
        match timeout(self.head, request.send()).await {
            Ok(answered) => answered.map_err(|error| fault(&error.without_url())),
            Err(_) => Err(Fault::Silent(self.head)),
        }
    }

    async fn send_file(
        &self,
        request: reqwest::RequestBuilder,
        file: FileBody,
    ) -> Result<reqwest::Response, Fault> {
        let pulse = Arc::clone(&file.pulse);
        let (name, kind, size) = (file.name.clone(), file.content_type.clone(), file.size());
        let part = multipart::Part::stream_with_length(Body::wrap_stream(file.into_stream()), size)
            .file_name(name)
            .mime_str(&kind)
            .map_err(|error| Fault::Unsendable(words(&error)))?;
        let sending = request.multipart(multipart::Form::new().part("file", part)).send();
        let answered = tokio::select! {
            answered = sending => answered,
            () = pulse.silence(self.idle) => return Err(Fault::Silent(self.idle)),
        };
        answered.map_err(|error| match pulse.problem() {
            Some(why) => Fault::Unreadable(why),
            None => fault(&error.without_url()),
        })
    }

    /// Reads an answer within its bounds. Unlike a transfer, an answer is short, so there is a
    /// limit on the whole of it: one byte a minute is no answer.
    async fn read(&self, response: reqwest::Response) -> Answer {
        let head = head(&response);
        let most = if response.status().is_success() { ANSWER_MAX } else { REFUSAL_MAX };
        let mut incoming = Incoming { response, idle: self.idle };
        let mut body = BytesMut::new();
        let end = match timeout(self.head, incoming.fill(&mut body, most)).await {
            Ok(end) => end,
            Err(_) => BodyEnd::Cut(Fault::Silent(self.head).to_string()),
        };
        Answer { head, body: body.freeze(), end }
    }
}

impl Incoming {
    /// The next piece; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match timeout(self.idle, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|error| fault(&error.without_url())),
            Err(_) => Err(Fault::Silent(self.idle)),
        }
    }

    /// Reads on until the end, or until there are `most` bytes.
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

    /// The beginning of a refusing answer, for words; however it ends.
    pub(super) async fn beginning(mut self) -> Bytes {
        let mut body = BytesMut::new();
        let idle = self.idle;
        // Whatever was read by then will do.
        let _ = timeout(idle, self.fill(&mut body, REFUSAL_MAX)).await;
        body.freeze()
    }
}

fn head(response: &reqwest::Response) -> Head {
    let headers = response.headers();
    Head {
        status: response.status().as_u16(),
        request_id: text(headers, "x-request-id"),
        retry_after: text(headers, "retry-after"),
        date: text(headers, "date"),
        location: text(headers, "location"),
        content_type: text(headers, "content-type"),
        content_range: text(headers, "content-range"),
        content_length: text(headers, "content-length").and_then(|length| length.parse().ok()),
        etag: text(headers, "etag"),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::endpoint::ProxyChoice;

    fn without_certificates(base: &str) -> Result<Transport, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = tls::trusting_nothing(provider, "none were found".to_owned()).unwrap();
        let endpoint = Endpoint {
            base_url: base.parse().unwrap(),
            key: None,
            admin_token: None,
            allow_http: false,
            proxy: ProxyChoice::default(),
            user_agent: "rbgv/test".to_owned(),
        };
        Transport::with_tls(&endpoint, &Timing::default(), tls)
    }

    #[test]
    fn missing_certificates_matter_where_https_is_used() {
        let failure = without_certificates("https://api.example").err().unwrap();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.next.unwrap().contains("ca-certificates"));

        let local = without_certificates("http://127.0.0.1:9").unwrap();
        assert!(local.reachable(&"https://cdn.example/o".parse().unwrap()).is_err());
        assert!(local.reachable(&"http://127.0.0.1:9/o".parse().unwrap()).is_ok());
    }
}
