//! What happens to a job, from an input to a verified output.
//!
//! ```text
//! inputs, naming -> plan -> dispatch -> drive -> carry, search, polling -> collect
//!                            |            |
//!                            run          protocol
//! ```
//!
//! - [`plan`]: every input found, checked, hashed, priced and named, in the ledger
//! - `target`: proof that outputs can be written where they are wanted
//! - `earlier`, `own_outputs`: jobs and outputs of a ledger that was lost
//! - `dispatch`: entries of the plan, a bounded number at a time
//! - `drive`: one attempt: ask the protocol, commit the row, carry the effect out, and again
//! - [`protocol`]: the pure rules that bill an input at most once
//! - `evidence`: what other jobs of the run tell of starts in doubt
//! - `polling`: learning of the end of started jobs: list polls, single polls, webhooks as hints
//! - `outage`: when the service does not answer
//! - `collect`: the output, downloaded, verified and published
//! - `collect`, `part`: the output, downloaded, verified and published
//! - [`reconcile`]: the pure audit of charges against the ledger
//! - [`smoke`]: named checks after a deployment, with jobs through all of the above
//! - `run`, `stop`, `canary`, `draft_gate`, `underway`: what the items of one run share: gates, stops, caution with new options
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
mod evidence;
mod fetch;
mod inputs;
mod naming;
mod outage;
mod own_outputs;
mod pages;
mod part;
pub mod plan;
mod polling;
pub mod protocol;
mod queue;
pub mod reconcile;
mod review;
mod run;
mod search;
mod send;
pub mod smoke;
mod stop;
mod target;
mod underway;

pub use arrivals::{Arrivals, Look};
pub use conduct::{Conduct, Destination};
pub use context::{Context, Timing, interrupted};
pub use dispatch::{Dispatch, StdoutSink, Verdict};
pub use earlier::{Earlier, adopt, earlier};
pub use fetch::{FetchRequest, plan_fetch};
pub use inputs::{Found, List, Named, Selection};
pub use naming::Template;
pub use polling::{Settling, look, settle_by_webhook, watch};
pub use review::settle_by_hand;
pub use run::Run;
pub use send::upload_files;
pub use target::prove_open;
