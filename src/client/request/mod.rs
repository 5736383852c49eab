//! TODO

pub(crate) mod attempt_error;
pub mod backoff;
pub(crate) mod classify;
pub(crate) mod endpoint;
pub(crate) mod log;
pub(crate) mod options;
pub(crate) mod retry;
