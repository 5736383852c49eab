//! Object stores: inputs and outputs at `s3://`, `gs://` and `az://`. The only module that uses their client
//! library; its requests go through an HTTP client of `client`, so that proxies, certificates, user agent and
//! timeouts are those of all other requests. In reading order:
//!
//! - `environment`: the variables with settings and credentials
//! - `connect`: a client of a bucket
//! - `http`: the connection to the HTTP client
//! - `read`: lists, properties, bytes, and the length of a video without a download
//! - `write`: outputs, written whole or not at all
//! - `error`: failures in our own words
//!
//! Nothing here is stored or logged: neither credentials nor signed URLs.

mod connect;
mod environment;
mod error;
#[cfg(any(test, feature = "fuzz"))]
mod foreign_answers;
mod http;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use object_store::list::PaginatedListStore;
use object_store::path::Path as Key;
use object_store::signer::{Method, Signer};

use crate::client::StorageHttp;
use crate::model::{Failure, ObjectUrl, OutputLink, StoreKind};

pub use self::environment::{StoreConfig, is_store_variable};
use self::error::Access;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::foreign_answers::fuzz_store;
pub use self::read::{ObjectHead, ObjectPage};
pub use self::write::{NewObject, OutputTag};

/// Access to object stores. Clones share connections. Nothing is connected before the first use.
#[derive(Clone)]
pub struct ObjectStores {
    shared: Arc<Shared>,
}

struct Shared {
    config: StoreConfig,
    http: OnceLock<Result<StorageHttp, Failure>>,
    buckets: Mutex<BTreeMap<(StoreKind, String), Bucket>>,
}

/// A client of one bucket.
#[derive(Clone)]
struct Bucket {
    client: Arc<dyn BucketClient>,
    /// Strangers reach it over https with a signed URL.
    is_public: bool,
}

trait BucketClient: ObjectStore + PaginatedListStore + Signer {}
impl<T: ObjectStore + PaginatedListStore + Signer> BucketClient for T {}

impl ObjectStores {
    #[must_use]
    pub fn new(config: StoreConfig) -> Self {
        for (name, value) in &config.vars {
            if environment::is_secret(name) {
                config.sanitizer.add(value);
            }
        }
        let (http, buckets) = (OnceLock::new(), Mutex::default());
        Self { shared: Arc::new(Shared { config, http, buckets }) }
    }

    fn bucket(&self, url: &ObjectUrl) -> Result<Bucket, Failure> {
        let Shared { config, http, buckets } = &*self.shared;
        let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (url.kind, url.bucket.clone());
        if let Some(bucket) = buckets.get(&name) {
            return Ok(bucket.clone());
        }
        let http = http
            .get_or_init(|| StorageHttp::new(&config.proxy, &config.user_agent, &config.timing));
        let bucket = connect::connect(
            url,
            &config.vars,
            http.as_ref().map_err(Clone::clone)?,
            &config.timing,
        )?;
        buckets.insert(name, bucket.clone());
        Ok(bucket)
    }

    /// Whether the service can fetch a signed URL of the object, as far as its address tells.
    pub fn gives_public_urls(&self, url: &ObjectUrl) -> Result<bool, Failure> {
        Ok(self.bucket(url)?.is_public && can_be_signed(url))
    }

    /// A URL with which anybody can read the object for `valid`, at most 7 days. It ends earlier with
    /// temporary credentials.
    pub async fn sign(&self, url: &ObjectUrl, valid: Duration) -> Result<OutputLink, Failure> {
        let client = self.bucket(url)?.client;
        if !can_be_signed(url) {
            let why = "this store's URLs are signed only for keys of letters, digits and - _ . ~ /";
            return Err(Failure::usage(format!("signing a URL of {url}"), why)
                .with_next("leave out --by-url"));
        }
        let signed = client.signed_url(Method::GET, &key(url)?, valid.min(SIGNED_MAX)).await;
        let signed = signed.map_err(|error| self.failure(url, &error, Access::Sign))?;
        Ok(OutputLink::new(signed))
    }

    fn failure(&self, url: &ObjectUrl, error: &object_store::Error, access: Access) -> Failure {
        error::failure(url, error, access, &self.shared.config)
    }
}

/// Maximum validity of a signed URL in all stores.
const SIGNED_MAX: Duration = Duration::from_hours(7 * 24);

/// Whether the client library signs the URL of this key correctly. For Google, it leaves the key unencoded, so
/// that the URL of `a#1` is that of another object. For Azure, it signs the encoded key, and the store expects
/// the signature of the decoded one.
fn can_be_signed(url: &ObjectUrl) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    url.kind == StoreKind::S3 || url.key.bytes().all(is_unreserved)
}

/// The key of `url`, without encoding.
fn key(url: &ObjectUrl) -> Result<Key, Failure> {
    Key::parse(&url.key).map_err(|_| error::bad_key(url))
}
