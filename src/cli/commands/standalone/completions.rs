//! `rbgv completions`: prints a completion script.

use clap_complete::Shell;

use crate::model::ExitClass;
use crate::output::Printer;

/// Print a shell completion script
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command, printer: &Printer) -> ExitClass {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "rbgv", &mut script);
    printer.help(&String::from_utf8_lossy(&script), true);
    ExitClass::Done
}
