//! States of inputs, attempts and jobs, what an audit finds, and why a webhook is refused, in words.
//! A table and nothing else.

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
    entry(
        "rejected",
        "it is no video that the service takes, or cannot be read",
        "convert it, or see who may read it",
    ),
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
];

/// Why `listen` refuses a webhook.
pub(super) const REFUSALS: &[Entry] = &[
    entry(
        "unsigned",
        "it has no X-Webhook-Signature, so anybody may have sent it",
        "set the signing secret at the service; see that a proxy passes the header on",
    ),
    entry(
        "malformed_signature",
        "X-Webhook-Signature is not sha256= and 64 hexadecimal digits",
        "see what a proxy makes of the header; rbgv listen verify explains it",
    ),
    entry(
        "wrong_signature",
        "the signature does not fit secret, timestamp and body: another secret, a body that was \
         written again on the way, or a forgery",
        "rbgv listen verify --headers FILE --body FILE says which",
    ),
    entry(
        "no_timestamp",
        "it has no X-Webhook-Timestamp, which is a part of what is signed",
        "see that a proxy passes the header on",
    ),
    entry(
        "unreadable_timestamp",
        "X-Webhook-Timestamp is no ISO time",
        "rbgv listen verify shows it; tell the service's support",
    ),
    entry(
        "too_old",
        "it was sent longer ago than --max-age: a replay, a long way, or a wrong clock",
        "rbgv doctor compares the clocks; --max-age allows for a long way",
    ),
    entry(
        "from_the_future",
        "it was sent later than now, by this machine's clock",
        "rbgv doctor compares the clocks",
    ),
    entry(
        "no_delivery_id",
        "it has no X-Webhook-Delivery-Id, so that a repetition could not be known",
        "see that a proxy passes the header on",
    ),
    entry(
        "unreadable_body",
        "it is signed and says nothing: no JSON, no event or no data",
        "rbgv listen verify shows which; tell the service's support",
    ),
    entry(
        "too_large",
        "its body is larger than 1 MiB and was not read",
        "nothing: a webhook of the service is a few hundred bytes",
    ),
    entry("cut_short", "its body broke off on the way", "nothing: the service sends it again"),
    entry("too_slow", "its body took longer than 10 s", "nothing: the service sends it again"),
    entry(
        "too_many_connections",
        "an address has 16 connections open already, so one more was closed",
        "nothing, if the service sends it again; a proxy in front should not hold connections open",
    ),
    entry(
        "busy",
        "too many webhooks wait to be handled",
        "nothing: the service sends it again; a faster --exec command helps",
    ),
    entry(
        "not_recorded",
        "the ledger, or the file of --keep, could not be written, so it was not taken",
        "rbgv doctor checks ledger and disk; the service sends it again",
    ),
];
