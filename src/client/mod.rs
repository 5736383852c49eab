//! The API client, through which this program sends everything to the service. A call passes these
//! modules from top to bottom:
//!
//! | module | content |
//! |---|---|
//! | `api_client` | [`Client`]: one method per endpoint of the contract |
//! | `types`, `config` | parameters and results; address, credentials and timeouts |
//! | `request` | one call: endpoint, retry loop, classification of failures |
//! | `wire` | request bodies, and lenient reading of responses |
//! | [`limits`] | admission of calls; learned limits are shared by all processes of the key |
//! | [`transport`] | the only module that uses the HTTP library |
//! | `outage` | detection of outages |
//! | `download` | resumable download of outputs, from another host, without a key |
//! | [`webhook`] | verification of webhooks |
//! | [`connectivity`] | name resolution and TLS handshake, for diagnosis |
//!
//! Policies take the time and random numbers as parameters and never sleep. The client has no access
//! to the ledger, the terminal, or files other than uploads.

mod api_client;
mod config;
pub mod connectivity;
mod download;
pub mod limits;
pub(crate) mod outage;
pub mod request;
pub mod transport;
mod types;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use self::api_client::{Client, ResponseHook};
pub use self::config::ClientConfig;
pub use self::download::{Download, ResumePoint};
pub use self::limits::{
    Backlog, CallPermit, LimitsReport, MemoryStore, NextCall, PaceReport, RateLimits,
};
pub use self::outage::{Outage, OutageReporter, OutageView, RequestedPause, ServiceWait};
pub use self::request::backoff::BackoffWait;
pub use self::request::endpoint::EndpointRoute;
pub use self::request::options::{LastCheck, LastRequestId, OnRetry, RequestOptions};
pub use self::transport::Forwarder;
pub use self::transport::proxy::ProxyChoice;
pub use self::transport::storage::StorageHttp;
pub(crate) use self::transport::storage::is_metadata_service;
pub use self::transport::tls::database_tls;
pub use self::types::{
    AdminKey, CreatedJob, Health, JobPage, ListQuery, NewJob, NewKey, OpenStream, StartJob,
    StartedJob, UploadContent, UploadFile, UploadedFile, UsageDay, UsageEvent, UsageEventPage,
    UsageSummary,
};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::{
    download::fuzz_content_range,
    limits::fuzz_limits,
    transport::fuzz_encoding,
    wire::{fuzz_page, read_as_everything as fuzz_response},
};
