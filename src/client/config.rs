//! Settings of a [`Client`](super::Client): address and credentials, and their validation before a
//! connection is made.

use url::Url;

use super::transport::proxy::ProxyChoice;
use crate::model::host::is_loopback;
use crate::model::{ApiKey, Failure, Sanitizer};

#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The paths of the contract are appended to it.
    pub base_url: Url,
    /// Sent as `X-Api-Key` where the contract requires it. Without a key, such calls get 401.
    pub key: Option<ApiKey>,
    /// Sent as `X-Admin-Token`, on admin paths only.
    pub admin_token: Option<ApiKey>,
    /// Permits plain http to other machines.
    pub allow_http: bool,
    /// Proxies from the environment.
    pub proxy: ProxyChoice,
    pub user_agent: String,
    /// Redacts the secrets of this process. Those of this configuration are added.
    pub sanitizer: Sanitizer,
}

impl ClientConfig {
    /// The sanitizer, with the secrets of this configuration.
    pub(crate) fn sanitizer(&self) -> Sanitizer {
        for secret in [&self.key, &self.admin_token].into_iter().flatten() {
            self.sanitizer.add(secret.expose());
        }
        for proxy in [&self.proxy.http, &self.proxy.https].into_iter().flatten() {
            self.sanitizer.add_credentials_of(proxy);
        }
        self.sanitizer.clone()
    }

    /// Rejects unusable or insecure settings.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`](crate::model::FailureKind), with the required change.
    pub fn check(&self) -> Result<(), Failure> {
        let url = &self.base_url;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(refused("base_url is not an http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                "base_url contains a user or password; keys have their own settings",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("base_url has a query or fragment; remove it"));
        }
        if !may_connect(url, self.allow_http) {
            return Err(refused(
                "http would send the key unencrypted; use https, or set allow_http in the profile",
            ));
        }
        for (name, secret) in [("API key", &self.key), ("admin token", &self.admin_token)] {
            check_secret(name, secret.as_ref())?;
        }
        Ok(())
    }
}

/// A secret must be a valid, non-empty header value.
fn check_secret(name: &str, secret: Option<&ApiKey>) -> Result<(), Failure> {
    let Some(secret) = secret else { return Ok(()) };
    if secret.is_empty() {
        return Err(refused(format!("the {name} is empty")));
    }
    if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused(format!("the {name} contains spaces or invalid characters")));
    }
    Ok(())
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::configuration("setting up the client", why).with_next("rbgv doctor")
}

/// https is always permitted; http only to this machine, or if `allow_http`.
pub(crate) fn may_connect(url: &Url, allow_http: bool) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && (allow_http || is_loopback(url)))
}

/// Permitted targets of output links and their redirects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkPolicy {
    allow_http: bool,
    /// The API is on this machine.
    is_local: bool,
}

impl LinkPolicy {
    pub(crate) fn of(endpoint: &ClientConfig) -> Self {
        Self { allow_http: endpoint.allow_http, is_local: is_loopback(&endpoint.base_url) }
    }

    /// The reason why a link to `url` is rejected; `None` if it is permitted.
    pub(crate) fn refuses(self, url: &Url) -> Option<&'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Some("it contains a user or password");
        }
        match (url.scheme(), is_loopback(url)) {
            ("http" | "https", true) if !self.is_local => {
                Some("it points to this machine, but the API is on another one")
            }
            ("https", _) | ("http", true) => None,
            ("http", false) if self.allow_http => None,
            _ => Some("it is not https"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    fn endpoint(base: &str) -> ClientConfig {
        ClientConfig {
            base_url: Url::parse(base).unwrap(),
            key: Some(ApiKey::new("sk-secret")),
            admin_token: None,
            allow_http: false,
            proxy: ProxyChoice::default(),
            user_agent: "rbgv".into(),
            sanitizer: Sanitizer::default(),
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
        let allowed = ClientConfig { allow_http: true, ..endpoint("http://10.0.0.1") };
        assert_eq!(allowed.check(), Ok(()));
    }

    #[test]
    fn a_key_has_to_be_one() {
        for bad in ["", "two words", "line\nbreak", "ключ"] {
            let with =
                ClientConfig { key: Some(ApiKey::new(bad)), ..endpoint("https://api.example") };
            assert!(with.check().is_err(), "{bad:?}");
        }
        let bare = ClientConfig { key: None, ..endpoint("https://api.example") };
        assert_eq!(bare.check(), Ok(()));
    }

    #[test]
    fn output_links_are_https_or_of_this_machine_where_the_api_is() {
        let refuses = |base: &str, allow_http, link: &str| {
            let endpoint = ClientConfig { allow_http, ..endpoint(base) };
            LinkPolicy::of(&endpoint).refuses(&Url::parse(link).unwrap())
        };
        let (remote, local) = ("https://api.example", "http://127.0.0.1:1");
        for (base, allow_http, link) in [
            (remote, false, "https://cdn.example/o"),
            (remote, false, "https://192.168.0.7/o"),
            (remote, true, "http://10.0.0.1/o"),
            (local, false, "http://127.0.0.1:9/o"),
            (local, false, "http://localhost:9/o"),
            (local, false, "http://[::1]:9/o"),
            (local, false, "https://cdn.example/o"),
        ] {
            assert_eq!(refuses(base, allow_http, link), None, "{base} {link}");
        }
        for (base, allow_http, link) in [
            (remote, false, "http://cdn.example/o"),
            (local, false, "http://cdn.example/o"),
            (remote, false, "ftp://cdn.example/o"),
            (remote, true, "file:///etc/passwd"),
            (remote, false, "https://user@cdn.example/o"),
            (local, false, "http://:pw@127.0.0.1/o"),
            (remote, false, "https://127.0.0.1/o"),
            (remote, true, "http://127.9.9.9/o"),
            (remote, true, "http://2130706433/o"),
            (remote, true, "http://[::ffff:127.0.0.1]/o"),
            (remote, true, "http://0.0.0.0/o"),
            (remote, true, "http://[::]/o"),
            (remote, false, "https://localhost./o"),
            (remote, false, "https://x.localhost/o"),
        ] {
            assert!(refuses(base, allow_http, link).is_some(), "{base} {link}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut shown = endpoint("https://api.example");
        shown.proxy.https = Some("http://user:hunter2@proxy.example:3128".into());
        let text = format!("{shown:?}");
        assert!(!text.contains("sk-secret") && !text.contains("hunter2"), "{text}");
    }
}
