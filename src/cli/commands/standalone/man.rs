//! `rbgv man`: prints or writes manual pages.

use std::path::{Path, PathBuf};

use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// Print the manual page, or write all pages to a directory
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write one page per command to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(
    args: &Args,
    command: clap::Command,
    printer: &Printer,
    current_dir: &Path,
) -> Result<ExitClass, Failure> {
    match &args.dir {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| Failure::local("creating the manual page", &error))?;
            printer.help(&String::from_utf8_lossy(&page), true);
        }
        Some(directory) => {
            let directory = current_dir.join(directory);
            let failed =
                |error| Failure::local(format!("writing to {}", directory.display()), &error);
            std::fs::create_dir_all(&directory).map_err(failed)?;
            clap_mangen::generate_to(command, &directory).map_err(failed)?;
        }
    }
    Ok(ExitClass::Done)
}
