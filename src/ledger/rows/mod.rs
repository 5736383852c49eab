//! What the ledger's rows are as types, and how they are read: `ids`, `attempt`, `step`, `batch`, and
//! `json_columns` for the values that are stored as JSON.

pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod ids;
pub(crate) mod json_columns;
pub(crate) mod step;
