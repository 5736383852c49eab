//! Completion while the user types. The shells' scripts ask the program, which knows the arguments of every
//! command, and the profiles, batches and jobs of this machine. Nothing is sent, and no ledger is created.

use std::path::Path;

use clap::Command;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter,
};
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::args::global::Global;
use super::context::resolve;
use crate::env::Env;
use crate::flow::has_video_ending;
use crate::ledger::{AttemptSummary, BatchSummary, Ledger};
use crate::output::formats::amounts;
use crate::settings::ProfileSummary;

/// The variable by which a shell's script asks for completions.
const COMPLETE: &str = "COMPLETE";

/// Maximum batches and jobs that are proposed.
const MAX_PROPOSED: u32 = 100;

/// Endings that are proposed besides those that `run` takes from a directory.
const FURTHER_ENDINGS: [&str; 3] = ["gif", "webp", "ts"];

/// Answers a shell's script. `false` if this process was started for something else.
pub(crate) fn answer(command: impl Fn() -> Command, env: &Env) -> clap::error::Result<bool> {
    CompleteEnv::with_factory(|| with_values(command(), env))
        .var(COMPLETE)
        .bin("rbgv")
        .completer("rbgv")
        .try_complete(env.args.clone(), Some(&env.current_dir))
}

/// A shell in which `rbgv` can be completed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

/// The script that registers `rbgv` with a shell.
pub(crate) fn script(shell: Shell) -> std::io::Result<Vec<u8>> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::Nushell => return Ok(include_bytes!("completion.nu").to_vec()),
        Shell::Powershell => &Powershell,
        Shell::Zsh => &Zsh,
    };
    let mut script = Vec::new();
    completer.write_registration(COMPLETE, "rbgv", "rbgv", "rbgv", &mut script)?;
    Ok(script)
}

/// The command line with values that only this machine knows.
fn with_values(command: Command, env: &Env) -> Command {
    let values = |of: fn(&Env) -> Option<Vec<CompletionCandidate>>| {
        let env = env.clone();
        ArgValueCandidates::new(move || of(&env).unwrap_or_default())
    };
    let videos = || {
        let completer = PathCompleter::any().current_dir(&env.current_dir);
        ArgValueCompleter::new(completer.filter(|path| path.is_dir() || is_video(path)))
    };
    let mut command = command.mut_arg("profile", |arg| arg.add(values(profiles)));
    for (name, argument, of) in [
        ("status", "jobs", jobs as fn(&Env) -> _),
        ("fetch", "jobs", jobs),
        ("logs", "word", jobs),
        ("open", "word", batches),
        ("report", "batch", batches),
        ("resume", "batch", batches),
    ] {
        command = command
            .mut_subcommand(name, |known| known.mut_arg(argument, |arg| arg.add(values(of))));
    }
    for name in ["run", "upload"] {
        let argument = if name == "run" { "inputs" } else { "files" };
        command =
            command.mut_subcommand(name, |known| known.mut_arg(argument, |arg| arg.add(videos())));
    }
    command.mut_subcommand("profile", |profile| {
        ["show", "check", "rotate"].into_iter().fold(profile, |profile, name| {
            profile.mut_subcommand(name, |known| {
                known.mut_arg("name", |arg| arg.add(values(profiles)))
            })
        })
    })
}

fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    has_video_ending(path) || FURTHER_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn profiles(env: &Env) -> Option<Vec<CompletionCandidate>> {
    let settings = resolve(env, &Global::default()).ok()?;
    let candidate = |profile: &ProfileSummary| {
        let help = format!("{} at {}", profile.environment, profile.base_url);
        CompletionCandidate::new(&profile.name).help(Some(help.into()))
    };
    Some(settings.profiles().iter().map(candidate).collect())
}

fn batches(env: &Env) -> Option<Vec<CompletionCandidate>> {
    let lines = ledger(env)?.list_batches(MAX_PROPOSED).ok()?;
    let candidate = |line: &BatchSummary| {
        let made = amounts::ago(line.batch.created_at, env.clock.wall());
        let help = format!("{} done, {} open, {made}", line.counts.done, line.counts.open);
        CompletionCandidate::new(line.batch.id.0.to_string()).help(Some(help.into()))
    };
    Some(lines.iter().map(candidate).collect())
}

fn jobs(env: &Env) -> Option<Vec<CompletionCandidate>> {
    let ledger = ledger(env)?;
    let mut lines = ledger.list_open_attempts(MAX_PROPOSED).ok()?;
    lines.extend(ledger.list_failed_attempts(MAX_PROPOSED).ok()?);
    let candidate = |line: &AttemptSummary| {
        let help = format!("{}: {}", line.attempt.state.status.as_str(), line.name);
        let job = line.attempt.state.job.as_ref()?;
        Some(CompletionCandidate::new(job.0.clone()).help(Some(help.into())))
    };
    Some(lines.iter().filter_map(candidate).collect())
}

/// The ledger, if it is a file: nobody waits for a server while typing.
fn ledger(env: &Env) -> Option<Ledger> {
    let settings = resolve(env, &Global::default()).ok()?;
    (!settings.has_shared_ledger()).then_some(())?;
    Ledger::database_path(&settings.state_dir).is_file().then_some(())?;
    Ledger::open(&settings.state_dir, env.clock.clone()).ok()
}
