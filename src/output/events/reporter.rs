//! Tells a run's events: as bars, as lines, or as JSON, whichever the style says.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::event_lines::{self, EventLine, LineContext};
use super::json;
use super::repeated_warnings::WarningCounts;
use crate::model::event::RemarkLevel;
use crate::model::{Clock, Event, Instant, Observer};
use crate::output::printer::Printer;
use crate::output::progress::draw_target::{DrawTarget, Drawing};
use crate::output::progress::run_view::RunView;
use crate::output::style::TextTone;

/// How often bars are drawn.
const FRAME: Duration = Duration::from_millis(100);
/// With more inputs than this, steps of single ones are not worth a line each.
const MANY: usize = 100;
/// With many inputs, how often the run as a whole is told.
const OVERALL: Duration = Duration::from_secs(30);

/// Takes the events of one run and tells them through a printer.
///
/// Results go to standard output: a path (or, for a job that is left alone, its id) a line, or
/// JSON. Bars are drawn from a thread of their own, so that an event only notes what changed; it
/// ends with [`Event::Finished`] or with the reporter.
pub struct Reporter {
    shared: Arc<ReporterState>,
    thread: Option<JoinHandle<()>>,
}

struct ReporterState {
    printer: Printer,
    clock: Arc<dyn Clock>,
    state: Mutex<ReporterProgress>,
    /// None when there are no bars, or no bars any more. Locked before the state, and while a
    /// frame is made and shown: an older frame must not replace a newer one.
    drawing: Mutex<Option<Drawing>>,
    ended: Condvar,
}

struct ReporterProgress {
    board: RunView,
    told_overall: Instant,
    repeats: WarningCounts,
}

impl Reporter {
    /// A reporter for a run that starts now.
    #[must_use]
    pub fn new(printer: Printer, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let drawing = printer.screen().map(DrawTarget::drawing);
        let draws = drawing.is_some();
        let shared = Arc::new(ReporterState {
            printer,
            clock,
            state: Mutex::new(ReporterProgress {
                board: RunView::new(now),
                told_overall: now,
                repeats: WarningCounts::default(),
            }),
            drawing: Mutex::new(drawing),
            ended: Condvar::new(),
        });
        let thread = draws.then(|| Arc::clone(&shared)).and_then(|shared| {
            // Without a thread, bars move only when a line is printed; no reason to stop a run.
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
            // It can only have ended by a panic, which has told of itself.
            let _ = thread.join();
        }
    }
}

impl ReporterState {
    fn observe(&self, event: &Event) {
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
        let steps = !style.bars && state.board.todo() <= MANY;
        let is_end = matches!(event, Event::Finished(_));
        let is_repeated = state.repeats.is_repeated(event);
        let summed_up = if is_end { state.repeats.summed_up() } else { Vec::new() };
        drop(state);
        let around = LineContext { paint: self.printer.paint(), steps, entered, job: job.as_ref() };
        let told = event_lines::told(event, &around).filter(|_| !is_repeated);
        if is_end {
            self.end_drawing();
        }
        for text in summed_up {
            let label = around.paint.tone(TextTone::Warn, "warning:");
            self.tell(EventLine::Trouble(format!("{label} {text}")));
        }
        if let Some(told) = told {
            // What has just ended must not be seen below the line that says so.
            self.draw();
            self.tell(told);
        }
        if let Some(overall) = overall {
            self.tell(EventLine::Step(overall));
        }
    }

    fn tell(&self, told: EventLine<'_>) {
        let printer = &self.printer;
        let style = printer.style();
        let calm = style.quiet || style.json;
        match told {
            EventLine::Step(_) | EventLine::Remark(RemarkLevel::Info, _) if calm => {}
            EventLine::Step(text) | EventLine::Trouble(text) => printer.stderr_line(&text),
            EventLine::Remark(RemarkLevel::Warning, text) => printer.warn(text),
            EventLine::Remark(RemarkLevel::Info, text) => printer.note(text),
            // In JSON the record has told it all.
            EventLine::Landed(..) | EventLine::Left(..) if style.json => {}
            EventLine::Landed(text, path) => printer.landed(&text, path),
            EventLine::Left(text, job) => {
                if !calm {
                    printer.stderr_line(&text);
                }
                printer.data(job);
            }
        }
    }

    /// Draws until the drawing has ended.
    fn paint(&self) {
        let mut drawing = self.drawing();
        while let Some(area) = &*drawing {
            self.draw_on(area);
            let waited = self.ended.wait_timeout(drawing, FRAME);
            drawing = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Draws the board as it is now, if there is anything to draw on.
    fn draw(&self) {
        if let Some(area) = &*self.drawing() {
            self.draw_on(area);
        }
    }

    fn draw_on(&self, area: &Drawing) {
        let Some(screen) = self.printer.screen() else { return };
        let (now, size) = (self.clock.now(), screen.size());
        // Writing may wait for the terminal, so the state is free again by then.
        let lines = self.state().board.lines(now, size, self.printer.paint());
        area.show(&lines);
    }

    fn end_drawing(&self) {
        if let Some(area) = self.drawing().take() {
            area.clear();
        }
        self.ended.notify_all();
    }

    fn drawing(&self) -> MutexGuard<'_, Option<Drawing>> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, ReporterProgress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReporterProgress {
    /// The run in a line, now and then, when there are too many inputs to follow each.
    fn overall_when_due(&mut self, now: Instant) -> Option<String> {
        let due = self.board.todo() > MANY && now.since(self.told_overall) >= OVERALL;
        due.then(|| {
            self.told_overall = now;
            self.board.overall(now, usize::MAX)
        })
    }
}
