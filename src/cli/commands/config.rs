//! `rbgv config`: shows the effective configuration, and trusts a project file.

use crate::cli::args::global::Global;
use crate::cli::context::{AppContext, project};
use crate::env::Env;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{Printer, events::json};

/// Show the configuration, or trust a project file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show every effective value and its origin (keys as fingerprints)
    Show,
    /// Trust the rbgv.toml that applies in this directory
    ///
    /// A project file may set a host, key source or secret that your own configuration does not have.
    /// It is only used after you trust it, for this directory and its current content. Read it first.
    Trust,
}

impl Args {
    /// Whether the command runs without resolved settings.
    pub(crate) fn is_trust(&self) -> bool {
        matches!(self.command, Command::Trust)
    }
}

pub(crate) fn run(args: &Args, app: &AppContext) -> ExitClass {
    match args.command {
        Command::Show => app.print_settings(app.settings.show()),
        Command::Trust => {}
    }
    ExitClass::Done
}

/// Trusts the project file that applies.
pub(crate) fn trust(env: &Env, global: &Global, printer: &Printer) -> Result<ExitClass, Failure> {
    let Some(project) = project(env, global)? else {
        let why = "no rbgv.toml applies in this directory";
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
        printer.note(&format!("{file} sets nothing that needs to be trusted"));
    }
    for wanted in &project.wants {
        printer.note(&format!("trusted: {wanted}"));
    }
    printer.path(&project.file);
    Ok(ExitClass::Done)
}
