//! The smoke test: named stages that show whether a service, a key and a configuration work
//! together, free ones first.
//!
//! | file | its one concern |
//! |---|---|
//! | `select` | which stages run, and why the others do not |
//! | `run` | the stages in order; what one failure means for the others; latency and its budget |
//! | `free` | stages that cost nothing and change nothing |
//! | `paid` | the built-in clip and the team's own, all the way |
//! | `refusals` | what has to be refused, and must not be billed |
//! | `burst` | many calls at once |
//! | `batch` | one batch through the flow, with a record of what happened to each item |
//! | `contract`, `fields`, `agreement`, `quality`, `verdict` | pure judgements |
//!
//! Jobs go through the same plan, protocol and ledger as those of every other command: a smoke
//! test that is killed is not billed twice, and the next one goes on with the job that was left.

pub(crate) mod batch;
pub(crate) mod billed_checks;
pub(crate) mod burst;
pub(crate) mod contract;
pub(crate) mod credit_check;
pub(crate) mod fields;
pub(crate) mod free_checks;
pub(crate) mod matte_check;
pub(crate) mod negative_checks;
pub(crate) mod rehearsal;
pub(crate) mod run;
pub(crate) mod selection;
pub(crate) mod setup;
pub(crate) mod verdict;

pub use self::contract::CONTRACT;
pub use self::rehearsal::{ExpectedEnd, Rehearsal, rehearse};
pub use self::run::{SmokeFindings, SmokeMessage, run};
pub use self::selection::{SkipReason, StageRequest, select};
pub use self::setup::{Clients, SmokeSetup, TestClip, Waits};
pub use self::verdict::judge;
