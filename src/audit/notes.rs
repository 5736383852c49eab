//! Notes on what was compared, and what could not be checked.

use super::events_page::EventPage;
use super::types::AuditInput;
use crate::ledger::AttemptCost;
use crate::model::{Credits, Timestamp};

/// Summary of the answers and the ledger for the period.
pub(crate) fn saw(input: &AuditInput<'_>) -> String {
    let events = &input.events.events;
    let of = input.events.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let times = || events.iter().filter_map(|event| Timestamp::read(event.at.as_deref()?));
    let range = match (times().min(), times().max()) {
        (Some(oldest), Some(newest)) => format!(", from {} to {}", oldest.day(), newest.day()),
        _ => String::new(),
    };
    let used = match input.summary.used() {
        Some(used) => format!("a summary of {used} credits"),
        None => "no summary with credits".to_owned(),
    };
    let attempts = input.attempts.iter().filter(|attempt| attempt.at >= input.since).count();
    format!(
        "{}{of} usage events{range}; {used}; {attempts} attempts of this ledger since {}",
        events.len(),
        input.since.day()
    )
}

/// Note on a charge above the estimate, because the output is longer than the input's metadata
/// said.
pub(crate) fn beyond_estimate(
    attempt: &AttemptCost,
    charged: Credits,
    estimate: Credits,
) -> String {
    let seconds = |seconds: Option<f64>| match seconds {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "of unknown length".to_owned(),
    };
    format!(
        "{}: charged {charged} credits, {estimate} were estimated: the output is {}, the input by its \
         header {}",
        attempt.name,
        seconds(attempt.output_seconds),
        seconds(attempt.duration)
    )
}

pub(crate) fn cut(input: &AuditInput<'_>, from: Timestamp) -> String {
    let shown = input.events.events.len();
    let all = input.events.total.map(|total| format!(" of {total}")).unwrap_or_default();
    format!(
        "the API only returns the latest {shown}{all} events, so charges before {} could not be \
         checked",
        from.day()
    )
}

pub(crate) fn cut_somewhere(input: &AuditInput<'_>) -> String {
    format!(
        "the API returned {} events, perhaps not all, and without times, so missing charges \
         could not be checked",
        input.events.events.len()
    )
}

pub(crate) fn nameless(page: &EventPage<'_>) -> String {
    let credits: Credits = page.nameless.iter().map(|(_, credits)| *credits).sum();
    format!(
        "{} of the events ({credits} credits) do not name their job, so these, and completed \
         jobs without a charge, could not be checked",
        page.nameless.len()
    )
}

pub(crate) fn no_comparable_charges(input: &AuditInput<'_>, page: &EventPage<'_>) -> String {
    if page.nameless.is_empty() && page.by_job.is_empty() {
        let events = input.events.events.len();
        return format!(
            "none of the {events} usage events has an amount in the period, so single charges \
             could not be checked"
        );
    }
    "the usage events do not name the jobs of charges, so amounts and double charges could not \
     be checked"
        .to_owned()
}
