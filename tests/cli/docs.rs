//! The commands of README and `docs/`: each is one that exists, and those that are marked to be run
//! are run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::error::ErrorKind;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Home, RBGV, Ran, Sandbox, WEBHOOK_SECRET};

/// A fenced block: its info string, its text, and its line.
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            open = !open;
            if open {
                blocks.push(Block { info: info.to_owned(), text: String::new(), line: number });
            }
        } else if open {
            let block = blocks.last_mut().unwrap();
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    blocks
}

/// The simple commands of a script, as words. Enough of the shell for what documentation holds.
pub(crate) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut characters = script.chars().peekable();
    let mut quote = None;
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => {
                if let Some(next) = characters.next().filter(|next| *next != '\n') {
                    word.get_or_insert_default().push(next);
                }
            }
            (None, '#') if word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            (None, ' ' | '\t') => all.last_mut().unwrap().extend(word.take()),
            // What follows a redirection is a file, not a command.
            (None, '\n' | '|' | '&' | ';' | '(' | ')' | '<' | '>') => {
                all.last_mut().unwrap().extend(word.take());
                all.push(Vec::new());
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    all.last_mut().unwrap().extend(word);
    all
}

/// The arguments of `words` if they call the program, behind any variables that are set for it.
pub(crate) fn arguments(words: &[String]) -> Option<&[String]> {
    let is_setting = |word: &String| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let from = words.iter().position(|word| !is_setting(word))?;
    words[from].eq("rbgv").then(|| &words[from..])
}

/// Values for a word that a reader replaces.
fn filled(word: &str) -> String {
    match word {
        "N" | "BATCH" | "CREDITS" => "1",
        "TIME" => "1s",
        "SHELL" => "bash",
        "URL" => "http://127.0.0.1:1/",
        "ADDR:PORT" => "127.0.0.1:0",
        other => other,
    }
    .to_owned()
}

pub(crate) fn parse(words: &[String]) -> Result<(), ErrorKind> {
    match rbgv::cli::command().try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(()),
            kind => Err(kind),
        },
    }
}

#[test]
fn every_command_in_a_block_is_accepted() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in pages() {
        let page = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&page).iter().filter(|block| block.info.starts_with("sh")) {
            for words in commands(&block.text) {
                let Some(words) = arguments(&words) else { continue };
                seen += 1;
                if let Err(kind) = parse(words) {
                    let name = path.file_name().unwrap().display();
                    wrong
                        .push(format!("{name}, block of line {}: {words:?}: {kind:?}", block.line));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "the commands were found: {seen}");
}

#[test]
fn every_command_in_a_sentence_exists() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in pages() {
        let page = std::fs::read_to_string(&path).unwrap();
        for span in page.split('`').filter(|span| span.starts_with("rbgv ")) {
            if span.contains(['[', '<', '|', '\n', '…']) || span.contains("...") {
                continue;
            }
            let words: Vec<String> = span.split_whitespace().map(filled).collect();
            seen += 1;
            // A sentence may name a command without everything that it needs.
            let known = match parse(&words) {
                Ok(())
                | Err(
                    ErrorKind::MissingRequiredArgument
                    | ErrorKind::MissingSubcommand
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ) => continue,
                Err(kind) => kind,
            };
            wrong.push(format!("{}: {span}: {known:?}", path.file_name().unwrap().display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30, "the commands were found: {seen}");
}

/// A home as the pages suppose it: a production profile, clips, and everything by variables.
fn shell(sandbox: &Sandbox) -> (Home, Command) {
    let home = Home::new();
    let config = format!(
        "default_profile = \"live\"\n\n[profiles.live]\nenvironment = \"prod\"\nbase_url = \"{}\"\n\
         api_key_env = \"LIVE_KEY\"\n\n[profiles.live.timing]\npoll_first = \"20ms\"\n\
         poll_max = \"500ms\"\nsettle = \"400ms\"\n",
        sandbox.base_url
    );
    std::fs::write(home.path("config/rbgv/config.toml"), config).unwrap();
    for n in 0..3 {
        home.variant(&format!("clips/{n}.mp4"), n);
    }
    let bin = Path::new(RBGV).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    for (name, value) in home.command().get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .env("PATH", path)
        .env("RBGV_ADMIN_TOKEN", &sandbox.admin_token)
        .env("RBGV_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("LIVE_KEY", &sandbox.api_key)
        .env("LIVE_KEY_2", sandbox.new_key())
        .env("STAGING_KEY", sandbox.new_key())
        .current_dir(home.work());
    (home, command)
}

/// Runs the marked blocks of a page in order, and answers how many there were.
fn run_page(name: &str) -> usize {
    let sandbox = Sandbox::start(&["--timer", "100ms", "--webhook-secret", WEBHOOK_SECRET]);
    let (_home, mut command) = shell(&sandbox);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs").join(name)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut script = "set -eu\n".to_owned();
    let marked: Vec<_> = blocks(&page).into_iter().filter(|block| block.info == "sh run").collect();
    for block in &marked {
        script =
            script + "echo \"block of line " + &block.line.to_string() + "\" >&2\n" + &block.text;
    }
    // A profile's key goes only to the service that the profile names: here, the sandbox.
    let added = format!("profile add staging --base-url {}", sandbox.base_url);
    let script = script.replace("8787", &port.to_string()).replace("profile add staging", &added);
    Ran::of(command.args(["-c", &script])).ends_with(0);
    marked.len()
}

#[test]
fn the_commands_of_the_production_page_run() {
    assert_eq!(run_page("production.md"), 5);
}

#[test]
fn the_commands_of_the_troubleshooting_page_run() {
    assert_eq!(run_page("troubleshooting.md"), 5);
}

#[test]
fn the_files_for_a_fleet_are_yaml_whose_commands_and_variables_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/fleet.md")).unwrap();
    let files = blocks(&page).into_iter().filter(|block| block.info == "yaml");
    let files: Vec<Yaml> =
        files.map(|block| YamlLoader::load_from_str(&block.text).unwrap().remove(0)).collect();
    let [compose, kubernetes, github] = &files[..] else { panic!("{} files", files.len()) };
    let worker = &compose["services"]["worker"];
    let container = &kubernetes["spec"]["template"]["spec"]["containers"][0];
    let steps = github["jobs"]["backgrounds"]["steps"].as_vec().unwrap();
    let step =
        steps.iter().find(|step| step["run"].as_str().is_some_and(|run| run.starts_with("rbgv")));
    let step = step.unwrap();
    let args = container["args"].as_vec().unwrap().iter().map(|arg| arg.as_str().unwrap());
    let lines = [
        format!("rbgv {}", worker["command"].as_str().unwrap()),
        format!("rbgv {}", args.collect::<Vec<_>>().join(" ")),
        step["run"].as_str().unwrap().replace("${{ matrix.part }}", "a"),
    ];
    for line in lines {
        let parsed = rbgv::cli::command().try_get_matches_from(line.split(' '));
        assert!(parsed.is_ok(), "{line}: {parsed:?}");
    }
    let topics = ["environment.txt", "storage.txt"];
    let topics = topics
        .map(|name| std::fs::read_to_string(root.join("src/cli/help/topics").join(name)).unwrap());
    for variables in [&worker["environment"], &step["env"]] {
        for name in variables.as_hash().unwrap().keys() {
            assert!(topics.concat().contains(name.as_str().unwrap()), "{name:?}");
        }
    }
}
