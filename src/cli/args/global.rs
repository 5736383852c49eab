//! Flags that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::output::log::LogFormat;
use crate::output::{ColorChoice, OutputFlags};

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Which profile of the configuration to use [env: RBGV_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Read this configuration file in place of the user's [env: RBGV_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print results as JSON: one document, or one object a line where results stream
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only results and what needs attention
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Say more; twice for debugging
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,

    /// Draw no bars, even on a terminal
    #[arg(long, global = true)]
    no_progress: bool,

    /// Add a log to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,

    /// How the log file is written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// Answer every question with yes
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

impl Global {
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
