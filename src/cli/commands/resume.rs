//! `rbgv resume`: goes on with what an interrupted or paused batch left.

use std::sync::Arc;

use super::run::{RunArgs, bound_time, confirm, release_latches, report_plan, work};
use crate::cli::context::AppContext;
use crate::flow::{Context, RunOptions, prove_open, settle_by_hand};
use crate::ledger::{Batch, BatchId};
use crate::model::{ExitClass, Failure, FailureKind, JobId};

/// Go on with a batch that was interrupted, paused, or ran out of credits
///
/// Without a number, the newest batch that has something left. Nothing is sent twice: what was
/// under way is looked up first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which batch; see rbgv status
    batch: Option<i64>,

    #[command(flatten)]
    run_options: RunArgs,

    /// Take work away from a process that is stopped but alive. Make sure that it is not running
    #[arg(long)]
    take_over: bool,

    /// For jobs that need review: you have looked, and the job runs (or none was made); go on
    #[arg(long, conflicts_with = "abandon")]
    accept: bool,

    /// For jobs that need review or are not visible any more: give them up
    #[arg(long)]
    abandon: bool,

    /// Accept or abandon only this job; may be repeated
    #[arg(long = "job", value_name = "JOB")]
    jobs: Vec<String>,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let context = app.context(app.reporter())?;
    bound_time(app, &context, args.run_options.timeout);
    let ended = resume_within(args, app, &context).await;
    ended.map_err(|failure| context.explained(failure))
}

/// Everything that the time given for the command bounds.
async fn resume_within(
    args: Args,
    app: &AppContext,
    context: &Arc<Context>,
) -> Result<ExitClass, Failure> {
    // To resume is to say that the account has been seen to.
    release_latches(context).await?;
    let Some(batch) = find(args.batch, context).await? else {
        let state = app.settings.state_dir.display();
        return Ok(match args.batch {
            Some(number) => app.nothing_to_do(format!("nothing is left to do in batch {number}")),
            None => app.nothing_to_do(format!("nothing is left to do in {state}")),
        });
    };
    if batch.key.origin != context.key.origin {
        let what = format!("batch {}", batch.id.0);
        let why = format!(
            "it belongs to {}, and the profile to {}",
            batch.key.origin, context.key.origin
        );
        return Err(Failure::new(FailureKind::Usage, what, why)
            .with_next(format!("rbgv --profile {} resume {}", batch.profile, batch.id.0)));
    }
    if args.take_over {
        app.confirm("take work away from other processes? Only when they do not run")?;
        let id = batch.id;
        let taken = context.ledger(move |ledger, _| ledger.take_over_batch(id)).await?;
        app.printer.note(&format!("took {taken} jobs over"));
    }
    if args.accept || args.abandon {
        let only: Vec<JobId> = args.jobs.iter().cloned().map(JobId).collect();
        let settled = settle_by_hand(context, batch.id, args.accept, &only).await?;
        let word = if args.accept { "accepted" } else { "abandoned" };
        app.printer.note(&format!("{word} {settled} jobs"));
    }
    let id = batch.id;
    context.ledger(move |ledger, _| ledger.reopen_inputs(id)).await?;
    let totals = context.ledger(move |ledger, _| ledger.plan_totals(id)).await?;
    let run_options = args.run_options.over(RunOptions::of_batch(&batch.run_options)?);
    prove_open(context, id, run_options.overwrite).await?;
    confirm(app, &totals)?;
    report_plan(context, batch.id, &totals);
    let verdict = work(app, context, batch.id, run_options, None).await?;
    Ok(verdict.class)
}

/// The batch to go on with; `None` when nothing of it, or of any, is left to do.
async fn find(number: Option<i64>, context: &Context) -> Result<Option<Batch>, Failure> {
    let Some(number) = number else {
        return context.ledger(|ledger, _| ledger.latest_unfinished_batch()).await;
    };
    let unusable =
        |why: String| Err(Failure::new(FailureKind::Usage, "resume", why).with_next("rbgv status"));
    let id = BatchId(number);
    match context.ledger(move |ledger, _| ledger.batch(id)).await? {
        Some(batch) if batch.plan_complete => {
            let counts = context.ledger(move |ledger, _| ledger.count_inputs(id)).await?;
            Ok((counts.open + counts.left > 0).then_some(batch))
        }
        Some(_) => unusable(format!("batch {number} was never planned to the end; run it again")),
        None => unusable(format!("there is no batch {number}")),
    }
}
