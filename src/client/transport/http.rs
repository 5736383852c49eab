//! The production transport: HTTP/1.1, through the HTTP library, which only this folder uses.
//!
//! It has three HTTP clients. The two for the API send credentials, only to its origin: one pools
//! connections, the other opens a new one for each request. The client for output links has no
//! access to credentials.

use crate::model::Timing;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Proxy, multipart, redirect};
use tokio::time::timeout;
use url::Url;

use super::builder::{base, misconfigured, output_redirects, same_origin_redirects, secret_header};
use super::error::{classify_error, message};
use super::tls::{self, Tls};
use super::upload::FileBody;
use super::{
    Auth, Method, Payload, Response, ResponseBody, ResponseHead, Transport, TransportError,
    TransportRequest,
};
use crate::client::config::{ClientConfig, LinkPolicy, may_connect};
use crate::model::Failure;

/// Maximum idle time of pooled connections. Common servers close theirs after 5 s, and an upload on
/// a closing connection has to be repeated.
const POOL_IDLE: Duration = Duration::from_secs(4);

pub(crate) struct HttpTransport {
    api: reqwest::Client,
    /// Without a pool: a new connection for each request.
    api_unpooled: reqwest::Client,
    output: reqwest::Client,
    key: Option<HeaderValue>,
    admin_token: Option<HeaderValue>,
    idle: Duration,
    /// Timeout of the response headers of a small request.
    head: Duration,
    allow_http: bool,
    /// The reason why https is unavailable on this machine.
    no_tls: Option<String>,
}

impl HttpTransport {
    /// # Errors
    /// [`FailureKind::Configuration`](crate::model::FailureKind): the HTTP clients cannot be built from these settings.
    pub(crate) fn new(endpoint: &ClientConfig, timing: &Timing) -> Result<Self, Failure> {
        let tls = tls::platform().map_err(|why| misconfigured(&why))?;
        Self::with_tls(endpoint, timing, tls)
    }

    fn with_tls(endpoint: &ClientConfig, timing: &Timing, tls: Tls) -> Result<Self, Failure> {
        endpoint.proxy.check().map_err(misconfigured)?;
        let links = LinkPolicy::of(endpoint);
        let build = |redirects: redirect::Policy, pooled: bool| {
            let proxy = endpoint.proxy.clone();
            base(&tls, &endpoint.user_agent, redirects)
                .proxy(Proxy::custom(move |url| proxy.of(url)))
                .connect_timeout(timing.connect_timeout)
                .pool_idle_timeout(POOL_IDLE)
                .pool_max_idle_per_host(if pooled { usize::MAX } else { 0 })
                .build()
                .map_err(|error| misconfigured(message(&error)))
        };
        let transport = Self {
            api: build(redirect::Policy::custom(same_origin_redirects), true)?,
            api_unpooled: build(redirect::Policy::custom(same_origin_redirects), false)?,
            output: build(
                redirect::Policy::custom(move |next| output_redirects(next, links)),
                true,
            )?,
            key: endpoint.key.as_ref().map(secret_header).transpose()?,
            admin_token: endpoint.admin_token.as_ref().map(secret_header).transpose()?,
            idle: timing.idle_timeout,
            head: timing.connect_timeout + timing.idle_timeout,
            allow_http: endpoint.allow_http,
            no_tls: tls.unusable,
        };
        transport.check(&endpoint.base_url)?;
        Ok(transport)
    }

    async fn exchange(&self, request: TransportRequest<'_>) -> Result<Response, TransportError> {
        let TransportRequest { method, url, auth, payload, new_connection, response_max } = request;
        let client = if new_connection { &self.api_unpooled } else { &self.api };
        let mut request = match method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        }
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "gzip");
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
            Payload::File { file, progress } => {
                let file =
                    FileBody::open(file, progress).await.map_err(TransportError::Unreadable)?;
                self.send_file(request, file).await?
            }
        };
        let head = head(&response);
        let most = head.body_max(response_max);
        // Unlike a download it is short, so its total time is limited too.
        Ok(incoming(response, self.idle).read(head, most, self.head).await)
    }

    async fn head_of(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, TransportError> {
        match timeout(self.head, request.send()).await {
            Ok(answered) => answered.map_err(|error| classify_error(&error.without_url())),
            Err(_) => Err(TransportError::Silent(self.head)),
        }
    }

    async fn send_file(
        &self,
        request: reqwest::RequestBuilder,
        file: FileBody,
    ) -> Result<reqwest::Response, TransportError> {
        let pulse = Arc::clone(&file.pulse);
        let (name, kind, size) = (file.name.clone(), file.content_type.clone(), file.size);
        let part = multipart::Part::stream_with_length(Body::wrap_stream(file.into_stream()), size)
            .file_name(name)
            .mime_str(&kind)
            .map_err(|_| TransportError::Unsendable("its media type is none".to_owned()))?;
        let sending = request.multipart(multipart::Form::new().part("file", part)).send();
        let answered = tokio::select! {
            biased;
            answered = sending => answered,
            () = pulse.stalled(self.idle) => return Err(TransportError::Silent(self.idle)),
        };
        answered.map_err(|error| match pulse.problem() {
            Some(why) => TransportError::Unreadable(why),
            None => classify_error(&error.without_url()),
        })
    }
}

impl Transport for HttpTransport {
    fn check(&self, url: &Url) -> Result<(), Failure> {
        if !may_connect(url, self.allow_http) {
            let why = format!("the URL of {} is not https", url.host_str().unwrap_or("the host"));
            return Err(Failure::configuration("connecting", why));
        }
        match &self.no_tls {
            Some(why) if url.scheme() == "https" => {
                let why = format!("no certificates for https on this machine: {why}");
                Err(misconfigured(&why).with_next("apt-get install ca-certificates"))
            }
            _ => Ok(()),
        }
    }

    fn send<'a>(
        &'a self,
        request: TransportRequest<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn open<'a>(
        &'a self,
        url: Url,
        rest: Option<(u64, &'a str)>,
    ) -> BoxFuture<'a, Result<(ResponseHead, ResponseBody), TransportError>> {
        Box::pin(async move {
            let mut request = self.output.get(url).header(ACCEPT_ENCODING, "identity");
            if let Some((offset, etag)) = rest {
                request =
                    request.header("range", format!("bytes={offset}-")).header("if-range", etag);
            }
            let response = self.head_of(request).await?;
            Ok((head(&response), incoming(response, self.idle)))
        })
    }
}

/// The body of `response` as chunks.
fn incoming(response: reqwest::Response, idle: Duration) -> ResponseBody {
    let pieces = response.bytes_stream();
    ResponseBody::new(
        pieces.map(|piece| piece.map_err(|error| classify_error(&error.without_url()))),
        idle,
    )
}

fn head(response: &reqwest::Response) -> ResponseHead {
    let headers = response.headers();
    ResponseHead {
        status: response.status().as_u16(),
        request_id: text(headers, "x-request-id"),
        retry_after: text(headers, "retry-after"),
        date: text(headers, "date"),
        location: text(headers, "location"),
        content_type: text(headers, "content-type"),
        content_encoding: joined(headers, "content-encoding"),
        content_range: text(headers, "content-range"),
        content_length: text(headers, "content-length").and_then(|length| length.parse().ok()),
        etag: text(headers, "etag"),
    }
}

/// All headers of this name, joined by commas.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::ProxyChoice;
    use crate::model::FailureKind;

    fn without_certificates(base: &str) -> Result<HttpTransport, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = tls::trust_none(provider, "none were found".to_owned()).unwrap();
        let endpoint = ClientConfig {
            base_url: base.parse().unwrap(),
            key: None,
            admin_token: None,
            allow_http: false,
            proxy: ProxyChoice::default(),
            user_agent: "rbgv/test".to_owned(),
            sanitizer: crate::model::Sanitizer::default(),
        };
        HttpTransport::with_tls(&endpoint, &Timing::default(), tls)
    }

    #[test]
    fn missing_certificates_matter_where_https_is_used() {
        let failure = without_certificates("https://api.example").err().unwrap();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.next.unwrap().contains("ca-certificates"));

        let local = without_certificates("http://127.0.0.1:9").unwrap();
        assert!(local.check(&"https://cdn.example/o".parse().unwrap()).is_err());
        assert!(local.check(&"http://127.0.0.1:9/o".parse().unwrap()).is_ok());
    }
}
