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
//! - `unknown_jobs_of_key`, `own_outputs`: jobs and outputs of a ledger that was lost
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

pub(crate) mod batch;
pub(crate) mod context;
pub(crate) mod job;
pub mod plan;
pub(crate) mod polling;
pub(crate) mod run;
pub(crate) mod run_options;
pub mod state_machine;

pub use self::batch::{BatchRunner, RunResult, StdoutSink};
pub use self::context::{Context, RunTiming, interrupted};
pub use self::job::manual_review::settle_by_hand;
pub use self::job::upload::upload_files;
pub use self::plan::discover::{DiscoveredInput, FileSelection, InputList, InputSpec};
pub use self::plan::existing_jobs::{FetchRequest, plan_fetch};
pub use self::plan::output_path::NameTemplate;
pub use self::plan::output_target::prove_open;
pub use self::plan::recover::{UnknownJobs, adopt, unknown_jobs_of_key};
pub use self::plan::watch_folder::{FolderScan, FolderWatcher};
pub use self::polling::{WebhookResult, look, settle_by_webhook, watch};
pub use self::run::RunState;
pub use self::run_options::{Destination, RunOptions};
