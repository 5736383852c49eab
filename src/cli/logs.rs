//! `rbgv logs`: the story of a job, from the ledger.

use std::path::Path;

use serde_json::{Value, json};

use super::session::{Session, absolute};
use crate::ledger::{Entry, Heard, History, Phase, Source, Told};
use crate::model::secret::redact_url;
use crate::model::{Background, Credits, ExitClass, Failure, FailureKind, JobStatus, Timestamp};
use crate::output::{Table, human, json, words};

/// Tell what happened to a job, step by step
///
/// From this machine's ledger, without asking the service: what was sent when, what came back, and
/// the request ids that the service's support will ask for. A word can name several attempts: all
/// are told, oldest first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A job, an input or output file, or the service's id of a request
    #[arg(value_name = "JOB|INPUT|REQUEST_ID")]
    word: String,

    /// Most attempts
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

pub(super) fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let ledger = session.ledger()?;
    let path = absolute(&session.env, Path::new(&args.word));
    // One more than is told shows whether there are more.
    let mut found = ledger.find_tasks(&args.word, &path, args.limit + 1)?;
    if found.is_empty() {
        let why = "this machine's ledger knows no job, input or request of that name";
        return Err(Failure::new(FailureKind::Usage, args.word.clone(), why).with_next(format!(
            "rbgv status lists what it knows; rbgv status {} asks the service",
            words::argument(&args.word)
        )));
    }
    if found.len() > args.limit as usize {
        found.remove(0);
        let limit = human::counted(u64::from(args.limit), "attempt", "attempts");
        session.printer.note(&format!("the newest {limit}; there are older ones (--limit N)"));
    }
    for (number, id) in found.into_iter().enumerate() {
        let history = ledger.history(id)?;
        if session.printer.style().json {
            session.printer.json(&document(&history));
        } else {
            if number > 0 {
                session.printer.data("");
            }
            tell(session, &history);
        }
    }
    Ok(ExitClass::Done)
}

/// Everything that happened, in order: when, the state it was in, what was done, and the id of the
/// request or webhook.
fn told(history: &History) -> Vec<(Timestamp, [String; 3])> {
    let row = |state: &str, then: String, id: &str| [state.to_owned(), then, id.to_owned()];
    let mut told = vec![(history.made_at, row("", "write the plan down".to_owned(), ""))];
    told.extend(lines(&history.steps).iter().map(|line| {
        let times = if line.times > 1 { format!(" ({} times)", line.times) } else { String::new() };
        let state = line.first.phase.as_str().replace('_', " ");
        let id = line.last.request_id.as_deref().unwrap_or_default();
        (line.first.at, row(&state, format!("{}{times}", sentence(line.first)), id))
    }));
    told.extend(history.webhooks.iter().map(|heard| {
        let open = if heard.handled { "" } else { ", not handled to the end" };
        (heard.at, row("", format!("a webhook says {}{open}", heard.event), &heard.id))
    }));
    told.extend(history.entries.iter().filter_map(|entry| {
        let target = entry.target.as_deref().map(|path| format!(" as {}", path.display()));
        let how = format!("output {}{}", entry.state.as_str(), target.unwrap_or_default());
        Some((entry.done_at?, row("", how, "")))
    }));
    // Of one moment, steps come first; the sort keeps the order of equals.
    told.sort_by_key(|(at, _)| *at);
    told
}

/// What the ledger's word for a step stands for.
fn sentence(step: &Told) -> &str {
    match step.note.as_str() {
        "upload" => "send the bytes",
        "create" => "ask for a draft, which costs nothing",
        "draft" => "the draft is there",
        "start" => "start it: from here on it may be billed",
        "look" => "look at the job",
        "follow" => "follow it to its end",
        "finish" => match step.phase {
            Phase::Completed | Phase::Failed => "it has ended",
            Phase::NeedsReview | Phase::Halted => "it waits for somebody to look",
            _ => "it is left to itself",
        },
        other => other,
    }
}

/// One line, or several steps in a row that only repeat each other.
struct Line<'a> {
    first: &'a Told,
    last: &'a Told,
    times: usize,
}

/// Steps with repetitions in one line: a long job is looked at hundreds of times.
fn lines(steps: &[Told]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for step in steps {
        match lines.last_mut() {
            Some(line) if line.last.phase == step.phase && line.last.note == step.note => {
                line.last = step;
                line.times += 1;
            }
            _ => lines.push(Line { first: step, last: step, times: 1 }),
        }
    }
    lines
}

fn tell(session: &Session, history: &History) {
    let printer = &session.printer;
    let mut facts = Table::new(["job", job(history)]);
    for (name, value) in facts_of(history) {
        facts.row([name.to_owned(), value]);
    }
    printer.table(&facts);
    printer.data("");
    let mut table = Table::new(["when", "state", "then", "request"]);
    for (at, cells) in told(history) {
        table.row([human::time(at)].into_iter().chain(cells));
    }
    printer.table(&table);
    if let Some(failure) = &history.task.row.failure {
        printer.data(&format!("why: {}", words::failure(failure)));
        if let Some(next) = &failure.next {
            printer.data(&format!("next: {next}"));
        }
        printer.data(&format!("meaning: rbgv explain {}", failure.kind.as_str()));
    }
}

fn job(history: &History) -> &str {
    history.task.row.job.as_ref().map_or("(none yet)", |job| job.0.as_str())
}

/// A name as it was given; of an address what opens nothing.
fn name(given: &str) -> String {
    if given.contains("://") { redact_url(given) } else { given.to_owned() }
}

fn background(background: &Background) -> String {
    match background {
        Background::ImageUrl(url) => redact_url(url),
        other => other.to_string(),
    }
}

/// What stands above the steps.
fn facts_of(history: &History) -> Vec<(&'static str, String)> {
    let task = &history.task;
    let work = &task.work;
    let mut facts = vec![
        ("input", source(&work.source)),
        ("attempt", task.attempt.to_string()),
        ("service", work.key.origin.clone()),
        ("profile", work.profile.clone()),
        ("key", format!("fingerprint {}", work.key.print)),
        ("model", work.options.model.to_string()),
        ("format", work.options.format.to_string()),
        ("background", background(&work.options.background)),
    ];
    let tags: Vec<String> =
        work.options.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let batch = history.started_by.map(|batch| batch.0.to_string());
    let credits = |amount: Option<Credits>| amount.map(human::credits);
    let optional = [
        ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ("batch", batch),
        ("estimate", credits(work.estimate)),
        ("charged", credits(history.charged)),
        ("status", task.look.status.as_ref().map(ToString::to_string)),
        ("our id", Some(task.correlation.clone())),
        ("finished", history.finished_at.map(human::time)),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    facts.extend(history.entries.iter().filter_map(|entry| Some(("output", output(entry)?))));
    facts
}

fn source(source: &Source) -> String {
    match source {
        Source::Url(url) => redact_url(url),
        Source::File { path, size, sha256, .. } => {
            let short: String = sha256.chars().take(12).collect();
            format!("{}, {}, SHA-256 {short}…", path.display(), human::bytes(*size))
        }
    }
}

fn output(entry: &Entry) -> Option<String> {
    let target = entry.target.as_ref()?;
    let size = entry.output.as_ref().map(|(_, size)| format!(", {}", human::bytes(*size)));
    Some(format!("{}: {}{}", target.display(), entry.state.as_str(), size.unwrap_or_default()))
}

fn document(history: &History) -> Value {
    let task = &history.task;
    let work = &task.work;
    let time = |at: Option<Timestamp>| at.map(human::time);
    let (input, size, sha256) = match &work.source {
        Source::Url(url) => (redact_url(url), None, None),
        Source::File { path, size, sha256, .. } => {
            (json::path(path), Some(*size), Some(sha256.clone()))
        }
    };
    let step = |step: &Told| {
        json!({
            "at": human::time(step.at),
            "phase": step.phase.as_str(),
            "then": step.note,
            "request_id": step.request_id,
        })
    };
    let webhook = |heard: &Heard| {
        json!({
            "at": human::time(heard.at),
            "webhook": heard.event,
            "delivery": heard.id,
            "handled": heard.handled,
        })
    };
    let entry = |entry: &Entry| {
        json!({
            "batch": entry.batch.0,
            "input": name(&entry.name),
            "output": entry.target.as_deref().map(json::path),
            "state": entry.state.as_str(),
            "done_at": time(entry.done_at),
            "sha256": entry.output.as_ref().map(|(sha256, _)| sha256),
            "size": entry.output.as_ref().map(|(_, size)| size),
        })
    };
    json!({
        "job": task.row.job.as_ref().map(|job| &job.0),
        "input": input,
        "size": size,
        "sha256": sha256,
        "attempt": task.attempt,
        "correlation": task.correlation,
        "service": work.key.origin,
        "profile": work.profile,
        "key_fingerprint": work.key.print.0,
        "model": work.options.model.as_str(),
        "format": work.options.format.as_str(),
        "background": background(&work.options.background),
        "tags": work.options.tags,
        "batch": history.started_by.map(|batch| batch.0),
        "estimate": work.estimate.map(json::credits),
        "charged": history.charged.map(json::credits),
        "phase": task.row.phase.as_str(),
        "status": task.look.status.as_ref().map(JobStatus::as_str),
        "made_at": human::time(history.made_at),
        "finished_at": time(history.finished_at),
        "failure": task.row.failure.as_ref().map(json::failure),
        "outputs": history.entries.iter().map(entry).collect::<Vec<_>>(),
        "steps": history.steps.iter().map(step).collect::<Vec<_>>(),
        "webhooks": history.webhooks.iter().map(webhook).collect::<Vec<_>>(),
    })
}
