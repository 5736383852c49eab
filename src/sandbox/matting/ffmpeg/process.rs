//! Runs FFmpeg: without shell and terminal, with limited error output and a time limit.
//!
//! A [`ProcessGroup`] holds the child processes of one job and kills them when the job is
//! cancelled, times out or ends.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::media::ffmpeg_reason;
use crate::sandbox::engine::program_vars;
use crate::sandbox::matting::EngineError;

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
    pub setting: Setting,
}

/// The environment of a child process; nothing is inherited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub vars: BTreeMap<String, String>,
    /// Current directory; ours if `None`.
    pub directory: Option<PathBuf>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { vars: program_vars(), directory: None }
    }
}

impl Default for Tools {
    fn default() -> Self {
        let setting = Setting::default();
        Self { ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into(), setting }
    }
}

/// The reason for stopping all programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopCause {
    Cancelled,
    OutOfTime(Duration),
    /// The job has ended.
    Over,
}

#[derive(Debug, Default)]
struct Children {
    children: Vec<Arc<Mutex<Child>>>,
    pull: Option<StopCause>,
}

/// The child processes of one job.
#[derive(Debug)]
pub(crate) struct ProcessGroup<'a> {
    setting: &'a Setting,
    cancel: &'a AtomicBool,
    children: Mutex<Children>,
}

/// Locks, ignoring a panic of another thread: the data is always valid.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> ProcessGroup<'a> {
    /// Runs `work`. Kills its programs when `cancel` is set, after `limit`, or at its end.
    pub(crate) fn held<T>(
        setting: &'a Setting,
        cancel: &'a AtomicBool,
        limit: Duration,
        work: impl FnOnce(&ProcessGroup<'a>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let group = ProcessGroup { setting, cancel, children: Mutex::default() };
        let result = thread::scope(|scope| {
            let watcher = scope.spawn(|| group.watch(limit));
            let over = StopGuard { group: &group, watcher: watcher.thread().clone() };
            let result = work(&group);
            drop(over);
            result
        });
        match held(&group.children).pull {
            Some(StopCause::Cancelled) => Err(EngineError("The job was cancelled".to_owned())),
            Some(StopCause::OutOfTime(limit)) => Err(EngineError(format!(
                "Processing took longer than the limit of {} s",
                limit.as_secs()
            ))),
            _ => result,
        }
    }

    /// Whether the job should stop.
    pub(crate) fn pulled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || held(&self.children).pull.is_some()
    }

    /// An error if the job should stop.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.pulled() { Err(EngineError("Stopped".to_owned())) } else { Ok(()) }
    }

    fn watch(&self, limit: Duration) {
        let mut left = limit;
        while held(&self.children).pull.is_none() {
            if self.cancel.load(Ordering::Relaxed) {
                self.pull(StopCause::Cancelled);
            } else if left.is_zero() {
                self.pull(StopCause::OutOfTime(limit));
            } else {
                thread::park_timeout(POLL_INTERVAL);
                left = left.saturating_sub(POLL_INTERVAL);
            }
        }
    }

    /// Only the first call has an effect.
    fn pull(&self, why: StopCause) {
        let mut children = held(&self.children);
        if why == StopCause::Over && self.cancel.load(Ordering::Relaxed) {
            children.pull.get_or_insert(StopCause::Cancelled);
        }
        children.pull.get_or_insert(why);
        for child in children.children.drain(..) {
            // Fails only if it has already exited.
            let _ = held(&child).kill();
        }
    }

    /// Starts `program` with pipes for standard output and, if `feed`, for standard input.
    pub(crate) fn start(
        &self,
        program: &Path,
        arguments: &[OsString],
        feed: bool,
    ) -> Result<Program, EngineError> {
        self.check()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.setting.vars)
            .stdin(if feed { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = &self.setting.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().map_err(|error| unstartable(program, &error))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let words = child.stderr.take().map(|stderr| thread::spawn(move || last_words(stderr)));
        let child = Arc::new(Mutex::new(child));
        let mut children = held(&self.children);
        if children.pull.is_some() {
            let _ = held(&child).kill();
        } else {
            children.children.push(Arc::clone(&child));
        }
        Ok(Program { child, stdin, stdout, words })
    }

    /// Runs `program` and returns its output, at most `most` bytes.
    pub(crate) fn output(
        &self,
        program: &Path,
        arguments: &[OsString],
        most: usize,
    ) -> Result<Vec<u8>, EngineError> {
        let mut running = self.start(program, arguments, false)?;
        let mut output = Vec::new();
        if let Some(stdout) = running.stdout.take() {
            let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            stdout
                .take(limit)
                .read_to_end(&mut output)
                .map_err(|error| EngineError(format!("Reading from FFmpeg failed: {error}")))?;
        }
        running.finish()?;
        if output.len() > most {
            return Err(EngineError("FFmpeg said far more than was expected".to_owned()));
        }
        Ok(output)
    }
}

/// Stops the watcher even if the job panics.
struct StopGuard<'l, 'a> {
    group: &'l ProcessGroup<'a>,
    watcher: thread::Thread,
}

impl Drop for StopGuard<'_, '_> {
    fn drop(&mut self) {
        self.group.pull(StopCause::Over);
        self.watcher.unpark();
    }
}

#[derive(Debug)]
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    /// Standard input, if fed.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    words: Option<JoinHandle<String>>,
}

impl Program {
    /// Waits for its exit; an error contains its error output.
    pub(crate) fn finish(mut self) -> Result<(), EngineError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        // Its error output ends when it exits; until then the child can be killed.
        let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        let status = held(&self.child)
            .wait()
            .map_err(|error| EngineError(format!("Waiting for FFmpeg failed: {error}")))?;
        if status.success() {
            return Ok(());
        }
        Err(EngineError(match readable(&words) {
            said if said.is_empty() => format!("FFmpeg ended with {status}"),
            said => said,
        }))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.words.is_some() {
            let mut child = held(&self.child);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn unstartable(program: &Path, error: &std::io::Error) -> EngineError {
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
fn last_words(mut stderr: ChildStderr) -> String {
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
fn readable(words: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in words.lines().rev() {
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

    fn words(list: &[&str]) -> Vec<OsString> {
        list.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_missing_program_says_what_to_install() {
        let (setting, cancel) = (Setting::default(), never());
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_secs(5), |group| {
            group.output(Path::new("/nonexistent/ffmpeg"), &[], 10)
        });
        assert!(error.unwrap_err().0.contains("apt-get install ffmpeg"));
    }

    #[test]
    fn output_is_bounded_and_error_messages_are_kept() {
        let (setting, cancel) = (Setting::default(), never());
        let run = |list: &[&str], most| {
            ProcessGroup::held(&setting, &cancel, Duration::from_secs(5), |group| {
                group.output(Path::new("sh"), &words(list), most)
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
        let (setting, cancel) = (Setting::default(), AtomicBool::new(true));
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_mins(1), |group| {
            group.output(Path::new("sleep"), &words(&["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("cancelled"));
        let cancel = never();
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_millis(50), |group| {
            group.output(Path::new("sleep"), &words(&["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("limit"));
    }
}
