//! The arguments of `rbgv smoke-test`.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::smoke::StageSelector;
use crate::model::{ModelName, OutputFormat};

/// Check that service, key and configuration work together
///
/// Runs free stages first: name, tls, health, pricing, authentication, isolation, listing, usage.
/// --budget adds stages that start jobs: success, output and credits (a short test clip), and
/// requests that must be rejected: not-a-video, invalid-option, dead-link, no-credits. Exit codes:
/// 3 key or configuration, 4 credits, 5 service unavailable, 10 too slow, 11 the API has changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also run the stages that start jobs, and spend at most this number of credits (estimated)
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    pub(crate) budget: Option<f64>,

    /// Run only this stage or group of stages (free, paid, failures); may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) only: Vec<StageSelector>,

    /// Skip this stage or group of stages; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) skip: Vec<StageSelector>,

    /// Use a built-in local server (no account, no cost)
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Model to use [default: from the profile]
    #[arg(long, value_parser = word::<ModelName>)]
    pub(crate) model: Option<ModelName>,

    /// Output format; transparency is measured for webp, gif and `png_sequence` [default: webp; with
    /// --suite from the profile]
    #[arg(long, value_parser = word::<OutputFormat>)]
    pub(crate) format: Option<OutputFormat>,

    /// Test with the videos of this directory instead of the built-in clip
    #[arg(long, value_name = "DIR")]
    pub(crate) suite: Option<PathBuf>,

    /// Keep the outputs in this directory
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Profile whose key has no credits, for the stage no-credits
    #[arg(long, value_name = "NAME")]
    pub(crate) no_credits_profile: Option<String>,

    /// Send this number of calls at once, to check that rate limiting (429) is handled
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) burst: Option<u32>,

    /// Stop waiting for jobs after this time; they can be resumed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::duration::parse)]
    pub(crate) timeout: Duration,

    /// Write the result as JUnit XML
    #[arg(long, value_name = "FILE.xml")]
    pub(crate) junit: Option<PathBuf>,

    /// Test the profile's limits, timeouts and retries against simulated failures; nothing is sent to
    /// the service
    #[arg(long, conflicts_with_all = ["budget", "only", "skip", "sandbox", "suite", "burst", "no_credits_profile", "output", "format", "model"])]
    pub(crate) rehearse: bool,
}

fn word<T: std::str::FromStr<Err = crate::model::options::OptionError>>(
    text: &str,
) -> Result<T, String> {
    text.parse().map_err(|bad: T::Err| bad.0)
}

fn credits(text: &str) -> Result<f64, String> {
    let credits: f64 = text.parse().map_err(|_| "expected a number of credits".to_owned())?;
    if credits.is_finite() && credits >= 0.0 {
        return Ok(credits);
    }
    Err("expected 0 or more credits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_that_is_not_below_zero() {
        assert!(credits("-1").is_err() && credits("NaN").is_err() && credits("2.5").is_ok());
    }
}
