//! Warnings of one cause, which are told once and then counted. Pure.

use std::collections::BTreeMap;

use super::messages;
use crate::model::event::RemarkLevel;
use crate::model::{Event, Failure, InputEvent};
use crate::output::formats::amounts;

/// What the warnings of one cause have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum WarningCause {
    /// Inputs that are no work, or wait for a later run.
    Inputs { how: &'static str, why: String },
    /// A remark about the run.
    Remark(String),
}

/// Warnings that were not told since others of the same cause were.
#[derive(Debug, Default)]
struct Repeated {
    times: u64,
    /// Whether it was first met in the batch at work.
    is_new: bool,
    /// Whether the batch at work has met it.
    is_met: bool,
}

/// The causes that were told.
#[derive(Debug, Default)]
pub(crate) struct WarningCounts(BTreeMap<WarningCause, Repeated>);

impl WarningCounts {
    /// Counts a warning; true if one of the same cause was told before.
    pub(crate) fn is_repeated(&mut self, event: &Event) -> bool {
        let Some(cause) = cause(event) else { return false };
        let is_new = !self.0.contains_key(&cause);
        let repeated = self.0.entry(cause).or_insert(Repeated { is_new, ..Repeated::default() });
        repeated.is_met = true;
        if !is_new {
            repeated.times += 1;
        }
        !is_new
    }

    /// At the end of a batch: what was not told one by one, in sentences. A cause that lasts from one
    /// batch to the next is not told again; one that was not met any more is forgotten.
    pub(crate) fn summed_up(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        self.0.retain(|cause, repeated| {
            if repeated.is_new && repeated.times > 0 {
                told.push(sentence(cause, repeated.times));
            }
            std::mem::take(repeated).is_met
        });
        told
    }
}

fn cause(event: &Event) -> Option<WarningCause> {
    let of_inputs = |how, failure: &Failure, name: &str| {
        // What failed may be the input itself, and a job or a request is one input's.
        let what = if failure.what == name { String::new() } else { failure.what.clone() };
        let mut shared = Failure::new(failure.kind, what, failure.why.clone());
        shared.status = failure.status;
        shared.code.clone_from(&failure.code);
        let why = messages::failure(&shared);
        WarningCause::Inputs { how, why: why.trim_start_matches(": ").to_owned() }
    };
    match event {
        Event::Input { input, what: InputEvent::Rejected(failure) } => {
            Some(of_inputs("passed over", failure, &input.name))
        }
        Event::Input { input, what: InputEvent::Paused(failure) } => {
            Some(of_inputs("paused", failure, &input.name))
        }
        Event::Notice { level: RemarkLevel::Warning, text } => {
            Some(WarningCause::Remark(text.clone()))
        }
        _ => None,
    }
}

fn sentence(cause: &WarningCause, times: u64) -> String {
    match cause {
        WarningCause::Inputs { how, why } => {
            format!("{} {how}: {why}", amounts::counted(times, "more input", "more inputs"))
        }
        WarningCause::Remark(text) => format!(
            "{} ({})",
            crate::model::text::escaped(text),
            amounts::counted(times, "more time", "more times")
        ),
    }
}
