//! The streams of the printer: those of the process, or memory.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub type OutputStream = Box<dyn Write + Send>;

/// Returns the current columns and rows of the terminal.
pub type SizeSource = Box<dyn Fn() -> Option<(u16, u16)> + Send + Sync>;

pub struct Streams {
    pub stdout: OutputStream,
    pub stderr: OutputStream,
    pub size: SizeSource,
    /// The directory that paths are shown relative to; empty if unknown.
    pub current_dir: PathBuf,
    /// Global flags of this command that the next one needs as well.
    pub next_flags: String,
}

impl Streams {
    /// The streams of the process.
    #[must_use]
    pub fn standard(size: impl Fn() -> Option<(u16, u16)> + Send + Sync + 'static) -> Self {
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            size: Box::new(size),
            current_dir: PathBuf::new(),
            next_flags: String::new(),
        }
    }

    /// Streams into memory, and their captured standard output and standard error.
    #[must_use]
    pub fn captured() -> (Self, Capture, Capture) {
        let (stdout, stderr) = (Capture::default(), Capture::default());
        let streams = Self {
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            size: Box::new(|| None),
            current_dir: PathBuf::new(),
            next_flags: String::new(),
        };
        (streams, stdout, stderr)
    }
}

/// A stream into memory.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
