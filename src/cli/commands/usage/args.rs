//! The arguments of `rbgv usage`.

use std::time::Duration;

use clap::ValueEnum;

/// Show the credits that were used, and audit them
///
/// The fields of the service's answers are not documented: what is known is shown, and --json
/// keeps everything. While keys are rotated both are asked, and what they used is added up. With
/// --by the figures come from this machine's ledger, without asking the service.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// Of the last N days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub(crate) days: u32,

    /// Show recent events too
    #[arg(long)]
    pub(crate) events: bool,

    /// Most events
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,

    /// Group what the ledger knows; every profile for `profile`, otherwise the one in use
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "events")]
    pub(crate) by: Option<GroupBy>,

    /// Compare every charge with the ledger and name every difference; ends with 11 if there is one
    #[arg(long, conflicts_with_all = ["events", "by"])]
    pub(crate) reconcile: bool,

    /// End with 11 also when not everything could be compared
    #[arg(long, requires = "reconcile")]
    pub(crate) strict: bool,

    /// How long charges may take to show: look again for so long before calling one missing
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "reconcile", value_parser = crate::duration::parse)]
    pub(crate) lag: Duration,

    /// End with 10 if more credits than this were used in the period
    #[arg(long, value_name = "CREDITS", value_parser = amount)]
    pub(crate) budget: Option<f64>,

    /// Print records for a spreadsheet
    #[arg(long)]
    pub(crate) csv: bool,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,
}

/// What attempts are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupBy {
    /// The model.
    Model,
    /// Each of the user's tags; a job with several counts in each.
    Tag,
    /// The profile.
    Profile,
    /// The day of the start, in UTC.
    Day,
}

impl GroupBy {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tag => "tag",
            Self::Profile => "profile",
            Self::Day => "day",
        }
    }
}

fn amount(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err("a budget is 0 or more credits".to_owned())
    }
}
