//! The area at the bottom of the terminal in which bars are drawn.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};

use crate::output::streams::{OutputStream, SizeSource};
use crate::output::style::{NARROWEST, Style};

/// Used if the terminal size is unknown.
const DEFAULT_SIZE: (u16, u16) = (80, 24);
/// Most frames per second that are not forced. `MultiProgress` repaints every bar when one changes, so
/// several changes share a frame, which the caller forces.
const UNFORCED_HZ: u8 = 8;

/// Draws below all printed lines.
#[derive(Clone)]
pub(crate) struct Screen {
    pub(crate) area: MultiProgress,
    /// Whether the terminal shows progress outside of its text (OSC 9;4).
    reports: bool,
    canvas: Canvas,
}

impl Screen {
    pub(crate) fn new(out: Arc<Mutex<OutputStream>>, size: SizeSource, style: &Style) -> Self {
        // The styles of templates follow our decision, not the library's own.
        console::set_colors_enabled(style.color);
        let canvas = Canvas { out, size: Arc::new(size), frame: Arc::default() };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas.clone()), UNFORCED_HZ);
        let area = MultiProgress::with_draw_target(target);
        Self { area, reports: style.progress_reports, canvas }
    }

    /// Columns and rows of the terminal.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (columns, rows) = self.canvas.size();
        (columns.into(), rows.into())
    }

    /// Removes the drawing, does `work`, and draws again.
    pub(crate) fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        self.area.suspend(work)
    }

    /// Reports progress to the terminal itself, for its tab or task bar: a percentage, or that something
    /// is running.
    pub(crate) fn report(&self, percent: Option<u64>) {
        self.write_report(&match percent {
            Some(percent) => format!("1;{percent}"),
            None => "3".to_owned(),
        });
    }

    /// Removes the drawing and the report.
    pub(crate) fn clear(&self) {
        let _ = self.area.clear();
        self.write_report("0;");
    }

    fn write_report(&self, state: &str) {
        if self.reports {
            self.canvas.write(format!("\x1b]9;4;{state}\x1b\\").as_bytes());
        }
    }
}

/// Writes each frame at once, so that it is never seen half drawn. Errors are ignored, because the
/// library would panic.
#[derive(Clone)]
struct Canvas {
    out: Arc<Mutex<OutputStream>>,
    size: Arc<SizeSource>,
    frame: Arc<Mutex<Vec<u8>>>,
}

impl Canvas {
    fn size(&self) -> (u16, u16) {
        let (columns, rows) = (self.size)().unwrap_or(DEFAULT_SIZE);
        (columns.max(NARROWEST), rows.max(2))
    }

    fn write(&self, bytes: &[u8]) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    fn move_by(&self, steps: usize, direction: char) -> io::Result<()> {
        if steps > 0 { self.write_str(&format!("\x1b[{steps}{direction}")) } else { Ok(()) }
    }
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canvas")
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        self.size().0
    }

    fn height(&self) -> u16 {
        self.size().1
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).extend(text.as_bytes());
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.lock().unwrap_or_else(PoisonError::into_inner));
        // The library fills the last line with spaces. Without them, an echoed `^C` stays on the line.
        let frame = frame.trim_ascii_end();
        if !frame.is_empty() {
            self.write(frame);
        }
        Ok(())
    }
}
