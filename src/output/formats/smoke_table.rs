//! The report of a smoke test as a table and as JSON (`docs/json.md`).

use std::time::Duration;

use super::amounts;
use super::table::{Cell, Table};
use crate::model::smoke::{SmokeReport, SmokeTarget, StageFailure, StageOutcome, StageResult};
use crate::model::text::escaped;
use crate::output::documents::smoke::{SmokeDocument, StageDocument, VerdictDocument};
use crate::output::events::json;
use crate::output::style::TextTone;

/// The target of a smoke test: profile, host, key, API version.
#[must_use]
pub fn heading(subject: &SmokeTarget) -> String {
    let key = subject.key.as_deref().map_or("no key".to_owned(), |key| format!("key {key}"));
    format!(
        "profile {} ({}) at {}, {key}; API contract {}",
        subject.profile, subject.environment, subject.base_url, subject.contract
    )
}

/// Every stage that ran: outcome, duration, result.
#[must_use]
pub fn table<'a>(stages: impl IntoIterator<Item = &'a StageResult>) -> Table {
    let mut table = Table::new(["", "stage", "time", "limit", "result"])
        .numbers([2, 3])
        .words([4])
        .drops([3, 2])
        .at_least(0, "warn".len())
        .at_least(2, "59.9 s".len());
    for stage in stages.into_iter().filter(|stage| stage.outcome != StageOutcome::Skipped) {
        let seconds = |took: Option<Duration>| took.map(latency).unwrap_or_default();
        let (tone, word) = mark(stage.outcome);
        let mut found = stage.told.clone();
        // Details only matter if something went wrong.
        if stage.outcome != StageOutcome::Passed {
            for detail in &stage.details {
                found = format!("{found}; {detail}");
            }
            for name in names(stage) {
                found = format!("{found}; {name}");
            }
        }
        table.row([
            Cell::toned(tone, word),
            Cell::from(stage.name.clone()),
            Cell::from(seconds(stage.took)),
            Cell::toned(
                TextTone::Dim,
                stage.budget.filter(|_| stage.took.is_some()).map(limit).unwrap_or_default(),
            ),
            Cell::from(found),
        ]);
    }
    table
}

/// The time that a stage may take, in as few columns as possible.
fn limit(budget: Duration) -> String {
    match budget.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        _ => latency(budget),
    }
}

/// A duration, in milliseconds below one second.
pub(crate) fn latency(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        amounts::duration(took)
    }
}

fn mark(outcome: StageOutcome) -> (TextTone, &'static str) {
    match outcome {
        StageOutcome::Passed => (TextTone::Good, "ok"),
        StageOutcome::Warned => (TextTone::Warn, "warn"),
        StageOutcome::Failed => (TextTone::Bad, "FAIL"),
        StageOutcome::Skipped => (TextTone::Dim, "-"),
    }
}

/// The lines below the table: skipped stages, differences from the API contract, verdict.
#[must_use]
pub fn closing(report: &SmokeReport) -> Vec<String> {
    let mut lines = not_run(report);
    if !report.drift.is_empty() {
        lines.push("differences from the API contract:".to_owned());
        lines.extend(report.drift.iter().map(|line| format!("  {line}")));
    }
    lines.push(format!("result: {}", report.verdict.told));
    if let Some(next) = &report.verdict.next {
        lines.push(format!("next: {next}"));
    }
    lines
}

/// Stages that were not run, one line per reason.
pub(crate) fn not_run(report: &SmokeReport) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for stage in report.stages.iter().filter(|stage| stage.outcome == StageOutcome::Skipped) {
        match reasons.iter_mut().find(|(reason, _)| *reason == stage.told) {
            Some((_, names)) => names.push(&stage.name),
            None => reasons.push((&stage.told, vec![&stage.name])),
        }
    }
    let line =
        |(reason, names): (&str, Vec<&str>)| format!("not run: {} ({reason})", names.join(", "));
    reasons.into_iter().map(line).collect()
}

/// One line about a stage.
#[must_use]
pub fn line(stage: &StageResult) -> String {
    let took = stage.took.map(|took| format!(" in {}", latency(took))).unwrap_or_default();
    format!("{} {}{took}: {}", stage.name, stage.outcome.as_str(), stage.told)
}

#[must_use]
pub(crate) fn document(report: &SmokeReport) -> SmokeDocument<'_> {
    SmokeDocument {
        profile: &report.subject.profile,
        environment: &report.subject.environment,
        base_url: &report.subject.base_url,
        key: report.subject.key.as_deref(),
        contract: report.subject.contract,
        began: amounts::time(report.began),
        seconds: seconds(report.took),
        budget: report.budget.map(json::credits),
        estimate: report.estimate.map(json::credits),
        verdict: VerdictDocument {
            word: report.verdict.word,
            told: &report.verdict.told,
            next: report.verdict.next.as_deref(),
            exit_code: report.verdict.class.code(),
        },
        passed: report.count(StageOutcome::Passed),
        warned: report.count(StageOutcome::Warned),
        failed: report.count(StageOutcome::Failed),
        skipped: report.count(StageOutcome::Skipped),
        drift: &report.drift,
        stages: report.stages.iter().map(stage).collect(),
    }
}

fn stage(result: &StageResult) -> StageDocument<'_> {
    let measures = result.measures.iter();
    StageDocument {
        name: &result.name,
        stage: result.stage.as_str(),
        outcome: result.outcome.as_str(),
        cause: result.cause.map(StageFailure::as_str),
        seconds: result.took.map(seconds),
        budget_seconds: result.budget.map(seconds),
        told: &result.told,
        details: &result.details,
        steps: result.steps.iter().map(|(name, took)| (*name, seconds(*took))).collect(),
        measures: measures.map(|measure| (measure.name, rounded(measure.value))).collect(),
        job: result.job.as_ref().map(|job| job.0.as_str()),
        request_id: result.request_id.as_deref(),
        next: result.next.as_deref(),
    }
}

fn seconds(took: Duration) -> f64 {
    rounded(took.as_secs_f64())
}

/// Rounded to thousandths.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Job and request IDs for support, unless the text already contains them.
fn names(stage: &StageResult) -> Vec<String> {
    let job = stage.job.as_ref().map(|job| format!("job {}", job.0));
    let request = stage.request_id.as_ref().map(|id| format!("request {id}"));
    let told = |name: &String| stage.told.contains(name.as_str());
    job.into_iter().chain(request).filter(|name| !told(name)).collect()
}

/// The result of a stage as lines: text, details, IDs, next command.
pub(crate) fn lines(stage: &StageResult) -> Vec<String> {
    let mut lines = vec![escaped(&stage.told)];
    lines.extend(stage.details.iter().map(|detail| escaped(detail)));
    lines.extend(names(stage).iter().map(|name| escaped(name)));
    lines.extend(stage.next.as_ref().map(|next| format!("next: {}", escaped(next))));
    lines
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::smoke::{SmokeStage, SmokeVerdict};
    use crate::model::{Credits, ExitClass, JobId, Timestamp};
    use crate::output::Painter;

    /// A report with one stage of every outcome, and hostile foreign text.
    pub(crate) fn report() -> SmokeReport {
        let mut passed = StageResult::passed(SmokeStage::Health, "healthy");
        passed.took = Some(Duration::from_millis(1_234));
        passed.budget = Some(Duration::from_secs(3));
        let mut warned = StageResult::passed(SmokeStage::Tls, "the certificate is accepted");
        warned.warn("1 call had to be repeated");
        let mut failed = StageResult::failed(
            SmokeStage::Success,
            StageFailure::Job,
            "bad\x1b[2J | <b>\n::error::x",
        );
        failed.job = Some(JobId("j-1".to_owned()));
        failed.request_id = Some("r-1".to_owned());
        failed.steps = vec![("uploading", Duration::from_millis(100))];
        failed.measure("subject_kept", 0.987_654);
        let skipped = StageResult::skipped(SmokeStage::Burst, "not # asked for");
        SmokeReport {
            subject: SmokeTarget {
                profile: "prod".to_owned(),
                environment: "prod".to_owned(),
                base_url: "https://api.example/".to_owned(),
                key: Some("0a1b".to_owned()),
                contract: "v1",
            },
            began: Timestamp(1_767_225_600_000),
            took: Duration::from_secs(9),
            budget: Some(Credits(5.0)),
            estimate: Some(Credits(2.0)),
            drift: vec!["not in the contract: job.x".to_owned()],
            stages: vec![passed, warned, failed, skipped],
            verdict: SmokeVerdict {
                class: ExitClass::Job,
                word: "job",
                told: "the job failed at the service: success".to_owned(),
                next: Some("rbgv status j-1".to_owned()),
            },
        }
    }

    #[test]
    fn the_table_tells_at_a_glance_and_nothing_in_it_moves_the_cursor() {
        let report = report();
        let text = table(&report.stages).render(None, Painter(false));
        for (word, stage) in [("ok", "health"), ("warn", "tls"), ("FAIL", "success")] {
            let row = text.lines().find(|line| line.contains(stage)).unwrap();
            assert!(row.starts_with(word), "{row}");
        }
        assert!(!text.contains('\x1b') && text.contains("; job j-1; request r-1"), "{text}");
        let mut repeated = report.clone();
        repeated.stages[2].told = "bad (job j-1, request r-1)".to_owned();
        assert_eq!(table(&repeated.stages).render(None, Painter(false)).matches("r-1").count(), 1);
        assert!(
            heading(&report.subject).starts_with("profile prod (prod) at https://api.example/")
        );
        assert!(!text.contains("burst"), "{text}");
        let closing = closing(&report).join("\n");
        assert!(closing.starts_with("not run: burst (not # asked for)\n"), "{closing}");
        assert!(closing.contains("job.x") && closing.contains("next: rbgv status j-1"));
    }

    #[test]
    fn the_document_has_every_key_of_every_stage() {
        let document = serde_json::json!(document(&report()));
        assert_eq!(document["verdict"]["exit_code"], 6);
        assert_eq!(document["began"], "2026-01-01 00:00:00Z");
        let stages = document["stages"].as_array().unwrap();
        assert_eq!(stages[2]["measures"]["subject_kept"], 0.988);
        assert_eq!(stages[2]["steps"]["uploading"], 0.1);
        let keys = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert!(stages.iter().all(|stage| keys(stage) == keys(&stages[0])));
    }
}
