//! Help texts and prompts.

use std::io::{self, BufRead, ErrorKind, Read as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use super::printer::Printer;
use crate::model::text::escaped;

/// A wait is reported once it has lasted this long.
const NOTICE: Duration = Duration::from_millis(1_500);

/// Reports a wait until it is dropped.
pub struct Spinner(Option<Sender<()>>);

impl Drop for Spinner {
    fn drop(&mut self) {
        // This ends the thread.
        self.0.take();
    }
}

impl Printer {
    /// Prints a note about waiting for `what`, unless that is over soon. Waits for the service are
    /// reported in `cli::context::wait_notes`.
    #[must_use]
    pub fn waiting(&self, what: &str) -> Spinner {
        let (sender, receiver) = channel();
        let (printer, what) = (self.clone(), what.to_owned());
        let thread = std::thread::Builder::new().name("waits".into()).spawn(move || {
            if receiver.recv_timeout(NOTICE) == Err(RecvTimeoutError::Timeout) {
                printer.note(&format!("waiting for {what}"));
            }
        });
        // Without a thread there is no note.
        Spinner(thread.is_ok().then_some(sender))
    }

    /// Help, scripts and manual pages: written unchanged to standard output, or to standard error if
    /// they were not asked for.
    pub fn help(&self, text: &str, asked_for: bool) {
        let text = text.trim_end_matches('\n');
        if asked_for {
            self.stdout_line(text.as_bytes());
        } else {
            self.stderr_line(text);
        }
    }

    /// A line of a request log; not shown with `-q`.
    pub fn request(&self, line: &str) {
        if !self.style().quiet {
            self.stderr_line(&escaped(line));
        }
    }

    /// Rings the bell of the terminal.
    pub fn bell(&self) {
        self.suspend(|| self.write_stderr("\x07"));
    }

    /// Asks a yes/no question. Everything except `y` and `yes` means no.
    #[must_use]
    pub fn ask(&self, question: &str) -> bool {
        self.suspend(|| {
            self.write_stderr(&format!("{} [y/N] ", escaped(question)));
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        })
    }

    /// Asks for one line of text; `None` at the end of standard input.
    #[must_use]
    pub fn ask_text(&self, question: &str) -> Option<String> {
        self.suspend(|| {
            self.write_stderr(&format!("{} ", escaped(question)));
            let mut answer = String::new();
            let read = io::stdin().lock().read_line(&mut answer).ok()?;
            (read > 0).then(|| answer.trim().to_owned())
        })
    }

    /// Asks for a secret without showing it. Fails if standard input is not a terminal, and with
    /// [`ErrorKind::Interrupted`] after Ctrl-C.
    pub fn ask_secret(&self, question: &str) -> io::Result<String> {
        self.suspend(|| {
            let stdin = io::stdin();
            let shown = tcgetattr(&stdin)?;
            let mut hidden = shown.clone();
            // Ctrl-C ends the line like Enter does, so that the echo is restored before the command ends.
            hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
            let interrupt = shown.special_codes[SpecialCodeIndex::VINTR];
            hidden.special_codes[SpecialCodeIndex::VEOL] = interrupt;
            self.write_stderr(&format!("{} ", escaped(question)));
            tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
            let answer = read_line(&mut stdin.lock(), interrupt);
            tcsetattr(&stdin, OptionalActions::Flush, &shown)?;
            self.write_stderr("\n");
            answer
        })
    }

    /// Reads a secret of at most `most` bytes from standard input.
    pub fn read_secret(&self, most: u64) -> io::Result<String> {
        let mut secret = String::new();
        io::stdin().lock().take(most + 1).read_to_string(&mut secret)?;
        if secret.len() as u64 > most {
            return Err(io::Error::other("standard input contains more than a key"));
        }
        Ok(secret)
    }
}

/// A line of `input`. The byte `interrupt` cancels it.
fn read_line(input: &mut impl BufRead, interrupt: u8) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|byte| [b'\n', interrupt].contains(byte));
        let length = end.map_or(bytes.len(), |end| end + 1);
        let is_over = end.is_some() || bytes.is_empty();
        line.extend_from_slice(&bytes[..length]);
        input.consume(length);
        if is_over {
            break;
        }
    }
    if line.last() == Some(&interrupt) {
        return Err(ErrorKind::Interrupted.into());
    }
    String::from_utf8(line).map_err(|_| io::Error::other("the answer is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_line_ends_with_enter_and_ctrl_c_cancels_it() {
        let read = |mut bytes: &[u8]| read_line(&mut bytes, 3).map_err(|error| error.kind());
        assert_eq!(read(b"key\nrest"), Ok("key\n".to_owned()));
        assert_eq!(read(b"key"), Ok("key".to_owned()));
        assert_eq!(read(b""), Ok(String::new()));
        assert_eq!(read(b"key\x03"), Err(ErrorKind::Interrupted));
        assert_eq!(read(b"\xff\n"), Err(ErrorKind::Other));
    }
}
