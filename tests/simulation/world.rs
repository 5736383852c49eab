//! A machine in virtual time: inputs, a ledger, and the command `rbgv run`, as the program has it
//! but for the terminal.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use rbgv::client::{Client, ClientConfig, ProxyChoice, RequestOptions};
use rbgv::flow::plan::{PlanRequest, Planner};
use rbgv::flow::state_machine::Goal;
use rbgv::flow::{
    BatchRunner, ByUrl, Context, Destination, FileSelection, InputSpec, NameTemplate, RunOptions,
    RunResult, RunState, adopt, unknown_jobs_of_key,
};
use rbgv::ledger::{ApiKeyId, AsyncLedger, LeasedLedger, Ledger};
use rbgv::model::Timing;
use rbgv::model::{
    ApiKey, Clock, Event, ExitClass, Failure, FailureKind, InputEvent, JobOptions, Observer, Random,
};
use rbgv::sandbox::InProcess;
use rbgv::store::{ObjectStores, StoreConfig};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::dice::{Dice, VirtualClock};
use crate::server::{IN_FLIGHT_MAX, Server};
use crate::wire::{self, Wire};

/// Half a second of video in less than two kilobytes.
const CLIP: &[u8] = include_bytes!("../media/plain.mp4");

/// When the process dies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crash {
    /// After this number of sends and responses.
    AtPoint(u64),
    /// After this long.
    After(Duration),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this exit class.
    Class(ExitClass),
    /// It failed before it had a batch to work on.
    Refused(FailureKind),
    /// It crashed, as it was to.
    Crashed,
    /// It made far more calls than make sense, or took far longer.
    Endless,
}

/// How a command went.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Its end.
    pub ended: Ended,
    /// Inputs that are left to a person.
    pub reviews: usize,
    /// What went wrong with inputs, one line each.
    pub troubles: Vec<String>,
}

/// A machine and the service that it talks to.
pub struct World {
    files: TempDir,
    /// The line to the service.
    pub wire: Arc<Wire>,
    clock: Arc<dyn Clock>,
    random: Arc<Dice>,
    processes: Mutex<u32>,
}

impl World {
    /// A machine that has done nothing yet. In a runtime whose clock is paused.
    pub fn new(server: &Server) -> Self {
        let memory = Path::new("/dev/shm");
        let mut files = tempfile::Builder::new();
        let files = files.prefix("rbgv-simulation-");
        let files = files.tempdir_in(memory).or_else(|_| files.tempdir()).unwrap();
        for name in ["state", "spool"] {
            std::fs::create_dir(files.path().join(name)).unwrap();
        }
        Self {
            files,
            wire: Wire::new(server.clone()),
            clock: Arc::new(VirtualClock::new()),
            random: Arc::new(Dice::new(server.seed, 3)),
            processes: Mutex::default(),
        }
    }

    /// Writes `number` inputs whose contents differ from all with another `series`.
    pub fn inputs(&self, series: u32, number: usize) -> PathBuf {
        let directory = self.files.path().join(format!("in-{series}"));
        std::fs::create_dir_all(&directory).unwrap();
        for n in 0..number {
            let text = format!("{series:08} {n:08}");
            let size = u32::try_from(text.len() + 8).unwrap_or(u32::MAX);
            // A `free` box: the players pass over it.
            let free = [&size.to_be_bytes()[..], b"free", text.as_bytes()].concat();
            let file = directory.join(format!("clip-{series}-{n:05}.mp4"));
            std::fs::write(file, [CLIP, &free].concat()).unwrap();
        }
        directory
    }

    fn outputs_of(inputs: &Path) -> PathBuf {
        inputs.with_extension("out")
    }

    /// Outputs that have their final name.
    pub fn done(inputs: &Path) -> usize {
        std::fs::read_dir(Self::outputs_of(inputs)).map_or(0, |entries| {
            let is_output = |path: &Path| path.extension().is_some_and(|end| end == "webm");
            entries.flatten().filter(|entry| is_output(&entry.path())).count()
        })
    }

    /// Runs the command over a directory of inputs; as a process of its own, which may crash.
    pub async fn run(&self, inputs: &Path, crash: Option<Crash>, patience: Duration) -> Ran {
        let observer = Arc::new(Notes::default());
        self.wire.record().new_process();
        self.wire.crash_after(match crash {
            Some(Crash::AtPoint(points)) => Some(points),
            _ => None,
        });
        // A notice for a process that ended by itself concerns nobody any more.
        let _ = self.wire.crashed.notified().now_or_never();
        let deadline = match crash {
            Some(Crash::After(wait)) => wait,
            _ => patience,
        };
        let ended = {
            let command = self.command(inputs, Arc::clone(&observer) as Arc<dyn Observer>);
            tokio::select! {
                biased;
                () = self.wire.crashed.notified() => match crash {
                    Some(Crash::AtPoint(_)) => Ended::Crashed,
                    _ => Ended::Endless,
                },
                () = tokio::time::sleep(deadline) => match crash {
                    Some(Crash::After(_)) => Ended::Crashed,
                    _ => Ended::Endless,
                },
                done = command => match done {
                    Ok(verdict) => Ended::Class(verdict.class),
                    Err(failure) => {
                        observer.trouble(&failure);
                        Ended::Refused(failure.kind)
                    }
                },
            }
        };
        self.wire.crash_after(None);
        // Tasks that were dropped with the command end here, and with them the process's lock.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let notes = std::mem::take(&mut *observer.0.lock().unwrap_or_else(PoisonError::into_inner));
        let reviews = notes.iter().filter(|(kind, _)| *kind == FailureKind::NeedsReview).count();
        Ran { ended, reviews, troubles: notes.into_iter().map(|(_, text)| text).collect() }
    }

    /// What `rbgv run` does, from the settings on.
    async fn command(
        &self,
        inputs: &Path,
        observer: Arc<dyn Observer>,
    ) -> Result<RunResult, Failure> {
        let context = self.context(observer)?;
        context.service.lift_key_blocks().await?;
        let pricing = context.service.pricing(RequestOptions::plain()).await?;
        let run_options = self.run_options();
        let planner = Planner {
            ledger: context.ledger.blocking(),
            stores: &context.stores,
            key: context.key.clone(),
            profile: &context.profile,
            pricing: Some(&pricing),
            random: context.random.as_ref(),
            observer: context.observer.as_ref(),
            stop: &context.stop,
        };
        let plan = planner.plan(PlanRequest {
            named: vec![InputSpec::Path(inputs.to_owned())],
            lists: Vec::new(),
            selection: FileSelection::new(false, &[], &[])?,
            only: None,
            destination: Destination::Directory(Self::outputs_of(inputs)),
            template: NameTemplate::default(),
            options: JobOptions::default(),
            run_options: run_options.clone(),
            hash_objects: false,
            current_dir: self.files.path().to_owned(),
        })?;
        let known = unknown_jobs_of_key(&context).await?;
        adopt(&context, plan.batch, known).await?;
        let proven = context.ledger.options_have_succeeded(plan.batch).await?;
        let run = Arc::new(RunState::new(context, plan.batch, run_options, proven));
        BatchRunner::new(run, self.files.path().join("spool"), None).work().await
    }

    fn run_options(&self) -> RunOptions {
        RunOptions {
            goal: Goal::Finish,
            in_flight: self.wire.server.in_flight,
            max_credits: None,
            overwrite: false,
            fail_fast: false,
            retry_failed: 0,
            by_url: ByUrl::default(),
            again: false,
        }
    }

    fn context(&self, observer: Arc<dyn Observer>) -> Result<Arc<Context>, Failure> {
        let clock = Arc::clone(&self.clock);
        let random: Arc<dyn Random> = Arc::clone(&self.random) as Arc<dyn Random>;
        let ledger = Ledger::open(&self.files.path().join("state"), Arc::clone(&clock))?;
        let ledger = AsyncLedger::new(ledger);
        let number = {
            let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
            *processes += 1;
            *processes
        };
        let ledger = LeasedLedger::register(ledger, &format!("process-{number}"))?;
        let endpoint = ClientConfig {
            base_url: Url::parse(InProcess::BASE_URL)
                .map_err(|error| Failure::local("reading the address", &error))?,
            key: Some(ApiKey::new(self.wire.service().api_key())),
            admin_token: None,
            allow_http: true,
            proxy: ProxyChoice::default(),
            user_agent: "simulation".to_owned(),
            sanitizer: rbgv::model::Sanitizer::default(),
        };
        let timing = Timing::default();
        let service = Client::with_transport(
            Box::new(wire::Client(Arc::clone(&self.wire))),
            endpoint,
            timing,
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::new(ledger.blocking().clone()),
            &crate::limits(),
        );
        let key = ApiKeyId {
            origin: service.origin().to_owned(),
            fingerprint: service.fingerprint().unwrap_or_else(|| unreachable!("there is a key")),
        };
        Ok(Arc::new(Context {
            service,
            stores: ObjectStores::new(StoreConfig::default()),
            ledger,
            key,
            profile: "simulation".to_owned(),
            clock,
            random,
            observer,
            timing,
            stop: CancellationToken::new(),
            time_is_over: Arc::default(),
            previous: None,
        }))
    }
}

const _: () = assert!(IN_FLIGHT_MAX == 64, "the default of in_flight_max");

/// Notes what goes wrong with inputs.
#[derive(Default)]
struct Notes(Mutex<Vec<(FailureKind, String)>>);

impl Notes {
    fn trouble(&self, failure: &Failure) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((failure.kind, failure.to_string()));
    }
}

impl Observer for Notes {
    fn observe(&self, event: &Event) {
        if let Event::Stopped(failure)
        | Event::Input {
            what: InputEvent::Failed(failure) | InputEvent::Paused(failure),
            ..
        } = event
        {
            self.trouble(failure);
        }
    }
}
