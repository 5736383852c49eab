//! The state of a run and the lines that show it. Pure: `now` and the terminal size are parameters.
//! Holds only inputs in progress, however many there are.

use std::collections::BTreeMap;
use std::time::Duration;

use super::input_line::{InputProgress, LineLayout};
use super::text_width;
use crate::model::{Credits, Event, InputEvent, InputRef, Instant, JobId, Stage};
use crate::output::events::messages;
use crate::output::formats::amounts::{self, count};
use crate::output::style::{Painter, TextTone};

/// Maximum number of bars.
const MOST_BARS: usize = 8;

#[derive(Debug)]
pub(crate) struct RunView {
    started: Instant,
    /// Keyed by number in the ledger, so that lines keep their order.
    clips: BTreeMap<i64, InputProgress>,
    todo: usize,
    done: usize,
    skipped: usize,
    failed: usize,
    /// Paused, or not waited for.
    left: usize,
    credits: Credits,
    /// Minimum and maximum duration of similar jobs.
    usual: Option<(Duration, Duration)>,
    has_outage: bool,
    /// Widest name so far; columns never shrink.
    widest: usize,
}

impl RunView {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            started: now,
            clips: BTreeMap::new(),
            todo: 0,
            done: 0,
            skipped: 0,
            failed: 0,
            left: 0,
            credits: Credits(0.0),
            usual: None,
            has_outage: false,
            widest: 0,
        }
    }

    /// Applies an event. Returns the stage that its input has just entered, if any.
    pub(crate) fn observe(&mut self, event: &Event, now: Instant) -> Option<Stage> {
        match event {
            Event::Planned { todo, .. } => {
                self.todo = *todo;
                None
            }
            Event::Input { input, what } => self.input(input, what, now),
            Event::Outage { .. } => {
                self.has_outage = true;
                None
            }
            Event::Answers(_) => {
                self.has_outage = false;
                None
            }
            Event::Notice { .. } | Event::Stopped(_) | Event::Finished(_) => None,
        }
    }

    /// Planned inputs.
    pub(crate) fn todo(&self) -> usize {
        self.todo
    }

    /// The job of an input in progress.
    pub(crate) fn job(&self, input: i64) -> Option<&JobId> {
        self.clips.get(&input)?.job.as_ref()
    }

    fn input(&mut self, input: &InputRef, what: &InputEvent, now: Instant) -> Option<Stage> {
        let ended = match what {
            InputEvent::Done(output) => {
                self.credits = self.credits + output.credits.unwrap_or_default();
                &mut self.done
            }
            InputEvent::Skipped(_) => &mut self.skipped,
            InputEvent::Failed(_) => &mut self.failed,
            InputEvent::Left { .. } | InputEvent::Paused(_) => &mut self.left,
            InputEvent::Rejected(_) | InputEvent::Known => {
                self.clips.remove(&input.id);
                return None;
            }
            _ => {
                if let InputEvent::Expected { least, most } = what {
                    self.usual = Some((*least, *most));
                }
                let clip = self
                    .clips
                    .entry(input.id)
                    .or_insert_with(|| InputProgress::new(&input.name, now));
                return clip.observe(what, now);
            }
        };
        *ended += 1;
        self.clips.remove(&input.id);
        None
    }

    /// The lines, which fit a terminal of this size.
    pub(crate) fn lines(
        &mut self,
        now: Instant,
        (columns, rows): (usize, usize),
        paint: Painter,
    ) -> Vec<String> {
        let several = self.todo > 1 || self.clips.len() > 1;
        // One row is left for printed lines, and one for the cursor.
        let most = MOST_BARS.min(rows.saturating_sub(2 + usize::from(several)));
        let mut shown: Vec<(&i64, &InputProgress)> = self.clips.iter().collect();
        shown.sort_by_key(|(id, clip)| (clip.rank(), **id));
        shown.truncate(most);
        shown.sort_by_key(|(id, _)| **id);
        let widest = shown.iter().map(|(_, clip)| text_width::width(&clip.name)).max().unwrap_or(0);
        self.widest = self.widest.max(widest);
        let layout = LineLayout::new(columns, self.widest);
        let mut lines: Vec<_> =
            shown.iter().map(|(_, clip)| clip.line(&layout, now, paint)).collect();
        if several {
            lines.push(paint.tone(TextTone::Strong, &self.overall(now, columns)));
        }
        lines
    }

    /// Remaining time of `open` inputs, if as many run at a time as now.
    fn left_of(&self, open: usize) -> Option<String> {
        let (least, most) = self.usual?;
        let at_once = self.clips.values().filter(|clip| clip.is_at_service()).count();
        let rounds = open as f64 / at_once.max(1) as f64;
        let (least, most) = (least.mul_f64((rounds - 1.0).max(0.0)), most.mul_f64(rounds.ceil()));
        amounts::left_between(least, most).filter(|_| at_once > 0)
    }

    /// The whole run in one line of at most `columns`.
    pub(crate) fn overall(&self, now: Instant, columns: usize) -> String {
        let gone = self.done + self.failed + self.left;
        let all = self.todo.max(gone + self.clips.len());
        let mut parts = vec![format!("{} of {} done", count(self.done as u64), count(all as u64))];
        let mut add = |number: usize, what: &str| {
            if number > 0 {
                parts.push(format!("{} {what}", count(number as u64)));
            }
        };
        add(self.failed, "failed");
        add(self.left, "not finished");
        add(self.skipped, "already done");
        for activity in ["uploading", "processing", "downloading", "queued"] {
            let clips = self.clips.values().filter(|clip| activity_of(clip.phase) == activity);
            add(clips.count(), activity);
        }
        parts.push(amounts::elapsed(now.since(self.started)));
        if self.has_outage {
            parts.push("service not responding".to_owned());
        } else {
            parts.extend(self.left_of(all - gone));
        }
        if self.credits.0 > 0.0 {
            parts.push(messages::estimated(self.credits));
        }
        text_width::clipped(&parts.join(", "), columns)
    }
}

/// What an input in progress counts as in the line of the whole run.
fn activity_of(phase: Option<Stage>) -> &'static str {
    match phase {
        Some(Stage::Hash | Stage::Upload | Stage::Create) => "uploading",
        Some(Stage::Processing) => "processing",
        Some(Stage::Download | Stage::Verify) => "downloading",
        Some(Stage::Queue | Stage::Waiting) | None => "queued",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::PublishedOutput;
    use crate::model::{Failure, FailureKind, JobStatus};

    fn input(id: i64, what: InputEvent) -> Event {
        Event::Input { input: InputRef { id, name: format!("clip-{id}.mp4") }, what }
    }

    fn planned(todo: usize) -> Event {
        Event::Planned { batch: 1, todo, done: 0, rejected: 0, estimate: None, unpriced: 0 }
    }

    fn done(credits: f64) -> InputEvent {
        InputEvent::Done(PublishedOutput {
            path: None,
            size: 1,
            sha256: String::new(),
            job: None,
            credits: Some(Credits(credits)),
            elapsed: None,
            notes: Vec::new(),
        })
    }

    fn board(events: &[Event]) -> RunView {
        let mut board = RunView::new(Instant(0));
        for event in events {
            board.observe(event, Instant(0));
        }
        board
    }

    fn lines(board: &mut RunView, size: (usize, usize)) -> Vec<String> {
        board.lines(Instant(65_000), size, Painter(false))
    }

    #[test]
    fn one_input_has_one_line_and_several_have_an_overall_one() {
        let mut one = board(&[planned(1), input(1, InputEvent::Phase(Stage::Create))]);
        assert_eq!(lines(&mut one, (80, 24)).len(), 1);
        let mut several = board(&[
            planned(4),
            input(1, InputEvent::Phase(Stage::Waiting)),
            input(2, InputEvent::Phase(Stage::Upload)),
            input(3, InputEvent::Phase(Stage::Upload)),
            input(3, done(2.0)),
            input(4, InputEvent::Failed(Failure::new(FailureKind::JobFailed, "a", "b"))),
        ]);
        insta::assert_snapshot!(lines(&mut several, (80, 24)).join("\n"), @"
        clip-1.mp4  waiting                                      1 min 5 s
        clip-2.mp4  uploading                                    1 min 5 s
        1 of 4 done, 1 failed, 1 uploading, 1 queued, 1 min 5 s, about 2.00 credits
        ");
    }

    #[test]
    fn the_clips_that_move_are_shown_when_there_are_many() {
        let mut events = vec![planned(500)];
        events.extend((1..=400).map(|id| input(id, InputEvent::Phase(Stage::Queue))));
        let processing = InputEvent::Progress { status: JobStatus::Processing, percent: None };
        events.extend([300, 200].map(|id| input(id, processing.clone())));
        let mut many = board(&events);
        let shown = lines(&mut many, (80, 24));
        assert_eq!(shown.len(), MOST_BARS + 1);
        let named: Vec<_> = shown.iter().filter_map(|line| line.split_once(' ')).collect();
        assert_eq!(named[0].0, "clip-1.mp4");
        assert_eq!((named[6].0, named[7].0), ("clip-200.mp4", "clip-300.mp4"));
        assert_eq!(shown[8], "0 of 500 done, 2 processing, 398 queued, 1 min 5 s");
        assert_eq!(lines(&mut many, (80, 6)).len(), 4, "a low terminal has fewer");
    }

    #[test]
    fn the_remaining_time_of_all_is_a_range_of_rounds() {
        let seconds = Duration::from_secs;
        let mut events = vec![planned(12)];
        for id in 1..=2 {
            events.push(input(id, InputEvent::Phase(Stage::Waiting)));
            let (least, most) = (seconds(10), seconds(20));
            events.push(input(id, InputEvent::Expected { least, most }));
        }
        let overall = board(&events).overall(Instant(0), 80);
        assert_eq!(overall, "0 of 12 done, 2 queued, 0 s, 50-120 s left");
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut gone = board(&[
            planned(2),
            input(1, InputEvent::Job(JobId("j".into()))),
            input(1, done(1.0)),
            input(2, InputEvent::Rejected(Failure::new(FailureKind::Usage, "a", "b"))),
        ]);
        assert_eq!(gone.job(1), None);
        assert_eq!(lines(&mut gone, (80, 24)), ["1 of 2 done, 1 min 5 s, about 1.00 credits"]);
    }
}
