//! The settings and files that environment and flags lead to, and how settings are shown.

use std::path::PathBuf;

use crate::cli::args::global::Global;
use crate::env::Env;
use crate::model::Failure;
use crate::output::documents::local::SettingLine;
use crate::output::{Printer, Table};
use crate::settings::{self, EffectiveValue, Project, Settings, SettingsSources};

/// The settings, resolved from files, environment and flags.
pub(crate) fn resolve(env: &Env, global: &Global) -> Result<Settings, Failure> {
    Settings::resolve(&sources(env, global))
}

fn sources<'a>(env: &'a Env, global: &'a Global) -> SettingsSources<'a> {
    SettingsSources {
        vars: &env.vars,
        current_dir: &env.current_dir,
        config_dir: env.dirs.as_ref().map(|dirs| dirs.config_dir.as_path()),
        state_dir: env.dirs.as_ref().map(|dirs| dirs.state_dir.as_path()),
        profile: global.profile.as_deref(),
        config: global.config.as_deref(),
    }
}

/// The user's own configuration file, which may be invalid or missing.
pub(crate) fn user_file(env: &Env, global: &Global) -> Result<PathBuf, Failure> {
    settings::user_file(&sources(env, global)).ok_or_else(no_user_file)
}

pub(crate) fn no_user_file() -> Failure {
    let why = "no home directory; name a file with --config FILE";
    Failure::configuration("your configuration file", why)
}

/// The state directory, which does not depend on the files.
pub(crate) fn state_dir(env: &Env, global: &Global) -> Option<PathBuf> {
    settings::state_dir(&sources(env, global)).ok()
}

/// The project file that applies, confirmed or not.
pub(crate) fn project(env: &Env, global: &Global) -> Result<Option<Project>, Failure> {
    settings::project(&sources(env, global))
}

/// Asks about a project file that was not confirmed yet. `--yes` does not apply: the user has to see
/// the file.
pub(crate) fn confirmed(env: &Env, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let unconfirmed = project(env, global)?.filter(|project| !project.is_confirmed());
    let Some(project) = unconfirmed else { return Ok(()) };
    let can_ask = env.terminal.stdin && env.terminal.stderr && !global.yes;
    if !can_ask {
        return Err(project.unconfirmed());
    }
    printer.warn(&format!("{} is not trusted yet. It sets:", project.file.display()));
    for wanted in &project.wants {
        printer.warn(&format!("  {wanted}"));
    }
    if printer.ask("Trust this file in this directory until it changes?") {
        project.confirm()
    } else {
        Err(project.unconfirmed())
    }
}

/// Settings with their origins, for people.
pub(crate) fn settings_table<'a>(shown: impl IntoIterator<Item = &'a EffectiveValue>) -> Table {
    let headings = ["setting", "value", "origin"];
    let mut table = Table::new(headings).names([0, 2]).words([1]).drops([2]).at_least(2, 18);
    for row in shown {
        table.row([&row.key, &row.value, &row.origin].map(String::as_str));
    }
    table
}

/// A setting as a line of a document.
pub(crate) fn setting_line(shown: &EffectiveValue) -> SettingLine<'_> {
    SettingLine { key: &shown.key, value: &shown.value, origin: &shown.origin }
}
