//! `rbgv man`: prints or writes manual pages.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::help::examples;
use crate::cli::help::topics::{TOPICS, roff_text};
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
    mut command: clap::Command,
    printer: &Printer,
    current_dir: &Path,
) -> Result<ExitClass, Failure> {
    // Passes names and global flags on to subcommands.
    command.build();
    match &args.dir {
        None => {
            let mut page = Vec::new();
            render(command, "", &mut page)
                .map_err(|error| Failure::local("creating the manual page", &error))?;
            printer.help(&String::from_utf8_lossy(&page), true);
        }
        Some(directory) => {
            let directory = current_dir.join(directory);
            let failed =
                |error| Failure::local(format!("writing to {}", directory.display()), &error);
            std::fs::create_dir_all(&directory).map_err(failed)?;
            write_pages(command, "", &directory).map_err(failed)?;
            for topic in TOPICS {
                std::fs::write(directory.join(topic.page_name()), topic.page()).map_err(failed)?;
            }
        }
    }
    Ok(ExitClass::Done)
}

/// Writes the pages of `command`, which has these words, and of its subcommands.
fn write_pages(command: clap::Command, words: &str, directory: &Path) -> std::io::Result<()> {
    for child in command.get_subcommands() {
        let below = format!("{words} {}", child.get_name());
        write_pages(child.clone(), below.trim_start(), directory)?;
    }
    let name = format!("rbgv {words}").trim_end().replace(' ', "-");
    let mut page = Vec::new();
    render(command, words, &mut page)?;
    std::fs::write(directory.join(format!("{name}.1")), page)
}

/// The sections of a page as clap orders them, with the examples behind the description.
fn render(command: clap::Command, words: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    let has_subcommands = command.has_subcommands();
    let has_extra = command.get_after_help().is_some();
    let man = clap_mangen::Man::new(command);
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    if let Some(lines) = examples::of(words) {
        writeln!(page, ".SH EXAMPLES\n.nf\n{}\n.fi", roff_text(lines))?;
    }
    man.render_options_section(page)?;
    if has_subcommands {
        man.render_subcommands_section(page)?;
    }
    if has_extra {
        man.render_extra_section(page)?;
    }
    man.render_version_section(page)
}
