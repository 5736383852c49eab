//! How results are laid out. Pure: `amounts`, `table`, `chart`, `csv` and `picture`; then the reports of
//! a smoke test, `smoke_table`, `junit` and `github`.

pub mod amounts;
pub(crate) mod chart;
pub mod csv;
pub mod github;
pub(crate) mod junit;
pub mod picture;
pub mod smoke_table;
pub(crate) mod table;
