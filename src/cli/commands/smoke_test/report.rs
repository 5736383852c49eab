//! Writes the result of a smoke test to the terminal, to files, and to the CI system.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::env::Env;
use crate::model::smoke::{
    SmokeReport, SmokeStage, SmokeTarget, SmokeVerdict, StageFailure, StageResult,
};
use crate::model::{Credits, Event, ExitClass, Failure, Instant, Observer, Timestamp};
use crate::output::{
    Printer,
    formats::{github, smoke_table as told},
    junit,
};
use crate::smoke::{self, SmokeFindings};

/// The requested formats.
pub(crate) struct ReportFormats {
    junit: Option<PathBuf>,
    json: bool,
}

/// Ignores events: a smoke test reports its results itself.
pub(crate) struct NullObserver;

impl Observer for NullObserver {
    fn observe(&self, _: &Event) {}
}

impl ReportFormats {
    pub(crate) fn new(junit: Option<&Path>, env: &Env, printer: &Printer) -> Self {
        let junit = junit.map(|file| absolute(env, file));
        Self { junit, json: printer.style().json }
    }

    /// Empties the JUnit file, so that an earlier result cannot be mistaken for this one.
    pub(crate) fn prepare(&self) -> Result<(), Failure> {
        if let Some(file) = &self.junit {
            std::fs::File::create(file).map_err(|error| unwritable(file, &error))?;
        }
        Ok(())
    }

    /// Writes the report of a smoke test that failed before its stages, so that a pipeline does not
    /// mistake a missing report for a success. On the terminal and in JSON, the failure is printed.
    pub(crate) fn refused(
        &self,
        env: &Env,
        printer: &Printer,
        subject: SmokeTarget,
        failure: &Failure,
    ) {
        let stage = StageResult::of_failure(SmokeStage::Setup, failure);
        let report = SmokeReport {
            subject,
            began: env.clock.wall(),
            took: Duration::ZERO,
            budget: None,
            estimate: None,
            drift: Vec::new(),
            verdict: SmokeVerdict {
                class: failure.kind.exit_class(),
                word: StageFailure::of(failure.kind).as_str(),
                told: format!("no stage was run: {failure}"),
                next: failure.next.clone(),
            },
            stages: vec![stage],
        };
        let written = [tell_runner(env, printer, &report), self.write_junit(&report)];
        for unwritten in written.into_iter().filter_map(Result::err) {
            if unwritten != *failure {
                printer.failure(&unwritten);
            }
        }
    }

    fn write_junit(&self, report: &SmokeReport) -> Result<(), Failure> {
        let Some(file) = &self.junit else { return Ok(()) };
        std::fs::write(file, junit(report)?).map_err(|error| unwritable(file, &error))
    }

    /// Prints profile and host, before anything is sent.
    pub(crate) fn begin(&self, app: &AppContext, subject: &SmokeTarget) {
        if !self.json {
            app.printer.data(&told::heading(subject));
        }
    }

    /// A note for a watching user.
    pub(crate) fn note(&self, app: &AppContext, text: &str) {
        let style = app.printer.style();
        if !self.json && (style.bars || style.verbose > 0) {
            app.printer.note(text);
        }
    }

    /// A finished stage, with `-v`.
    pub(crate) fn ended(&self, app: &AppContext, result: &StageResult) {
        if !self.json && app.printer.style().verbose > 0 {
            app.printer.note(&told::line(result));
        }
    }
}

/// Writes the report in every requested format. A format that cannot be written is a failure, too.
pub(crate) fn finish(
    app: &AppContext,
    forms: &ReportFormats,
    subject: SmokeTarget,
    began: (Instant, Timestamp),
    budget: Option<Credits>,
    found: SmokeFindings,
) -> ExitClass {
    let report = SmokeReport {
        subject,
        began: began.1,
        took: app.env.clock.now().since(began.0),
        budget,
        estimate: found.estimate,
        drift: found.drift,
        verdict: smoke::judge(&found.stages),
        stages: found.stages,
    };
    let printer = &app.printer;
    if forms.json {
        printer.json(&told::document(&report));
    } else {
        printer.table(&told::table(&report));
        for line in told::closing(&report) {
            printer.data(&line);
        }
    }
    let told = tell_runner(&app.env, printer, &report);
    let written = forms.write_junit(&report);
    let mut classes = vec![report.verdict.class];
    for failure in [told, written].into_iter().filter_map(Result::err) {
        printer.failure(&failure);
        classes.push(failure.kind.exit_class());
    }
    ExitClass::combine(classes, false)
}

/// Annotations, summary and outputs for GitHub Actions.
fn tell_runner(env: &Env, printer: &Printer, report: &SmokeReport) -> Result<(), Failure> {
    if env.var("GITHUB_ACTIONS") != Some("true") {
        return Ok(());
    }
    for annotation in github::annotations(report) {
        printer.stderr_line(&annotation);
    }
    let files = [
        ("GITHUB_STEP_SUMMARY", github::summary(report)),
        ("GITHUB_OUTPUT", github::outputs(report)),
    ];
    for (variable, text) in files {
        let Some(file) = env.var(variable).map(Path::new) else { continue };
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| unwritable(file, &error))?;
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::local(format!("writing {}", path.display()), error)
}
