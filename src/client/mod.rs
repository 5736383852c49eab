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

mod asked;
mod attempt;
pub mod backoff;
mod call;
mod download;
mod endpoint;
mod facade;
pub mod limits;
mod log;
mod operation;
pub mod poll_schedule;
mod proxy;
pub mod reach;
mod silence;
pub mod transport;
mod trouble;
mod verdict;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use asked::{
    AdminKey, Created, Health, JobPage, ListQuery, NewJob, NewKey, StartJob, Started, UploadFile,
    Uploaded, UsageDay, UsageEvent, UsageEventPage, UsageSummary,
};
pub use backoff::Wait;
pub use call::{Call, LastAnswer, LastCheck, OnRetry};
pub use download::{Download, ResumePoint};
pub use endpoint::{Endpoint, Timing};
pub use facade::{Client, Witness};
pub use limits::{
    Admission, Backlog, BreakerShape, Limits, LimitsReport, MemoryStore, NextCall, PaceReport,
};
pub use operation::Route;
pub use poll_schedule::PollTiming;
pub use proxy::ProxyChoice;
pub use silence::{Pause, Reported, Silence, SilenceOf, Unanswered};
pub use transport::Forwarder;
