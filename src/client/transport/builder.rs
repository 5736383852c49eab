//! Setup of the HTTP clients: common settings, credentials and redirect policies.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderValue;
use reqwest::redirect;

use super::error::Unresolved;
use super::tls::Tls;
use crate::client::config::LinkPolicy;
use crate::model::{ApiKey, Failure};

/// Maximum redirects per request.
const REDIRECTS_MAX: usize = 5;

pub(crate) fn misconfigured(why: &str) -> Failure {
    Failure::configuration("setting up the client", why)
}

/// Marked as sensitive, so that the HTTP library never prints it.
pub(crate) fn secret_header(secret: &ApiKey) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(secret.expose())
        .map_err(|_| misconfigured("the key cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What all HTTP clients have in common: HTTP/1.1 only, no retries by the library, no `Referer`, no
/// ambient proxy settings, and the system's resolver.
pub(crate) fn base(
    tls: &Tls,
    user_agent: &str,
    redirects: redirect::Policy,
) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.config.clone())
        .user_agent(user_agent)
        .redirect(redirects)
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(SystemResolver)
        .http1_only()
}

/// The system resolver, with a typed error for unknown names.
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| Unresolved)?.collect::<Vec<_>>();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Redirect policy for requests with credentials: same origin only, and only if method and body are
/// preserved. The library strips five headers on a change of host, but not `X-Api-Key`.
pub(crate) fn same_origin_redirects(next: redirect::Attempt<'_>) -> redirect::Action {
    let keeps_method = matches!(next.status().as_u16(), 307 | 308);
    let origin = next.url().origin();
    let has_user = !next.url().username().is_empty() || next.url().password().is_some();
    let stays = !has_user && next.previous().iter().all(|passed| passed.origin() == origin);
    if keeps_method && stays && next.previous().len() <= REDIRECTS_MAX {
        next.follow()
    } else {
        next.stop()
    }
}

/// Redirect policy for output links: any permitted target, but never from https to http.
pub(crate) fn output_redirects(
    next: redirect::Attempt<'_>,
    policy: LinkPolicy,
) -> redirect::Action {
    let was_secure = next.previous().iter().any(|passed| passed.scheme() == "https");
    let downgrade = was_secure && next.url().scheme() != "https";
    let allowed = policy.refuses(next.url()).is_none() && !downgrade;
    if allowed && next.previous().len() <= REDIRECTS_MAX { next.follow() } else { next.stop() }
}
