//! Selection of proxies by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, with the rules of curl.
//! Pure.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::model::host::is_loopback;
use crate::model::secret::{host_of, redact_url};

/// Proxy settings of the environment. Loopback addresses never use a proxy.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyChoice {
    /// Proxy for http URLs.
    pub http: Option<String>,
    /// Proxy for https URLs.
    pub https: Option<String>,
    /// Hosts that bypass the proxy, in the format of `NO_PROXY`.
    pub no_proxy: String,
}

impl fmt::Debug for ProxyChoice {
    /// Hides the addresses, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyChoice")
            .field("http", &self.http.as_deref().map(redact_url))
            .field("https", &self.https.as_deref().map(redact_url))
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

impl ProxyChoice {
    /// The proxy for requests to `url`, or `None` for a direct connection. May contain a password.
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<String> {
        let chosen = if url.scheme() == "https" { &self.https } else { &self.http };
        let chosen = chosen.as_ref()?;
        (!is_loopback(url) && !bypasses(&self.no_proxy, url)).then(|| with_scheme(chosen))
    }

    /// The proxy for requests to `url`, without its password.
    #[must_use]
    pub fn shown(&self, url: &Url) -> Option<String> {
        self.of(url).map(|proxy| host_of(&proxy))
    }

    /// Rejects invalid proxy addresses.
    ///
    /// # Errors
    /// A description of valid addresses. Never contains the address, which may include a password.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        for address in [&self.http, &self.https].into_iter().flatten() {
            let url = Url::parse(&with_scheme(address));
            let is_proxy = url.is_ok_and(|url| {
                let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
                url.has_host() && schemes.contains(&url.scheme())
            });
            if !is_proxy {
                return Err("invalid proxy address; use the form http://proxy.example:3128");
            }
        }
        Ok(())
    }
}

/// An address without a scheme is an http proxy, as for curl.
fn with_scheme(address: &str) -> String {
    let address = address.trim();
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// The host of `url` matches `no_proxy`. Entries are separated by commas and white space: `*`
/// matches every host, a name also its subdomains, `10.0.0.0/8` a network. An entry with a port
/// matches that port only.
fn bypasses(no_proxy: &str, url: &Url) -> bool {
    let port = url.port_or_known_default();
    let entries = no_proxy.split(|c: char| c == ',' || c.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        let (host, wanted) = split_port(entry);
        let fits = wanted.is_none_or(|wanted| Some(wanted) == port);
        fits && match url.host() {
            Some(Host::Domain(name)) => matches_name(host, name),
            Some(Host::Ipv4(ip)) => contains_ip(host, ip.into()),
            Some(Host::Ipv6(ip)) => {
                contains_ip(host, ip.to_ipv4_mapped().map_or(ip.into(), Into::into))
            }
            None => false,
        }
    })
}

/// Splits an entry into host and port. IPv6 addresses need brackets for a port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

/// `entry` is `name` or a parent domain of it.
fn matches_name(entry: &str, name: &str) -> bool {
    let entry = entry.trim_end_matches('.').to_ascii_lowercase();
    if entry == "*" {
        return true;
    }
    let domain = entry.strip_prefix('*').unwrap_or(&entry).trim_start_matches('.');
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_below = || name.strip_suffix(domain).is_some_and(|below| below.ends_with('.'));
    !domain.is_empty() && (name == domain || is_below())
}

/// `entry` is `ip` or a network that contains it.
fn contains_ip(entry: &str, ip: IpAddr) -> bool {
    if entry == "*" {
        return true;
    }
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, Some(u32::MAX)),
    };
    let (Ok(network), Some(bits)) = (network.trim_end_matches('.').parse::<IpAddr>(), bits) else {
        return false;
    };
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            same_prefix(u128::from(network.to_bits()), u128::from(ip.to_bits()), 32, bits)
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            same_prefix(network.to_bits(), ip.to_bits(), 128, bits)
        }
        _ => false,
    }
}

/// Compares the first `bits` of two numbers of `width` bits; more bits compare all of them.
fn same_prefix(one: u128, other: u128, width: u32, bits: u32) -> bool {
    let differing = one ^ other;
    bits == 0 || differing.checked_shr(width.saturating_sub(bits)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(no_proxy: &str, url: &str) -> bool {
        let proxy = Some("http://p:1".to_owned());
        let choice =
            ProxyChoice { http: proxy.clone(), https: proxy, no_proxy: no_proxy.to_owned() };
        choice.of(&Url::parse(url).unwrap()).is_none()
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (no_proxy, url) in [
            ("*", "https://api.example"),
            ("*", "http://192.0.2.7:8080"),
            ("*", "http://[2001:db8::1]"),
            ("a.example, *", "https://b.example"),
            ("api.example", "https://api.example"),
            ("api.example", "https://API.example."),
            ("API.EXAMPLE.", "https://api.example"),
            ("example", "https://api.example"),
            (".api.example", "https://api.example"),
            (".example", "https://api.example"),
            ("*.example", "https://api.example"),
            ("x y\tapi.example", "https://api.example"),
            ("api.example:443", "https://api.example"),
            ("api.example:8443", "https://api.example:8443"),
            ("192.0.2.7", "http://192.0.2.7:8080"),
            ("192.0.2.7:8080", "http://192.0.2.7:8080"),
            ("192.0.2.0/24", "http://192.0.2.7"),
            ("192.0.0.0/8", "http://192.0.2.7"),
            ("0.0.0.0/0", "http://192.0.2.7"),
            ("192.0.2.7/32", "http://192.0.2.7"),
            ("192.0.2.7", "http://[::ffff:192.0.2.7]"),
            ("2001:db8::1", "http://[2001:db8::1]"),
            ("[2001:db8::1]:80", "http://[2001:db8::1]"),
            ("2001:db8::/32", "http://[2001:db8::1]"),
            ("", "http://127.0.0.1:1"),
        ] {
            assert!(direct(no_proxy, url), "{no_proxy:?} {url}");
        }
        for (no_proxy, url) in [
            ("", "https://api.example"),
            ("pi.example", "https://api.example"),
            ("api.example", "https://example"),
            ("api.example:80", "https://api.example"),
            ("api.example:443", "https://api.example:8443"),
            (".", "https://api.example"),
            ("192.0.2", "http://192.0.2.7"),
            ("2.7", "http://192.0.2.7"),
            ("192.0.2.8", "http://192.0.2.7"),
            ("192.0.3.0/24", "http://192.0.2.7"),
            ("192.0.2.7/x", "http://192.0.2.7"),
            ("192.0.2.7:81", "http://192.0.2.7"),
            ("2001:db9::/32", "http://[2001:db8::1]"),
            ("::/0", "http://192.0.2.7"),
        ] {
            assert!(!direct(no_proxy, url), "{no_proxy:?} {url}");
        }
    }

    #[test]
    fn each_scheme_has_its_proxy_and_what_is_shown_has_no_password() {
        let choice = ProxyChoice { https: Some("u:hunter2@p:1".into()), ..ProxyChoice::default() };
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(choice.of(&url("https://a.example")).unwrap(), "http://u:hunter2@p:1");
        assert_eq!(choice.shown(&url("https://a.example")).unwrap(), "http://p:1");
        assert_eq!(choice.of(&url("http://a.example")), None);
        assert_eq!(choice.check(), Ok(()));
        for bad in ["ftp://p:1", "http://", "http://:x", "p:x"] {
            let choice = ProxyChoice { http: Some(bad.into()), ..ProxyChoice::default() };
            assert!(choice.check().is_err(), "{bad}");
        }
    }
}
