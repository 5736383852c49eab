//! `rbgv profile`: the profiles that keep keys of different environments apart.

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod key;
pub(crate) mod rotate;

use crate::cli::context::AppContext;
use crate::model::{ExitClass, Failure};
use crate::output::Table;

/// Look at the profiles, add one, check one, change its key
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the profiles, their services and where their keys come from
    List,
    /// Print the values of a profile and where each came from; keys as fingerprints
    Show {
        /// Which profile [default: the one in use]
        name: Option<String>,
    },
    Add(add::Args),
    /// Try a profile by calls that cost nothing, and say what they see
    Check {
        /// Which profile [default: the one in use]
        name: Option<String>,
    },
    Rotate(rotate::Args),
}

impl Args {
    /// The profile that the command names, which is then the one in use.
    pub(crate) fn named(&self) -> Option<&str> {
        match &self.command {
            Command::Show { name } | Command::Check { name } => name.as_deref(),
            Command::Rotate(args) => args.name(),
            Command::List | Command::Add(_) => None,
        }
    }
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    match args.command {
        Command::List => list(app),
        Command::Show { .. } => show(app),
        Command::Add(args) => return add::run(&args, app),
        Command::Check { .. } => return check::run(app).await,
        Command::Rotate(args) => return rotate::run(args, app).await,
    }
    Ok(ExitClass::Done)
}

fn show(app: &AppContext) {
    let prefix = format!("profiles.{}.", app.settings.profile.name);
    let shown: Vec<_> =
        app.settings.show().into_iter().filter(|row| row.key.starts_with(&prefix)).collect();
    if app.printer.style().json {
        let values: Vec<_> = shown
            .iter()
            .map(
                |row| serde_json::json!({"key": row.key, "value": row.value, "origin": row.origin}),
            )
            .collect();
        app.printer.json(&values.into());
        return;
    }
    let mut table = Table::new(["key", "value", "from"]);
    for row in shown {
        table.row([row.key, row.value, row.origin]);
    }
    app.printer.table(&table);
}
fn list(app: &AppContext) {
    let profiles = app.settings.profiles();
    if app.printer.style().json {
        let values: Vec<_> = profiles
            .iter()
            .map(|profile| {
                serde_json::json!({
                    "name": profile.name,
                    "active": profile.active,
                    "base_url": profile.base_url.as_str(),
                    "environment": profile.environment.as_str(),
                    "key_source": profile.key_source,
                    "key_fingerprint": profile.fingerprint.as_ref().map(ToString::to_string),
                })
            })
            .collect();
        app.printer.json(&values.into());
        return;
    }
    let mut table = Table::new(["", "profile", "environment", "service", "key", "fingerprint"]);
    for profile in profiles {
        table.row([
            if profile.active { "*" } else { "" }.to_owned(),
            profile.name,
            profile.environment.as_str().to_owned(),
            profile.base_url.to_string(),
            profile.key_source,
            profile
                .fingerprint
                .map_or_else(|| "-".to_owned(), |fingerprint| fingerprint.to_string()),
        ]);
    }
    app.printer.table(&table);
}
