//! How the HTTP clients are set up: credentials, proxies, and where redirects may lead.

use reqwest::header::HeaderValue;
use reqwest::{NoProxy, Proxy, redirect};

use crate::client::endpoint::{Endpoint, may_connect};
use crate::model::{ApiKey, Failure, FailureKind};

/// Redirects that are followed in a row.
const REDIRECTS_MAX: usize = 5;

pub(super) fn misconfigured(why: &str) -> Failure {
    Failure::new(FailureKind::Configuration, "setting up the client", why)
}

/// A header value that the HTTP library never prints.
pub(super) fn secret_header(secret: &ApiKey) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(secret.expose())
        .map_err(|_| misconfigured("the key cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Adds the proxies that were chosen. Nothing ambient is read, and this machine needs none.
pub(super) fn proxied(
    builder: reqwest::ClientBuilder,
    endpoint: &Endpoint,
) -> Result<reqwest::ClientBuilder, Failure> {
    let choice = &endpoint.proxy;
    let direct = format!("{},localhost,127.0.0.0/8,::1", choice.no_proxy);
    // The proxy's address may hold a password, so the error's own words are not passed on.
    let unusable = |_| misconfigured("the address of the proxy cannot be understood");
    let mut builder = builder.no_proxy();
    if let Some(address) = &choice.http {
        let proxy = Proxy::http(address).map_err(unusable)?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&direct)));
    }
    if let Some(address) = &choice.https {
        let proxy = Proxy::https(address).map_err(unusable)?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&direct)));
    }
    Ok(builder)
}

/// For requests with credentials: only to the same origin, and only where method and body stay
/// what they are. The library strips five headers across hosts, and `X-Api-Key` is none of them.
pub(super) fn within_origin(next: redirect::Attempt<'_>) -> redirect::Action {
    let keeps_method = matches!(next.status().as_u16(), 307 | 308);
    let origin = next.url().origin();
    let stays = next.previous().iter().all(|passed| passed.origin() == origin);
    if keeps_method && stays && next.previous().len() <= REDIRECTS_MAX {
        next.follow()
    } else {
        next.stop()
    }
}

/// For output links: anywhere that may be talked to, but never from https down to http.
pub(super) fn outward(next: redirect::Attempt<'_>, allow_http: bool) -> redirect::Action {
    let was_secure = next.previous().iter().any(|passed| passed.scheme() == "https");
    let downgrade = was_secure && next.url().scheme() != "https";
    let allowed = may_connect(next.url(), allow_http) && !downgrade;
    if allowed && next.previous().len() <= REDIRECTS_MAX { next.follow() } else { next.stop() }
}
