//! The smoke test: named checks that show whether a service, a key and a configuration work together,
//! free ones first. In reading order:
//!
//! | module | what it does |
//! |---|---|
//! | `setup`, `selection` | what a smoke test works with; which stages run, and why others do not |
//! | `run` | the stages in order, what one failure means for the others, latency and budget |
//! | `free_checks` | checks that cost nothing and change nothing |
//! | `billed_checks`, `batch` | the built-in clip and the team's own, through the flow |
//! | `negative_checks` | what has to be rejected, and must not be billed |
//! | `burst`, `rehearsal` | many calls at once; clips against a server that injects faults |
//! | `contract`, `fields`, `credit_check`, `matte_check`, `verdict` | pure judgements |
//!
//! Jobs go through the same plan, state machine and ledger as those of every other command: a smoke test
//! that is killed is not billed twice, and the next one continues with the job that was left.

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
