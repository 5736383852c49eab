//! A local server for the documented API, for trying the tool without an account and for testing every
//! fault.
//!
//! An independent implementation of the contract: it shares no wire types, no signing and no HTTP client
//! with the client.
//!
//! Reading order:
//!
//! ```text
//! options    what a sandbox is started with
//! assets/    what is compiled in: the sample clip, networks, stand-ins
//! server/    starting and stopping, with sockets or in process
//! state/     what all requests share: rate limits, audit
//! api/       the API and the output origin over HTTP
//! faults/    scenario files and the faults of one call
//! service/   keys, jobs, charges, webhooks, without HTTP
//! engine/    the interface of an engine, and the stand-in
//! matting/   the engine that removes backgrounds
//! util/      clock, random numbers, signatures, bandwidth
//! ```

mod api;
mod assets;
pub mod engine;
pub(crate) mod faults;
#[cfg(feature = "matting")]
pub mod matting;
mod options;
mod server;
mod service;
pub(crate) mod state;
pub(crate) mod util;

#[cfg(test)]
mod tests;

pub use self::api::transport::connection::NoAnswer;
pub use self::assets::{SAMPLE, Sample};
pub use self::engine::stand_in::Distribution;
pub use self::faults::scenario::{FaultRule, Scenario, ScenarioError};
pub use self::options::{EngineChoice, Log, Options, UploadLimits};
pub use self::server::{
    InProcess, Ready, Running, SandboxError, blocking_threads, serve, start_thread,
};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::service::fuzz_request;
pub use self::state::route::Route;
pub use self::state::truth::{CallCount, EarlyCall, JobTruth, Truth};
