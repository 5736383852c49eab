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

mod agreement;
mod batch;
mod burst;
mod contract;
mod fields;
mod free;
mod paid;
mod quality;
mod refusals;
mod rehearse;
mod run;
mod select;
mod setup;
mod verdict;

pub use contract::CONTRACT;
pub use rehearse::{Expected, Rehearsal, rehearse};
pub use run::{Found, Told, run};
pub use select::{Because, Wanted, select};
pub use setup::{Clients, Clip, Setup, Waits};
pub use verdict::judge;
