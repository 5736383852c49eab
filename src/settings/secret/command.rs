//! Runs the command that prints a key, in bounded time.

use std::io::Read as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::types::{MAX_SECRET_BYTES, SecretEnvironment};
use crate::duration;

/// Time within which a command has to print a key and close its output.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Time between two checks whether a command that closed its output has exited.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Checks before such a command is killed.
const MAX_EXIT_POLLS: u32 = 200;

/// The output of `line`, run by `sh -c`. Its standard input is empty, since ours may be a list of
/// inputs; its standard error is ours, so that it can ask for a touch or a password and report errors.
/// Its variables contain no secret of ours.
///
/// # Errors
/// Why there is no key, without the output.
pub(crate) fn output(
    line: &str,
    environment: &SecretEnvironment<'_>,
    timeout: Duration,
) -> Result<String, String> {
    let mut child = Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .envs(environment.child_vars)
        .current_dir(environment.current_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the command cannot be run: {error}"))?;
    let printed = child.stdout.take().and_then(|stdout| read_all(stdout, timeout));
    let Some(printed) = printed else {
        kill(&mut child);
        let limit = duration::show(timeout);
        return Err(format!("the command printed no complete key within {limit} and was killed"));
    };
    let status = wait(&mut child)?;
    if !status.success() {
        return Err(format!("the command failed ({status}); run it yourself to see why"));
    }
    if printed.len() as u64 > MAX_SECRET_BYTES {
        return Err("the output of the command is too large to be a key".to_owned());
    }
    String::from_utf8(printed).map_err(|_| "the command did not print text".to_owned())
}

/// All bytes of `stdout`, or `None` after `timeout`. The thread is then left behind: a grandchild may
/// hold the pipe open.
fn read_all(stdout: ChildStdout, timeout: Duration) -> Option<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut printed = Vec::new();
        let whole = stdout.take(MAX_SECRET_BYTES + 1).read_to_end(&mut printed);
        // Fails only after the timeout, when the receiver is gone.
        let _ = sender.send(whole.map(|_| printed));
    });
    receiver.recv_timeout(timeout).ok()?.ok()
}

/// The exit status of a command that closed its output. One that does not exit soon is killed.
fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    for _ in 0..MAX_EXIT_POLLS {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => thread::sleep(EXIT_POLL_INTERVAL),
            Err(error) => return Err(format!("cannot wait for the command: {error}")),
        }
    }
    kill(child);
    Err("the command closed its output but did not exit".to_owned())
}

fn kill(child: &mut Child) {
    // Both fail only for a process that has already exited.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn run(line: &str, timeout: Duration) -> Result<String, String> {
        let vars: BTreeMap<String, String> = [
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("PLANTED".to_owned(), "from-the-variables".to_owned()),
        ]
        .into();
        let current_dir = Path::new("/");
        output(line, &SecretEnvironment { vars: &vars, child_vars: &vars, current_dir }, timeout)
    }

    #[test]
    fn a_command_sees_the_given_variables_and_no_input() {
        assert_eq!(run("printf %s \"$PLANTED\"; cat", TIMEOUT), Ok("from-the-variables".into()));
    }

    #[test]
    fn a_command_that_fails_or_floods_gives_no_key() {
        let failed = run("echo half-a-key; exit 3", TIMEOUT).unwrap_err();
        assert!(failed.contains('3') && !failed.contains("half-a-key"), "{failed}");
        assert!(run("yes | head -c 200000", TIMEOUT).is_err());
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        let hung = run("exec sleep 600", Duration::from_millis(50)).unwrap_err();
        assert!(hung.contains("within 50ms"), "{hung}");
        assert!(run("exec sleep 600 >&-", TIMEOUT).unwrap_err().contains("did not exit"));
    }
}
