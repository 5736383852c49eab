//! `rbgv config`: what is in effect, and where it came from.

use crate::cli::args::global::Global;
use crate::cli::context::{AppContext, project};
use crate::env::Env;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{Printer, Table, events::json};

/// Look at the configuration, confirm a project's
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print every effective value and where it came from; keys as fingerprints
    Show,
    /// Confirm the rbgv.toml that applies in this directory, as it is now
    ///
    /// A project's file may name a host, a key or a secret that your own configuration does not have.
    /// It is used only after you confirmed it, once for its directory and content. Look at it first.
    Trust,
}

impl Args {
    /// Whether the command confirms a file that cannot be used before.
    pub(crate) fn is_trust(&self) -> bool {
        matches!(self.command, Command::Trust)
    }
}

pub(crate) fn run(args: &Args, app: &AppContext) -> ExitClass {
    match args.command {
        Command::Show => show(app),
        Command::Trust => {}
    }
    ExitClass::Done
}

/// Confirms the project's file that applies.
pub(crate) fn trust(env: &Env, global: &Global, printer: &Printer) -> Result<ExitClass, Failure> {
    let Some(project) = project(env, global)? else {
        let why = "no rbgv.toml applies in this directory, so there is nothing to confirm";
        return Err(
            Failure::new(FailureKind::Usage, "config trust", why).with_next("rbgv config show")
        );
    };
    if !project.wants.is_empty() {
        project.confirm()?;
    }
    if printer.style().json {
        printer.json(&serde_json::json!({
            "file": json::path(&project.file),
            "confirmed": project.wants,
        }));
        return Ok(ExitClass::Done);
    }
    let file = project.file.display();
    if project.wants.is_empty() {
        printer.note(&format!("{file} wants nothing that has to be confirmed"));
    }
    for wanted in &project.wants {
        printer.note(&format!("confirmed: {wanted}"));
    }
    printer.path(&project.file);
    Ok(ExitClass::Done)
}

fn show(app: &AppContext) {
    let shown = app.settings.show();
    if app.printer.style().json {
        let values: Vec<_> = shown
            .iter()
            .map(|value| {
                serde_json::json!({"key": value.key, "value": value.value, "origin": value.origin})
            })
            .collect();
        app.printer.json(&values.into());
        return;
    }
    let mut table = Table::new(["key", "value", "from"]);
    for value in shown {
        table.row([value.key, value.value, value.origin]);
    }
    app.printer.table(&table);
}
