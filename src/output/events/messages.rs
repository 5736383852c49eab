//! What events and failures are called, in sentences for people. Pure; everything foreign is
//! escaped here.

use std::time::Duration;

use crate::model::event::{PublishedOutput, RunSummary};
use crate::model::text::escaped;
use crate::model::{Credits, Failure, JobId, Stage};
use crate::output::formats::amounts::{self, count};
use crate::output::style::{Painter, TextTone};

/// What failed, why, and the names that support will ask for.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let escaped_all = |text: &Option<String>| text.as_deref().map(escaped);
    // Escaped piece by piece, because a piece that is cut must not take the next one with it.
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

/// The line that names the command to type next, with the line break before it; nothing if there
/// is none.
#[must_use]
pub fn next(command: Option<&str>) -> String {
    command.map(|command| format!("\n  next: {}", escaped(command))).unwrap_or_default()
}

/// `text` as one argument of a command that a person can paste into a shell.
#[must_use]
pub fn argument(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/.,_-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A failure in a few words, for a place on a bar: `HTTP 503`, `rate limited`.
#[must_use]
pub fn reason(failure: &Failure) -> String {
    match failure.status {
        Some(status) => format!("HTTP {status}"),
        None => failure.kind.as_str().replace('_', " "),
    }
}

/// Sentences about one input, which is called `name` (escaped already).
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputMessage<'a> {
    pub(crate) name: &'a str,
    pub(crate) paint: Painter,
}

impl InputMessage<'_> {
    pub(crate) fn phase(self, phase: Stage, job: Option<&JobId>) -> String {
        // The job is named where it says what the service is at.
        let at_service = matches!(phase, Stage::Queue | Stage::Waiting | Stage::Processing);
        let job = job.filter(|_| at_service);
        format!("{}: {}{}", self.name, phase.as_str(), named(job))
    }

    pub(crate) fn retry(self, why: &Failure, wait: Duration) -> String {
        let again = format!("retrying in {}", amounts::duration(wait));
        format!("{}: {}: {}", self.name, self.paint.tone(TextTone::Warn, &again), failure(why))
    }

    /// Everything but the path, which follows behind an arrow if there is one.
    pub(crate) fn done(self, output: &PublishedOutput) -> String {
        let done = self.paint.tone(TextTone::Good, "done");
        let took = output.elapsed.map(|took| format!(" in {}", amounts::duration(took)));
        let cost = output.credits.map(|cost| format!(", {}", estimated(cost)));
        let (took, cost) = (took.unwrap_or_default(), cost.unwrap_or_default());
        format!("{}: {done}{took}{cost}{}", self.name, self.notes(output))
    }

    /// What is remarkable about an output, behind the line that it has.
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

    pub(crate) fn left(self, job: &JobId, status: &str) -> String {
        format!("{}: left at the service, {}{}", self.name, escaped(status), named(Some(job)))
    }

    pub(crate) fn failed(self, why: &Failure) -> String {
        self.trouble(TextTone::Bad, "error:", "", why)
    }

    pub(crate) fn rejected(self, why: &Failure) -> String {
        self.trouble(TextTone::Warn, "warning:", "passed over: ", why)
    }

    pub(crate) fn paused(self, why: &Failure) -> String {
        self.trouble(TextTone::Warn, "warning:", "paused: ", why)
    }

    fn trouble(self, tone: TextTone, label: &str, how: &str, why: &Failure) -> String {
        let label = self.paint.tone(tone, label);
        let next = next(why.next.as_deref());
        let told = failure(why);
        // What failed may be the input itself.
        let told = told.strip_prefix(self.name).and_then(|rest| rest.strip_prefix(": "));
        let told = told.map_or_else(|| failure(why), ToOwned::to_owned);
        format!("{label} {}: {how}{told}{next}", self.name)
    }
}

fn named(job: Option<&JobId>) -> String {
    job.map(|job| format!(" (job {})", escaped(&job.0))).unwrap_or_default()
}

/// What a run is about to do and what it will cost.
pub(crate) fn planned(counts: [usize; 3], estimate: Option<Credits>, unpriced: usize) -> String {
    let [todo, done, rejected] = counts;
    let counts = listed(&[(todo, "to do"), (done, "already done"), (rejected, "passed over")]);
    let price = estimate.filter(|_| todo > 0).map(about).unwrap_or_default();
    let unknown = match unpriced {
        0 => String::new(),
        1 => "; the price of 1 input cannot be told beforehand".to_owned(),
        many => format!("; the price of {} inputs cannot be told beforehand", count(many as u64)),
    };
    format!("{counts}{price}{unknown}")
}

/// A warning of ours, with its label.
pub(crate) fn warning(text: &str, paint: Painter) -> String {
    format!("{} {text}", paint.tone(TextTone::Warn, "warning:"))
}

/// Why a run begins nothing more.
pub(crate) fn stopped(why: &Failure, paint: Painter) -> String {
    let text = format!("nothing more is started: {}", failure(why));
    // A run that can be gone on with says so at its end.
    let next = next(why.next.as_deref().filter(|next| !next.starts_with("rbgv resume")));
    format!("{}{next}", warning(&text, paint))
}

/// That the service does not answer, what is done about it, and until when.
#[must_use]
pub fn outage(why: &Failure, since: Duration, patience: Option<Duration>) -> String {
    let until = match patience {
        Some(patience) => {
            let patience = amounts::elapsed(patience);
            format!(
                "for at most {patience} more (outage_max); then the run ends, and can be resumed"
            )
        }
        None => "for a while".to_owned(),
    };
    format!(
        "the service has not answered for {}: {}; trying again {until}",
        amounts::elapsed(since),
        failure(why)
    )
}

/// That the service answers again.
pub(crate) fn answers(after: Duration) -> String {
    format!("the service answers again, after {}", amounts::elapsed(after))
}

/// How a run went, and how to go on.
pub(crate) fn finished(summary: &RunSummary) -> String {
    let for_later = summary.open.saturating_sub(summary.running + summary.not_started);
    let counts = listed(&[
        (summary.done, "done"),
        (summary.failed, "failed"),
        (summary.skipped, "already done"),
        (summary.rejected, "passed over"),
        (summary.left, "started and left at the service"),
        (summary.drafts, "made as drafts, which cost nothing until they are started"),
        (summary.running, "still running, and billed"),
        (for_later, "left for later"),
        (summary.not_started, "not started"),
    ]);
    // Tenths of a second mean nothing once ten seconds have gone by.
    let took = summary.elapsed.as_secs();
    let took = if took < 10 {
        amounts::duration(summary.elapsed)
    } else {
        amounts::elapsed(summary.elapsed)
    };
    let price = Some(summary.credits).filter(|cost| cost.0 > 0.0).map(about).unwrap_or_default();
    format!("{counts} in {took}{price}{}", next(next_of(summary).as_deref()))
}

/// The command that goes on with what a run has left.
pub(crate) fn next_of(summary: &RunSummary) -> Option<String> {
    let resume = format!("rbgv resume {}", summary.batch);
    match summary.bound_needed {
        Some(bound) if summary.open > 0 => {
            Some(format!("{resume} --max-credits {}", (bound.0 * 100.0).ceil() / 100.0))
        }
        _ => (summary.open + summary.left + summary.drafts > 0).then_some(resume),
    }
}

fn about(cost: Credits) -> String {
    format!("; {}", estimated(cost))
}

/// An estimate, which is not a charge; nothing is estimated about nothing.
pub(crate) fn estimated(cost: Credits) -> String {
    let about = if cost.0 > 0.0 { "about " } else { "" };
    format!("{about}{}", amounts::credits(cost))
}

/// The counts that are not nothing.
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
        let told = |summary: RunSummary| finished(&summary);
        assert_eq!(
            told(RunSummary { done: 3, open: 12, running: 1, not_started: 10, ..summary }),
            "3 done, 1 still running, and billed, 1 left for later, 10 not started in 1 min 10 s\n  \
             next: rbgv resume 7"
        );
        assert_eq!(
            told(RunSummary { left: 2, ..summary }),
            "2 started and left at the service in 1 min 10 s\n  next: rbgv resume 7"
        );
        let bounded = RunSummary { open: 2, not_started: 2, ..summary };
        let bounded = told(RunSummary { bound_needed: Some(Credits(7.001)), ..bounded });
        assert!(bounded.ends_with("next: rbgv resume 7 --max-credits 7.01"), "{bounded}");
        assert_eq!(told(summary), "nothing to do in 1 min 10 s");
    }

    #[test]
    fn an_outage_says_what_fails_what_is_done_and_until_when() {
        let why = Failure::new(FailureKind::Unreachable, "starting the job", "refused");
        let since = Duration::from_secs(4);
        assert_eq!(
            outage(&why, since, Some(Duration::from_mins(5))),
            "the service has not answered for 4 s: starting the job: refused; trying again for at \
             most 5 min more (outage_max); then the run ends, and can be resumed"
        );
        assert!(outage(&why, since, None).ends_with("; trying again for a while"));
    }

    #[test]
    fn an_input_that_failed_is_named_once() {
        let input = InputMessage { name: "a.mp4", paint: Painter(false) };
        let failed =
            |what: &str| input.failed(&Failure::new(FailureKind::Usage, what, "it is empty"));
        assert_eq!(failed("a.mp4"), "error: a.mp4: it is empty");
        assert_eq!(failed("a.mp4.part"), "error: a.mp4: a.mp4.part: it is empty");
        assert_eq!(failed("upload"), "error: a.mp4: upload: it is empty");
    }
}
