//! What a run looks like on both streams, in each form.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::event::{PublishedOutput, RunSummary};
use crate::model::text::is_hostile;
use crate::model::{
    Credits, Failure, FailureKind, InputEvent, InputRef, JobId, JobStatus, ManualClock, Stage,
};
use crate::output::streams::{Capture, Streams};
use crate::output::style::Style;

struct Fixture {
    reporter: Reporter,
    clock: Arc<ManualClock>,
    stdout: Capture,
    stderr: Capture,
}

impl Fixture {
    fn new(style: Style) -> Self {
        let (streams, stdout, stderr) = Streams::captured();
        let clock = Arc::new(ManualClock::default());
        let reporter = Reporter::new(Printer::new(style, streams), clock.clone(), false);
        Self { reporter, clock, stdout, stderr }
    }

    fn tell(&self, event: &Event) {
        self.reporter.observe(event);
        self.clock.advance(Duration::from_millis(100));
    }

    fn input(&self, id: i64, name: &str, what: InputEvent) {
        self.tell(&Event::Input { input: InputRef { id, name: name.to_owned() }, what });
    }
}

fn planned(todo: usize) -> Event {
    Event::Planned {
        batch: 12,
        todo,
        done: 1,
        failed: 0,
        rejected: 0,
        estimate: Some(Credits(4.0)),
        unpriced: 0,
    }
}

fn output(path: &str) -> PublishedOutput {
    PublishedOutput {
        path: Some(path.into()),
        size: 2_000_000,
        sha256: "ab12".into(),
        job: Some(JobId("abc".into())),
        credits: Some(Credits(2.0)),
        elapsed: Some(Duration::from_millis(12_340)),
        notes: Vec::new(),
    }
}

fn unavailable() -> Failure {
    let mut failure = Failure::new(FailureKind::Unavailable, "upload", "no worker");
    failure.status = Some(503);
    failure.request_id = Some("r-1".into());
    failure
}

fn processing(percent: f64) -> InputEvent {
    InputEvent::Progress { status: JobStatus::Processing, percent: Some(percent) }
}

/// A run with every kind of event.
fn whole_run(stage: &Fixture) {
    stage.tell(&planned(4));
    stage.input(1, "old.mp4", InputEvent::Skipped(output("old-nobg.webm")));
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Hash));
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Upload));
    stage.input(2, "clip.mp4", InputEvent::Bytes { done: 500_000, total: Some(1_000_000) });
    let wait = Duration::from_millis(1_500);
    stage.input(2, "clip.mp4", InputEvent::Retry { failure: unavailable(), wait });
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Create));
    stage.input(2, "clip.mp4", InputEvent::Job(JobId("abc".into())));
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Waiting));
    stage.input(2, "clip.mp4", processing(10.0));
    stage.input(2, "clip.mp4", processing(60.0));
    let rejected = Failure::usage("read notes.mov", "it is text");
    stage.input(3, "notes.mov", InputEvent::Rejected(rejected));
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Download));
    stage.input(2, "clip.mp4", InputEvent::Phase(Stage::Verify));
    stage.input(2, "clip.mp4", InputEvent::Done(output("clip-nobg.webm")));
    let failed = Failure::new(FailureKind::JobFailed, "process", "no subject")
        .with_job(&JobId("def".into()))
        .with_next("rbgv run --retry-failed 1 dog.mp4");
    stage.input(4, "dog.mp4", InputEvent::Failed(failed));
    let credits = Some(Credits(2.0));
    let left =
        InputEvent::Left { job: JobId("ghi".into()), status: JobStatus::Processing, credits };
    stage.input(5, "cat.mp4", left);
    let paused = Failure::new(FailureKind::InsufficientCredits, "start", "2 credits are left");
    stage.input(6, "cow.mp4", InputEvent::Paused(paused));
    let text = "prices are 3 days old".to_owned();
    stage.tell(&Event::Notice { level: RemarkLevel::Info, text });
    let text = "the service ignored auto_start".to_owned();
    stage.tell(&Event::Notice { level: RemarkLevel::Warning, text });
    stage.tell(&Event::Finished(RunSummary {
        batch: 12,
        done: 1,
        skipped: 1,
        failed: 1,
        rejected: 1,
        open: 2,
        running: 0,
        not_started: 0,
        left: 1,
        drafts: 0,
        bound_needed: None,
        credits: Credits(4.0),
        elapsed: Duration::from_millis(41_300),
        ephemeral: false,
    }));
}

#[test]
fn verbose_tells_each_step() {
    let stage = Fixture::new(Style { verbose: 1, ..Style::default() });
    whole_run(&stage);
    insta::assert_snapshot!(stage.stderr.text(), @"
    4 clips, 1 already done, about 4.00 credits
    old.mp4: already done -> old-nobg.webm
    clip.mp4: hashing
    clip.mp4: uploading
    clip.mp4: retrying in 1.5 s: upload: no worker (HTTP 503, request r-1)
    clip.mp4: creating
    clip.mp4: waiting (job abc)
    clip.mp4: processing (job abc)
    warning: notes.mov: skipped: read notes.mov: it is text
    clip.mp4: downloading
    clip.mp4: verifying
    clip.mp4: done in 12.3 s, about 2.00 credits -> clip-nobg.webm
    error: dog.mp4: process: no subject (job def)
      next: rbgv run --retry-failed 1 dog.mp4
    cat.mp4: not waiting (processing) -> ghi
    warning: cow.mp4: paused: start: 2 credits are left
    note: prices are 3 days old
    warning: the service ignored auto_start
    1 done, 1 failed, 1 already done, 1 skipped (not usable), 1 job started, 2 not finished in 41 s, about 4.00 credits
      next: rbgv resume 12
    ");
}

#[test]
fn one_line_tells_each_end_and_standard_output_has_results_only() {
    let stage = Fixture::new(Style::default());
    whole_run(&stage);
    insta::assert_snapshot!(stage.stderr.text(), @"
    4 clips, 1 already done, about 4.00 credits
    old.mp4: already done -> old-nobg.webm
    warning: notes.mov: skipped: read notes.mov: it is text
    clip.mp4: done in 12.3 s, about 2.00 credits -> clip-nobg.webm
    error: dog.mp4: process: no subject (job def)
      next: rbgv run --retry-failed 1 dog.mp4
    cat.mp4: not waiting (processing) -> ghi
    warning: cow.mp4: paused: start: 2 credits are left
    note: prices are 3 days old
    warning: the service ignored auto_start
    1 done, 1 failed, 1 already done, 1 skipped (not usable), 1 job started, 2 not finished in 41 s, about 4.00 credits
      next: rbgv resume 12
    ");
    insta::assert_snapshot!(stage.stdout.text(), @"
    old-nobg.webm
    clip-nobg.webm
    ghi
    ");
}

#[test]
fn quiet_tells_results_and_trouble() {
    let stage = Fixture::new(Style { quiet: true, ..Style::default() });
    whole_run(&stage);
    insta::assert_snapshot!(stage.stderr.text(), @"
    warning: notes.mov: skipped: read notes.mov: it is text
    error: dog.mp4: process: no subject (job def)
      next: rbgv run --retry-failed 1 dog.mp4
    warning: cow.mp4: paused: start: 2 credits are left
    warning: the service ignored auto_start
    1 done, 1 failed, 1 already done, 1 skipped (not usable), 1 job started, 2 not finished in 41 s, about 4.00 credits
      next: rbgv resume 12
    ");
    assert_eq!(stage.stdout.text().lines().count(), 3);
}

#[test]
fn json_has_every_result_and_standard_error_only_trouble() {
    let stage = Fixture::new(Style { json: true, ..Style::default() });
    whole_run(&stage);
    let quiet = Fixture::new(Style { quiet: true, ..Style::default() });
    whole_run(&quiet);
    assert_eq!(stage.stderr.text(), quiet.stderr.text());
    let events: Vec<String> = stage
        .stdout
        .text()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|value| value["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        events.join(" "),
        "planned skipped rejected done failed left paused notice notice finished"
    );
    let verbose = Fixture::new(Style { json: true, verbose: 1, ..Style::default() });
    whole_run(&verbose);
    assert!(verbose.stdout.text().contains(r#""event":"retry""#));
}

#[test]
fn a_short_run_ends_in_one_line() {
    let stage = Fixture::new(Style::default());
    stage.tell(&Event::Finished(RunSummary {
        done: 3,
        failed: 1,
        skipped: 2,
        credits: Credits(6.0),
        elapsed: Duration::from_secs(41),
        ..RunSummary::default()
    }));
    assert_eq!(
        stage.stderr.text(),
        "3 done, 1 failed, 2 already done in 41 s, about 6.00 credits\n"
    );
    let nothing = Fixture::new(Style::default());
    nothing.tell(&Event::Finished(RunSummary {
        elapsed: Duration::from_millis(340),
        ..RunSummary::default()
    }));
    assert_eq!(nothing.stderr.text(), "nothing to do in 0.3 s\n");
}

#[test]
fn warnings_of_one_cause_are_told_once_and_counted() {
    let stage = Fixture::new(Style::default());
    stage.tell(&planned(9));
    let rejected = |name: &str, why: &str| InputEvent::Rejected(Failure::usage(name, why));
    let finished = || stage.tell(&Event::Finished(RunSummary::default()));
    let paused = |id: i64, job: &str| {
        let failure = unavailable().with_job(&JobId(job.into()));
        stage.input(id, "c.mp4", InputEvent::Paused(failure));
    };
    for (id, name) in ["a.mp4", "b.mp4", "c.mp4"].into_iter().enumerate() {
        stage.input(i64::try_from(id).unwrap(), name, rejected(name, "it is empty"));
    }
    stage.input(4, "d.mp4", rejected("d.mp4", "it is text"));
    paused(5, "x");
    paused(6, "y");
    let text = "keys are old".to_owned();
    let notice = Event::Notice { level: RemarkLevel::Warning, text };
    (0..3).for_each(|_| stage.tell(&notice));
    finished();
    insta::assert_snapshot!(stage.stderr.text(), @"
    9 clips, 1 already done, about 4.00 credits
    warning: a.mp4: skipped: it is empty
    warning: d.mp4: skipped: it is text
    warning: c.mp4: paused: upload: no worker (HTTP 503, job x, request r-1)
    warning: keys are old
    warning: 1 more input paused: upload: no worker (HTTP 503)
    warning: 2 more inputs skipped: it is empty
    warning: keys are old (2 more times)
    nothing to do in 0 s
    ");
    // A watcher's next batches: a lasting cause is not reported again until it was gone.
    let warnings = || stage.stderr.text().matches("warning:").count();
    let before = warnings();
    paused(5, "x");
    finished();
    assert_eq!(warnings(), before);
    finished();
    paused(5, "x");
    assert_eq!(warnings(), before + 1);
    let json = Fixture::new(Style { json: true, ..Style::default() });
    for id in 0..3 {
        json.input(id, "a.mp4", rejected("a.mp4", "it is empty"));
    }
    assert_eq!(json.stdout.text().matches("rejected").count(), 3, "scripts get each");
}

#[test]
fn many_inputs_are_told_by_their_ends_and_now_and_then_as_a_whole() {
    let stage = Fixture::new(Style::default());
    stage.tell(&planned(1_000));
    for id in 0..400 {
        stage.input(id, "a.mp4", InputEvent::Phase(Stage::Upload));
        if id % 4 == 0 {
            stage.input(
                id,
                "a.mp4",
                InputEvent::Done(PublishedOutput { path: None, ..output("") }),
            );
        }
    }
    let text = stage.stderr.text();
    assert!(!text.contains(": uploading"));
    assert_eq!(text.matches("done in 12.3 s").count(), 100);
    assert_eq!(text.matches(" of 1,000 done, ").count(), 1, "50 s have gone by");
}

fn bars() -> Style {
    Style { bars: true, width: Some(80), ..Style::default() }
}

#[test]
fn bars_give_way_to_lines_and_leave_nothing_behind() {
    let stage = Fixture::new(bars());
    whole_run(&stage);
    let text = stage.stderr.text();
    assert!(text.contains("clip.mp4  processing "), "{text:?}");
    assert!(text.contains("clip.mp4: done in 12.3 s, about 2.00 credits -> clip-nobg.webm\n"));
    assert!(!text.contains("clip.mp4: uploading"));
    let end = text.rsplit("not finished in 41 s").next().unwrap();
    assert!(!end.contains('━') && !end.contains(" of 4 done"), "{end:?}");
    assert_eq!(stage.stdout.text(), "old-nobg.webm\nclip-nobg.webm\nghi\n");
}

#[test]
fn a_line_that_tells_of_an_end_has_no_bar_of_it_below() {
    let stage = Fixture::new(bars());
    stage.tell(&planned(2));
    stage.input(1, "clip-one.mp4", processing(10.0));
    stage.input(2, "clip-two.mp4", processing(10.0));
    stage.input(1, "clip-one.mp4", InputEvent::Done(output("one.webm")));
    let text = stage.stderr.text();
    let below = text.split("-> one.webm\n").nth(1).unwrap();
    assert!(below.contains("clip-two.mp4") && !below.contains("clip-one.mp4"), "{below:?}");
}

#[test]
fn a_reporter_that_is_dropped_early_takes_its_bars_along() {
    let stage = Fixture::new(bars());
    stage.input(1, "clip.mp4", processing(10.0));
    let Fixture { reporter, stderr, .. } = stage;
    reporter.shared.draw();
    let drawn = stderr.text();
    assert!(drawn.contains("clip.mp4"));
    drop(reporter);
    assert!(stderr.text()[drawn.len()..].contains("\x1b[2K"));
}

fn hostile_events(name: &str, text: &str) -> Vec<InputEvent> {
    let mut failure = unavailable().with_job(&JobId(text.to_owned())).with_next(text);
    failure.what = text.to_owned();
    failure.why = text.to_owned();
    failure.code = Some(text.to_owned());
    failure.request_id = Some(text.to_owned());
    vec![
        InputEvent::Job(JobId(text.to_owned())),
        InputEvent::Phase(Stage::Waiting),
        InputEvent::Progress { status: JobStatus::Other(text.to_owned()), percent: None },
        InputEvent::Retry { failure: failure.clone(), wait: Duration::ZERO },
        InputEvent::Failed(failure.clone()),
        InputEvent::Rejected(failure.clone()),
        InputEvent::Paused(failure),
        InputEvent::Left {
            job: JobId(text.to_owned()),
            status: JobStatus::Other(text.to_owned()),
            credits: None,
        },
        InputEvent::Skipped(output(name)),
        InputEvent::Done(output(name)),
    ]
}

proptest! {
    #[test]
    fn nothing_foreign_moves_the_cursor(name in any::<String>(), text in any::<String>()) {
        let stage =
            Fixture::new(Style { stdout_terminal: true, verbose: 1, ..Style::default() });
        for what in hostile_events(&name, &text) {
            stage.input(1, &name, what);
        }
        for level in [RemarkLevel::Info, RemarkLevel::Warning] {
            stage.tell(&Event::Notice { level, text: text.clone() });
        }
        for shown in [stage.stderr.text(), stage.stdout.text()] {
            let moves = |c| c != '\n' && is_hostile(c);
            prop_assert!(!shown.chars().any(moves), "{shown:?}");
        }
        // A name cannot pass for a line of ours: each event has its own, failures one more.
        prop_assert_eq!(stage.stderr.text().lines().count(), 10 + 3);
    }
}
