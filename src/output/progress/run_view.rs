//! The state of a run and what is shown of it. Pure: `now` and the terminal size are parameters.
//! Holds only inputs in progress, however many there are.

use std::collections::BTreeMap;
use std::time::Duration;

use super::input_progress::{InputProgress, LineLayout, ProgressRow};
use crate::model::{Credits, Event, InputEvent, InputRef, Instant, JobId, Stage};
use crate::output::events::messages;
use crate::output::formats::amounts::{self, count};
use crate::output::text_width;

/// Maximum number of rows.
const MOST_ROWS: usize = 8;

/// What the screen shows of a run at one time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScreenFrame {
    pub(crate) layout: LineLayout,
    /// In the order of their inputs.
    pub(crate) rows: Vec<ProgressRow>,
    /// Active inputs without a row.
    pub(crate) more: usize,
    /// The line about all inputs, if there are several.
    pub(crate) overall: Option<String>,
    /// Progress of the run in percent; `None` if unknown.
    pub(crate) percent: Option<u64>,
}

#[derive(Debug, Default)]
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
    /// Widest name so far, so that columns do not jump.
    widest: usize,
}

impl RunView {
    pub(crate) fn new(now: Instant) -> Self {
        Self { started: now, ..Self::default() }
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

    /// What to show on a terminal of this size.
    pub(crate) fn frame(&mut self, now: Instant, (columns, lines): (usize, usize)) -> ScreenFrame {
        let several = self.todo > 1 || self.clips.len() > 1;
        // What is only queued is counted in the line about all.
        let has_row = |clip: &InputProgress| !several || clip.is_active();
        let clips = self.clips.iter().map(|(id, clip)| (*id, clip));
        let mut shown: Vec<_> = clips.filter(|(_, clip)| has_row(clip)).collect();
        // One line is left for printed text, one for the cursor, and two for the rest of the frame.
        let most = MOST_ROWS.min(lines.saturating_sub(if several { 4 } else { 2 }).max(1));
        let more = shown.len().saturating_sub(most);
        shown.sort_by_key(|(id, clip)| (clip.rank(), *id));
        shown.truncate(most);
        shown.sort_by_key(|(id, _)| *id);
        let widest = shown.iter().map(|(_, clip)| text_width::width(&clip.name)).max().unwrap_or(0);
        self.widest = self.widest.max(widest);
        let layout = LineLayout::new(columns, self.widest);
        let percent = match shown.as_slice() {
            [(_, clip)] if !several => clip.share(),
            _ => Some(self.ended() as f64 / self.all().max(1) as f64),
        };
        ScreenFrame {
            rows: shown.iter().map(|(id, clip)| clip.row(*id, &layout, now)).collect(),
            more,
            // An echoed `^C` must not break the last line.
            overall: several.then(|| self.overall(now, columns.saturating_sub(2))),
            percent: percent.map(|share| amounts::whole(share * 100.0)),
            layout,
        }
    }

    /// Inputs that this run does not continue.
    fn ended(&self) -> usize {
        self.done + self.failed + self.left
    }

    fn all(&self) -> usize {
        self.todo.max(self.ended() + self.clips.len())
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
        let number = |number: usize, what: &str| {
            (number > 0).then(|| format!("{} {what}", count(number as u64)))
        };
        let active = |activity| {
            self.clips.values().filter(|clip| activity_of(clip.phase) == Some(activity)).count()
        };
        let [uploading, processing, downloading] =
            ["uploading", "processing", "downloading"].map(active);
        // Including those that have not been taken from the ledger yet.
        let queued = self.all() - self.ended() - uploading - processing - downloading;
        let done = format!("{} of {} done", count(self.done as u64), count(self.all() as u64));
        let left = if self.has_outage {
            Some("service not responding".to_owned())
        } else {
            self.left_of(self.all() - self.ended())
        };
        let credits = Some(self.credits).filter(|credits| credits.0 > 0.0).map(messages::estimated);
        let parts = [
            (0, Some(done)),
            (0, number(self.failed, "failed")),
            (1, number(self.left, "not finished")),
            (6, number(self.skipped, "already done")),
            (5, number(uploading, "uploading")),
            (1, number(processing, "processing")),
            (5, number(downloading, "downloading")),
            (4, number(queued, "queued")),
            (7, Some(amounts::elapsed(now.since(self.started)))),
            (2, left),
            (3, credits),
        ];
        let parts = parts.into_iter().filter_map(|(want, text)| Some((want, text?))).collect();
        text_width::joined(parts, ", ", columns)
    }
}

/// What an input in progress counts as in the line about all; `None` if it is queued, here or at the
/// service.
fn activity_of(phase: Option<Stage>) -> Option<&'static str> {
    match phase? {
        Stage::Hash | Stage::Upload | Stage::Create => Some("uploading"),
        Stage::Processing => Some("processing"),
        Stage::Download | Stage::Verify => Some("downloading"),
        Stage::Queue | Stage::Waiting => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::PublishedOutput;
    use crate::model::{Failure, FailureKind, JobStatus};
    use crate::output::progress::bars::tests::drawn;

    fn input(id: i64, what: InputEvent) -> Event {
        Event::Input { input: InputRef { id, name: format!("clip-{id}.mp4") }, what }
    }

    fn planned(todo: usize) -> Event {
        Event::Planned {
            batch: 1,
            todo,
            done: 0,
            failed: 0,
            rejected: 0,
            estimate: None,
            unpriced: 0,
        }
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

    fn lines(board: &mut RunView, size: (u16, u16)) -> Vec<String> {
        let frame = board.frame(Instant(65_000), (size.0.into(), size.1.into()));
        drawn(&frame, size.0)
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
    fn active_clips_have_rows_and_the_rest_is_counted() {
        let mut events = vec![planned(500)];
        events.extend((1..=400).map(|id| input(id, InputEvent::Phase(Stage::Queue))));
        let processing = InputEvent::Progress { status: JobStatus::Processing, percent: None };
        events.extend([300, 200].map(|id| input(id, processing.clone())));
        let mut many = board(&events);
        let shown = lines(&mut many, (80, 24));
        assert_eq!(shown.len(), 3);
        assert!(shown[0].starts_with("clip-200.mp4") && shown[1].starts_with("clip-300.mp4"));
        assert_eq!(shown[2], "0 of 500 done, 2 processing, 498 queued, 1 min 5 s");
        for id in 1..=20 {
            many.observe(&input(id, InputEvent::Phase(Stage::Waiting)), Instant(0));
        }
        let shown = lines(&mut many, (80, 24));
        assert_eq!((shown.len(), shown[8].as_str()), (10, "+14 more"));
        assert!(shown[6].starts_with("clip-200.mp4"), "what moves comes first: {shown:?}");
        assert_eq!(lines(&mut many, (80, 8)).len(), 6, "a low terminal has fewer");
        let queued: Vec<_> = [planned(2)]
            .into_iter()
            .chain((1..=2).map(|id| input(id, InputEvent::Phase(Stage::Queue))))
            .collect();
        assert_eq!(lines(&mut board(&queued), (80, 24)), ["0 of 2 done, 2 queued, 1 min 5 s"]);
    }

    #[test]
    fn the_line_about_all_drops_its_least_important_parts() {
        let processing = InputEvent::Progress { status: JobStatus::Processing, percent: None };
        let (least, most) = (Duration::from_mins(1), Duration::from_secs(90));
        let mut events = vec![planned(12), input(1, done(1.0)), input(2, processing.clone())];
        events.push(input(2, InputEvent::Expected { least, most }));
        events.push(input(3, InputEvent::Failed(Failure::new(FailureKind::JobFailed, "a", "b"))));
        events.extend((4..=6).map(|id| input(id, InputEvent::Phase(Stage::Queue))));
        events.push(input(7, InputEvent::Phase(Stage::Upload)));
        let board = board(&events);
        let shown = [200, 80, 60, 40, 20].map(|columns| board.overall(Instant(65_000), columns));
        insta::assert_snapshot!(shown.join("\n"), @"
        1 of 12 done, 1 failed, 1 uploading, 1 processing, 8 queued, 1 min 5 s, 9-15 min left, about 1.00 credits
        1 of 12 done, 1 failed, 1 processing, 9-15 min left, about 1.00 credits
        1 of 12 done, 1 failed, 1 processing, 9-15 min left
        1 of 12 done, 1 failed, 1 processing
        1 of 12 done, 1 fai…
        ");
    }

    #[test]
    fn progress_of_the_run_is_a_percentage_if_it_can_be_said() {
        let percent = |events: &[Event]| board(events).frame(Instant(0), (80, 24)).percent;
        let waiting = input(1, InputEvent::Phase(Stage::Waiting));
        assert_eq!(percent(&[planned(1), waiting.clone()]), None);
        assert_eq!(percent(&[planned(4), waiting, input(2, done(1.0))]), Some(25));
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
        assert_eq!(overall, "0 of 12 done, 12 queued, 0 s, 50-120 s left");
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut gone = board(&[
            planned(2),
            input(1, InputEvent::Job(JobId("j".into()))),
            input(1, done(1.0)),
            input(2, InputEvent::Rejected(Failure::usage("a", "b"))),
        ]);
        assert_eq!(gone.job(1), None);
        assert_eq!(
            lines(&mut gone, (80, 24)),
            ["1 of 2 done, 1 queued, 1 min 5 s, about 1.00 credits"]
        );
    }
}
