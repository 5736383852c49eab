//! The state of a running sandbox.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::audit::Audit;
use super::hosts::Hosts;
use super::rate_limiter::RateLimiter;
use crate::sandbox::engine::stand_in::{self, Timer};
use crate::sandbox::engine::{Engine, EngineError, Probe};
use crate::sandbox::faults::plan::FaultInjector;
use crate::sandbox::faults::scenario::Scenario;
use crate::sandbox::service::url_fetch::Fetcher;
use crate::sandbox::service::{Service, Store};
use crate::sandbox::util::bandwidth::BandwidthLimit;
use crate::sandbox::util::clock::SandboxClock;
use crate::sandbox::util::lock;
use crate::sandbox::util::random::Tokens;
use crate::sandbox::util::signature::hmac_sha256;
use crate::sandbox::{Log, UploadLimits};

pub(crate) struct App {
    pub(crate) service: Mutex<Service>,
    pub(crate) audit: Mutex<Audit>,
    pub(crate) limiter: Mutex<RateLimiter>,
    /// Bandwidth shared by all uploads.
    pub(crate) upload_bandwidth: Arc<Mutex<BandwidthLimit>>,
    /// Bandwidth shared by all outputs.
    pub(crate) output_bandwidth: Arc<Mutex<BandwidthLimit>>,
    pub(crate) injector: RwLock<Arc<FaultInjector>>,
    /// Signatures of revoked links.
    pub(crate) revoked: Mutex<HashSet<String>>,
    pub(crate) clock: SandboxClock,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) store: Arc<Store>,
    pub(crate) backend: Backend,
    /// One permit per worker.
    pub(crate) workers: Semaphore,
    /// Set when the sandbox stops.
    pub(crate) cancel: AtomicBool,
    /// `None` in process.
    pub(crate) fetcher: Option<Fetcher>,
    /// `None` in process.
    pub(crate) webhooks: Option<reqwest::Client>,
    pub(crate) base_url: String,
    pub(crate) cdn_url: String,
    pub(crate) hosts: Hosts,
    pub(crate) admin_token: String,
    pub(crate) webhook_secret: Option<String>,
    pub(crate) link_secret: String,
    /// Credits of a client that an admin creates.
    pub(crate) new_client_credits: f64,
    pub(crate) limits: UploadLimits,
    pub(crate) log: Option<Log>,
}

pub(crate) enum Backend {
    /// Jobs only take time; outputs are stand-ins.
    Timer(Timer),
    /// Files are processed on a worker thread.
    Engine(Arc<dyn Engine>),
}

impl Backend {
    /// Properties of a video. Blocking.
    pub(crate) fn probe(&self, file: &Path) -> Result<Probe, EngineError> {
        match self {
            Self::Timer(_) => stand_in::probe(file),
            Self::Engine(engine) => engine.probe(file),
        }
    }
}

impl App {
    pub(crate) fn service(&self) -> MutexGuard<'_, Service> {
        lock(&self.service)
    }

    pub(crate) fn audit(&self) -> MutexGuard<'_, Audit> {
        lock(&self.audit)
    }

    pub(crate) fn injector(&self) -> Arc<FaultInjector> {
        Arc::clone(&self.injector.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the scenario; its windows and counters start now.
    pub(crate) fn load_scenario(&self, scenario: Scenario) {
        self.clock.set_skew(scenario.clock.skew);
        let injector = Arc::new(FaultInjector::new(scenario, self.clock.elapsed()));
        *self.injector.write().unwrap_or_else(PoisonError::into_inner) = injector;
    }

    /// A new link to an output, valid for the time of the scenario.
    pub(crate) fn output_link(&self, job_id: &str, name: &str) -> String {
        let valid = self.injector().scenario.links.valid;
        let expires = self.clock.wall().as_millisecond()
            + i64::try_from(valid.as_millis()).unwrap_or(i64::MAX / 2);
        // Unique, so that a dead link differs from its successor.
        let nonce = self.tokens.hex(8);
        let signature = self.link_signature(job_id, name, expires, &nonce);
        format!(
            "{}/outputs/{job_id}/{name}?expires={expires}&nonce={nonce}&signature={signature}",
            self.cdn_url
        )
    }

    pub(crate) fn link_signature(
        &self,
        job_id: &str,
        name: &str,
        expires: i64,
        nonce: &str,
    ) -> String {
        let text = format!("{job_id}/{name}/{expires}/{nonce}");
        hex::encode(hmac_sha256(self.link_secret.as_bytes(), &[text.as_bytes()]))
    }

    /// Time since the start of the sandbox.
    pub(crate) fn now(&self) -> Duration {
        self.clock.elapsed()
    }
}
