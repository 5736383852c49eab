//! Results as JSON, one value per line. Scripts rely on the keys: `docs/json.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::messages;
use crate::model::event::{self, RemarkLevel, RunSummary};
use crate::model::text::is_hostile;
use crate::model::{Credits, Event, Failure, InputEvent, InputRef, Target};

/// A line of the stream; the tag is the key `event`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum JsonLine<'a> {
    Planned {
        batch: i64,
        todo: usize,
        done: usize,
        failed: usize,
        rejected: usize,
        estimate: Option<f64>,
        unpriced: usize,
    },
    Job {
        #[serde(flatten)]
        input: JsonInput<'a>,
        job: &'a str,
    },
    Phase {
        #[serde(flatten)]
        input: JsonInput<'a>,
        phase: &'static str,
    },
    Progress {
        #[serde(flatten)]
        input: JsonInput<'a>,
        status: &'a str,
        percent: Option<f64>,
    },
    Expected {
        #[serde(flatten)]
        input: JsonInput<'a>,
        least_seconds: f64,
        most_seconds: f64,
    },
    Retry {
        #[serde(flatten)]
        input: JsonInput<'a>,
        wait_seconds: f64,
        failure: FailureRecord<'a>,
    },
    Done {
        #[serde(flatten)]
        input: JsonInput<'a>,
        #[serde(flatten)]
        output: OutputRecord<'a>,
    },
    Skipped {
        #[serde(flatten)]
        input: JsonInput<'a>,
        #[serde(flatten)]
        output: OutputRecord<'a>,
    },
    Left {
        #[serde(flatten)]
        input: JsonInput<'a>,
        job: &'a str,
        status: &'a str,
        credits: Option<f64>,
    },
    Failed {
        #[serde(flatten)]
        input: JsonInput<'a>,
        failure: FailureRecord<'a>,
    },
    Rejected {
        #[serde(flatten)]
        input: JsonInput<'a>,
        failure: FailureRecord<'a>,
    },
    Paused {
        #[serde(flatten)]
        input: JsonInput<'a>,
        failure: FailureRecord<'a>,
    },
    Notice {
        level: &'static str,
        text: &'a str,
    },
    Stopped {
        failure: FailureRecord<'a>,
    },
    Outage {
        failure: FailureRecord<'a>,
        since_seconds: f64,
        patience_seconds: f64,
    },
    Answers {
        after_seconds: f64,
    },
    Finished {
        batch: i64,
        done: usize,
        failed: usize,
        skipped: usize,
        rejected: usize,
        open: usize,
        running: usize,
        not_started: usize,
        left: usize,
        drafts: usize,
        credits: f64,
        elapsed_seconds: f64,
        next: Option<String>,
    },
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JsonInput<'a> {
    /// `None` without a number in the ledger.
    #[serde(rename = "item")]
    id: Option<i64>,
    input: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OutputRecord<'a> {
    output: Option<String>,
    size: u64,
    sha256: &'a str,
    job: Option<&'a str>,
    credits: Option<f64>,
    elapsed_seconds: Option<f64>,
    notes: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FailureRecord<'a> {
    kind: &'static str,
    what: &'a str,
    why: &'a str,
    status: Option<u16>,
    code: Option<&'a str>,
    job: Option<&'a str>,
    request_id: Option<&'a str>,
    attempts: u32,
    elapsed_seconds: f64,
    next: Option<&'a str>,
    exit_code: u8,
}

impl<'a> From<&'a InputRef> for JsonInput<'a> {
    fn from(input: &'a InputRef) -> Self {
        Self { id: (input.id >= 0).then_some(input.id), input: &input.name }
    }
}

impl<'a> From<&'a event::PublishedOutput> for OutputRecord<'a> {
    fn from(output: &'a event::PublishedOutput) -> Self {
        Self {
            output: output.path.as_ref().map(target),
            size: output.size,
            sha256: &output.sha256,
            job: output.job.as_ref().map(|job| job.0.as_str()),
            credits: output.credits.map(credits),
            elapsed_seconds: output.elapsed.map(seconds),
            notes: &output.notes,
        }
    }
}

impl<'a> From<&'a Failure> for FailureRecord<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            kind: failure.kind.as_str(),
            what: &failure.what,
            why: &failure.why,
            status: failure.status,
            code: failure.code.as_deref(),
            job: failure.job.as_ref().map(|job| job.0.as_str()),
            request_id: failure.request_id.as_deref(),
            attempts: failure.attempts,
            elapsed_seconds: seconds(failure.elapsed),
            next: failure.next.as_deref(),
            exit_code: failure.kind.exit_class().code(),
        }
    }
}

/// The record of an event, if it has one; steps before the result only with `steps`.
#[must_use]
pub fn event(event: &Event, steps: bool) -> Option<Value> {
    let record = match event {
        Event::Planned { batch, todo, done, failed, rejected, estimate, unpriced } => {
            JsonLine::Planned {
                batch: *batch,
                todo: *todo,
                done: *done,
                failed: *failed,
                rejected: *rejected,
                estimate: estimate.map(credits),
                unpriced: *unpriced,
            }
        }
        Event::Input { input, what } => {
            step(input, what).filter(|_| steps).or(result(input, what))?
        }
        Event::Notice { level, text } => JsonLine::Notice {
            level: match level {
                RemarkLevel::Info => "info",
                RemarkLevel::Warning => "warning",
            },
            text,
        },
        Event::Stopped(failure) => JsonLine::Stopped { failure: failure.into() },
        Event::Outage { failure, since, patience } => JsonLine::Outage {
            failure: failure.into(),
            since_seconds: seconds(*since),
            patience_seconds: seconds(*patience),
        },
        Event::Answers(after) => JsonLine::Answers { after_seconds: seconds(*after) },
        Event::Finished(summary) => finished(summary),
    };
    Some(json!(record))
}

fn step<'a>(input: &'a InputRef, what: &'a InputEvent) -> Option<JsonLine<'a>> {
    let input = input.into();
    match what {
        InputEvent::Job(job) => Some(JsonLine::Job { input, job: &job.0 }),
        InputEvent::Phase(phase) => Some(JsonLine::Phase { input, phase: phase.as_str() }),
        InputEvent::Progress { status, percent } => {
            Some(JsonLine::Progress { input, status: status.as_str(), percent: *percent })
        }
        InputEvent::Expected { least, most } => Some(JsonLine::Expected {
            input,
            least_seconds: seconds(*least),
            most_seconds: seconds(*most),
        }),
        InputEvent::Retry { failure, wait } => {
            Some(JsonLine::Retry { input, wait_seconds: seconds(*wait), failure: failure.into() })
        }
        _ => None,
    }
}

fn result<'a>(input: &'a InputRef, what: &'a InputEvent) -> Option<JsonLine<'a>> {
    let input = input.into();
    match what {
        InputEvent::Done(output) => Some(JsonLine::Done { input, output: output.into() }),
        InputEvent::Skipped(output) => Some(JsonLine::Skipped { input, output: output.into() }),
        InputEvent::Left { job, status, credits: cost } => Some(JsonLine::Left {
            input,
            job: &job.0,
            status: status.as_str(),
            credits: cost.map(credits),
        }),
        InputEvent::Failed(failure) => Some(JsonLine::Failed { input, failure: failure.into() }),
        InputEvent::Rejected(failure) => {
            Some(JsonLine::Rejected { input, failure: failure.into() })
        }
        InputEvent::Paused(failure) => Some(JsonLine::Paused { input, failure: failure.into() }),
        _ => None,
    }
}

fn finished(summary: &RunSummary) -> JsonLine<'static> {
    JsonLine::Finished {
        batch: summary.batch,
        done: summary.done,
        failed: summary.failed,
        skipped: summary.skipped,
        rejected: summary.rejected,
        open: summary.open,
        running: summary.running,
        not_started: summary.not_started,
        left: summary.left,
        drafts: summary.drafts,
        credits: credits(summary.credits),
        elapsed_seconds: seconds(summary.elapsed),
        next: messages::next_of(summary),
    }
}

/// The document of a failed command.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FailedCommand<'a> {
    error: FailureRecord<'a>,
}

impl<'a> From<&'a Failure> for FailedCommand<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self { error: failure.into() }
    }
}

/// A path as a JSON string; bytes that are not UTF-8 are replaced.
#[must_use]
pub fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Path of a file, or URL of an object.
#[must_use]
pub fn target(target: &Target) -> String {
    match target {
        Target::File(file) => path(file),
        Target::Object(url) => url.to_string(),
    }
}

/// Seconds, rounded to milliseconds.
#[must_use]
pub fn seconds(took: Duration) -> f64 {
    took.as_millis() as f64 / 1_000.0
}

/// Credits without rounding noise.
#[must_use]
pub fn credits(amount: Credits) -> f64 {
    (amount.0 * 1e6).round() / 1e6
}

/// `value` on one line, with control and invisible characters escaped.
#[must_use]
pub fn line(value: &Value) -> String {
    let text = value.to_string();
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) {
            // They only occur in strings. Writing to a String cannot fail.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FailureKind, JobId, Stage};

    fn input(what: InputEvent) -> Event {
        Event::Input { input: InputRef { id: 3, name: "a.mp4".into() }, what }
    }

    fn shown(event: &Event, steps: bool) -> String {
        super::event(event, steps).map(|value| line(&value)).unwrap_or_default()
    }

    #[test]
    fn every_result_has_all_its_keys() {
        let output = event::PublishedOutput {
            path: Some("out/a.webm".into()),
            size: 12,
            sha256: "ab".into(),
            job: None,
            credits: Some(Credits(0.1 + 0.2)),
            elapsed: Some(Duration::from_millis(12_345)),
            notes: vec!["another model was used".into()],
        };
        let mut failure = Failure::new(FailureKind::JobFailed, "process", "no subject");
        failure.request_id = Some("r".into());
        let planned = Event::Planned {
            batch: 12,
            todo: 3,
            done: 1,
            failed: 0,
            rejected: 0,
            estimate: Some(Credits(6.0)),
            unpriced: 0,
        };
        let left = InputEvent::Left {
            job: JobId("j".into()),
            status: crate::model::JobStatus::Other("odd".into()),
            credits: None,
        };
        let summary = RunSummary { batch: 12, open: 2, ..RunSummary::default() };
        let notice = Event::Notice { level: RemarkLevel::Warning, text: "mind".into() };
        let lines = [
            shown(&planned, false),
            shown(&input(InputEvent::Done(output.clone())), false),
            shown(
                &input(InputEvent::Skipped(event::PublishedOutput { path: None, ..output })),
                true,
            ),
            shown(&input(left), false),
            shown(&input(InputEvent::Failed(failure)), false),
            shown(&notice, false),
            shown(&Event::Finished(summary), false),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"event":"planned","batch":12,"todo":3,"done":1,"failed":0,"rejected":0,"estimate":6.0,"unpriced":0}
        {"event":"done","item":3,"input":"a.mp4","output":"out/a.webm","size":12,"sha256":"ab","job":null,"credits":0.3,"elapsed_seconds":12.345,"notes":["another model was used"]}
        {"event":"skipped","item":3,"input":"a.mp4","output":null,"size":12,"sha256":"ab","job":null,"credits":0.3,"elapsed_seconds":12.345,"notes":["another model was used"]}
        {"event":"left","item":3,"input":"a.mp4","job":"j","status":"odd","credits":null}
        {"event":"failed","item":3,"input":"a.mp4","failure":{"kind":"job_failed","what":"process","why":"no subject","status":null,"code":null,"job":null,"request_id":"r","attempts":1,"elapsed_seconds":0.0,"next":null,"exit_code":6}}
        {"event":"notice","level":"warning","text":"mind"}
        {"event":"finished","batch":12,"done":0,"failed":0,"skipped":0,"rejected":0,"open":2,"running":0,"not_started":0,"left":0,"drafts":0,"credits":0.0,"elapsed_seconds":0.0,"next":"rbgv resume 12"}
        "#);
    }

    #[test]
    fn steps_are_told_when_asked_for_and_bytes_never() {
        let phase = input(InputEvent::Phase(Stage::Upload));
        assert_eq!(shown(&phase, false), "");
        assert_eq!(
            shown(&phase, true),
            r#"{"event":"phase","item":3,"input":"a.mp4","phase":"uploading"}"#
        );
        assert_eq!(shown(&input(InputEvent::Bytes { done: 1, total: None }), true), "");
        let input = InputRef { id: -1, name: "a.mp4".into() };
        let unnumbered = Event::Input { input, what: InputEvent::Phase(Stage::Hash) };
        assert_eq!(
            shown(&unnumbered, true),
            r#"{"event":"phase","item":null,"input":"a.mp4","phase":"hashing"}"#
        );
    }

    proptest! {
        #[test]
        fn a_line_is_harmless_and_reads_back(text in any::<String>()) {
            let value = json!({ "a": text });
            let shown = line(&value);
            prop_assert!(!shown.chars().any(is_hostile), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
    }
}
