//! Text of our own that goes out as it stands, and questions.

use std::io::BufRead as _;

use super::printer::Printer;
use crate::model::text::escaped;

impl Printer {
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
}
