//! `rbgv run --watch`: processes new files of directories. Failures of single files, and outages, do
//! not end it: only a signal, a rejected key or an unusable ledger does.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{RunRequest, earlier_of_all, execute_plan, make_plan, unknown_jobs};
use crate::cli::args::input::Inputs;
use crate::cli::context::AppContext;
use crate::cli::run_batch::{lift_key_blocks, run_batch};
use crate::client::RequestOptions;
use crate::flow::{
    Context, Destination, FolderWatcher, InputSpec, RunOptions, RunResult, interrupted,
};
use crate::ledger::BatchId;
use crate::model::secret::redact_url;
use crate::model::{Credits, ExitClass, Failure, FailureKind, Instant, Pricing};
use crate::output::formats::amounts;

/// Between two scans of the watched directories.
const SCAN_INTERVAL: Duration = Duration::from_secs(1);

/// How long a file has to be unchanged.
const QUIET_PERIOD: Duration = Duration::from_secs(2);

/// First pause before paused inputs are retried; doubled after each failure.
const RETRY_FIRST: Duration = Duration::from_secs(5);

/// Longest pause while the service does not respond: a probe is one request.
const PROBE_MAX: Duration = Duration::from_secs(30);

/// Longest pause while the service responds but inputs stay paused.
const RETRY_MAX: Duration = Duration::from_mins(5);

/// Processes new files until stopped.
pub(crate) async fn watch(
    app: &AppContext,
    context: &Arc<Context>,
    inputs: Inputs,
    request_with: impl FnOnce(Pricing) -> RunRequest,
) -> Result<ExitClass, Failure> {
    check(app, &inputs)?;
    let prices =
        async || context.unless_stopped(context.service.pricing(RequestOptions::plain())).await?;
    let Some(pricing) = once_reachable(context, prices).await? else {
        return Ok(stopped(context));
    };
    let request = RunRequest { is_attended: false, ..request_with(pricing) };
    // Report a mistake that affects every file while the user is present.
    request.run_options.check()?;
    let jobs = async || earlier_of_all(app, context, &request).await;
    let Some(known) = once_reachable(context, jobs).await? else {
        return Ok(stopped(context));
    };
    for question in unknown_jobs(app, &known) {
        app.confirm(&question)?;
    }
    let mut watcher = Watcher {
        app,
        context,
        inputs,
        request,
        arrivals: FolderWatcher::default(),
        paused: BTreeSet::new(),
        spent: BTreeMap::new(),
        retry: RetryTime::default(),
        unreadable: BTreeSet::new(),
        postponed: None,
    };
    loop {
        if let Some(class) = watcher.retry_paused().await? {
            return Ok(class);
        }
        if let Some(class) = watcher.take_new().await? {
            return Ok(class);
        }
        if context.unless_stopped(tokio::time::sleep(SCAN_INTERVAL)).await.is_err() {
            return Ok(stopped(context));
        }
    }
}

/// The exit code after a signal or a timeout.
fn stopped(context: &Context) -> ExitClass {
    context.with_stop_reason(interrupted()).kind.exit_class()
}

fn check(app: &AppContext, inputs: &Inputs) -> Result<(), Failure> {
    let refused = |what: String, why: &str| {
        Err(Failure::usage(what, why).with_next("rbgv run --watch DIR -o OUT/"))
    };
    if !inputs.lists.is_empty() || inputs.destination == Destination::Stdout {
        return refused("--watch".to_owned(), "lists and -o - cannot be used with --watch");
    }
    for named in &inputs.named {
        let shown = match named {
            InputSpec::Path(path) if app.env.current_dir.join(path).is_dir() => continue,
            InputSpec::Path(path) => path.display().to_string(),
            InputSpec::Object(url) => url.to_string(),
            InputSpec::Url(url) => redact_url(url),
        };
        return refused(shown, "--watch needs a directory");
    }
    Ok(())
}

/// The result of `ask` once the service can be reached; `None` if stopped first.
async fn once_reachable<T>(
    context: &Context,
    ask: impl AsyncFn() -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut retry = RetryTime::default();
    loop {
        match ask().await {
            Ok(answer) => return Ok(Some(answer)),
            Err(failure) if failure.kind == FailureKind::Interrupted => return Ok(None),
            Err(failure)
                if FailureKind::TEMPORARY.contains(&failure.kind)
                    && failure.kind != FailureKind::Local => {}
            Err(failure) => return Err(failure),
        }
        let pause = retry.next_pause(PROBE_MAX);
        if context.unless_stopped(tokio::time::sleep(pause)).await.is_err() {
            return Ok(None);
        }
    }
}

#[derive(Debug, Default)]
struct RetryTime {
    at: Instant,
    failures: u32,
}

impl RetryTime {
    fn next_pause(&mut self, most: Duration) -> Duration {
        let pause = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(most);
        self.failures += 1;
        pause
    }
}

struct Watcher<'a> {
    app: &'a AppContext,
    context: &'a Arc<Context>,
    inputs: Inputs,
    request: RunRequest,
    arrivals: FolderWatcher,
    /// Batches with inputs that will be retried.
    paused: BTreeSet<BatchId>,
    /// Credits started by each batch, if `--max-credits` is set.
    spent: BTreeMap<BatchId, Credits>,
    retry: RetryTime,
    /// Warnings about directories that cannot be read, while that lasts.
    unreadable: BTreeSet<String>,
    /// The last warning about files that wait to be planned.
    postponed: Option<String>,
}

impl Watcher<'_> {
    /// Processes the files that are ready. Returns the exit code if the watch has to end.
    async fn take_new(&mut self) -> Result<Option<ExitClass>, Failure> {
        let now = self.now();
        if self.postponed.is_some() && now < self.retry.at {
            return Ok(None);
        }
        let current_dir = &self.app.env.current_dir;
        let (named, selection) = (&self.inputs.named, &self.inputs.selection);
        let scan = self.arrivals.scan(named, selection, current_dir, now, QUIET_PERIOD)?;
        self.warn_unreadable(&scan.unreadable);
        if scan.ready.is_empty() {
            return Ok(None);
        }
        let (inputs, only) = (self.inputs.again(), Some(scan.ready.clone()));
        let plan = match make_plan(self.app, self.context, inputs, &self.request, only).await {
            Ok(plan) => plan,
            Err(failure) if failure.kind == FailureKind::Interrupted => return Ok(None),
            Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
            Err(failure) => {
                self.postpone(&scan.ready, &failure);
                return Ok(None);
            }
        };
        let batch = plan.batch;
        if plan.is_empty() {
            self.context.ledger.delete_batch(batch).await?;
            return Ok(None);
        }
        self.postponed = None;
        let request = RunRequest { run_options: self.run_options(batch), ..self.request.clone() };
        match execute_plan(self.app, self.context, &plan, &request, None).await {
            Ok(result) => self.end(batch, &result).await,
            Err(failure) if failure.kind == FailureKind::Interrupted => Ok(None),
            Err(failure) if failure.kind == FailureKind::Local => Err(failure),
            Err(failure) if failure.kind.exit_class() == ExitClass::Credentials => Err(failure),
            Err(failure) if failure.kind == FailureKind::Usage => {
                // Not confirmed; asking again would not change that.
                let left = amounts::counted(scan.ready.len() as u64, "file", "files");
                self.app.printer.warn(&format!("{left} not started: {failure}"));
                Ok(None)
            }
            Err(failure) => {
                self.postpone(&scan.ready, &failure);
                Ok(None)
            }
        }
    }

    /// Plans the files again after a pause.
    fn postpone(&mut self, files: &HashSet<PathBuf>, failure: &Failure) {
        self.arrivals.retry(files);
        self.put_off(PROBE_MAX);
        let text = format!("{failure}; retrying until it works");
        if self.postponed.as_ref() != Some(&text) {
            self.app.printer.warn(&text);
        }
        self.postponed = Some(text);
    }

    /// Warns once about each directory that cannot be read.
    fn warn_unreadable(&mut self, unreadable: &[(PathBuf, String)]) {
        let lasting: BTreeSet<String> = unreadable
            .iter()
            .map(|(path, why)| format!("cannot read {}: {why}; still watching it", path.display()))
            .collect();
        for text in lasting.difference(&self.unreadable) {
            self.app.printer.warn(text);
        }
        self.unreadable = lasting;
    }

    /// Retries paused batches when due. Returns the exit code if the watch has to end.
    async fn retry_paused(&mut self) -> Result<Option<ExitClass>, Failure> {
        if self.paused.is_empty() || self.now() < self.retry.at {
            return Ok(None);
        }
        let probe = self.context.service.pricing(RequestOptions::plain());
        match self.context.unless_stopped(probe).await {
            Err(_) => return Ok(None),
            Ok(Err(_)) => {
                self.put_off(PROBE_MAX);
                return Ok(None);
            }
            Ok(Ok(_)) => {}
        }
        lift_key_blocks(self.context).await?;
        for batch in self.paused.clone() {
            let reopen = self.context.ledger.reopen_paused_for(batch, &FailureKind::TEMPORARY);
            if reopen.await? == 0 {
                self.paused.remove(&batch);
                continue;
            }
            let run_options = self.run_options(batch);
            let result = run_batch(self.app, self.context, batch, run_options, None).await?;
            let ended = self.end(batch, &result).await?;
            // The next batch would be stopped by the same cause.
            let is_service = matches!(result.class, ExitClass::Unavailable | ExitClass::Credits);
            if ended.is_some() || is_service {
                return Ok(ended);
            }
        }
        Ok(None)
    }

    /// Records the result of a batch. Returns the exit code if the watch has to end.
    async fn end(
        &mut self,
        batch: BatchId,
        result: &RunResult,
    ) -> Result<Option<ExitClass>, Failure> {
        match result.stop_reason {
            Some(FailureKind::Unauthorized | FailureKind::Forbidden) => {
                return Ok(Some(ExitClass::Credentials));
            }
            Some(FailureKind::TimedOut) => return Ok(Some(ExitClass::TimedOut)),
            Some(FailureKind::Interrupted) => return Ok(None),
            _ => {}
        }
        if self.request.run_options.max_credits.is_some() {
            self.spent.insert(batch, result.summary.credits);
        }
        let waiting = self.context.ledger.count_paused_for(batch, &FailureKind::TEMPORARY).await?;
        if waiting == 0 {
            self.paused.remove(&batch);
            self.retry = RetryTime::default();
            return Ok(None);
        }
        let is_first = self.paused.insert(batch);
        let pause = self.put_off(RETRY_MAX);
        if is_first {
            self.app.printer.note(&format!(
                "{} paused; retrying in {}",
                amounts::counted(waiting as u64, "input", "inputs"),
                amounts::duration(pause)
            ));
        }
        Ok(None)
    }

    /// The options of a batch: `--max-credits` applies to all batches together.
    fn run_options(&self, batch: BatchId) -> RunOptions {
        let mut run_options = self.request.run_options.clone();
        let others = self.spent.iter().filter(|(other, _)| **other != batch);
        let spent: f64 = others.map(|(_, credits)| credits.0).sum();
        run_options.max_credits =
            run_options.max_credits.map(|max| Credits((max.0 - spent).max(0.0)));
        run_options
    }

    /// Sets the time of the next retry. Returns the pause until then.
    fn put_off(&mut self, most: Duration) -> Duration {
        let pause = self.retry.next_pause(most);
        self.retry.at = self.now().after(pause);
        pause
    }

    fn now(&self) -> Instant {
        self.app.env.clock.now()
    }
}
