//! Waiting for jobs to end without collecting their outputs. Observations of jobs in the ledger are
//! recorded there.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::driver::JobDriver;
use super::upload::retry_reporter;
use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::flow::polling::find_job::key_context;
use crate::flow::polling::list_poll::{FollowedJob, ListPoller, poll_lists};
use crate::flow::polling::list_schedule::{JobStart, JobUpdate};
use crate::flow::run::RunState;
use crate::flow::run_options::{ByUrl, RunOptions};
use crate::flow::state_machine::{Goal, Observation};
use crate::ledger::{AttemptStatus, BatchId, Claim};
use crate::model::{
    Credits, ExitClass, Failure, FailureKind, InputEvent, InputRef, Instant, JobId, JobStatus,
    JobView, Stage,
};

/// A run that only polls. It has no batch: a poll starts nothing that could count against one.
pub(crate) fn polling_run(context: &Arc<Context>) -> RunState {
    let run_options = RunOptions {
        goal: Goal::Finish,
        in_flight: 1,
        max_credits: None,
        overwrite: false,
        fail_fast: false,
        retry_failed: 0,
        by_url: ByUrl::default(),
        again: false,
    };
    RunState::new(Arc::clone(context), BatchId(0), run_options, true)
}

/// Follows jobs in parallel until each is final, with list polls as in a run, and passes the last
/// view of each to `each`. New states of jobs in this ledger are recorded, unless another process
/// follows them and does so itself.
///
/// # Errors
///
/// Ledger errors only: a failure of a job is an event of it.
pub async fn watch(
    context: &Arc<Context>,
    jobs: Vec<(InputRef, JobId)>,
    mut each: impl FnMut(&JobId, &JobView),
) -> Result<ExitClass, Failure> {
    let (mut tasks, mut list_polls) = (JoinSet::new(), JoinSet::new());
    let pollers: Vec<(&Arc<Context>, Arc<ListPoller>, Arc<RunState>)> = context
        .all()
        .map(|context| (context, Arc::default(), Arc::new(polling_run(context))))
        .collect();
    let (mut classes, mut succeeded) = (Vec::new(), false);
    // All are followed before any is polled: a single followed job would be polled by itself.
    let mut following = Vec::new();
    for (input, job) in jobs {
        let job_context = match key_context(context, &job).await {
            Ok(job_context) => job_context,
            Err(failure) if failure.kind == FailureKind::Configuration => {
                classes.push(failure.kind.exit_class());
                context.emit(&input, InputEvent::Paused(failure));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let Some((_, list, run)) =
            pollers.iter().find(|(other, ..)| Arc::ptr_eq(other, job_context))
        else {
            continue;
        };
        let now = job_context.clock.now();
        let start =
            JobStart { started: now, expected: Some(now), polled_at: None, announced: false };
        following.push((Arc::clone(run), list.follow(&job, start, now), input, job));
    }
    for (context, list, _) in &pollers {
        list_polls.spawn(poll_lists(Arc::clone(context), Arc::clone(list)));
    }
    for (run, followed, input, job) in following {
        tasks.spawn(async move {
            let ended = follow_to_end(&run, &followed, &input, &job).await;
            (input, job, ended)
        });
    }
    while let Some(joined) = tasks.join_next().await {
        let (input, job, ended) =
            joined.map_err(|error| Failure::local("following a job", &error))?;
        match ended {
            Ok(view) if view.status == JobStatus::Failed => {
                each(&job, &view);
                let why = view.error.unwrap_or_else(|| "the service gave no reason".to_owned());
                let failure =
                    Failure::new(FailureKind::JobFailed, "the job failed", why).with_job(&job);
                classes.push(ExitClass::Job);
                context.emit(&input, InputEvent::Failed(failure));
            }
            Ok(view) => {
                succeeded = true;
                each(&job, &view);
                // Waiting starts nothing.
                let credits = Some(Credits::default());
                context.emit(&input, InputEvent::Left { job, status: view.status, credits });
            }
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                context.emit(&input, InputEvent::Paused(failure));
            }
        }
    }
    Ok(ExitClass::combine(classes, succeeded))
}

async fn follow_to_end(
    run: &RunState,
    followed: &FollowedJob,
    input: &InputRef,
    job: &JobId,
) -> Result<JobView, Failure> {
    let context = &run.context;
    let on_retry = retry_reporter(Arc::clone(&context.observer), input.clone());
    context.emit(input, InputEvent::Job(job.clone()));
    let began = context.clock.now();
    let mut max_progress: f64 = 0.0;
    let mut recorded = None;
    loop {
        let (requested_at, view, listed) = match followed.next_update(context).await? {
            JobUpdate::Shown(requested_at, view) => (requested_at, *view, true),
            JobUpdate::Refused(failure) => return Err(*failure),
            JobUpdate::Poll => {
                let requested_at = context.clock.now();
                let call = RequestOptions {
                    job: Some(job.clone()),
                    input: Some(&input.name),
                    ..RequestOptions::plain()
                };
                let call = RequestOptions { on_retry: &on_retry, ..call };
                let view = context.unless_stopped(context.service.get(job, call)).await??;
                followed.polled(requested_at, view.progress);
                (requested_at, view, false)
            }
        };
        if recorded.as_ref() != Some(&view.status) {
            recorded = Some(view.status.clone());
            record(run, job, requested_at, view.clone(), listed).await?;
        }
        if view.status.is_final() {
            return Ok(view);
        }
        if view.status == JobStatus::Created {
            let why = "the job is a draft and was not started";
            return Err(Failure::usage("waiting for the job", why)
                .with_job(job)
                .with_next("rbgv resume  # if it was created on this machine"));
        }
        let stage = match view.status {
            JobStatus::Processing => Stage::Processing,
            _ => Stage::Waiting,
        };
        context.emit_stage(input, stage);
        max_progress = max_progress.max(view.progress.unwrap_or(0.0));
        let percent = view.progress.map(|_| max_progress);
        context.emit(input, InputEvent::Progress { status: view.status, percent });
        if context.clock.now().since(began) > context.timing.wait_timeout {
            break;
        }
    }
    let why = "not finished; still running at the service";
    Err(Failure::new(FailureKind::TimedOut, "waiting for the job", why).with_job(job))
}

/// Records an observation of a job in the state of its attempt, under the rules of a run. Jobs that
/// are not in the ledger, that another process follows, or that have ended are skipped.
async fn record(
    run: &RunState,
    job: &JobId,
    requested_at: Instant,
    view: JobView,
    listed: bool,
) -> Result<(), Failure> {
    let context = &run.context;
    let known = context.ledger.find_attempt_by_job(job).await?;
    let Some(attempt) =
        known.filter(|attempt| attempt.work.key == context.key && attempt.state.status.in_flight())
    else {
        return Ok(());
    };
    let claim = context.ledger.claim(attempt.id).await?;
    let Claim::Acquired(attempt) = claim else { return Ok(()) };
    if attempt.state.status != AttemptStatus::Running {
        // The state machine decides whether the start was executed, by a poll of its own.
        return run.poll_attempt(*attempt).await.map(drop);
    }
    let observe = |driver: &mut JobDriver<'_>| {
        Observation::Polled(driver.record_poll(requested_at, view, listed))
    };
    run.poll_once_and_release(*attempt, observe).await.map(drop)
}
