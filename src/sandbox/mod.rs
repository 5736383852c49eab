//! A local server for the documented API, so that people can try the tool without an account and
//! tests can meet every fault.
//!
//! An implementation of its own, written from the contract: it shares no types, no signing and no
//! HTTP client with what talks to it. Its map:
//!
//! ```text
//! http/      the API and the output origin over HTTP; shapes and damage of answers
//! service/   what the service knows and decides, without HTTP
//! scenario/  what a scenario file may say
//! engine     what the server needs of what removes backgrounds; timer stands in for it
//! matting/   the engine that removes backgrounds
//! work       the queue between a start and the engine
//! run        listening on sockets; in_process without them, in virtual time
//! truth      what really happened, for the checks of a simulation
//! webhook, fetch, address: what the sandbox sends and fetches
//! ```

mod app;
mod audit;
mod bandwidth;
mod clock;
mod content_type;
mod duration;
pub mod engine;
pub(crate) mod faults;
mod http;
mod http_client;
mod in_process;
#[cfg(feature = "matting")]
pub mod matting;
mod options;
mod random;
mod rate_limiter;
mod sample;
mod scenario;
mod server;
mod service;
mod signature;
mod stand_in;
mod stretch;
mod truth;

#[cfg(test)]
mod tests;

pub use self::http::connection::NoAnswer;
pub use self::http::route::Route;
pub use self::in_process::InProcess;
pub use self::options::{EngineChoice, Log, Options, UploadLimits};
pub use self::sample::{SAMPLE, Sample};
pub use self::scenario::{FaultRule, Scenario, ScenarioError};
pub use self::server::{Ready, Running, SandboxError, blocking_threads, serve, start_thread};
pub use self::stand_in::Distribution;
pub use self::truth::{CallCount, EarlyCall, JobTruth, Truth};
