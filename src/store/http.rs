//! The HTTP service of the client library: our own HTTP client, with a limit on every wait.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use tokio::time::timeout;
use url::Url;

use crate::client::{StorageHttp, is_metadata_service};
use crate::model::Timing;

/// Minimum speed of sending, in bytes per second. The library sends blocks of a few megabytes.
const MIN_SPEED: u64 = 32 * 1024;

/// Timeout of the service that issues the credentials of a cloud machine. Other machines do not have it.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes all HTTP clients of the library ours. Its own options are not used.
#[derive(Clone)]
pub(crate) struct StoreConnector {
    pub(crate) http: StorageHttp,
    pub(crate) timing: Timing,
}

impl fmt::Debug for StoreConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreConnector")
    }
}

impl HttpConnector for StoreConnector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for StoreConnector {
    fn call<'life0, 'async_trait>(&'life0 self, request: HttpRequest) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let length = request.body().content_length() as u64;
        let url = Url::parse(&request.uri().to_string());
        let limit = if url.is_ok_and(|url| is_metadata_service(&url)) {
            METADATA_TIMEOUT
        } else {
            self.timing.connect_timeout
                + self.timing.idle_timeout
                + Duration::from_secs(length / MIN_SPEED)
        };
        let client = if length == 0 { &self.http.reading } else { &self.http.sending };
        Box::pin(async move {
            timeout(limit, HttpService::call(client, request))
                .await
                .unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Timeout, Silent(limit))))
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no response for {} s", .0.as_secs())]
struct Silent(Duration);
