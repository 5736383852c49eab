//! Screens as people see them, in terminals of tmux. Jobs run until the test ends, so that a screen
//! stays as it is while it is read; only times differ.

use std::process::Command;

use tempfile::TempDir;

use crate::support::{Home, RBGV, Sandbox, wait_for};

/// A terminal in which a command runs.
struct Terminal {
    tmux: TempDir,
}

impl Terminal {
    fn open(home: &Home, sandbox: &Sandbox, size: (u16, u16), args: &str) -> Self {
        let terminal = Self { tmux: tempfile::Builder::new().prefix("tmux").tempdir().unwrap() };
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let line = format!("'{RBGV}' {args}; echo \"exit code $?\"; sleep 600");
        let mut command = terminal.tmux(&["new-session", "-d", "-x", &columns, "-y", &rows, &line]);
        command.env_clear().current_dir(home.work());
        let keyed = home.keyed(sandbox);
        command.envs(keyed.get_envs().filter_map(|(name, value)| Some((name, value?))));
        assert!(command.status().unwrap().success());
        terminal
    }

    fn tmux(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-u").arg("-f").arg("/dev/null").arg("-S").arg(self.tmux.path().join("socket"));
        command.args(args);
        command
    }

    fn press(&self, key: &str) {
        assert!(self.tmux(&["send-keys", key]).status().unwrap().success());
    }

    /// The screen with `T` for each time.
    fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> = text.trim_end().lines().map(without_times).collect();
        lines.join("\n")
    }

    /// The screen once it holds every text of `texts`.
    fn shows(&self, texts: &[&str]) -> String {
        let mut screen = String::new();
        wait_for(&format!("{texts:?}"), || {
            screen = self.screen();
            texts.iter().all(|text| screen.contains(text))
        });
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).status();
    }
}

/// `line` with one `T` for each time, such as `1 min 5 s` or `0.3 s`, and without what follows from its
/// length.
fn without_times(line: &str) -> String {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let is_unit = |word: &str| matches!(word, "ms" | "s" | "s," | "s." | "min" | "min," | "h");
    let mut words: Vec<&str> = Vec::new();
    for word in line.trim_end().split(' ') {
        let number = words.last().copied().filter(|last| is_number(last));
        if is_unit(word) && number.is_some() {
            words.pop();
            while words.last() == Some(&"") {
                words.pop();
            }
            if words.last().is_none_or(|last| !last.starts_with('T')) {
                words.push(if word.ends_with(',') { "T," } else { "T" });
            }
        } else {
            words.push(word);
        }
    }
    words.join(" ")
}

/// Twelve clips, of which three are processed until the test ends.
fn endless() -> (Home, Sandbox) {
    let sandbox = Sandbox::start(&["--timer", "1h", "--workers", "3"]);
    let home = Home::new();
    home.configure(&sandbox, "\n[profiles.test.limits]\nconcurrency = 10\n");
    home.clips(12);
    (home, sandbox)
}

#[test]
fn a_run_at_several_sizes() {
    for (size, name) in [((80, 24), "80x24"), ((200, 50), "200x50"), ((40, 20), "40x20")] {
        let (home, sandbox) = endless();
        let terminal = Terminal::open(&home, &sandbox, size, "run . -o out/");
        let screen = terminal.shows(&["+2 more", "3 processing"]);
        assert!(screen.lines().all(|line| line.chars().count() <= size.0.into()), "{screen}");
        insta::assert_snapshot!(name, screen);
    }
}
