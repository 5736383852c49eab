//! `rbgv resume`: continues an interrupted or paused batch.

use std::sync::Arc;

use crate::cli::args::run::RunArgs;
use crate::cli::context::AppContext;
use crate::cli::run_batch::{confirm, lift_key_blocks, report_plan, run_batch, within_time};
use crate::flow::{Context, RunOptions, accept_lost_starts, prove_open, settle_by_hand};
use crate::ledger::{Batch, BatchId};
use crate::model::{ExitClass, Failure, JobId};
use crate::output::formats::amounts;

/// Resume a batch that was interrupted, paused or ran out of credits
///
/// Without a number, resumes the newest unfinished batch. Nothing is paid for twice: the state of
/// jobs in progress is checked first.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Batch number, as shown by rbgv status
    batch: Option<i64>,

    #[command(flatten)]
    run_options: RunArgs,

    /// Take over the jobs of another process on this machine; make sure that it is not running
    #[arg(long)]
    take_over: bool,

    /// Accept jobs that need review: you checked that the job runs, or that none was created
    #[arg(long, conflicts_with = "abandon")]
    accept: bool,

    /// Give up jobs that need review or no longer exist at the service
    #[arg(long)]
    abandon: bool,

    /// Continue after a fail-over of a shared ledger although the service does not list jobs: inputs
    /// whose starts the ledger lost are paid for again
    #[arg(long)]
    accept_lost_starts: bool,

    /// Only accept or abandon this job; may be repeated
    #[arg(long = "job", value_name = "JOB")]
    jobs: Vec<String>,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let context = app.context()?;
    let (timeout, is_notified) = (args.run_options.timeout, args.run_options.notify);
    let work = Box::pin(resume_within(args, app, &context));
    within_time(app, &context, timeout, is_notified, work).await
}

/// The part of the command that `--timeout` limits.
async fn resume_within(
    args: Args,
    app: &AppContext,
    context: &Arc<Context>,
) -> Result<ExitClass, Failure> {
    lift_key_blocks(context).await?;
    let Some(batch) = find(args.batch, context).await? else {
        let place = if app.settings.has_shared_ledger() {
            "the shared ledger that this machine planned".to_owned()
        } else {
            app.settings.state_dir.display().to_string()
        };
        return Ok(match args.batch {
            Some(number) => {
                app.nothing_to_do(format!("batch {number} is finished; nothing to resume"))
            }
            None => app.nothing_to_do(format!("no unfinished batch in {place}")),
        });
    };
    if batch.key.origin != context.key.origin {
        let what = format!("batch {}", batch.id.0);
        let why = format!(
            "the batch belongs to {}, but the profile uses {}",
            batch.key.origin, context.key.origin
        );
        return Err(Failure::usage(what, why)
            .with_next(format!("rbgv --profile {} resume {}", batch.profile, batch.id.0)));
    }
    if args.take_over {
        app.confirm("Make sure that the other processes are not running. Take over their jobs?")?;
        let taken = context.ledger.take_over_batch(batch.id).await?;
        app.printer.note(&format!("took over {}", amounts::counted(taken as u64, "job", "jobs")));
    }
    if args.accept || args.abandon {
        let only: Vec<JobId> = args.jobs.iter().cloned().map(JobId).collect();
        let settled = settle_by_hand(context, batch.id, args.accept, &only).await?;
        let word = if args.accept { "accepted" } else { "abandoned" };
        app.printer.note(&format!("{word} {}", amounts::counted(settled as u64, "job", "jobs")));
    }
    context.ledger.reopen_inputs(batch.id).await?;
    let totals = context.ledger.plan_totals(batch.id).await?;
    let run_options = args.run_options.over(RunOptions::of_batch(&batch.run_options)?);
    prove_open(context, batch.id, run_options.overwrite).await?;
    confirm(app, &totals)?;
    report_plan(context, batch.id, &totals);
    if args.accept_lost_starts {
        accept_lost_starts(context, batch.id).await?;
    }
    let result = run_batch(app, context, batch.id, run_options, None).await?;
    Ok(result.class)
}

/// The batch to resume; `None` if it, or every batch, is finished.
async fn find(number: Option<i64>, context: &Context) -> Result<Option<Batch>, Failure> {
    let Some(number) = number else {
        return context.ledger.latest_unfinished_batch().await;
    };
    let unusable = |why: String| Err(Failure::usage("resume", why).with_next("rbgv status"));
    let id = BatchId(number);
    match context.ledger.batch(id).await? {
        Some(batch) if batch.plan_complete => {
            let counts = context.ledger.count_inputs(id).await?;
            Ok((counts.open + counts.left > 0).then_some(batch))
        }
        Some(_) => {
            unusable(format!("planning of batch {number} was interrupted; run its command again"))
        }
        None => unusable(format!("no batch {number} in the ledger")),
    }
}
