//! TODO

pub mod amounts;
pub(crate) mod chart;
pub mod csv;
pub mod github;
pub(crate) mod junit;
pub mod smoke_table;
pub(crate) mod table;
