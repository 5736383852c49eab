//! Limits of a key: learned from responses, since the service publishes none, and shared by all
//! processes through a [`LimiterStore`](crate::model::limits::LimiterStore).
//!
//! In reading order:
//!
//! | file | content |
//! |---|---|
//! | `config` | bounds set by a profile, and the tuned constants |
//! | `pace` | rate limit: one pace for submissions, one for polls |
//! | `window` | concurrency limit, and attribution of a 429 to the pace or the window |
//! | `key_block` | blocks after 401, 402 and 403, until the user resumes |
//! | `admission` | one key: admission of calls, and learning from their results |
//! | `circuit_breaker` | one host: no calls while its failures surge |
//! | `limiter` | the only part that waits: consults the policies above and sleeps |
//! | `request_stats`, `report` | calls of the last hour, and the learned limits, for display |
//! | `memory_store` | limits for the lifetime of the process |
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
pub use self::config::{LimitTuning, PaceBounds, RateLimits};
pub use self::limiter::CallPermit;
pub use self::memory_store::MemoryStore;
pub use self::report::{LimitsReport, NextCall, PaceReport};
