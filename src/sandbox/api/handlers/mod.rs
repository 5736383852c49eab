//! The endpoints, one file per group. `usage` renders the usage reports of `account`; `output` serves the
//! output origin, `public_routes` the endpoints without a key, and `control` the `/sandbox` surface for tests.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod control;
pub(crate) mod jobs;
pub(crate) mod output;
pub(crate) mod public_routes;
pub(crate) mod uploads;
mod usage;
