//! How a run behaves: shared by the commands that work through a batch.

use std::time::Duration;

use crate::flow::RunOptions;
use crate::flow::state_machine::Goal;
use crate::model::Credits;

/// How a run behaves: shared by the commands that work through a batch.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "RunOptions")]
pub(crate) struct RunArgs {
    /// Most jobs at the service at once, of each key while two are in use [default: what is learned
    /// of the key, within the profile]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) in_flight: Option<u32>,

    /// Start nothing that would pass this number of credits
    #[arg(long, value_name = "CREDITS")]
    pub(crate) max_credits: Option<f64>,

    /// Replace files that are in the way
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Make up to N new attempts for a job that failed; each may be billed
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) retry_failed: u32,

    /// Begin nothing more after the first failure
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<Duration>,
}

impl RunArgs {
    pub(crate) fn run_options(&self, goal: Goal, again: bool, most: u32) -> RunOptions {
        RunOptions {
            goal,
            in_flight: self.in_flight.unwrap_or(most),
            max_credits: self.max_credits.map(Credits),
            overwrite: self.overwrite,
            fail_fast: self.fail_fast,
            retry_failed: self.retry_failed,
            again,
        }
    }

    /// A batch's own conduct with what is given anew.
    pub(crate) fn over(&self, mut run_options: RunOptions) -> RunOptions {
        run_options.in_flight = self.in_flight.unwrap_or(run_options.in_flight);
        run_options.max_credits = self.max_credits.map(Credits).or(run_options.max_credits);
        run_options.overwrite |= self.overwrite;
        run_options.fail_fast |= self.fail_fast;
        run_options.retry_failed = run_options.retry_failed.max(self.retry_failed);
        run_options
    }
}
