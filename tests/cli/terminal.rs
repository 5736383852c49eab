//! A terminal of tmux in which one command line runs.

use std::process::Command;

use tempfile::TempDir;

use crate::support::Home;

pub(crate) struct Terminal {
    /// Holds the socket of the tmux server.
    place: TempDir,
}

impl Terminal {
    /// Runs `line` with the environment of `command`, which has to be one of `home`.
    pub(crate) fn open(home: &Home, command: &Command, size: (u16, u16), line: &str) -> Self {
        let place = tempfile::Builder::new().prefix("tmux").tempdir().unwrap();
        let terminal = Self { place };
        let mut tmux = terminal.tmux();
        tmux.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        tmux.args(["new-session", "-d", "-x", &columns, "-y", &rows, line]);
        assert!(tmux.current_dir(home.work()).status().unwrap().success());
        terminal
    }

    pub(crate) fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .args(["-f", "/dev/null", "-S"])
            .arg(self.place.path().join("socket"));
        tmux
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        self.captured(&[])
    }

    /// [`Terminal::screen`] with further flags of `tmux capture-pane`.
    pub(crate) fn captured(&self, flags: &[&str]) -> String {
        let shown = self.tmux().args(["capture-pane", "-p"]).args(flags).output().unwrap();
        String::from_utf8_lossy(&shown.stdout).into_owned()
    }

    /// Presses a key, such as `C-c`.
    pub(crate) fn press(&self, key: &str) {
        assert!(self.tmux().args(["send-keys", key]).status().unwrap().success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
