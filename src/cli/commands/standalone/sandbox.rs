//! `rbgv sandbox`: a local server with the same API that really removes backgrounds.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::context::sandbox_failure;
use crate::cli::context::signals::stop_on_signals;
use crate::cli::files::read_text;
use crate::env::Env;
use crate::model::{ExitClass, Failure};
use crate::output::Printer;
use crate::output::documents::local::SandboxReady;
use crate::sandbox::{
    Distribution, EngineChoice, FaultRule, Options, Ready, Scenario, blocking_threads, serve,
};

/// Run a local server with the same API, for testing
///
/// Prints its URL and key on one line when ready, logs requests to standard error, and stops on
/// Ctrl-C. Faults and limits can be scripted; see docs/sandbox.md.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of the API; port 0 uses any free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Address for downloads of outputs [default: any free port at the --listen address]
    #[arg(long, value_name = "ADDR:PORT")]
    cdn_listen: Option<SocketAddr>,

    /// Host name by which other machines or containers reach this server; used in links
    #[arg(long, value_name = "HOST")]
    public_host: Option<String>,

    /// Directory to keep jobs, files and credits across restarts (new, empty, or from an earlier run)
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// File with faults, limits and behaviours
    #[arg(long, value_name = "FILE.toml")]
    scenario: Option<PathBuf>,

    /// Fault to inject, such as "POST /v1/jobs nth=2 reset=after"; may be repeated
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,

    /// Simulate processing with a timer instead of removing backgrounds: 2s, 5s..15s, exponential:5s,
    /// lognormal:5s,0.8, or length:0.5 (half the length of the video)
    #[arg(long, value_name = "TIMES", value_parser = Distribution::parse)]
    timer: Option<Distribution>,

    /// API key to accept [default: random]
    #[arg(long, value_name = "KEY", env = "RBGV_SANDBOX_KEY", hide_env_values = true)]
    key: Option<String>,

    /// Initial credits of the key
    #[arg(long, value_name = "N", default_value_t = 10_000.0)]
    credits: f64,

    /// Number of jobs processed at the same time
    #[arg(long, value_name = "N", default_value_t = 2)]
    workers: usize,

    /// Accept input URLs on this machine and in private networks
    #[arg(long)]
    allow_private_fetch: bool,

    /// Secret for signing webhooks
    #[arg(long, value_name = "SECRET", env = "RBGV_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
}

impl Args {
    /// Number of threads for blocking work.
    pub(crate) fn blocking_threads(&self) -> usize {
        blocking_threads(self.workers)
    }
}

pub(crate) async fn run(args: Args, env: &Env, printer: &Printer) -> Result<ExitClass, Failure> {
    let stop = stop_on_signals(printer)?;
    let scenario = scenario(&args, env)?;
    // A client accepts a loopback link only from an API on loopback.
    let cdn_listen = args.cdn_listen.unwrap_or_else(|| SocketAddr::new(args.listen.ip(), 0));
    if !args.listen.ip().is_loopback() || !cdn_listen.ip().is_loopback() {
        printer.warn("other machines can reach this server");
    }
    let log = printer.clone();
    let options = Options {
        listen: args.listen,
        cdn_listen,
        public_host: args.public_host,
        state: args.state.map(|directory| env.current_dir.join(directory)),
        scenario,
        engine: match args.timer {
            Some(times) => EngineChoice::Timer(times),
            None => EngineChoice::Real,
        },
        models: env.models_dir(),
        tool_vars: env.program_vars(),
        api_key: args.key,
        credits: args.credits,
        workers: args.workers,
        allow_private_fetch: args.allow_private_fetch,
        webhook_secret: args.webhook_secret,
        log: Some(Arc::new(move |line| log.request(line))),
        ..Options::default()
    };
    let printer = printer.clone();
    let ready = move |ready: Ready| {
        if printer.style().json {
            printer.document(&SandboxReady {
                base_url: &ready.base_url,
                cdn_url: &ready.cdn_url,
                api_key: &ready.api_key,
                admin_token: &ready.admin_token,
                pid: ready.pid,
            });
        } else {
            printer
                .data(&format!("RBGV_BASE_URL={} RBGV_API_KEY={}", ready.base_url, ready.api_key));
        }
    };
    serve(options, ready, stop.cancelled_owned()).await.map_err(|error| sandbox_failure(&error))?;
    Ok(ExitClass::Done)
}

fn scenario(args: &Args, env: &Env) -> Result<Option<Scenario>, Failure> {
    let usage = |what: String, why: String| Failure::usage(what, why);
    let mut scenario = match &args.scenario {
        None => Scenario::default(),
        Some(file) => {
            let path = env.current_dir.join(file);
            let what = format!("--scenario {}", file.display());
            let text = read_text(&path).map_err(|why| usage(what.clone(), why))?;
            Scenario::parse(&text).map_err(|error| usage(what, error.to_string()))?
        }
    };
    for spec in &args.fault {
        let fault = FaultRule::parse(spec)
            .map_err(|error| usage(format!("--fault {spec}"), error.to_string()))?;
        scenario.faults.push(fault);
    }
    let asked = args.scenario.is_some() || !args.fault.is_empty();
    Ok(asked.then_some(scenario))
}
