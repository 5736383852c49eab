//! States of inputs, attempts and jobs, and what an audit finds, in words. A table and nothing
//! else.

use super::Entry;

const fn entry(code: &'static str, means: &'static str, action: &'static str) -> Entry {
    Entry { code, means, action }
}

/// States of an input in its batch.
pub(super) const ITEMS: &[Entry] = &[
    entry("open", "still to be done, or under way", "rbgv status --wait follows it"),
    entry("paused", "it cannot go on now, and nothing is lost", "rbgv resume"),
    entry(
        "left",
        "its job was left to itself (--no-wait, --draft)",
        "rbgv status --wait follows it; rbgv fetch JOB downloads it",
    ),
    entry("done", "its output is there, and verified", "nothing"),
    entry("skipped", "an earlier run did it, and nothing was billed again", "nothing"),
    entry(
        "failed",
        "there is no output",
        "rbgv logs INPUT says why; a new, billed attempt is rbgv run --again INPUT",
    ),
    entry("rejected", "it is no video that the service takes", "remove or convert it"),
];

/// Where an attempt stands in the ledger.
pub(super) const PHASES: &[Entry] = &[
    entry("planned", "nothing was sent yet", "rbgv resume"),
    entry("ready", "the service has the bytes, and there is no job yet", "rbgv resume"),
    entry(
        "create_sent",
        "a create was sent and no answer recorded; it costs nothing",
        "rbgv resume finds out what came of it",
    ),
    entry(
        "create_doubt",
        "a create got no answer, so its job is searched for before anything is sent again",
        "rbgv resume",
    ),
    entry("draft", "the job exists and was not started; it costs nothing", "rbgv resume starts it"),
    entry(
        "start_sent",
        "a start was sent and no answer recorded; it may be billed",
        "rbgv resume looks at the job before anything is sent again",
    ),
    entry(
        "start_doubt",
        "a start got no clear answer; earlier sends are given time to arrive",
        "nothing, or rbgv resume: it is sent again only when the job is certainly not started",
    ),
    entry("start_refused", "a start was refused; one look at the job decides", "rbgv resume"),
    entry("running", "the service works on it", "rbgv status --wait"),
    entry(
        "completed",
        "finished at the service; its output can be fetched again and again, free",
        "rbgv fetch JOB, if the output is not there",
    ),
    entry(
        "failed",
        "finished without an output; never started again by itself",
        "rbgv logs JOB says why; a new, billed attempt is rbgv run --again INPUT",
    ),
    entry(
        "needs_review",
        "a person has to look: going on might bill twice, or follow the wrong job",
        "rbgv logs INPUT, rbgv status --remote; then rbgv resume --accept or --abandon",
    ),
    entry(
        "halted",
        "the service does not know our job under this key; it is never made anew by itself",
        "use the key that made it (rbgv logs JOB names it), or rbgv resume --abandon",
    ),
];

/// States of a job at the service.
pub(super) const JOBS: &[Entry] = &[
    entry("created", "a draft, which costs nothing until it is started", "rbgv resume starts it"),
    entry("pending", "accepted, waiting for a worker", "rbgv status JOB --wait"),
    entry("processing", "being worked on", "rbgv status JOB --wait"),
    entry("completed", "final: the output can be downloaded", "rbgv fetch JOB"),
    entry("failed", "final: there is no output", "rbgv status JOB shows the service's reason"),
];

/// What `usage --reconcile` finds.
pub(super) const AUDIT: &[Entry] = &[
    entry(
        "not_ours",
        "the service charged for a job that this ledger does not know",
        "another machine or program uses the key: rbgv status JOB; give each its own key",
    ),
    entry(
        "not_started",
        "the service charged for a job that was never started from here",
        "send rbgv logs JOB to the service's support",
    ),
    entry(
        "not_charged",
        "a completed job has no charge",
        "usage may lag: run it again later; otherwise nothing, it is in your favour",
    ),
    entry(
        "charged_twice",
        "one job was charged more than once",
        "send rbgv logs JOB to the service's support",
    ),
    entry(
        "second_attempt",
        "an input was charged again, for a second job that neither --again nor --retry-failed asked for",
        "send rbgv logs INPUT to the service's support; more than one bill for an input is a defect",
    ),
    entry(
        "other_amount",
        "the charge is not duration times price of the model",
        "rbgv logs JOB has the estimate; prices may have changed in between",
    ),
    entry(
        "other_total",
        "the credits of a day are not those of the jobs of this ledger",
        "another machine may use the key: rbgv status --remote lists the key's jobs",
    ),
];
