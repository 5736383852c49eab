//! Object stores whose every answer is the same foreign bytes, for the fuzz target.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpResponse, HttpService};
use object_store::{ClientOptions, Result, RetryConfig};

use super::http::{self, Answer, ExpectedAnswer};
use super::{Bucket, ObjectStores, StoreConfig, connect};
use crate::model::{Failure, ObjectUrl, StoredObject};

/// Settings without which a store asks the machine for credentials.
const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_SKIP_SIGNATURE", "true"),
    ("GOOGLE_SKIP_SIGNATURE", "true"),
    ("AZURE_SKIP_SIGNATURE", "true"),
    ("AZURE_STORAGE_ACCOUNT_NAME", "a"),
];

#[derive(Debug, Clone)]
struct ForeignAnswer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl ForeignAnswer {
    /// A status, then headers up to an empty line, then the body.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let split = bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let head = String::from_utf8_lossy(&bytes[..split]);
        let (status, headers) = head.split_once('\n').unwrap_or((&head, ""));
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        Some(Self {
            status: StatusCode::from_bytes(status.as_bytes()).ok()?,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: bytes[split + 2..].to_vec(),
        })
    }
}

impl HttpConnector for ForeignAnswer {
    fn connect(&self, _options: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for ForeignAnswer {
    fn call<'life0, 'async_trait>(&'life0 self, request: HttpRequest) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let mut response = HttpResponse::new(self.body.clone().into());
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        let expected = ExpectedAnswer::of(&request.uri().to_string());
        Box::pin(http::checked(response, expected))
    }
}

/// Lists and reads an object of every kind of store, with credentials and with those that the answer
/// has.
pub(crate) async fn fuzz_store(bytes: &[u8]) {
    let Some(answer) = ForeignAnswer::parse(bytes) else { return };
    let key_file = String::from_utf8_lossy(&answer.body).into_owned();
    let without_retries = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    for url in ["s3://b/in/k", "gs://b/in/k", "az://b/in/k"] {
        let Some(Ok(url)) = ObjectUrl::parse(url) else { continue };
        let known = CREDENTIALS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let account = ("AZURE_STORAGE_ACCOUNT_NAME".to_owned(), "a".to_owned());
        let of_machine = BTreeMap::from([account]);
        let of_file = BTreeMap::from([("GOOGLE_SERVICE_ACCOUNT_KEY".to_owned(), key_file.clone())]);
        for vars in [known, of_machine, of_file] {
            let client = connect::client(&url, &vars, answer.clone(), without_retries.clone());
            let stores = ObjectStores::new(StoreConfig { vars, ..StoreConfig::default() });
            match client {
                Ok(client) => {
                    let bucket = Bucket { client, is_public: false };
                    if let Ok(mut buckets) = stores.shared.buckets.lock() {
                        buckets.insert((url.kind, url.bucket.clone()), bucket);
                    }
                    use_store(&stores, &url).await;
                }
                Err(failure) => check(&failure),
            }
        }
    }
}

async fn use_store(stores: &ObjectStores, url: &ObjectUrl) {
    match stores.page(&url.folder(), true, None).await {
        Ok(page) => {
            for object in page.objects {
                let again = ObjectUrl::parse(&object.url.to_string());
                assert_eq!(again, Some(Ok(object.url)), "a listed object can be named");
            }
        }
        Err(failure) => check(&failure),
    }
    let mut object = StoredObject { url: url.clone(), size: 1, etag: None };
    match stores.head(url).await {
        Ok(Some(head)) => object = head.object,
        Ok(None) => {}
        Err(failure) => check(&failure),
    }
    match stores.read(&object).await {
        Ok(mut pieces) => while let Some(Ok(_)) = pieces.next().await {},
        Err(failure) => check(&failure),
    }
}

fn check(failure: &Failure) {
    assert!(!failure.why.chars().any(char::is_control), "foreign text is cleaned: {failure:?}");
}
