//! `rbgv profile`: manages profiles, which separate the keys of different environments.

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod rotate;

use crate::cli::args::rows::{RowArgs, rows};
use crate::cli::context::AppContext;
use crate::model::{ExitClass, Failure};
use crate::output::Table;
use crate::output::documents::account::ProfileLine;
use crate::settings::ProfileSummary;

/// Manage profiles
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List profiles with their services and key sources
    List {
        #[command(flatten)]
        rows: RowArgs,
    },
    /// Show the values of a profile and their origin (keys as fingerprints)
    Show {
        /// Profile name [default: the active profile]
        name: Option<String>,
    },
    Add(add::Args),
    /// Check a profile with free API calls
    Check {
        /// Profile name [default: the active profile]
        name: Option<String>,
    },
    Rotate(rotate::Args),
}

impl Args {
    /// The profile named by the command, which is then used.
    pub(crate) fn named(&self) -> Option<&str> {
        match &self.command {
            Command::Show { name } | Command::Check { name } => name.as_deref(),
            Command::Rotate(args) => args.name(),
            Command::List { .. } | Command::Add(_) => None,
        }
    }
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    match args.command {
        Command::List { rows } => list(app, &rows)?,
        Command::Show { .. } => show(app),
        Command::Add(args) => return add::run(args, app).await,
        Command::Check { .. } => return check::run(app).await,
        Command::Rotate(args) => return rotate::run(args, app).await,
    }
    Ok(ExitClass::Done)
}

fn show(app: &AppContext) {
    let prefix = format!("profiles.{}.", app.settings.profile.name);
    app.print_settings(app.settings.show().iter().filter(|row| row.key.starts_with(&prefix)));
}

fn list(app: &AppContext, form: &RowArgs) -> Result<(), Failure> {
    let profiles = app.settings.profiles();
    let line = |profile: &ProfileSummary| ProfileLine {
        name: profile.name.clone(),
        active: profile.active,
        base_url: profile.base_url.to_string(),
        environment: profile.environment.as_str(),
        key_source: profile.key_source.clone(),
        key_fingerprint: profile.fingerprint.as_ref().map(ToString::to_string),
    };
    if form.is_given() {
        return form.print(&app.printer, &rows(profiles.iter().map(line)));
    }
    if app.printer.style().json {
        app.printer.document(&profiles.iter().map(line).collect::<Vec<_>>());
        return Ok(());
    }
    let headings = ["", "profile", "environment", "service", "key", "fingerprint"];
    let mut table = Table::new(headings).names([1, 3, 4]).drops([5, 2, 4]);
    for profile in profiles {
        table.row([
            if profile.active { "*" } else { "" }.to_owned(),
            profile.name.clone(),
            profile.environment.as_str().to_owned(),
            profile.base_url.to_string(),
            profile.key_source.clone(),
            profile.fingerprint.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        ]);
    }
    app.printer.table(&table);
    Ok(())
}
