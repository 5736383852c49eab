//! `rbgv init`, typed in a terminal and called by scripts; and the way to it from every other command.

use crate::support::{Home, RBGV, Ran, Sandbox, wait_for};
use crate::terminal::Terminal;
use std::os::unix::fs::PermissionsExt as _;

/// A terminal of a person who types.
struct Typing(Terminal);

impl Typing {
    /// Runs `line` in a terminal, with the environment of `home`.
    fn start(home: &Home, line: &str) -> Self {
        let line = format!("{line}; echo \"ended with $?\"; stty -a; cat");
        Self(Terminal::open(home, &home.command(), (120, 50), &line))
    }

    fn screen(&self) -> String {
        self.0.captured(&["-J", "-S", "-"])
    }

    /// Waits for the number of times that `text` is on the screen.
    fn wait(&self, text: &str, times: usize) {
        wait_for(&format!("{text}, in\n{}", self.screen()), || {
            self.screen().matches(text).count() >= times
        });
    }

    /// Types `text` and Enter.
    fn enter(&self, text: &str) {
        assert!(self.0.tmux().args(["send-keys", "-l", "--", text]).status().unwrap().success());
        self.press("Enter");
    }

    fn press(&self, key: &str) {
        self.0.press(key);
    }
}

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.path("config/rbgv/config.toml")).unwrap_or_default()
}

#[test]
fn the_first_minute_in_a_terminal() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let terminal = Typing::start(&home, &format!("'{RBGV}' init --base-url {}", sandbox.base_url));
    terminal.wait("API key (hidden", 1);
    terminal.enter("sk-planted-wrong");
    terminal.wait("enter the key again", 1);
    terminal.wait("API key (hidden", 2);
    assert_eq!(config(&home), "", "a rejected key is not stored");
    terminal.enter(&sandbox.api_key);
    terminal.wait("accepted by the service", 1);
    terminal.wait("Profile name [default]:", 1);
    terminal.enter("first");
    terminal.wait("Environment", 1);
    terminal.enter("production");
    terminal.wait("is not an environment", 1);
    terminal.enter("staging");
    terminal.wait("service (about 2.00 credits)", 1);
    assert_eq!(sandbox.audit().bills(), 0, "nothing is billed before the price was shown");
    terminal.enter("service");
    terminal.wait("Three commands to try:", 1);
    terminal.wait("ended with 0", 1);
    assert_eq!(sandbox.audit().bills(), 1);
    assert!(home.work().join("astronaut-nobg.webm").exists());
    let screen = terminal.screen();
    assert!(!screen.contains("sk-planted") && !screen.contains(&sandbox.api_key), "{screen}");
    let text = config(&home);
    assert!(text.contains("[profiles.first]") && text.contains("staging"), "{text}");
    assert!(!text.contains(&sandbox.api_key), "the key has a file of its own");
    let key = home.path("config/rbgv/first.key");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    home.run_alone(&["profile", "check"]).ends_with(0);
}

#[test]
fn ctrl_c_at_the_hidden_prompt_restores_the_terminal() {
    let home = Home::new();
    let terminal = Typing::start(&home, &format!("'{RBGV}' init"));
    terminal.wait("API key (hidden", 1);
    terminal.press("C-c");
    terminal.wait("ended with 130", 1);
    terminal.wait(" echo ", 1);
    assert!(!terminal.screen().contains("-isig"), "{}", terminal.screen());
    assert_eq!(config(&home), "");
}

#[test]
fn a_script_gives_everything_by_flags() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    home.run_alone(&["init"]).ends_with(2).says("--key-stdin").says("--profile");
    let init = |more: &[&str], key: &str| {
        let mut command = home.command();
        command.args(["init", "--key-stdin", "--base-url", &sandbox.base_url, "--json"]).args(more);
        Ran::with_input(&mut command, key)
    };
    init(&[], "sk-planted-wrong\n").ends_with(3).says("401").says("--no-check");
    assert_eq!(home.path("config/rbgv").read_dir().unwrap().count(), 0, "nothing is stored");
    let added = init(&["--profile", "ci", "--environment", "prod"], &sandbox.api_key).ends_with(0);
    assert_eq!(added.json()[0]["checked"], true);
    assert!(!added.stdout.contains(&sandbox.api_key) && !added.stderr.contains(&sandbox.api_key));
    assert!(config(&home).contains("[profiles.ci]"), "{}", config(&home));
    init(&["--profile", "ci"], &sandbox.api_key).ends_with(2).says("already exists");
    home.run_alone(&["usage"]).ends_with(0);
    // Another profile, at a service that does not respond.
    let gone = ["--profile", "gone", "--base-url", "http://127.0.0.1:9"];
    let mut command = home.command();
    command.args(["init", "--key-stdin"]).args(gone);
    Ran::with_input(&mut command, "sk-planted\n").ends_with(5).says("--no-check");
    command.arg("--no-check");
    Ran::with_input(&mut command, "sk-planted\n").ends_with(0);
    assert!(config(&home).contains("[profiles.gone]"));
}

#[test]
fn a_profile_without_a_key_gets_one() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let before = format!(
        "default_profile = \"live\"\n\n# ours\n[profiles.live]\nbase_url = \"{}\"\n\
         environment = \"staging\" # careful\n",
        sandbox.base_url
    );
    std::fs::write(home.path("config/rbgv/config.toml"), &before).unwrap();
    home.run_alone(&["usage"]).ends_with(3).says("next: rbgv init");
    let mut init = home.command();
    init.args(["init", "--key-stdin", "--profile", "live"]);
    Ran::with_input(&mut init, &sandbox.api_key).ends_with(0);
    let path = home.path("config/rbgv/live.key");
    assert_eq!(config(&home), format!("{before}api_key_file = \"{}\"\n", path.display()));
    home.run_alone(&["usage"]).ends_with(0);
}

#[test]
fn every_command_that_needs_a_key_proposes_init() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    home.clip("a.mp4");
    let profile = format!("[profiles.default]\nbase_url = \"{}\"\n", sandbox.base_url);
    std::fs::write(home.path("config/rbgv/config.toml"), profile).unwrap();
    for args in [
        &["run", "a.mp4"][..],
        &["run", "a.mp4", "--dry-run"],
        &["run", ".", "--watch"],
        &["upload", "a.mp4"],
        &["fetch", "job_1"],
        &["fetch", "--all"],
        &["resume"],
        &["resume", "1"],
        &["status", "job_1"],
        &["status", "--remote"],
        &["status", "--wait"],
        &["status", "--limits"],
        &["usage"],
        &["usage", "--events"],
        &["usage", "--reconcile"],
    ] {
        let ran = home.run_alone(args).ends_with(3).says("no API key for profile default");
        ran.says("next: rbgv init\n");
    }
    // Checks show it among their results.
    for args in [&["profile", "check"][..], &["smoke-test"], &["doctor"]] {
        let ran = home.run_alone(args);
        assert_ne!(ran.code, 0, "{args:?}");
        assert!((ran.stdout + &ran.stderr).contains("rbgv init"), "{args:?}");
    }
}
