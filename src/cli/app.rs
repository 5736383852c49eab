//! Parses the command line, starts logging and the runtime, and dispatches to the command.

use std::ffi::{OsStr, OsString};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::env::{Env, terminal_size};
use crate::model::{ExitClass, Failure};
use crate::output::events::{json, messages};
use crate::output::{OutputFlags, Printer, Streams, Style, TerminalInfo, log};

use super::args::global::Global;
use super::commands::{configuration, jobs, service, standalone};
use super::completion;
use super::context::AppContext;
use super::help::examples::with_examples;

/// Threads for blocking work: ledger commits, hashing, files. Each costs a few hundred kilobytes, so
/// without a bound memory would grow with the number of inputs. No blocking task waits for another,
/// so a bound only queues them.
const BLOCKING_THREADS: usize = 64;

/// Remove backgrounds from videos
///
/// rbgv removes the background of videos through the RemoveBGVideo API, from one clip to ten
/// thousand. It never pays twice for the same clip, can be stopped and resumed at any time, and
/// reports the result of every input.
#[derive(Debug, Parser)]
#[command(
    name = "rbgv",
    version,
    max_term_width = 100,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = if cfg!(feature = "matting") {
    "Try it without an account: rbgv run --sandbox CLIP.mp4\n\
     Topics: rbgv help exit-codes, environment, config, formats, storage, scripting"
} else {
    "Topics: rbgv help exit-codes, environment, config, formats, storage, scripting"
};

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "a process holds one, and moves it once")]
enum Command {
    Init(configuration::init::Args),
    #[command(flatten)]
    InContext(ContextCommand),
    Preview(standalone::preview::Args),
    Explain(standalone::explain::Args),
    Doctor(configuration::doctor::Args),
    Sandbox(standalone::sandbox::Args),
    Config(configuration::config::Args),
    Profile(configuration::profile::Args),
    Completions(standalone::completions::Args),
    Man(standalone::man::Args),
    Help(standalone::help::Args),
    Version(standalone::version::Args),
    #[cfg(feature = "matting")]
    Model(standalone::model::Args),
}

// The commands that work with a ledger or the service, and start with an `AppContext`.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "a process holds one, and moves it once")]
enum ContextCommand {
    Run(jobs::run::Args),
    Upload(jobs::upload::Args),
    Status(jobs::status::Args),
    Fetch(jobs::fetch::Args),
    Resume(jobs::resume::Args),
    Work(jobs::work::Args),
    Usage(service::usage::Args),
    SmokeTest(service::smoke_test::Args),
    Listen(service::listen::Args),
    Trigger(service::trigger::Args),
    Keys(service::keys::Args),
    Logs(jobs::logs::Args),
    Report(jobs::report::Args),
    Open(jobs::open::Args),
}

/// The command line as clap sees it, for completions, man pages and tests.
#[must_use]
pub fn command() -> clap::Command {
    with_examples(Cli::command(), "")
}

/// Runs the program and returns the process exit code.
#[must_use]
pub fn main(env: &Env) -> u8 {
    match completion::answer(command, env) {
        Ok(false) => {}
        Ok(true) => return ExitClass::Done.code(),
        Err(error) => return answer_parser(&error, env),
    }
    let parsed = command()
        .try_get_matches_from(&env.args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return answer_parser(&error, env),
    };
    let printer = printer(&cli.global, env);
    let ended =
        start_logging(&cli.global, env, &printer).and_then(|()| run_command(cli, env, &printer));
    let class = ended.unwrap_or_else(|failure| report(failure, &printer));
    match printer.finish() {
        Ok(()) => class.code(),
        Err(failure) => {
            let failure = failure.or_next_of_kind();
            printer.failure(&failure);
            ExitClass::combine([class, failure.kind.exit_class()], false).code()
        }
    }
}

/// Reports the failure of a command. Returns its exit class.
fn report(failure: Failure, printer: &Printer) -> ExitClass {
    let failure = failure.or_next_of_kind();
    printer.report(&failure);
    failure.kind.exit_class()
}

/// Reports a failure from before the command line was parsed.
#[must_use]
pub fn report_early(error: &anyhow::Error) -> u8 {
    let printer = Printer::new(Style::default(), Streams::standard(terminal_size));
    if let Some(failure) = error.downcast_ref::<Failure>() {
        printer.failure(failure);
        return failure.kind.exit_class().code();
    }
    printer.error(&format!("{error:#}"));
    ExitClass::Local.code()
}

/// Prints what clap returns instead of arguments: help, the version, or an error.
fn answer_parser(error: &clap::Error, env: &Env) -> u8 {
    let style = Style::choose(&OutputFlags::default(), &facts(env));
    let printer = Printer::new(style, Streams::standard(terminal_size));
    let asked_for = !error.use_stderr();
    let colored = if asked_for { style.stdout_color } else { style.color };
    let rendered = error.render();
    let text = if colored { rendered.ansi().to_string() } else { rendered.to_string() };
    printer.help(&text, asked_for);
    if asked_for {
        return ExitClass::Done.code();
    }
    // The error does not say which arguments were parsed.
    let words: Vec<&OsStr> =
        env.args.iter().skip(1).map(OsString::as_os_str).take_while(|word| *word != "--").collect();
    let known = Cli::command();
    let command = words.iter().find_map(|word| known.find_subcommand(word));
    let command = command.map(clap::Command::get_name);
    let failure = wrong_command_line(&error.render().to_string(), command);
    if words.contains(&OsStr::new("--json")) {
        printer.document(&json::FailedCommand::from(&failure));
    }
    if command == Some("smoke-test") {
        service::smoke_test::misread(&words, env, &printer, &failure);
    }
    ExitClass::Usage.code()
}

/// The message of clap as a failure.
fn wrong_command_line(rendered: &str, command: Option<&str>) -> Failure {
    // The first empty line ends the message; usage follows.
    let message: Vec<&str> =
        rendered.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let message = message.join(" ");
    // Without a message, clap shows the help.
    let why = message.strip_prefix("error: ").unwrap_or("a subcommand or argument is missing");
    let next = command.map_or("rbgv --help".to_owned(), |name| format!("rbgv {name} --help"));
    Failure::usage("the command line", why).with_next(next)
}

fn facts(env: &Env) -> TerminalInfo {
    let terminal = env.terminal;
    TerminalInfo {
        stdout: terminal.stdout,
        stderr: terminal.stderr,
        shared: terminal.shared,
        width: terminal.size.map(|(columns, _)| columns),
        ..TerminalInfo::default()
    }
    .with_variables(&env.vars)
}

fn printer(global: &Global, env: &Env) -> Printer {
    let style = Style::choose(&global.output, &facts(env));
    let streams = Streams::standard(terminal_size);
    let (current_dir, next_flags) = (env.current_dir.clone(), global.next_flags());
    Printer::new(style, Streams { current_dir, next_flags, ..streams })
}

fn start_logging(global: &Global, env: &Env, printer: &Printer) -> Result<(), Failure> {
    let options = log::LogOptions {
        filter: env.var("RBGV_LOG").map(ToOwned::to_owned),
        file: global.log_file.as_ref().map(|file| env.current_dir.join(file)),
        format: global.log_format,
    };
    log::init(&options, printer, env.clock.clone())
}

fn run_command(cli: Cli, env: &Env, printer: &Printer) -> Result<ExitClass, Failure> {
    let Cli { mut global, command } = cli;
    match command {
        Command::Init(args) => run_init(args, &mut global, env, printer),
        Command::InContext(command) => run_in_context(command, &global, env, printer),
        Command::Preview(args) => standalone::preview::run(&args, env, printer),
        Command::Explain(args) => standalone::explain::run(&args, printer),
        Command::Doctor(args) => block_on(configuration::doctor::run(&args, env, &global, printer)),
        Command::Sandbox(args) => {
            runtime(args.blocking_threads())?.block_on(standalone::sandbox::run(args, env, printer))
        }
        Command::Config(args) if args.is_standalone() => {
            configuration::config::run_standalone(&args, env, &global, printer)
        }
        Command::Config(args) => {
            configuration::config::run(&args, &AppContext::open(env, printer, &global, false)?)
        }
        Command::Profile(args) => {
            // A profile named by the command overrides `--profile`.
            global.profile = args.named().map(ToOwned::to_owned).or(global.profile);
            let app = AppContext::open(env, printer, &global, false)?;
            block_on(configuration::profile::run(args, &app))
        }
        Command::Completions(args) => standalone::completions::run(&args, printer),
        Command::Man(args) => {
            standalone::man::run(&args, self::command(), printer, &env.current_dir)
        }
        Command::Help(args) => standalone::help::run(&args, self::command(), printer),
        Command::Version(_) => Ok(standalone::version::run(printer)),
        #[cfg(feature = "matting")]
        Command::Model(args) => standalone::model::run(&args, env, &global, printer),
    }
}

fn run_in_context(
    command: ContextCommand,
    global: &Global,
    env: &Env,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    // Against a sandbox inside this process.
    let is_sandboxed = match &command {
        ContextCommand::Run(args) => args.sandbox,
        ContextCommand::Upload(args) => args.sandbox,
        ContextCommand::Usage(args) => args.sandbox,
        ContextCommand::SmokeTest(args) => args.sandbox,
        _ => false,
    };
    let opened = AppContext::open(env, printer, global, is_sandboxed);
    if let (ContextCommand::SmokeTest(args), Err(failure)) = (&command, &opened) {
        service::smoke_test::refused(args, global, env, printer, failure);
    }
    let app = opened?;
    block_on(async {
        match command {
            ContextCommand::Run(args) => jobs::run::run(args, &app).await,
            ContextCommand::Upload(args) => jobs::upload::run(args, &app).await,
            ContextCommand::Status(args) => jobs::status::run(args, &app).await,
            ContextCommand::Fetch(args) => jobs::fetch::run(args, &app).await,
            ContextCommand::Resume(args) => jobs::resume::run(args, &app).await,
            ContextCommand::Work(args) => jobs::work::run(args, &app).await,
            ContextCommand::Usage(args) => service::usage::run(args, &app).await,
            ContextCommand::SmokeTest(args) => service::smoke_test::run(args, &app).await,
            ContextCommand::Listen(args) => service::listen::run(args, &app).await,
            ContextCommand::Trigger(args) => service::trigger::run(args, &app).await,
            ContextCommand::Keys(args) => service::keys::run(args, &app).await,
            ContextCommand::Logs(args) => jobs::logs::run(&args, &app).await,
            ContextCommand::Report(args) => jobs::report::run(&args, &app).await,
            ContextCommand::Open(args) => jobs::open::run(&args, &app).await,
        }
    })
}

/// Runs a command to its end. Nothing waits for hashing, writing or lookups that are still in progress.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime(BLOCKING_THREADS)?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}

fn runtime(blocking_threads: usize) -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(blocking_threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::local("starting", &error))
}

/// Runs `init`, and the command that it proposes for the sample clip, as if it had been typed. The
/// profile that it names does not exist yet.
fn run_init(
    args: configuration::init::Args,
    global: &mut Global,
    env: &Env,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    let mut env = env.clone();
    let variable = env.vars.remove("RBGV_PROFILE").filter(|name| !name.is_empty());
    let name = global.profile.take().or(variable);
    let app = AppContext::open(&env, printer, global, false)?;
    let ready = block_on(configuration::init::run(args, name, &app))?;
    let mut class = ExitClass::Done;
    if let Some(words) = ready.sample {
        let shown = words.iter().map(|word| messages::argument(&word.to_string_lossy()));
        printer.note(&format!("running {}", shown.collect::<Vec<_>>().join(" ")));
        let cli = Cli::try_parse_from(&words)
            .map_err(|error| wrong_command_line(&error.to_string(), Some("init")))?;
        class = run_command(cli, &env, printer).unwrap_or_else(|failure| report(failure, printer));
    }
    if let Some(closing) = ready.closing {
        printer.help(&closing, false);
    }
    Ok(class)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
