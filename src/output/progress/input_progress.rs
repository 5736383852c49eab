//! An input in progress and its row. Pure: `now` and the width are parameters.

use std::time::Duration;

use crate::model::text::escaped;
use crate::model::{InputEvent, Instant, JobId, JobStatus, Stage};
use crate::output::events::messages;
use crate::output::formats::amounts;
use crate::output::text_width;

#[derive(Debug, Clone, Default)]
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

/// Bytes or percent of a stage.
#[derive(Debug, Clone)]
struct TransferProgress {
    /// Amount and time of the first event: a resumed transfer starts at the existing amount, which must
    /// not count as speed.
    first: (f64, Instant),
    /// Current amount, and the time since which it is that. Never less than before, so that a bar does
    /// not jump back.
    latest: (f64, Instant),
    total: Option<f64>,
    bytes: bool,
}

/// What the row of an input shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProgressRow {
    /// Number in the ledger.
    pub(crate) id: i64,
    /// Shortened and padded to the columns of the layout.
    pub(crate) name: String,
    stage: &'static str,
    /// Progress of the stage from 0 to 1, if known.
    pub(crate) share: Option<f64>,
    /// The figures, or the reason of a retry; fits the layout.
    pub(crate) tail: String,
    retries: bool,
}

impl InputProgress {
    pub(crate) fn new(name: &str, now: Instant) -> Self {
        Self { name: messages::input_name(name), since: now, ..Self::default() }
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
                self.retry = Some((messages::reason(failure), now.after(*wait)));
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
        let (first, latest) = ((amount, now), (amount, now));
        let moved = self.moved.get_or_insert(TransferProgress { first, latest, total, bytes });
        moved.total = total.or(moved.total);
        if amount > moved.latest.0 {
            moved.latest = (amount, now);
        }
    }

    /// Progress of the stage from 0 to 1, if known.
    pub(crate) fn share(&self) -> Option<f64> {
        let moved = self.moved.as_ref()?;
        let total = moved.total.filter(|total| *total > 0.0)?;
        Some((moved.latest.0 / total).clamp(0.0, 1.0))
    }

    /// Whether the input is being worked on, here or at the service, and not only queued.
    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.phase, Some(Stage::Queue) | None)
    }

    /// Priority for a row if there are too many; smaller is higher.
    pub(crate) fn rank(&self) -> u8 {
        match self.phase {
            Some(Stage::Upload | Stage::Processing | Stage::Download | Stage::Verify) => 0,
            Some(Stage::Hash | Stage::Waiting) => 1,
            Some(Stage::Create) => 2,
            Some(Stage::Queue) | None => 3,
        }
    }

    pub(crate) fn row(&self, id: i64, layout: &LineLayout, now: Instant) -> ProgressRow {
        let retry = self.retry_text(now);
        ProgressRow {
            id,
            name: text_width::padded(&text_width::shortened(&self.name, layout.name), layout.name),
            stage: self.phase.map_or("", Stage::as_str),
            share: self.share(),
            retries: retry.is_some(),
            tail: match retry {
                Some(retry) => text_width::clipped(&retry, layout.tail),
                None => self.tail(layout.tail, now),
            },
        }
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

    /// The figures after the bar.
    fn tail(&self, columns: usize, now: Instant) -> String {
        let mut parts: Vec<(u8, String)> = Vec::new();
        if let Some(job) = &self.job {
            let named = format!("job {}", text_width::shortened(&escaped(&job.0), JOB));
            // Only if there is always space for it.
            if text_width::width(&named) + 2 + FIGURES <= columns {
                parts.push((3, named));
            }
        }
        let since = now.since(self.since);
        if let Some(left) = self.left(now) {
            parts.push((0, left));
        } else {
            parts.extend(self.moved.iter().flat_map(|moved| moved.parts(now)));
            // Until the remaining time is known, how long it has taken so far.
            if since.as_secs() > 0 && parts.iter().all(|(want, _)| *want > 0) {
                parts.push((0, amounts::elapsed(since)));
            }
        }
        text_width::joined(parts, "  ", columns)
    }
}

impl TransferProgress {
    /// The known figures; those with larger numbers are dropped first.
    fn parts(&self, now: Instant) -> Vec<(u8, String)> {
        let mut parts = Vec::new();
        if self.bytes {
            let done = amounts::bytes(amounts::whole(self.latest.0));
            parts.push(match self.total {
                Some(total) => (2, format!("{done} of {}", amounts::bytes(amounts::whole(total)))),
                None => (2, done),
            });
            if let Some(rate) = self.rate(now) {
                parts.push((1, amounts::speed(rate)));
            }
        }
        parts.extend(self.remaining(now).map(|left| (0, amounts::remaining(left))));
        parts
    }

    /// Amount per second so far, once there is one second of it. Falls during a stall.
    fn rate(&self, now: Instant) -> Option<f64> {
        let seconds = now.since(self.first.1).as_secs_f64();
        let gained = self.latest.0 - self.first.0;
        (seconds >= 1.0 && gained > 0.0).then(|| gained / seconds)
    }

    /// Remaining time at the average speed up to the latest progress; `None` without enough evidence,
    /// during a stall, and when it has passed.
    fn remaining(&self, now: Instant) -> Option<Duration> {
        let total = self.total?;
        let watched = self.latest.1.since(self.first.1);
        let gained = self.latest.0 - self.first.0;
        let silent = now.since(self.latest.1);
        if watched < WATCHED || gained < total * SHARE || silent > STALL.max(watched) {
            return None;
        }
        let left = watched.as_secs_f64() * (total - self.latest.0).max(0.0) / gained;
        let left = Duration::try_from_secs_f64(left).ok()?.checked_sub(silent)?;
        (!left.is_zero()).then_some(left)
    }
}

fn phase_of(status: &JobStatus) -> Option<Stage> {
    match status {
        JobStatus::Pending => Some(Stage::Waiting),
        JobStatus::Processing => Some(Stage::Processing),
        JobStatus::Created | JobStatus::Completed | JobStatus::Failed | JobStatus::Other(_) => None,
    }
}

/// Required before a remaining time is shown: a time, and a share of the total.
const WATCHED: Duration = Duration::from_secs(3);
const SHARE: f64 = 0.02;
/// No progress for this long, or for as long as there was progress, is a stall.
const STALL: Duration = Duration::from_secs(10);

/// Columns of the longest stage, and of `100%`.
const STAGE: usize = 11;
const PERCENT: usize = 4;
/// Columns after the bar for speed and remaining time, or for a retry.
const TAIL: usize = 23;
/// Columns of all figures after the bar together.
const FIGURES: usize = 47;
/// Maximum columns of a job ID.
const JOB: usize = 24;
/// Columns of a bar.
const BAR: std::ops::RangeInclusive<usize> = 6..=40;
/// Columns of a terminal with bars; a narrower one shows name, percent and stage.
const FULL: usize = 60;

/// The columns of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineLayout {
    name: usize,
    bar: usize,
    tail: usize,
}

impl LineLayout {
    /// For `width` columns, with `widest` columns for the widest name.
    pub(crate) fn new(width: usize, widest: usize) -> Self {
        if width < FULL {
            let name = widest.min(width.saturating_sub(PERCENT + STAGE + 2));
            return Self { name, bar: 0, tail: 0 };
        }
        let name = widest.min((width * 3 / 10).min(48));
        let space = width - (name + STAGE + PERCENT + 7);
        let bar = space.saturating_sub(TAIL).clamp(*BAR.start(), *BAR.end());
        Self { name, bar, tail: space - bar }
    }

    /// The template of `row` for `indicatif`; no row is wider than the terminal.
    pub(crate) fn template(&self, row: &ProgressRow) -> String {
        let (bar, stage) = (self.bar, row.stage);
        let tone = if row.retries { ":.yellow" } else { "" };
        match row.share {
            _ if bar == 0 => format!("{{prefix}} {{share:>{PERCENT}}} {stage}"),
            Some(_) => format!(
                "{{prefix}}  {stage:STAGE$}  {{bar:{bar}.cyan/dim}} {{share:>{PERCENT}}}  {{msg{tone}}}"
            ),
            // Without a share, a key without a meaning leaves the columns empty.
            None => {
                let blank = bar + 1 + PERCENT;
                format!("{{prefix}}  {stage:STAGE$}  {{blank:{blank}}}  {{msg{tone}}}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Failure, FailureKind};
    use crate::output::progress::bars::tests::drawn;
    use crate::output::progress::run_view::ScreenFrame;

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

    /// The row as the terminal shows it.
    fn shown(clip: &InputProgress, width: usize, now: f64) -> String {
        let layout = LineLayout::new(width, text_width::width(&clip.name));
        let row = clip.row(1, &layout, at(now));
        let frame = ScreenFrame { layout, rows: vec![row], more: 0, overall: None, percent: None };
        drawn(&frame, u16::try_from(width).unwrap()).remove(0)
    }

    #[test]
    fn an_upload_at_several_widths() {
        let clip = uploading();
        insta::assert_snapshot!(
            [32, 45, 60, 80, 120, 200].map(|width| shown(&clip, width, 10.0)).join("\n"),
            @"
        holiday…ove.mp4  44% uploading
        holiday in nor…rom above.mp4  44% uploading
        holiday i…bove.mp4  uploading    ━━────  44%  15 s left
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
        assert_eq!(shown(&clip, 80, 2.0), format!("{before}  1 s"));
        insta::assert_snapshot!(
            before,
            @"a.mp4  processing   ━━━━━━━━━━━━──────────────────  40%"
        );
        assert!(
            shown(&clip, 200, 2.0).ends_with(" 40%  job j-1  1 s"),
            "named where there is space"
        );
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
    fn nothing_is_claimed_without_evidence_or_during_a_stall() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        clip.observe(&processing(0.0), at(0.0));
        clip.observe(&processing(40.0), at(2.0));
        assert!(!shown(&clip, 80, 2.0).contains("left"), "two seconds");
        // 10 % every 2 s from here on: 12 s at the average speed so far.
        clip.observe(&processing(50.0), at(4.0));
        assert!(shown(&clip, 80, 4.0).ends_with("  4 s left"));
        assert!(shown(&clip, 80, 6.0).ends_with("  2 s left"), "it counts down by itself");
        assert!(!shown(&clip, 80, 9.0).contains("left"), "overdue");
        let mut slow = InputProgress::new("a.mp4", at(0.0));
        for second in 0..60_u32 {
            slow.observe(&processing(f64::from(second) * 0.02), at(f64::from(second)));
        }
        assert!(!shown(&slow, 80, 60.0).contains("left"), "one percent");
        let mut stalled = uploading();
        assert!(shown(&stalled, 80, 10.0).contains("2.0 MB/s"));
        assert!(!shown(&stalled, 80, 21.0).contains("left"));
        assert!(shown(&stalled, 80, 40.0).contains("500 kB/s"), "the speed falls");
        stalled.observe(&InputEvent::Bytes { done: 1, total: None }, at(41.0));
        assert!(shown(&stalled, 80, 41.0).contains(" 44%"), "an amount never falls");
    }

    #[test]
    fn a_resumed_transfer_does_not_count_what_was_there() {
        let mut clip = InputProgress::new("a.mp4", at(0.0));
        clip.observe(&InputEvent::Phase(Stage::Download), at(0.0));
        for (second, done) in [(0.0, 50_000_000), (5.0, 55_000_000)] {
            let event = InputEvent::Bytes { done, total: Some(60_000_000) };
            clip.observe(&event, at(second));
        }
        assert!(shown(&clip, 120, 5.0).ends_with("1.0 MB/s  5 s left"));
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
            width in 32_usize..240,
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
