//! Fetches the URL inputs of jobs from the public internet only.
//!
//! A name is resolved once, every address is checked, and the connection uses the checked
//! addresses. Redirects are checked the same way; size, time and type are limited.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Client, Response};
use tokio::io::AsyncWriteExt as _;
use url::{Host, Url};

use super::public_address::is_public;
use crate::media::SNIFF_BYTES;
use crate::sandbox::util::content_kind::ContentKind;
use crate::sandbox::util::http_client;

const MAX_REDIRECTS: usize = 5;
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const TOTAL_TIMEOUT: Duration = Duration::from_mins(10);

/// The error that the job shows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the address is not public")]
    NotPublic,
    #[error("only http and https are fetched")]
    Scheme,
    #[error("too many redirects")]
    Redirects,
    #[error("the server answered {0}")]
    Status(u16),
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("not of an accepted type")]
    Type,
    #[error("unreachable")]
    Unreachable,
    #[error("could not be stored: {0}")]
    Disk(io::Error),
}

#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    client: Client,
    allow_private: bool,
}

impl Fetcher {
    /// Restricted to the public internet unless `allow_private`.
    pub(crate) fn new(allow_private: bool) -> reqwest::Result<Self> {
        let resolver = Arc::new(Checked { allow_private });
        let client = http_client::build(|builder| {
            builder
                .dns_resolver(Arc::clone(&resolver))
                .read_timeout(READ_TIMEOUT)
                .timeout(TOTAL_TIMEOUT)
        })?;
        Ok(Self { client, allow_private })
    }

    /// Downloads `url` to `file`: at most `max_bytes`, of an `accepted` kind.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        file: &Path,
        max_bytes: u64,
        accepted: fn(ContentKind) -> bool,
    ) -> Result<(), FetchError> {
        let response = self.follow(url).await?;
        store(response, file, max_bytes, accepted).await
    }

    async fn follow(&self, url: &str) -> Result<Response, FetchError> {
        let mut url = Url::parse(url).map_err(|_| FetchError::Scheme)?;
        for _ in 0..=MAX_REDIRECTS {
            self.check(&url)?;
            let response =
                self.client.get(url.clone()).send().await.map_err(|error| why(&error))?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            url = target
                .and_then(|target| url.join(target).ok())
                .ok_or(FetchError::Status(response.status().as_u16()))?;
        }
        Err(FetchError::Redirects)
    }

    /// Checks the scheme and numeric addresses, which the resolver does not see.
    fn check(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(FetchError::Scheme),
        };
        if self.allow_private || is_public(literal) { Ok(()) } else { Err(FetchError::NotPublic) }
    }
}

async fn store(
    mut response: Response,
    file: &Path,
    max_bytes: u64,
    accepted: fn(ContentKind) -> bool,
) -> Result<(), FetchError> {
    if !response.status().is_success() {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(FetchError::TooLarge(max_bytes));
    }
    let mut file = tokio::fs::File::create(file).await.map_err(FetchError::Disk)?;
    let (mut head, mut bytes) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        bytes += chunk.len() as u64;
        if bytes > max_bytes {
            return Err(FetchError::TooLarge(max_bytes));
        }
        head.extend(chunk.iter().take(SNIFF_BYTES.saturating_sub(head.len())));
        if head.len() >= SNIFF_BYTES && !ContentKind::of(&head).is_some_and(accepted) {
            return Err(FetchError::Type);
        }
        file.write_all(&chunk).await.map_err(FetchError::Disk)?;
    }
    file.flush().await.map_err(FetchError::Disk)?;
    if ContentKind::of(&head).is_some_and(accepted) { Ok(()) } else { Err(FetchError::Type) }
}

/// The resolver's refusal, from inside the client's error. Other details are dropped, since they
/// describe the network of the sandbox.
fn why(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return FetchError::NotPublic;
        }
        cause = inner.source();
    }
    FetchError::Unreachable
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
struct NotPublic;

#[derive(Debug)]
struct Checked {
    allow_private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            // One forbidden address forbids the name, since the client chooses among them.
            if !allow_private && !addresses.iter().all(|address| is_public(address.ip())) {
                return Err(NotPublic.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_public_is_refused_before_any_connection() {
        let fetcher = Fetcher::new(false).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x");
        for address in [
            "http://127.0.0.1:1/x",
            "http://[::1]:1/x",
            "http://[::ffff:127.0.0.1]:1/x",
            "http://2130706433:1/x",
            "http://0x7f.1:1/x",
            "http://localhost:1/x",
        ] {
            let error = fetcher.fetch(address, &file, 10, |_| true).await.unwrap_err();
            assert!(matches!(error, FetchError::NotPublic), "{address}: {error}");
        }
        let error = fetcher.fetch("file:///etc/passwd", &file, 10, |_| true).await.unwrap_err();
        assert!(matches!(error, FetchError::Scheme), "{error}");
    }
}
