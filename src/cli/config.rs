//! `rbgv config`: what is in effect, and where it came from.

use super::session::Session;
use crate::model::ExitClass;
use crate::output::Table;

/// Look at the configuration
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print every effective value and where it came from; keys as fingerprints
    Show,
}

pub(super) fn run(args: &Args, session: &Session) -> ExitClass {
    match args.command {
        Command::Show => show(session),
    }
    ExitClass::Done
}

fn show(session: &Session) {
    let shown = session.settings.show();
    if session.printer.style().json {
        let values: Vec<_> = shown
            .iter()
            .map(|value| {
                serde_json::json!({"key": value.key, "value": value.value, "origin": value.origin})
            })
            .collect();
        session.printer.json(&values.into());
        return;
    }
    let mut table = Table::new(["key", "value", "from"]);
    for value in shown {
        table.row([value.key, value.value, value.origin]);
    }
    session.printer.table(&table);
}
