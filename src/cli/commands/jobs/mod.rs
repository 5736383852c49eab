//! Commands about jobs. Start with `run`, which does everything; `upload` is its first step alone.
//! `status`, `fetch` and `resume` work on existing jobs; `logs`, `report` and `open` show their records and
//! outputs.

pub(crate) mod fetch;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod upload;
pub(crate) mod work;
