//! The HTTP service of the client library: our own HTTP client, with a limit on every wait.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::TryStreamExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use crate::client::{StorageHttp, is_metadata_service};
use crate::model::Timing;

/// Minimum speed of sending, in bytes per second. The library sends blocks of a few megabytes.
const MIN_SPEED: u64 = 32 * 1024;

/// Timeout of the service that issues the credentials of a cloud machine. Other machines do not have it.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum response of that service, in bytes.
const CREDENTIALS_MAX: usize = 64 * 1024;

/// Latest expiry, in seconds of the Unix epoch or from now: the year 2286.
const LATEST_EXPIRY: u64 = 9_999_999_999;

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

pub(super) type Answer<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for StoreConnector {
    fn call<'life0, 'async_trait>(&'life0 self, request: HttpRequest) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let length = request.body().content_length() as u64;
        let expected = ExpectedAnswer::of(&request.uri().to_string());
        let limit = if expected.is_some() {
            METADATA_TIMEOUT
        } else {
            self.timing.connect_timeout
                + self.timing.idle_timeout
                + Duration::from_secs(length / MIN_SPEED)
        };
        let client = if length == 0 { &self.http.reading } else { &self.http.sending };
        Box::pin(async move {
            let answer = async {
                let response = HttpService::call(client, request).await?;
                checked(response, expected).await
            };
            timeout(limit, answer)
                .await
                .unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Timeout, Silent(limit))))
        })
    }
}

/// What a request to the service that issues credentials asks for. In some networks anything responds at its
/// address, and the library panics if it cannot put the response into a URL, a header or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedAnswer {
    /// The name of a role or an account, or a token with which credentials are read.
    Word,
    /// A JSON object.
    Credentials,
}

impl ExpectedAnswer {
    /// `None` for a request to another service.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok().filter(is_metadata_service)?;
        let words = ["/latest/api/token", "/iam/security-credentials/", "/email"];
        let is_word = words.iter().any(|end| url.path().ends_with(end));
        Some(if is_word { Self::Word } else { Self::Credentials })
    }

    fn fits(self, body: &[u8]) -> bool {
        let is_printable = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let is_time = |seconds: u64| seconds <= LATEST_EXPIRY;
        let is_usable = |value: &Value| match value {
            Value::String(text) => is_printable(text) && text.parse().map_or(true, is_time),
            Value::Number(number) => number.as_u64().is_some_and(is_time),
            _ => true,
        };
        match self {
            Self::Word => {
                body.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@-_/~".contains(byte))
            }
            Self::Credentials => serde_json::from_slice::<Map<String, Value>>(body)
                .is_ok_and(|fields| fields.values().all(is_usable)),
        }
    }
}

/// Rejects a successful response that cannot be what was asked for.
pub(super) async fn checked(
    response: HttpResponse,
    expected: Option<ExpectedAnswer>,
) -> Result<HttpResponse, HttpError> {
    let Some(expected) = expected else { return Ok(response) };
    let (head, body) = response.into_parts();
    let mut pieces = body.bytes_stream();
    let mut body = BytesMut::new();
    while let Some(piece) = pieces.try_next().await? {
        body.extend_from_slice(&piece);
        if body.len() > CREDENTIALS_MAX {
            return Err(HttpError::new(HttpErrorKind::Decode, NoCredentials));
        }
    }
    if head.status.is_success() && !expected.fits(&body) {
        return Err(HttpError::new(HttpErrorKind::Decode, NoCredentials));
    }
    Ok(HttpResponse::from_parts(head, body.freeze().into()))
}

#[derive(Debug, thiserror::Error)]
#[error("no response for {} s", .0.as_secs())]
struct Silent(Duration);

#[derive(Debug, thiserror::Error)]
#[error("the response of 169.254.169.254 contains no credentials")]
struct NoCredentials;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_credentials_reaches_the_library() {
        use ExpectedAnswer::{Credentials, Word};
        // (expected, response, accepted)
        let table = [
            (Word, "role-of_machine+=,.@", true),
            (Word, "AQAEAKr2c==", true),
            (Word, "<html>log in</html>", false),
            (Word, "two words", false),
            (Word, "role\n", false),
            (Word, "r\u{f4}le", false),
            (Word, r#"{"Code":"Success"}"#, false),
            (Credentials, r#"{"access_token":"ya29.a-b_c","expires_in":3599}"#, true),
            (Credentials, r#"{"access_token":"e.y","expires_on":"1506484173"}"#, true),
            (Credentials, r#"{"Expiration":"2026-01-02T03:04:05Z","Token":"IQ/+="}"#, true),
            (Credentials, r#"{"access_token":"a\n","expires_in":1}"#, false),
            (Credentials, r#"{"access_token":"\u00e9","expires_in":1}"#, false),
            (Credentials, r#"{"access_token":"a","expires_in":18446744073709551615}"#, false),
            (Credentials, r#"{"access_token":"a","expires_in":"18446744073709551615"}"#, false),
            (Credentials, "role", false),
        ];
        for (expected, body, accepted) in table {
            assert_eq!(expected.fits(body.as_bytes()), accepted, "{expected:?} {body}");
        }
        for (url, expected) in [
            ("http://169.254.169.254/latest/api/token", Some(Word)),
            ("http://169.254.169.254/latest/meta-data/iam/security-credentials/", Some(Word)),
            (
                "http://169.254.169.254/latest/meta-data/iam/security-credentials/r",
                Some(Credentials),
            ),
            (
                "http://metadata.google.internal/computeMetadata/v1/instance/token",
                Some(Credentials),
            ),
            ("https://b.s3.us-east-1.amazonaws.com/latest/api/token", None),
        ] {
            assert_eq!(ExpectedAnswer::of(url), expected, "{url}");
        }
    }
}
