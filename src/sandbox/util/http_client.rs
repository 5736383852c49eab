//! The sandbox's own HTTP client: for webhooks and for fetching what jobs name by address.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client that goes straight to its target: no proxy, no redirects, no repeats, no referrer.
pub(crate) fn builder() -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been first, which is as good.
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

/// Builds a client; without certificates on the machine, one that can only speak plain HTTP.
pub(crate) fn build(configure: impl Fn(ClientBuilder) -> ClientBuilder) -> reqwest::Result<Client> {
    configure(builder()).build().or_else(|error| {
        tracing::debug!("no certificates ({error}): the sandbox reaches http addresses only");
        configure(builder()).tls_certs_only([]).build()
    })
}
