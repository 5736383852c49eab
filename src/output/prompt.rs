//! Text of our own that goes out as it stands, and questions.

use std::io::{self, BufRead as _, Read as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::printer::Printer;
use crate::model::text::escaped;

/// A wait is said once it has lasted this long.
const NOTICE: Duration = Duration::from_millis(1_500);

/// Something that is waited for, until this is dropped.
pub struct Spinner(Option<Sender<()>>);

impl Drop for Spinner {
    fn drop(&mut self) {
        // The thread sees that, and ends.
        self.0.take();
    }
}

impl Printer {
    /// Says that `what` is waited for, unless that is over soon. For waits other than those for an
    /// answer of the service, of which its client knows.
    #[must_use]
    pub fn waiting(&self, what: &str) -> Spinner {
        let (sender, receiver) = channel();
        let (printer, what) = (self.clone(), what.to_owned());
        let told = std::thread::Builder::new().name("waits".into()).spawn(move || {
            if receiver.recv_timeout(NOTICE) == Err(RecvTimeoutError::Timeout) {
                printer.note(&format!("waiting for {what}"));
            }
        });
        // Without a thread nothing is said; no reason to stop a command.
        Spinner(told.is_ok().then_some(sender))
    }

    /// Help, scripts and pages: text of our own with line breaks and perhaps colours, written as
    /// it stands to standard output, or to standard error when it answers a mistake.
    pub fn help(&self, text: &str, asked_for: bool) {
        let text = text.trim_end_matches('\n');
        if asked_for {
            self.stdout_line(text.as_bytes());
        } else {
            self.stderr_line(text);
        }
    }

    /// A line of a request log. Not shown with `-q`.
    pub fn request(&self, line: &str) {
        if !self.style().quiet {
            self.stderr_line(&escaped(line));
        }
    }

    /// Asks a question that is answered with yes or no. Everything but a clear yes is a no.
    #[must_use]
    pub fn ask(&self, question: &str) -> bool {
        self.suspend(|| {
            self.write_stderr(&format!("{} [y/N] ", escaped(question)));
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        })
    }

    /// Asks for a secret, which the terminal does not show while it is typed. What is returned is
    /// not kept anywhere here.
    ///
    /// # Errors
    /// Standard input is no terminal, or cannot be read.
    pub fn ask_secret(&self, question: &str) -> io::Result<String> {
        self.suspend(|| {
            let stdin = io::stdin();
            let shown = tcgetattr(&stdin)?;
            let mut hidden = shown.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            self.write_stderr(&format!("{} ", escaped(question)));
            tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
            let mut answer = String::new();
            let read = stdin.lock().read_line(&mut answer);
            tcsetattr(&stdin, OptionalActions::Flush, &shown)?;
            self.write_stderr("\n");
            read.map(|_| answer)
        })
    }

    /// Reads a secret from standard input to its end, of at most `most` bytes.
    ///
    /// # Errors
    /// There is more, or it is no text.
    pub fn read_secret(&self, most: u64) -> io::Result<String> {
        let mut secret = String::new();
        io::stdin().lock().take(most + 1).read_to_string(&mut secret)?;
        if secret.len() as u64 > most {
            return Err(io::Error::other("standard input holds far more than a key"));
        }
        Ok(secret)
    }
}
