//! A smoke test in the Test Anything Protocol, version 14.

use std::fmt::Write as _;

use super::smoke;
use crate::model::smoke::{Outcome, Report, StageResult};
use crate::model::text::escaped;

/// The lines of the protocol.
#[must_use]
pub fn tap(report: &Report) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", report.stages.len());
    for heading in std::iter::once(smoke::heading(&report.subject)).chain(smoke::closing(report)) {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "# {}", escaped(&heading));
    }
    for (at, stage) in report.stages.iter().enumerate() {
        point(&mut text, at + 1, stage);
    }
    text.truncate(text.trim_end().len());
    text
}

fn point(text: &mut String, number: usize, stage: &StageResult) {
    let ok = if stage.outcome == Outcome::Failed { "not ok" } else { "ok" };
    let _ = write!(text, "{ok} {number} - {}", described(&stage.name));
    if stage.outcome == Outcome::Skipped {
        let _ = writeln!(text, " # SKIP {}", described(&stage.told));
        return;
    }
    let _ = writeln!(text, "\n  ---");
    let mut lines = smoke::lines(stage).into_iter();
    let _ = writeln!(text, "  message: {}", quoted(&lines.next().unwrap_or_default()));
    let _ = writeln!(text, "  severity: {}", stage.outcome.as_str());
    if let Some(cause) = stage.cause {
        let _ = writeln!(text, "  cause: {}", cause.as_str());
    }
    if let Some(took) = stage.took {
        let _ = writeln!(text, "  duration_ms: {}", took.as_millis());
    }
    let rest: Vec<String> = lines.map(|line| format!("    - {}\n", quoted(&line))).collect();
    if !rest.is_empty() {
        let _ = write!(text, "  details:\n{}", rest.concat());
    }
    let _ = writeln!(text, "  ...");
}

/// A number sign begins a directive unless it is escaped.
fn described(text: &str) -> String {
    escaped(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A string of JSON is a string of YAML, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_a_point_with_its_details_as_yaml() {
        let text = tap(&smoke::tests::report());
        let points: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
            .collect();
        assert_eq!(
            points,
            [
                "ok 1 - health",
                "ok 2 - tls",
                "not ok 3 - success",
                "ok 4 - burst # SKIP not \\# asked for",
            ]
        );
        assert!(text.starts_with("TAP version 14\n1..4\n# profile prod"));
        assert!(!text.contains('\x1b'));
        for block in text.split("  ---\n").skip(1) {
            let yaml = block.split("  ...").next().unwrap();
            let read = yaml_rust2::YamlLoader::load_from_str(yaml).unwrap();
            assert!(read[0]["message"].as_str().is_some(), "{yaml}");
        }
    }
}
