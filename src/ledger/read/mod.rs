//! TODO

pub(crate) mod attempt_details;
pub(crate) mod cost_report;
pub(crate) mod durations;
pub(crate) mod key_report;
pub(crate) mod status;
