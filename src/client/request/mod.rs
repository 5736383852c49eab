//! One call to the API, in reading order:
//!
//! - `endpoint`: the endpoints as data: method, path, credentials, idempotency
//! - `options`: options of a call that come from its caller
//! - `retry`: the retry loop: admission, send, classification, log, limits
//! - `classify`, `attempt_error`: classification of failed attempts, in one table
//! - `backoff`: the wait before a retry. Pure
//! - `log`: one event per attempt

pub(crate) mod attempt_error;
pub mod backoff;
pub(crate) mod classify;
pub(crate) mod endpoint;
pub(crate) mod log;
pub(crate) mod options;
pub(crate) mod retry;
