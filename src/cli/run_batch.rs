//! Working through a planned batch, within `--timeout` and with `--notify`: used by run, resume, work, fetch
//! and status.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

use super::context::AppContext;
use super::context::signals::leave_when_stopped;
use crate::flow::{BatchRunner, Context, RunOptions, RunResult, RunState, StdoutSink};
use crate::ledger::{BatchId, PlanTotals};
use crate::model::{Event, ExitClass, Failure};
use crate::output::formats::amounts;

/// Unblocks the keys: running a command means that the cause of an earlier stop is fixed.
pub(crate) async fn lift_key_blocks(context: &Arc<Context>) -> Result<(), Failure> {
    for context in context.all() {
        context.service.lift_key_blocks().await?;
    }
    Ok(())
}

/// Reports the totals of a plan, before anything is sent.
pub(crate) fn report_plan(context: &Context, batch: BatchId, totals: &PlanTotals) {
    context.observer.observe(&Event::Planned {
        batch: batch.0,
        todo: totals.todo,
        done: totals.done,
        failed: totals.failed,
        rejected: totals.rejected,
        estimate: (totals.unpriced == 0 || totals.estimate.0 > 0.0).then_some(totals.estimate),
        unpriced: totals.unpriced,
    });
}

/// Does `work` within `--timeout`, and notifies of its end with `--notify`. A stopped command ends soon.
pub(crate) async fn within_time(
    app: &AppContext,
    context: &Arc<Context>,
    timeout: Option<Duration>,
    is_notified: bool,
    work: impl Future<Output = Result<ExitClass, Failure>>,
) -> Result<ExitClass, Failure> {
    leave_when_stopped(Arc::clone(context), &app.printer);
    if let Some(timeout) = timeout {
        let context = Arc::clone(context);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            context.stop_on_timeout();
        });
    }
    let ended = work.await;
    if is_notified {
        notify(app, &ended).await;
    }
    ended.map_err(|failure| context.with_stop_reason(failure))
}

/// Time that the notification may take.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

/// Rings the bell of the terminal, and shows a notification if the desktop has a program for it. What
/// fails is not reported: the result of the command is on the screen.
async fn notify(app: &AppContext, ended: &Result<ExitClass, Failure>) {
    if app.env.terminal.stderr {
        app.printer.bell();
    }
    let text = match ended {
        Ok(ExitClass::Done) => "finished".to_owned(),
        Ok(class) => format!("ended with exit code {}", class.code()),
        Err(failure) => format!("ended with exit code {}", failure.kind.exit_class().code()),
    };
    let shown = Command::new("notify-send")
        .args(["--app-name=rbgv", "rbgv", &text])
        .env_clear()
        .envs(app.settings.child_vars())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    let _ = tokio::time::timeout(NOTIFICATION_TIMEOUT, shown).await;
}

/// Runs every open input of a batch.
pub(crate) async fn run_batch(
    app: &AppContext,
    context: &Arc<Context>,
    batch: BatchId,
    run_options: RunOptions,
    stdout: Option<StdoutSink>,
) -> Result<RunResult, Failure> {
    batch_runner(app, context, batch, run_options, stdout).await?.work().await
}

pub(crate) async fn batch_runner(
    app: &AppContext,
    context: &Arc<Context>,
    batch: BatchId,
    run_options: RunOptions,
    stdout: Option<StdoutSink>,
) -> Result<BatchRunner, Failure> {
    let proven = context.ledger.options_have_succeeded(batch).await?;
    let run = Arc::new(RunState::new(Arc::clone(context), batch, run_options, proven));
    Ok(BatchRunner::new(run, app.spool()?, stdout))
}

/// Warns before production jobs, and asks if they cost more than `confirm_above_credits`.
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
            "about {} plus {} of unknown price",
            amounts::credits(totals.estimate),
            amounts::counted(n as u64, "input", "inputs")
        ),
    }
}

/// The question before jobs that cost more than `confirm_above_credits`.
pub(crate) fn price_question(app: &AppContext, totals: &PlanTotals) -> Option<String> {
    let profile = &app.settings.profile;
    let bound = profile.confirm_above_credits?;
    if totals.estimate.0 <= bound && totals.unpriced == 0 {
        return None;
    }
    Some(format!(
        "Start {} ({}) on \"{}\"?",
        amounts::counted(totals.todo as u64, "job", "jobs"),
        price(totals),
        profile.name
    ))
}
