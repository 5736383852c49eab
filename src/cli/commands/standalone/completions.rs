//! `rbgv completions`: a script for the shell.

use clap_complete::Shell;

use crate::model::ExitClass;
use crate::output::Printer;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command, printer: &Printer) -> ExitClass {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "rbgv", &mut script);
    printer.help(&String::from_utf8_lossy(&script), true);
    ExitClass::Done
}
