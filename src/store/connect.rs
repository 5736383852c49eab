//! Clients of buckets, configured by the variables that the stores' own tools read. Credentials come from these
//! variables, from the machine (instance role), or from a web identity token; never from a file of ours.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::HttpConnector;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, RetryConfig};
use url::Url;

use super::environment::{is_secret, prefix};
use super::http::StoreConnector;
use super::{Bucket, BucketClient, error};
use crate::client::StorageHttp;
use crate::model::host::{is_loopback, is_public_host};
use crate::model::{Failure, ObjectUrl, StoreKind, Timing};

/// Maximum time of one request with all of its retries.
const RETRY_TIME: Duration = Duration::from_mins(2);

/// A client of the bucket of `url`.
pub(crate) fn connect(
    url: &ObjectUrl,
    vars: &BTreeMap<String, String>,
    http: &StorageHttp,
    timing: &Timing,
) -> Result<Bucket, Failure> {
    check_credentials(url, vars)?;
    let endpoint = endpoint(url.kind, vars);
    check_endpoint(url, endpoint, vars, http)?;
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: timing.backoff_first / 4,
            max_backoff: timing.backoff_max,
            ..BackoffConfig::default()
        },
        max_retries: usize::try_from(timing.retries).unwrap_or(usize::MAX),
        retry_timeout: RETRY_TIME,
    };
    let connector = StoreConnector { http: http.clone(), timing: *timing };
    let client = client(url, vars, connector, retry)?;
    let is_emulated = vars.get("AZURE_STORAGE_USE_EMULATOR").is_some_and(|value| is_true(value));
    let is_public = endpoint.and_then(parsed).map_or(endpoint.is_none(), |endpoint| {
        endpoint.scheme() == "https" && is_public_host(&endpoint)
    });
    Ok(Bucket { client, is_public: is_public && !(url.kind == StoreKind::Azure && is_emulated) })
}

/// A client of the bucket of `url` that sends its requests through `connector`.
pub(super) fn client(
    url: &ObjectUrl,
    vars: &BTreeMap<String, String>,
    connector: impl HttpConnector,
    retry: RetryConfig,
) -> Result<Arc<dyn BucketClient>, Failure> {
    let client: Result<Arc<dyn BucketClient>, _> = match url.kind {
        StoreKind::S3 => options::<AmazonS3ConfigKey>(vars, url.kind)
            .filter(|(key, _)| !matches!(key, AmazonS3ConfigKey::Client(_)))
            .fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value))
            .with_bucket_name(&url.bucket)
            .with_http_connector(connector)
            .with_retry(retry)
            .build()
            .map(|client| Arc::new(client) as _),
        StoreKind::Gcs => options::<GoogleConfigKey>(vars, url.kind)
            .filter(|(key, _)| !matches!(key, GoogleConfigKey::Client(_)))
            .fold(GoogleCloudStorageBuilder::new(), |builder, (key, value)| {
                builder.with_config(key, value)
            })
            .with_bucket_name(&url.bucket)
            .with_http_connector(connector)
            .with_retry(retry)
            .build()
            .map(|client| Arc::new(client) as _),
        StoreKind::Azure => options::<AzureConfigKey>(vars, url.kind)
            .filter(|(key, _)| {
                !matches!(key, AzureConfigKey::Client(_) | AzureConfigKey::UseAzureCli)
            })
            .fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| {
                builder.with_config(key, value)
            })
            .with_container_name(&url.bucket)
            .with_http_connector(connector)
            .with_retry(retry)
            .build()
            .map(|client| Arc::new(client) as _),
    };
    client.map_err(|error| error::misconfigured(url, &error))
}

/// The variables that the client library knows, as its options.
fn options<K: FromStr>(
    vars: &BTreeMap<String, String>,
    kind: StoreKind,
) -> impl Iterator<Item = (K, String)> {
    let known = vars.iter().filter(move |(name, value)| {
        name.starts_with(prefix(kind)) && !value.is_empty() && !name.contains("BUCKET")
    });
    known.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value.clone())))
}

/// Rejects credentials that fit into no header, such as a token with a line break after it. The library panics
/// when it sends them.
fn check_credentials(url: &ObjectUrl, vars: &BTreeMap<String, String>) -> Result<(), Failure> {
    let is_sent = |name: &str| {
        // A JSON document, of which nothing is sent as it is.
        name.starts_with(prefix(url.kind))
            && is_secret(name)
            && name != "GOOGLE_SERVICE_ACCOUNT_KEY"
    };
    let is_bad = |value: &str| !value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let Some((name, _)) = vars.iter().find(|(name, value)| is_sent(name) && is_bad(value)) else {
        return Ok(());
    };
    let why = format!("{name} contains line breaks or characters that no key has");
    Err(Failure::configuration(url.to_string(), why).with_next("rbgv help storage"))
}

/// The configured address of a store, if it is not the usual one.
fn endpoint(kind: StoreKind, vars: &BTreeMap<String, String>) -> Option<&str> {
    let names: &[&str] = match kind {
        StoreKind::S3 => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
        StoreKind::Gcs => &["GOOGLE_BASE_URL"],
        StoreKind::Azure => &["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"],
    };
    let value = |name: &&str| vars.get(*name).map(String::as_str);
    names.iter().filter_map(value).find(|value| !value.is_empty())
}

fn parsed(endpoint: &str) -> Option<Url> {
    Url::parse(endpoint).ok().filter(|url| url.host().is_some())
}

/// Plain http is for stores on this machine, or where the user allows it: it sends requests
/// unencrypted.
fn check_endpoint(
    url: &ObjectUrl,
    endpoint: Option<&str>,
    vars: &BTreeMap<String, String>,
    http: &StorageHttp,
) -> Result<(), Failure> {
    let refused =
        |why: &str, next: &str| Err(Failure::configuration(url.to_string(), why).with_next(next));
    let address = endpoint.map(parsed);
    let allow_http = format!("{}ALLOW_HTTP", prefix(url.kind));
    match (&address, &http.no_tls) {
        (Some(None), _) => refused(
            "the configured endpoint is not a URL",
            "use an endpoint such as https://s3.example",
        ),
        (Some(Some(address)), _) if address.scheme() == "http" => {
            let is_allowed = vars.get(&allow_http).is_some_and(|value| is_true(value));
            if is_allowed || is_loopback(address) {
                return Ok(());
            }
            refused(
                "the configured endpoint is not https",
                &format!("use https, or set {allow_http}=true"),
            )
        }
        (_, Some(why)) => refused(
            &format!("no certificates for https on this machine: {why}"),
            "apt-get install ca-certificates",
        ),
        _ => Ok(()),
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on" | "y")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ProxyChoice;
    use crate::model::FailureKind;

    fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn connected(url: &str, pairs: &[(&str, &str)]) -> Result<Bucket, Failure> {
        let url = ObjectUrl::parse(url).unwrap().unwrap();
        let mut http =
            StorageHttp::new(&ProxyChoice::default(), "rbgv", &Timing::default()).unwrap();
        http.no_tls = None;
        connect(&url, &vars(pairs), &http, &Timing::default())
    }

    #[test]
    fn only_addresses_that_strangers_reach_give_public_urls() {
        let keys = [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "SK")];
        for (endpoint, is_public) in [
            ("", true),
            ("https://account.r2.cloudflarestorage.com", true),
            ("https://minio.internal", false),
            ("https://minio", false),
            ("https://192.168.1.7:9000", false),
            ("https://10.0.0.1", false),
            ("https://[fd00::1]", false),
            ("https://localhost:9000", false),
            ("http://127.0.0.1:9000", false),
        ] {
            let with = [keys[0], keys[1], ("AWS_ENDPOINT_URL", endpoint)];
            assert_eq!(connected("s3://b/k", &with).unwrap().is_public, is_public, "{endpoint}");
        }
        let emulated = [("AZURE_STORAGE_USE_EMULATOR", "true")];
        assert!(!connected("az://c/k", &emulated).unwrap().is_public);
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let endpoint = ("AWS_ENDPOINT_URL_S3", "http://minio.example:9000");
        let Err(failure) = connected("s3://b/k", &[endpoint]) else { panic!("http was accepted") };
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.next.as_deref().unwrap().contains("AWS_ALLOW_HTTP"), "{failure:?}");
        assert!(connected("s3://b/k", &[endpoint, ("AWS_ALLOW_HTTP", "true")]).is_ok());
        assert!(connected("s3://b/k", &[("AWS_ENDPOINT", "minio:9000")]).is_err());
        let half = [("AWS_ACCESS_KEY_ID", "AK")];
        assert!(connected("s3://b/k", &half).is_err(), "the secret is missing");
    }

    #[test]
    fn credentials_that_cannot_be_sent_are_refused() {
        let keys = |secret: &'static str, token: &'static str| {
            [
                ("AWS_ACCESS_KEY_ID", "AK"),
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("AWS_SESSION_TOKEN", token),
            ]
        };
        assert!(connected("s3://b/k", &keys("SK", "T+/=")).is_ok());
        for (secret, token) in [("SK", "hidden\n"), ("hid\u{e9}en", "T"), ("SK", "\u{1}hidden")] {
            let Err(failure) = connected("s3://b/k", &keys(secret, token)) else {
                panic!("{secret:?} {token:?}")
            };
            assert_eq!(failure.kind, FailureKind::Configuration);
            assert!(failure.why.starts_with("AWS_SE") && !failure.why.contains("hid"), "{failure}");
        }
    }
}
