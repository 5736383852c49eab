//! The shared API client: everything that this program says to the service goes through here.
//!
//! A call runs through these files, top to bottom:
//!
//! | file | its one concern |
//! |---|---|
//! | `facade` | [`Client`]: a method for each endpoint of the contract |
//! | `operation` | the calls as data: method, path, credentials, harmless to repeat or not |
//! | `wire/` | bodies: what is sent, and lenient reading of what comes back |
//! | `attempt` | the loop: admit, send once, judge, log, learn, wait, repeat or leave it to the caller |
//! | `limits/` | when a call may go; what answers teach is kept for every process of the key |
//! | `silence` | since when no call was answered |
//! | `verdict` | what an outcome means, and what is done about it: every decision, in one table |
//! | `backoff`, `poll_schedule`, `proxy` | pure policies |
//! | `transport/` | the only place that knows the HTTP library |
//! | `download` | outputs, from another host, without a key, resumable |
//! | `reach` | for diagnosis: the name of the host, and a TLS handshake |
//! | `webhook` | what the service sends by itself: whether to believe it, and why not |
//!
//! Policies take the time and random numbers as parameters and never sleep. Nothing here knows of
//! files beyond the one that is uploaded, of the ledger, or of a terminal.

mod client;
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

pub use self::client::{Client, ResponseHook};
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
