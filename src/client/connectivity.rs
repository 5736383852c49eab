//! Connectivity checks for diagnosis: name resolution and a TLS handshake, without an API call.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use super::transport::NOT_RESOLVED;
use super::transport::tls_probe::{self, HandshakeError};
use crate::model::{Failure, FailureKind};

/// Resolves the host of `url`.
///
/// # Errors
/// [`FailureKind::Unreachable`]: unknown name, or no response within `timeout`.
pub async fn addresses(url: &Url, timeout: Duration) -> Result<Vec<IpAddr>, Failure> {
    let name = match url.host() {
        Some(Host::Ipv4(ip)) => return Ok(vec![ip.into()]),
        Some(Host::Ipv6(ip)) => return Ok(vec![ip.into()]),
        Some(Host::Domain(name)) => name,
        None => return Err(unreachable(url, "the URL has no host")),
    };
    let port = url.port_or_known_default().unwrap_or(443);
    let looked_up = tokio::time::timeout(timeout, tokio::net::lookup_host((name, port))).await;
    let Ok(found) = looked_up else {
        let why = format!("no DNS response within {} s", timeout.as_secs_f64());
        return Err(unreachable(url, &why));
    };
    let found = found.map_err(|_| unreachable(url, NOT_RESOLVED))?;
    let mut all: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    all.sort();
    all.dedup();
    if all.is_empty() { Err(unreachable(url, "the name has no addresses")) } else { Ok(all) }
}

fn unreachable(url: &Url, why: &str) -> Failure {
    let host = url.host_str().unwrap_or("the host");
    Failure::new(FailureKind::Unreachable, format!("resolving {host}"), why)
        .with_next("check base_url in the profile and the DNS settings of this machine")
}

/// Performs a TLS handshake with the host of `url`; `false` for plain http.
///
/// # Errors
/// [`FailureKind::Configuration`]: untrusted certificate, or no TLS. [`FailureKind::Unavailable`]:
/// expired certificate. [`FailureKind::Unreachable`]: no response.
pub async fn handshake(url: &Url, timeout: Duration) -> Result<bool, Failure> {
    if url.scheme() != "https" {
        return Ok(false);
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let refused = match tls_probe::handshake(&host, port, timeout).await {
        Ok(()) => return Ok(true),
        Err(refused) => refused,
    };
    let what = format!("TLS with {host}");
    Err(match refused {
        HandshakeError::NoTrust(why) => {
            Failure::configuration(what, why).with_next("apt-get install ca-certificates")
        }
        HandshakeError::Unreachable(why) => Failure::new(FailureKind::Unreachable, what, why),
        HandshakeError::NoTls(why) => {
            Failure::configuration(what, why).with_next("check base_url in the profile")
        }
        HandshakeError::Expired(why) => Failure::new(FailureKind::Unavailable, what, why)
            .with_next("check the clock of this machine, then report it to the vendor"),
        HandshakeError::Untrusted(why) => Failure::configuration(what, why).with_next(
            "check base_url in the profile; the certificate of a TLS-inspecting proxy must \
                 be trusted by this machine",
        ),
    })
}

/// Calls to `url` use a proxy, so this machine may be unable to resolve its host.
#[must_use]
pub fn is_proxied(url: &Url, proxy: &super::ProxyChoice) -> bool {
    proxy.of(url).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ProxyChoice;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    const TIMEOUT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn addresses_need_no_name_server_and_names_that_cannot_exist_lead_nowhere() {
        let local = addresses(&url("http://127.0.0.1:9"), TIMEOUT).await.unwrap();
        assert_eq!(local, [IpAddr::from([127, 0, 0, 1])]);
        let six = addresses(&url("https://[::1]"), TIMEOUT).await.unwrap();
        assert!(six[0].is_ipv6());
        let nobody = addresses(&url("https://smoke-test.invalid"), TIMEOUT).await.unwrap_err();
        assert_eq!(nobody.kind, FailureKind::Unreachable);
        assert!(nobody.what.contains("smoke-test.invalid"));
    }

    #[tokio::test]
    async fn plain_http_has_no_handshake() {
        assert_eq!(handshake(&url("http://127.0.0.1:9"), TIMEOUT).await, Ok(false));
    }

    #[test]
    fn a_proxy_counts_where_it_is_used() {
        let proxy = ProxyChoice { https: Some("http://p:1".into()), ..ProxyChoice::default() };
        assert!(is_proxied(&url("https://api.example"), &proxy));
        assert!(!is_proxied(&url("https://127.0.0.1"), &proxy));
        assert!(!is_proxied(&url("http://api.example"), &proxy));
    }
}
