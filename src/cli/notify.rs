//! `--notify`: the end of a long command is heard and seen.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::context::AppContext;
use crate::model::{ExitClass, Failure};

/// Time that the notification may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Rings the bell of the terminal, and shows a notification if the desktop has a program for it. What
/// fails is not reported: the result of the command is on the screen.
pub(crate) async fn notify(app: &AppContext, ended: &Result<ExitClass, Failure>) {
    if app.env.terminal.stderr {
        app.printer.bell();
    }
    let text = match ended {
        Ok(ExitClass::Done) => "finished".to_owned(),
        Ok(class) => format!("ended with exit code {}", class.code()),
        Err(failure) => format!("ended with exit code {}", failure.kind.exit_class().code()),
    };
    let shown = Command::new("notify-send")
        .args(["--app-name=rbgv", "rbgv", &text])
        .env_clear()
        .envs(app.settings.child_vars())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    let _ = tokio::time::timeout(TIMEOUT, shown).await;
}
