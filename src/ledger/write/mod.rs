//! TODO

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod dedupe;
pub(crate) mod deliveries;
pub(crate) mod key_state;
pub(crate) mod rate_limits;
