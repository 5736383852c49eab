//! What could not be compared one by one, in words.

use super::Books;
use super::seen::Seen;
use crate::model::{Credits, Timestamp};

pub(super) fn cut(books: &Books<'_>, from: Timestamp) -> String {
    let shown = books.events.events.len();
    let all = books.events.total.map(|total| format!(" of {total}")).unwrap_or_default();
    format!(
        "the service shows its latest {shown}{all} events and has no way to ask for older ones: \
         charges before {} were compared by day only",
        from.day()
    )
}

pub(super) fn cut_somewhere(books: &Books<'_>) -> String {
    format!(
        "the service shows {} events, perhaps not all, and not when they were: which charges are \
         missing among them could not be checked",
        books.events.events.len()
    )
}

pub(super) fn nameless(seen: &Seen<'_>) -> String {
    let credits: Credits = seen.nameless.iter().map(|(_, credits)| *credits).sum();
    format!(
        "{} of the events, {credits} credits, do not say which job they are for: these, and which \
         completed jobs were not charged, were compared by day only",
        seen.nameless.len()
    )
}

pub(super) fn anonymous(books: &Books<'_>, seen: &Seen<'_>) -> String {
    if seen.nameless.is_empty() && seen.by_job.is_empty() {
        let events = books.events.events.len();
        return format!(
            "none of the {events} usage events has an amount in the period, and there was something to charge: \
             single charges could not be checked"
        );
    }
    "the usage events do not say which job a charge is for: which job was charged what, and \
     whether one was charged twice, could not be checked"
        .to_owned()
}
