//! `rbgv completions`: prints the script that registers completion with a shell.

use crate::cli::completion::{Shell, script};
use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// Print the script that completes rbgv in a shell
///
/// The script asks rbgv itself, which completes arguments, files, and the profiles, batches and jobs of
/// this machine. Nothing is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<ExitClass, Failure> {
    let script = script(args.shell).map_err(|error| Failure::local("completions", &error))?;
    printer.help(&String::from_utf8_lossy(&script), true);
    Ok(ExitClass::Done)
}
