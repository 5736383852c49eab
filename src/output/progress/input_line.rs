//! An input in progress and its line. Pure: `now` and the width are parameters.

use super::text_width;
use super::throughput::Throughput;
use crate::model::text::escaped;
use crate::model::{Failure, InputEvent, Instant, JobId, JobStatus, Stage};
use crate::output::events::messages;
use crate::output::formats::amounts;
use crate::output::style::{Painter, TextTone};

#[derive(Debug, Clone)]
pub(crate) struct InputProgress {
    /// Escaped.
    pub(crate) name: String,
    pub(crate) phase: Option<Stage>,
    pub(crate) job: Option<JobId>,
    /// Start of the stage.
    since: Instant,
    /// Bytes or percent of the stage.
    moved: Option<TransferProgress>,
    /// Reason and time of the next retry.
    retry: Option<(String, Instant)>,
    /// Earliest and latest expected end of the job, from similar jobs.
    expected: Option<(Instant, Instant)>,
}

#[derive(Debug, Clone)]
struct TransferProgress {
    meter: Throughput,
    total: Option<f64>,
    bytes: bool,
}

impl InputProgress {
    pub(crate) fn new(name: &str, now: Instant) -> Self {
        Self {
            name: escaped(name),
            phase: None,
            job: None,
            since: now,
            moved: None,
            retry: None,
            expected: None,
        }
    }

    /// Applies an event. Returns the stage if the input has just entered it.
    pub(crate) fn observe(&mut self, what: &InputEvent, now: Instant) -> Option<Stage> {
        match what {
            InputEvent::Phase(phase) => self.enter(*phase, now),
            InputEvent::Bytes { done, total } => {
                self.retry = None;
                self.moved(*done as f64, total.map(|total| total as f64), true, now);
                None
            }
            InputEvent::Job(job) => {
                self.job = Some(job.clone());
                None
            }
            InputEvent::Progress { status, percent } => {
                let entered = phase_of(status).and_then(|phase| self.enter(phase, now));
                let percent = percent.filter(|percent| percent.is_finite());
                if let (Some(percent), Some(Stage::Processing)) = (percent, self.phase) {
                    self.moved(percent.clamp(0.0, 100.0), Some(100.0), false, now);
                }
                entered
            }
            InputEvent::Retry { failure, wait } => {
                self.wait(failure, now.after(*wait));
                None
            }
            InputEvent::Expected { least, most } => {
                self.expected = Some((now.after(*least), now.after(*most)));
                None
            }
            InputEvent::Known
            | InputEvent::Done(_)
            | InputEvent::Skipped(_)
            | InputEvent::Left { .. }
            | InputEvent::Failed(_)
            | InputEvent::Rejected(_)
            | InputEvent::Paused(_) => None,
        }
    }

    fn enter(&mut self, phase: Stage, now: Instant) -> Option<Stage> {
        self.retry = None;
        if self.phase == Some(phase) {
            return None;
        }
        self.phase = Some(phase);
        self.since = now;
        self.moved = None;
        Some(phase)
    }

    fn moved(&mut self, amount: f64, total: Option<f64>, bytes: bool, now: Instant) {
        // A resumed transfer starts at the existing amount, which must not count as speed.
        let fresh = || TransferProgress { meter: Throughput::new(amount, now), total, bytes };
        let moved = self.moved.get_or_insert_with(fresh);
        moved.total = total.or(moved.total);
        moved.meter.record(amount, moved.total, now);
    }

    fn wait(&mut self, failure: &Failure, until: Instant) {
        self.retry = Some((messages::reason(failure), until));
    }

    /// Progress of the stage from 0 to 1, if known.
    fn fraction(&self) -> Option<f64> {
        let moved = self.moved.as_ref()?;
        let total = moved.total.filter(|total| *total > 0.0)?;
        Some((moved.meter.amount() / total).clamp(0.0, 1.0))
    }

    /// Priority for a line if there are too many inputs; smaller is higher.
    pub(crate) fn rank(&self) -> u8 {
        match self.phase {
            Some(Stage::Upload | Stage::Processing | Stage::Download | Stage::Verify) => 0,
            Some(Stage::Hash | Stage::Waiting) => 1,
            Some(Stage::Create) => 2,
            Some(Stage::Queue) | None => 3,
        }
    }

    /// The line of this input, never wider than the layout.
    pub(crate) fn line(&self, layout: &LineLayout, now: Instant, paint: Painter) -> String {
        let name = text_width::padded(&text_width::shortened(&self.name, layout.name), layout.name);
        let phase = text_width::padded(self.phase.map_or("", Stage::as_str), PHASE);
        if layout.narrow {
            let percent = self.fraction().map(amounts::percent).unwrap_or_default();
            let line = format!("{name} {percent:>4} {phase}");
            return text_width::clipped(line.trim_end(), layout.width);
        }
        let (filled, empty, percent) = match self.fraction() {
            Some(fraction) => {
                let filled = text_width::columns(fraction * layout.bar as f64);
                ("━".repeat(filled), "─".repeat(layout.bar - filled), amounts::percent(fraction))
            }
            None => (String::new(), " ".repeat(layout.bar), String::new()),
        };
        let bar =
            format!("{}{}", paint.tone(TextTone::Busy, &filled), paint.tone(TextTone::Dim, &empty));
        let tail = match self.retry_text(now) {
            Some(text) => paint.tone(TextTone::Warn, &text_width::clipped(&text, layout.tail)),
            None => self.tail(layout.tail, now),
        };
        format!("{name}  {phase}  {bar} {percent:>4}  {tail}").trim_end().to_owned()
    }

    fn retry_text(&self, now: Instant) -> Option<String> {
        let (reason, until) = self.retry.as_ref()?;
        let wait = until.since(now);
        Some(if wait.is_zero() {
            format!("{reason}, retrying")
        } else {
            format!("{reason}, retry in {} s", wait.as_millis().div_ceil(1_000))
        })
    }

    /// Expected remaining time at the service.
    fn left(&self, now: Instant) -> Option<String> {
        let (least, most) = self.expected?;
        let text = amounts::left_between(least.since(now), most.since(now));
        text.filter(|_| self.is_at_service())
    }

    /// Whether the service is working on the job, or about to.
    pub(crate) fn is_at_service(&self) -> bool {
        matches!(self.phase, Some(Stage::Waiting | Stage::Processing))
    }

    /// The figures after the bar; the least important are dropped if they do not fit.
    fn tail(&self, columns: usize, now: Instant) -> String {
        let mut parts: Vec<(u8, String)> = Vec::new();
        if let Some(job) = &self.job {
            let named = format!("job {}", escaped(&job.0));
            // Only if there is always room for it.
            if text_width::width(&named) + 2 + FIGURES <= columns {
                parts.push((3, named));
            }
        }
        let since = now.since(self.since);
        if let Some(left) = self.left(now) {
            parts.push((0, left));
        } else if let Some(moved) = &self.moved {
            parts.extend(moved.parts(now));
        } else if since.as_secs() > 0 {
            parts.push((0, amounts::elapsed(since)));
        }
        while width_of(&parts) > columns {
            let least = parts.iter().map(|(want, _)| *want).max();
            parts.retain(|(want, _)| Some(*want) != least);
        }
        let texts: Vec<_> = parts.into_iter().map(|(_, text)| text).collect();
        texts.join("  ")
    }
}

fn width_of(parts: &[(u8, String)]) -> usize {
    let texts: usize = parts.iter().map(|(_, text)| text_width::width(text)).sum();
    texts + 2 * parts.len().saturating_sub(1)
}

impl TransferProgress {
    /// The known figures; those with larger numbers are dropped first.
    fn parts(&self, now: Instant) -> Vec<(u8, String)> {
        let mut parts = Vec::new();
        if self.bytes {
            let done = amounts::bytes(amounts::whole(self.meter.amount()));
            parts.push(match self.total {
                Some(total) => (2, format!("{done} of {}", amounts::bytes(amounts::whole(total)))),
                None => (2, done),
            });
            if let Some(rate) = self.meter.rate(now) {
                parts.push((1, amounts::speed(rate)));
            }
        }
        if let Some(left) = self.total.and_then(|total| self.meter.remaining(total, now)) {
            parts.push((0, amounts::remaining(left)));
        }
        parts
    }
}

fn phase_of(status: &JobStatus) -> Option<Stage> {
    match status {
        JobStatus::Pending => Some(Stage::Waiting),
        JobStatus::Processing => Some(Stage::Processing),
        JobStatus::Created | JobStatus::Completed | JobStatus::Failed | JobStatus::Other(_) => None,
    }
}

/// Columns of the longest stage.
const PHASE: usize = 11;
/// Columns of `100%`.
const PERCENT: usize = 4;
/// Columns after the bar for speed and remaining time, or for a retry.
const TAIL: usize = 23;
/// Columns for the remaining time alone.
const SHORT_TAIL: usize = 11;
/// Columns of all figures after the bar together.
const FIGURES: usize = 47;
/// Length of a bar.
const BAR: std::ops::RangeInclusive<usize> = 6..=40;

/// The columns of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineLayout {
    width: usize,
    name: usize,
    bar: usize,
    tail: usize,
    narrow: bool,
}

impl LineLayout {
    /// For `width` columns, with `widest` columns for the widest name.
    pub(crate) fn new(width: usize, widest: usize) -> Self {
        let name = widest.min((width * 3 / 10).clamp(8, 48));
        let fixed = name + 2 + PHASE + 2 + 1 + PERCENT + 2;
        let Some(room) = width.checked_sub(fixed) else {
            let name = widest.min(width.saturating_sub(PERCENT + 2) / 2);
            return Self { width, name, bar: 0, tail: 0, narrow: true };
        };
        // The speed is dropped before the bar, and the bar before the remaining time.
        let bar = [TAIL, SHORT_TAIL]
            .into_iter()
            .find_map(|tail| room.checked_sub(tail).filter(|bar| BAR.start() <= bar))
            .map_or(0, |bar| bar.min(*BAR.end()));
        Self { width, name, bar, tail: room - bar, narrow: false }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::model::FailureKind;

    fn at(seconds: f64) -> Instant {
        Instant(amounts::whole(seconds * 1_000.0))
    }

    fn processing(percent: f64) -> InputEvent {
        InputEvent::Progress { status: JobStatus::Processing, percent: Some(percent) }
    }

    fn uploading() -> InputProgress {
        let mut clip = InputProgress::new("holiday in norway, the fjords from above.mp4", at(0.0));
        clip.observe(&InputEvent::Phase(Stage::Upload), at(0.0));
        for tick in 0..=20_u64 {
            let done = tick * 1_000_000;
            let event = InputEvent::Bytes { done, total: Some(45_000_000) };
            clip.observe(&event, at(tick as f64 / 2.0));
        }
        clip
    }

    fn shown(clip: &InputProgress, width: usize, now: f64) -> String {
        let layout = LineLayout::new(width, text_width::width(&clip.name));
        clip.line(&layout, at(now), Painter(false))
    }

    #[test]
    fn an_upload_at_several_widths() {
        let clip = uploading();
        insta::assert_snapshot!(
            [20, 30, 45, 60, 80, 120, 200].map(|width| shown(&clip, width, 10.0)).join("\n"),
            @"
            hol…mp4  44% upload…
            holida…e.mp4  44% uploading
            holida…ve.mp4  uploading      44%  15 s left
            holiday i…bove.mp4  uploading    ━━━━─────  44%  15 s left
            holiday in n…m above.mp4  uploading    ━━━━───────  44%  2.0 MB/s  15 s left
            holiday in norway,…ds from above.mp4  uploading    ━━━━━━━━━━━━━━━━━──────────────────────  44%  2.0 MB/s  15 s left
            holiday in norway, the fjords from above.mp4  uploading    ━━━━━━━━━━━━━━━━━───────────────────────  44%  20.0 MB of 45.0 MB  2.0 MB/s  15 s left
            "
        );
    }

    #[test]
    fn processing_shows_what_the_service_says_and_never_less() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        clip.observe(&InputEvent::Job(JobId("j-1".into())), at(0.0));
        assert_eq!(clip.observe(&processing(40.0), at(1.0)), Some(Stage::Processing));
        let before = shown(&clip, 80, 1.0);
        assert_eq!(clip.observe(&processing(10.0), at(2.0)), None);
        assert_eq!(shown(&clip, 80, 2.0), before);
        insta::assert_snapshot!(
            before,
            @"a.mp4  processing   ━━━━━━━━━━━━──────────────────  40%"
        );
        assert!(shown(&clip, 200, 2.0).ends_with(" 40%  job j-1"), "named where there is room");
    }

    #[test]
    fn what_like_jobs_took_tells_what_is_left_until_it_is_over() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        clip.observe(&InputEvent::Phase(Stage::Waiting), at(0.0));
        let (least, most) = (Duration::from_secs(20), Duration::from_secs(50));
        clip.observe(&InputEvent::Expected { least, most }, at(0.0));
        // (seconds, ending)
        let table = [(0.0, "20-50 s left"), (30.0, "at most 20 s left"), (60.0, "1 min")];
        for (now, ending) in table {
            let line = shown(&clip, 80, now);
            assert!(line.ends_with(ending), "{line}");
        }
        clip.observe(&InputEvent::Phase(Stage::Download), at(61.0));
        assert!(!shown(&clip, 80, 61.0).contains("left"));
    }

    #[test]
    fn a_phase_without_figures_shows_how_long_it_lasts() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        clip.observe(&InputEvent::Phase(Stage::Queue), at(0.0));
        assert_eq!(shown(&clip, 80, 0.5), "a.mp4  queued");
        assert!(shown(&clip, 80, 75.0).ends_with("  1 min 15 s"));
    }

    #[test]
    fn a_retry_says_why_and_when_until_something_moves() {
        let mut clip = uploading();
        let mut failure = Failure::new(FailureKind::Unavailable, "upload", "no worker");
        failure.status = Some(503);
        clip.observe(&InputEvent::Retry { failure, wait: Duration::from_millis(3_400) }, at(10.0));
        assert!(shown(&clip, 80, 10.0).ends_with("HTTP 503, retry in 4 s"));
        assert!(shown(&clip, 80, 14.0).ends_with("HTTP 503, retrying"));
        clip.observe(&InputEvent::Bytes { done: 1, total: None }, at(15.0));
        assert!(!shown(&clip, 80, 15.0).contains("503"));
        assert!(shown(&clip, 80, 15.0).contains(" 44%"), "the bar does not jump back");
    }

    #[test]
    fn an_unknown_state_and_odd_figures_are_no_trouble() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        let odd = InputEvent::Progress { status: JobStatus::Other("?".into()), percent: Some(9.0) };
        assert_eq!(clip.observe(&odd, at(0.0)), None);
        for percent in [f64::NAN, -5.0, 900.0] {
            clip.observe(&processing(percent), at(1.0));
        }
        assert!(shown(&clip, 80, 1.0).contains("100%"));
        clip.observe(&InputEvent::Phase(Stage::Download), at(2.0));
        clip.observe(&InputEvent::Bytes { done: 5, total: Some(0) }, at(2.0));
        assert!(shown(&clip, 80, 2.0).contains("5 B of 0 B"));
    }

    proptest! {
        #[test]
        fn a_line_fits_whatever_the_name(
            name in ".{0,80}",
            job in ".{0,40}",
            width in 20_usize..240,
            done in any::<u64>(),
            total in any::<Option<u64>>(),
            now in 0_u64..1_000_000,
        ) {
            let mut clip = InputProgress::new(&name, at(0.0));
            clip.observe(&InputEvent::Job(JobId(job)), at(0.0));
            clip.observe(&InputEvent::Phase(Stage::Download), at(0.0));
            for step in 0..5 {
                let event = InputEvent::Bytes { done: done / 5 * step, total };
                clip.observe(&event, Instant(now / 5 * step));
            }
            let line = shown(&clip, width, now as f64 / 1_000.0);
            prop_assert!(text_width::width(&line) <= width, "{} columns: {line:?}", text_width::width(&line));
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
