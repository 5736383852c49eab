//! `rbgv fetch`: downloads the outputs of jobs.

mod extract;

use std::path::PathBuf;

use crate::cli::args::input::object_destination;
use crate::cli::context::AppContext;
use crate::cli::run_batch::{lift_key_blocks, run_batch};
use crate::flow::state_machine::Goal;
use crate::flow::{ByUrl, Destination, FetchRequest, RunOptions, plan_fetch};
use crate::model::{ExitClass, Failure, JobId, ObjectUrl};

/// Download the outputs of jobs, verified and resumable
///
/// Downloads are free and can be repeated. Waits for jobs that are not finished.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Job IDs, also of jobs created on another machine with the same key
    #[arg(value_name = "JOB", required_unless_present = "all", conflicts_with = "all")]
    jobs: Vec<String>,

    /// Every started or completed job of this key that was not downloaded yet
    #[arg(long)]
    all: bool,

    /// Output directory, or output file (for one job) [default: where the job's run would put it]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// Overwrite existing files
    #[arg(long)]
    overwrite: bool,

    /// Extract archives of images into a directory next to each; with --overwrite, also into an
    /// existing one
    #[arg(long)]
    extract: bool,
}

const MAX_PARALLEL: u32 = 16;

/// Maximum number of jobs of `--all`.
const MAX_JOBS: u32 = 100_000;

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let context = app.context()?;
    lift_key_blocks(&context).await?;
    let jobs = if args.all {
        let mut jobs = Vec::new();
        for context in context.all() {
            jobs.extend(context.ledger.jobs_without_output(&context.key, MAX_JOBS).await?);
        }
        jobs
    } else {
        args.jobs.into_iter().map(JobId).collect()
    };
    if jobs.is_empty() {
        return Ok(app.nothing_to_do("every output is already downloaded"));
    }
    let run_options = RunOptions {
        goal: Goal::Finish,
        in_flight: MAX_PARALLEL,
        max_credits: None,
        overwrite: args.overwrite,
        fail_fast: false,
        retry_failed: 0,
        by_url: ByUrl::default(),
        again: false,
    };
    let request = FetchRequest {
        destination: destination(args.output, jobs.len(), app)?,
        jobs,
        run_options: run_options.clone(),
        current_dir: app.env.current_dir.clone(),
    };
    let batch = plan_fetch(&context, request).await?;
    let result = run_batch(app, &context, batch, run_options, None).await?;
    if args.extract {
        extract::unpack(app, &context, batch, args.overwrite).await?;
    }
    Ok(result.class)
}

fn destination(
    output: Option<PathBuf>,
    jobs: usize,
    app: &AppContext,
) -> Result<Destination, Failure> {
    let Some(output) = output else { return Ok(Destination::Beside) };
    if let Some(url) = output.to_str().and_then(ObjectUrl::parse) {
        return object_destination(url, jobs > 1);
    }
    let slash = output.as_os_str().as_encoded_bytes().ends_with(b"/");
    if slash || app.env.current_dir.join(&output).is_dir() {
        return Ok(Destination::Directory(output));
    }
    if jobs > 1 {
        let why = "several outputs need a directory";
        return Err(Failure::usage("-o", why).with_next("use -o DIR/"));
    }
    Ok(Destination::File(output))
}
