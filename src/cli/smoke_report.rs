//! Where the result of a smoke test goes: the terminal, files, and the CI system that runs it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::session::{Session, absolute};
use crate::flow::smoke::{self, Found};
use crate::model::smoke::{Report, StageResult, Subject};
use crate::model::{Credits, Event, ExitClass, Failure, FailureKind, Instant, Observer, Timestamp};
use crate::output::{github, junit, smoke as told, tap};

/// In which forms the result is wanted.
pub(super) struct Forms {
    tap: bool,
    junit: Option<PathBuf>,
    json: bool,
}

/// Hears nothing: a smoke test tells what happened itself.
pub(super) struct Unheard;

impl Observer for Unheard {
    fn observe(&self, _: &Event) {}
}

impl Forms {
    /// Empties the file for JUnit: what an earlier run left there must not pass for the result of
    /// one that never got so far.
    ///
    /// # Errors
    /// Two forms want the same stream, or the file cannot be written.
    pub(super) fn new(tap: bool, junit: Option<&Path>, session: &Session) -> Result<Self, Failure> {
        let json = session.printer.style().json;
        if tap && json {
            let why = "standard output takes either of them";
            return Err(Failure::new(FailureKind::Usage, "--tap with --json", why));
        }
        let junit = junit.map(|file| absolute(&session.env, file));
        if let Some(file) = &junit {
            std::fs::File::create(file).map_err(|error| unwritable(file, &error))?;
        }
        Ok(Self { tap, junit, json })
    }

    fn for_people(&self) -> bool {
        !self.tap && !self.json
    }

    /// Profile and host, before anything is sent.
    pub(super) fn begin(&self, session: &Session, subject: &Subject) {
        if self.for_people() {
            session.printer.data(&told::heading(subject));
        }
    }

    /// A remark for those who watch.
    pub(super) fn note(&self, session: &Session, text: &str) {
        let style = session.printer.style();
        if self.for_people() && (style.bars || style.verbose > 0) {
            session.printer.note(text);
        }
    }

    /// A stage that ended, for those who want to know at once.
    pub(super) fn ended(&self, session: &Session, result: &StageResult) {
        if self.for_people() && session.printer.style().verbose > 0 {
            session.printer.note(&told::line(result));
        }
    }
}

/// Judges what was found, and tells it in every form that is wanted. A form that cannot be written
/// is one more thing that went wrong.
pub(super) fn finish(
    session: &Session,
    forms: &Forms,
    subject: Subject,
    began: (Instant, Timestamp),
    budget: Option<Credits>,
    found: Found,
) -> ExitClass {
    let report = Report {
        subject,
        began: began.1,
        took: session.env.clock.now().since(began.0),
        budget,
        estimate: found.estimate,
        drift: found.drift,
        verdict: smoke::judge(&found.stages),
        stages: found.stages,
    };
    let printer = &session.printer;
    if forms.json {
        printer.json(&told::document(&report));
    } else if forms.tap {
        for line in tap(&report).lines() {
            printer.data(line);
        }
    } else {
        printer.table(&told::table(&report));
        for line in told::closing(&report) {
            printer.data(&line);
        }
    }
    let told = tell_runner(session, &report);
    let written = forms.junit.as_deref().map_or(Ok(()), |file| {
        let text = junit(&report)?;
        std::fs::write(file, text).map_err(|error| unwritable(file, &error))
    });
    let mut classes = vec![report.verdict.class];
    for failure in [told, written].into_iter().filter_map(Result::err) {
        printer.failure(&failure);
        classes.push(failure.kind.exit_class());
    }
    ExitClass::combine(classes, false)
}

/// Annotations, summary and outputs, where GitHub Actions runs us.
fn tell_runner(session: &Session, report: &Report) -> Result<(), Failure> {
    let env = &session.env;
    if env.var("GITHUB_ACTIONS") != Some("true") {
        return Ok(());
    }
    for annotation in github::annotations(report) {
        session.printer.stderr_line(&annotation);
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
