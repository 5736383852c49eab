//! From flags, environment and files to what a command works with.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::args::global::Global;
use super::args::job::JobDefaults;
use super::signals::stop_on_signals;
use super::wait_notes;
use crate::client::{self, Client, ClientConfig, MemoryStore, PollTiming, ProxyChoice};
use crate::env::Env;
use crate::flow::{self, Context};
use crate::ledger::{ApiKeyId, Ledger, ProcessLease};
use crate::model::event::RemarkLevel;
use crate::model::limits::LimiterStore;
use crate::model::text::decoded;
use crate::model::{ApiKey, Event, ExitClass, Failure, FailureKind, Fingerprint, Observer};
use crate::output::{Printer, Reporter};
use crate::sandbox;
use crate::settings::{
    self, Environment, KEY_VARIABLES, Project, Settings, SettingsFlags, SettingsSources,
};

/// Longest wait for a service that is only looked at.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a command works with.
pub(crate) struct AppContext {
    pub(crate) env: Env,
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
    /// Whether every question is answered with yes.
    pub(crate) yes: bool,
    global: Global,
    /// Held for as long as the command runs; in this order, so that the server ends before its
    /// files go.
    sandbox: Option<(sandbox::Running, TempDir)>,
}

/// The key of a client, as the ledger knows it.
pub(crate) fn key_id(client: &Client) -> ApiKeyId {
    let fingerprint = client.fingerprint().unwrap_or_else(|| Fingerprint(String::new()));
    ApiKeyId { origin: client.origin().to_owned(), fingerprint }
}

/// What a client may carry.
#[derive(Default)]
struct Secrets {
    key: Option<ApiKey>,
    admin_token: Option<ApiKey>,
}

impl AppContext {
    /// Resolves the settings, and starts a sandbox when the command asks for one.
    ///
    /// # Errors
    /// Settings that cannot be used, or a sandbox that does not start.
    pub(crate) fn open(
        env: Env,
        printer: Printer,
        global: &Global,
        sandboxed: bool,
    ) -> Result<Self, Failure> {
        let (settings, sandbox) = if sandboxed {
            let (settings, running, files) = in_process_sandbox(&env)?;
            (settings, Some((running, files)))
        } else {
            let settings = confirmed(&env, global, &printer)
                .and_then(|()| resolve(&env, global))
                .map_err(|mut failure| {
                failure.next.get_or_insert_with(|| "rbgv doctor".to_owned());
                failure
            })?;
            (settings, None)
        };
        for warning in &settings.warnings {
            printer.warn_once(warning);
        }
        Ok(Self { env, settings, printer, yes: global.yes, global: global.clone(), sandbox })
    }

    /// The same command with another profile and that profile's own key. Variables that hold a key
    /// are left out: they belong to the profile of this session.
    ///
    /// # Errors
    /// The profile is unknown, or cannot be used.
    pub(crate) fn beside(&self, profile: &str) -> Result<Self, Failure> {
        let mut env = self.env.clone();
        for variable in KEY_VARIABLES {
            env.vars.remove(variable);
        }
        let mut global = self.global.clone();
        global.profile = Some(profile.to_owned());
        let settings = resolve(&env, &global)?;
        let printer = self.printer.clone();
        Ok(Self { env, settings, printer, yes: self.yes, global, sandbox: None })
    }

    /// The same limits and waits against a sandbox of its own, which does as `options` say. No key
    /// of this session is in it.
    ///
    /// # Errors
    /// The sandbox does not start.
    pub(crate) fn with_sandbox(&self, options: sandbox::Options) -> Result<Self, Failure> {
        let options = sandbox::Options { tool_vars: self.env.program_vars(), ..options };
        let (mut settings, running, files) = sandbox_with(options)?;
        settings.profile.limits = self.settings.profile.limits;
        settings.profile.timing = self.settings.profile.timing;
        Ok(Self {
            env: self.env.clone(),
            settings,
            printer: self.printer.clone(),
            yes: self.yes,
            global: self.global.clone(),
            sandbox: Some((running, files)),
        })
    }

    /// A session with settings that were resolved before, and nothing printed.
    pub(crate) fn resolved(
        env: Env,
        settings: Settings,
        printer: Printer,
        global: &Global,
    ) -> Self {
        Self { env, settings, printer, yes: false, global: global.clone(), sandbox: None }
    }

    /// Whether a sandbox inside this process answers.
    pub(crate) fn is_sandboxed(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Job options of the profile, below the flags.
    pub(crate) fn job_defaults(&self) -> JobDefaults {
        let defaults = &self.settings.defaults;
        JobDefaults {
            model: defaults.model,
            format: defaults.format,
            background: defaults.background.clone(),
            tags: self.settings.profile.tags.clone(),
        }
    }

    /// A reporter of events, in the way that the flags and the terminal ask for.
    pub(crate) fn reporter(&self) -> Arc<dyn Observer> {
        Arc::new(Reporter::new(self.printer.clone(), self.env.clock.clone()))
    }

    /// Says in one sentence that there is nothing to do, which is a success.
    pub(crate) fn nothing_to_do(&self, why: impl Into<String>) -> ExitClass {
        let text = why.into();
        self.reporter().observe(&Event::Notice { level: RemarkLevel::Info, text });
        ExitClass::Done
    }

    /// The ledger of the state directory.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn ledger(&self) -> Result<Ledger, Failure> {
        let ledger = Ledger::open(&self.settings.state_dir, self.env.clock.clone())?;
        for repair in ledger.repairs() {
            self.printer.warn(repair);
        }
        Ok(ledger)
    }

    /// Where outputs without a target wait.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn spool(&self) -> Result<PathBuf, Failure> {
        let spool = self.settings.state_dir.join("spool");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&spool)
            .map_err(|error| Failure::local(format!("making {}", spool.display()), &error))?;
        Ok(spool)
    }

    /// A client with the profile's key. With a ledger, it shares the limits of the key with every
    /// other process on this machine.
    ///
    /// # Errors
    /// No key, or settings that would be unsafe.
    pub(crate) fn client(&self, ledger: Option<&Ledger>) -> Result<Client, Failure> {
        let waiting = self.printer.waiting("the command that prints the API key");
        let resolved = self.settings.api_key()?;
        drop(waiting);
        for warning in &resolved.warnings {
            self.printer.warn_once(warning);
        }
        self.client_with(Secrets { key: Some(resolved.key), admin_token: None }, ledger)
    }

    /// A client with the key that takes over in a rotation; none when no rotation is under way.
    ///
    /// # Errors
    /// As for [`AppContext::client`].
    pub(crate) fn next_client(&self, ledger: Option<&Ledger>) -> Result<Option<Client>, Failure> {
        let Some(resolved) = self.settings.next_key()? else { return Ok(None) };
        self.client_with(Secrets { key: Some(resolved.key), admin_token: None }, ledger).map(Some)
    }

    /// A client for each key of the profile: one, and while keys are rotated the next one too.
    ///
    /// # Errors
    /// As for [`AppContext::client`].
    pub(crate) fn clients(&self, ledger: Option<&Ledger>) -> Result<Vec<Client>, Failure> {
        let own = self.client(ledger)?;
        Ok(std::iter::once(own).chain(self.next_client(ledger)?).collect())
    }

    /// A client with a key that is about to be named in the profile, and with nothing else of it.
    ///
    /// # Errors
    /// Settings that would be unsafe.
    pub(crate) fn client_of(&self, key: ApiKey) -> Result<Client, Failure> {
        self.client_with(Secrets { key: Some(key), admin_token: None }, None)
    }

    /// A client without any key.
    ///
    /// # Errors
    /// Settings that would be unsafe.
    pub(crate) fn bare_client(&self) -> Result<Client, Failure> {
        self.client_with(Secrets::default(), None)
    }

    /// A client with the admin token, and without a key.
    ///
    /// # Errors
    /// No token, or settings that would be unsafe.
    pub(crate) fn admin_client(&self) -> Result<Client, Failure> {
        let Some(token) = self.settings.admin_token()? else {
            let name = &self.settings.profile.name;
            let why = format!(
                "there is none; set RBGV_ADMIN_TOKEN, or name one under [profiles.{name}] \
                 (admin_token_file, admin_token_env, admin_token_command or admin_token_keyring)"
            );
            return Err(Failure::new(FailureKind::Configuration, "admin token", why)
                .with_next("rbgv config show"));
        };
        self.client_with(Secrets { key: None, admin_token: Some(token) }, None)
    }

    /// Where calls with `key` go.
    pub(crate) fn endpoint(&self, key: Option<ApiKey>) -> ClientConfig {
        self.endpoint_with(Secrets { key, admin_token: None })
    }

    /// A client that tries once and does not wait long, for looking whether the service is there.
    ///
    /// # Errors
    /// Settings that would be unsafe.
    pub(crate) fn probe(&self, key: Option<ApiKey>) -> Result<Client, Failure> {
        let usual = self.timing().client;
        let timing = client::CallTiming {
            retries: 0,
            connect_timeout: usual.connect_timeout.min(PROBE_TIMEOUT),
            idle_timeout: usual.idle_timeout.min(PROBE_TIMEOUT),
            ..usual
        };
        self.client_that_waits(Secrets { key, admin_token: None }, None, timing)
    }

    fn endpoint_with(&self, secrets: Secrets) -> ClientConfig {
        let profile = &self.settings.profile;
        ClientConfig {
            base_url: profile.base_url.clone(),
            key: secrets.key,
            admin_token: secrets.admin_token,
            allow_http: profile.allow_http,
            proxy: proxies(&self.env),
            user_agent: concat!("rbgv/", env!("CARGO_PKG_VERSION")).to_owned(),
            sanitizer: self.env.sanitizer.clone(),
        }
    }

    fn client_with(&self, secrets: Secrets, ledger: Option<&Ledger>) -> Result<Client, Failure> {
        self.client_that_waits(secrets, ledger, self.timing().client)
    }

    fn client_that_waits(
        &self,
        secrets: Secrets,
        ledger: Option<&Ledger>,
        timing: client::CallTiming,
    ) -> Result<Client, Failure> {
        let endpoint = self.endpoint_with(secrets);
        let store: Arc<dyn LimiterStore> = match ledger {
            Some(ledger) => Arc::new(ledger.clone()),
            None => Arc::new(MemoryStore::default()),
        };
        let client = Client::with_store(
            endpoint,
            timing,
            self.env.clock.clone(),
            self.env.random.clone(),
            store,
            &self.limits(),
        )?;
        wait_notes::tell(&client, &self.printer, &self.env.clock);
        Ok(client.with_profile_name(&self.settings.profile.name))
    }

    /// Bounds of what is learned of the key.
    fn limits(&self) -> client::RateLimits {
        let limits = &self.settings.profile.limits;
        let usual = client::RateLimits::default();
        client::RateLimits {
            submission_rate_max: limits.submission_rate_max,
            poll_rate_max: limits.poll_rate_max,
            in_flight_max: limits.in_flight_max,
            concurrency: limits.concurrency as usize,
            breaker: client::BreakerConfig {
                cooldown: self.settings.profile.timing.breaker_cooldown,
                ..usual.breaker
            },
            ..usual
        }
    }

    pub(crate) fn timing(&self) -> flow::RunTiming {
        let timing = &self.settings.profile.timing;
        flow::RunTiming {
            client: client::CallTiming {
                connect_timeout: timing.connect_timeout,
                idle_timeout: timing.idle_timeout,
                backoff_first: timing.backoff_first,
                backoff_max: timing.backoff_max,
                retry_after_max: timing.retry_after_max,
                outage_max: timing.outage_max,
                ..client::CallTiming::default()
            },
            settle: timing.settle,
            poll: PollTiming {
                first: timing.poll_first,
                max: timing.poll_max,
                floor: timing.poll_floor,
            },
            wait_timeout: timing.wait_timeout,
        }
    }

    /// Everything that the flow works with: client, ledger, this process in it, signals.
    ///
    /// # Errors
    /// Any of them cannot be had.
    pub(crate) fn context(&self, observer: Arc<dyn Observer>) -> Result<Arc<Context>, Failure> {
        let (ledger, owner) = self.ledger_of_this_process()?;
        let next = self.next_client(Some(&ledger))?;
        let client = self.client(Some(&ledger))?;
        // Last, so that a command that does without a key can listen for signals itself.
        let watching = (observer, stop_on_signals(&self.printer)?, Arc::default());
        let context = |client, previous| {
            let (ledger, owner) = (ledger.clone(), Arc::clone(&owner));
            self.context_of(client, ledger, owner, watching.clone(), previous)
        };
        Ok(match next {
            Some(next) => context(next, Some(context(client, None))),
            None => context(client, None),
        })
    }

    /// As [`AppContext::context`], with the key of new jobs only, for a command that listens for signals
    /// itself.
    ///
    /// # Errors
    /// Client or ledger cannot be had.
    pub(crate) fn context_with_stop(
        &self,
        observer: Arc<dyn Observer>,
        stop: CancellationToken,
    ) -> Result<Arc<Context>, Failure> {
        let (ledger, owner) = self.ledger_of_this_process()?;
        let client = match self.next_client(Some(&ledger))? {
            Some(next) => next,
            None => self.client(Some(&ledger))?,
        };
        Ok(self.context_of(client, ledger, owner, (observer, stop, Arc::default()), None))
    }

    fn ledger_of_this_process(&self) -> Result<(Ledger, Arc<ProcessLease>), Failure> {
        let ledger = self.ledger()?;
        let name = format!("{}-{:016x}", self.env.pid, self.env.random.bits());
        let owner = Arc::new(ledger.register_process(&name)?);
        Ok((ledger, owner))
    }

    fn context_of(
        &self,
        client: Client,
        ledger: Ledger,
        owner: Arc<ProcessLease>,
        (observer, stop, time_is_over): (Arc<dyn Observer>, CancellationToken, Arc<AtomicBool>),
        previous: Option<Arc<Context>>,
    ) -> Arc<Context> {
        Arc::new(Context {
            key: key_id(&client),
            service: client,
            ledger,
            owner,
            profile: self.settings.profile.name.clone(),
            clock: self.env.clock.clone(),
            random: self.env.random.clone(),
            observer,
            timing: self.timing(),
            stop,
            time_is_over,
            previous,
        })
    }

    /// Says, before a write, that the profile is a production one; whether it is.
    pub(crate) fn warn_production(&self, what: &str) -> bool {
        let profile = &self.settings.profile;
        let production = profile.environment == Environment::Prod;
        if production {
            let host = profile.base_url.host_str().unwrap_or_default();
            let name = &profile.name;
            self.printer.warn(&format!("profile {name} is production ({host}): {what}"));
        }
        production
    }

    /// Whether a question gets an answer: from the user, or from `--yes`.
    pub(crate) fn can_ask(&self) -> bool {
        self.yes || (self.env.terminal.stdin && self.env.terminal.stderr)
    }

    /// Asks the user, who has to be there; elsewhere every question is a refusal.
    ///
    /// # Errors
    /// The answer is not yes, or nobody can be asked.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let refused = |why: &str| {
            Failure::new(FailureKind::Usage, question, why)
                .with_next("add --yes to the command to answer yes beforehand")
        };
        if !self.can_ask() {
            return Err(refused("there is no terminal to ask on"));
        }
        if self.printer.ask(question) { Ok(()) } else { Err(refused("not confirmed")) }
    }
}

pub(crate) fn resolve(env: &Env, global: &Global) -> Result<Settings, Failure> {
    Settings::resolve(&sources(env, global))
}

fn sources<'a>(env: &'a Env, global: &Global) -> SettingsSources<'a> {
    SettingsSources {
        vars: &env.vars,
        current_dir: &env.current_dir,
        config_dir: env.dirs.as_ref().map(|dirs| dirs.config_dir.as_path()),
        state_dir: env.dirs.as_ref().map(|dirs| dirs.state_dir.as_path()),
        flags: SettingsFlags { profile: global.profile.clone(), config: global.config.clone() },
    }
}

/// The project's file that applies, confirmed or not.
///
/// # Errors
/// The files together cannot be used.
pub(crate) fn project(env: &Env, global: &Global) -> Result<Option<Project>, Failure> {
    settings::project(&sources(env, global))
}

/// Asks on a terminal about a project's file that was not confirmed. `--yes` does not count: it
/// answers questions that the user foresaw.
fn confirmed(env: &Env, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let unconfirmed = project(env, global)?.filter(|project| !project.is_confirmed());
    let Some(project) = unconfirmed else { return Ok(()) };
    let can_ask = env.terminal.stdin && env.terminal.stderr && !global.yes;
    if !can_ask {
        return Err(project.unconfirmed());
    }
    printer.warn(&format!("{} was not confirmed before:", project.file.display()));
    for wanted in &project.wants {
        printer.warn(&format!("  {wanted}"));
    }
    if printer.ask("use it in this directory, as long as it does not change?") {
        project.confirm()
    } else {
        Err(project.unconfirmed())
    }
}

/// Why a sandbox did not start.
pub(crate) fn sandbox_failure(error: &sandbox::SandboxError) -> Failure {
    match error {
        sandbox::SandboxError::NoMatting => {
            Failure::new(FailureKind::Usage, "the sandbox", error.to_string())
                .with_next("rbgv sandbox --timer 2s")
        }
        _ => Failure::local("starting the sandbox", error),
    }
}

/// A sandbox with a key and a ledger of its own: no configured key is read, let alone sent.
fn in_process_sandbox(env: &Env) -> Result<(Settings, sandbox::Running, TempDir), Failure> {
    let models = env.models_dir();
    let tool_vars = env.program_vars();
    sandbox_with(sandbox::Options { models, tool_vars, ..sandbox::Options::default() })
}

fn sandbox_with(
    options: sandbox::Options,
) -> Result<(Settings, sandbox::Running, TempDir), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::local("starting the sandbox", error);
    let files = tempfile::Builder::new()
        .prefix("rbgv-sandbox-")
        .tempdir()
        .map_err(|error| failed(&error))?;
    let options = sandbox::Options { state: Some(files.path().join("service")), ..options };
    let running = sandbox::start_thread(options).map_err(|error| sandbox_failure(&error))?;
    let base_url = url::Url::parse(&running.base_url).map_err(|error| failed(&error))?;
    let key = ApiKey::new(&running.api_key);
    let settings = Settings::for_sandbox(base_url, key, files.path().join("client"));
    Ok((settings, running, files))
}

pub(crate) fn proxies(env: &Env) -> ProxyChoice {
    let either =
        |lower: &str, upper: &str| env.var(lower).or_else(|| env.var(upper)).map(ToOwned::to_owned);
    let all = either("all_proxy", "ALL_PROXY");
    ProxyChoice {
        // Upper-case HTTP_PROXY can be set by whoever sends a request to a CGI program.
        http: env.var("http_proxy").map(ToOwned::to_owned).or_else(|| all.clone()),
        https: either("https_proxy", "HTTPS_PROXY").or(all),
        no_proxy: either("no_proxy", "NO_PROXY").unwrap_or_default(),
    }
}

/// The text of a small file that the user names.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    decoded(bytes).map_err(|why| format!("it {why}"))
}

/// A path as the user wrote it, relative to where they are.
pub(crate) fn absolute(env: &Env, path: &Path) -> PathBuf {
    // Components leave `.` out: it belongs to no path that is printed.
    env.current_dir.join(path).components().collect()
}
