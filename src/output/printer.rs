//! The printer owns both streams and suspends bars while it prints.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::events::json;
use super::events::messages;
use super::formats::chart::Chart;
use super::formats::table::Table;
use super::progress::screen::Screen;
use super::streams::{OutputStream, Streams};
use super::style::{Painter, Style, TextTone};
use super::text_width;
use crate::model::text::escaped;
use crate::model::{Failure, Target};

/// The only writer to the terminal. Clones share the streams; every call prints whole lines, from any
/// thread.
///
/// Results go to standard output, everything else to standard error. After the reader of standard
/// output has closed it, further results are dropped; other errors are
/// kept for [`Printer::finish`]. Errors of standard error are ignored.
#[derive(Clone)]
pub struct Printer(Arc<PrinterState>);

struct PrinterState {
    style: Style,
    stdout: Mutex<Stdout>,
    stderr: Arc<Mutex<OutputStream>>,
    screen: Option<Screen>,
    current_dir: PathBuf,
    next_flags: String,
    /// Warnings of `warn_once`.
    warned: Mutex<BTreeSet<String>>,
}

struct Stdout {
    sink: OutputStream,
    state: StdoutState,
}

enum StdoutState {
    Open,
    Closed,
    Broken(io::Error),
}

impl Stdout {
    fn write(&mut self, bytes: &[u8]) {
        if matches!(self.state, StdoutState::Open)
            && let Err(error) = self.sink.write_all(bytes).and_then(|()| self.sink.flush())
        {
            self.state = match error.kind() {
                io::ErrorKind::BrokenPipe => StdoutState::Closed,
                _ => StdoutState::Broken(error),
            };
        }
    }
}

impl Printer {
    #[must_use]
    pub fn new(style: Style, streams: Streams) -> Self {
        let stderr = Arc::new(Mutex::new(streams.stderr));
        let screen = style.bars.then(|| Screen::new(Arc::clone(&stderr), streams.size, &style));
        let stdout = Mutex::new(Stdout { sink: streams.stdout, state: StdoutState::Open });
        let Streams { current_dir, next_flags, .. } = streams;
        let warned = Mutex::default();
        Self(Arc::new(PrinterState {
            style,
            stdout,
            stderr,
            screen,
            current_dir,
            next_flags,
            warned,
        }))
    }

    #[must_use]
    pub fn style(&self) -> &Style {
        &self.0.style
    }

    /// One line of results; escaped.
    pub fn data(&self, line: &str) {
        self.stdout_line(escaped(line).as_bytes());
    }

    /// Sentences as results; wrapped between words on a terminal.
    pub fn prose(&self, text: &str) {
        let style = &self.0.style;
        let text = wrapped(&escaped(text), style.width.filter(|_| style.stdout_terminal));
        self.stdout_line(text.as_bytes());
    }

    /// A command that comes next; not shown with `-q`.
    pub fn next(&self, command: &str) {
        if !self.0.style.quiet && !self.0.style.json {
            self.stderr_line(messages::next(Some(command)).trim_start_matches('\n'));
        }
    }

    /// A path in a sentence or table: for people on a terminal, relative if that is shorter.
    #[must_use]
    pub fn path_text(&self, path: &Path) -> String {
        if self.0.style.stdout_terminal {
            self.shown_path(path, false)
        } else {
            path.display().to_string()
        }
    }

    /// A path as a line of results: byte for byte for scripts, escaped on a terminal.
    pub fn path(&self, path: &Path) {
        self.stdout_line(&self.path_bytes(path));
    }

    /// A JSON value as a line of results.
    pub fn json(&self, value: &Value) {
        self.stdout_line(json::line(value).as_bytes());
    }

    /// A JSON document as a line of results.
    pub(crate) fn document<T: Serialize>(&self, document: &T) {
        self.json(&serde_json::json!(document));
    }

    /// A record, with its fields already escaped, as a line of results.
    pub fn record(&self, record: &str) {
        self.stdout_line(record.as_bytes());
    }

    /// A table as results.
    pub fn table(&self, table: &Table) {
        let style = &self.0.style;
        let width = style.width.filter(|_| style.stdout_terminal);
        self.stdout_line(table.render(width, Painter(style.stdout_color)).as_bytes());
    }

    /// A chart as results.
    pub fn chart(&self, chart: &Chart) {
        let style = &self.0.style;
        let width = style.width.unwrap_or(80);
        self.stdout_line(chart.render(width, Painter(style.stdout_color)).as_bytes());
    }

    /// Standard output for binary data, such as a video.
    #[must_use]
    pub fn raw_stdout(&self) -> RawStdout {
        RawStdout(self.clone())
    }

    /// A note; not shown with `-q`.
    pub fn note(&self, text: &str) {
        if !self.0.style.quiet {
            self.say(TextTone::Plain, "note:", text);
        }
    }

    pub fn warn(&self, text: &str) {
        self.say(TextTone::Warn, "warning:", text);
    }

    /// A warning, unless it was printed before.
    pub fn warn_once(&self, text: &str) {
        let mut warned = self.0.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(text.to_owned()) {
            drop(warned);
            self.warn(text);
        }
    }

    pub fn error(&self, text: &str) {
        self.say(TextTone::Bad, "error:", text);
    }

    /// A failure with the IDs for support and the next command.
    pub fn failure(&self, failure: &Failure) {
        let text = messages::failure(failure);
        let next = messages::next(failure.next.as_deref());
        let label = self.paint().tone(TextTone::Bad, "error:");
        self.message(&format!("{label} {text}{next}"));
    }

    /// [`Printer::failure`] for a failure that is a result of the command: with `--json` it is also
    /// printed to standard output.
    pub fn report(&self, failure: &Failure) {
        self.failure(failure);
        if self.0.style.json {
            self.document(&json::FailedCommand::from(failure));
        }
    }

    /// Removes the bars, does `work` (such as a prompt), and draws them again.
    pub fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        match &self.0.screen {
            Some(screen) => screen.suspend(work),
            None => work(),
        }
    }

    /// Removes the bars, for a process that ends at once.
    pub fn abandon_bars(&self) {
        if let Some(screen) = &self.0.screen {
            screen.clear();
        }
    }

    /// Flushes standard output. Fails if it could not be written, for example because of a full disk; a
    /// reader that has closed it is not an error.
    pub fn finish(&self) -> Result<(), Failure> {
        let mut stdout = self.stdout();
        stdout.write(b"");
        match &stdout.state {
            StdoutState::Broken(error) => Err(Failure::local("writing to standard output", error)),
            StdoutState::Open | StdoutState::Closed => Ok(()),
        }
    }

    pub(crate) fn paint(&self) -> Painter {
        Painter(self.0.style.color)
    }

    pub(crate) fn screen(&self) -> Option<&Screen> {
        self.0.screen.as_ref()
    }

    /// Writes escaped text to standard error.
    pub(crate) fn stderr_line(&self, text: &str) {
        let text = self.with_flags(text);
        self.suspend(|| self.write_stderr(&format!("{text}\n")));
    }

    /// `text` with the profile and configuration of this command in the one that it names next.
    pub fn with_flags<'a>(&self, text: &'a str) -> Cow<'a, str> {
        const NEXT: &str = "next: rbgv ";
        match text.rsplit_once(NEXT) {
            Some((before, command))
                if !self.0.next_flags.is_empty() && !command.contains("--profile") =>
            {
                format!("{before}{NEXT}{} {command}", self.0.next_flags).into()
            }
            _ => text.into(),
        }
    }

    /// Reports an output: `text` with the path on standard error (unless `quiet`), the path alone on
    /// standard output. If both are the same terminal, they are one line.
    pub(crate) fn landed(&self, text: &str, target: &Target) {
        let style = &self.0.style;
        match target {
            Target::File(path) => {
                self.print_result(
                    text,
                    &self.shown_path(path, style.links),
                    &self.path_bytes(path),
                );
            }
            Target::Object(url) => {
                let shown = escaped(&url.to_string());
                let data = if style.stdout_terminal { shown.clone() } else { url.to_string() };
                self.print_result(text, &shown, data.as_bytes());
            }
        }
    }

    /// Reports a job in the same form: `text` with its ID, and the ID alone.
    pub(crate) fn left(&self, text: &str, job: &str) {
        let job = escaped(job);
        self.print_result(text, &job, job.as_bytes());
    }

    fn print_result(&self, text: &str, shown: &str, data: &[u8]) {
        let style = &self.0.style;
        self.suspend(|| {
            if style.shared && !style.quiet {
                self.write_stderr(&format!("{text} -> "));
            } else if !style.quiet {
                self.write_stderr(&format!("{text} -> {shown}\n"));
            }
            self.write_stdout(data);
        });
    }

    fn path_bytes(&self, path: &Path) -> Vec<u8> {
        let style = &self.0.style;
        if style.stdout_terminal {
            self.shown_path(path, style.stdout_links).into_bytes()
        } else {
            path.as_os_str().as_encoded_bytes().to_vec()
        }
    }

    /// A path for people: escaped, relative if it is below the current directory, and a link if the
    /// terminal shows links.
    fn shown_path(&self, path: &Path, linked: bool) -> String {
        let base = &self.0.current_dir;
        let below = path.strip_prefix(base).ok().filter(|below| !below.as_os_str().is_empty());
        let shown = escaped(&below.unwrap_or(path).to_string_lossy());
        match url::Url::from_file_path(base.join(path)) {
            // A URL has no control characters.
            Ok(url) if linked => format!("\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\"),
            _ => shown,
        }
    }

    fn say(&self, tone: TextTone, label: &str, text: &str) {
        self.message(&format!("{} {}", self.paint().tone(tone, label), escaped(text)));
    }

    /// Writes escaped sentences to standard error, wrapped between words on a terminal.
    pub(crate) fn message(&self, text: &str) {
        let style = &self.0.style;
        self.stderr_line(&wrapped(text, style.width.filter(|_| style.stderr_terminal)));
    }

    pub(crate) fn stdout_line(&self, line: &[u8]) {
        self.suspend(|| self.write_stdout(line));
    }

    fn write_stdout(&self, line: &[u8]) {
        let mut whole = line.to_vec();
        whole.push(b'\n');
        self.stdout().write(&whole);
    }

    pub(crate) fn write_stderr(&self, text: &str) {
        let mut stderr = self.0.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        // An error cannot be reported anywhere.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    fn stdout(&self) -> MutexGuard<'_, Stdout> {
        self.0.stdout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `text` with its lines broken between words; unchanged without a width.
fn wrapped(text: &str, width: Option<u16>) -> String {
    let Some(columns) = width.map(usize::from) else { return text.to_owned() };
    text.split('\n').flat_map(|line| wrapped_line(line, columns)).collect::<Vec<_>>().join("\n")
}

/// Commands are not broken, so that they can be copied: an indented line, such as `  next: `, is whole,
/// and a command at the end of a sentence gets such a line.
fn wrapped_line(line: &str, columns: usize) -> Vec<String> {
    const COMMAND: &str = ": rbgv ";
    if line.starts_with("  ") {
        return vec![line.to_owned()];
    }
    let lines = text_width::wrapped(line, columns);
    match line.rfind(COMMAND).filter(|_| lines.len() > 1) {
        Some(at) => {
            let (sentence, command) = line.split_at(at + 1);
            let mut lines = text_width::wrapped(sentence, columns);
            lines.push(format!(" {command}"));
            lines
        }
        None => lines,
    }
}

/// Standard output for binary data. All errors are returned to the writer.
#[derive(Clone)]
pub struct RawStdout(Printer);

impl Write for RawStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.stdout().sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.stdout().sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FailureKind, JobId};
    use crate::output::streams::Capture;

    fn printer(style: Style) -> (Printer, Capture, Capture) {
        let (streams, stdout, stderr) = Streams::captured();
        (Printer::new(style, streams), stdout, stderr)
    }

    #[test]
    fn results_and_remarks_go_to_their_streams() {
        let (printer, stdout, stderr) = printer(Style::default());
        printer.data("a\x1bb");
        printer.json(&serde_json::json!({"a": "b\u{9b}c"}));
        printer.note("n");
        printer.warn("w\nx");
        printer.error("e");
        assert_eq!(stdout.text(), "a\\u{1b}b\n{\"a\":\"b\\u009bc\"}\n");
        assert_eq!(stderr.text(), "note: n\nwarning: w\\nx\nerror: e\n");
    }

    #[test]
    fn quiet_leaves_what_needs_attention() {
        let (printer, _, stderr) = printer(Style { quiet: true, ..Style::default() });
        printer.note("n");
        printer.warn("w");
        printer.warn_once("x");
        printer.warn_once("x");
        assert_eq!(stderr.text(), "warning: w\nwarning: x\n");
    }

    #[test]
    fn paths_are_whole_for_scripts_and_harmless_on_a_screen() {
        let path = Path::new("a\x1b[2Jb c");
        let (piped, stdout, _) = printer(Style::default());
        piped.path(path);
        assert_eq!(stdout.bytes(), b"a\x1b[2Jb c\n");
        let (screen, stdout, _) = printer(Style { stdout_terminal: true, ..Style::default() });
        screen.path(path);
        assert_eq!(stdout.text(), "a\\u{1b}[2Jb c\n");
    }

    #[test]
    fn people_see_relative_paths_and_links_where_the_terminal_has_them() {
        let shown = |style: Style, path: &str| {
            let (streams, stdout, _) = Streams::captured();
            let printer =
                Printer::new(style, Streams { current_dir: "/home/ann".into(), ..streams });
            printer.path(Path::new(path));
            stdout.text()
        };
        let screen = Style { stdout_terminal: true, ..Style::default() };
        assert_eq!(shown(screen, "/home/ann/out/a.webm"), "out/a.webm\n");
        assert_eq!(shown(screen, "/other/a.webm"), "/other/a.webm\n");
        assert_eq!(shown(Style::default(), "/home/ann/out/a.webm"), "/home/ann/out/a.webm\n");
        let linked = Style { stdout_links: true, ..screen };
        assert_eq!(
            shown(linked, "/home/ann/a b\x1b.webm"),
            "\x1b]8;;file:///home/ann/a%20b%1B.webm\x1b\\a b\\u{1b}.webm\x1b]8;;\x1b\\\n"
        );
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_unicode_survive() {
        use std::os::unix::ffi::OsStrExt as _;
        let (printer, stdout, _) = printer(Style::default());
        printer.path(Path::new(std::ffi::OsStr::from_bytes(b"\xff.webm")));
        assert_eq!(stdout.bytes(), b"\xff.webm\n");
    }

    #[test]
    fn a_failure_names_ids_and_the_next_command() {
        let (printer, _, stderr) = printer(Style::default());
        let mut failure = Failure::new(FailureKind::Unavailable, "start the job", "no worker\x07")
            .with_job(&JobId("j-1".into()))
            .with_next("rbgv resume 12");
        failure.status = Some(503);
        failure.request_id = Some("r-9".into());
        printer.failure(&failure);
        assert_eq!(
            stderr.text(),
            "error: start the job: no worker\\u{7} (HTTP 503, job j-1, request r-9)\n  \
             next: rbgv resume 12\n"
        );
    }

    #[test]
    fn sentences_are_wrapped_on_a_terminal_and_commands_are_whole() {
        let style = Style { stderr_terminal: true, width: Some(20), ..Style::default() };
        let (narrow, _, stderr) = printer(style);
        narrow.warn("it may be paid for again; to find out: rbgv usage --reconcile --lag 60s");
        narrow.note("what rbgv status shows");
        narrow.failure(
            &Failure::new(FailureKind::Local, "a", "b c d e f g h")
                .with_next("rbgv logs 'a clip with a long name.mp4'"),
        );
        assert_eq!(
            stderr.text(),
            "warning: it may be\npaid for again; to\nfind out:\n  rbgv usage --reconcile --lag 60s\n\
             note: what rbgv\nstatus shows\n\
             error: a: b c d e f\ng h\n  next: rbgv logs 'a clip with a long name.mp4'\n"
        );
    }

    #[test]
    fn a_shared_screen_shows_one_line_and_two_streams_one_each() {
        let path = Path::new("out/a.webm");
        let shared = Style { shared: true, stdout_terminal: true, ..Style::default() };
        let (screen, stdout, stderr) = printer(shared);
        screen.landed("a.mp4: done", &path.to_owned().into());
        assert_eq!(
            (stderr.text().as_str(), stdout.text().as_str()),
            ("a.mp4: done -> ", "out/a.webm\n")
        );
        let (apart, stdout, stderr) = printer(Style::default());
        apart.landed("a.mp4: done", &path.to_owned().into());
        assert_eq!(stderr.text(), "a.mp4: done -> out/a.webm\n");
        assert_eq!(stdout.text(), "out/a.webm\n");
    }

    /// A stream that fails in one way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn failing(kind: io::ErrorKind) -> Printer {
        let (streams, _, _) = Streams::captured();
        Printer::new(Style::default(), Streams { stdout: Box::new(Failing(kind)), ..streams })
    }

    #[test]
    fn a_reader_that_left_ends_results_quietly_and_a_full_disk_is_told() {
        let gone = failing(io::ErrorKind::BrokenPipe);
        gone.data("x");
        assert!(matches!(gone.stdout().state, StdoutState::Closed));
        assert_eq!(gone.finish(), Ok(()));
        assert!(gone.raw_stdout().write(b"x").is_err());
        let full = failing(io::ErrorKind::StorageFull);
        full.data("x");
        assert_eq!(full.finish().unwrap_err().kind, FailureKind::Local);
    }

    #[test]
    fn lines_of_several_threads_stay_whole() {
        let (printer, stdout, _) = printer(Style::default());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let printer = printer.clone();
                scope.spawn(move || {
                    for _ in 0..50 {
                        printer.data(&thread.to_string().repeat(9));
                    }
                });
            }
        });
        let text = stdout.text();
        assert_eq!(text.lines().count(), 200);
        assert!(
            text.lines()
                .all(|line| line.len() == 9 && line.bytes().all(|b| b == line.as_bytes()[0]))
        );
    }
}
