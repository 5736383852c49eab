//! `rbgv help`: the help of a command, or a topic.

use crate::cli::help::topics::{TOPICS, Topic};
use crate::model::text::nearest;
use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// Print the help of a command, or a topic: exit-codes, environment, config, formats, storage or
/// scripting
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Command or topic [default: list the commands]
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

pub(crate) fn run(
    args: &Args,
    mut command: clap::Command,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    // Passes global flags on to subcommands.
    command.build();
    let asked = args.words.join(" ");
    let found = args
        .words
        .iter()
        .try_fold(&mut command, |command, word| command.find_subcommand_mut(word))
        .map(clap::Command::render_long_help);
    // The topic `config` names the command of the same name.
    let text = match (Topic::find(&asked), found) {
        (Some(topic), _) => topic.text(),
        (None, Some(help)) if printer.style().stdout_color => help.ansi().to_string(),
        (None, Some(help)) => help.to_string(),
        (None, None) => return Err(unknown(&asked, &names(&mut command, &args.words))),
    };
    printer.help(&text, true);
    Ok(ExitClass::Done)
}

/// The names that misspelled words may mean.
fn names(command: &mut clap::Command, words: &[String]) -> Vec<String> {
    let above = words.split_last().map_or(&[][..], |(_, above)| above);
    let prefix = above.join(" ");
    let parent = above.iter().try_fold(command, |command, word| command.find_subcommand_mut(word));
    let commands = parent.into_iter().flat_map(|command| command.get_subcommands());
    let commands =
        commands.map(|command| format!("{prefix} {}", command.get_name()).trim_start().to_owned());
    commands.chain(TOPICS.map(|topic| topic.name.to_owned())).collect()
}

fn unknown(asked: &str, known: &[String]) -> Failure {
    let failure = |why: String| Failure::usage(format!("help {asked}"), why);
    match nearest(asked, known.iter().map(String::as_str)) {
        Some(name) => failure(format!("no such command or topic; did you mean '{name}'?"))
            .with_next(format!("rbgv help {name}")),
        None => failure("no such command or topic".to_owned()).with_next("rbgv help"),
    }
}
