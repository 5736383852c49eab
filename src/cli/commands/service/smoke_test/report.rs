//! Writes the result of a smoke test to the terminal, to files, and to the CI system.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::files::{absolute, unwritable};
use crate::env::Env;
use crate::model::smoke::{
    SmokeReport, SmokeStage, SmokeTarget, SmokeVerdict, StageFailure, StageOutcome, StageResult,
};
use crate::model::{Credits, ExitClass, Failure, Instant, Timestamp};
use crate::output::{
    Printer, Stages,
    formats::{github, smoke_table},
    junit,
};
use crate::smoke::{self, SmokeFindings};

/// The requested formats.
pub(crate) struct ReportFormats {
    junit: Option<PathBuf>,
    json: bool,
    stages: Stages,
    /// Columns of the longest name of a stage.
    widest: usize,
}

impl ReportFormats {
    pub(crate) fn new(junit: Option<&Path>, env: &Env, printer: &Printer) -> Self {
        let junit = junit.map(|file| absolute(env, file));
        Self { junit, json: printer.style().json, stages: printer.stages(), widest: 0 }
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
        let written = [report_to_runner(env, printer, &report), self.write_junit(&report)];
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
            app.printer.prose(&smoke_table::heading(subject));
        }
    }

    /// The names of all stages, which are shown in columns.
    pub(crate) fn expect<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.widest = names.into_iter().map(str::len).max().unwrap_or(0);
    }

    /// Shows that the stage `name` runs.
    pub(crate) fn started(&self, name: &str) {
        self.stages.begin(name);
    }

    /// Shows a result of the stage `name`: on a terminal as a row, with `-v` as a note.
    pub(crate) fn ended(&self, app: &AppContext, name: &str, result: &StageResult) {
        if result.outcome == StageOutcome::Skipped {
            self.stages.end(name, None);
            return;
        }
        self.stages.end(name, Some(&smoke_table::table([result]).at_least(1, self.widest)));
        if !self.json && app.printer.style().verbose > 0 {
            app.printer.note(&smoke_table::line(result));
        }
    }
}

/// Writes the report in every requested format. A format that cannot be written is a failure, too.
pub(crate) fn finish(
    app: &AppContext,
    formats: &ReportFormats,
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
    if formats.json {
        printer.document(&smoke_table::document(&report));
    } else {
        if !formats.stages.is_live() {
            printer.table(&smoke_table::table(&report.stages));
        }
        for line in smoke_table::closing(&report) {
            if line.starts_with("next: ") {
                printer.data(&printer.with_flags(&line));
            } else {
                printer.prose(&line);
            }
        }
    }
    let reported = report_to_runner(&app.env, printer, &report);
    let written = formats.write_junit(&report);
    let mut classes = vec![report.verdict.class];
    for failure in [reported, written].into_iter().filter_map(Result::err) {
        printer.failure(&failure);
        classes.push(failure.kind.exit_class());
    }
    ExitClass::combine(classes, false)
}

/// Annotations, summary and outputs for GitHub Actions.
fn report_to_runner(env: &Env, printer: &Printer, report: &SmokeReport) -> Result<(), Failure> {
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
