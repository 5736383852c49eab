//! Running FFmpeg: no shell, no terminal, bounded words, and an end that always comes.
//!
//! A [`ProcessGroup`] holds every program that one piece of work has started, and ends them when the
//! work is cancelled, runs out of time, or is over. What the programs are asked to do is not
//! decided here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::sandbox::engine::program_vars;
use crate::sandbox::matting::EngineError;

/// How many bytes of a program's complaints are kept: the last ones.
const WORDS: usize = 16 * 1024;

/// How often a leash looks at the caller's flag.
const GLANCE: Duration = Duration::from_millis(20);

/// Which programs do the decoding and encoding: names to be found on the path, or paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// FFmpeg itself.
    pub ffmpeg: PathBuf,
    /// Its companion that describes files.
    pub ffprobe: PathBuf,
    /// What they run in.
    pub setting: Setting,
}

/// What a program runs in. Nothing of our own environment is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its variables.
    pub vars: BTreeMap<String, String>,
    /// Its directory; ours when absent.
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

/// Why a leash was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopCause {
    Cancelled,
    OutOfTime(Duration),
    /// The work is over, well or badly; whatever still runs is of no use.
    Over,
}

#[derive(Debug, Default)]
struct Children {
    children: Vec<Arc<Mutex<Child>>>,
    pull: Option<StopCause>,
}

/// The programs of one piece of work.
#[derive(Debug)]
pub(crate) struct ProcessGroup<'a> {
    setting: &'a Setting,
    cancel: &'a AtomicBool,
    pack: Mutex<Children>,
}

/// A lock that goes on after another thread's panic: the data behind ours is valid at all times.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> ProcessGroup<'a> {
    /// Runs `work`, ending all its programs when `cancel` becomes true, when `limit` has passed,
    /// or when the work is over.
    pub(crate) fn held<T>(
        setting: &'a Setting,
        cancel: &'a AtomicBool,
        limit: Duration,
        work: impl FnOnce(&ProcessGroup<'a>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let leash = ProcessGroup { setting, cancel, pack: Mutex::default() };
        let result = thread::scope(|scope| {
            let watcher = scope.spawn(|| leash.watch(limit));
            let over = StopGuard { leash: &leash, watcher: watcher.thread().clone() };
            let result = work(&leash);
            drop(over);
            result
        });
        match held(&leash.pack).pull {
            Some(StopCause::Cancelled) => Err(EngineError("The job was cancelled".to_owned())),
            Some(StopCause::OutOfTime(limit)) => Err(EngineError(format!(
                "Processing took longer than the limit of {} s",
                limit.as_secs()
            ))),
            _ => result,
        }
    }

    /// Whether the work should stop at its next step.
    pub(crate) fn pulled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || held(&self.pack).pull.is_some()
    }

    /// An error once the work should stop.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.pulled() { Err(EngineError("Stopped".to_owned())) } else { Ok(()) }
    }

    fn watch(&self, limit: Duration) {
        let mut left = limit;
        while held(&self.pack).pull.is_none() {
            if self.cancel.load(Ordering::Relaxed) {
                self.pull(StopCause::Cancelled);
            } else if left.is_zero() {
                self.pull(StopCause::OutOfTime(limit));
            } else {
                thread::park_timeout(GLANCE);
                left = left.saturating_sub(GLANCE);
            }
        }
    }

    /// The first pull counts; later ones find nothing left to do.
    fn pull(&self, why: StopCause) {
        let mut pack = held(&self.pack);
        if why == StopCause::Over && self.cancel.load(Ordering::Relaxed) {
            pack.pull.get_or_insert(StopCause::Cancelled);
        }
        pack.pull.get_or_insert(why);
        for child in pack.children.drain(..) {
            // An error means that it has ended by itself.
            let _ = held(&child).kill();
        }
    }

    /// Starts `program`. Standard output and, when `feed`, input are pipes.
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
        let mut pack = held(&self.pack);
        if pack.pull.is_some() {
            let _ = held(&child).kill();
        } else {
            pack.children.push(Arc::clone(&child));
        }
        Ok(Program { child, stdin, stdout, words })
    }

    /// Runs `program` to its end and gives what it wrote, which may not be longer than `most`.
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

/// Ends the watch also when the work panics.
struct StopGuard<'l, 'a> {
    leash: &'l ProcessGroup<'a>,
    watcher: thread::Thread,
}

impl Drop for StopGuard<'_, '_> {
    fn drop(&mut self) {
        self.leash.pull(StopCause::Over);
        self.watcher.unpark();
    }
}

/// A started program.
#[derive(Debug)]
pub(crate) struct Program {
    child: Arc<Mutex<Child>>,
    /// Where it reads from, if it is fed.
    pub(crate) stdin: Option<ChildStdin>,
    /// Where it writes to.
    pub(crate) stdout: Option<ChildStdout>,
    words: Option<JoinHandle<String>>,
}

impl Program {
    /// Waits for its end; an error has what it said.
    pub(crate) fn finish(mut self) -> Result<(), EngineError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        // Its complaints end when it does; waiting for them leaves the child free to be killed.
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

/// Reads to the end, keeping the last [`WORDS`] bytes.
fn last_words(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0u8; 4096];
    while let Ok(count) = stderr.read(&mut chunk) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..count]);
        if kept.len() > WORDS {
            kept.drain(..kept.len() - WORDS);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The last few complaints on one line, without addresses in memory, local paths and control
/// characters: they end up in a job that anyone may read.
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
    let line = match (line.starts_with('['), line.split_once("] ")) {
        (true, Some((_, rest))) => rest,
        _ => line,
    };
    let line = match (line.starts_with("file:"), line.rsplit_once(": ")) {
        (true, Some((_, rest))) => rest,
        _ => line,
    };
    line.chars().filter(|c| !c.is_control()).take(300).collect()
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
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_secs(5), |leash| {
            leash.output(Path::new("/nonexistent/ffmpeg"), &[], 10)
        });
        assert!(error.unwrap_err().0.contains("apt-get install ffmpeg"));
    }

    #[test]
    fn output_is_bounded_and_complaints_are_kept() {
        let (setting, cancel) = (Setting::default(), never());
        let run = |list: &[&str], most| {
            ProcessGroup::held(&setting, &cancel, Duration::from_secs(5), |leash| {
                leash.output(Path::new("sh"), &words(list), most)
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
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_mins(1), |leash| {
            leash.output(Path::new("sleep"), &words(&["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("cancelled"));
        let cancel = never();
        let error = ProcessGroup::held(&setting, &cancel, Duration::from_millis(50), |leash| {
            leash.output(Path::new("sleep"), &words(&["60"]), 10)
        });
        assert!(error.unwrap_err().0.contains("limit"));
    }
}
