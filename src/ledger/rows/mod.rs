//! What the ledger's rows are as types, and how they are read: `ids`, `attempt`, `step`, `batch`, and
//! `columns` for the
//! values of columns.

pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod columns;
pub(crate) mod ids;
pub(crate) mod step;
