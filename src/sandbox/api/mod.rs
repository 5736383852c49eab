//! The HTTP API, the output origin and the control surface.
//!
//! Reading order: `routes`, `handlers/` (one file per group of endpoints; each returns a value), `query`
//! and `range` (parsing requests), `host` (refuses foreign `Host` values), `call` (the middleware that applies
//! authentication, rate limits and faults), `answer`, `view` and `render` (shapes of answers), `response`
//! (their bytes), `transport/` (faults of bodies and connections).

mod answer;
mod call;
mod handlers;
mod host;
mod query;
mod range;
mod render;
mod response;
mod routes;
pub(crate) mod transport;
mod view;

pub(crate) use self::routes::{api, outputs};
pub(crate) use self::view::{ClientView, written};
