//! `rbgv config`: shows and changes the configuration, and trusts a project file.

mod edit;

use std::path::Path;

use crate::cli::args::global::Global;
use crate::cli::context::setting_line;
use crate::cli::context::{AppContext, project, resolve, user_file};
use crate::env::Env;
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::{ConfigPath, ProjectTrusted, SettingStored};
use crate::output::{Printer, events::json};
use crate::settings::set_value;

/// Show and change the configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
enum Command {
    /// Show every effective value and its origin (keys as fingerprints)
    Show,
    /// Print the path of your configuration file, which may not exist yet
    Path,
    /// Print the effective value of a setting
    Get {
        /// Setting, as config show lists it, such as profiles.dev.timing.settle
        key: String,
    },
    /// Set a value in your configuration file, after checking it
    ///
    /// Comments and everything else in the file stay as they are. Secrets are not accepted here: rbgv init
    /// and rbgv profile store keys.
    Set {
        /// Setting, such as default_profile, defaults.model or profiles.dev.timing.settle
        key: String,
        /// Value: text, a number, true or false, or a date
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Edit your configuration file with $VISUAL, $EDITOR or vi, and check it before it is replaced
    Edit,
    /// Trust the rbgv.toml that applies in this directory
    ///
    /// A project file may set a host, key source or secret that your own configuration does not have.
    /// It is only used after you trust it, for this directory and its current content. Read it first.
    Trust,
}

impl Args {
    /// Whether the command runs without resolved settings, which may be invalid.
    pub(crate) fn is_standalone(&self) -> bool {
        !matches!(self.command, Command::Show | Command::Get { .. })
    }
}

pub(crate) fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    match &args.command {
        Command::Get { key } => get(app, key)?,
        _ => app.print_settings(app.settings.show().iter()),
    }
    Ok(ExitClass::Done)
}

/// The commands for which [`Args::is_standalone`].
pub(crate) fn run_standalone(
    args: &Args,
    env: &Env,
    global: &Global,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    match &args.command {
        Command::Trust => return trust(env, global, printer),
        Command::Edit => edit::edit(&user_file(env, global)?, env, printer)?,
        Command::Set { key, value } => {
            let file = user_file(env, global)?;
            set_value(&file, key, value, &env.vars)?;
            report_set(&file, key, env, global, printer);
        }
        _ => {
            let file = user_file(env, global)?;
            if printer.style().json {
                let exists = file.is_file();
                printer.document(&ConfigPath { file: json::path(&file), exists });
            } else {
                printer.path(&file);
            }
        }
    }
    Ok(ExitClass::Done)
}

fn get(app: &AppContext, key: &str) -> Result<(), Failure> {
    let Some(row) = app.settings.show().iter().find(|row| row.key == key) else {
        let why = "no setting of this name is in effect";
        return Err(Failure::usage(format!("config get {key}"), why).with_next("rbgv config show"));
    };
    if app.printer.style().json {
        app.printer.document(&setting_line(row));
    } else {
        app.printer.data(&row.value);
    }
    Ok(())
}

/// Reports a new value, and whether something else overrides it.
fn report_set(file: &Path, key: &str, env: &Env, global: &Global, printer: &Printer) {
    printer.note(&format!("set {key} in {}", file.display()));
    if let Ok(settings) = resolve(env, global)
        && let Some(row) = settings.show().iter().find(|row| row.key == key)
        && !row.origin.starts_with(&*file.to_string_lossy())
    {
        printer.warn(&format!("{} overrides it with {}", row.origin, row.value));
    }
    if printer.style().json {
        printer.document(&SettingStored { key, file: json::path(file) });
    }
}

/// Trusts the project file that applies.
fn trust(env: &Env, global: &Global, printer: &Printer) -> Result<ExitClass, Failure> {
    let Some(project) = project(env, global)? else {
        let why = "no rbgv.toml applies in this directory";
        return Err(Failure::usage("config trust", why).with_next("rbgv config show"));
    };
    if !project.wants.is_empty() {
        project.confirm()?;
    }
    if printer.style().json {
        printer.document(&ProjectTrusted {
            file: json::path(&project.file),
            confirmed: &project.wants,
        });
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
