//! The area at the bottom of the terminal in which bars are drawn.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::output::streams::{OutputStream, SizeSource};
use crate::output::style::NARROWEST;

/// Used if the terminal size is unknown.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// Draws below all printed lines.
#[derive(Debug)]
pub(crate) struct DrawTarget {
    area: MultiProgress,
    size: Arc<Size>,
}

struct Size(SizeSource);

impl Size {
    fn read(&self) -> (u16, u16) {
        let (columns, rows) = (self.0)().unwrap_or(DEFAULT_SIZE);
        (columns.max(NARROWEST), rows.max(2))
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Size")
    }
}

impl DrawTarget {
    pub(crate) fn new(out: Arc<Mutex<OutputStream>>, size: SizeSource) -> Self {
        let size = Arc::new(Size(size));
        let canvas = Canvas { out, frame: Mutex::default(), size: Arc::clone(&size) };
        let target = ProgressDrawTarget::term_like(Box::new(canvas));
        Self { area: MultiProgress::with_draw_target(target), size }
    }

    /// Columns and rows of the terminal.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (columns, rows) = self.size.read();
        (columns.into(), rows.into())
    }

    /// Removes the drawing, does `work`, and draws again.
    pub(crate) fn suspend<R>(&self, work: impl FnOnce() -> R) -> R {
        self.area.suspend(work)
    }

    /// A new drawing below the existing ones. All bars of a run are one drawing, because
    /// `MultiProgress` repaints every member when one of them changes.
    pub(crate) fn drawing(&self) -> Drawing {
        let bar = ProgressBar::hidden();
        let style = ProgressStyle::with_template("{msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Drawing(self.area.add(bar))
    }
}

/// Lines on the screen that change.
#[derive(Debug)]
pub(crate) struct Drawing(ProgressBar);

impl Drawing {
    /// Shows `lines`, which must fit the width.
    pub(crate) fn show(&self, lines: &[String]) {
        self.0.set_message(lines.join("\n"));
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Writes each frame at once, so that it is never seen half drawn. Errors are ignored, because the
/// library would panic.
struct Canvas {
    out: Arc<Mutex<OutputStream>>,
    frame: Mutex<Vec<u8>>,
    size: Arc<Size>,
}

impl Canvas {
    fn put(&self, text: &str) {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).extend(text.as_bytes());
    }

    fn move_by(&self, steps: usize, direction: char) {
        if steps > 0 {
            self.put(&format!("\x1b[{steps}{direction}"));
        }
    }
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canvas")
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        self.size.read().0
    }

    fn height(&self) -> u16 {
        self.size.read().1
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(text);
        self.put("\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.lock().unwrap_or_else(PoisonError::into_inner));
        if !frame.is_empty() {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_all(&frame).and_then(|()| out.flush());
        }
        Ok(())
    }
}
