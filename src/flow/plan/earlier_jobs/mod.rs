//! Jobs that exist before a plan does: `existing_jobs`, those that `rbgv fetch` names; `recover`,
//! those of a ledger that was lost; `reconcile`, those of a shared ledger after a fail-over.

pub(crate) mod existing_jobs;
pub(crate) mod reconcile;
pub(crate) mod recover;
