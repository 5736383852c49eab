//! The HTTP client for webhooks and URL inputs.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client without proxy, redirects, retries and referrer.
pub(crate) fn builder() -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another thread was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Client::builder()
        .no_proxy()
        .referer(false)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("rbgv-sandbox/", env!("CARGO_PKG_VERSION")))
}

/// Builds a client; one for plain HTTP only if the machine has no root certificates.
pub(crate) fn build(configure: impl Fn(ClientBuilder) -> ClientBuilder) -> reqwest::Result<Client> {
    configure(builder()).build().or_else(|error| {
        tracing::debug!("no certificates ({error}): the sandbox reaches http addresses only");
        configure(builder()).tls_certs_only([]).build()
    })
}
