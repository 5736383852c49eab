//! `rbgv explain`: explains codes offline. The texts are in `codes.toml`.

use serde::Deserialize;

use crate::model::text::nearest;
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::CodeLine;
use crate::output::{Printer, Table};

/// Explain an exit code, error code or status
///
/// Covers exit codes, API error codes, HTTP statuses, failure kinds, states, findings of usage
/// --reconcile, and reasons why listen rejects a webhook. Works offline and without configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Error code, HTTP status, exit code or state [default: list all]
    #[arg(value_name = "CODE")]
    code: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    section: Vec<Section>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Title for people.
    name: String,
    /// `sort` in JSON.
    sort: String,
    entries: Vec<CodeEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeEntry {
    code: String,
    means: String,
    action: String,
}

impl Codes {
    fn read() -> Result<Self, Failure> {
        toml::from_str(include_str!("codes.toml"))
            .map_err(|error| Failure::local("reading the explanations", &error))
    }

    fn entries(&self) -> impl Iterator<Item = (&Section, &CodeEntry)> {
        self.section
            .iter()
            .flat_map(|section| section.entries.iter().map(move |entry| (section, entry)))
    }

    fn unknown(&self, asked: &str) -> Failure {
        let code = normal(asked);
        let number = code.parse::<u32>().is_ok();
        let codes = self.entries().map(|(_, entry)| entry.code.as_str());
        let failure = |why: String| Failure::usage(format!("explain {asked}"), why);
        match nearest(&code, codes.filter(|_| !number)) {
            Some(near) => failure(format!("unknown code; did you mean '{near}'?"))
                .with_next(format!("rbgv explain {near}")),
            None => failure("unknown code".to_owned()).with_next("rbgv explain"),
        }
    }
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<ExitClass, Failure> {
    let codes = Codes::read()?;
    let asked = args.code.join(" ");
    let code = normal(&asked);
    let found: Vec<_> =
        codes.entries().filter(|(_, entry)| args.code.is_empty() || entry.code == code).collect();
    if found.is_empty() {
        return Err(codes.unknown(&asked));
    }
    if printer.style().json {
        let entries: Vec<_> = found
            .iter()
            .map(|(section, entry)| CodeLine {
                code: &entry.code,
                sort: &section.sort,
                means: &entry.means,
                action: &entry.action,
            })
            .collect();
        printer.document(&entries);
    } else if args.code.is_empty() {
        let mut table = Table::new(["code", "type", "meaning"]).words([2]).drops([1]);
        for (section, entry) in found {
            table.row([entry.code.as_str(), &section.name, &entry.means]);
        }
        printer.table(&table);
    } else {
        for (section, entry) in found {
            let mut table = Table::new([entry.code.as_str(), &section.name]).words([1]);
            table.row(["meaning", entry.means.as_str()]);
            table.row(["to do", entry.action.as_str()]);
            printer.table(&table);
        }
    }
    Ok(ExitClass::Done)
}

/// A code in the form of `codes.toml`; accepts `HTTP 503`, `exit code 5` and `Rate-Limited`.
fn normal(asked: &str) -> String {
    let quotes = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '.' | ':');
    let mut code = asked.trim_matches(quotes).to_lowercase().replace([' ', '-'], "_");
    // The form used in webhooks.
    if let Some(state) = code.strip_prefix("job.") {
        code = state.to_owned();
    }
    for prefix in ["http_status_", "http_", "exit_code_", "exit_", "status_", "code_"] {
        if let Some(number) = code.strip_prefix(prefix).filter(|rest| rest.parse::<u16>().is_ok()) {
            code = number.to_owned();
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit::Mismatch;
    use crate::client::webhook::WebhookError;
    use crate::ledger::{AttemptStatus, InputState};
    use crate::model::{FailureKind, JobStatus};
    use crate::output::{Capture, Streams, Style};

    fn printer() -> (Printer, Capture) {
        let (streams, stdout, _) = Streams::captured();
        (Printer::new(Style::default(), streams), stdout)
    }

    /// The codes of a section, in order.
    fn codes(sort: &str) -> Vec<String> {
        let codes = Codes::read().unwrap();
        let section = codes.section.into_iter().find(|section| section.sort == sort).unwrap();
        section.entries.into_iter().map(|entry| entry.code).collect()
    }

    /// The section has one entry for each of these codes, and no other.
    #[track_caller]
    fn holds_just(sort: &str, expected: impl IntoIterator<Item = String>) {
        let (mut kept, mut expected) = (codes(sort), Vec::from_iter(expected));
        kept.sort_unstable();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(kept, expected, "{sort}");
    }

    #[test]
    fn everything_that_we_name_is_explained_once() {
        holds_just("failure_kind", FailureKind::ALL.iter().map(|kind| kind.as_str().to_owned()));
        let classes = FailureKind::ALL.iter().map(|kind| kind.exit_class().code());
        let exits = classes.into_iter().chain(0..=11).chain([130]);
        holds_just("exit_code", exits.map(|code| code.to_string()));
        holds_just("phase", AttemptStatus::ALL.iter().map(|phase| phase.as_str().to_owned()));
        holds_just("item_state", InputState::ALL.iter().map(|state| state.as_str().to_owned()));
        let statuses = [
            JobStatus::Created,
            JobStatus::Pending,
            JobStatus::Processing,
            JobStatus::Completed,
            JobStatus::Failed,
        ];
        holds_just("job_status", statuses.map(|status| status.as_str().to_owned()));
        let refusals = [
            WebhookError::Unsigned,
            WebhookError::MalformedSignature,
            WebhookError::WrongSignature,
            WebhookError::NoTimestamp,
            WebhookError::UnreadableTimestamp,
            WebhookError::TooOld(Duration::ZERO),
            WebhookError::FromTheFuture(Duration::ZERO),
            WebhookError::NoDeliveryId,
            WebhookError::UnreadableBody(String::new()),
        ];
        let refusals = refusals.iter().map(WebhookError::as_str).chain(crate::listen::REASONS);
        holds_just("refusal", refusals.map(ToOwned::to_owned));
        holds_just("difference", Mismatch::ALL.iter().map(|wrong| wrong.as_str().to_owned()));
    }

    #[test]
    fn every_code_of_the_contract_is_explained_once() {
        let names = [
            "invalid_request",
            "missing_api_key",
            "invalid_api_key",
            "insufficient_credits",
            "not_found",
            "job_not_found",
            "rate_limited",
            "internal_error",
            "timeout",
            "processing_failed",
            "invalid_file_type",
            "file_too_large",
            "conflict",
        ];
        holds_just("api_code", names.map(ToOwned::to_owned));
        let statuses = codes("http_status");
        for status in [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504] {
            let of_status = statuses.iter().filter(|code| **code == status.to_string());
            assert_eq!(of_status.count(), 1, "{status}");
        }
    }

    #[test]
    fn entries_are_complete_and_found_by_their_code() {
        let codes = Codes::read().unwrap();
        assert_eq!(codes.section.len(), 9);
        for section in &codes.section {
            assert!(!section.name.is_empty() && !section.entries.is_empty(), "{}", section.sort);
        }
        for (_, entry) in codes.entries() {
            assert!(!entry.means.is_empty() && !entry.action.is_empty(), "{}", entry.code);
            assert_eq!(normal(&entry.code), entry.code);
        }
    }

    #[test]
    fn codes_are_understood_as_people_write_them() {
        for (asked, code) in [
            ("HTTP 503", "503"),
            ("exit code 5", "5"),
            ("exit 130", "130"),
            ("Rate-Limited", "rate_limited"),
            (" Job not found ", "job_not_found"),
            ("Processing failed", "processing_failed"),
            ("Invalid file type", "invalid_file_type"),
            ("\"rate_limited\"", "rate_limited"),
            ("job.completed", "completed"),
        ] {
            assert_eq!(normal(asked), code);
        }
    }

    #[test]
    fn an_unknown_code_names_the_nearest() {
        let (printer, stdout) = printer();
        let args = |code: &str| Args { code: vec![code.to_owned()] };
        assert_eq!(run(&args("429"), &printer), Ok(ExitClass::Done));
        assert!(stdout.text().contains("Retry-After"), "{}", stdout.text());
        let failure = run(&args("rate_limitd"), &printer).unwrap_err();
        assert_eq!(failure.kind.exit_class(), ExitClass::Usage);
        assert_eq!(failure.next.as_deref(), Some("rbgv explain rate_limited"));
        assert!(run(&args("§§§"), &printer).unwrap_err().why.contains("unknown code"));
        // A number that resembles a known one is not suggested.
        let failure = run(&args("418"), &printer).unwrap_err();
        assert_eq!(failure.next.as_deref(), Some("rbgv explain"), "{failure}");
    }
}
