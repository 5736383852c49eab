//! The arguments of `rbgv smoke-test`.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::smoke::StageSelector;
use crate::model::{ModelName, OutputFormat};

/// Check that service, key and configuration work together
///
/// Runs named stages, the free ones first: name, tls, health, pricing, authentication, isolation,
/// listing, usage. With --budget also those that cost: success, output and credits (a known short
/// clip all the way), and what has to be refused: not-a-video, invalid-option, dead-link,
/// no-credits. The exit code tells what is wrong: 5 the service is down, 10 it is slow, 3 our
/// key or configuration, 11 the contract changed, 4 credits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the stages that start jobs too, and spend at most this number of credits, by estimate
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    pub(crate) budget: Option<f64>,

    /// Only this stage, or group of stages (free, paid, failures); may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) only: Vec<StageSelector>,

    /// Not this stage, or group of stages; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) skip: Vec<StageSelector>,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Which model works on the clips [default: the profile's]
    #[arg(long, value_parser = word::<ModelName>)]
    pub(crate) model: Option<ModelName>,

    /// File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default:
    /// webp; for --suite the profile's]
    #[arg(long, value_parser = word::<OutputFormat>)]
    pub(crate) format: Option<OutputFormat>,

    /// In place of the built-in clip, take the videos of this directory, and report each
    #[arg(long, value_name = "DIR")]
    pub(crate) suite: Option<PathBuf>,

    /// Keep outputs here
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// A profile whose key has no credits, for the stage no-credits
    #[arg(long, value_name = "NAME")]
    pub(crate) no_credits_profile: Option<String>,

    /// Send so many calls at once, to see that refusals (429) are waited out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) burst: Option<u32>,

    /// End the jobs after this time; what is under way can be resumed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::duration::parse)]
    pub(crate) timeout: Duration,

    /// Write the result as JUnit XML; the file is emptied first
    #[arg(long, value_name = "FILE.xml")]
    pub(crate) junit: Option<PathBuf>,

    /// Try the profile's limits, waits and retries against a sandbox that makes trouble; nothing is
    /// sent to the service
    #[arg(long, conflicts_with_all = ["budget", "only", "skip", "sandbox", "suite", "burst", "no_credits_profile", "output", "format", "model"])]
    pub(crate) rehearse: bool,
}

fn word<T: std::str::FromStr<Err = crate::model::options::OptionError>>(
    text: &str,
) -> Result<T, String> {
    text.parse().map_err(|bad: T::Err| bad.0)
}

fn credits(text: &str) -> Result<f64, String> {
    let credits: f64 = text.parse().map_err(|_| "write a number of credits".to_owned())?;
    if credits.is_finite() && credits >= 0.0 {
        return Ok(credits);
    }
    Err("write a number of credits that is not below zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_that_is_not_below_zero() {
        assert!(credits("-1").is_err() && credits("NaN").is_err() && credits("2.5").is_ok());
    }
}
