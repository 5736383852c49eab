//! Passing a webhook on, bytes and headers as they came, so that its receiver can verify it by
//! itself. A connection of its own: it carries no credentials, uses no proxy and follows nothing.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect;
use url::Url;

use super::builder::misconfigured;
use super::error::words;
use super::tls;
use crate::client::webhook::WebhookHeaders;
use crate::model::host::is_loopback;
use crate::model::secret::redact_url;
use crate::model::{Failure, FailureKind};

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where webhooks are passed on to.
#[derive(Debug, Clone)]
pub struct Forwarder {
    client: reqwest::Client,
    url: Url,
}

impl Forwarder {
    /// A forwarder to `url`, which has to be of this machine unless `anywhere` is asked for: what
    /// is passed on holds links that open outputs.
    ///
    /// # Errors
    /// The address is none, or is of another machine.
    pub fn new(url: Url, anywhere: bool) -> Result<Self, Failure> {
        let refused = |why: &str, next: &str| {
            let what = format!("--forward {}", redact_url(url.as_str()));
            Failure::new(FailureKind::Usage, what, why).with_next(next)
        };
        if !matches!(url.scheme(), "http" | "https") {
            let next = "use a URL such as http://127.0.0.1:3000/hook";
            return Err(refused("not an http or https URL", next));
        }
        if !anywhere && !is_loopback(&url) {
            let why = "the URL is on another machine, and webhooks contain download links";
            return Err(refused(why, "add --forward-anywhere if that is what you want"));
        }
        let tls = tls::platform().map_err(|why| misconfigured(&why))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.config)
            .user_agent(concat!("rbgv/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(TIMEOUT)
            .http1_only()
            .build()
            .map_err(|error| misconfigured(words(&error)))?;
        Ok(Self { client, url })
    }

    /// Sends a delivery on, once.
    ///
    /// # Errors
    /// Nobody answers, or the answer is no success.
    pub async fn send(&self, headers: &WebhookHeaders, body: Bytes) -> Result<(), Failure> {
        let what = || format!("forwarding to {}", redact_url(self.url.as_str()));
        let mut request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers.pairs() {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.map_err(|error| {
            Failure::new(FailureKind::Unreachable, what(), words(&error.without_url()))
        })?;
        if answer.status().is_success() {
            return Ok(());
        }
        let mut failure = Failure::new(FailureKind::Unavailable, what(), "not accepted");
        failure.status = Some(answer.status().as_u16());
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_unless_asked() {
        let to = |url: &str, anywhere| Forwarder::new(Url::parse(url).unwrap(), anywhere);
        assert!(to("http://127.0.0.1:1/hook", false).is_ok());
        assert!(to("http://[::1]:1/hook", false).is_ok());
        let refused = to("https://hook.example/?token=planted", false).unwrap_err();
        assert!(!refused.to_string().contains("planted"), "{refused}");
        assert!(to("https://hook.example", true).is_ok());
        assert!(to("ftp://127.0.0.1/", true).is_err());
    }
}
