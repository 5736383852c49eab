//! Where calls go and how long they may take: the values that a [`Client`](super::Client) is made
//! from, and the checks that they pass before a byte is sent. Nothing here opens a connection.

use std::fmt;
use std::time::Duration;

use url::{Host, Url};

use crate::model::secret::redact_url;
use crate::model::{ApiKey, Failure, FailureKind};

/// The service and the credentials for it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Base address; the contract's paths are put behind it.
    pub base_url: Url,
    /// Sent as `X-Api-Key` on the paths that want it. Without one, those calls go out bare and
    /// the service answers 401.
    pub key: Option<ApiKey>,
    /// Sent as `X-Admin-Token` on admin paths only.
    pub admin_token: Option<ApiKey>,
    /// Whether plain http is accepted for hosts other than this machine.
    pub allow_http: bool,
    /// Proxies, as they were read at the process edge.
    pub proxy: ProxyChoice,
    /// What we call ourselves.
    pub user_agent: String,
}

/// Proxy addresses as the environment gave them. Loopback addresses never use one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyChoice {
    /// Proxy for http addresses.
    pub http: Option<String>,
    /// Proxy for https addresses.
    pub https: Option<String>,
    /// Hosts that are reached directly, comma-separated, as in `NO_PROXY`.
    pub no_proxy: String,
}

impl fmt::Debug for ProxyChoice {
    /// Proxy addresses may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyChoice")
            .field("http", &self.http.as_deref().map(redact_url))
            .field("https", &self.https.as_deref().map(redact_url))
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

/// Every wait of the client, by name. The defaults are those of `[profiles.x.timing]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Longest time to make a connection.
    pub connect_timeout: Duration,
    /// Longest silence on a connection, in either direction. There is no limit on a whole
    /// transfer: a slow line is not a broken one.
    pub idle_timeout: Duration,
    /// Shortest first wait before a repetition.
    pub backoff_first: Duration,
    /// Upper end of the longest backoff window.
    pub backoff_max: Duration,
    /// Longest `Retry-After` that is waited for inside a call.
    pub retry_after_max: Duration,
    /// Longest outage of the service that is waited for.
    pub outage_max: Duration,
    /// How often a call that is harmless to repeat is tried again.
    pub retries: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(16),
            retry_after_max: Duration::from_mins(5),
            outage_max: Duration::from_mins(10),
            retries: 5,
        }
    }
}

impl Endpoint {
    /// Finds what makes this endpoint unusable or unsafe.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], saying what to change.
    pub fn check(&self) -> Result<(), Failure> {
        let url = &self.base_url;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(refused("the base address is not an http or https address"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                "the base address holds a user or a password; keys have their own setting",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("the base address has a query or a fragment; leave it out"));
        }
        if !may_connect(url, self.allow_http) {
            return Err(refused(
                "plain http would send the key unprotected; use https, or set allow_http in the profile",
            ));
        }
        for (name, secret) in [("API key", &self.key), ("admin token", &self.admin_token)] {
            check_secret(name, secret.as_ref())?;
        }
        Ok(())
    }
}

/// A secret has to fit into a header, and an empty one is a mistake and no choice.
fn check_secret(name: &str, secret: Option<&ApiKey>) -> Result<(), Failure> {
    let Some(secret) = secret else { return Ok(()) };
    if secret.is_empty() {
        return Err(refused(format!("the {name} is empty")));
    }
    if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused(format!("the {name} holds white space or characters that no key has")));
    }
    Ok(())
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Configuration, "setting up the client", why).with_next("rbgv doctor")
}

/// Whether `url` may be talked to: https always, http to this machine, or where it is allowed.
pub(super) fn may_connect(url: &Url, allow_http: bool) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && (allow_http || is_loopback(url)))
}

/// Whether `url` names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Endpoint {
        Endpoint {
            base_url: Url::parse(base).unwrap(),
            key: Some(ApiKey::new("sk-secret")),
            admin_token: None,
            allow_http: false,
            proxy: ProxyChoice::default(),
            user_agent: "rbgv".into(),
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for fine in [
            "https://api.example",
            "https://api.example/prefix/",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://localhost:1",
            "http://[::1]:8080",
        ] {
            assert_eq!(endpoint(fine).check(), Ok(()), "{fine}");
        }
        for bad in [
            "http://api.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://user:pw@api.example",
            "https://api.example/?key=1",
            "https://api.example/#x",
        ] {
            let failure = endpoint(bad).check().unwrap_err();
            assert_eq!(failure.kind, FailureKind::Configuration, "{bad}");
            assert!(!failure.to_string().contains("pw"), "{failure}");
        }
        let allowed = Endpoint { allow_http: true, ..endpoint("http://10.0.0.1") };
        assert_eq!(allowed.check(), Ok(()));
    }

    #[test]
    fn a_key_has_to_be_one() {
        for bad in ["", "two words", "line\nbreak", "ключ"] {
            let with = Endpoint { key: Some(ApiKey::new(bad)), ..endpoint("https://api.example") };
            assert!(with.check().is_err(), "{bad:?}");
        }
        let bare = Endpoint { key: None, ..endpoint("https://api.example") };
        assert_eq!(bare.check(), Ok(()));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut shown = endpoint("https://api.example");
        shown.proxy.https = Some("http://user:hunter2@proxy.example:3128".into());
        let text = format!("{shown:?}");
        assert!(!text.contains("sk-secret") && !text.contains("hunter2"), "{text}");
    }
}
