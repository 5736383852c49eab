//! Entry point: reads the process environment, runs the command, returns the exit code.

use std::process::ExitCode;

use anyhow::Context as _;
use rbgv::env::Env;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(rbgv::cli::report_early(&error)),
    }
}

fn run() -> anyhow::Result<u8> {
    let env = Env::read().context("reading arguments and environment")?;
    Ok(rbgv::cli::main(&env))
}
