//! Commands about the service and the account: `usage` and `keys`, webhooks with `listen` and
//! `trigger`, and the smoke test.

pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod smoke_test;
pub(crate) mod trigger;
pub(crate) mod usage;
