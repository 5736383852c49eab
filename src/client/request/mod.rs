//! One call to the API. In reading order:
//!
//! - `endpoint`: the endpoints as data: method, path, credentials, idempotency
//! - `options`: what a caller says about one call
//! - `retry`: the loop: wait for a permit, send once, classify, log, learn, and repeat or return
//! - `classify`, `attempt_error`: what a failed attempt means: every decision, in one table
//! - `backoff`: how long to wait before a call is repeated. Pure
//! - `log`: one event for each attempt

pub(crate) mod attempt_error;
pub mod backoff;
pub(crate) mod classify;
pub(crate) mod endpoint;
pub(crate) mod log;
pub(crate) mod options;
pub(crate) mod retry;
