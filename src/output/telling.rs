//! Which of a run's events a person is told, and as what. Pure.

use std::path::Path;

use super::style::Paint;
use super::words::{self, Item};
use crate::model::event::{Level, Output};
use crate::model::text::escaped;
use crate::model::{Event, ItemEvent, ItemRef, JobId, Phase};

/// Something to tell. Texts are escaped and coloured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told<'a> {
    /// Only matters while one looks on.
    Step(String),
    /// Needs attention.
    Trouble(String),
    /// An output, and the line that its path ends.
    Landed(String, &'a Path),
    /// A result that is no file: the id of a job that is left alone.
    Left(String, &'a str),
    /// A remark of ours about the whole run. Not escaped yet.
    Remark(Level, &'a str),
}

/// What is known beside the event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) paint: Paint,
    /// Whether steps of single inputs are told.
    pub(crate) steps: bool,
    /// The phase that the input has just entered.
    pub(crate) entered: Option<Phase>,
    /// The input's job.
    pub(crate) job: Option<&'a JobId>,
}

/// What to tell of `event`, if anything.
pub(crate) fn told<'a>(event: &'a Event, around: &Around<'_>) -> Option<Told<'a>> {
    match event {
        Event::Planned { todo, done, rejected, estimate, unpriced, .. } => {
            let counts = [*todo, *done, *rejected];
            Some(Told::Step(words::planned(counts, *estimate, *unpriced)))
        }
        Event::Item { item, what } => told_of_item(item, what, around),
        Event::Notice { level, text } => Some(Told::Remark(*level, text)),
        Event::Stopped(failure) => Some(Told::Trouble(words::stopped(failure, around.paint))),
        Event::Outage { failure, since, patience } => {
            let text = words::outage(failure, *since, Some(*patience));
            Some(Told::Trouble(words::warning(&text, around.paint)))
        }
        Event::Answers(after) => Some(Told::Step(words::answers(*after))),
        Event::Finished(summary) => {
            let text = words::finished(summary);
            let complete = summary.failed == 0 && summary.open == 0;
            Some(if complete { Told::Step(text) } else { Told::Trouble(text) })
        }
    }
}

fn told_of_item<'a>(
    item: &'a ItemRef,
    what: &'a ItemEvent,
    around: &Around<'_>,
) -> Option<Told<'a>> {
    let name = escaped(&item.name);
    let words = Item { name: &name, paint: around.paint };
    match what {
        ItemEvent::Done(output) => Some(landed(words.done(output), output)),
        ItemEvent::Skipped(output) => Some(landed(words.skipped(output), output)),
        ItemEvent::Left { job, status, .. } => {
            Some(Told::Left(words.left(job, status.as_str()), &job.0))
        }
        ItemEvent::Failed(failure) => Some(Told::Trouble(words.failed(failure))),
        ItemEvent::Rejected(failure) => Some(Told::Trouble(words.rejected(failure))),
        ItemEvent::Paused(failure) => Some(Told::Trouble(words.paused(failure))),
        ItemEvent::Retry { failure, wait } if around.steps => {
            Some(Told::Step(words.retry(failure, *wait)))
        }
        _ if around.steps => around.entered.map(|phase| Told::Step(words.phase(phase, around.job))),
        _ => None,
    }
}

fn landed(text: String, output: &Output) -> Told<'_> {
    match &output.path {
        Some(path) => Told::Landed(text, path),
        None => Told::Step(text),
    }
}
