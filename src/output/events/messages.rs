//! The wording of events and failures for people. Pure; escapes all foreign text.

use std::time::Duration;

use crate::model::event::{PublishedOutput, RunSummary};
use crate::model::text::escaped;
use crate::model::{Credits, Failure, JobId, JobStatus, Stage};
use crate::output::formats::amounts::{self, count};
use crate::output::style::{Painter, TextTone};

/// The text of a failure: operation, reason, and the IDs that support asks for.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let escaped_all = |text: &Option<String>| text.as_deref().map(escaped);
    // Escaped piece by piece, so that truncating one does not hide the next.
    Failure {
        what: escaped(&failure.what),
        why: escaped(&failure.why),
        code: escaped_all(&failure.code),
        request_id: escaped_all(&failure.request_id),
        job: failure.job.as_ref().map(|job| JobId(escaped(&job.0))),
        ..failure.clone()
    }
    .to_string()
}

/// The text of a failure beside the name of its input, which it does not repeat.
pub(crate) fn failure_of_input(why: &Failure, name: &str) -> String {
    let text = failure(why);
    let rest = text.strip_prefix("./").unwrap_or(&text).strip_prefix(name);
    match rest.and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The line with the suggested command, including the line break before it; empty without one.
#[must_use]
pub fn next(command: Option<&str>) -> String {
    command.map(|command| format!("\n  next: {}", escaped(command))).unwrap_or_default()
}

/// `text` quoted as one shell argument.
#[must_use]
pub fn argument(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/.,_-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// An input as it is shown: escaped, and without the `./` of the current directory.
#[must_use]
pub fn input_name(name: &str) -> String {
    escaped(name.strip_prefix("./").unwrap_or(name))
}

/// A short reason for a progress line: `HTTP 503`, `rate limited`.
#[must_use]
pub fn reason(failure: &Failure) -> String {
    match failure.status {
        Some(status) => format!("HTTP {status}"),
        None => failure.kind.as_str().replace('_', " "),
    }
}

/// Messages about one input. `name` is already escaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputMessage<'a> {
    pub(crate) name: &'a str,
    pub(crate) paint: Painter,
}

impl InputMessage<'_> {
    pub(crate) fn phase(self, phase: Stage, job: Option<&JobId>) -> String {
        // The job id only matters while the job is at the service.
        let at_service = matches!(phase, Stage::Queue | Stage::Waiting | Stage::Processing);
        let job = job.filter(|_| at_service);
        format!("{}: {}{}", self.name, phase.as_str(), named(job))
    }

    pub(crate) fn retry(self, why: &Failure, wait: Duration) -> String {
        let again = format!("retrying in {}", amounts::duration(wait));
        format!("{}: {}: {}", self.name, self.paint.tone(TextTone::Warn, &again), failure(why))
    }

    /// The line without the path, which follows an arrow.
    pub(crate) fn done(self, output: &PublishedOutput) -> String {
        let done = self.paint.tone(TextTone::Good, "done");
        let took = output.elapsed.map(|took| format!(" in {}", amounts::duration(took)));
        let cost = output.credits.map(|cost| format!(", {}", estimated(cost)));
        let (took, cost) = (took.unwrap_or_default(), cost.unwrap_or_default());
        format!("{}: {done}{took}{cost}{}", self.name, self.notes(output))
    }

    /// Notes about an output, appended to its line.
    fn notes(self, output: &PublishedOutput) -> String {
        let note = |note: &String| {
            format!("; {} {}", self.paint.tone(TextTone::Warn, "note:"), escaped(note))
        };
        output.notes.iter().map(note).collect()
    }

    pub(crate) fn skipped(self, output: &PublishedOutput) -> String {
        let done = self.paint.tone(TextTone::Good, "already done");
        format!("{}: {done}{}", self.name, self.notes(output))
    }

    /// The line without the job, which follows an arrow.
    pub(crate) fn left(self, status: &JobStatus) -> String {
        match status {
            JobStatus::Completed => format!("{}: completed", self.name),
            status => format!("{}: not waiting ({})", self.name, escaped(status.as_str())),
        }
    }

    pub(crate) fn failed(self, why: &Failure) -> String {
        self.trouble(TextTone::Bad, "error:", "", why)
    }

    pub(crate) fn rejected(self, why: &Failure) -> String {
        self.trouble(TextTone::Warn, "warning:", "skipped: ", why)
    }

    pub(crate) fn paused(self, why: &Failure) -> String {
        self.trouble(TextTone::Warn, "warning:", "paused: ", why)
    }

    fn trouble(self, tone: TextTone, label: &str, how: &str, why: &Failure) -> String {
        let label = self.paint.tone(tone, label);
        let next = next(why.next.as_deref());
        let text = failure_of_input(why, self.name);
        format!("{label} {}: {how}{text}{next}", self.name)
    }
}

fn named(job: Option<&JobId>) -> String {
    job.map(|job| format!(" (job {})", escaped(&job.0))).unwrap_or_default()
}

/// Counted inputs that are not videos, or cannot be read.
const SKIPPED: &str = "skipped (not usable)";

/// What a run will process and its estimated cost.
pub(crate) fn planned(counts: [usize; 4], estimate: Option<Credits>, unpriced: usize) -> String {
    let [todo, done, failed, rejected] = counts;
    let clips = if todo == 1 { "clip" } else { "clips" };
    let counts =
        listed(&[(todo, clips), (done, "already done"), (failed, "failed"), (rejected, SKIPPED)]);
    let price = estimate.filter(|_| todo > 0).map(about).unwrap_or_default();
    let unknown = match unpriced {
        0 => String::new(),
        some => format!(", {} of unknown price", amounts::counted(some as u64, "clip", "clips")),
    };
    format!("{counts}{price}{unknown}")
}

/// A warning with its label.
pub(crate) fn warning(text: &str, paint: Painter) -> String {
    format!("{} {text}", paint.tone(TextTone::Warn, "warning:"))
}

/// Why a run starts no more jobs.
pub(crate) fn stopped(why: &Failure, paint: Painter) -> String {
    let reason = failure(why);
    let reason = reason.strip_prefix("stopped: ").unwrap_or(&reason);
    let text = format!("no more jobs are started: {reason}");
    // The summary at the end suggests `rbgv resume`.
    let next = next(why.next.as_deref().filter(|next| !next.starts_with("rbgv resume")));
    format!("{}{next}", warning(&text, paint))
}

/// The service or an output host does not respond: since when, why, and for how long calls are retried.
#[must_use]
pub fn outage(why: &Failure, since: Duration, patience: Option<Duration>) -> String {
    let until = match patience {
        Some(patience) => {
            let patience = amounts::elapsed(patience);
            format!(
                " for up to {patience} more (outage_max), then the run stops and can be resumed"
            )
        }
        None => String::new(),
    };
    format!("no response for {}: {}; retrying{until}", amounts::elapsed(since), failure(why))
}

/// The service or an output host responds again.
pub(crate) fn answers(after: Duration) -> String {
    format!("responses arrive again after {}", amounts::elapsed(after))
}

/// The summary of a run, and how to resume it.
pub(crate) fn finished(summary: &RunSummary) -> String {
    let is_stopped = summary.running + summary.not_started > 0;
    // Jobs of an in-process service end with it.
    let (running, not_started) =
        if summary.ephemeral { (0, 0) } else { (summary.running, summary.not_started) };
    let unfinished = summary.open.saturating_sub(running + not_started);
    let of = |number: usize, one, many| (number, if number == 1 { one } else { many });
    let counts = listed(&[
        (summary.done, "done"),
        (summary.failed, "failed"),
        (summary.skipped, "already done"),
        (summary.rejected, SKIPPED),
        of(summary.left, "job started", "jobs started"),
        of(
            summary.drafts,
            "draft created (free until started)",
            "drafts created (free until started)",
        ),
        of(running, "job still running", "jobs still running"),
        (unfinished, "not finished"),
        (not_started, "not started"),
    ]);
    // Tenths of a second are noise from ten seconds on.
    let took = summary.elapsed.as_secs();
    let took = if took < 10 {
        amounts::duration(summary.elapsed)
    } else {
        amounts::elapsed(summary.elapsed)
    };
    let price = Some(summary.credits).filter(|cost| cost.0 > 0.0).map(about).unwrap_or_default();
    let next = next(next_of(summary).as_deref());
    if is_stopped {
        format!("Stopped after {took}. {counts}{price}.{next}")
    } else {
        format!("{counts} in {took}{price}{next}")
    }
}

/// The command that resumes an unfinished run.
pub(crate) fn next_of(summary: &RunSummary) -> Option<String> {
    let resume = format!("rbgv resume {}", summary.batch);
    match summary.bound_needed {
        _ if summary.ephemeral => None,
        Some(bound) if summary.open > 0 => {
            Some(format!("{resume} --max-credits {}", (bound.0 * 100.0).ceil() / 100.0))
        }
        _ => (summary.open + summary.left + summary.drafts > 0).then_some(resume),
    }
}

fn about(cost: Credits) -> String {
    format!(", {}", estimated(cost))
}

/// An estimated cost; zero is exact.
pub(crate) fn estimated(cost: Credits) -> String {
    let about = if cost.0 > 0.0 { "about " } else { "" };
    format!("{about}{}", amounts::credits(cost))
}

/// The counts above zero.
fn listed(counts: &[(usize, &str)]) -> String {
    let some: Vec<_> = counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(*number as u64)))
        .collect();
    if some.is_empty() { "nothing to do".to_owned() } else { some.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    #[test]
    fn an_argument_can_be_pasted_into_a_shell() {
        for (text, expected) in [
            ("/a/b-c_1.mp4", "/a/b-c_1.mp4"),
            ("my clip.mp4", "'my clip.mp4'"),
            ("$(x)", "'$(x)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(argument(text), expected);
        }
    }

    #[test]
    fn the_summary_says_what_runs_what_was_not_started_and_how_to_go_on() {
        let summary =
            RunSummary { batch: 7, elapsed: Duration::from_secs(70), ..RunSummary::default() };
        let text = |summary: RunSummary| finished(&summary);
        assert_eq!(
            text(RunSummary { done: 3, open: 12, running: 1, not_started: 10, ..summary }),
            "Stopped after 1 min 10 s. 3 done, 1 job still running, 1 not finished, 10 not started.\n  \
             next: rbgv resume 7"
        );
        assert_eq!(
            text(RunSummary { left: 2, ..summary }),
            "2 jobs started in 1 min 10 s\n  next: rbgv resume 7"
        );
        let bounded = RunSummary { open: 2, not_started: 2, ..summary };
        let bounded = text(RunSummary { bound_needed: Some(Credits(7.001)), ..bounded });
        assert!(bounded.ends_with("next: rbgv resume 7 --max-credits 7.01"), "{bounded}");
        assert_eq!(text(summary), "nothing to do in 1 min 10 s");
        assert_eq!(
            text(RunSummary {
                done: 1,
                open: 3,
                running: 2,
                not_started: 1,
                ephemeral: true,
                ..summary
            }),
            "Stopped after 1 min 10 s. 1 done, 3 not finished."
        );
    }

    #[test]
    fn an_outage_says_what_fails_what_is_done_and_until_when() {
        let why = Failure::new(FailureKind::Unreachable, "starting the job", "refused");
        let since = Duration::from_secs(4);
        assert_eq!(
            outage(&why, since, Some(Duration::from_mins(5))),
            "no response for 4 s: starting the job: refused; retrying for up to \
             5 min more (outage_max), then the run stops and can be resumed"
        );
        assert!(outage(&why, since, None).ends_with("; retrying"));
    }

    #[test]
    fn an_input_that_failed_is_named_once() {
        let input = InputMessage { name: "a.mp4", paint: Painter(false) };
        let failed = |what: &str| input.failed(&Failure::usage(what, "it is empty"));
        assert_eq!(failed("a.mp4"), "error: a.mp4: it is empty");
        assert_eq!(failed("a.mp4.part"), "error: a.mp4: a.mp4.part: it is empty");
        assert_eq!(failed("upload"), "error: a.mp4: upload: it is empty");
    }
}
