//! Maps events to lines for people. Pure.

use super::messages::{self, InputMessage};
use crate::model::event::{PublishedOutput, RemarkLevel};
use crate::model::{Event, InputEvent, InputRef, JobId, Stage, Target};
use crate::output::style::Painter;

/// A line to print. Texts are escaped and coloured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventLine<'a> {
    /// Progress; not shown with `-q`.
    Step(String),
    /// A warning or error.
    Trouble(String),
    /// An output: the line, and the path that ends it.
    Landed(String, &'a Target),
    /// The id of a job that is not waited for.
    Left(String, &'a str),
    /// A remark about the whole run. Not escaped yet.
    Remark(RemarkLevel, &'a str),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LineContext<'a> {
    pub(crate) paint: Painter,
    /// Whether steps of single inputs are shown.
    pub(crate) steps: bool,
    /// The stage that the input has just entered.
    pub(crate) entered: Option<Stage>,
    pub(crate) job: Option<&'a JobId>,
}

/// The line of `event`, if it has one.
pub(crate) fn line_of<'a>(event: &'a Event, context: &LineContext<'_>) -> Option<EventLine<'a>> {
    match event {
        Event::Planned { todo, done, failed, rejected, estimate, unpriced, .. } => {
            let counts = [*todo, *done, *failed, *rejected];
            Some(EventLine::Step(messages::planned(counts, *estimate, *unpriced)))
        }
        Event::Input { input, what } => line_of_input(input, what, context),
        Event::Notice { level, text } => Some(EventLine::Remark(*level, text)),
        Event::Stopped(failure) => {
            Some(EventLine::Trouble(messages::stopped(failure, context.paint)))
        }
        Event::Outage { failure, since, patience } => {
            let text = messages::outage(failure, *since, Some(*patience));
            Some(EventLine::Trouble(messages::warning(&text, context.paint)))
        }
        Event::Answers(after) => Some(EventLine::Step(messages::answers(*after))),
        Event::Finished(summary) => {
            let text = messages::finished(summary);
            let complete = summary.failed == 0 && summary.open == 0;
            Some(if complete { EventLine::Step(text) } else { EventLine::Trouble(text) })
        }
    }
}

fn line_of_input<'a>(
    input: &'a InputRef,
    what: &'a InputEvent,
    context: &LineContext<'_>,
) -> Option<EventLine<'a>> {
    let name = messages::input_name(&input.name);
    let words = InputMessage { name: &name, paint: context.paint };
    match what {
        InputEvent::Done(output) => Some(landed(words.done(output), output)),
        InputEvent::Skipped(output) => Some(landed(words.skipped(output), output)),
        InputEvent::Left { job, status, .. } => Some(EventLine::Left(words.left(status), &job.0)),
        InputEvent::Failed(failure) => Some(EventLine::Trouble(words.failed(failure))),
        InputEvent::Rejected(failure) => Some(EventLine::Trouble(words.rejected(failure))),
        InputEvent::Paused(failure) => Some(EventLine::Trouble(words.paused(failure))),
        InputEvent::Retry { failure, wait } if context.steps => {
            Some(EventLine::Step(words.retry(failure, *wait)))
        }
        _ if context.steps => {
            context.entered.map(|phase| EventLine::Step(words.phase(phase, context.job)))
        }
        _ => None,
    }
}

fn landed(text: String, output: &PublishedOutput) -> EventLine<'_> {
    match &output.path {
        Some(path) => EventLine::Landed(text, path),
        None => EventLine::Step(text),
    }
}
