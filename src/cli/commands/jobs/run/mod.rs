//! `rbgv run`: upload, job, download and verification of each input. Reading order: this file,
//! `plan`, `watch`.

mod plan;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use self::plan::{RunRequest, earlier_of_all, execute_plan, make_plan, questions};
use crate::cli::args::input::{InputArgs, Inputs};
use crate::cli::args::job::{JobArgs, with_background};
use crate::cli::args::run::RunArgs;
use crate::cli::context::AppContext;
use crate::cli::report_file::ReportTarget;
use crate::cli::run_batch::{lift_key_blocks, report_plan, within_time};
use crate::client::RequestOptions;
use crate::flow::plan::Plan;
use crate::flow::state_machine::Goal;
use crate::flow::{Context, Destination, StdoutSink};
use crate::ledger::{BatchId, PlanTotals};
use crate::model::event::RunSummary;
use crate::model::{Credits, Event, ExitClass, Failure, FailureKind, JobOptions};
use crate::output::documents::local::PlanDocument;
use crate::output::{Table, events::json, formats::amounts};

/// Remove the background of videos
///
/// Uploads each input, runs a job, downloads and verifies the output, and prints its path. Running
/// the same command again continues where it stopped and never pays twice for the same content and
/// options.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: InputArgs,

    #[command(flatten)]
    job: JobArgs,

    #[command(flatten)]
    run_options: RunArgs,

    /// Use a built-in local server that really removes backgrounds (no account, no cost)
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Show what would be done and the estimated cost, without sending anything
    #[arg(long)]
    dry_run: bool,

    /// Start the jobs and print their IDs without waiting for results
    #[arg(long, conflicts_with = "draft")]
    no_wait: bool,

    /// Create drafts, which are free until started
    #[arg(long)]
    draft: bool,

    /// Process inputs again that are already done (billed again)
    #[arg(long)]
    again: bool,

    /// Watch directories for new files until stopped
    #[arg(long, conflicts_with_all = ["dry_run", "draft", "no_wait", "again"])]
    watch: bool,

    /// Write a page about the batch at the end, also after a failure or Ctrl-C (see rbgv report)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "watch"])]
    report: Option<PathBuf>,
}

impl Args {
    fn goal(&self) -> Goal {
        match (self.draft, self.no_wait) {
            (true, _) => Goal::Draft,
            (_, true) => Goal::Start,
            _ => Goal::Finish,
        }
    }
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    if app.is_sandboxed() && args.goal() != Goal::Finish {
        let why = "the sandbox and its jobs end with this command";
        return Err(Failure::usage("--sandbox with --no-wait or --draft", why).with_next(
            "run rbgv sandbox --state DIR in another terminal, and use a profile for it",
        ));
    }
    let options = args.job.resolve(&app.settings.defaults)?;
    let options = with_background(options, &app.env.current_dir)?;
    let inputs = args.inputs.clone().resolve(&app.env)?;
    let to_stdout = inputs.destination == Destination::Stdout;
    if to_stdout && app.printer.style().json {
        let why = "standard output can take either JSON or the video";
        return Err(Failure::usage("-o - with --json", why).with_next("use -o FILE with --json"));
    }
    let report = args.report.as_deref().map(|file| ReportTarget::new(app, file)).transpose()?;
    let context = app.context()?;
    let (timeout, is_notified) = (args.run_options.timeout, args.run_options.notify);
    let work = Box::pin(run_within(args, app, &context, options, inputs, report));
    within_time(app, &context, timeout, is_notified, work).await
}

/// The part of the command that `--timeout` limits.
async fn run_within(
    args: Args,
    app: &AppContext,
    context: &Arc<Context>,
    options: JobOptions,
    inputs: Inputs,
    report: Option<ReportTarget>,
) -> Result<ExitClass, Failure> {
    let goal = args.goal();
    let to_stdout = inputs.destination == Destination::Stdout;
    lift_key_blocks(context).await?;
    let limit = app.settings.profile.limits.in_flight_max;
    let run_options = args.run_options.run_options(goal, args.again, limit);
    let request_with = |pricing| RunRequest { options, run_options, pricing, is_attended: true };
    if args.watch {
        return watch::watch(app, context, inputs, request_with).await;
    }
    let request = request_with(
        context.unless_stopped(context.service.pricing(RequestOptions::plain())).await??,
    );
    let stdout = to_stdout.then(|| stdout_sink(app));
    let plan = make_plan(app, context, inputs, &request, None).await?;
    let batch = plan.batch;
    // A named input that cannot be used is a failure, even if the others succeeded.
    let refused = (!plan.refused.is_empty()).then_some(ExitClass::Usage);
    let class = if args.dry_run {
        show_plan(app, &request.options, &plan.totals);
        let class = expected_cost(app, context, &plan, &request).await;
        context.ledger.delete_batch(batch).await?;
        class?
    } else if plan.is_empty() {
        report_plan(context, batch, &plan.totals);
        context
            .observer
            .observe(&Event::Finished(RunSummary { batch: batch.0, ..RunSummary::default() }));
        context.ledger.delete_batch(batch).await?;
        ExitClass::Done
    } else {
        let ended = execute_plan(app, context, &plan, &request, stdout).await;
        let unwritten = write_report(app, context, batch, report).await;
        ExitClass::combine([ended?.class].into_iter().chain(unwritten), false)
    };
    Ok(ExitClass::combine([class].into_iter().chain(refused), false))
}

/// Writes the page about the batch, however the run ended. Returns the exit class of a failure, which
/// is reported.
async fn write_report(
    app: &AppContext,
    context: &Context,
    batch: BatchId,
    report: Option<ReportTarget>,
) -> Option<ExitClass> {
    let report = report?;
    // A batch that the user declined is deleted.
    let written = match context.ledger.batch(batch).await {
        Ok(None) => return None,
        Ok(Some(_)) => report.write(app, &context.ledger, batch, false).await,
        Err(failure) => Err(failure),
    };
    match written {
        Ok(written) => {
            app.printer.note(&format!("report: {}", written.path.display()));
            None
        }
        Err(failure) => {
            app.printer.report(&failure);
            Some(failure.kind.exit_class())
        }
    }
}

/// The exit code that a run of this plan would have, as far as that is known beforehand.
async fn expected_cost(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    request: &RunRequest,
) -> Result<ExitClass, Failure> {
    for context in context.all() {
        // A run stops at the first call with a rejected key.
        let usage = context.service.usage_summary(1, RequestOptions::plain());
        if let Err(failure) = context.unless_stopped(usage).await?
            && failure.kind == FailureKind::Unauthorized
        {
            return Err(failure);
        }
    }
    let known = earlier_of_all(app, context, request).await?;
    let asked = questions(app, plan, &known, request, &plan.totals);
    if let Some(question) = asked.into_iter().next().filter(|_| !app.can_ask()) {
        app.confirm(&question)?;
    }
    let totals = &plan.totals;
    let ended = context.ledger.count_failures_by_kind(plan.batch).await?;
    let repeated = |kind| kind == FailureKind::JobFailed && request.run_options.retry_failed > 0;
    let ended: Vec<_> = ended.into_iter().filter(|(kind, _)| !repeated(*kind)).collect();
    let failed: usize = ended.iter().map(|(_, number)| number).sum();
    // As in a run, a video of unknown length counts with its maximum length.
    let rate = request.pricing.credits_per_second(request.options.model);
    let needed = context.ledger.credits_to_start_all(plan.batch, rate).await?;
    let is_unknown = rate.is_none() && totals.unpriced > 0;
    let is_over = |max: Credits| is_unknown || needed.0 > max.0;
    let classes = ended.iter().map(|(kind, _)| kind.exit_class());
    let classes = classes
        .chain((totals.failed + totals.rejected > 0).then_some(ExitClass::PartialFailure))
        .chain(request.run_options.max_credits.is_some_and(is_over).then_some(ExitClass::Credits));
    Ok(ExitClass::combine(classes, totals.todo + totals.done > failed))
}

fn show_plan(app: &AppContext, options: &JobOptions, totals: &PlanTotals) {
    let profile = &app.settings.profile;
    let printer = &app.printer;
    if printer.style().json {
        printer.document(&PlanDocument {
            dry_run: true,
            profile: &profile.name,
            base_url: profile.base_url.as_str(),
            model: options.model.as_str(),
            format: options.format.as_str(),
            background: options.background.to_string(),
            todo: totals.todo,
            done: totals.done,
            failed: totals.failed,
            rejected: totals.rejected,
            estimated_credits: json::credits(totals.estimate),
            unpriced: totals.unpriced,
        });
        return;
    }
    let mut table = Table::new(["dry run", ""]).words([1]);
    let mut row = |what: &str, value: String| table.row([what.to_owned(), value]);
    row("profile", format!("{} ({})", profile.name, profile.base_url));
    row("jobs", totals.todo.to_string());
    row("already done", totals.done.to_string());
    if totals.failed > 0 {
        row("failed", totals.failed.to_string());
    }
    row("skipped (not usable)", totals.rejected.to_string());
    row("model", options.model.to_string());
    row("format", options.format.to_string());
    row("background", options.background.to_string());
    row("estimated cost", amounts::credits(totals.estimate));
    if totals.unpriced > 0 {
        row("jobs of unknown price", totals.unpriced.to_string());
    }
    printer.table(&table);
}

fn stdout_sink(app: &AppContext) -> StdoutSink {
    let printer = app.printer.clone();
    Arc::new(move |path| {
        let mut file = std::fs::File::open(path)?;
        std::io::copy(&mut file, &mut printer.raw_stdout()).map(drop)
    })
}
