//! Pure judgements: answers against the `contract` and its `fields`, the credits of a job
//! (`credit_check`) and of one that should cost nothing (`no_charge`), its matte (`matte_check`), and
//! the `verdict` on all stages.

pub(crate) mod contract;
pub(crate) mod credit_check;
pub(crate) mod fields;
pub(crate) mod matte_check;
pub(crate) mod no_charge;
pub(crate) mod verdict;
