//! Exit codes, error codes, statuses and kinds of failure, in words. A table and nothing else.

use super::Entry;

const fn entry(code: &'static str, means: &'static str, action: &'static str) -> Entry {
    Entry { code, means, action }
}

/// Exit codes of rbgv.
pub(super) const EXITS: &[Entry] = &[
    entry("0", "everything asked for is done and verified", "nothing"),
    entry(
        "1",
        "some inputs failed or need somebody to look, others are done",
        "rbgv status --failed lists them with their reasons; rbgv logs INPUT tells one in full",
    ),
    entry(
        "2",
        "the command line, or an input named on it, is wrong; nothing was sent",
        "read the message, which names the argument; rbgv COMMAND --help",
    ),
    entry(
        "3",
        "configuration or credentials: no key, a key that is refused, or a malformed file",
        "rbgv doctor says what is wrong and where each value comes from",
    ),
    entry(
        "4",
        "out of credits, or --max-credits would be passed; the batch is paused, nothing is lost",
        "top up (or raise --max-credits), then rbgv resume",
    ),
    entry(
        "5",
        "the service is unavailable or keeps limiting this key; nothing is lost",
        "rbgv doctor tells whether it is reachable; later, rbgv resume",
    ),
    entry(
        "6",
        "the service refused the job or failed at it",
        "rbgv status --failed says why; a new, billed attempt is rbgv run --again INPUT",
    ),
    entry(
        "7",
        "the wait is over, the jobs are not; they go on at the service",
        "rbgv resume picks them up and pays nothing twice",
    ),
    entry(
        "8",
        "an output did not verify, so it was not saved under its name",
        "rbgv resume fetches it again, free; if it stays so, send rbgv logs JOB to support",
    ),
    entry(
        "9",
        "local trouble: disk, permissions, or the ledger",
        "rbgv doctor checks disk and ledger; then the same command again",
    ),
    entry(
        "10",
        "a budget was exceeded, or a check failed: usage --budget, smoke-test, or rbgv doctor",
        "read the findings; each says how to mend it",
    ),
    entry(
        "11",
        "the service answers, but not as documented, or usage --reconcile found a difference",
        "rbgv usage --reconcile names differences; rbgv -v COMMAND shows the answers' request ids",
    ),
    entry("130", "interrupted (Ctrl-C, SIGTERM); everything can be resumed", "rbgv resume"),
];

/// Error codes and messages of the API.
pub(super) const API: &[Entry] = &[
    entry(
        "missing_api_key",
        "the request carried no key",
        "set RBGV_API_KEY, or name a key source in the profile; rbgv doctor shows which is used",
    ),
    entry(
        "invalid_api_key",
        "the service does not accept the key: mistyped, disabled, or of another environment",
        "compare the fingerprint in rbgv doctor with the key you meant; then rbgv resume",
    ),
    entry(
        "insufficient_credits",
        "the account has too few credits to start the job; nothing more is started with this key",
        "top up, then rbgv resume; rbgv usage shows where credits went",
    ),
    entry(
        "invalid_request",
        "the request cannot be carried out as it is; repeating it does not help",
        "change the option or input that the message names",
    ),
    entry(
        "not_found",
        "there is no such job, or this key does not see it: a key sees only its own jobs",
        "use the profile whose key made the job: rbgv logs JOB names it",
    ),
    entry(
        "job_not_found",
        "there is no such job, or this key does not see it: a key sees only its own jobs",
        "use the profile whose key made the job: rbgv logs JOB names it",
    ),
    entry(
        "rate_limited",
        "too many requests, or too many jobs at once, for this key",
        "nothing: rbgv waits as told and learns the limit; bounds are in [profiles.NAME.limits]",
    ),
    entry(
        "internal_error",
        "the service failed in itself",
        "nothing: rbgv repeats what is safe to repeat; later, rbgv resume",
    ),
    entry(
        "timeout",
        "the service did not finish in its own time",
        "nothing: rbgv looks what came of it before anything is sent again",
    ),
    entry(
        "processing_failed",
        "the service could not process the video",
        "try the clip with another model or re-encoded; a new, billed attempt is run --again",
    ),
    entry(
        "invalid_file_type",
        "the upload is none of mp4, mov, webm, avi",
        "convert it, for example ffmpeg -i INPUT -c:v libx264 OUTPUT.mp4",
    ),
    entry(
        "file_too_large",
        "the upload is larger than the service takes (500 MB)",
        "split or re-encode the clip, or give a public address in place of the file",
    ),
    entry(
        "conflict",
        "the job is in a state that does not allow this, such as a second start",
        "nothing: rbgv looks at the job and goes on from what it shows",
    ),
];

/// HTTP statuses.
pub(super) const STATUSES: &[Entry] = &[
    entry(
        "400",
        "the request has to change; never repeated",
        "change what the message names; 400 with insufficient_credits is a matter of credits",
    ),
    entry(
        "401",
        "the key is missing or not accepted; all work of the key stops",
        "rbgv doctor shows which key is used and from where; then rbgv resume",
    ),
    entry(
        "402",
        "too few credits; nothing more is started with this key",
        "top up, then rbgv resume",
    ),
    entry(
        "403",
        "the key may not do this",
        "use a key with that permission, or ask the owner of the account",
    ),
    entry(
        "404",
        "no such job for this key, or a wrong base_url",
        "rbgv logs JOB names the key that made it; rbgv doctor checks the address",
    ),
    entry(
        "408",
        "the service gave up waiting for the request",
        "nothing: repeated where that is safe",
    ),
    entry(
        "409",
        "the job's state does not allow this, such as a second start",
        "nothing: rbgv looks at the job and decides by what it shows",
    ),
    entry("410", "the output link no longer works", "nothing: the job is asked for a new one"),
    entry("413", "the upload is too large (500 MB)", "split or re-encode the clip"),
    entry(
        "416",
        "the part of the output that was asked for is not there any more",
        "nothing: the download begins anew",
    ),
    entry(
        "422",
        "a field of the request is wrong; never repeated",
        "change what the message names",
    ),
    entry(
        "429",
        "too many requests, or too many jobs at once, for this key",
        "nothing: rbgv waits (Retry-After is obeyed) and learns the limit",
    ),
    entry(
        "500",
        "the service failed in itself; whether it acted is not known",
        "nothing: repeated where that is safe; otherwise rbgv looks first",
    ),
    entry(
        "502",
        "a gateway got no proper answer from the service; it may have acted",
        "nothing: repeated where that is safe; otherwise rbgv looks first",
    ),
    entry(
        "503",
        "the service is overloaded or down",
        "wait; rbgv doctor tells when it answers again, rbgv resume goes on",
    ),
    entry(
        "504",
        "a gateway gave up waiting for the service; it may have acted",
        "nothing: repeated where that is safe; otherwise rbgv looks first",
    ),
];

/// Kinds of failure, as `kind` in JSON and in the ledger.
pub(super) const KINDS: &[Entry] = &[
    entry("usage", "the command line or an input is wrong; nothing was sent", "read the message"),
    entry(
        "configuration",
        "configuration is missing or malformed",
        "rbgv doctor names file, line and column",
    ),
    entry(
        "unauthorized",
        "the key is missing or refused (401); all work of the key stops",
        "mend the key (rbgv doctor shows its source), then rbgv resume",
    ),
    entry(
        "forbidden",
        "the key may not do this (403)",
        "use a key with that permission, then rbgv resume",
    ),
    entry(
        "insufficient_credits",
        "too few credits (402); nothing more is started with this key",
        "top up, then rbgv resume",
    ),
    entry(
        "budget_reached",
        "--max-credits would be passed; nothing more is started",
        "rbgv resume --max-credits N, with a larger N",
    ),
    entry(
        "rate_limited",
        "the service keeps limiting this key (429)",
        "later, rbgv resume; lower in_flight_max in the profile if it stays so",
    ),
    entry(
        "unavailable",
        "the service, or a gateway before it, is in trouble (5xx)",
        "later, rbgv resume",
    ),
    entry(
        "unreachable",
        "no connection: the name was not resolved or the connection refused; nothing was sent",
        "rbgv doctor checks name, address, proxy and TLS; then rbgv resume",
    ),
    entry(
        "broken",
        "the connection broke or went silent after bytes may have arrived",
        "rbgv resume: it looks what came of it before anything is sent again",
    ),
    entry(
        "invalid_request",
        "the service refused the request as it is (400, 422)",
        "change the option or input that the message names, and run again",
    ),
    entry(
        "not_found",
        "the service does not know it under this key (404)",
        "use the profile whose key made the job: rbgv logs JOB names it",
    ),
    entry(
        "conflict",
        "the job's state does not allow this (409)",
        "rbgv status JOB shows its state",
    ),
    entry(
        "link_expired",
        "the output link stopped working, and asking for a new one did not help",
        "rbgv fetch JOB asks again; it costs nothing",
    ),
    entry(
        "job_failed",
        "the service finished the job without an output; it is never started again by itself",
        "rbgv logs JOB says why; a new, billed attempt is rbgv run --again INPUT",
    ),
    entry(
        "timed_out",
        "our patience ended; the job goes on at the service",
        "rbgv resume picks it up; wait_timeout in the profile is the wait",
    ),
    entry(
        "unverified",
        "the output is not what was asked for, or not whole; it was not saved under its name",
        "rbgv resume fetches it again, free",
    ),
    entry(
        "unwritable",
        "outputs cannot be written: no permission, a full or read-only disk, a path that cannot be; \
         nothing more is started",
        "do what the message says, then rbgv resume; what was fetched is kept",
    ),
    entry(
        "local",
        "disk, permissions, or the ledger",
        "rbgv doctor checks them; then the same command again",
    ),
    entry(
        "contract",
        "the service answered, but not as documented",
        "rbgv logs JOB for the request ids; a newer rbgv may know the answer",
    ),
    entry(
        "needs_review",
        "what happened at the service cannot be told: going on might bill twice",
        "look at the job (rbgv status JOB), then rbgv resume --accept or rbgv resume --abandon",
    ),
    entry("interrupted", "stopped by a signal", "rbgv resume"),
];
