//! The bars of a run: one row for each active input, the number of the others, and a line about all.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::run_view::ScreenFrame;
use super::screen::Screen;
use crate::output::formats::amounts;

/// Steps of a whole bar.
const STEPS: u64 = 1_000;
/// Keys of the lines below the rows, which are keyed by the number of their input.
const MORE: i64 = i64::MAX - 1;
const OVERALL: i64 = i64::MAX;

/// What one bar shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Line {
    key: i64,
    template: String,
    prefix: String,
    message: String,
    /// From 0 to 1, if known.
    share: Option<f64>,
    position: u64,
}

impl Line {
    fn new(key: i64, template: impl Into<String>) -> Self {
        Self { key, template: template.into(), ..Self::default() }
    }

    fn style(&self) -> ProgressStyle {
        // Rounded down, so that only a whole bar is `100%`.
        let percent = self.share.map(amounts::percent).unwrap_or_default();
        ProgressStyle::with_template(&self.template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━─")
            .with_key("share", move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&percent);
            })
    }

    fn set(&self, bar: &ProgressBar) {
        bar.set_style(self.style());
        // Setters that start with `set` would draw.
        drop(
            bar.clone()
                .with_prefix(self.prefix.clone())
                .with_message(self.message.clone())
                .with_position(self.position),
        );
    }
}

/// The lines of `frame`, in the order of their keys.
fn lines(frame: &ScreenFrame) -> Vec<Line> {
    let mut lines: Vec<Line> = frame
        .rows
        .iter()
        .map(|row| Line {
            prefix: row.name.clone(),
            message: row.tail.clone(),
            share: row.share,
            position: amounts::whole(row.share.unwrap_or_default() * STEPS as f64),
            ..Line::new(row.id, frame.layout.template(row))
        })
        .collect();
    if frame.more > 0 {
        lines.push(Line { position: frame.more as u64, ..Line::new(MORE, "+{pos} more") });
    }
    if let Some(overall) = &frame.overall {
        lines.push(Line { message: overall.clone(), ..Line::new(OVERALL, "{msg:.bold}") });
    }
    lines
}

pub(crate) struct Bars {
    screen: Screen,
    /// In the order of the screen, which is that of the keys.
    shown: Vec<(Line, ProgressBar)>,
}

impl Bars {
    pub(crate) fn new(screen: Screen) -> Self {
        Self { screen, shown: Vec::new() }
    }

    /// Columns and rows of the terminal.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.screen.size()
    }

    /// Shows `frame` at once.
    pub(crate) fn show(&mut self, frame: &ScreenFrame) {
        let lines = lines(frame);
        let area = &self.screen.area;
        let mut changed = false;
        self.shown.retain(|(shown, bar)| {
            let stays = lines.iter().any(|line| line.key == shown.key);
            if !stays {
                area.remove(bar);
                changed = true;
            }
            stays
        });
        for (at, line) in lines.into_iter().enumerate() {
            match self.shown.get_mut(at) {
                Some((shown, _)) if *shown == line => continue,
                Some((shown, bar)) if shown.key == line.key => {
                    line.set(bar);
                    *shown = line;
                }
                _ => {
                    let bar =
                        ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
                    let bar = area.insert(at, bar);
                    line.set(&bar);
                    self.shown.insert(at, (line, bar));
                }
            }
            self.shown[at].1.tick();
            changed = true;
        }
        match self.shown.last() {
            Some((_, bar)) if changed => bar.force_draw(),
            None if changed => drop(area.clear()),
            _ => {}
        }
        // Repeated, because some terminals forget a report after a few seconds.
        if changed {
            self.screen.report(frame.percent);
        }
    }

    /// Removes everything from the screen.
    pub(crate) fn clear(self) {
        for (_, bar) in &self.shown {
            self.screen.area.remove(bar);
        }
        self.screen.clear();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::output::streams::Streams;
    use crate::output::style::Style;

    /// The lines of `frame` as they are drawn on a terminal.
    pub(crate) fn drawn(frame: &ScreenFrame, columns: u16) -> Vec<String> {
        let line = |line: &Line| {
            let (streams, _, stderr) = Streams::captured();
            let out = Arc::new(Mutex::new(streams.stderr));
            let size = Box::new(move || Some((columns, 24)));
            let screen = Screen::new(out, size, &Style::default());
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
            let bar = screen.area.add(bar);
            line.set(&bar);
            bar.force_draw();
            stderr.text().trim_end().to_owned()
        };
        lines(frame).iter().map(line).collect()
    }
}
