//! The arguments of `rbgv usage`.

use std::time::Duration;

use clap::ValueEnum;
use strum::IntoStaticStr;

use crate::cli::args::rows::RowArgs;

/// Show and audit credit usage
///
/// Shows the figures of the service; --json includes its full responses. During a key rotation, the
/// figures of both keys are added up. With --by, the figures come from this machine's ledger.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// Period in days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub(crate) days: u32,

    /// Also show recent usage events
    #[arg(long)]
    pub(crate) events: bool,

    /// Maximum number of events
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,

    /// Group the usage in the ledger, of the active profile (with profile: of all profiles)
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "events")]
    pub(crate) by: Option<GroupBy>,

    /// Compare every charge with the ledger and list differences (exit code 11 if there are any)
    #[arg(long, conflicts_with_all = ["events", "by"])]
    pub(crate) reconcile: bool,

    /// Exit with 11 also if not everything could be compared
    #[arg(long, requires = "reconcile")]
    pub(crate) strict: bool,

    /// How long charges may take to appear before they are reported as missing
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "reconcile", value_parser = crate::duration::parse)]
    pub(crate) lag: Duration,

    /// Exit with 10 if more credits than this were used in the period
    #[arg(long, value_name = "CREDITS", value_parser = amount)]
    pub(crate) budget: Option<f64>,

    /// Print CSV
    #[arg(long, conflicts_with_all = ["fields", "template"])]
    pub(crate) csv: bool,

    #[command(flatten)]
    pub(crate) rows: RowArgs,

    /// Use a built-in local server (no account, no cost)
    #[arg(long)]
    pub(crate) sandbox: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum GroupBy {
    /// Model
    Model,
    /// Custom tag; a job with several tags counts in each
    Tag,
    /// Profile
    Profile,
    /// Day of the start, in UTC
    Day,
}

impl GroupBy {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

fn amount(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err("expected 0 or more credits".to_owned())
    }
}
