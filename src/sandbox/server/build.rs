//! Builds the state of a sandbox from its options.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::sandbox::engine::stand_in::Timer;
use crate::sandbox::faults::plan::FaultInjector;
use crate::sandbox::faults::scenario::Scenario;
#[cfg(feature = "matting")]
use crate::sandbox::matting::{EngineLimits, RealEngine, Tools};
use crate::sandbox::options::{EngineChoice, Options};
use crate::sandbox::service::url_fetch::Fetcher;
use crate::sandbox::service::{Service, Store};
use crate::sandbox::state::app::{App, Backend};
use crate::sandbox::state::audit::Audit;
use crate::sandbox::state::hosts::Hosts;
use crate::sandbox::state::rate_limiter::RateLimiter;
use crate::sandbox::util::clock::SandboxClock;
use crate::sandbox::util::random::Tokens;

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
        .unwrap_or_else(|| tokens.api_key());
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
        upload_bandwidth: Arc::default(),
        output_bandwidth: Arc::default(),
        injector: RwLock::new(Arc::new(FaultInjector::new(Scenario::default(), Duration::ZERO))),
        revoked: Mutex::new(HashSet::new()),
        clock,
        store,
        backend,
        workers: Semaphore::new(options.workers.max(1)),
        cancel: AtomicBool::new(false),
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
    let tools = Tools { vars: options.tool_vars.clone(), ..Tools::default() };
    let engine = RealEngine::new(tools, limits, options.models.clone())
        .map_err(|error| SandboxError::Engine(error.to_string()))?;
    Ok(Backend::Engine(Arc::new(engine)))
}

#[cfg(not(feature = "matting"))]
fn matting(_: &Options) -> Result<Backend, SandboxError> {
    Err(SandboxError::NoMatting)
}
