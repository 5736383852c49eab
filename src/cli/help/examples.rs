//! Examples of each command, shown before its options.

/// For each command a line with its name, and its examples as they are shown.
const EXAMPLES: &str = include_str!("examples.txt");

/// The help of a command: what it does, how it is called, examples, options.
const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

{before-help}{all-args}{after-help}";

/// The examples of the command with these words, as lines.
pub(crate) fn of(words: &str) -> Option<&'static str> {
    let name = format!("rbgv {words}");
    EXAMPLES.trim_end().split("\n\n").find_map(|section| {
        let (heading, lines) = section.split_once('\n')?;
        (heading == name.trim_end()).then_some(lines)
    })
}

/// `command` and its subcommands with their examples.
pub(crate) fn with_examples(command: clap::Command, words: &str) -> clap::Command {
    let command = match of(words) {
        Some(lines) => command.before_help(format!("Examples:\n{lines}")).help_template(TEMPLATE),
        None => command,
    };
    let names: Vec<String> =
        command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let below = format!("{words} {name}");
        command.mut_subcommand(&name, |child| with_examples(child, below.trim_start()))
    })
}
