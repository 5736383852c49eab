//! The limits of a key: learned from answers, since no service publishes them, and shared by every
//! process through a [`LimiterStore`](crate::model::limits::LimiterStore).
//!
//! Read in this order:
//!
//! | file | its one concern |
//! |---|---|
//! | `config` | the bounds that a profile sets, and every tuned constant |
//! | `pace` | how fast: one pace for submissions, one for polls |
//! | `window` | how many jobs in flight, and whether a refusal was about the pace or the window |
//! | `key_block` | stops after 401, 402 and 403, until the user resumes |
//! | `admission` | one key: may this call go now, and what does its answer teach |
//! | `breaker` | one host: left alone while its failures surge |
//! | `limiter` | the only part that waits: asks the policies above, sleeps, asks again |
//! | `tally`, `report` | the last hour, and what is known, for people |
//! | `memory_store` | limits that end with the process |
//!
//! All but `limiter` and `memory_store` are pure functions over the plain state in
//! [`model::limits`](crate::model::limits).

pub(super) mod admission;
pub mod circuit_breaker;
mod config;
mod key_block;
pub(super) mod limiter;
mod memory_store;
pub mod pace;
pub(super) mod report;
mod request_stats;
mod window;

pub use self::admission::Backlog;
pub use self::circuit_breaker::BreakerConfig;
pub use self::config::{LimitTuning, PaceBounds, RateLimits};
pub use self::limiter::CallPermit;
pub use self::memory_store::MemoryStore;
pub use self::report::{LimitsReport, NextCall, PaceReport};
