//! `rbgv open`: shows an output or the page about a batch with the program of the desktop.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::cli::report_file::ReportTarget;
use crate::env::{Env, platform};
use crate::ledger::{AsyncLedger, BatchId, BatchInput, InputState};
use crate::model::{ExitClass, Failure, Target};
use crate::output::documents::local::OpenedPath;
use crate::output::events::{json, messages};

/// Open an output, or the page about a batch, with the program of the desktop
///
/// Without a display, only prints the path. The program that is started gets no API key.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Job ID, input or output file; or a batch number, whose page is written first
    #[arg(value_name = "JOB|BATCH")]
    word: String,
}

/// Time after which an opener that still runs is left alone: some are the viewer themselves.
const OPENER_PATIENCE: Duration = Duration::from_secs(5);

/// Variables that a program of the desktop needs. No others are passed on, since any may hold a key.
const DESKTOP_VARS: [&str; 13] = [
    "HOME",
    "USER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_SESSION_TYPE",
    "DESKTOP_SESSION",
    "DBUS_SESSION_BUS_ADDRESS",
    "BROWSER",
];

pub(crate) async fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let path = output_or_page(app, &args.word).await?;
    let opened = if has_display(&app.env) {
        start(&app.env, &path).await?;
        true
    } else {
        app.printer.note("there is no display, so nothing was opened");
        false
    };
    if app.printer.style().json {
        app.printer.document(&OpenedPath { path: json::path(&path), opened });
    } else {
        app.printer.path(&path);
    }
    Ok(ExitClass::Done)
}

/// The newest output of a job or file, or the page of a batch.
async fn output_or_page(app: &AppContext, word: &str) -> Result<PathBuf, Failure> {
    let ledger = app.ledger()?;
    let file = absolute(&app.env, Path::new(word));
    // Newest last.
    let attempts = ledger.find_attempts(word, &file, 10).await?;
    let mut inputs = Vec::new();
    for attempt in &attempts {
        inputs.extend(ledger.attempt_details(*attempt).await?.inputs);
    }
    if let Some(output) = inputs.iter().rev().find_map(existing_output) {
        return Ok(output);
    }
    let batch = word.parse().ok().map(BatchId).filter(|_| attempts.is_empty());
    if let Some(batch) = batch
        && ledger.batch(batch).await?.is_some()
    {
        return page(app, &ledger, batch).await;
    }
    let (why, next) = match (inputs.last(), attempts.is_empty()) {
        (_, true) => {
            ("no such job, file or batch in this machine's ledger", "rbgv status".to_owned())
        }
        (Some(input), _) if is_done(input) => {
            ("its output is no longer where it was written", "rbgv fetch --help".to_owned())
        }
        _ => ("it has no output", format!("rbgv logs {}", messages::argument(word))),
    };
    Err(Failure::usage(word, why).with_next(next))
}

fn is_done(input: &BatchInput) -> bool {
    matches!(input.state, InputState::Done | InputState::Skipped)
}

fn existing_output(input: &BatchInput) -> Option<PathBuf> {
    let target = input.target.as_ref().and_then(Target::as_file).map(ToOwned::to_owned);
    target.filter(|path| is_done(input) && path.exists())
}

/// Writes the page of a batch to the state directory, as of now.
async fn page(app: &AppContext, ledger: &AsyncLedger, batch: BatchId) -> Result<PathBuf, Failure> {
    let directory = app.settings.state_dir.join("reports");
    std::fs::create_dir_all(&directory)
        .map_err(|error| Failure::local(format!("creating {}", directory.display()), &error))?;
    let file = directory.join(format!("batch-{}.html", batch.0));
    let written = ReportTarget::new(app, &file)?.write(app, ledger, batch, false).await?;
    Ok(written.path)
}

fn has_display(env: &Env) -> bool {
    let (system, _) = platform();
    matches!(system, "macos" | "windows")
        || env.var("DISPLAY").is_some()
        || env.var("WAYLAND_DISPLAY").is_some()
}

/// Program and arguments that open a file with the program chosen by the user.
fn opener(system: &str) -> (&'static str, &'static [&'static str]) {
    match system {
        "macos" => ("open", &[]),
        // The empty argument is the title of the window.
        "windows" => ("cmd", &["/c", "start", ""]),
        _ => ("xdg-open", &[]),
    }
}

async fn start(env: &Env, path: &Path) -> Result<(), Failure> {
    let (program, arguments) = opener(platform().0);
    let failed =
        |why: String| Failure::local(format!("opening {} with {program}", path.display()), &why);
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .arg(path)
        .env_clear()
        .envs(env.program_vars())
        .envs(env.vars_named(&DESKTOP_VARS))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal does not end it.
        .process_group(0)
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => failed("it is not installed".to_owned())
                .with_next("open the file yourself, or install the package xdg-utils"),
            _ => failed(error.to_string()),
        })?;
    match tokio::time::timeout(OPENER_PATIENCE, child.wait()).await {
        // It is the viewer itself, and stays open.
        Err(_) => Ok(()),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => {
            Err(failed(format!("it ended with {status}")).with_next("open the file yourself"))
        }
        Ok(Err(error)) => Err(failed(error.to_string())),
    }
}
