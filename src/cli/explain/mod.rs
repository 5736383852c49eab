//! `rbgv explain`: what a code means and what to do, offline. The words are in `entries`.

mod entries;
mod states;

use serde_json::json;

use entries::{API, EXITS, KINDS, STATUSES};
use states::{AUDIT, ITEMS, JOBS, PHASES, REFUSALS};

use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{Printer, Table};

/// Say what a code means and what to do
///
/// Knows the API's error codes, HTTP statuses, exit codes, the kinds of failure and the states that
/// rbgv names, the findings of usage --reconcile, and why listen refuses a webhook. Needs no network
/// and no configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An error code, an HTTP status, an exit code or a state; without one, all are listed
    #[arg(value_name = "CODE")]
    code: Vec<String>,
}

/// What is known of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    code: &'static str,
    means: &'static str,
    action: &'static str,
}

/// Entries of one sort, with the name of the sort: for people, and for JSON.
type Shelf = (&'static str, &'static str, &'static [Entry]);

/// Everything that can be explained.
const SHELVES: [Shelf; 9] = [
    ("exit code", "exit_code", EXITS),
    ("API error code", "api_code", API),
    ("HTTP status", "http_status", STATUSES),
    ("kind of failure", "failure_kind", KINDS),
    ("state of an input", "item_state", ITEMS),
    ("state in the ledger", "phase", PHASES),
    ("state of a job", "job_status", JOBS),
    ("finding of usage --reconcile", "difference", AUDIT),
    ("refusal of a webhook", "refusal", REFUSALS),
];

pub(super) fn run(args: &Args, printer: &Printer) -> Result<ExitClass, Failure> {
    let asked = args.code.join(" ");
    let found: Vec<(Shelf, Entry)> = if args.code.is_empty() {
        every_entry().collect()
    } else {
        let code = normal(&asked);
        every_entry().filter(|(_, entry)| entry.code == code).collect()
    };
    if found.is_empty() {
        return Err(unknown(&asked));
    }
    if printer.style().json {
        let entries: Vec<_> = found
            .iter()
            .map(|((_, sort, _), entry)| {
                json!({
                    "code": entry.code,
                    "sort": sort,
                    "means": entry.means,
                    "action": entry.action,
                })
            })
            .collect();
        printer.json(&entries.into());
    } else if args.code.is_empty() {
        let mut table = Table::new(["code", "what it is", "what it means"]);
        for ((sort, ..), entry) in found {
            table.row([entry.code, sort, entry.means]);
        }
        printer.table(&table);
    } else {
        for ((sort, ..), entry) in found {
            printer.data(&format!("{} ({sort})", entry.code));
            printer.data(&format!("  means: {}", entry.means));
            printer.data(&format!("  do:    {}", entry.action));
        }
    }
    Ok(ExitClass::Done)
}

fn every_entry() -> impl Iterator<Item = (Shelf, Entry)> {
    SHELVES.into_iter().flat_map(|shelf| shelf.2.iter().map(move |entry| (shelf, *entry)))
}

/// A code as the tables write it: `HTTP 503`, `exit code 5` and `Rate-Limited` are understood.
fn normal(asked: &str) -> String {
    let quotes = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '.' | ':');
    let mut code = asked.trim_matches(quotes).to_lowercase().replace([' ', '-'], "_");
    // As webhooks name a state.
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

fn unknown(asked: &str) -> Failure {
    let code = normal(asked);
    let number = code.parse::<u32>().is_ok();
    let near = every_entry()
        .filter(|_| !number)
        .map(|(_, entry)| (strsim::jaro_winkler(&code, entry.code), entry.code))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    let failure = |why: String| Failure::new(FailureKind::Usage, format!("explain {asked}"), why);
    match near {
        Some((_, near)) => failure(format!("no such code is known; the nearest is '{near}'"))
            .with_next(format!("rbgv explain {near}")),
        None => failure("no such code is known; without one, all are listed".to_owned())
            .with_next("rbgv explain"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::webhook::Refusal;
    use crate::flow::reconcile::Wrong;
    use crate::ledger::{EntryState, Phase};
    use crate::model::JobStatus;
    use crate::output::{Capture, Streams, Style};

    fn printer() -> (Printer, Capture) {
        let (streams, stdout, _) = Streams::captured();
        (Printer::new(Style::default(), streams), stdout)
    }

    #[track_caller]
    fn holds(shelf: &[Entry], codes: impl IntoIterator<Item = String>) {
        for code in codes {
            assert!(shelf.iter().any(|entry| entry.code == code), "nothing explains {code}");
        }
    }

    #[test]
    fn everything_that_we_name_is_explained() {
        holds(KINDS, FailureKind::ALL.map(|kind| kind.as_str().to_owned()));
        let classes = FailureKind::ALL.map(FailureKind::exit_class);
        holds(EXITS, classes.map(|class| class.code().to_string()));
        holds(EXITS, (0..=11).chain([130]).map(|code: u8| code.to_string()));
        holds(PHASES, Phase::ALL.map(|phase| phase.as_str().to_owned()));
        holds(ITEMS, EntryState::ALL.map(|state| state.as_str().to_owned()));
        let statuses = [
            JobStatus::Created,
            JobStatus::Pending,
            JobStatus::Processing,
            JobStatus::Completed,
            JobStatus::Failed,
        ];
        holds(JOBS, statuses.map(|status| status.as_str().to_owned()));
        let refusals = [
            Refusal::Unsigned,
            Refusal::MalformedSignature,
            Refusal::WrongSignature,
            Refusal::NoTimestamp,
            Refusal::UnreadableTimestamp,
            Refusal::TooOld(Duration::ZERO),
            Refusal::FromTheFuture(Duration::ZERO),
            Refusal::NoDeliveryId,
            Refusal::UnreadableBody(String::new()),
        ];
        holds(REFUSALS, refusals.iter().map(|refusal| refusal.as_str().to_owned()));
        holds(REFUSALS, crate::listen::REASONS.map(ToOwned::to_owned));
        holds(AUDIT, Wrong::ALL.map(|wrong| wrong.as_str().to_owned()));
    }

    #[test]
    fn every_code_of_the_contract_is_explained() {
        let codes = [
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
        ];
        holds(API, codes.map(ToOwned::to_owned));
        let statuses = [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504];
        holds(STATUSES, statuses.map(|status| status.to_string()));
    }

    #[test]
    fn no_entry_stands_twice_or_is_empty() {
        for (sort, _, shelf) in SHELVES {
            let mut codes: Vec<_> = shelf.iter().map(|entry| entry.code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), shelf.len(), "{sort}");
            for entry in shelf {
                assert!(!entry.means.is_empty() && !entry.action.is_empty(), "{}", entry.code);
                assert_eq!(normal(entry.code), entry.code);
            }
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
        assert!(run(&args("§§§"), &printer).unwrap_err().why.contains("no such code"));
        // A number that only looks like one that is known is no likeness.
        let failure = run(&args("418"), &printer).unwrap_err();
        assert_eq!(failure.next.as_deref(), Some("rbgv explain"), "{failure}");
    }
}
