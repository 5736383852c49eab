//! What is committed and made by the binary is what the binary makes today.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Home, RBGV, Ran, Sandbox};

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

const SHELLS: [(&str, &str); 6] = [
    ("bash", "rbgv.bash"),
    ("zsh", "_rbgv"),
    ("fish", "rbgv.fish"),
    ("powershell", "_rbgv.ps1"),
    ("elvish", "rbgv.elv"),
    ("nushell", "rbgv.nu"),
];

#[test]
fn completions_are_up_to_date() {
    let home = Home::new();
    for (shell, file) in SHELLS {
        let made = home.run_alone(&["completions", shell]).ends_with(0).stdout;
        let kept =
            std::fs::read_to_string(repository("completions").join(file)).unwrap_or_default();
        assert!(made == kept, "run: cargo run -- completions {shell} > completions/{file}");
    }
}

#[test]
fn manual_pages_are_up_to_date() {
    let home = Home::new();
    home.run_alone(&["man", "--dir", "man"]).ends_with(0);
    let mut made: Vec<_> = std::fs::read_dir(home.work().join("man"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    let mut kept: Vec<_> = std::fs::read_dir(repository("docs/man"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    made.sort();
    kept.sort();
    assert_eq!(made, kept, "run: cargo run -- man --dir docs/man");
    for name in made {
        let fresh = std::fs::read(home.work().join("man").join(&name)).unwrap();
        let old = std::fs::read(repository("docs/man").join(&name)).unwrap();
        assert!(fresh == old, "run: cargo run -- man --dir docs/man ({})", name.display());
    }
}

/// What a shell proposes after `rbgv ...`, asked as its script asks.
fn proposed(home: &Home, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = home.command();
    command.env("COMPLETE", shell).env("_CLAP_IFS", "\n").args(["--", "rbgv"]).args(words);
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let ran = Ran::of(&mut command).ends_with(0);
    ran.lines().iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn a_shell_completes_profiles_batches_jobs_models_and_videos() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    assert_eq!(proposed(&home, "bash", &["resume", ""]).iter().filter(|w| *w == "1").count(), 0);
    assert!(!home.path("state/ledger.sqlite3").exists(), "asking makes no ledger");
    home.clip("my clip.mp4");
    std::fs::write(home.work().join("notes.txt"), "").unwrap();
    home.run(&sandbox, &["run", "my clip.mp4", "--no-wait"]).ends_with(0);
    let job = home.run(&sandbox, &["status", "--fields", "job"]).ends_with(0).stdout;
    let table: [(&[&str], &str); 9] = [
        (&["sta"], "status"),
        (&["status", "--lim"], "--limits"),
        (&["status", "--profile", ""], "test"),
        (&["profile", "check", ""], "test"),
        (&["run", "--model", "pr"], "pro"),
        (&["run", "my"], "my clip.mp4"),
        (&["resume", ""], "1"),
        (&["report", ""], "1"),
        (&["status", ""], job.trim()),
    ];
    for (words, expected) in table {
        let found = proposed(&home, "bash", words);
        assert!(found.iter().any(|word| word == expected), "{words:?}: {found:?}");
    }
    let files = proposed(&home, "bash", &["run", ""]);
    assert!(!files.iter().any(|word| word == "notes.txt"), "{files:?}");
}

/// The script of each shell that is installed, loaded by that shell.
#[test]
fn installed_shells_load_their_script_and_complete_with_it() {
    let home = Home::new();
    let bin = Path::new(RBGV).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(bin.to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )
    .unwrap();
    let script = |file: &str| repository("completions").join(file).display().to_string();
    let table = [
        (
            "bash",
            format!(
                "source '{}'; COMP_WORDS=(rbgv status --lim); COMP_CWORD=2; COMP_TYPE=9; \
                 _clap_complete_rbgv rbgv --lim status; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                script("rbgv.bash")
            ),
        ),
        ("fish", format!("source '{}'; complete -C 'rbgv status --lim'", script("rbgv.fish"))),
        (
            "zsh",
            format!(
                "compdef() {{ }}; _describe() {{ local name=$argv[-1]; print -l -- ${{(P)name}} }}; \
                 words=(rbgv status --lim); CURRENT=3; source '{}'; _clap_dynamic_completer_rbgv",
                script("_rbgv")
            ),
        ),
        (
            "elvish",
            // Its `edit:` exists only in a terminal.
            format!(
                "var completion = (ns [&arg-completer=[&]]); \
                 eval &ns=(ns [&edit:=(ns [&completion:=$completion])]) (slurp < '{}'); \
                 $completion[arg-completer][rbgv] rbgv status --lim",
                script("rbgv.elv")
            ),
        ),
        (
            "nu",
            format!(
                "source '{}'; do $env.config.completions.external.completer [rbgv status --lim] \
                 | get value | str join (char newline)",
                script("rbgv.nu")
            ),
        ),
    ];
    let mut tried = 0;
    for (shell, code) in table {
        let mut command = home.command();
        command.env("PATH", &path);
        let mut tried_shell = Command::new(shell);
        tried_shell.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
        let Ok(output) = tried_shell.args(["-c", &code]).output() else {
            println!("{shell} is not installed: its script was not tried");
            continue;
        };
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains("--limits"), "{shell}: {printed}\n{errors}");
        tried += 1;
    }
    assert!(tried > 0, "bash is everywhere");
}
