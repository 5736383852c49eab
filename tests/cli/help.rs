//! Help: examples first, topics that agree with the code, and the version.

use std::collections::BTreeSet;
use std::path::Path;

use rbgv::model::{ExitClass, OutputFormat};

use crate::docs::{arguments, commands, parse};
use crate::support::Home;

/// The commands without subcommands of their own, with their words.
fn leaves(command: &clap::Command, words: &str, all: &mut Vec<(String, clap::Command)>) {
    all.push((words.to_owned(), command.clone()));
    for child in command.get_subcommands() {
        leaves(child, &format!("{words} {}", child.get_name()), all);
    }
}

#[test]
fn every_command_shows_examples_that_are_accepted_before_its_options() {
    let mut all = Vec::new();
    let mut root = rbgv::cli::command();
    root.build();
    leaves(&root, "rbgv", &mut all);
    assert!(all.len() > 35, "{}", all.len());
    for (words, mut command) in all {
        let help = command.render_long_help().to_string();
        let examples =
            help.find("\nExamples:\n  rbgv").unwrap_or_else(|| panic!("{words}: {help}"));
        let options = help.find("\nGlobal options:").unwrap_or(help.len());
        assert!(examples < options, "{words}: {help}");
        assert!(help.find("Usage:").unwrap() < examples, "{words}: {help}");
        let shown = command.get_before_help().unwrap().to_string();
        for example in commands(&shown).iter().filter_map(|words| arguments(words)) {
            assert_eq!(parse(example), Ok(()), "{words}: {example:?}");
            assert!(
                words == "rbgv" || example.join(" ").starts_with(&words),
                "{words}: {example:?}"
            );
        }
    }
}

fn topic(home: &Home, name: &str) -> String {
    home.run_alone(&["help", name]).ends_with(0).stdout
}

#[test]
fn help_shows_commands_and_topics() {
    let home = Home::new();
    let of_command = home.run_alone(&["run", "--help"]).ends_with(0).stdout;
    assert_eq!(topic(&home, "run"), of_command);
    let nested = home.run_alone(&["help", "profile", "add"]).ends_with(0).stdout;
    assert_eq!(nested, home.run_alone(&["profile", "add", "--help"]).ends_with(0).stdout);
    assert_eq!(
        home.run_alone(&["help"]).ends_with(0).stdout,
        home.run_alone(&["--help"]).ends_with(0).stdout
    );
    let config = topic(&home, "config");
    assert!(config.starts_with("CONFIGURATION\n"), "{config}");
    assert!(config.contains("rbgv config set") && config.contains("breaker_cooldown"), "{config}");
    home.run_alone(&["help", "exit-code"]).ends_with(2).says("next: rbgv help exit-codes");
    home.run_alone(&["help", "zzz"]).ends_with(2).says("next: rbgv help\n");
}

#[test]
fn the_commands_of_topics_are_accepted() {
    let home = Home::new();
    for name in ["exit-codes", "environment", "config", "formats", "storage", "scripting"] {
        let text = topic(&home, name);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("    rbgv ")).collect();
        for line in &lines {
            let words = commands(line);
            let words = words.iter().find_map(|words| arguments(words)).unwrap();
            let words: Vec<String> =
                words.iter().map(|word| word.trim_end_matches(':').to_owned()).collect();
            // A table may explain a command without all that it needs.
            assert_eq!(parse(&words), Ok(()), "{name}: {line}");
        }
        assert!(name == "environment" || !lines.is_empty(), "{name}");
    }
}

#[test]
fn the_exit_codes_are_those_that_explain_knows() {
    let home = Home::new();
    let text = topic(&home, "exit-codes");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let codes = home.run_alone(&["explain", "--json"]).ends_with(0).json().remove(0);
    let mut seen = BTreeSet::new();
    for code in codes.as_array().unwrap().iter().filter(|code| code["sort"] == "exit_code") {
        let line =
            format!("{} {}", code["code"].as_str().unwrap(), code["means"].as_str().unwrap());
        assert!(words.contains(&line), "{line}");
        seen.insert(code["code"].as_str().unwrap().to_owned());
    }
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_whitespace().next())
        .filter(|word| word.chars().all(|c| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, seen);
}

#[test]
fn the_order_of_exit_codes_is_that_of_a_run() {
    use ExitClass as E;
    let order = [
        E::Interrupted,
        E::Credentials,
        E::Credits,
        E::Unavailable,
        E::Local,
        E::Unverified,
        E::Contract,
        E::TimedOut,
        E::Job,
        E::Check,
        E::PartialFailure,
        E::Usage,
    ];
    for pair in order.windows(2) {
        assert_eq!(E::combine([pair[1], pair[0]], false), pair[0]);
    }
    let codes = order.map(|class| class.code().to_string()).join(", ");
    let text = topic(&Home::new(), "exit-codes").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&format!("{codes}, in this order")), "{codes}");
}

/// The sources, without their tests.
fn sources(directory: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "tests") {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            all.push(code.to_owned());
        }
    }
}

#[test]
fn the_next_commands_of_failures_are_accepted_as_they_are() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut seen = 0;
    for code in &all {
        for start in ["with_next(\"rbgv ", "with_next(format!(\"rbgv "] {
            for text in code.split(start).skip(1) {
                let text = text.split('"').next().unwrap_or_default();
                // A number is a batch, a job and a file.
                let fill = |part: &str| part.split_once('}').map(|(_, rest)| format!("1{rest}"));
                let mut parts = text.split('{');
                let text = parts.next().unwrap_or_default().to_owned()
                    + &parts.filter_map(fill).collect::<String>();
                let words = commands(&format!("rbgv {text}"));
                assert_eq!(parse(&words[0]), Ok(()), "{text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_variables_are_those_that_the_code_reads() {
    let home = Home::new();
    let text = topic(&home, "environment");
    let is_name = |word: &&str| {
        word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && word.contains('_')
            || ["TERM", "VISUAL", "EDITOR", "HOME", "TMPDIR", "CLICOLOR"].contains(word)
    };
    let listed: BTreeSet<&str> =
        text.split(|c: char| c.is_whitespace() || ",();".contains(c)).filter(is_name).collect();
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let quoted: BTreeSet<String> =
        all.iter().flat_map(|code| code.split('"').skip(1).step_by(2).map(str::to_owned)).collect();
    assert!(quoted.len() > 1_000, "the sources were found");
    // The platform's directories are found by a library.
    let elsewhere = ["XDG_STATE_HOME", "HTTP_PROXY"];
    for name in &listed {
        assert!(quoted.contains(*name) || elsewhere.contains(name), "{name} is not read");
    }
    let prefixes = ["RBGV_", "REMOVEBGVIDEO_", "GITHUB_", "CLICOLOR", "NO_COLOR"];
    let read = quoted
        .iter()
        .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .filter(|name| *name != "RBGV_COMMIT");
    for name in read.chain(&rbgv::env::PROXY_VARS.map(str::to_owned)) {
        assert!(listed.contains(name.as_str()), "{name} is read, and the topic lacks it");
    }
}

#[test]
fn the_formats_are_those_of_the_code() {
    let home = Home::new();
    let text = topic(&home, "formats");
    for format in OutputFormat::ALL {
        let line = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|words| words.first() == Some(&format.as_str()))
            .unwrap_or_else(|| panic!("{}", format.as_str()));
        assert_eq!(line[1], format.extension());
        assert_eq!(line[2].starts_with("yes"), format.keeps_alpha(), "{line:?}");
    }
}

#[test]
fn the_version_says_what_was_built() {
    let home = Home::new();
    std::fs::write(home.path("config/rbgv/config.toml"), "this is no TOML").unwrap();
    let version = home.run_alone(&["version", "--json"]).ends_with(0).json().remove(0);
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["target"].as_str().unwrap().contains(std::env::consts::ARCH));
    assert!(version["features"].as_array().unwrap().iter().any(|name| name == "matting"));
    assert!(version["contract"].as_str().unwrap().starts_with("v1"));
    let text = home.run_alone(&["version"]).ends_with(0).stdout;
    let plain = home.run_alone(&["--version"]).ends_with(0).stdout;
    assert!(text.starts_with(&plain), "{text}");
}
