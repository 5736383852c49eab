//! A machine in virtual time: inputs, a ledger, and the command `rbgv run`, as the program has it
//! but for the terminal.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
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
use rbgv::ledger::{ApiKeyId, AsyncLedger, LeasedLedger, Ledger, RENEWAL, SharedFile};
use rbgv::model::Timing;
use rbgv::model::{
    ApiKey, Clock, Event, ExitClass, Failure, FailureKind, InputEvent, JobOptions, Observer, Random,
};
use rbgv::sandbox::InProcess;
use rbgv::store::{ObjectStores, StoreConfig};
use tempfile::TempDir;
use tokio::time::Instant;
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
    /// After `points` sends and responses the ledger is copied, `lost` later a standby that has the copy takes
    /// over, and the process ends. The next process may be one that works on other inputs.
    FailOver { points: u64, lost: u64, others_first: bool },
    /// The process is cut off for a time: it renews no lease, and no response reaches it. Meanwhile another
    /// one is started, and both work to their ends.
    CutOff { after: Duration, takes: Duration },
}

/// How long after the beginning of a cut the other process is started: the lease has ended, a minute after it
/// was last renewed.
const OTHER_AFTER: Duration = Duration::from_secs(65);

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
    /// Attempts that were behind the service after a fail-over.
    pub corrected: usize,
    /// Attempts that were restored after a fail-over.
    pub restored: usize,
    /// Attempts that another process had adopted when one was no longer cut off.
    pub adopted: usize,
}

/// A machine and the service that it talks to.
pub struct World {
    files: TempDir,
    /// The line to the service.
    pub wire: Arc<Wire>,
    clock: Arc<dyn Clock>,
    random: Arc<Dice>,
    processes: Mutex<u32>,
    /// Of the ledger's servers the number of the present one, if machines share the ledger.
    server: Option<Mutex<u32>>,
}

/// When a process is cut off.
#[derive(Debug, Clone, Copy)]
struct Cut {
    from: Instant,
    until: Instant,
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
            server: None,
        }
    }

    /// The same with a ledger that machines share.
    pub fn shared(server: &Server) -> Self {
        Self { server: Some(Mutex::new(1)), ..Self::new(server) }
    }

    /// The directory of a `series` of inputs.
    pub fn directory(&self, series: u32) -> PathBuf {
        self.files.path().join(format!("in-{series}"))
    }

    /// Writes `number` inputs whose contents differ from all with another `series`.
    pub fn inputs(&self, series: u32, number: usize) -> PathBuf {
        let directory = self.directory(series);
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
            Some(Crash::FailOver { points, lost, .. }) => Some(points + lost),
            _ => None,
        });
        if let Some(Crash::FailOver { lost, .. }) = crash {
            let (from, to) = (self.ledger_file(), self.standby_file());
            self.wire.when_left(lost, Box::new(move || copy_ledger(&from, &to)));
        }
        let cut = match crash {
            Some(Crash::CutOff { after, takes }) => {
                let from = Instant::now() + after;
                Some(Cut { from, until: from + takes })
            }
            _ => None,
        };
        // A notice for a process that ended by itself concerns nobody any more.
        let _ = self.wire.crashed.notified().now_or_never();
        let deadline = match crash {
            Some(Crash::After(wait)) => wait,
            _ => patience,
        };
        let ended = {
            let process = |cut| {
                Box::pin(self.command(inputs, Arc::clone(&observer) as Arc<dyn Observer>, cut))
            };
            let command = async {
                let first = process(cut);
                let Some(cut) = cut else { return first.await };
                let other = async {
                    tokio::time::sleep_until(cut.from + OTHER_AFTER).await;
                    process(None).await
                };
                let count = async {
                    tokio::time::sleep_until(cut.until).await;
                    observer.adopted.store(self.count_adopted(), Ordering::Relaxed);
                };
                let (first, other, ()) = tokio::join!(first, other, count);
                first.and(other)
            };
            tokio::select! {
                biased;
                () = self.wire.crashed.notified() => match crash {
                    Some(Crash::AtPoint(_) | Crash::FailOver { .. }) => Ended::Crashed,
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
        if let (Some(Crash::FailOver { .. }), Ended::Crashed) = (crash, &ended) {
            self.fail_over();
        }
        let corrected = observer.corrected.load(Ordering::Relaxed);
        let restored = observer.restored.load(Ordering::Relaxed);
        let adopted = observer.adopted.load(Ordering::Relaxed);
        let notes =
            std::mem::take(&mut *observer.troubles.lock().unwrap_or_else(PoisonError::into_inner));
        let reviews = notes.iter().filter(|(kind, _)| *kind == FailureKind::NeedsReview).count();
        let troubles = notes.into_iter().map(|(_, text)| text).collect();
        Ran { ended, reviews, troubles, corrected, restored, adopted }
    }

    /// Attempts that the latest process has, and another one had before.
    fn count_adopted(&self) -> usize {
        let ledger = rusqlite::Connection::open(self.ledger_file()).unwrap();
        let sql = "SELECT count(*) FROM attempts JOIN processes ON processes.id = owner
                   WHERE epoch > 1 AND lock_file = ?1";
        let latest = *self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.query_row(sql, [format!("process-{latest}.lock")], |row| row.get(0)).unwrap()
    }

    fn ledger_file(&self) -> PathBuf {
        Ledger::database_path(&self.files.path().join("state"))
    }

    fn standby_file(&self) -> PathBuf {
        self.files.path().join("standby.sqlite3")
    }

    /// The copy of the ledger takes the place of the ledger.
    fn fail_over(&self) {
        let ledger = self.ledger_file();
        for end in ["-wal", "-shm"] {
            let mut file = ledger.clone().into_os_string();
            file.push(end);
            let _ = std::fs::remove_file(file);
        }
        std::fs::rename(self.standby_file(), ledger).unwrap();
        if let Some(server) = &self.server {
            *server.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }

    /// What `rbgv run` does, from the settings on, while the lease of the process is renewed.
    async fn command(
        &self,
        inputs: &Path,
        observer: Arc<dyn Observer>,
        cut: Option<Cut>,
    ) -> Result<RunResult, Failure> {
        let context = self.context(observer, cut)?;
        let work = self.work(inputs, Arc::clone(&context));
        if self.server.is_none() {
            return work.await;
        }
        let renewals = async {
            loop {
                tokio::time::sleep(RENEWAL).await;
                let now = Instant::now();
                if cut.is_none_or(|cut| now < cut.from || now >= cut.until) {
                    context.ledger.renew_lease().unwrap();
                }
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = renewals => unreachable!("renewals do not end"),
        }
    }

    async fn work(&self, inputs: &Path, context: Arc<Context>) -> Result<RunResult, Failure> {
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

    fn context(
        &self,
        observer: Arc<dyn Observer>,
        cut: Option<Cut>,
    ) -> Result<Arc<Context>, Failure> {
        let clock = Arc::clone(&self.clock);
        let random: Arc<dyn Random> = Arc::clone(&self.random) as Arc<dyn Random>;
        let number = {
            let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
            *processes += 1;
            *processes
        };
        let state = self.files.path().join("state");
        let ledger = match &self.server {
            Some(server) => {
                let server = *server.lock().unwrap_or_else(PoisonError::into_inner);
                let shared = SharedFile {
                    server: format!("server-{server}"),
                    machine: format!("machine-{number}"),
                };
                Ledger::open_shared(&state, Arc::clone(&clock), shared)?
            }
            None => Ledger::open(&state, Arc::clone(&clock))?,
        };
        let ledger = AsyncLedger::new(ledger);
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
            Box::new(wire::Client {
                wire: Arc::clone(&self.wire),
                cut: cut.map(|cut| (cut.from, cut.until)),
            }),
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

/// Copies what a ledger has committed.
fn copy_ledger(from: &Path, to: &Path) {
    let _ = std::fs::remove_file(to);
    let to = to.to_str().unwrap();
    rusqlite::Connection::open(from).unwrap().execute("VACUUM INTO ?1", [to]).unwrap();
}

/// Notes what goes wrong with inputs.
#[derive(Default)]
struct Notes {
    troubles: Mutex<Vec<(FailureKind, String)>>,
    /// Attempts that were behind the service after a fail-over.
    corrected: AtomicUsize,
    /// Attempts that were restored after a fail-over.
    restored: AtomicUsize,
    adopted: AtomicUsize,
}

impl Notes {
    fn trouble(&self, failure: &Failure) {
        let mut notes = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((failure.kind, failure.to_string()));
    }
}

impl Observer for Notes {
    fn observe(&self, event: &Event) {
        if let Event::Notice { text, .. } = event {
            for (counter, words) in [
                (&self.corrected, " attempts were behind the service"),
                (&self.restored, " jobs of rbgv at the service were not in the ledger"),
            ] {
                if let Some((number, _)) = text.split_once(words) {
                    counter.store(number.parse().unwrap(), Ordering::Relaxed);
                }
            }
        }
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
