//! What happens to a job, from an input to a verified output.
//!
//! ```text
//! inputs, naming -> plan -> dispatch -> drive -> carry, search, follow -> collect
//!                            |            |
//!                            run          protocol     sweep, usual
//! ```
//!
//! - [`plan`]: every input found, checked, hashed, priced and named, in the ledger
//! - `earlier`: jobs of a ledger that was lost
//! - `dispatch`: entries of the plan, a bounded number at a time
//! - `drive`: one attempt: ask the protocol, commit the row, carry the effect out, and again
//! - [`protocol`]: the pure rules that bill an input at most once
//! - `tidings`: what a listener hears of jobs, so that they are looked at at once
//! - `follow`, `sweep`, `usual`: when to look at jobs, many with one request, and what to expect
//! - `collect`: the output, downloaded, verified and published
//! - [`reconcile`]: the pure audit of charges against the ledger
//! - [`smoke`]: named checks after a deployment, with jobs through all of the above
//! - `run`, `canary`, `draft_gate`, `underway`: what the items of one run share: gates, latches, caution with new options
//!
//! The flow emits [`crate::model::Event`]s and knows nothing of terminals; it reads no environment
//! and no clock but the ones it is given.

mod arrivals;
mod canary;
mod carry;
mod collect;
mod conduct;
mod context;
mod dispatch;
mod draft_gate;
mod drive;
mod earlier;
mod fetch;
mod follow;
mod inputs;
mod naming;
mod pages;
pub mod plan;
pub mod protocol;
mod queue;
pub mod reconcile;
mod review;
mod run;
mod search;
mod send;
mod share;
pub mod smoke;
mod strays;
mod sweep;
mod tidings;
mod underway;
mod usual;
mod watch;

pub use arrivals::Arrivals;
pub use conduct::{Conduct, Destination};
pub use context::{Beside, Context, Timing};
pub use dispatch::{Dispatch, StdoutSink, Verdict};
pub use earlier::{Earlier, adopt, earlier};
pub use fetch::{FetchRequest, plan_fetch};
pub use inputs::{Found, List, Named, Selection};
pub use naming::Template;
pub use review::settle_by_hand;
pub use run::Run;
pub use send::upload_files;
pub use tidings::{Settling, settle_by_webhook};
pub use watch::{look, watch};
