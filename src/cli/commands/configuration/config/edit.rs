//! `rbgv config edit`: an editor on a copy, which replaces the file once it is valid.

use std::path::Path;
use std::process::Command;

use crate::env::Env;
use crate::model::Failure;
use crate::model::text::shell_quoted;
use crate::output::Printer;
use crate::settings::{ConfigFile, SECRET_VARIABLES};

/// Editor without `$VISUAL` and `$EDITOR`.
const EDITOR: &str = "vi";

pub(crate) fn edit(file: &Path, env: &Env, printer: &Printer) -> Result<(), Failure> {
    let before = ConfigFile::read(file)?;
    let failed = |error: &std::io::Error| {
        Failure::local(format!("copying {} for the editor", file.display()), error)
    };
    // Temporary files have mode 0600, as the file may contain a key.
    let copy = tempfile::Builder::new()
        .prefix("rbgv-config-")
        .suffix(".toml")
        .tempfile()
        .and_then(|copy| std::fs::write(copy.path(), &before.text).map(|()| copy.into_temp_path()))
        .map_err(|error| failed(&error))?;
    let is_attended = env.terminal.stdin && env.terminal.stderr;
    loop {
        open_editor(&copy, env)?;
        let edited = std::fs::read_to_string(&copy).map_err(|error| failed(&error))?;
        if edited == before.text {
            printer.note(&format!("{} is unchanged", file.display()));
            return Ok(());
        }
        let Err(failure) = before.check(&edited, &env.vars) else {
            before.replace(&edited)?;
            printer.note(&format!("saved {}", file.display()));
            return Ok(());
        };
        if !is_attended {
            return Err(failure.with_next("rbgv config edit"));
        }
        printer.failure(&failure);
        if !printer.ask("Edit it again? Otherwise the changes are discarded.") {
            return Err(Failure::usage("cancelled", "nothing was changed"));
        }
    }
}

fn open_editor(copy: &Path, env: &Env) -> Result<(), Failure> {
    let editor = env.var("VISUAL").or_else(|| env.var("EDITOR")).unwrap_or(EDITOR);
    let what = || format!("the editor {editor}");
    // The variable may contain arguments.
    let line = format!("{editor} {}", shell_quoted(copy));
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(&env.current_dir);
    for variable in SECRET_VARIABLES {
        command.env_remove(variable);
    }
    let status = command.status().map_err(|error| Failure::local(what(), &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::local(what(), &format!("{status}; nothing was changed"))
        .with_next("set EDITOR to your editor, such as EDITOR=nano"))
}
