//! The report of a smoke test for GitHub Actions: annotations, step summary, outputs. Text of the
//! service is escaped, so that it cannot act as a command or markup.

use std::fmt::Write as _;

use super::smoke_table;
use crate::model::smoke::{SmokeReport, StageOutcome};
use crate::model::text::escaped;

/// Commands to the runner: an error for each failed stage, a warning for each stage with a warning.
#[must_use]
pub fn annotations(report: &SmokeReport) -> Vec<String> {
    let annotated = report.stages.iter().filter_map(|stage| {
        let level = match stage.outcome {
            StageOutcome::Failed => "error",
            StageOutcome::Warned => "warning",
            StageOutcome::Passed | StageOutcome::Skipped => return None,
        };
        let title = property(&format!("smoke-test {}", escaped(&stage.name)));
        Some(format!("::{level} title={title}::{}", message(&smoke_table::lines(stage).join("\n"))))
    });
    annotated.collect()
}

/// Markdown for `GITHUB_STEP_SUMMARY`.
#[must_use]
pub fn summary(report: &SmokeReport) -> String {
    let mut text = format!("### rbgv smoke-test: {}\n\n", plain(&report.verdict.told));
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "{}\n", plain(&smoke_table::heading(&report.subject)));
    text.push_str("| | stage | time | result |\n|---|---|---:|---|\n");
    for stage in report.stages.iter().filter(|stage| stage.outcome != StageOutcome::Skipped) {
        let mark = match stage.outcome {
            StageOutcome::Passed => ":white_check_mark:",
            StageOutcome::Warned => ":warning:",
            StageOutcome::Failed => ":x:",
            StageOutcome::Skipped => ":heavy_minus_sign:",
        };
        let took = stage.took.map(smoke_table::latency).unwrap_or_default();
        let found: Vec<String> = smoke_table::lines(stage).iter().map(|line| plain(line)).collect();
        let _ =
            writeln!(text, "| {mark} | {} | {took} | {} |", plain(&stage.name), found.join("<br>"));
    }
    let differs =
        report.drift.iter().map(|line| format!("difference from the API contract: {line}"));
    for line in smoke_table::not_run(report).into_iter().chain(differs) {
        let _ = writeln!(text, "\n- {}", plain(&line));
    }
    if let Some(next) = &report.verdict.next {
        let _ = writeln!(text, "\nNext: {}", plain(next));
    }
    text.push('\n');
    text
}

/// Lines for `GITHUB_OUTPUT`.
#[must_use]
pub fn outputs(report: &SmokeReport) -> String {
    let failed: Vec<String> = report
        .stages
        .iter()
        .filter(|stage| stage.outcome == StageOutcome::Failed)
        .map(|stage| escaped(&stage.name))
        .collect();
    // Escaping keeps each on one line.
    format!(
        "verdict={}\nexit-code={}\nfailed={}\nmessage={}\n",
        report.verdict.word,
        report.verdict.class.code(),
        failed.join(","),
        escaped(&report.verdict.told)
    )
}

/// The text of a command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, which ends at a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text with escaped markup, for a table cell.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in escaped(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '#' | '\\' | '~' | '@' | '!' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_no_command() {
        let commands = annotations(&smoke_table::tests::report());
        assert_eq!(commands.len(), 2);
        assert!(commands[0].starts_with("::warning title=smoke-test tls::"));
        assert!(commands[1].starts_with("::error title=smoke-test success::bad"));
        for command in &commands {
            assert!(!command.contains('\n') && !command.contains('\x1b'), "{command}");
        }
    }

    #[test]
    fn the_summary_is_a_table_that_foreign_text_cannot_break() {
        let text = summary(&smoke_table::tests::report());
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| :")).collect();
        assert_eq!(rows.len(), 3);
        assert!(text.contains("\n- not run: burst (not \\# asked for)\n"), "{text}");
        assert!(
            text.contains("\n- difference from the API contract: not in the contract: job.x\n")
        );
        for row in rows {
            let bars = row.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 5, "{row}");
            assert!(!row.contains("<b>"), "{row}");
        }
    }

    #[test]
    fn outputs_are_a_line_each() {
        let text = outputs(&smoke_table::tests::report());
        assert_eq!(text.lines().count(), 4);
        assert!(text.starts_with("verdict=job\nexit-code=6\nfailed=success\n"));
    }
}
