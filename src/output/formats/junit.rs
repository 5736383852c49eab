//! The report of a smoke test as JUnit XML.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::{amounts, smoke_table};
use crate::model::Failure;
use crate::model::smoke::{SmokeReport, StageOutcome, StageResult};
use crate::model::text::escaped;

pub fn junit(report: &SmokeReport) -> Result<String, Failure> {
    let mut suite = TestSuite::new(format!("smoke-test {}", escaped(&report.subject.profile)));
    suite.set_time(report.took);
    for (name, value) in [
        ("profile", report.subject.profile.as_str()),
        ("environment", &report.subject.environment),
        ("base_url", &report.subject.base_url),
        ("contract", report.subject.contract),
        ("began", &amounts::time(report.began)),
        ("verdict", report.verdict.word),
    ] {
        suite.add_property((name, escaped(value).as_str()));
    }
    for stage in &report.stages {
        suite.add_test_case(case(report, stage));
    }
    let mut document = Document::new("rbgv smoke-test");
    document.set_time(report.took);
    document.add_test_suite(suite);
    document.to_string().map_err(|error| Failure::local("writing JUnit XML", &error))
}

fn case(report: &SmokeReport, stage: &StageResult) -> TestCase {
    let lines = smoke_table::lines(stage);
    let message = lines.first().cloned().unwrap_or_default();
    let mut status = match stage.outcome {
        StageOutcome::Passed | StageOutcome::Warned => TestCaseStatus::success(),
        StageOutcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        StageOutcome::Skipped => TestCaseStatus::skipped(),
    };
    if matches!(stage.outcome, StageOutcome::Failed | StageOutcome::Skipped) {
        status.set_message(message);
    }
    if stage.outcome == StageOutcome::Failed {
        status.set_type(stage.cause.map_or("failed", |cause| cause.as_str()));
        status.set_description(lines.join("\n"));
    }
    let mut case = TestCase::new(escaped(&stage.name), status);
    case.set_classname(format!("rbgv.smoke-test.{}", escaped(&report.subject.profile)));
    if let Some(took) = stage.took {
        case.set_time(took);
    }
    for measure in &stage.measures {
        case.add_property((measure.name, format!("{:.3}", measure.value).as_str()));
    }
    if matches!(stage.outcome, StageOutcome::Passed | StageOutcome::Warned) {
        case.set_system_out(lines.join("\n"));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_a_case_and_the_document_reads_back() {
        let text = junit(&smoke_table::tests::report()).unwrap();
        assert!(!text.contains('\x1b') && text.contains("&lt;b"), "{text}");
        let read = Document::deserialize_from_str(&text).unwrap();
        assert_eq!((read.tests, read.failures), (4, 1));
        let suite = &read.test_suites[0];
        let names: Vec<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["health", "tls", "success", "burst"]);
        assert_eq!(suite.errors, 0);
    }
}
