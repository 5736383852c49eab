//! The context of a command: settings, printer, clients, ledger. `read_settings` reads the settings,
//! `open_ledger` opens the ledger, `signals` stop the command, and `wait_notes` says what it waits for.

pub(crate) mod open_ledger;
mod read_settings;
pub(crate) mod signals;
pub(crate) mod wait_notes;

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::open_ledger::open_ledger;
use self::read_settings::{confirmed, no_user_file};
pub(crate) use self::read_settings::{
    project, resolve, setting_line, settings_table, state_dir, user_file,
};
use self::signals::stop_on_signals;
use super::args::global::Global;
use crate::client::{self, Client, ClientConfig, MemoryStore, ProxyChoice};
use crate::env::Env;
use crate::flow::Context;
use crate::ledger::{ApiKeyId, AsyncLedger, LeasedLedger};
use crate::model::Timing;
use crate::model::event::RemarkLevel;
use crate::model::limits::LimiterStore;
use crate::model::{ApiKey, Event, ExitClass, Failure, Fingerprint, Observer};
use crate::output::{Printer, Reporter};
use crate::sandbox;
use crate::settings::{EffectiveValue, Environment, KEY_VARIABLES, ResolvedKey, Settings};
use crate::store::{ObjectStores, StoreConfig, is_store_variable};

const USER_AGENT: &str = concat!("rbgv/", env!("CARGO_PKG_VERSION"));

/// Timeout of connecting and of silence while probing the service.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct AppContext {
    pub(crate) env: Env,
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
    global: Global,
    /// Held while the command runs. In this order, so that the server ends before its files are
    /// removed.
    sandbox: Option<(sandbox::Running, TempDir)>,
    /// The user's own state directory, if this context has another one.
    own_state_dir: Option<PathBuf>,
}

/// Ignores events.
struct NullObserver;

impl Observer for NullObserver {
    fn observe(&self, _: &Event) {}
}

/// The key of a client, as identified in the ledger.
pub(crate) fn key_id(client: &Client) -> ApiKeyId {
    let fingerprint = client.fingerprint().unwrap_or_else(|| Fingerprint(String::new()));
    ApiKeyId { origin: client.origin().to_owned(), fingerprint }
}

impl AppContext {
    /// Resolves the settings, and starts a sandbox if the command asks for one.
    pub(crate) fn open(
        env: &Env,
        printer: &Printer,
        global: &Global,
        sandboxed: bool,
    ) -> Result<Self, Failure> {
        if sandboxed {
            let options = sandbox::Options { models: env.models_dir(), ..Default::default() };
            let own_state_dir = state_dir(env, global);
            return Ok(Self { own_state_dir, ..Self::sandboxed(env, printer, global, options)? });
        }
        let settings = confirmed(env, global, printer)
            .and_then(|()| resolve(env, global))
            .map_err(|mut failure| {
                failure.next.get_or_insert_with(|| "rbgv doctor".to_owned());
                failure
            })?;
        for warning in &settings.warnings {
            printer.warn_once(warning);
        }
        Ok(Self::resolved(env, settings, printer, global))
    }

    /// A context of settings that are already resolved.
    pub(crate) fn resolved(
        env: &Env,
        settings: Settings,
        printer: &Printer,
        global: &Global,
    ) -> Self {
        let (env, printer, global) = (env.clone(), printer.clone(), global.clone());
        Self { env, settings, printer, global, sandbox: None, own_state_dir: None }
    }

    /// A context with a sandbox, which has a key and a ledger of its own; no configured key is read or
    /// sent.
    fn sandboxed(
        env: &Env,
        printer: &Printer,
        global: &Global,
        options: sandbox::Options,
    ) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::local("starting the sandbox", error);
        let files = tempfile::Builder::new()
            .prefix("rbgv-sandbox-")
            .tempdir()
            .map_err(|error| failed(&error))?;
        let state = Some(files.path().join("service"));
        let options = sandbox::Options { state, tool_vars: env.program_vars(), ..options };
        let running = sandbox::start_thread(options).map_err(|error| sandbox_failure(&error))?;
        let base_url = Url::parse(&running.base_url).map_err(|error| failed(&error))?;
        let key = ApiKey::new(&running.api_key);
        let settings = Settings::for_sandbox(base_url, key, files.path().join("client"));
        let sandbox = Some((running, files));
        Ok(Self { sandbox, ..Self::resolved(env, settings, printer, global) })
    }

    /// A context with another profile and that profile's own key. Variables that hold a key are left
    /// out: they belong to the profile of this context.
    pub(crate) fn with_profile(&self, profile: &str) -> Result<Self, Failure> {
        let mut env = self.env.clone();
        for variable in KEY_VARIABLES {
            env.vars.remove(variable);
        }
        let mut global = self.global.clone();
        global.profile = Some(profile.to_owned());
        let settings = resolve(&env, &global)?;
        Ok(Self::resolved(&env, settings, &self.printer, &global))
    }

    /// A context with the same limits and timeouts against a sandbox of its own, without any key of
    /// this context.
    pub(crate) fn with_sandbox(&self, options: sandbox::Options) -> Result<Self, Failure> {
        let mut app = Self::sandboxed(&self.env, &self.printer, &self.global, options)?;
        app.settings.profile.limits = self.settings.profile.limits;
        app.settings.profile.timing = self.settings.profile.timing;
        Ok(app)
    }

    /// The profile that a command without `--profile` uses.
    pub(crate) fn active_profile(&self) -> Result<String, Failure> {
        resolve(&self.env, &self.global).map(|settings| settings.profile.name)
    }

    /// The `--config` flag for another command with this configuration.
    pub(crate) fn config_flag(&self) -> Option<OsString> {
        let mut flag = OsString::from("--config=");
        flag.push(self.global.config.as_ref()?);
        Some(flag)
    }

    /// Whether the service is a sandbox inside this process.
    pub(crate) fn is_sandboxed(&self) -> bool {
        self.sandbox.is_some()
    }

    /// A reporter of events in the style of flags and terminal.
    pub(crate) fn reporter(&self) -> Arc<dyn Observer> {
        let (printer, clock) = (self.printer.clone(), self.env.clock.clone());
        Arc::new(Reporter::new(printer, clock, self.is_sandboxed()))
    }

    /// Reports that there is nothing to do, which is a success.
    pub(crate) fn nothing_to_do(&self, why: impl Into<String>) -> ExitClass {
        let text = why.into();
        self.reporter().observe(&Event::Notice { level: RemarkLevel::Info, text });
        ExitClass::Done
    }

    /// Prints settings with their origins, as a table or as JSON.
    pub(crate) fn print_settings<'a>(&self, shown: impl Iterator<Item = &'a EffectiveValue>) {
        if self.printer.style().json {
            self.printer.document(&shown.map(setting_line).collect::<Vec<_>>());
        } else {
            self.printer.table(&settings_table(shown));
        }
    }

    /// The key of `resolved`, after the warnings about its source.
    pub(crate) fn warned(&self, resolved: ResolvedKey) -> ApiKey {
        for warning in &resolved.warnings {
            self.printer.warn_once(warning);
        }
        resolved.key
    }

    /// The user's own configuration file, which commands may write to.
    pub(crate) fn user_file(&self) -> Result<PathBuf, Failure> {
        self.settings.user_file.clone().ok_or_else(no_user_file)
    }

    /// The ledger of the state directory, or the shared one of the profile.
    pub(crate) fn ledger(&self) -> Result<AsyncLedger, Failure> {
        let mut ledger = open_ledger(&self.settings, &self.env)?;
        if let Some(directory) = &self.own_state_dir {
            ledger = ledger.of_sandbox(directory);
        }
        for repair in ledger.repairs() {
            self.printer.warn(repair);
        }
        Ok(AsyncLedger::new(ledger))
    }

    /// The directory for outputs without a target, created if needed.
    pub(crate) fn spool(&self) -> Result<PathBuf, Failure> {
        let spool = self.settings.state_dir.join("spool");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&spool)
            .map_err(|error| Failure::local(format!("creating {}", spool.display()), &error))?;
        Ok(spool)
    }

    /// A client with the profile's key. With a ledger, it shares the limits of the key with every
    /// other process on this machine.
    pub(crate) fn client(&self, ledger: Option<&AsyncLedger>) -> Result<Client, Failure> {
        let waiting = self.printer.waiting("the command that prints the API key");
        let resolved = self.settings.api_key()?;
        drop(waiting);
        self.client_of(self.warned(resolved), ledger)
    }

    /// A client with the next key of a rotation; `None` if no rotation is in progress.
    pub(crate) fn next_client(
        &self,
        ledger: Option<&AsyncLedger>,
    ) -> Result<Option<Client>, Failure> {
        let next = self.settings.next_key()?;
        next.map(|next| self.client_of(next.key, ledger)).transpose()
    }

    /// A client for each key of the profile: two during a rotation.
    pub(crate) fn clients(&self, ledger: Option<&AsyncLedger>) -> Result<Vec<Client>, Failure> {
        let own = self.client(ledger)?;
        Ok(std::iter::once(own).chain(self.next_client(ledger)?).collect())
    }

    /// A client with any key for the service of the profile.
    pub(crate) fn client_of(
        &self,
        key: ApiKey,
        ledger: Option<&AsyncLedger>,
    ) -> Result<Client, Failure> {
        self.client_from(self.endpoint(Some(key)), ledger, self.timing())
    }

    /// A client with the admin token and without an API key.
    pub(crate) fn admin_client(&self) -> Result<Client, Failure> {
        let Some(token) = self.settings.admin_token()? else {
            let name = &self.settings.profile.name;
            let why = format!(
                "set RBGV_ADMIN_TOKEN, or one of admin_token_file, admin_token_env, \
                 admin_token_command and admin_token_keyring in [profiles.{name}]"
            );
            let what = format!("no admin token for profile \"{name}\"");
            return Err(Failure::configuration(what, why).with_next("rbgv config show"));
        };
        let endpoint = ClientConfig { admin_token: Some(token), ..self.endpoint(None) };
        self.client_from(endpoint, None, self.timing())
    }

    /// The configuration of a client with `key`.
    pub(crate) fn endpoint(&self, key: Option<ApiKey>) -> ClientConfig {
        let profile = &self.settings.profile;
        ClientConfig {
            base_url: profile.base_url.clone(),
            key,
            admin_token: None,
            allow_http: profile.allow_http,
            proxy: proxies(&self.env),
            user_agent: USER_AGENT.to_owned(),
            sanitizer: self.env.sanitizer.clone(),
        }
    }

    /// A client that tries once, with short timeouts, for checking whether the service responds.
    pub(crate) fn probe(&self, key: Option<ApiKey>) -> Result<Client, Failure> {
        self.client_from(self.endpoint(key), None, self.probe_timing())
    }

    fn probe_timing(&self) -> Timing {
        let usual = self.timing();
        Timing {
            retries: 0,
            connect_timeout: usual.connect_timeout.min(PROBE_TIMEOUT),
            idle_timeout: usual.idle_timeout.min(PROBE_TIMEOUT),
            ..usual
        }
    }

    /// [`AppContext::probe`] with an address and a key that no profile has yet.
    pub(crate) fn probe_at(&self, base_url: Url, key: ApiKey) -> Result<Client, Failure> {
        let profile = &self.settings.profile;
        let allow_http = profile.allow_http && profile.base_url == base_url;
        let config = ClientConfig { base_url, allow_http, ..self.endpoint(Some(key)) };
        self.client_from(config, None, self.probe_timing())
    }

    fn client_from(
        &self,
        endpoint: ClientConfig,
        ledger: Option<&AsyncLedger>,
        timing: Timing,
    ) -> Result<Client, Failure> {
        let store: Arc<dyn LimiterStore> = match ledger {
            Some(ledger) => Arc::new(ledger.blocking().clone()),
            None => Arc::new(MemoryStore::default()),
        };
        let clock = ledger.map_or(self.env.clock.clone(), |ledger| ledger.blocking().clock());
        let client = Client::with_store(
            endpoint,
            timing,
            clock.clone(),
            self.env.random.clone(),
            store,
            &self.limits(),
        )?;
        wait_notes::watch_waits(&client, &self.printer, &clock);
        Ok(client.with_profile_name(&self.settings.profile.name))
    }

    /// The object stores that the environment gives access to.
    fn stores(&self) -> ObjectStores {
        let vars = self.env.vars.iter().filter(|(name, _)| is_store_variable(name));
        ObjectStores::new(StoreConfig {
            vars: vars.map(|(name, value)| (name.clone(), value.clone())).collect(),
            proxy: proxies(&self.env),
            user_agent: USER_AGENT.to_owned(),
            timing: self.timing(),
            sanitizer: self.env.sanitizer.clone(),
        })
    }

    fn limits(&self) -> client::RateLimits {
        let profile = &self.settings.profile;
        client::RateLimits { bounds: profile.limits, ..client::RateLimits::default() }
    }

    pub(crate) fn timing(&self) -> Timing {
        self.settings.profile.timing
    }

    /// The context of the flow: client, ledger, lease of this process, signals.
    pub(crate) fn context(&self) -> Result<Arc<Context>, Failure> {
        let ledger = self.leased_ledger()?;
        let next = self.next_client(Some(&ledger))?;
        let client = self.client(Some(&ledger))?;
        // Last, because a command that works without a key then handles signals itself.
        let watching = (self.reporter(), stop_on_signals(&self.printer)?, Arc::default());
        let context =
            |client, previous| self.context_of(client, ledger.clone(), watching.clone(), previous);
        Ok(match next {
            Some(next) => context(next, Some(context(client, None))),
            None => context(client, None),
        })
    }

    /// [`AppContext::context`] with the key of new jobs only, without reports of events, for a command
    /// that handles signals itself.
    pub(crate) fn silent_context(&self, stop: CancellationToken) -> Result<Arc<Context>, Failure> {
        let ledger = self.leased_ledger()?;
        let client = match self.next_client(Some(&ledger))? {
            Some(next) => next,
            None => self.client(Some(&ledger))?,
        };
        Ok(self.context_of(client, ledger, (Arc::new(NullObserver), stop, Arc::default()), None))
    }

    /// The ledger, with a new lease of this process.
    pub(crate) fn leased_ledger(&self) -> Result<LeasedLedger, Failure> {
        let name = format!("{}-{:016x}", self.env.pid, self.env.random.bits());
        Ok(LeasedLedger::register(self.ledger()?, &name)?)
    }

    fn context_of(
        &self,
        client: Client,
        ledger: LeasedLedger,
        (observer, stop, time_is_over): (Arc<dyn Observer>, CancellationToken, Arc<AtomicBool>),
        previous: Option<Arc<Context>>,
    ) -> Arc<Context> {
        Arc::new(Context {
            key: key_id(&client),
            service: client,
            stores: self.stores(),
            clock: ledger.blocking().clock(),
            ledger,
            profile: self.settings.profile.name.clone(),
            random: self.env.random.clone(),
            observer,
            timing: self.timing(),
            stop,
            time_is_over,
            previous,
        })
    }

    /// Warns before a write to a production profile. Returns whether the profile is one.
    pub(crate) fn warn_production(&self, what: &str) -> bool {
        let profile = &self.settings.profile;
        let production = profile.environment == Environment::Prod;
        if production {
            let host = profile.base_url.host_str().unwrap_or_default();
            let name = &profile.name;
            self.printer.warn(&format!("production profile \"{name}\" ({host}): {what}"));
        }
        production
    }

    /// Whether prompts can be answered: by the user, or by `--yes`.
    pub(crate) fn can_ask(&self) -> bool {
        self.global.yes || (self.env.terminal.stdin && self.env.terminal.stderr)
    }

    /// Asks the user a yes/no question. Fails if the answer is no, or without a terminal.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.global.yes {
            return Ok(());
        }
        if !self.can_ask() {
            let what = "no terminal to prompt on";
            return Err(Failure::usage(what, question).with_next("run the same command with --yes"));
        }
        if self.printer.ask(question) {
            return Ok(());
        }
        Err(Failure::usage("cancelled", "nothing was sent"))
    }
}

/// The failure of a sandbox that did not start.
pub(crate) fn sandbox_failure(error: &sandbox::SandboxError) -> Failure {
    match error {
        sandbox::SandboxError::NoMatting => {
            Failure::usage("the sandbox", error.to_string()).with_next("rbgv sandbox --timer 2s")
        }
        _ => Failure::local("starting the sandbox", error),
    }
}

pub(crate) fn proxies(env: &Env) -> ProxyChoice {
    let either =
        |lower: &str, upper: &str| env.var(lower).or_else(|| env.var(upper)).map(ToOwned::to_owned);
    let all = either("all_proxy", "ALL_PROXY");
    ProxyChoice {
        // Not HTTP_PROXY: a CGI program sets it from a request header.
        http: env.var("http_proxy").map(ToOwned::to_owned).or_else(|| all.clone()),
        https: either("https_proxy", "HTTPS_PROXY").or(all),
        no_proxy: either("no_proxy", "NO_PROXY").unwrap_or_default(),
    }
}
