//! Checks and stages of a command, shown as they end, with a spinner beside the one that runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::formats::table::Table;
use super::printer::Printer;
use super::style::Painter;
use crate::model::text::escaped;

/// Interval between two frames of the spinner.
const FRAME: Duration = Duration::from_millis(125);

/// On a terminal, shows each stage as it ends; elsewhere, the command prints a table at the end.
pub struct Stages {
    printer: Printer,
    /// The names of the running stages, and their spinner.
    running: Mutex<(Vec<String>, Option<ProgressBar>)>,
}

impl Printer {
    #[must_use]
    pub fn stages(&self) -> Stages {
        Stages { printer: self.clone(), running: Mutex::default() }
    }
}

impl Stages {
    /// Whether stages are shown as they end.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let style = self.printer.style();
        self.printer.screen().is_some() && style.stdout_terminal
    }

    /// Shows that a stage runs.
    pub fn begin(&self, name: &str) {
        self.change(|names| names.push(escaped(name)));
    }

    /// Shows the result of a stage, a table of one row, or that it has none.
    pub fn end(&self, name: &str, row: Option<&Table>) {
        let name = escaped(name);
        self.change(|names| names.retain(|running| *running != name));
        if let Some(row) = row.filter(|_| self.is_live()) {
            let style = self.printer.style();
            let row = row.body(style.width, Painter(style.stdout_color));
            self.printer.stdout_line(row.as_bytes());
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<String>)) {
        let Some(screen) = self.printer.screen() else { return };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (names, spinner) = &mut *running;
        change(names);
        if names.is_empty() {
            if let Some(spinner) = spinner.take() {
                spinner.finish_and_clear();
                screen.area.remove(&spinner);
            }
            return;
        }
        let spinner = spinner.get_or_insert_with(|| {
            let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let style = ProgressStyle::with_template("{spinner:.cyan} {wide_msg}");
            spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            let spinner = screen.area.add(spinner);
            spinner.enable_steady_tick(FRAME);
            spinner
        });
        spinner.set_message(names.join(", "));
        spinner.force_draw();
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        self.change(Vec::clear);
    }
}
