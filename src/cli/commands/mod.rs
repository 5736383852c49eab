//! TODO

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod extract;
pub(crate) mod fetch;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod logs;
pub(crate) mod man;
#[cfg(feature = "matting")]
pub(crate) mod model;
pub(crate) mod profile;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod smoke_test;
pub(crate) mod status;
pub(crate) mod upload;
pub(crate) mod usage;
