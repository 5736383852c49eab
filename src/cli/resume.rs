//! `rbgv resume`: goes on with what an interrupted or paused batch left.

use super::run::{ConductArgs, announce, confirm, release_latches, work};
use super::session::Session;
use crate::flow::{Conduct, prove_open, settle_by_hand};
use crate::ledger::{Batch, BatchId};
use crate::model::{ExitClass, Failure, FailureKind, JobId};

/// Go on with a batch that was interrupted, paused, or ran out of credits
///
/// Without a number, the newest batch that has something left. Nothing is sent twice: what was
/// under way is looked up first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which batch; see rbgv status
    batch: Option<i64>,

    #[command(flatten)]
    conduct: ConductArgs,

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

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    let context = session.context(session.reporter())?;
    // To resume is to say that the account has been seen to.
    release_latches(&context).await?;
    let batch = find(args.batch, session, &context).await?;
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
        session.confirm("take work away from other processes? Only when they do not run")?;
        let id = batch.id;
        let taken = context.ledger(move |ledger, _| ledger.take_over_batch(id)).await?;
        session.printer.note(&format!("took {taken} jobs over"));
    }
    if args.accept || args.abandon {
        let only: Vec<JobId> = args.jobs.iter().cloned().map(JobId).collect();
        let settled = settle_by_hand(&context, batch.id, args.accept, &only).await?;
        let word = if args.accept { "accepted" } else { "abandoned" };
        session.printer.note(&format!("{word} {settled} jobs"));
    }
    let id = batch.id;
    context.ledger(move |ledger, _| ledger.reopen(id)).await?;
    let totals = context.ledger(move |ledger, _| ledger.totals(id)).await?;
    let conduct = args.conduct.over(Conduct::of_batch(&batch.conduct)?);
    prove_open(&context, id, conduct.overwrite).await?;
    confirm(session, &totals)?;
    announce(&context, batch.id, &totals);
    let verdict = work(session, &context, batch.id, conduct, args.conduct.timeout, None).await?;
    Ok(verdict.class)
}

async fn find(
    number: Option<i64>,
    session: &Session,
    context: &crate::flow::Context,
) -> Result<Batch, Failure> {
    let nothing =
        |why: String| Err(Failure::new(FailureKind::Usage, "resume", why).with_next("rbgv status"));
    match number {
        Some(number) => {
            let found = context.ledger(move |ledger, _| ledger.batch(BatchId(number))).await?;
            match found {
                Some(batch) if batch.planned => Ok(batch),
                Some(_) => {
                    nothing(format!("batch {number} was never planned to the end; run it again"))
                }
                None => nothing(format!("there is no batch {number}")),
            }
        }
        None => match context.ledger(|ledger, _| ledger.last_open_batch()).await? {
            Some(batch) => Ok(batch),
            None => nothing(format!(
                "nothing is left to do in {}",
                session.settings.state_dir.display()
            )),
        },
    }
}
