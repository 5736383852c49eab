//! Starts and stops a sandbox: sockets, state, engine, thread.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::api::transport::connection::{Connection, Tracked};
use super::engine::stand_in::Timer;
use super::faults::plan::FaultInjector;
use super::faults::scenario::Scenario;
#[cfg(feature = "matting")]
use super::matting::{EngineLimits, RealEngine, Setting, Tools};
use super::options::{EngineChoice, Options};
use super::service::url_fetch::Fetcher;
use super::service::{Service, Store};
use super::state::app::{App, Backend};
use super::state::audit::Audit;
use super::state::hosts::Hosts;
use super::state::rate_limiter::RateLimiter;
use super::util::clock::SandboxClock;
use super::util::random::Tokens;
use super::{api, service::job_queue, util::http_client};

/// Time for open connections and workers to finish.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// The client that owns the first key.
const FIRST_CLIENT: &str = "default";

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error("sandbox state: {0}")]
    State(io::Error),
    /// No thread, runtime or random numbers.
    #[error("cannot start the sandbox: {0}")]
    System(String),
    /// Built without the feature `matting`.
    #[error("this rbgv was built without the feature `matting`, so it cannot remove backgrounds")]
    NoMatting,
    #[error("sandbox engine: {0}")]
    Engine(String),
}

/// A sandbox that is ready.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Origin of the API without a trailing slash.
    pub base_url: String,
    pub cdn_url: String,
    pub api_key: String,
    /// For `/v1/admin` and `/sandbox`.
    pub admin_token: String,
    pub pid: u32,
}

/// A sandbox on its own thread; stops when dropped.
#[derive(Debug)]
pub struct Running {
    /// Origin of the API without a trailing slash.
    pub base_url: String,
    pub cdn_url: String,
    pub api_key: String,
    /// For `/v1/admin` and `/sandbox`.
    pub admin_token: String,
    stop: Option<watch::Sender<bool>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Stops the sandbox and waits for its end. Blocking.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only if the thread has already ended.
            let _ = stop.send(true);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a sandbox on its own thread and runtime; returns when it is ready.
pub fn start_thread(options: Options) -> Result<Running, SandboxError> {
    let (stop, mut stopped) = watch::channel(false);
    let (tell, told) = mpsc::channel();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(blocking_threads(options.workers))
            .thread_name("sandbox")
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = tell.send(Err(SandboxError::System(error.to_string())));
                return;
            }
        };
        let ready = tell.clone();
        let shutdown = async move {
            // A dropped handle also stops it.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let served = runtime.block_on(serve(
            options,
            move |ready_now| {
                let _ = ready.send(Ok(ready_now));
            },
            shutdown,
        ));
        if let Err(error) = served {
            let _ = tell.send(Err(error));
        }
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    };
    let thread = std::thread::Builder::new()
        .name("sandbox-main".to_owned())
        .spawn(body)
        .map_err(|error| SandboxError::System(error.to_string()))?;
    let ended = |_| SandboxError::System("the sandbox ended before it answered".to_owned());
    let ready = told.recv().map_err(ended)??;
    Ok(Running {
        base_url: ready.base_url,
        cdn_url: ready.cdn_url,
        api_key: ready.api_key,
        admin_token: ready.admin_token,
        stop: Some(stop),
        thread: Some(thread),
    })
}

/// Blocking threads of a runtime for this number of workers, each of which blocks one; the rest is
/// for files.
pub fn blocking_threads(workers: usize) -> usize {
    workers.max(1) + 64
}

/// Runs a sandbox until `shutdown` completes; calls `ready` when it accepts requests.
pub async fn serve(
    options: Options,
    ready: impl FnOnce(Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), SandboxError> {
    let host = options.public_host.clone();
    let api = listen(options.listen, host.as_deref()).await?;
    let outputs = listen(options.cdn_listen, host.as_deref()).await?;
    let unable = || SandboxError::System("the operating system gives no randomness".to_owned());
    let no_client = |error: reqwest::Error| SandboxError::System(error.to_string());
    let environment = ServerEnvironment {
        base_url: api.url.clone(),
        cdn_url: outputs.url.clone(),
        clock: SandboxClock::new(),
        tokens: Tokens::from_system().ok_or_else(unable)?,
        store: Store::open(options.state.as_deref()).map_err(SandboxError::State)?,
        fetcher: Some(Fetcher::new(options.allow_private_fetch).map_err(no_client)?),
        webhooks: Some(http_client::build(|builder| builder).map_err(no_client)?),
    };
    let (app, api_key) = build(options, environment)?;
    let (stop, stopped) = watch::channel(false);
    let track = |listener| Tracked { listener, app: Arc::clone(&app) };
    let api = tokio::spawn(answer(track(api.listener), api::api(&app), stopped.clone()));
    let outputs = tokio::spawn(answer(track(outputs.listener), api::outputs(&app), stopped));
    let unfinished = app.service().unfinished();
    for (id, start_number) in unfinished {
        job_queue::launch(&app, id, start_number);
    }
    ready(Ready {
        base_url: app.base_url.clone(),
        cdn_url: app.cdn_url.clone(),
        api_key,
        admin_token: app.admin_token.clone(),
        pid: std::process::id(),
    });
    shutdown.await;
    app.cancel.store(true, Ordering::Relaxed);
    // Fails only if both tasks have already ended.
    let _ = stop.send(true);
    let ended = async {
        let _ = api.await;
        let _ = outputs.await;
    };
    // Connections that a fault holds open end with the runtime.
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await;
    Ok(())
}

struct Socket {
    listener: TcpListener,
    url: String,
}

async fn listen(address: SocketAddr, host: Option<&str>) -> Result<Socket, SandboxError> {
    let failed = |error| SandboxError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let mut local = listener.local_addr().map_err(failed)?;
    if local.ip().is_unspecified() {
        // For a wildcard address, loopback always works locally.
        local.set_ip(match local.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let url = match host {
        Some(host) => format!("http://{host}:{}", local.port()),
        None => format!("http://{local}"),
    };
    Ok(Socket { listener, url })
}

async fn answer(listener: Tracked, router: Router, mut stopped: watch::Receiver<bool>) {
    let service = router.into_make_service_with_connect_info::<Connection>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    if let Err(error) = served.await {
        tracing::warn!("sandbox: {error}");
    }
}

/// The parts that differ between a listening and an in-process sandbox.
pub(crate) struct ServerEnvironment {
    pub(crate) base_url: String,
    pub(crate) cdn_url: String,
    pub(crate) clock: SandboxClock,
    pub(crate) tokens: Tokens,
    pub(crate) store: Store,
    pub(crate) fetcher: Option<Fetcher>,
    pub(crate) webhooks: Option<reqwest::Client>,
}

pub(crate) fn build(
    options: Options,
    environment: ServerEnvironment,
) -> Result<(Arc<App>, String), SandboxError> {
    let ServerEnvironment { base_url, cdn_url, clock, tokens, store, fetcher, webhooks } =
        environment;
    let scenario = options.scenario.clone().unwrap_or_default();
    let backend = backend(&options, &scenario)?;
    let (tokens, store) = (Arc::new(tokens), Arc::new(store));
    let mut service =
        Service::open(Arc::clone(&store), Arc::clone(&tokens)).map_err(SandboxError::State)?;
    let api_key = options
        .api_key
        .or_else(|| service.registry.first_key.clone())
        .unwrap_or_else(|| format!("rbgv_sandbox_{}", tokens.hex(40)));
    service.registry.first_key = Some(api_key.clone());
    remember(&mut service.registry.origins, &base_url);
    remember(&mut service.registry.origins, &cdn_url);
    service
        .add_key(&api_key, FIRST_CLIENT, None, options.credits, clock.wall())
        .and_then(|_| service.save_registry())
        .map_err(SandboxError::State)?;
    let any_address = !options.listen.ip().is_loopback() || !options.cdn_listen.ip().is_loopback();
    let link_secret = service.registry.link_secret.clone();
    let app = Arc::new(App {
        service: Mutex::new(service),
        audit: Mutex::new(Audit::default()),
        limiter: Mutex::new(RateLimiter::default()),
        upload_line: Arc::default(),
        output_line: Arc::default(),
        injector: RwLock::new(Arc::new(FaultInjector::new(Scenario::default(), Duration::ZERO))),
        revoked: Mutex::new(HashSet::new()),
        clock,
        store,
        backend,
        workers: Arc::new(Semaphore::new(options.workers.max(1))),
        cancel: Arc::new(AtomicBool::new(false)),
        fetcher,
        webhooks,
        hosts: Hosts::of(&[&base_url, &cdn_url], any_address),
        base_url,
        cdn_url,
        admin_token: options.admin_token.unwrap_or_else(|| tokens.hex(40)),
        tokens,
        webhook_secret: options.webhook_secret,
        link_secret,
        new_client_credits: options.credits,
        limits: options.limits,
        log: options.log,
    });
    app.load_scenario(scenario);
    Ok((app, api_key))
}

fn remember(origins: &mut Vec<String>, origin: &str) {
    if !origins.iter().any(|known| known == origin) {
        origins.push(origin.to_owned());
    }
}

fn backend(options: &Options, scenario: &Scenario) -> Result<Backend, SandboxError> {
    Ok(match &options.engine {
        EngineChoice::Custom(engine) => Backend::Engine(Arc::clone(engine)),
        EngineChoice::Timer(distribution) => {
            Backend::Timer(Timer::new(*distribution, scenario.seed, scenario.timer.output_bytes))
        }
        EngineChoice::Real => return matting(options),
    })
}

#[cfg(feature = "matting")]
fn matting(options: &Options) -> Result<Backend, SandboxError> {
    // The server itself refuses long videos, at the upload.
    let limits = EngineLimits { duration_seconds: 86_400.0, ..EngineLimits::default() };
    let setting = Setting { vars: options.tool_vars.clone(), directory: None };
    let tools = Tools { setting, ..Tools::default() };
    let engine = RealEngine::new(tools, limits, options.models.clone())
        .map_err(|error| SandboxError::Engine(error.to_string()))?;
    Ok(Backend::Engine(Arc::new(engine)))
}

#[cfg(not(feature = "matting"))]
fn matting(_: &Options) -> Result<Backend, SandboxError> {
    Err(SandboxError::NoMatting)
}
