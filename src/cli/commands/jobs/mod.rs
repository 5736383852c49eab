//! Commands about jobs. Start with `run`, which goes all the way; `upload` is its first step alone.
//! `status`, `fetch` and `resume` go on with jobs that exist, and `logs`, `report` and `open` show what
//! the ledger knows of them.

pub(crate) mod fetch;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod upload;
