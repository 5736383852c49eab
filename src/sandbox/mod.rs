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

mod address;
mod app;
mod audit;
mod clock;
mod content;
mod director;
mod duration;
pub mod engine;
mod fetch;
mod http;
mod in_process;
mod limiter;
mod line;
#[cfg(feature = "matting")]
pub mod matting;
mod options;
mod outgoing;
mod random;
mod route;
mod run;
mod sample;
mod scenario;
mod service;
mod sign;
mod source;
mod stretch;
#[cfg(test)]
mod tests;
mod timer;
mod truth;
mod webhook;
mod work;

pub use self::http::connection::Unanswered;
pub use self::in_process::InProcess;
pub use self::options::{EngineChoice, Log, Options, UploadLimits};
pub use self::route::Route;
pub use self::run::{Ready, Running, SandboxError, blocking_threads, serve, start_thread};
pub use self::sample::{SAMPLE, Sample};
pub use self::scenario::{Fault, Scenario, ScenarioError};
pub use self::timer::Distribution;
pub use self::truth::{CallCount, EarlyCall, JobTruth, Truth};
