//! `rbgv fetch`: downloads the outputs of jobs, whoever made them.

use std::path::PathBuf;

use super::run::{release_latches, work};
use crate::cli::context::AppContext;
use crate::flow::state_machine::Goal;
use crate::flow::{Destination, FetchRequest, RunOptions, plan_fetch};
use crate::model::{ExitClass, Failure, FailureKind, JobId};

/// Download the outputs of jobs, verified and resumable
///
/// Fetching costs nothing, however often. A job that is not finished is waited for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Jobs, made here or on another machine with the same key
    #[arg(value_name = "JOB", required_unless_present = "all", conflicts_with = "all")]
    jobs: Vec<String>,

    /// Everything of this key that is started or completed and not fetched yet
    #[arg(long)]
    all: bool,

    /// A directory, or a file for one job; otherwise where the job's own run wanted it
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// Replace files that are in the way
    #[arg(long)]
    overwrite: bool,

    /// Unpack archives of pictures into a directory beside each; into one that exists with --overwrite
    #[arg(long)]
    extract: bool,
}

/// Downloads are free, so all may follow at once.
const SIDE_BY_SIDE: u32 = 16;

/// Most jobs that `--all` takes at a time.
const ALL: u32 = 100_000;

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let context = app.context(app.reporter())?;
    release_latches(&context).await?;
    let jobs = if args.all {
        let mut jobs = Vec::new();
        for context in context.all() {
            let key = context.key.clone();
            jobs.extend(
                context.ledger(move |ledger, _| ledger.jobs_without_output(&key, ALL)).await?,
            );
        }
        jobs
    } else {
        args.jobs.into_iter().map(JobId).collect()
    };
    if jobs.is_empty() {
        return Ok(app.nothing_to_do("everything is fetched already"));
    }
    let run_options = RunOptions {
        goal: Goal::Finish,
        in_flight: SIDE_BY_SIDE,
        max_credits: None,
        overwrite: args.overwrite,
        fail_fast: false,
        retry_failed: 0,
        again: false,
    };
    let request = FetchRequest {
        destination: destination(args.output, jobs.len(), app)?,
        jobs,
        run_options: run_options.clone(),
        current_dir: app.env.current_dir.clone(),
    };
    let batch = plan_fetch(&context, request).await?;
    let verdict = work(app, &context, batch, run_options, None).await?;
    if args.extract {
        super::extract::unpack(app, &context, batch, args.overwrite).await?;
    }
    Ok(verdict.class)
}

fn destination(
    output: Option<PathBuf>,
    jobs: usize,
    app: &AppContext,
) -> Result<Destination, Failure> {
    let Some(output) = output else { return Ok(Destination::Beside) };
    let slash = output.as_os_str().as_encoded_bytes().ends_with(b"/");
    if slash || app.env.current_dir.join(&output).is_dir() {
        return Ok(Destination::Directory(output));
    }
    if jobs > 1 {
        let why = "several outputs need a directory";
        return Err(Failure::new(FailureKind::Usage, "-o", why).with_next("give -o DIR/"));
    }
    Ok(Destination::File(output))
}
