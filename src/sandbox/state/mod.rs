//! The state that all requests share. `app` holds it; `hosts`, `route` and `rate_limiter` decide about
//! requests, `audit` records them, and `truth` reports what happened to a simulation.

pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod hosts;
pub(crate) mod rate_limiter;
pub(crate) mod route;
pub(crate) mod truth;
