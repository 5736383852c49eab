//! Shows the events of a run as bars, lines or JSON, depending on the style.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::event_lines::{self, EventLine, LineContext};
use super::json;
use super::repeated_warnings::WarningCounts;
use crate::model::event::{RemarkLevel, RunSummary};
use crate::model::{Clock, Event, Instant, Observer};
use crate::output::printer::Printer;
use crate::output::progress::bars::Bars;
use crate::output::progress::run_view::RunView;
use crate::output::style::TextTone;

/// Interval between two frames of the bars.
const FRAME: Duration = Duration::from_millis(100);
/// Without bars and with more inputs than this, there are lines about the whole run.
const MANY: usize = 100;
/// Interval between two of them.
const OVERALL: Duration = Duration::from_secs(30);

/// Prints the events of one run.
///
/// Results go to standard output: one path (or job ID, if a job is not waited for) per line, or JSON.
/// Bars are drawn by a thread, which ends with [`Event::Finished`] or with the reporter.
pub struct Reporter {
    shared: Arc<ReporterState>,
    thread: Option<JoinHandle<()>>,
}

struct ReporterState {
    printer: Printer,
    clock: Arc<dyn Clock>,
    /// The service and the ledger end with the command.
    ephemeral: bool,
    state: Mutex<ReporterProgress>,
    /// `None` without bars. Locked before the state, and while a frame is built and shown, so that an
    /// older frame never replaces a newer one.
    bars: Mutex<Option<Bars>>,
    ended: Condvar,
}

struct ReporterProgress {
    board: RunView,
    told_overall: Instant,
    repeats: WarningCounts,
}

impl Reporter {
    #[must_use]
    pub fn new(printer: Printer, clock: Arc<dyn Clock>, ephemeral: bool) -> Self {
        let now = clock.now();
        let bars = printer.screen().cloned().map(Bars::new);
        let draws = bars.is_some();
        let shared = Arc::new(ReporterState {
            printer,
            clock,
            ephemeral,
            state: Mutex::new(ReporterProgress {
                board: RunView::new(now),
                told_overall: now,
                repeats: WarningCounts::default(),
            }),
            bars: Mutex::new(bars),
            ended: Condvar::new(),
        });
        let thread = draws.then(|| Arc::clone(&shared)).and_then(|shared| {
            // Without a thread, bars only move when a line is printed.
            std::thread::Builder::new().name("bars".into()).spawn(move || shared.paint()).ok()
        });
        Self { shared, thread }
    }
}

impl Observer for Reporter {
    fn observe(&self, event: &Event) {
        self.shared.observe(event);
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.shared.end_drawing();
        if let Some(thread) = self.thread.take() {
            // The panic of a thread has already been reported.
            let _ = thread.join();
        }
    }
}

impl ReporterState {
    fn observe(&self, event: &Event) {
        let summary = match event {
            Event::Finished(summary) if self.ephemeral => {
                Some(Event::Finished(RunSummary { ephemeral: true, ..*summary }))
            }
            _ => None,
        };
        let event = summary.as_ref().unwrap_or(event);
        let style = self.printer.style();
        if style.json
            && let Some(record) = json::event(event, style.verbose > 0)
        {
            self.printer.json(&record);
        }
        let now = self.clock.now();
        let mut state = self.state();
        let entered = state.board.observe(event, now);
        let job = match event {
            Event::Input { input, .. } => state.board.job(input.id).cloned(),
            _ => None,
        };
        let overall = state.overall_when_due(now).filter(|_| !style.bars);
        let steps = style.verbose > 0;
        let is_end = matches!(event, Event::Finished(_));
        let is_repeated = state.repeats.is_repeated(event);
        let summed_up = if is_end { state.repeats.summed_up() } else { Vec::new() };
        drop(state);
        let context =
            LineContext { paint: self.printer.paint(), steps, entered, job: job.as_ref() };
        let line = event_lines::line_of(event, &context).filter(|_| !is_repeated);
        if is_end {
            self.end_drawing();
        }
        for text in summed_up {
            let label = context.paint.tone(TextTone::Warn, "warning:");
            self.print_line(EventLine::Trouble(format!("{label} {text}")));
        }
        if let Some(line) = line {
            // Remove the bar of a finished input before its line is printed.
            self.draw();
            self.print_line(line);
        }
        if let Some(overall) = overall {
            self.print_line(EventLine::Step(overall));
        }
    }

    fn print_line(&self, line: EventLine<'_>) {
        let printer = &self.printer;
        let style = printer.style();
        let calm = style.quiet || style.json;
        match line {
            EventLine::Step(_) | EventLine::Remark(RemarkLevel::Info, _) if calm => {}
            EventLine::Step(text) | EventLine::Trouble(text) => printer.message(&text),
            EventLine::Remark(RemarkLevel::Warning, text) => printer.warn(text),
            EventLine::Remark(RemarkLevel::Info, text) => printer.note(text),
            // The JSON record already contains this.
            EventLine::Landed(..) | EventLine::Left(..) if style.json => {}
            EventLine::Landed(text, path) => printer.landed(&text, path),
            EventLine::Left(text, job) => printer.left(&text, job),
        }
    }

    fn paint(&self) {
        let mut bars = self.bars();
        while let Some(shown) = &mut *bars {
            self.draw_on(shown);
            let waited = self.ended.wait_timeout(bars, FRAME);
            bars = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Draws the current state, if there are bars.
    fn draw(&self) {
        if let Some(bars) = &mut *self.bars() {
            self.draw_on(bars);
        }
    }

    fn draw_on(&self, bars: &mut Bars) {
        // Release the state before writing, which may block.
        let frame = self.state().board.frame(self.clock.now(), bars.size());
        bars.show(&frame);
    }

    fn end_drawing(&self) {
        if let Some(bars) = self.bars().take() {
            bars.clear();
        }
        self.ended.notify_all();
    }

    fn bars(&self) -> MutexGuard<'_, Option<Bars>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, ReporterProgress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReporterProgress {
    /// A line about the whole run, if there are many inputs and it is due.
    fn overall_when_due(&mut self, now: Instant) -> Option<String> {
        let due = self.board.todo() > MANY && now.since(self.told_overall) >= OVERALL;
        due.then(|| {
            self.told_overall = now;
            self.board.overall(now, usize::MAX)
        })
    }
}
