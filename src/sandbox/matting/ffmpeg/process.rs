//! Runs FFmpeg: without shell and terminal, with limited error output and a time limit.
//!
//! A [`ProcessGroup`] holds the child processes of one job and kills them when the job is
//! cancelled, times out or ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::media::ffmpeg_reason;
use crate::sandbox::engine::program_vars;
use crate::sandbox::matting::EngineError;
use crate::sandbox::util::lock;

/// Maximum size of the kept end of a program's error output, in bytes.
const STDERR_LIMIT: usize = 16 * 1024;

/// Interval at which the cancel flag is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The programs for decoding and encoding: names on the path, or paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    pub ffmpeg: PathBuf,
    /// Describes files.
    pub ffprobe: PathBuf,
    /// The complete environment of child processes.
    pub vars: BTreeMap<String, String>,
}

impl Default for Tools {
    fn default() -> Self {
        Self { ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into(), vars: program_vars() }
    }
}

/// The reason for stopping the programs of a job before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopCause {
    Cancelled,
    OutOfTime,
}

#[derive(Debug, Default)]
struct Children {
    running: Vec<Arc<Mutex<Child>>>,
    /// Whether all were killed, so that no other may start.
    stopped: bool,
}

/// The child processes of one job.
#[derive(Debug)]
pub(crate) struct ProcessGroup<'a> {
    tools: &'a Tools,
    cancel: &'a AtomicBool,
    children: Mutex<Children>,
}

impl<'a> ProcessGroup<'a> {
    /// Runs `work`. Kills its programs when `cancel` is set, after `limit`, or at its end.
    pub(crate) fn run<T>(
        tools: &'a Tools,
        cancel: &'a AtomicBool,
        limit: Duration,
        work: impl FnOnce(&ProcessGroup<'a>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let group = &ProcessGroup { tools, cancel, children: Mutex::default() };
        let (result, stopped) = thread::scope(|scope| {
            // Dropped when the work has ended, even by a panic.
            let (working, ended) = mpsc::channel::<()>();
            let watcher = scope.spawn(move || group.watch(limit, &ended));
            let result = work(group);
            drop(working);
            (result, watcher.join())
        });
        match stopped {
            Ok(Some(StopCause::Cancelled)) => Err(EngineError("The job was cancelled".to_owned())),
            Ok(Some(StopCause::OutOfTime)) => Err(EngineError(format!(
                "Processing took longer than the limit of {} s",
                limit.as_secs()
            ))),
            _ => result,
        }
    }

    /// An error if the job should stop.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.cancel.load(Ordering::Relaxed) || lock(&self.children).stopped {
            return Err(EngineError("Stopped".to_owned()));
        }
        Ok(())
    }

    /// Kills the programs when `cancel` is set, after `limit`, or once `ended` has no sender.
    fn watch(&self, limit: Duration, ended: &Receiver<()>) -> Option<StopCause> {
        let mut left = limit;
        let cause = loop {
            let is_over = ended.recv_timeout(POLL_INTERVAL) != Err(RecvTimeoutError::Timeout);
            if self.cancel.load(Ordering::Relaxed) {
                break Some(StopCause::Cancelled);
            } else if is_over {
                break None;
            } else if left.is_zero() {
                break Some(StopCause::OutOfTime);
            }
            left = left.saturating_sub(POLL_INTERVAL);
        };
        let mut children = lock(&self.children);
        children.stopped = true;
        for child in children.running.drain(..) {
            // Fails only if it has already exited.
            let _ = lock(&child).kill();
        }
        cause
    }

    /// FFmpeg with the arguments that each call has.
    pub(crate) fn ffmpeg(&self) -> Command {
        let mut command = Command::new(&self.tools.ffmpeg);
        command.args(["-v", "error", "-nostdin"]);
        command
    }

    /// Starts a program with pipes for standard output and, if `feed`, for standard input.
    pub(crate) fn start(&self, mut command: Command, feed: bool) -> Result<Program, EngineError> {
        self.check()?;
        command
            .env_clear()
            .envs(&self.tools.vars)
            .stdin(if feed { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| unstartable(command.get_program(), &error))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take().map(|stderr| thread::spawn(move || end_of(stderr)));
        let child = Arc::new(Mutex::new(child));
        let mut children = lock(&self.children);
        if children.stopped {
            let _ = lock(&child).kill();
        } else {
            children.running.push(Arc::clone(&child));
        }
        Ok(Program { child, stdin, stdout, stderr })
    }

    /// Runs a program and returns its output, at most `most` bytes.
    pub(crate) fn output(&self, command: Command, most: usize) -> Result<Vec<u8>, EngineError> {
        let mut running = self.start(command, false)?;
        let mut output = Vec::new();
        if let Some(stdout) = running.stdout.take() {
            let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            stdout
                .take(limit)
                .read_to_end(&mut output)
                .map_err(EngineError::because("Reading from FFmpeg failed"))?;
        }
        running.finish()?;
        if output.len() > most {
            return Err(EngineError("FFmpeg said far more than was expected".to_owned()));
        }
        Ok(output)
    }
}

#[derive(Debug)]
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    /// Standard input, if fed.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    /// The end of its error output, once it has exited.
    stderr: Option<JoinHandle<String>>,
}

impl Program {
    /// Waits for its exit; an error contains its error output.
    pub(crate) fn finish(mut self) -> Result<(), EngineError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        // Its error output ends when it exits; until then the child can be killed.
        let stderr = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        let status =
            lock(&self.child).wait().map_err(EngineError::because("Waiting for FFmpeg failed"))?;
        if status.success() {
            return Ok(());
        }
        Err(EngineError(match readable(&stderr) {
            message if message.is_empty() => format!("FFmpeg ended with {status}"),
            message => message,
        }))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.stderr.is_some() {
            let mut child = lock(&self.child);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn unstartable(program: &OsStr, error: &std::io::Error) -> EngineError {
    let program = Path::new(program);
    let name = program.display();
    let of_ffmpeg = program.file_stem().is_some_and(|stem| stem == "ffmpeg" || stem == "ffprobe");
    EngineError(match error.kind() {
        ErrorKind::NotFound if of_ffmpeg => {
            format!("{name} was not found; it comes with FFmpeg: apt-get install ffmpeg")
        }
        ErrorKind::NotFound => format!("{name} was not found"),
        _ => format!("{name} could not be started: {error}"),
    })
}

/// Reads to the end and keeps the last [`STDERR_LIMIT`] bytes.
fn end_of(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0u8; 4096];
    while let Ok(count) = stderr.read(&mut chunk) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..count]);
        if kept.len() > STDERR_LIMIT {
            kept.drain(..kept.len() - STDERR_LIMIT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The last error messages on one line, without memory addresses, local paths and control
/// characters, since a failed job shows them.
fn readable(stderr: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in stderr.lines().rev() {
        let line = without_path(line.trim());
        let is_news = !line.is_empty() && !line.starts_with("Last message repeated");
        if is_news && !lines.contains(&line) {
            lines.push(line);
        }
        if lines.len() == 3 {
            break;
        }
    }
    lines.reverse();
    lines.join("; ")
}

fn without_path(line: &str) -> String {
    ffmpeg_reason(line).chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> AtomicBool {
        AtomicBool::new(false)
    }

    fn command(program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    #[test]
    fn a_missing_program_says_what_to_install() {
        let (tools, cancel) = (Tools::default(), never());
        let error = ProcessGroup::run(&tools, &cancel, Duration::from_secs(5), |group| {
            group.output(command("/nonexistent/ffmpeg", &[]), 10)
        });
        assert!(error.unwrap_err().0.contains("apt-get install ffmpeg"));
    }

    #[test]
    fn output_is_bounded_and_error_messages_are_kept() {
        let (tools, cancel) = (Tools::default(), never());
        let run = |list: &[&str], most| {
            ProcessGroup::run(&tools, &cancel, Duration::from_secs(5), |group| {
                group.output(command("sh", list), most)
            })
        };
        assert_eq!(run(&["-c", "printf hello"], 5).unwrap(), b"hello");
        assert!(run(&["-c", "printf hello!"], 5).is_err());
        let environment = String::from_utf8(run(&["-c", "env"], 4_096).unwrap()).unwrap();
        let name = |line: &str| line.split('=').next().unwrap_or_default().to_owned();
        let seen: Vec<_> = environment.lines().map(name).collect();
        assert!(
            seen.iter().all(|name| ["PATH", "PWD", "SHLVL", "_"].contains(&&name[..])),
            "{seen:?}"
        );
        let said = run(&["-c", "echo '[mov @ 0x55] file:/secret/in: moov missing' >&2; exit 1"], 5);
        assert_eq!(said.unwrap_err().0, "moov missing");
    }

    #[test]
    fn cancelling_and_the_limit_end_a_program() {
        let (tools, cancel) = (Tools::default(), AtomicBool::new(true));
        let error = ProcessGroup::run(&tools, &cancel, Duration::from_mins(1), |group| {
            group.output(command("sleep", &["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("cancelled"));
        let cancel = never();
        let error = ProcessGroup::run(&tools, &cancel, Duration::from_millis(50), |group| {
            group.output(command("sleep", &["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("limit"));
    }
}
