//! The HTTP client of object stores. It has no access to the credentials of the API.

use std::time::Duration;

use reqwest::{Proxy, redirect};
use url::{Host, Url};

use super::builder::{base, misconfigured};
use super::error::message;
use super::proxy::ProxyChoice;
use super::tls;
use crate::model::{Failure, Timing};

/// Maximum idle time of pooled connections: stores close theirs after 20 s or later.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// HTTP clients with the proxies, certificates and user agent of all others. Clones share
/// connections.
#[derive(Clone)]
pub struct StorageHttp {
    /// Limits every wait for data.
    pub(crate) reading: reqwest::Client,
    /// For requests with a body: the limit would include the time of sending it.
    pub(crate) sending: reqwest::Client,
    /// The reason why https is unavailable on this machine.
    pub(crate) no_tls: Option<String>,
}

impl StorageHttp {
    /// # Errors
    /// [`FailureKind::Configuration`](crate::model::FailureKind::Configuration): an invalid proxy.
    pub fn new(proxy: &ProxyChoice, user_agent: &str, timing: &Timing) -> Result<Self, Failure> {
        let tls = tls::platform().map_err(|why| misconfigured(&why))?;
        proxy.check().map_err(misconfigured)?;
        let build = |read_timeout: Option<Duration>| {
            let choice = proxy.clone();
            let proxy =
                Proxy::custom(move |url| choice.of(url).filter(|_| !is_metadata_service(url)));
            let client = base(&tls, user_agent, redirect::Policy::none())
                .proxy(proxy)
                .connect_timeout(timing.connect_timeout)
                .pool_idle_timeout(POOL_IDLE);
            let client = match read_timeout {
                Some(limit) => client.read_timeout(limit),
                None => client,
            };
            client.build().map_err(|error| misconfigured(message(&error)))
        };
        Ok(Self {
            reading: build(Some(timing.idle_timeout))?,
            sending: build(None)?,
            no_tls: tls.unusable,
        })
    }
}

/// Whether `url` is that of the service that issues the credentials of a cloud machine. Only the machine itself
/// reaches it, so no proxy is used.
pub(crate) fn is_metadata_service(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_link_local(),
        Some(Host::Domain(name)) => name == "metadata.google.internal",
        _ => false,
    }
}
