//! `rbgv run`: the whole way, for one input or ten thousand.

pub(crate) mod watch;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::input::{InputArgs, Inputs};
use crate::cli::args::job::{JobArgs, with_background};
use crate::cli::context::AppContext;
use crate::cli::signals::leave_when_stopped;
use crate::client::RequestOptions;
use crate::flow::plan::{Plan, PlanRequest, Planner};
use crate::flow::state_machine::Goal;
use crate::flow::{
    BatchRunner, Context, Destination, RunOptions, RunResult, RunState, StdoutSink, UnknownJobs,
    adopt, unknown_jobs_of_key,
};
use crate::ledger::{BatchId, PlanTotals};
use crate::model::event::RunSummary;
use crate::model::{Credits, Event, ExitClass, Failure, FailureKind, JobOptions, Pricing};
use crate::output::{Table, events::json, formats::amounts};

/// Remove the background of videos
///
/// Takes each input the whole way: upload, job, download, verification. Prints the path of each
/// finished output. Running the same command again goes on where it stopped, and never pays
/// twice for the same content and options.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: InputArgs,

    #[command(flatten)]
    job: JobArgs,

    #[command(flatten)]
    run_options: RunArgs,

    /// Use a server inside this process that really removes backgrounds: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Show what would be sent, and the price; send and spend nothing
    #[arg(long)]
    dry_run: bool,

    /// Start the jobs and print their ids, without waiting
    #[arg(long, conflicts_with = "draft")]
    no_wait: bool,

    /// Make drafts, which cost nothing until they are started
    #[arg(long)]
    draft: bool,

    /// Make a new, billed attempt at inputs that are done already
    #[arg(long)]
    again: bool,

    /// Go on taking new files of the directories as they are finished, until stopped
    #[arg(long, conflicts_with_all = ["dry_run", "draft", "no_wait", "again"])]
    watch: bool,
}

/// How a run behaves: shared by the commands that work through a batch.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "RunOptions")]
pub(crate) struct RunArgs {
    /// Most jobs at the service at once, of each key while two are in use [default: what is learned
    /// of the key, within the profile]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) in_flight: Option<u32>,

    /// Start nothing that would pass this number of credits
    #[arg(long, value_name = "CREDITS")]
    pub(crate) max_credits: Option<f64>,

    /// Replace files that are in the way
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Make up to N new attempts for a job that failed; each may be billed
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) retry_failed: u32,

    /// Begin nothing more after the first failure
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<Duration>,
}

impl RunArgs {
    fn run_options(&self, goal: Goal, again: bool, most: u32) -> RunOptions {
        RunOptions {
            goal,
            in_flight: self.in_flight.unwrap_or(most),
            max_credits: self.max_credits.map(Credits),
            overwrite: self.overwrite,
            fail_fast: self.fail_fast,
            retry_failed: self.retry_failed,
            again,
        }
    }

    /// A batch's own conduct with what is given anew.
    pub(crate) fn over(&self, mut run_options: RunOptions) -> RunOptions {
        run_options.in_flight = self.in_flight.unwrap_or(run_options.in_flight);
        run_options.max_credits = self.max_credits.map(Credits).or(run_options.max_credits);
        run_options.overwrite |= self.overwrite;
        run_options.fail_fast |= self.fail_fast;
        run_options.retry_failed = run_options.retry_failed.max(self.retry_failed);
        run_options
    }
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
        let why = "the sandbox ends with this command, and its jobs with it";
        return Err(Failure::new(FailureKind::Usage, "--sandbox with --no-wait or --draft", why)
            .with_next("rbgv sandbox --state DIR, in another terminal, and a profile for it"));
    }
    let options = args.job.resolve(app.job_defaults())?;
    let options = with_background(options, &app.env.current_dir)?;
    let inputs = args.inputs.clone().resolve(&app.env)?;
    let to_stdout = inputs.destination == Destination::Stdout;
    if to_stdout && app.printer.style().json {
        let why = "standard output takes either JSON or the video";
        return Err(Failure::new(FailureKind::Usage, "-o - with --json", why));
    }
    let context = app.context(app.reporter())?;
    bound_time(app, &context, args.run_options.timeout);
    let ended = run_within(args, app, &context, options, inputs).await;
    ended.map_err(|failure| context.explained(failure))
}

/// Everything that the time given for the command bounds.
async fn run_within(
    args: Args,
    app: &AppContext,
    context: &Arc<Context>,
    options: JobOptions,
    inputs: Inputs,
) -> Result<ExitClass, Failure> {
    let goal = args.goal();
    let to_stdout = inputs.destination == Destination::Stdout;
    release_latches(context).await?;
    let limit = app.settings.profile.limits.in_flight_max;
    let run_options = args.run_options.run_options(goal, args.again, limit);
    let wanted = |pricing| RunRequest { options, run_options, pricing, is_attended: true };
    if args.watch {
        return watch::watch(app, context, inputs, wanted).await;
    }
    let wish =
        wanted(context.unless_stopped(context.service.pricing(RequestOptions::plain())).await??);
    let stdout = to_stdout.then(|| stdout_sink(app));
    let plan = make_plan(context, request(app, inputs, &wish, None), &wish.pricing).await?;
    let batch = plan.batch;
    // An input that was named and cannot be taken is no success, although the others were done.
    let refused = (!plan.refused.is_empty()).then_some(ExitClass::Usage);
    let class = if args.dry_run {
        show_plan(app, &wish.options, &plan.totals);
        let class = expected_cost(app, context, &plan, &wish).await;
        context.ledger(move |ledger, _| ledger.delete_batch(batch)).await?;
        class?
    } else if plan.is_empty() {
        report_plan(context, batch, &plan.totals);
        context
            .observer
            .observe(&Event::Finished(RunSummary { batch: batch.0, ..RunSummary::default() }));
        context.ledger(move |ledger, _| ledger.delete_batch(batch)).await?;
        ExitClass::Done
    } else {
        go(app, context, &plan, &wish, stdout).await?.class
    };
    Ok(ExitClass::combine([class].into_iter().chain(refused), false))
}

/// How a run of this plan would end, by what is known before anything is sent.
async fn expected_cost(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    wish: &RunRequest,
) -> Result<ExitClass, Failure> {
    for context in context.all() {
        // The first call with a key that is not accepted ends a run.
        let usage = context.service.usage_summary(1, RequestOptions::plain());
        if let Err(failure) = context.unless_stopped(usage).await?
            && failure.kind == FailureKind::Unauthorized
        {
            return Err(failure);
        }
    }
    let known = earlier_of_all(app, context, wish).await?;
    let asked = questions(app, plan, &known, wish, &plan.totals);
    if let Some(question) = asked.into_iter().next().filter(|_| !app.can_ask()) {
        app.confirm(&question)?;
    }
    let (batch, totals) = (plan.batch, plan.totals);
    let ended = context.ledger(move |ledger, _| ledger.count_failures_by_kind(batch)).await?;
    let repeated = |kind| kind == FailureKind::JobFailed && wish.run_options.retry_failed > 0;
    let ended: Vec<_> = ended.into_iter().filter(|(kind, _)| !repeated(*kind)).collect();
    let failed: usize = ended.iter().map(|(_, number)| number).sum();
    // Of a video of unknown length, the longest that it can be counts, as in the run.
    let rate = wish.pricing.a_second(wish.options.model);
    let needed = context.ledger(move |ledger, _| ledger.credits_to_start_all(batch, rate)).await?;
    let is_unknown = rate.is_none() && totals.unpriced > 0;
    let is_over = |max: Credits| is_unknown || needed.0 > max.0;
    let classes = ended.iter().map(|(kind, _)| kind.exit_class());
    let classes = classes
        .chain((totals.rejected > 0).then_some(ExitClass::Some))
        .chain(wish.run_options.max_credits.is_some_and(is_over).then_some(ExitClass::Credits));
    Ok(ExitClass::combine(classes, totals.todo + totals.done > failed))
}

/// Whoever runs a command has seen to what stopped an earlier one.
pub(crate) async fn release_latches(context: &Arc<Context>) -> Result<(), Failure> {
    for context in context.all() {
        context.service.release_latches().await?;
    }
    Ok(())
}

/// What the user wants of every input.
#[derive(Clone)]
pub(crate) struct RunRequest {
    options: JobOptions,
    run_options: RunOptions,
    pricing: Pricing,
    /// Whether somebody may be asked about single inputs.
    is_attended: bool,
}

fn request(
    app: &AppContext,
    inputs: Inputs,
    wish: &RunRequest,
    only: Option<HashSet<PathBuf>>,
) -> PlanRequest {
    PlanRequest {
        named: inputs.named,
        lists: inputs.lists,
        selection: inputs.selection,
        only,
        destination: inputs.destination,
        template: inputs.template,
        options: wish.options.clone(),
        run_options: wish.run_options.clone(),
        current_dir: app.env.current_dir.clone(),
    }
}

/// Confirms a plan and works through it.
async fn go(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    wish: &RunRequest,
    stdout: Option<StdoutSink>,
) -> Result<RunResult, Failure> {
    let batch = plan.batch;
    let totals = match confirm_plan(app, context, plan, wish).await {
        Ok(totals) => totals,
        Err(refused) => {
            context.ledger(move |ledger, _| ledger.delete_batch(batch)).await?;
            return Err(refused);
        }
    };
    report_plan(context, batch, &totals);
    let run_options = wish.run_options.clone();
    work(app, context, batch, run_options, stdout).await
}

/// What a plan adds up to, once the user has agreed to everything that has to be asked.
async fn confirm_plan(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    wish: &RunRequest,
) -> Result<PlanTotals, Failure> {
    let known = earlier_of_all(app, context, wish).await?;
    // The price is asked for once the jobs that exist already are known.
    let free = PlanTotals::default();
    for question in questions(app, plan, &known, wish, &free) {
        app.confirm(&question)?;
    }
    let batch = plan.batch;
    let mut adopted = 0;
    for (context, earlier) in known {
        adopted += adopt(context, batch, earlier).await?;
    }
    if adopted > 0 {
        app.printer.note(&format!(
            "{adopted} of these inputs were recognised at the service: they are fetched, and not \
             paid for again"
        ));
    }
    let totals = context.ledger(move |ledger, _| ledger.plan_totals(batch)).await?;
    confirm(app, &totals)?;
    exclude_outputs(app, context, plan).await?;
    Ok(totals)
}

/// Remembers outputs that were left out, so that they are asked about once.
async fn exclude_outputs(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
) -> Result<(), Failure> {
    if plan.outputs.is_empty() {
        return Ok(());
    }
    let left_out = amounts::counted(plan.outputs.len() as u64, "file", "files");
    app.printer.note(&format!("{left_out} with the names of outputs left out"));
    let outputs: Vec<_> =
        plan.outputs.iter().cloned().map(|o| (o.name, o.sha256, o.size)).collect();
    let batch = plan.batch;
    context.ledger(move |ledger, _| ledger.record_foreign_outputs(batch, &outputs)).await
}

/// Everything that the user is asked before a plan with these totals is worked through.
fn questions(
    app: &AppContext,
    plan: &Plan,
    known: &[(&Arc<Context>, UnknownJobs)],
    wish: &RunRequest,
    totals: &PlanTotals,
) -> Vec<String> {
    let price = price_question(app, totals);
    if !wish.is_attended {
        return price.into_iter().collect();
    }
    let outputs = plan.outputs.first().map(|first| {
        format!(
            "{} such as {} have the names of outputs of rbgv, and the ledger in {} does not know \
             them: they are left out; to have one processed, name it; go on?",
            amounts::counted(plan.outputs.len() as u64, "file", "files"),
            first.name,
            app.settings.state_dir.display(),
        )
    });
    outputs.into_iter().chain(unknown_jobs(app, known)).chain(price).collect()
}

/// What is asked of each key that has worked before and of a ledger that knows nothing of it.
fn unknown_jobs(app: &AppContext, known: &[(&Arc<Context>, UnknownJobs)]) -> Vec<String> {
    let unknown = known.iter().filter(|(_, earlier)| earlier.unknown > 0);
    let question = |(context, earlier): &(&Arc<Context>, UnknownJobs)| {
        format!(
            "the ledger in {} is new, and key {} has started {} in the last 24 h that it cannot tell \
             apart: if it was lost, inputs may be paid for again; go on?",
            app.settings.state_dir.display(),
            context.key.fingerprint.0,
            amounts::counted(earlier.unknown as u64, "job", "jobs")
        )
    };
    unknown.map(question).collect()
}

/// What each key has done before, of every one before any is adopted: from then on the service
/// counts as known. One that is refused does not stop the other.
async fn earlier_of_all<'a>(
    app: &AppContext,
    context: &'a Arc<Context>,
    wish: &RunRequest,
) -> Result<Vec<(&'a Arc<Context>, UnknownJobs)>, Failure> {
    let (mut known, mut refused) = (Vec::new(), None);
    for context in context.all() {
        if wish.run_options.again {
            // Whoever asks for a new, billed attempt has been asked.
            known.push((context, UnknownJobs::default()));
            continue;
        }
        match unknown_jobs_of_key(context).await {
            Ok(earlier) => known.push((context, earlier)),
            Err(failure) if failure.kind.exit_class() == ExitClass::Credentials => {
                refused = Some((context, failure));
            }
            Err(failure) => {
                let next = "the same command again; nothing was sent for any input yet";
                return Err(failure.with_next(next));
            }
        }
    }
    match refused {
        // What helps against a refused key is not to try again.
        Some((_, failure)) if known.is_empty() => Err(failure),
        Some((context, _)) => {
            app.printer.warn(&format!(
                "key {} is refused: whether it has paid for some of these inputs before cannot be \
                 seen",
                context.key.fingerprint.0
            ));
            Ok(known)
        }
        None => Ok(known),
    }
}

async fn make_plan(
    context: &Arc<Context>,
    request: PlanRequest,
    pricing: &Pricing,
) -> Result<Plan, Failure> {
    let (context, pricing) = (Arc::clone(context), pricing.clone());
    let planned = tokio::task::spawn_blocking(move || {
        let planner = Planner {
            ledger: &context.ledger,
            key: context.key.clone(),
            profile: &context.profile,
            pricing: Some(&pricing),
            random: context.random.as_ref(),
            observer: context.observer.as_ref(),
            stop: &context.stop,
        };
        planner.plan(request)
    });
    planned.await.map_err(|error| Failure::local("planning", &error))?
}

/// Tells what a plan comes to, before anything is sent.
pub(crate) fn report_plan(context: &Context, batch: BatchId, totals: &PlanTotals) {
    context.observer.observe(&Event::Planned {
        batch: batch.0,
        todo: totals.todo,
        done: totals.done,
        rejected: totals.rejected,
        estimate: (totals.unpriced == 0 || totals.estimate.0 > 0.0).then_some(totals.estimate),
        unpriced: totals.unpriced,
    });
}

/// Bounds a command by the time that the user gave, and sees to it that it ends soon once it is
/// stopped, whatever it does then.
pub(crate) fn bound_time(app: &AppContext, context: &Arc<Context>, timeout: Option<Duration>) {
    leave_when_stopped(Arc::clone(context), &app.printer);
    if let Some(timeout) = timeout {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            context.end_time();
        });
    }
}

/// Works through a batch.
pub(crate) async fn work(
    app: &AppContext,
    context: &Arc<Context>,
    batch: BatchId,
    run_options: RunOptions,
    stdout: Option<StdoutSink>,
) -> Result<RunResult, Failure> {
    let proven = context.ledger(move |ledger, _| ledger.options_have_succeeded(batch)).await?;
    let run = Arc::new(RunState::new(Arc::clone(context), batch, run_options, proven));
    BatchRunner::new(run, app.spool()?, stdout).work().await
}

/// A production profile says so before a write, and a profile with a bound asks before a large one.
pub(crate) fn confirm(app: &AppContext, totals: &PlanTotals) -> Result<(), Failure> {
    if totals.todo > 0 {
        let jobs = amounts::counted(totals.todo as u64, "job", "jobs");
        app.warn_production(&format!("{jobs}, {}", price(totals)));
    }
    match price_question(app, totals) {
        Some(question) => app.confirm(&question),
        None => Ok(()),
    }
}

fn price(totals: &PlanTotals) -> String {
    match totals.unpriced {
        0 => format!("about {}", amounts::credits(totals.estimate)),
        n => format!(
            "about {} and {} of unknown price",
            amounts::credits(totals.estimate),
            amounts::counted(n as u64, "input", "inputs")
        ),
    }
}

/// What a profile with a bound asks before what costs more.
fn price_question(app: &AppContext, totals: &PlanTotals) -> Option<String> {
    let profile = &app.settings.profile;
    let bound = profile.confirm_above_credits?;
    if totals.estimate.0 <= bound && totals.unpriced == 0 {
        return None;
    }
    Some(format!(
        "profile {} is to start {} for {}; go on?",
        profile.name,
        amounts::counted(totals.todo as u64, "job", "jobs"),
        price(totals)
    ))
}

fn show_plan(app: &AppContext, options: &JobOptions, totals: &PlanTotals) {
    let profile = &app.settings.profile;
    let printer = &app.printer;
    if printer.style().json {
        printer.json(&serde_json::json!({
            "dry_run": true,
            "profile": profile.name,
            "base_url": profile.base_url.as_str(),
            "model": options.model.as_str(),
            "format": options.format.as_str(),
            "background": options.background.to_string(),
            "todo": totals.todo,
            "done": totals.done,
            "rejected": totals.rejected,
            "estimated_credits": json::credits(totals.estimate),
            "unpriced": totals.unpriced,
        }));
        return;
    }
    let mut table = Table::new(["would be sent", ""]);
    let mut row = |what: &str, value: String| table.row([what.to_owned(), value]);
    row("profile", format!("{} ({})", profile.name, profile.base_url));
    row("jobs", totals.todo.to_string());
    row("done already", totals.done.to_string());
    row("rejected", totals.rejected.to_string());
    row("model", options.model.to_string());
    row("format", options.format.to_string());
    row("background", options.background.to_string());
    row("credits, estimated", amounts::credits(totals.estimate));
    if totals.unpriced > 0 {
        row("of unknown length", totals.unpriced.to_string());
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
