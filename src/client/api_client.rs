//! The public client: one method per endpoint of the contract. Bodies are in `wire`, retries in
//! `request`.

use crate::model::Timing;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use url::Url;

use super::config::{ClientConfig, LinkPolicy};
use super::limits::limiter::Limiter;
use super::limits::report::report;
use super::limits::{Backlog, CallPermit, LimitsReport, MemoryStore, RateLimits};
use super::outage::{OutageMonitor, OutageReporter, OutageView, ServiceWait};
use super::request::endpoint::Endpoint;
use super::request::options::RequestOptions;
pub use super::request::retry::ResponseHook;
use super::request::retry::{Requester, Shared};
use super::transport::{HttpTransport, Payload, Transport};
use super::types::{
    AdminKey, CreatedJob, Health, JobPage, ListQuery, NewJob, NewKey, StartJob, StartedJob,
    UploadFile, UploadedFile, UsageEventPage, UsageSummary,
};
use super::wire::{self, Unreadable};
use crate::model::limits::{LimitKey, LimiterStore};
use crate::model::sanitize::without_links;
use crate::model::{
    ApiKey, Clock, Failure, FailureKind, Fingerprint, Instant, JobId, JobStatus, JobView,
    OutputLink, Pricing, Random,
};

/// API client. Clones share connections and limits.
///
/// Idempotent calls (uploads, polls, lists) are retried with the backoff of the contract. Others
/// ([`Client::create`], [`Client::start`], [`Client::admin_create_key`]) are sent once;
/// [`delivery`](crate::model::Execution) of the failure states whether they may have been executed.
#[derive(Clone)]
pub struct Client {
    pub(crate) requester: Requester,
}

impl Client {
    /// A client with in-memory limits. Does not connect.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: an insecure address, a key that is not a valid header, an
    /// invalid proxy, or https on a machine without certificates.
    pub fn new(
        config: ClientConfig,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let store = Arc::new(MemoryStore::default());
        Self::with_store(config, timing, clock, random, store, &RateLimits::default())
    }

    /// Like [`Client::new`], with the bounds `limits`, and limits stored in `store`, where all
    /// clients of the same key share them.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn with_store(
        config: ClientConfig,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &RateLimits,
    ) -> Result<Self, Failure> {
        config.check()?;
        let transport = Box::new(HttpTransport::new(&config, &timing)?);
        Ok(Self::with_transport(transport, config, timing, clock, random, store, limits))
    }

    /// Like [`Client::with_store`], over `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Box<dyn Transport>,
        config: ClientConfig,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &RateLimits,
    ) -> Self {
        let sanitizer = config.sanitizer();
        let origin = config.base_url.origin().ascii_serialization();
        let fingerprint = config.key.as_ref().map(ApiKey::fingerprint);
        let key = LimitKey { origin: origin.clone(), fingerprint: fingerprint.clone() };
        let outage = Arc::<OutageMonitor>::default();
        let shared = Shared {
            limiter: Limiter::new(
                store,
                key,
                limits,
                Arc::clone(&clock),
                &timing,
                Arc::clone(&outage),
            ),
            outage,
            host: host(&config.base_url),
            origin,
            fingerprint,
            profile: OnceLock::new(),
            smallest_page_refused: AtomicBool::new(false),
            sanitizer,
            links: LinkPolicy::of(&config),
            proxy: config.proxy,
            base_url: config.base_url,
            transport,
            timing,
            clock,
            random,
        };
        Self { requester: Requester { shared: Arc::new(shared), hook: None } }
    }

    /// Scheme, host and non-default port: `https://api.example`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.requester.shared.origin
    }

    /// Fingerprint of the key in use.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.requester.shared.fingerprint.clone()
    }

    /// Sets the profile in the log of every call. Only the first name counts.
    #[must_use]
    pub fn with_profile_name(self, profile: &str) -> Self {
        self.requester.shared.profile.get_or_init(|| profile.to_owned());
        self
    }

    /// This client, sharing connections and limits, with a hook for successful responses.
    #[must_use]
    pub fn with_response_hook(&self, hook: ResponseHook) -> Self {
        let shared = Arc::clone(&self.requester.shared);
        Self { requester: Requester { shared, hook: Some(hook) } }
    }

    /// Foreign `text`, sanitized for display and storage.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.requester.shared.sanitizer.clean(text)
    }

    pub(crate) fn now(&self) -> Instant {
        self.requester.shared.now()
    }

    /// Outages and waits at this time.
    #[must_use]
    pub fn current_wait(&self) -> ServiceWait {
        self.requester.shared.outage.now()
    }

    /// Read access to outages, which does not keep the client alive.
    #[must_use]
    pub fn outage_view(&self) -> OutageView {
        OutageView(Arc::downgrade(&self.requester.shared.outage))
    }

    /// A run reports outages itself while it holds this.
    #[must_use]
    pub fn outage_reporter(&self) -> OutageReporter {
        OutageReporter::new(&self.requester.shared.outage)
    }

    /// `POST /v1/uploads`. Streams the file, from its start at each attempt; `progress` receives
    /// the bytes sent in the current attempt.
    pub async fn upload(
        &self,
        file: &UploadFile,
        call: RequestOptions<'_>,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<UploadedFile, Failure> {
        let payload = Payload::File { file, progress: &progress };
        let endpoint = Endpoint::upload();
        let read = |response: Value| wire::job::uploaded(&response);
        let uploaded = self.requester.execute(&endpoint, payload, &call, read).await?.value;
        // The URL is stored, and sent back in the job.
        if self.requester.shared.sanitizer.holds_secret(&uploaded.video_url) {
            let why = "the upload URL contains a key and is not used";
            return Err(Failure::new(FailureKind::Contract, endpoint.description(), why));
        }
        Ok(uploaded)
    }

    /// `POST /v1/jobs`, sent once.
    pub async fn create(
        &self,
        job: &NewJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<CreatedJob, Failure> {
        let payload = Payload::Json(wire::request::create(job)?);
        let read = |response: Value| wire::job::created(&response);
        Ok(self.requester.execute(&Endpoint::create(), payload, &call, read).await?.value)
    }

    /// Waits until a start may be sent. Called before the start is recorded in the ledger, so that
    /// nothing delays it after that. The permit must be used soon or dropped.
    ///
    /// # Errors
    /// The key is blocked, or the requested pause exceeds its maximum.
    pub async fn admit_start(
        &self,
        id: &JobId,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        self.requester.admit_first(&Endpoint::start(id), call).await
    }

    /// `POST /v1/jobs/{id}/start`, sent once, after waiting for admission. This call bills.
    pub async fn start(
        &self,
        id: &JobId,
        job: &StartJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<StartedJob, Failure> {
        let permit = self.admit_start(id, &call).await?;
        self.start_admitted(permit, id, job, call).await
    }

    /// [`Client::start`] with a permit from [`Client::admit_start`]: sent without waiting.
    pub async fn start_admitted(
        &self,
        permit: CallPermit,
        id: &JobId,
        job: &StartJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<StartedJob, Failure> {
        let payload = Payload::Json(wire::request::start(job)?);
        let read = |response: Value| wire::job::started(&response, id);
        let (endpoint, permit) = (Endpoint::start(id), Some(permit));
        let started =
            self.requester.execute_admitted(&endpoint, permit, payload, &call, read).await?;
        Ok(started.value)
    }

    /// `GET /v1/jobs/{id}`.
    pub async fn get(&self, id: &JobId, call: RequestOptions<'_>) -> Result<JobView, Failure> {
        let read = |response: Value| wire::job::job(response, id, &self.requester.shared.base_url);
        self.get_json(&Endpoint::job(id), &call, read).await
    }

    /// `GET /v1/jobs`: one page of the jobs of this key. A rejected page size is halved until it is
    /// accepted, and stored for the key. A page may therefore hold fewer jobs than requested; only
    /// an empty page ends the list.
    pub async fn list(
        &self,
        page: ListQuery,
        call: RequestOptions<'_>,
    ) -> Result<JobPage, Failure> {
        let status = page.status.as_ref().map(JobStatus::as_str);
        let endpoint = |size| Endpoint::jobs(size, page.offset, status);
        let read = |response: Value| wire::job::page(response, &self.requester.shared.base_url);
        let accepted = match page.limit {
            0 | 1 => None,
            _ => self.requester.shared.limiter.state().await?.page_size,
        };
        let first = accepted.map_or(page.limit, |accepted| accepted.min(page.limit));
        let smallest_refused = &self.requester.shared.smallest_page_refused;
        let mut size = first;
        loop {
            let failure = match self.get_json(&endpoint(size), &call, read).await {
                Ok(jobs) => {
                    if size < first {
                        let shared = &self.requester.shared;
                        shared.limiter.remember_page_size(&shared.host, size).await;
                    }
                    return Ok(jobs);
                }
                Err(failure) => failure,
            };
            if !rejects_page_size(&failure) || smallest_refused.load(Ordering::Relaxed) {
                return Err(failure);
            }
            if size <= 1 {
                smallest_refused.store(true, Ordering::Relaxed);
                return Err(failure);
            }
            size /= 2;
        }
    }

    /// `GET /api/download/{id}`, sent without a key: a new link to the output.
    pub async fn download_link(
        &self,
        id: &JobId,
        call: RequestOptions<'_>,
    ) -> Result<OutputLink, Failure> {
        let read =
            |response: Value| wire::job::download_link(&response, &self.requester.shared.base_url);
        self.get_json(&Endpoint::download_link(id), &call, read).await
    }

    /// `GET /api/pricing`.
    pub async fn pricing(&self, call: RequestOptions<'_>) -> Result<Pricing, Failure> {
        self.get_json(&Endpoint::pricing(), &call, wire::account::pricing).await
    }

    /// `GET /health`.
    pub async fn health(&self, call: RequestOptions<'_>) -> Result<Health, Failure> {
        let endpoint = Endpoint::health();
        let read = wire::account::health;
        let done = self.requester.execute(&endpoint, Payload::Empty, &call, read).await?;
        Ok(Health { date: done.date, ..done.value })
    }

    /// `GET /v1/usage/summary` over the last `days` (1 to 90).
    pub async fn usage_summary(
        &self,
        days: u32,
        call: RequestOptions<'_>,
    ) -> Result<UsageSummary, Failure> {
        self.get_json(&Endpoint::usage_summary(days), &call, wire::account::usage_summary).await
    }

    /// `GET /v1/usage/events`: the latest `limit` events (1 to 100).
    pub async fn usage_events(
        &self,
        limit: u32,
        call: RequestOptions<'_>,
    ) -> Result<UsageEventPage, Failure> {
        self.get_json(&Endpoint::usage_events(limit), &call, wire::account::usage_events).await
    }

    /// `GET /v1/admin/config`, whose fields are undocumented.
    pub async fn admin_config(&self, call: RequestOptions<'_>) -> Result<Value, Failure> {
        self.get_json(&Endpoint::admin_config(), &call, unmodified).await
    }

    /// `GET /v1/admin/keys`.
    pub async fn admin_keys(&self, call: RequestOptions<'_>) -> Result<Vec<AdminKey>, Failure> {
        self.get_json(&Endpoint::admin_keys(), &call, wire::account::admin_keys).await
    }

    /// `POST /v1/admin/keys`, sent once: a retry could create a second key.
    pub async fn admin_create_key(
        &self,
        client_id: &str,
        note: Option<&str>,
        call: RequestOptions<'_>,
    ) -> Result<NewKey, Failure> {
        let payload = Payload::Json(wire::request::new_key(client_id, note)?);
        let read = |response: Value| wire::account::new_key(&response);
        Ok(self.requester.execute(&Endpoint::admin_create_key(), payload, &call, read).await?.value)
    }

    /// `POST /v1/admin/keys/disable`, with the fingerprint used by the service.
    pub async fn admin_disable_key(
        &self,
        key_fingerprint: &str,
        call: RequestOptions<'_>,
    ) -> Result<Value, Failure> {
        self.switch_key(&Endpoint::admin_disable_key(), key_fingerprint, call).await
    }

    /// `POST /v1/admin/keys/enable`, with the fingerprint used by the service.
    pub async fn admin_enable_key(
        &self,
        key_fingerprint: &str,
        call: RequestOptions<'_>,
    ) -> Result<Value, Failure> {
        self.switch_key(&Endpoint::admin_enable_key(), key_fingerprint, call).await
    }

    async fn switch_key(
        &self,
        endpoint: &Endpoint,
        key_fingerprint: &str,
        call: RequestOptions<'_>,
    ) -> Result<Value, Failure> {
        let payload = Payload::Json(wire::request::key(key_fingerprint)?);
        Ok(self.requester.execute(endpoint, payload, &call, unmodified).await?.value)
    }

    /// Permitted jobs of this key in flight, by the learned limits.
    pub async fn in_flight_limit(&self) -> Result<u32, Failure> {
        Ok(self.rate_limits().in_flight(&self.requester.shared.limiter.state().await?, self.now()))
    }

    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        self.requester.shared.limiter.config()
    }

    /// Sets the limit that waiting inputs wait for. Polls yield to submissions while that is the
    /// pace.
    pub fn set_backlog(&self, backlog: Backlog) {
        self.requester.shared.limiter.set_backlog(backlog);
    }

    /// The learned limits of this key.
    pub async fn limits(&self) -> Result<LimitsReport, Failure> {
        let known = self.requester.shared.limiter.state().await?;
        Ok(report(&known, self.requester.shared.limiter.config(), self.now()))
    }

    /// Lifts the blocks after 401, 402 and 403.
    pub async fn lift_key_blocks(&self) -> Result<(), Failure> {
        self.requester.shared.limiter.release(&self.requester.shared.host).await
    }

    /// A call without a body.
    async fn get_json<T>(
        &self,
        endpoint: &Endpoint,
        call: &RequestOptions<'_>,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<T, Failure> {
        Ok(self.requester.execute(endpoint, Payload::Empty, call, read).await?.value)
    }
}

/// 400 or 422 for a list, for which the page size may be the reason.
fn rejects_page_size(failure: &Failure) -> bool {
    failure.kind == FailureKind::InvalidRequest && matches!(failure.status, Some(400 | 422))
}

/// Name and port of the host of `url`.
pub(crate) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

// The signature of a reader.
#[expect(clippy::unnecessary_wraps)]
fn unmodified(response: Value) -> Result<Value, Unreadable> {
    Ok(without_links(response))
}
