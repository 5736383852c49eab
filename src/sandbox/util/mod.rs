//! Independent helpers: clock, random numbers, signatures, durations, bandwidth, file kinds, and the HTTP client for
//! webhooks and URL inputs.

pub(crate) mod bandwidth;
pub(crate) mod clock;
pub(crate) mod content_kind;
pub(crate) mod duration;
pub(crate) mod http_client;
pub(crate) mod random;
pub(crate) mod signature;
