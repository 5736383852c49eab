//! What the printer writes to: the process's own streams, or memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// A stream to write to.
pub type OutputStream = Box<dyn Write + Send>;

/// Asks for columns and rows of the terminal as they are at the moment.
pub type SizeSource = Box<dyn Fn() -> Option<(u16, u16)> + Send + Sync>;

/// The two streams of a process, and the size of the terminal behind them.
pub struct Streams {
    /// Results.
    pub stdout: OutputStream,
    /// Everything that is told about them.
    pub stderr: OutputStream,
    /// Follows a window that is resized.
    pub size: SizeSource,
}

impl Streams {
    /// The process's own.
    #[must_use]
    pub fn standard(size: impl Fn() -> Option<(u16, u16)> + Send + Sync + 'static) -> Self {
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            size: Box::new(size),
        }
    }

    /// Memory of standard output and standard error, and streams that fill it.
    #[must_use]
    pub fn captured() -> (Self, Capture, Capture) {
        let (stdout, stderr) = (Capture::default(), Capture::default());
        let streams = Self {
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            size: Box::new(|| None),
        };
        (streams, stdout, stderr)
    }
}

/// Memory that can be written to and looked at.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// What was written so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was written so far, as text.
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
