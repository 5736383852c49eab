//! The smoke test: named checks that show whether a service, a key and a configuration work together,
//! free ones first. In reading order:
//!
//! | module | what it does |
//! |---|---|
//! | `setup`, `selection` | what a smoke test works with; which stages run, and why others do not |
//! | `run` | the stages in order, what one failure means for the others, latency and budget |
//! | `checks` | the stages: free, billed, negative, burst |
//! | `batch`, `rehearsal` | clips through the flow; clips against a server that injects faults |
//! | `judgements` | pure judgements of answers, credits, mattes and stages |
//!
//! Jobs go through the same plan, state machine and ledger as those of every other command: a smoke test
//! that is killed is not billed twice, and the next one continues with the job that was left.

pub(crate) mod batch;
pub(crate) mod checks;
pub(crate) mod judgements;
pub(crate) mod rehearsal;
pub(crate) mod run;
pub(crate) mod selection;
pub(crate) mod setup;

pub use self::judgements::contract::CONTRACT;
pub use self::judgements::verdict::judge;
pub use self::rehearsal::{ExpectedEnd, Rehearsal, rehearse};
pub use self::run::{SmokeFindings, SmokeMessage, run};
pub use self::selection::{SkipReason, StageRequest, select};
pub use self::setup::{Clients, SmokeSetup, TestClip};
