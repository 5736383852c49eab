//! `rbgv status`: what is going on, from the ledger or from the service.

use super::limits;
use super::run::release_latches;
use super::session::Session;
use crate::client::{Call, Client, ListQuery};
use crate::flow::{look, watch};
use crate::ledger::{BatchLine, Ledger, LedgerError, TaskLine};
use crate::model::{ExitClass, Failure, ItemRef, JobId, JobStatus, JobView, text::escaped};
use crate::output::{Table, human, json};

/// Show batches and jobs
///
/// Without an argument, what this machine's ledger knows: batches, and jobs that are under way.
/// With job ids, what the service says of them.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Args {
    /// Ask the service about these jobs
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,

    /// Follow the jobs to their end; without ids, every job of the ledger that is under way
    #[arg(long, conflicts_with_all = ["remote", "failed"])]
    wait: bool,

    /// List the key's jobs at the service, whoever made them
    #[arg(long, conflicts_with_all = ["jobs", "failed"])]
    remote: bool,

    /// List what failed or needs review
    #[arg(long, conflicts_with = "jobs")]
    failed: bool,

    /// Show what is known of the key's limits: rates, jobs in flight, refusals, pauses
    #[arg(long, conflicts_with_all = ["jobs", "wait", "remote", "failed"])]
    limits: bool,

    /// Most lines of each list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    let jobs: Vec<JobId> = args.jobs.iter().cloned().map(JobId).collect();
    if args.limits {
        return limits::show(session).await;
    }
    if args.remote {
        return remote(session, args.limit).await;
    }
    if args.wait {
        return wait(session, jobs).await;
    }
    if !jobs.is_empty() {
        return ask(session, &jobs).await;
    }
    local(session, &session.ledger()?, &args)
}

/// What the ledger knows. Needs no key and no network.
fn local(session: &Session, ledger: &Ledger, args: &Args) -> Result<ExitClass, Failure> {
    let batches = if args.failed { Vec::new() } else { ledger.batches(args.limit)? };
    let tasks = if args.failed {
        ledger.failed_tasks(args.limit)?
    } else {
        ledger.open_tasks(args.limit)?
    };
    let printer = &session.printer;
    if printer.style().json {
        printer.json(&serde_json::json!({
            "batches": batches.iter().map(batch_json).collect::<Vec<_>>(),
            "jobs": tasks.iter().map(task_json).collect::<Vec<_>>(),
        }));
        return Ok(ExitClass::Done);
    }
    if !batches.is_empty() {
        printer.table(&batch_table(&batches));
    }
    if !tasks.is_empty() {
        printer.table(&task_table(&tasks));
    }
    if batches.is_empty() && tasks.is_empty() {
        printer.note(if args.failed { "nothing has failed" } else { "nothing was done here yet" });
    }
    Ok(ExitClass::Done)
}

fn batch_table(batches: &[BatchLine]) -> Table {
    let headings =
        ["batch", "made", "profile", "done", "failed", "rejected", "open", "credits, about"];
    let mut table = Table::new(headings).numbers([0, 3, 4, 5, 6, 7]);
    for line in batches {
        let counts = line.counts;
        table.row([
            line.batch.id.0.to_string(),
            human::time(line.batch.made_at),
            line.batch.profile.clone(),
            counts.done.to_string(),
            counts.failed.to_string(),
            counts.rejected.to_string(),
            (counts.open + counts.left).to_string(),
            human::credits(line.credits),
        ]);
    }
    table
}

fn task_table(tasks: &[TaskLine]) -> Table {
    let mut table = Table::new(["job", "input", "state", "since", "why"]);
    for line in tasks {
        let task = &line.task;
        let mut state = task.row.phase.as_str().replace('_', " ");
        if let Some(percent) = task.look.progress.filter(|_| task.row.phase.in_flight()) {
            state = format!("{state} {}", human::percent(percent / 100.0));
        }
        table.row([
            task.row.job.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            line.name.clone(),
            state,
            human::time(line.changed_at),
            task.row.failure.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table
}

fn batch_json(line: &BatchLine) -> serde_json::Value {
    serde_json::json!({
        "batch": line.batch.id.0,
        "made_at": human::time(line.batch.made_at),
        "profile": line.batch.profile,
        "planned": line.batch.planned,
        "done": line.counts.done,
        "failed": line.counts.failed,
        "rejected": line.counts.rejected,
        "open": line.counts.open,
        "left": line.counts.left,
        "estimated_credits": json::credits(line.credits),
    })
}

fn task_json(line: &TaskLine) -> serde_json::Value {
    let task = &line.task;
    serde_json::json!({
        "job": task.row.job.as_ref().map(|job| &job.0),
        "input": line.name,
        "phase": task.row.phase.as_str(),
        "status": task.look.status.as_ref().map(JobStatus::as_str),
        "progress": task.look.progress,
        "attempt": task.attempt,
        "changed_at": human::time(line.changed_at),
        "failure": task.row.failure.as_ref().map(json::failure),
    })
}

/// What the service says of single jobs.
async fn ask(session: &Session, jobs: &[JobId]) -> Result<ExitClass, Failure> {
    let context = session.context(session.reporter())?;
    release_latches(&context).await?;
    let (mut views, mut classes) = (Vec::new(), Vec::new());
    for job in jobs {
        match look(&context, job).await {
            Ok(view) => views.push(view),
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                session.printer.report(&failure);
            }
        }
    }
    let succeeded = !views.is_empty();
    show(session, &views);
    Ok(ExitClass::combine(classes, succeeded))
}

async fn remote(session: &Session, limit: u32) -> Result<ExitClass, Failure> {
    // While keys are rotated each sees its own jobs.
    for client in session.clients(None)? {
        show(session, &list(&client, limit).await?);
    }
    Ok(ExitClass::Done)
}

/// The newest jobs that a key sees.
async fn list(client: &Client, limit: u32) -> Result<Vec<JobView>, Failure> {
    let mut views = Vec::new();
    while views.len() < limit as usize {
        let query = ListQuery { limit, offset: views.len() as u64, status: None };
        let page = client.list(query, Call::plain()).await?;
        if page.jobs.is_empty() {
            break;
        }
        views.extend(page.jobs);
    }
    views.truncate(limit as usize);
    Ok(views)
}

fn show(session: &Session, views: &[JobView]) {
    let printer = &session.printer;
    if printer.style().json {
        for view in views {
            printer.json(&view_json(view));
        }
        return;
    }
    if views.is_empty() {
        return;
    }
    let mut table = Table::new(["job", "status", "progress", "seconds", "billing", "error"]);
    for view in views {
        table.row([
            view.id.to_string(),
            view.status.to_string(),
            view.progress.map(|p| human::percent(p / 100.0)).unwrap_or_default(),
            view.duration_seconds.map(|s| format!("{s:.1}")).unwrap_or_default(),
            view.billing_status.clone().unwrap_or_default(),
            view.error.clone().unwrap_or_default(),
        ]);
    }
    printer.table(&table);
    for view in views {
        for note in view.notes() {
            printer.note(&format!("{}: {note}", view.id));
        }
    }
}

fn view_json(view: &JobView) -> serde_json::Value {
    serde_json::json!({
        "job": view.id.0,
        "status": view.status.as_str(),
        "progress": view.progress,
        "duration_seconds": view.duration_seconds,
        "billing_status": view.billing_status,
        "error": view.error,
        "has_output": view.output_url.is_some(),
        "notes": view.notes(),
        "answer": view.raw,
    })
}

/// Most jobs that `--wait` follows.
const MOST_FOLLOWED: u32 = 100_000;

async fn wait(session: &Session, mut jobs: Vec<JobId>) -> Result<ExitClass, Failure> {
    let context = session.context(session.reporter())?;
    release_latches(&context).await?;
    if jobs.is_empty() {
        let origin = context.key.origin.clone();
        let open = context.ledger(|ledger, _| ledger.open_tasks(MOST_FOLLOWED)).await?;
        jobs = open
            .into_iter()
            .map(|line| line.task)
            .filter(|task| task.row.phase.in_flight() && task.work.key.origin == origin)
            .filter_map(|task| task.row.job)
            .collect();
    }
    if jobs.is_empty() {
        return Ok(session.nothing_to_do("no job is under way"));
    }
    let items = context.ledger(move |ledger, _| named(ledger, jobs)).await?;
    let mut ended = Vec::new();
    let class = watch(&context, items, |_, view| ended.push(view.clone())).await?;
    show(session, &ended);
    Ok(class)
}

/// Each job with its number and name in the ledger; others are called by their id.
fn named(ledger: &Ledger, jobs: Vec<JobId>) -> Result<Vec<(ItemRef, JobId)>, LedgerError> {
    let unknown = (1..).map(|number: i64| -number);
    jobs.into_iter()
        .zip(unknown)
        .map(|(job, unknown)| {
            let item = match ledger.entry_of_job(&job)? {
                Some(entry) => ItemRef { id: entry.id.0, name: entry.name },
                None => ItemRef { id: unknown, name: format!("job {}", escaped(&job.0)) },
            };
            Ok((item, job))
        })
        .collect()
}
