//! The API client: everything that this program sends to the service goes through here. A call runs
//! through these modules, from top to bottom:
//!
//! | module | what it does |
//! |---|---|
//! | `api_client` | [`Client`]: a method for each endpoint of the contract |
//! | `types`, `config` | what callers pass in and get back; where calls go and how long they may take |
//! | `request` | one call: endpoint, retry loop, classification of failures |
//! | `wire` | bodies: what is sent, and lenient reading of answers |
//! | [`limits`] | when a call may be sent; what is learned is shared by all processes of the key |
//! | [`transport`] | bytes out and in; the only module that knows the HTTP library |
//! | `outage` | since when no call was answered |
//! | `download` | outputs, from another host, without a key, resumable |
//! | [`webhook`] | verifying what the service sends by itself |
//! | [`connectivity`] | for diagnosis: name resolution and a TLS handshake |
//! | [`poll_schedule`] | when to poll next. Pure |
//!
//! Policies take the time and random numbers as parameters and never sleep. Nothing here knows the
//! ledger, the terminal, or files other than the one that is uploaded.

mod api_client;
mod config;
pub mod connectivity;
mod download;
pub mod limits;
mod outage;
pub mod poll_schedule;
pub mod request;
pub mod transport;
mod types;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use self::api_client::{Client, ResponseHook};
pub use self::config::{CallTiming, ClientConfig};
pub use self::download::{Download, ResumePoint};
pub use self::limits::{
    Backlog, BreakerConfig, CallPermit, LimitsReport, MemoryStore, NextCall, PaceReport, RateLimits,
};
pub use self::outage::{Outage, OutageReporter, OutageView, RequestedPause, ServiceWait};
pub use self::poll_schedule::PollTiming;
pub use self::request::backoff::BackoffWait;
pub use self::request::endpoint::EndpointRoute;
pub use self::request::options::{LastAnswer, LastCheck, OnRetry, RequestOptions};
pub use self::transport::Forwarder;
pub use self::transport::proxy::ProxyChoice;
pub use self::types::{
    AdminKey, CreatedJob, Health, JobPage, ListQuery, NewJob, NewKey, StartJob, StartedJob,
    UploadFile, UploadedFile, UsageDay, UsageEvent, UsageEventPage, UsageSummary,
};
