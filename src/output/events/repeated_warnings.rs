//! Warnings with the same cause are shown once and then counted. Pure.

use std::collections::BTreeMap;

use super::messages;
use crate::model::event::RemarkLevel;
use crate::model::text::escaped;
use crate::model::{Event, Failure, InputEvent};
use crate::output::formats::amounts;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum WarningCause {
    /// Skipped or paused inputs.
    Inputs { how: &'static str, why: String },
    /// A remark about the run.
    Remark(String),
}

/// Warnings that were not shown, because one with the same cause was.
#[derive(Debug, Default)]
struct Repeated {
    times: u64,
    /// Whether the cause first occurred in this batch.
    is_new: bool,
    /// Whether the cause occurred in this batch.
    is_met: bool,
}

#[derive(Debug, Default)]
pub(crate) struct WarningCounts(BTreeMap<WarningCause, Repeated>);

impl WarningCounts {
    /// Counts a warning. Returns whether one with the same cause was already shown.
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

    /// The summary of hidden warnings at the end of a batch. A cause that persists in the next batch is
    /// not shown again; one that did not occur is forgotten.
    pub(crate) fn summed_up(&mut self) -> Vec<String> {
        let mut sentences = Vec::new();
        self.0.retain(|cause, repeated| {
            if repeated.is_new && repeated.times > 0 {
                sentences.push(sentence(cause, repeated.times));
            }
            std::mem::take(repeated).is_met
        });
        sentences
    }
}

fn cause(event: &Event) -> Option<WarningCause> {
    let of_inputs = |how, failure: &Failure, name: &str| {
        // Leave out what differs between inputs: name, job, request.
        let what = if failure.what == name { String::new() } else { failure.what.clone() };
        let mut shared = Failure::new(failure.kind, what, failure.why.clone());
        shared.status = failure.status;
        shared.code.clone_from(&failure.code);
        let why = messages::failure(&shared);
        WarningCause::Inputs { how, why: why.trim_start_matches(": ").to_owned() }
    };
    match event {
        Event::Input { input, what: InputEvent::Rejected(failure) } => {
            Some(of_inputs("skipped", failure, &input.name))
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
        WarningCause::Remark(text) => {
            format!("{} ({})", escaped(text), amounts::counted(times, "more time", "more times"))
        }
    }
}
