//! Sending of webhooks to a receiver, with unmodified bytes and headers, so that the receiver can verify them.
//! The client has no credentials and no proxy, and follows no redirects.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect;
use url::Url;

use super::builder::{base, misconfigured};
use super::error::message;
use super::tls;
use crate::client::webhook::WebhookHeaders;
use crate::model::host::is_loopback;
use crate::model::secret::redact_url;
use crate::model::{Failure, FailureKind};

/// Timeout of the receiver's response.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The receiver of forwarded webhooks.
#[derive(Debug, Clone)]
pub struct Forwarder {
    client: reqwest::Client,
    url: Url,
}

impl Forwarder {
    /// `url`, from `flag`, must be on this machine unless `anywhere` is set, since webhooks contain output
    /// links.
    ///
    /// # Errors
    /// The URL is invalid, or is that of another machine.
    pub fn new(url: Url, flag: &str, anywhere: bool) -> Result<Self, Failure> {
        let refused = |why: &str, next: &str| {
            let what = format!("{flag} {}", redact_url(url.as_str()));
            Failure::usage(what, why).with_next(next)
        };
        if !matches!(url.scheme(), "http" | "https") {
            let next = "use a URL such as http://127.0.0.1:3000/hook";
            return Err(refused("not an http or https URL", next));
        }
        if !anywhere && !is_loopback(&url) {
            let why = "the URL is on another machine, and webhooks contain download links";
            return Err(refused(why, &format!("add {flag}-anywhere if that is what you want")));
        }
        let tls = tls::platform().map_err(|why| misconfigured(&why))?;
        let user_agent = concat!("rbgv/", env!("CARGO_PKG_VERSION"));
        let client = base(&tls, user_agent, redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| misconfigured(message(&error)))?;
        Ok(Self { client, url })
    }

    /// Sends a delivery, once.
    ///
    /// # Errors
    /// No response, or an error status.
    pub async fn send(&self, headers: &WebhookHeaders, body: Bytes) -> Result<(), Failure> {
        let what = || format!("sending to {}", redact_url(self.url.as_str()));
        let mut request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers.pairs() {
            request = request.header(name, value);
        }
        let response = request.body(body).send().await.map_err(|error| {
            Failure::new(FailureKind::Unreachable, what(), message(&error.without_url()))
        })?;
        if response.status().is_success() {
            return Ok(());
        }
        let mut failure = Failure::new(FailureKind::Unavailable, what(), "not accepted");
        failure.status = Some(response.status().as_u16());
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_unless_asked() {
        let to =
            |url: &str, anywhere| Forwarder::new(Url::parse(url).unwrap(), "--forward", anywhere);
        assert!(to("http://127.0.0.1:1/hook", false).is_ok());
        assert!(to("http://[::1]:1/hook", false).is_ok());
        let refused = to("https://hook.example/?token=planted", false).unwrap_err();
        assert!(!refused.to_string().contains("planted"), "{refused}");
        assert!(to("https://hook.example", true).is_ok());
        assert!(to("ftp://127.0.0.1/", true).is_err());
    }
}
