//! `rbgv run --watch`: takes new files of directories as they are finished. What concerns single
//! files or hours does not end it: only a signal, a refused key, or a ledger that cannot be used.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{
    RunRequest, earlier_of_all, go, make_plan, release_latches, request, unknown_jobs, work,
};
use crate::cli::args::input::Inputs;
use crate::cli::context::AppContext;
use crate::client::RequestOptions;
use crate::flow::{
    Context, Destination, FolderWatcher, InputSpec, RunOptions, RunResult, interrupted,
};
use crate::ledger::BatchId;
use crate::model::{Credits, ExitClass, Failure, FailureKind, Instant, Pricing};
use crate::output::formats::amounts;

/// How often watched directories are read.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a file has to be unchanged.
const STILL: Duration = Duration::from_secs(2);

/// Before what was paused is tried again, at first; twice as long after each time in vain.
const RETRY_FIRST: Duration = Duration::from_secs(5);

/// The same at most, while the service does not answer: asking costs one request.
const PROBE_MAX: Duration = Duration::from_secs(30);

/// The same at most, while it answers and inputs are paused all the same.
const RETRY_MAX: Duration = Duration::from_mins(5);

/// Takes new files as they are finished, until it is stopped.
pub(crate) async fn watch(
    app: &AppContext,
    context: &Arc<Context>,
    inputs: Inputs,
    wanted: impl FnOnce(Pricing) -> RunRequest,
) -> Result<ExitClass, Failure> {
    check(app, &inputs)?;
    let prices =
        async || context.unless_stopped(context.service.pricing(RequestOptions::plain())).await?;
    let Some(pricing) = once_reachable(context, prices).await? else {
        return Ok(stopped(context));
    };
    let wish = RunRequest { is_attended: false, ..wanted(pricing) };
    // Mistakes that concern every file, while somebody is there to correct them.
    wish.options
        .check()
        .map_err(|bad| Failure::new(FailureKind::Usage, "these options cannot be used", bad.0))?;
    wish.run_options.check()?;
    // Whether to go on with a new ledger and a key that has worked before is asked now, too.
    let jobs = async || earlier_of_all(app, context, &wish).await;
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
        wish,
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
        if context.unless_stopped(tokio::time::sleep(PAUSE)).await.is_err() {
            return Ok(stopped(context));
        }
    }
}

/// How a watcher ends that was stopped: by a signal, or since its time is over.
fn stopped(context: &Context) -> ExitClass {
    context.explained(interrupted()).kind.exit_class()
}

fn check(app: &AppContext, inputs: &Inputs) -> Result<(), Failure> {
    let refused = |what: String, why: &str| {
        Err(Failure::new(FailureKind::Usage, what, why)
            .with_next("name directories, without lists and without -o -"))
    };
    if !inputs.lists.is_empty() || inputs.destination == Destination::Stdout {
        return refused("--watch".to_owned(), "it watches directories, and writes files");
    }
    for named in &inputs.named {
        match named {
            InputSpec::Path(path) if app.env.current_dir.join(path).is_dir() => {}
            InputSpec::Path(path) => {
                return refused(path.display().to_string(), "it is not a directory to watch");
            }
            InputSpec::Url(url) => {
                let shown = crate::model::secret::redact_url(url);
                return refused(shown, "it is not a directory to watch");
            }
        }
    }
    Ok(())
}

/// What `ask` answers once the service can be reached; none when the watch was stopped first.
async fn once_reachable<T>(
    context: &Context,
    ask: impl AsyncFn() -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut retry = RetryTime::default();
    loop {
        match ask().await {
            Ok(answer) => return Ok(Some(answer)),
            Err(failure) if failure.kind == FailureKind::Interrupted => return Ok(None),
            Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
            Err(failure) if FailureKind::PASSING.contains(&failure.kind) => {}
            Err(failure) => return Err(failure),
        }
        let pause = retry.next_pause(PROBE_MAX);
        if context.unless_stopped(tokio::time::sleep(pause)).await.is_err() {
            return Ok(None);
        }
    }
}

/// When to try again.
#[derive(Debug, Default)]
struct RetryTime {
    /// Not before.
    at: Instant,
    in_vain: u32,
}

impl RetryTime {
    fn next_pause(&mut self, most: Duration) -> Duration {
        let pause = RETRY_FIRST.saturating_mul(1 << self.in_vain.min(16)).min(most);
        self.in_vain += 1;
        pause
    }

    fn put_off(&mut self, now: Instant, most: Duration) -> Duration {
        let pause = self.next_pause(most);
        self.at = now.after(pause);
        pause
    }
}

struct Watcher<'a> {
    app: &'a AppContext,
    context: &'a Arc<Context>,
    inputs: Inputs,
    wish: RunRequest,
    arrivals: FolderWatcher,
    /// Batches with inputs that are tried again.
    paused: BTreeSet<BatchId>,
    /// Credits that each batch has started, while there is a bound on them.
    spent: BTreeMap<BatchId, Credits>,
    retry: RetryTime,
    /// Directories that cannot be read, in words, while that lasts.
    unreadable: BTreeSet<String>,
    /// Why files wait to be planned, as it was told last.
    postponed: Option<String>,
}

impl Watcher<'_> {
    /// Plans and works through the files that have become ready; answers why to end, if so.
    async fn take_new(&mut self) -> Result<Option<ExitClass>, Failure> {
        let now = self.now();
        if self.postponed.is_some() && now < self.retry.at {
            return Ok(None);
        }
        let current_dir = &self.app.env.current_dir;
        let (named, selection) = (&self.inputs.named, &self.inputs.selection);
        let look = self.arrivals.look(named, selection, current_dir, now, STILL)?;
        self.tell_unreadable(&look.unreadable);
        if look.ready.is_empty() {
            return Ok(None);
        }
        let request = request(self.app, self.inputs.again(), &self.wish, Some(look.ready.clone()));
        let plan = match make_plan(self.context, request, &self.wish.pricing).await {
            Ok(plan) => plan,
            Err(failure) if failure.kind == FailureKind::Interrupted => return Ok(None),
            Err(failure) if failure.kind == FailureKind::Local => return Err(failure),
            Err(failure) => {
                self.postpone(&look.ready, &failure);
                return Ok(None);
            }
        };
        let batch = plan.batch;
        if plan.is_empty() {
            self.context.ledger(move |ledger, _| ledger.delete_batch(batch)).await?;
            return Ok(None);
        }
        self.postponed = None;
        let wish = RunRequest { run_options: self.run_options(batch), ..self.wish.clone() };
        match go(self.app, self.context, &plan, &wish, None).await {
            Ok(verdict) => self.end(batch, &verdict).await,
            Err(failure) if failure.kind == FailureKind::Interrupted => Ok(None),
            Err(failure) if failure.kind == FailureKind::Local => Err(failure),
            Err(failure) if failure.kind.exit_class() == ExitClass::Credentials => Err(failure),
            Err(failure) if failure.kind == FailureKind::Usage => {
                // It was not confirmed, and asking once more would not change that.
                let left = amounts::counted(look.ready.len() as u64, "file", "files");
                self.app.printer.warn(&format!("{left} not begun: {failure}"));
                Ok(None)
            }
            Err(failure) => {
                self.postpone(&look.ready, &failure);
                Ok(None)
            }
        }
    }

    /// Lets files be planned once more, after a pause.
    fn postpone(&mut self, files: &HashSet<PathBuf>, failure: &Failure) {
        self.arrivals.put_back(files);
        let now = self.now();
        self.retry.put_off(now, PROBE_MAX);
        let text = format!("{failure}; tried again until it works");
        if self.postponed.as_ref() != Some(&text) {
            self.app.printer.warn(&text);
        }
        self.postponed = Some(text);
    }

    /// Says of each directory once that it cannot be read.
    fn tell_unreadable(&mut self, unreadable: &[(PathBuf, String)]) {
        let lasting: BTreeSet<String> = unreadable
            .iter()
            .map(|(path, why)| format!("{} cannot be read: {why}; watched on", path.display()))
            .collect();
        for text in lasting.difference(&self.unreadable) {
            self.app.printer.warn(text);
        }
        self.unreadable = lasting;
    }

    /// Goes on with paused batches when it is time; answers why to end, if so.
    async fn retry_paused(&mut self) -> Result<Option<ExitClass>, Failure> {
        if self.paused.is_empty() || self.now() < self.retry.at {
            return Ok(None);
        }
        let probe = self.context.service.pricing(RequestOptions::plain());
        match self.context.unless_stopped(probe).await {
            Err(_) => return Ok(None),
            Ok(Err(_)) => {
                let now = self.now();
                self.retry.put_off(now, PROBE_MAX);
                return Ok(None);
            }
            Ok(Ok(_)) => {}
        }
        release_latches(self.context).await?;
        for batch in self.paused.clone() {
            let reopen = self
                .context
                .ledger(move |ledger, _| ledger.reopen_paused_for(batch, &FailureKind::PASSING));
            if reopen.await? == 0 {
                self.paused.remove(&batch);
                continue;
            }
            let run_options = self.run_options(batch);
            let verdict = work(self.app, self.context, batch, run_options, None).await?;
            let ended = self.end(batch, &verdict).await?;
            // What stopped this one at the service would stop the next one, too.
            let is_service = matches!(verdict.class, ExitClass::Unavailable | ExitClass::Credits);
            if ended.is_some() || is_service {
                return Ok(ended);
            }
        }
        Ok(None)
    }

    /// Takes in how work on a batch ended; answers why to end, if so.
    async fn end(
        &mut self,
        batch: BatchId,
        verdict: &RunResult,
    ) -> Result<Option<ExitClass>, Failure> {
        match verdict.held {
            Some(FailureKind::Unauthorized | FailureKind::Forbidden) => {
                return Ok(Some(ExitClass::Credentials));
            }
            Some(FailureKind::TimedOut) => return Ok(Some(ExitClass::TimedOut)),
            Some(FailureKind::Interrupted) => return Ok(None),
            _ => {}
        }
        if self.wish.run_options.max_credits.is_some() {
            self.spent.insert(batch, verdict.summary.credits);
        }
        let waiting = self
            .context
            .ledger(move |ledger, _| ledger.count_paused_for(batch, &FailureKind::PASSING));
        let waiting = waiting.await?;
        if waiting == 0 {
            self.paused.remove(&batch);
            self.retry = RetryTime::default();
            return Ok(None);
        }
        let is_first = self.paused.insert(batch);
        let now = self.now();
        let pause = self.retry.put_off(now, RETRY_MAX);
        if is_first {
            self.app.printer.note(&format!(
                "{} tried again in {}, and until it works",
                amounts::counted(waiting as u64, "input is", "inputs are"),
                amounts::duration(pause)
            ));
        }
        Ok(None)
    }

    /// How a batch behaves: the bound on credits holds for all batches together.
    fn run_options(&self, batch: BatchId) -> RunOptions {
        let mut run_options = self.wish.run_options.clone();
        let others = self.spent.iter().filter(|(other, _)| **other != batch);
        let spent: f64 = others.map(|(_, credits)| credits.0).sum();
        run_options.max_credits =
            run_options.max_credits.map(|max| Credits((max.0 - spent).max(0.0)));
        run_options
    }

    fn now(&self) -> Instant {
        self.app.env.clock.now()
    }
}
