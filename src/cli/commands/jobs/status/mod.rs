//! `rbgv status`: batches and jobs, from the ledger or the service.

pub(crate) mod limits;

use crate::cli::args::rows::{RowArgs, rows};
use crate::cli::context::AppContext;
use crate::cli::run_batch::lift_key_blocks;
use crate::client::{Client, ListQuery, RequestOptions};
use crate::flow::{poll_job, watch};
use crate::ledger::{AsyncLedger, AttemptSummary, BatchInput, BatchSummary, InputState};
use crate::model::{
    ExitClass, Failure, InputRef, JobId, JobStatus, JobView, Timestamp, text::escaped,
};
use crate::output::{
    Table,
    documents::status::{BatchLine, JobLine, ServiceJobLine, StatusDocument},
    events::{json, messages},
    formats::amounts,
};

/// Show batches and jobs
///
/// Without arguments, shows the batches and unfinished jobs in this machine's ledger. With job IDs,
/// asks the service.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// Job IDs to ask the service about
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,

    /// Wait until the jobs finish; without job IDs, every unfinished job in the ledger
    #[arg(long, conflicts_with_all = ["remote", "failed", "fields", "template"])]
    wait: bool,

    /// List all jobs of the key at the service
    #[arg(long, conflicts_with_all = ["jobs", "failed"])]
    remote: bool,

    /// List jobs that failed or need review, and inputs of the newest batch that failed without a job
    #[arg(long, conflicts_with = "jobs")]
    failed: bool,

    /// Show the limits of the key: rates, concurrent jobs, rejected calls, pauses
    #[arg(long, conflicts_with_all = ["jobs", "wait", "remote", "failed", "fields", "template"])]
    limits: bool,

    /// Maximum number of lines per list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,

    #[command(flatten)]
    rows: RowArgs,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let jobs: Vec<JobId> = args.jobs.iter().cloned().map(JobId).collect();
    if args.limits {
        return limits::show(app).await;
    }
    if args.remote {
        return remote(app, &args).await;
    }
    if args.wait {
        return wait(app, jobs).await;
    }
    if !jobs.is_empty() {
        return ask(app, &jobs, &args.rows).await;
    }
    local(app, &args).await
}

/// The ledger. Needs no key and no network.
async fn local(app: &AppContext, args: &Args) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    let (batches, attempts, inputs) = if args.failed {
        let inputs = ledger.list_failed_inputs(args.limit).await?;
        (Vec::new(), ledger.list_failed_attempts(args.limit).await?, inputs)
    } else {
        let batches = ledger.list_batches(args.limit).await?;
        (batches, ledger.list_open_attempts(args.limit).await?, Vec::new())
    };
    let batch = match inputs.first() {
        Some(input) => ledger.batch(input.batch).await?,
        None => None,
    };
    let since = batch.map(|batch| batch.created_at).unwrap_or_default();
    let jobs = attempts.iter().map(job_line);
    let jobs: Vec<_> = jobs.chain(inputs.iter().map(|input| input_line(input, since))).collect();
    let printer = &app.printer;
    if args.rows.is_given() {
        let mut all = rows(batches.iter().map(batch_line));
        all.extend(rows(jobs));
        args.rows.print(printer, &all)?;
        return Ok(ExitClass::Done);
    }
    if printer.style().json {
        printer
            .document(&StatusDocument { batches: batches.iter().map(batch_line).collect(), jobs });
        return Ok(ExitClass::Done);
    }
    let now = app.env.clock.wall();
    let people = printer.style().stdout_terminal;
    let when = |at| if people { amounts::ago(at, now) } else { amounts::time(at) };
    if !batches.is_empty() {
        printer.table(&batch_table(&batches, when));
    }
    if !jobs.is_empty() {
        printer.table(&task_table(&attempts, &inputs, since, when));
    }
    let failed = attempts.iter().filter(|_| args.failed).find_map(|line| {
        let job = line.attempt.state.job.as_ref()?;
        Some(format!("rbgv logs {}", messages::argument(&job.0)))
    });
    let open = batches.iter().find(|line| line.counts.open + line.counts.left > 0);
    if let Some(next) = failed.or(open.map(|line| format!("rbgv resume {}", line.batch.id.0))) {
        printer.next(&next);
    }
    if batches.is_empty() && jobs.is_empty() {
        printer.note(if args.failed { "no failed inputs" } else { "no batches or jobs yet" });
    }
    Ok(ExitClass::Done)
}

fn batch_table(batches: &[BatchSummary], when: impl Fn(Timestamp) -> String) -> Table {
    // In a shared ledger, the machine tells more than the profile, which machines name as they like.
    let is_shared = batches.iter().any(|line| line.batch.machine.is_some());
    let whose = if is_shared { "machine" } else { "profile" };
    let headings =
        ["batch", "created", whose, "done", "failed", "skipped", "open", "estimated cost"];
    let mut table = Table::new(headings).numbers([0, 3, 4, 5, 6, 7]).names([2]).drops([2, 5, 7, 1]);
    for line in batches {
        let counts = line.counts;
        let machine = line.batch.machine.clone().unwrap_or_default();
        table.row([
            line.batch.id.0.to_string(),
            when(line.batch.created_at),
            if is_shared { machine } else { line.batch.profile.clone() },
            counts.done.to_string(),
            counts.failed.to_string(),
            counts.rejected.to_string(),
            (counts.open + counts.left).to_string(),
            amounts::credits(line.credits),
        ]);
    }
    table
}

fn task_table(
    attempts: &[AttemptSummary],
    inputs: &[BatchInput],
    since: Timestamp,
    when: impl Fn(Timestamp) -> String,
) -> Table {
    let reason = |failure: &Option<Failure>, name: &str| {
        failure
            .as_ref()
            .map(|failure| messages::failure_of_input(failure, name))
            .unwrap_or_default()
    };
    let mut table = Table::new(["job", "input", "state", "changed", "reason"])
        .names([0, 1])
        .words([4])
        .drops([3, 0, 4]);
    for line in attempts {
        let attempt = &line.attempt;
        let mut state = attempt.state.status.as_str().replace('_', " ");
        if let Some(percent) =
            attempt.last_poll.progress.filter(|_| attempt.state.status.in_flight())
        {
            state = format!("{state} {}", amounts::percent(percent / 100.0));
        }
        let name = messages::input_name(&line.name);
        let reason = reason(&attempt.state.failure, &name);
        let job = attempt.state.job.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        table.row([job, name, state, when(line.updated_at), reason]);
    }
    for input in inputs {
        let name = messages::input_name(&input.name);
        let state = match input.state {
            InputState::Rejected => "skipped",
            state => state.as_str(),
        };
        let reason = reason(&input.failure, &name);
        table.row(["-".to_owned(), name, state.to_owned(), when(since), reason]);
    }
    table
}

fn batch_line(line: &BatchSummary) -> BatchLine<'_> {
    BatchLine {
        batch: line.batch.id.0,
        made_at: amounts::time(line.batch.created_at),
        profile: &line.batch.profile,
        machine: line.batch.machine.as_deref(),
        planned: line.batch.plan_complete,
        done: line.counts.done,
        failed: line.counts.failed,
        rejected: line.counts.rejected,
        open: line.counts.open,
        left: line.counts.left,
        estimated_credits: json::credits(line.credits),
    }
}

fn job_line(line: &AttemptSummary) -> JobLine<'_> {
    let attempt = &line.attempt;
    JobLine {
        job: attempt.state.job.as_ref().map(|job| job.0.as_str()),
        input: &line.name,
        phase: attempt.state.status.as_str(),
        status: attempt.last_poll.job_status.as_ref().map(JobStatus::as_str),
        progress: attempt.last_poll.progress,
        attempt: attempt.number,
        changed_at: amounts::time(line.updated_at),
        failure: attempt.state.failure.as_ref().map(Into::into),
    }
}

/// An input without a job, of a batch of `since`.
fn input_line(input: &BatchInput, since: Timestamp) -> JobLine<'_> {
    JobLine {
        job: None,
        input: &input.name,
        phase: input.state.as_str(),
        status: None,
        progress: None,
        attempt: 0,
        changed_at: amounts::time(since),
        failure: input.failure.as_ref().map(Into::into),
    }
}

/// Asks the service about single jobs.
async fn ask(app: &AppContext, jobs: &[JobId], form: &RowArgs) -> Result<ExitClass, Failure> {
    let context = app.context()?;
    lift_key_blocks(&context).await?;
    let (mut views, mut classes) = (Vec::new(), Vec::new());
    for job in jobs {
        match poll_job(&context, job).await {
            Ok(view) => views.push(view),
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                app.printer.report(&failure);
            }
        }
    }
    let succeeded = !views.is_empty();
    show(app, &views, form)?;
    Ok(ExitClass::combine(classes, succeeded))
}

async fn remote(app: &AppContext, args: &Args) -> Result<ExitClass, Failure> {
    // During a rotation, each key sees its own jobs.
    for client in app.clients(None)? {
        show(app, &list(&client, args.limit).await?, &args.rows)?;
    }
    Ok(ExitClass::Done)
}

/// The newest jobs of a key.
async fn list(client: &Client, limit: u32) -> Result<Vec<JobView>, Failure> {
    let mut views = Vec::new();
    while views.len() < limit as usize {
        let query = ListQuery { limit, offset: views.len() as u64, status: None };
        let page = client.list(query, RequestOptions::plain()).await?;
        if page.jobs.is_empty() {
            break;
        }
        views.extend(page.jobs);
    }
    views.truncate(limit as usize);
    Ok(views)
}

fn show(app: &AppContext, views: &[JobView], form: &RowArgs) -> Result<(), Failure> {
    let printer = &app.printer;
    if form.is_given() {
        return form.print(printer, &rows(views.iter().map(service_job)));
    }
    if printer.style().json {
        for view in views {
            printer.document(&service_job(view));
        }
        return Ok(());
    }
    if views.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["job", "status", "progress", "seconds", "billing", "error"])
        .numbers([2, 3])
        .names([0])
        .words([5])
        .drops([4, 3, 2]);
    for view in views {
        table.row([
            view.id.to_string(),
            view.status.to_string(),
            view.progress.map(|p| amounts::percent(p / 100.0)).unwrap_or_default(),
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
    Ok(())
}

fn service_job(view: &JobView) -> ServiceJobLine<'_> {
    ServiceJobLine {
        job: &view.id.0,
        status: view.status.as_str(),
        progress: view.progress,
        duration_seconds: view.duration_seconds,
        billing_status: view.billing_status.as_deref(),
        error: view.error.as_deref(),
        has_output: view.output_url.is_some(),
        notes: view.notes(),
        answer: &view.raw,
    }
}

/// Maximum number of jobs followed by `--wait`.
const MAX_FOLLOWED: u32 = 100_000;

async fn wait(app: &AppContext, mut jobs: Vec<JobId>) -> Result<ExitClass, Failure> {
    let context = app.context()?;
    lift_key_blocks(&context).await?;
    if jobs.is_empty() {
        let origin = &context.key.origin;
        let open = context.ledger.list_open_attempts(MAX_FOLLOWED).await?;
        jobs = open
            .into_iter()
            .map(|line| line.attempt)
            .filter(|attempt| {
                attempt.state.status.in_flight() && attempt.work.key.origin == *origin
            })
            .filter_map(|attempt| attempt.state.job)
            .collect();
    }
    if jobs.is_empty() {
        return Ok(app.nothing_to_do("no unfinished jobs"));
    }
    let inputs = named(&context.ledger, jobs).await?;
    let mut ended = Vec::new();
    let class = watch(&context, inputs, |_, view| ended.push(view.clone())).await?;
    show(app, &ended, &RowArgs::default())?;
    Ok(class)
}

/// Each job with its number and name in the ledger; unknown jobs are named by their ID.
async fn named(ledger: &AsyncLedger, jobs: Vec<JobId>) -> Result<Vec<(InputRef, JobId)>, Failure> {
    let mut inputs = Vec::new();
    for (number, job) in (1..).zip(jobs) {
        let input = match ledger.find_input_by_job(&job).await? {
            Some(input) => InputRef { id: input.id.0, name: input.name },
            None => InputRef { id: -number, name: format!("job {}", escaped(&job.0)) },
        };
        inputs.push((input, job));
    }
    Ok(inputs)
}
