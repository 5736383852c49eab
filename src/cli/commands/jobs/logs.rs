//! `rbgv logs`: the history of a job, from the ledger.

use std::path::Path;
use std::time::Duration;

use crate::cli::args::rows::{RowArgs, rows};
use crate::cli::context::AppContext;
use crate::cli::context::signals::stop_on_signals;
use crate::cli::files::absolute;
use crate::ledger::{
    AsyncLedger, AttemptDetails, AttemptId, AttemptStatus, AttemptStep, BatchInput, InputSource,
    InputState, ReceivedWebhook, StepAction,
};
use crate::model::secret::redact_url;
use crate::model::text::escaped;
use crate::model::{Background, Credits, ExitClass, Failure, JobStatus, Target, Timestamp};
use crate::output::documents::status::{AttemptHistory, OutputLine, StepLine, WebhookLine};
use crate::output::{
    Printer, Table,
    events::{json, messages},
    formats::amounts,
};

/// Show a job's history
///
/// Shows what was sent and received when, with the request IDs that the service's support asks for.
/// Reads this machine's ledger, not the service. If several attempts match, all are shown, oldest
/// first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Job ID, input file, output file, or request ID of the service
    #[arg(value_name = "JOB|INPUT|REQUEST_ID")]
    word: String,

    /// Maximum number of attempts
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,

    #[command(flatten)]
    rows: RowArgs,

    /// Then print each new step of the newest attempt, until it ends
    #[arg(short, long, conflicts_with_all = ["fields", "template"])]
    follow: bool,
}

/// Interval between two reads of the ledger with `--follow`.
const INTERVAL: Duration = Duration::from_millis(500);

pub(crate) async fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    let path = absolute(&app.env, Path::new(&args.word));
    // One more than shown, to see whether there are more.
    let mut found = ledger.find_attempts(&args.word, &path, args.limit + 1).await?;
    if found.is_empty() {
        let why = "no such job, input or request in this machine's ledger";
        return Err(Failure::usage(args.word.clone(), why).with_next(format!(
            "rbgv status  # lists the ledger; rbgv status {} asks the service",
            messages::argument(&args.word)
        )));
    }
    if found.len() > args.limit as usize {
        found.remove(0);
        let limit = amounts::counted(u64::from(args.limit), "attempt", "attempts");
        app.printer.note(&format!("showing the newest {limit}; use --limit N for more"));
    }
    let mut newest = None;
    for (number, id) in found.into_iter().enumerate() {
        let history = ledger.attempt_details(id).await?;
        newest = Some((id, history.record.steps.len()));
        if args.rows.is_given() {
            let document = document(&history);
            let mut all = rows([&document]);
            all.extend(rows(&document.steps));
            all.extend(rows(&document.outputs));
            all.extend(rows(&document.webhooks));
            args.rows.print(&app.printer, &all)?;
        } else if app.printer.style().json {
            app.printer.document(&document(&history));
        } else {
            if number > 0 {
                app.printer.data("");
            }
            show(app, &history);
        }
    }
    match newest.filter(|_| args.follow) {
        Some((id, shown)) => follow(app, &ledger, id, shown).await,
        None => Ok(ExitClass::Done),
    }
}

/// Prints the steps behind the first `shown` as they are recorded, until the attempt and its inputs have
/// ended.
async fn follow(
    app: &AppContext,
    ledger: &AsyncLedger,
    id: AttemptId,
    mut shown: usize,
) -> Result<ExitClass, Failure> {
    let stop = stop_on_signals(&app.printer)?;
    loop {
        let history = ledger.attempt_details(id).await?;
        for new in history.record.steps.iter().skip(shown) {
            if app.printer.style().json {
                app.printer.document(&step(new));
                continue;
            }
            let state = new.status.as_str().replace('_', " ");
            let request = new.request_id.as_ref().map(|id| format!(" (request {id})"));
            let (at, request) = (amounts::time(new.at), request.unwrap_or_default());
            app.printer.data(&format!("{at}  {state}: {}{request}", sentence(new)));
        }
        shown = shown.max(history.record.steps.len());
        let is_open = history.inputs.iter().any(|input| input.state == InputState::Open);
        if history.record.attempt.state.status.is_settled() && !is_open {
            return Ok(ExitClass::Done);
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(ExitClass::Interrupted),
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// The history in order: time, state, action, and the ID of the request or webhook.
fn events_in_order(history: &AttemptDetails, printer: &Printer) -> Vec<(Timestamp, [String; 3])> {
    let row = |state: &str, then: String, id: &str| [state.to_owned(), then, id.to_owned()];
    let mut events = vec![(history.record.created_at, row("", "planned".to_owned(), ""))];
    events.extend(lines(&history.record.steps).iter().map(|line| {
        let times = if line.times > 1 { format!(" ({} times)", line.times) } else { String::new() };
        let state = line.first.status.as_str().replace('_', " ");
        let id = line.last.request_id.as_deref().unwrap_or_default();
        (line.first.at, row(&state, format!("{}{times}", sentence(line.first)), id))
    }));
    events.extend(history.webhooks.iter().map(|heard| {
        let open = if heard.handled { "" } else { ", not fully handled" };
        (heard.at, row("", format!("received webhook {}{open}", heard.event), &heard.id))
    }));
    events.extend(history.inputs.iter().filter_map(|input| {
        let target = input.target.as_ref().map(|at| format!(" as {}", target_text(at, printer)));
        let how = format!("output {}{}", input.state.as_str(), target.unwrap_or_default());
        Some((input.done_at?, row("", how, "")))
    }));
    // The sort is stable, so steps come first at equal times.
    events.sort_by_key(|(at, _)| *at);
    events
}

/// The description of a step in the ledger.
fn sentence(step: &AttemptStep) -> String {
    let text = match step.note.action {
        StepAction::Upload => "uploading",
        StepAction::Create => "creating a draft (free)",
        StepAction::Draft => "draft created",
        StepAction::Start => "starting (billed from here on)",
        StepAction::Poll => "polling",
        StepAction::Follow => "following the job",
        StepAction::Wait if step.status == AttemptStatus::Draft => {
            "checking whether drafts are started by themselves"
        }
        StepAction::Wait => "waiting for earlier requests",
        StepAction::Finish => match step.status {
            AttemptStatus::Completed | AttemptStatus::Failed => "finished",
            AttemptStatus::NeedsReview | AttemptStatus::Halted => "needs review",
            _ => "not followed any further",
        },
        _ => return step.note.to_string(),
    };
    text.to_owned()
}

/// One step, or several equal steps in a row.
struct LogLine<'a> {
    first: &'a AttemptStep,
    last: &'a AttemptStep,
    times: usize,
}

/// Groups repeated steps: a long job is polled hundreds of times.
fn lines(steps: &[AttemptStep]) -> Vec<LogLine<'_>> {
    let mut lines: Vec<LogLine<'_>> = Vec::new();
    for step in steps {
        match lines.last_mut() {
            Some(line) if line.last.status == step.status && line.last.note == step.note => {
                line.last = step;
                line.times += 1;
            }
            _ => lines.push(LogLine { first: step, last: step, times: 1 }),
        }
    }
    lines
}

fn show(app: &AppContext, history: &AttemptDetails) {
    let printer = &app.printer;
    let mut about = Table::new(["job", job(history)]).words([1]);
    for (name, value) in facts(history, printer) {
        about.row([name.to_owned(), value]);
    }
    printer.table(&about);
    printer.data("");
    let mut table =
        Table::new(["time", "state", "action", "request"]).words([2]).names([3]).drops([1, 3]);
    for (at, cells) in events_in_order(history, printer) {
        table.row([amounts::time(at)].into_iter().chain(cells));
    }
    printer.table(&table);
    if let Some(failure) = &history.record.attempt.state.failure {
        printer.data(&format!("error: {}", messages::failure(failure)));
        if let Some(next) = &failure.next {
            printer.data(&format!("next: {next}"));
        }
        printer.data(&format!("explanation: rbgv explain {}", failure.kind.as_str()));
    }
}

fn job(history: &AttemptDetails) -> &str {
    history.record.attempt.state.job.as_ref().map_or("(not created yet)", |job| job.0.as_str())
}

/// An input name; URLs are redacted.
fn name(given: &str) -> String {
    if given.contains("://") { redact_url(given) } else { given.to_owned() }
}

fn background(background: &Background) -> String {
    match background {
        Background::ImageUrl(url) => redact_url(url),
        other => other.to_string(),
    }
}

/// The table above the steps.
fn facts(history: &AttemptDetails, printer: &Printer) -> Vec<(&'static str, String)> {
    let attempt = &history.record.attempt;
    let work = &attempt.work;
    let mut facts = vec![
        ("input", source(&work.source, printer)),
        ("attempt", attempt.number.to_string()),
        ("service", work.key.origin.clone()),
        ("profile", work.profile.clone()),
        ("key", format!("fingerprint {}", work.key.fingerprint)),
        ("model", work.options.model.to_string()),
        ("format", work.options.format.to_string()),
        ("background", background(&work.options.background)),
    ];
    let tags: Vec<String> =
        work.options.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let batch = history.record.started_by_batch.map(|batch| batch.0.to_string());
    let credits = |amount: Option<Credits>| amount.map(amounts::credits);
    let optional = [
        ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ("batch", batch),
        ("estimate", credits(work.estimate)),
        ("charged", credits(history.record.charged)),
        ("status", attempt.last_poll.job_status.as_ref().map(ToString::to_string)),
        ("correlation ID", Some(attempt.correlation_id.clone())),
        ("finished", history.record.finished_at.map(amounts::time)),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    facts.extend(
        history.inputs.iter().filter_map(|input| Some(("output", output(input, printer)?))),
    );
    facts
}

fn source(source: &InputSource, printer: &Printer) -> String {
    match source {
        InputSource::Url(url) => redact_url(url),
        InputSource::Object { object, .. } => {
            format!("{}, {}", escaped(&object.url.to_string()), amounts::bytes(object.size))
        }
        InputSource::File { path, size, sha256, .. } => {
            let short: String = sha256.chars().take(12).collect();
            let (path, size) = (printer.path_text(path), amounts::bytes(*size));
            format!("{path}, {size}, SHA-256 {short}…")
        }
    }
}

fn output(input: &BatchInput, printer: &Printer) -> Option<String> {
    let target = input.target.as_ref()?;
    let size = input.output.as_ref().map(|(_, size)| format!(", {}", amounts::bytes(*size)));
    let target = target_text(target, printer);
    Some(format!("{target}: {}{}", input.state.as_str(), size.unwrap_or_default()))
}

fn target_text(target: &Target, printer: &Printer) -> String {
    match target {
        Target::File(path) => printer.path_text(path),
        Target::Object(url) => escaped(&url.to_string()),
    }
}

fn step(step: &AttemptStep) -> StepLine<'_> {
    StepLine {
        at: amounts::time(step.at),
        phase: step.status.as_str(),
        then: step.note.to_string(),
        request_id: step.request_id.as_deref(),
    }
}

fn document<'a>(history: &'a AttemptDetails) -> AttemptHistory<'a> {
    let attempt = &history.record.attempt;
    let work = &attempt.work;
    let time = |at: Option<Timestamp>| at.map(amounts::time);
    let (input, size, sha256) = match &work.source {
        InputSource::Url(url) => (redact_url(url), None, None),
        InputSource::File { path, size, sha256, .. } => {
            (json::path(path), Some(*size), Some(sha256.as_str()))
        }
        InputSource::Object { object, sha256 } => {
            (object.url.to_string(), Some(object.size), sha256.as_deref())
        }
    };
    let webhook = |heard: &'a ReceivedWebhook| WebhookLine {
        at: amounts::time(heard.at),
        webhook: &heard.event,
        delivery: &heard.id,
        handled: heard.handled,
    };
    let output = |input: &'a BatchInput| OutputLine {
        batch: input.batch.0,
        input: name(&input.name),
        output: input.target.as_ref().map(json::target),
        state: input.state.as_str(),
        done_at: time(input.done_at),
        sha256: input.output.as_ref().map(|(sha256, _)| sha256.as_str()),
        size: input.output.as_ref().map(|(_, size)| *size),
    };
    AttemptHistory {
        job: attempt.state.job.as_ref().map(|job| job.0.as_str()),
        input,
        size,
        sha256,
        attempt: attempt.number,
        correlation: &attempt.correlation_id,
        service: &work.key.origin,
        profile: &work.profile,
        key_fingerprint: &work.key.fingerprint.0,
        model: work.options.model.as_str(),
        format: work.options.format.as_str(),
        background: background(&work.options.background),
        tags: &work.options.tags,
        batch: history.record.started_by_batch.map(|batch| batch.0),
        estimate: work.estimate.map(json::credits),
        charged: history.record.charged.map(json::credits),
        phase: attempt.state.status.as_str(),
        status: attempt.last_poll.job_status.as_ref().map(JobStatus::as_str),
        made_at: amounts::time(history.record.created_at),
        finished_at: time(history.record.finished_at),
        failure: attempt.state.failure.as_ref().map(Into::into),
        outputs: history.inputs.iter().map(output).collect(),
        steps: history.record.steps.iter().map(step).collect(),
        webhooks: history.webhooks.iter().map(webhook).collect(),
    }
}
