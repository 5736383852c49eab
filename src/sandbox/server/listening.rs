//! A sandbox that listens on sockets, in this runtime or on a thread of its own.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::build::{SandboxError, ServerEnvironment, build};
use crate::sandbox::api::transport::connection::{Connection, Tracked};
use crate::sandbox::options::Options;
use crate::sandbox::service::Store;
use crate::sandbox::service::url_fetch::Fetcher;
use crate::sandbox::util::clock::SandboxClock;
use crate::sandbox::util::random::Tokens;
use crate::sandbox::{api, service::job_queue, util::http_client};

/// Time for open connections and workers to finish.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

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
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Stops the sandbox and waits for its end. Blocking.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.cancel();
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
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        let ready = |ready| {
            let _ = sender.send(Ok(ready));
        };
        if let Err(error) = run(options, ready, stopped) {
            let _ = sender.send(Err(error));
        }
    };
    let thread = std::thread::Builder::new()
        .name("sandbox-main".to_owned())
        .spawn(body)
        .map_err(|error| SandboxError::System(error.to_string()))?;
    let ended = |_| SandboxError::System("the sandbox ended before it answered".to_owned());
    let ready = receiver.recv().map_err(ended)??;
    Ok(Running {
        base_url: ready.base_url,
        cdn_url: ready.cdn_url,
        api_key: ready.api_key,
        admin_token: ready.admin_token,
        stop,
        thread: Some(thread),
    })
}

/// Runs a sandbox on a runtime of its own until `shutdown` completes. Blocking.
fn run(
    options: Options,
    ready: impl FnOnce(Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), SandboxError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(blocking_threads(options.workers))
        .thread_name("sandbox")
        .enable_all()
        .build()
        .map_err(|error| SandboxError::System(error.to_string()))?;
    let served = runtime.block_on(serve(options, ready, shutdown));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    served
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
    let stop = CancellationToken::new();
    let track = |listener| Tracked { listener, app: Arc::clone(&app) };
    let api = tokio::spawn(answer(track(api.listener), api::api(&app), stop.clone()));
    let outputs = tokio::spawn(answer(track(outputs.listener), api::outputs(&app), stop.clone()));
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
    stop.cancel();
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

async fn answer(listener: Tracked, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Connection>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::warn!("sandbox: {error}");
    }
}
