//! From inputs to a plan that the user has agreed to, and on to its batch.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::blocking::blocking;
use crate::cli::args::input::Inputs;
use crate::cli::context::AppContext;
use crate::cli::run_batch::{confirm, price_question, report_plan, run_batch};
use crate::flow::plan::{Plan, PlanRequest, Planner};
use crate::flow::{
    Context, RunOptions, RunResult, StdoutSink, UnknownJobs, adopt, unknown_jobs_of_key,
};
use crate::ledger::PlanTotals;
use crate::model::{ExitClass, Failure, JobOptions, Pricing};
use crate::output::formats::amounts;

/// The options of a run, for every input.
#[derive(Clone)]
pub(crate) struct RunRequest {
    pub(crate) options: JobOptions,
    pub(crate) run_options: RunOptions,
    pub(crate) pricing: Pricing,
    /// Whether the user may be asked about single inputs.
    pub(crate) is_attended: bool,
}

/// Confirms a plan and runs its batch.
pub(crate) async fn execute_plan(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    request: &RunRequest,
    stdout: Option<StdoutSink>,
) -> Result<RunResult, Failure> {
    let batch = plan.batch;
    let totals = match confirm_plan(app, context, plan, request).await {
        Ok(totals) => totals,
        Err(refused) => {
            context.ledger.delete_batch(batch).await?;
            return Err(refused);
        }
    };
    report_plan(context, batch, &totals);
    let run_options = request.run_options.clone();
    run_batch(app, context, batch, run_options, stdout).await
}

/// The totals of a plan, once the user has answered every question about it.
async fn confirm_plan(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
    request: &RunRequest,
) -> Result<PlanTotals, Failure> {
    let known = earlier_of_all(app, context, request).await?;
    // The price is confirmed later, when existing jobs have been recognised.
    let free = PlanTotals::default();
    for question in questions(app, plan, &known, request, &free) {
        app.confirm(&question)?;
    }
    let batch = plan.batch;
    let mut adopted = 0;
    for (context, earlier) in known {
        adopted += adopt(context, batch, earlier).await?;
    }
    if adopted > 0 {
        app.printer.note(&format!(
            "{} at the service: downloaded without paying again",
            amounts::counted(adopted as u64, "existing job found", "existing jobs found")
        ));
    }
    let totals = context.ledger.plan_totals(batch).await?;
    confirm(app, &totals)?;
    exclude_outputs(app, context, plan).await?;
    Ok(totals)
}

/// Records outputs that were left out, so that the question is asked once.
async fn exclude_outputs(
    app: &AppContext,
    context: &Arc<Context>,
    plan: &Plan,
) -> Result<(), Failure> {
    if plan.outputs.is_empty() {
        return Ok(());
    }
    let left_out = amounts::counted(plan.outputs.len() as u64, "file", "files");
    app.printer.note(&format!("{left_out} skipped: named like outputs of rbgv"));
    let outputs: Vec<_> =
        plan.outputs.iter().cloned().map(|o| (o.name, o.sha256, o.size)).collect();
    context.ledger.record_foreign_outputs(plan.batch, &outputs).await
}

/// The questions to ask before a plan with these totals is run.
pub(crate) fn questions(
    app: &AppContext,
    plan: &Plan,
    known: &[(&Arc<Context>, UnknownJobs)],
    request: &RunRequest,
    totals: &PlanTotals,
) -> Vec<String> {
    let price = price_question(app, totals);
    if !request.is_attended {
        return price.into_iter().collect();
    }
    let outputs = plan.outputs.first().map(|first| {
        format!(
            "{} such as {} are named like outputs of rbgv, but are not in the ledger in {} (to \
             process one, name it on the command line). Skip them and continue?",
            amounts::counted(plan.outputs.len() as u64, "file", "files"),
            first.name,
            app.settings.state_dir.display(),
        )
    });
    outputs.into_iter().chain(unknown_jobs(app, known)).chain(price).collect()
}

/// A question for each key with recent jobs that a new ledger does not know.
pub(crate) fn unknown_jobs(
    app: &AppContext,
    known: &[(&Arc<Context>, UnknownJobs)],
) -> Vec<String> {
    let unknown = known.iter().filter(|(_, earlier)| earlier.unknown > 0);
    let question = |(context, earlier): &(&Arc<Context>, UnknownJobs)| {
        format!(
            "the ledger in {} is new, but key {} started {} in the last 24 h; if an earlier \
             ledger was lost, inputs may be paid for again. Continue?",
            app.settings.state_dir.display(),
            context.key.fingerprint.0,
            amounts::counted(earlier.unknown as u64, "job", "jobs")
        )
    };
    unknown.map(question).collect()
}

/// The earlier jobs of each key. Read for every key before any job is adopted, because adopting one
/// marks the service as known. A rejected key does not stop the other one.
pub(crate) async fn earlier_of_all<'a>(
    app: &AppContext,
    context: &'a Arc<Context>,
    request: &RunRequest,
) -> Result<Vec<(&'a Arc<Context>, UnknownJobs)>, Failure> {
    let (mut known, mut refused) = (Vec::new(), None);
    for context in context.all() {
        if request.run_options.again {
            // `--again` already asks for a new, billed attempt.
            known.push((context, UnknownJobs::default()));
            continue;
        }
        match unknown_jobs_of_key(context).await {
            Ok(earlier) => known.push((context, earlier)),
            Err(failure) if failure.kind.exit_class() == ExitClass::Credentials => {
                refused = Some((context, failure));
            }
            Err(failure) => {
                let next = "run the same command again; nothing has been sent yet";
                return Err(failure.with_next(next));
            }
        }
    }
    match refused {
        // Trying again does not help against a rejected key.
        Some((_, failure)) if known.is_empty() => Err(failure),
        Some((context, _)) => {
            app.printer.warn(&format!(
                "key {} is rejected, so jobs that it already paid for cannot be recognised",
                context.key.fingerprint.0
            ));
            Ok(known)
        }
        None => Ok(known),
    }
}

/// Plans the inputs, of which a watched directory takes `only` some files.
pub(crate) async fn make_plan(
    app: &AppContext,
    context: &Arc<Context>,
    inputs: Inputs,
    request: &RunRequest,
    only: Option<HashSet<PathBuf>>,
) -> Result<Plan, Failure> {
    let plan_request = PlanRequest {
        named: inputs.named,
        lists: inputs.lists,
        selection: inputs.selection,
        only,
        destination: inputs.destination,
        template: inputs.template,
        options: request.options.clone(),
        run_options: request.run_options.clone(),
        hash_objects: inputs.hash,
        current_dir: app.env.current_dir.clone(),
    };
    let (context, pricing) = (Arc::clone(context), request.pricing.clone());
    blocking(move || {
        let planner = Planner {
            ledger: context.ledger.blocking(),
            stores: &context.stores,
            key: context.key.clone(),
            profile: &context.profile,
            pricing: Some(&pricing),
            random: context.random.as_ref(),
            observer: context.observer.as_ref(),
            stop: &context.stop,
        };
        planner.plan(plan_request)
    })
    .await
}
