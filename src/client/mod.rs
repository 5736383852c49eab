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
//! | `limiter` | leave for each attempt; what answers teach is told to the shared store |
//! | `lanes` | the pure part of that: which policy serves for what |
//! | `verdict` | what an outcome means, and what is done about it: every decision, in one table |
//! | `tally`, `report` | the last hour, and what is known of limits, for people |
//! | `backoff`, `poll`, `bucket`, `adaptive`, `cap`, `breaker`, `budget`, `latch` | pure policies |
//! | `transport/` | the only place that knows the HTTP library |
//! | `download` | outputs, from another host, without a key, resumable |
//! | `reach` | for diagnosis: the name of the host, and its certificate |
//! | `webhook` | what the service sends by itself: whether to believe it, and why not |
//!
//! Policies take the time and random numbers as parameters and never sleep. Nothing here knows of
//! files beyond the one that is uploaded, of the ledger, or of a terminal.

pub mod adaptive;
mod asked;
mod attempt;
pub mod backoff;
pub mod breaker;
pub mod bucket;
pub mod budget;
mod burst;
mod call;
mod cap;
mod download;
mod endpoint;
mod facade;
pub mod lanes;
pub mod latch;
mod lessons;
mod limiter;
mod log;
mod memory;
mod operation;
pub mod poll;
pub mod reach;
mod report;
mod tally;
pub mod transport;
mod trouble;
mod verdict;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use adaptive::Bounds;
pub use asked::{
    AdminKey, Created, Health, JobPage, ListQuery, NewJob, NewKey, StartJob, Started, UploadFile,
    Uploaded, UsageDay, UsageEvent, UsageEventPage, UsageSummary,
};
pub use backoff::Wait;
pub use breaker::BreakerShape;
pub use budget::BudgetShape;
pub use call::{Before, Call, LastAnswer, LastCheck, OnRetry, once};
pub use download::{Download, ResumePoint};
pub use endpoint::{Endpoint, ProxyChoice, Timing};
pub use facade::{Client, Witness};
pub use lanes::{LaneLimits, Limits};
pub use limiter::Admission;
pub use memory::MemoryStore;
pub use operation::Route;
pub use poll::{Looks, PollTiming};
pub use report::{LaneReport, LimitsReport, Next};
pub use transport::Forwarder;
pub use transport::peer::Certificate;
