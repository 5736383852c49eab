//! `rbgv work`: works on the unfinished batches of a ledger, of every machine that shares it.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::run_batch::{batch_runner, lift_key_blocks, report_plan, within_time};
use crate::flow::{Context, RunOptions};
use crate::ledger::BatchId;
use crate::model::{ExitClass, Failure};

/// Interval between queries for new batches.
const INTERVAL: Duration = Duration::from_secs(5);

/// Work on unfinished batches, from any machine with the same ledger
///
/// Takes the open inputs of every batch until none is left: of batches that were planned on this
/// machine, and of others those whose input and output are URLs or objects. Several workers share a
/// batch, and what a lost one left behind is taken over. Nothing is paid for twice.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Wait for new batches, until stopped
    #[arg(long)]
    forever: bool,

    /// Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    timeout: Option<Duration>,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let context = app.context()?;
    let work = Box::pin(work(&args, app, &context));
    within_time(app, &context, args.timeout, false, work).await
}

async fn work(args: &Args, app: &AppContext, context: &Arc<Context>) -> Result<ExitClass, Failure> {
    lift_key_blocks(context).await?;
    let start = BatchId(0);
    let (mut classes, mut after) = (Vec::new(), start);
    loop {
        let origin = &context.key.origin;
        let Some(batch) = context.ledger.next_batch_to_work_on(origin, after).await? else {
            // Others may have added batches while this process worked on the last ones.
            let is_idle = after == start;
            if is_idle && (!args.forever || context.sleep(INTERVAL).await.is_err()) {
                break;
            }
            after = start;
            continue;
        };
        after = batch.id;
        let totals = context.ledger.plan_totals(batch.id).await?;
        report_plan(context, batch.id, &totals);
        let run_options = RunOptions::of_batch(&batch.run_options)?;
        let runner = batch_runner(app, context, batch.id, run_options, None).await?;
        let ended = runner.beside_others().work().await?;
        classes.push(ended.class);
        if ended.stop_reason.is_some() {
            break;
        }
    }
    if classes.is_empty() && !args.forever {
        return Ok(app.nothing_to_do("no batch has open inputs that this machine can work on"));
    }
    Ok(ExitClass::combine(classes, false))
}
