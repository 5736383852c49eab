//! Run options, for the commands that work through a batch.

use std::time::Duration;

use strum::VariantNames as _;

use super::one_of;
use crate::flow::state_machine::Goal;
use crate::flow::{ByUrl, RunOptions};
use crate::model::Credits;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Run options")]
pub(crate) struct RunArgs {
    /// Maximum concurrent jobs per API key [default: adaptive, bounded by the profile]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) in_flight: Option<u32>,

    /// Stop before exceeding this number of credits
    #[arg(long, value_name = "CREDITS")]
    pub(crate) max_credits: Option<f64>,

    /// Overwrite existing files
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Retry a failed job up to N times; each new attempt may be billed
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) retry_failed: u32,

    /// Send objects as signed URLs: auto (if their store is public), always or never
    #[arg(
        long,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        value_parser = one_of::<ByUrl>(ByUrl::VARIANTS.iter().copied()),
    )]
    pub(crate) by_url: Option<ByUrl>,

    /// Stop at the first failure
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<Duration>,

    /// Ring the terminal bell at the end, and show a desktop notification where notify-send exists
    #[arg(long)]
    pub(crate) notify: bool,
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
            by_url: self.by_url.unwrap_or_default(),
            again,
        }
    }

    /// The stored options of a batch, with the flags that were given on top.
    pub(crate) fn over(&self, mut run_options: RunOptions) -> RunOptions {
        run_options.in_flight = self.in_flight.unwrap_or(run_options.in_flight);
        run_options.max_credits = self.max_credits.map(Credits).or(run_options.max_credits);
        run_options.overwrite |= self.overwrite;
        run_options.fail_fast |= self.fail_fast;
        run_options.by_url = self.by_url.unwrap_or(run_options.by_url);
        run_options.retry_failed = run_options.retry_failed.max(self.retry_failed);
        run_options
    }
}
