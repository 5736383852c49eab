//! Flags of every command.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputFlags;
use crate::output::events::messages::argument;
use crate::output::log::LogFormat;

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Configuration profile to use [env: RBGV_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Configuration file to use instead of the default [env: RBGV_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputFlags,

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
}
