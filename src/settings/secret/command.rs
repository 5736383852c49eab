//! Runs the command that prints a key, in bounded time.

use std::io::Read as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{LONGEST, SecretEnvironment};
use crate::duration;

/// How long a command may take to print a key.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a command that has closed its output and should be gone.
const LOOK: Duration = Duration::from_millis(10);

/// How often such a command is looked at before it is ended.
const LOOKS: u32 = 200;

/// What `line` prints when `sh -c` runs it. Its standard input is empty, since ours may be a list
/// of inputs; its standard error is ours, so that it can ask for a touch or a password and say
/// what is wrong. Of our variables it gets none that holds a secret of ours.
///
/// # Errors
/// Says why there is no key; never holds what was printed.
pub(crate) fn output(
    line: &str,
    surroundings: &SecretEnvironment<'_>,
    patience: Duration,
) -> Result<String, String> {
    let mut child = Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .envs(surroundings.child_vars)
        .current_dir(surroundings.current_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the command cannot be run: {error}"))?;
    let printed = child.stdout.take().and_then(|stdout| drain(stdout, patience));
    let Some(printed) = printed else {
        end(&mut child);
        let limit = duration::show(patience);
        return Err(format!("the command printed no whole key within {limit}, and was ended"));
    };
    let status = wait(&mut child)?;
    if !status.success() {
        return Err(format!("the command failed ({status}); run it yourself to see why"));
    }
    if printed.len() as u64 > LONGEST {
        return Err("the command printed far more than a key".to_owned());
    }
    String::from_utf8(printed).map_err(|_| "the command did not print text".to_owned())
}

/// All that comes out of `stdout`, or nothing if that takes longer than `patience`. The thread is
/// left behind then: a grandchild may hold the pipe open, and nobody needs to wait for it.
fn drain(stdout: ChildStdout, patience: Duration) -> Option<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut printed = Vec::new();
        let whole = stdout.take(LONGEST + 1).read_to_end(&mut printed);
        // Nobody listens any more when patience ran out; then there is nothing left to do.
        let _ = sender.send(whole.map(|_| printed));
    });
    receiver.recv_timeout(patience).ok()?.ok()
}

/// How the command ended. It closed its output, so this is a matter of moments; one that stays is
/// ended.
fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    for _ in 0..LOOKS {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => thread::sleep(LOOK),
            Err(error) => return Err(format!("the command was lost: {error}")),
        }
    }
    end(child);
    Err("the command closed its output and did not end".to_owned())
}

fn end(child: &mut Child) {
    // Both fail only for a process that is gone already, which is what we want.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn run(line: &str, patience: Duration) -> Result<String, String> {
        let vars: BTreeMap<String, String> = [
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("PLANTED".to_owned(), "from-the-variables".to_owned()),
        ]
        .into();
        let current_dir = Path::new("/");
        output(line, &SecretEnvironment { vars: &vars, child_vars: &vars, current_dir }, patience)
    }

    #[test]
    fn a_command_sees_the_given_variables_and_no_input() {
        assert_eq!(run("printf %s \"$PLANTED\"; cat", PATIENCE), Ok("from-the-variables".into()));
    }

    #[test]
    fn a_command_that_fails_or_floods_gives_no_key() {
        let failed = run("echo half-a-key; exit 3", PATIENCE).unwrap_err();
        assert!(failed.contains('3') && !failed.contains("half-a-key"), "{failed}");
        assert!(run("yes | head -c 200000", PATIENCE).is_err());
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let hung = run("exec sleep 600", Duration::from_millis(50)).unwrap_err();
        assert!(hung.contains("within 50ms"), "{hung}");
        assert!(run("exec sleep 600 >&-", PATIENCE).unwrap_err().contains("did not end"));
    }
}
