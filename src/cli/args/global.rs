//! Flags of every command.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::output::events::messages::argument;
use crate::output::log::LogFormat;
use crate::output::{ColorChoice, OutputFlags};

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Configuration profile to use [env: RBGV_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Configuration file to use instead of the default [env: RBGV_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print results as JSON: one document, or one object per line for streamed results
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only results, warnings and errors
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Verbose output (-vv for debug)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,

    /// Disable progress bars
    #[arg(long, global = true)]
    no_progress: bool,

    /// Append a log to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,

    /// Format of the log file
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// Assume yes for all prompts
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

impl Global {
    /// The flags that select the configuration, for the next command.
    pub(crate) fn next_flags(&self) -> String {
        let config = self.config.as_ref().map(|file| ("--config", file.to_string_lossy()));
        let profile = self.profile.as_ref().map(|name| ("--profile", name.into()));
        let flags = config.into_iter().chain(profile);
        let flags = flags.map(|(flag, value)| format!("{flag} {}", argument(&value)));
        flags.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn output_flags(&self) -> OutputFlags {
        OutputFlags {
            color: self.color,
            no_progress: self.no_progress,
            json: self.json,
            quiet: self.quiet,
            verbose: self.verbose,
        }
    }
}
