//! Commands that need no configuration and no ledger.

pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod help;
pub(crate) mod man;
#[cfg(feature = "matting")]
pub(crate) mod model;
pub(crate) mod preview;
pub(crate) mod sandbox;
pub(crate) mod version;
