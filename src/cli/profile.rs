//! `rbgv profile`: the profiles that keep keys of different environments apart.

use super::session::Session;
use crate::model::ExitClass;
use crate::output::Table;

/// Look at the profiles
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the profiles, their services and where their keys come from
    List,
}

pub(super) fn run(args: &Args, session: &Session) -> ExitClass {
    match args.command {
        Command::List => list(session),
    }
    ExitClass::Done
}

fn list(session: &Session) {
    let profiles = session.settings.profiles();
    if session.printer.style().json {
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
        session.printer.json(&values.into());
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
            profile.fingerprint.map_or_else(|| "-".to_owned(), |print| print.to_string()),
        ]);
    }
    session.printer.table(&table);
}
