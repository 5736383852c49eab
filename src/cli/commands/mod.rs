//! One module for each command, with its arguments; none imports another. Reading order: `jobs`,
//! `service`, `configuration`, then `standalone`: commands that need no configuration.

pub(crate) mod configuration;
pub(crate) mod jobs;
pub(crate) mod service;
pub(crate) mod standalone;
