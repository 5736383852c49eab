//! The path of an input from its name to a verified output. In reading order:
//!
//! | module | what it does |
//! |---|---|
//! | [`plan`] | finds, checks, hashes, prices and names every input, and writes them to the ledger |
//! | `batch` | runs the inputs of a batch, a bounded number at a time |
//! | `job` | drives one attempt: upload, create, start, follow, collect |
//! | [`state_machine`] | the pure rules that bill an input at most once |
//! | `polling` | detects the end of started jobs: list polls, single polls, webhooks as hints |
//! | `run` | state shared by the attempts of one run: gates before creates and starts, and reasons to stop |
//! | `context`, `run_options` | dependencies and options of a run |
//! | `job_metadata`, `output_file` | metadata keys that are sent with jobs, and output files |
//!
//! The flow emits [`crate::model::Event`]s and knows nothing of terminals. It reads no environment and
//! no clock other than those it is given.

pub(crate) mod batch;
pub(crate) mod context;
pub(crate) mod job;
pub(crate) mod job_metadata;
pub(crate) mod output_file;
pub mod plan;
pub(crate) mod polling;
pub(crate) mod run;
pub(crate) mod run_options;
pub mod state_machine;

pub use self::batch::{BatchRunner, RunResult, StdoutSink};
pub use self::context::{Context, interrupted};
pub use self::job::manual_review::settle_by_hand;
pub use self::job::upload::upload_files;
pub use self::job::wait::watch;
pub use self::job::webhook::{WebhookResult, settle_by_webhook};
pub use self::plan::earlier_jobs::existing_jobs::{FetchRequest, plan_fetch};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::plan::earlier_jobs::reconcile::fuzz_jobs;
pub use self::plan::earlier_jobs::reconcile::{accept_lost_starts, progress_of};
pub use self::plan::earlier_jobs::recover::{UnknownJobs, adopt, unknown_jobs_of_key};
pub(crate) use self::plan::inputs::has_video_ending;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::plan::inputs::input_spec::fuzz_address;
pub use self::plan::inputs::watch_folder::{FolderScan, FolderWatcher};
pub use self::plan::inputs::{DiscoveredInput, FileSelection, InputList, InputSpec};
pub use self::plan::outputs::output_path::NameTemplate;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::plan::outputs::output_path::fuzz_template;
pub use self::plan::outputs::output_target::prove_open;
pub use self::polling::poll_job;
pub use self::run::RunState;
pub use self::run_options::{ByUrl, Destination, RunOptions};
