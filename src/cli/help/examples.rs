//! Examples of each command, shown before its options.

/// The words of a command behind `rbgv`, and its examples with an explanation each.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const EXAMPLES: &[Examples] = &[
    (
        "",
        &[
            ("rbgv init", "store your API key and try a sample clip"),
            ("rbgv run clip.mp4", "writes clip-nobg.webm next to it"),
            ("rbgv run clips/ -r -o done/", "a directory tree"),
            ("rbgv status", "batches and open jobs"),
        ],
    ),
    (
        "init",
        &[
            ("rbgv init", "asks for everything"),
            ("rbgv init --profile live --environment prod", "another profile"),
            ("rbgv init --key-stdin < key.txt", "without a terminal"),
        ],
    ),
    (
        "run",
        &[
            ("rbgv run clip.mp4", "writes clip-nobg.webm next to it"),
            ("rbgv run clips/ -r -o done/ --dry-run", "the price of a directory tree"),
            ("rbgv run clip.mp4 --format mp4 --background '#101820'", "on a colour"),
            ("rbgv run clip.mp4 --model pro --prompt 'person, dog'", "what to keep"),
            ("rbgv run -r s3://clips/in/ -o s3://clips/out/", "objects of S3"),
            ("rbgv run --sandbox clip.mp4", "without an account"),
        ],
    ),
    ("upload", &[("rbgv upload a.mp4 b.mp4", "prints two URLs")]),
    (
        "status",
        &[
            ("rbgv status", "batches and open jobs"),
            ("rbgv status --failed", "what failed, and why"),
            ("rbgv status --wait", "until all jobs have finished"),
        ],
    ),
    (
        "fetch",
        &[
            ("rbgv fetch --all", "every output not downloaded yet"),
            ("rbgv fetch job_123 -o out.webm", "one job"),
        ],
    ),
    (
        "resume",
        &[
            ("rbgv resume", "the newest unfinished batch"),
            ("rbgv resume 12 --max-credits 100", "one batch, with another limit"),
        ],
    ),
    (
        "work",
        &[
            ("rbgv work", "until every batch is done"),
            ("rbgv work --forever", "a worker beside others, with a shared ledger"),
        ],
    ),
    (
        "report",
        &[
            ("rbgv report", "a page about the newest batch"),
            ("rbgv report 12 -o report.html --embed", "with small clips inside, to send it"),
        ],
    ),
    ("open", &[("rbgv open clip.mp4", "its output"), ("rbgv open 12", "the page about batch 12")]),
    (
        "preview",
        &[
            ("rbgv preview clip-nobg.webm", "its first frame"),
            ("rbgv preview clip-nobg.webm --at 2s", "another frame"),
        ],
    ),
    (
        "usage",
        &[
            ("rbgv usage --days 30", "credits per day"),
            ("rbgv usage --by tag --budget 500", "ends with 10 over budget"),
            ("rbgv usage --reconcile", "matches every charge to the ledger"),
        ],
    ),
    (
        "smoke-test",
        &[
            ("rbgv smoke-test", "everything that is free"),
            ("rbgv smoke-test --budget 5 --junit smoke.xml", "with jobs, for CI"),
            ("rbgv smoke-test --sandbox", "without an account"),
        ],
    ),
    (
        "listen",
        &[
            ("rbgv listen", "on 127.0.0.1:8787"),
            ("rbgv listen --exec ./on-webhook", "runs a command for each webhook"),
        ],
    ),
    (
        "listen verify",
        &[(
            "rbgv listen verify --headers headers.txt --body body.json",
            "why a receiver rejects it",
        )],
    ),
    (
        "trigger",
        &[
            ("rbgv trigger job.completed", "to rbgv listen on this machine"),
            ("rbgv trigger job.failed --to http://127.0.0.1:3000/hook", "to your own server"),
        ],
    ),
    ("keys", &[("rbgv keys list", "keys and their clients")]),
    ("keys list", &[("rbgv keys list", "keys and their clients")]),
    ("keys create", &[("rbgv keys create staging --to staging.key", "saves the key to a file")]),
    ("keys disable", &[("rbgv keys disable 0a1b2c3d", "by its fingerprint")]),
    ("keys enable", &[("rbgv keys enable 0a1b2c3d", "by its fingerprint")]),
    (
        "logs",
        &[("rbgv logs clip.mp4", "the history of an input"), ("rbgv logs job_123", "of a job")],
    ),
    (
        "explain",
        &[
            ("rbgv explain 5", "an exit code"),
            ("rbgv explain insufficient_credits", "an error code of the service"),
        ],
    ),
    ("doctor", &[("rbgv doctor", "everything"), ("rbgv doctor --offline", "without the network")]),
    (
        "sandbox",
        &[
            ("rbgv sandbox --state ./sandbox-state", "prints its URL and key"),
            ("rbgv sandbox --timer 2s --credits 10", "jobs that only take time"),
        ],
    ),
    (
        "config",
        &[
            ("rbgv config show", "every value and its origin"),
            ("rbgv config set defaults.model pro", "change one"),
        ],
    ),
    ("config show", &[("rbgv config show --profile live", "with another profile")]),
    ("config path", &[("rbgv config path", "such as ~/.config/rbgv/config.toml")]),
    ("config get", &[("rbgv config get defaults.model", "prints original")]),
    (
        "config set",
        &[
            ("rbgv config set defaults.model pro", "for all profiles"),
            ("rbgv config set profiles.live.timing.wait_timeout 4h", "for one profile"),
        ],
    ),
    ("config edit", &[("rbgv config edit", "opens $VISUAL or $EDITOR")]),
    ("config trust", &[("rbgv config trust", "the rbgv.toml of this directory")]),
    (
        "profile",
        &[
            ("rbgv profile list", "all profiles"),
            ("rbgv profile check live", "check that one works, free of charge"),
        ],
    ),
    ("profile list", &[("rbgv profile list", "all profiles")]),
    ("profile show", &[("rbgv profile show live", "its values and their origin")]),
    (
        "profile add",
        &[
            ("rbgv profile add live --environment prod", "asks for the key"),
            ("rbgv profile add ci --key-env CI_KEY", "the key is in a variable"),
        ],
    ),
    ("profile check", &[("rbgv profile check live", "free of charge")]),
    (
        "profile rotate",
        &[
            ("rbgv profile rotate live --begin --key-env NEW_KEY", "new jobs use the new key"),
            ("rbgv profile rotate live --finish", "removes the old key"),
        ],
    ),
    ("completions", &[("rbgv completions bash > rbgv.bash", "a completion script")]),
    ("man", &[("rbgv man | man -l -", "this program"), ("rbgv man --dir man", "all pages")]),
    ("help", &[("rbgv help run", "a command"), ("rbgv help exit-codes", "a topic")]),
    ("version", &[("rbgv version", "for people"), ("rbgv version --json", "for scripts")]),
    ("model", &[("rbgv model list", "installed models")]),
    ("model install", &[("rbgv model install", "Robust Video Matting")]),
    ("model list", &[("rbgv model list", "installed models")]),
];

/// The help of a command: what it does, how it is called, examples, options.
const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

{before-help}{all-args}{after-help}";

/// The examples of the command with these words, as lines.
pub(crate) fn of(words: &str) -> Option<String> {
    let (_, examples) = EXAMPLES.iter().find(|(command, _)| *command == words)?;
    let width = examples.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        examples.iter().map(|(line, what)| format!("  {line:width$}  # {what}")).collect();
    Some(lines.join("\n"))
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
