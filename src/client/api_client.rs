//! The client as callers see it: one method for each endpoint of the contract. What travels is in
//! `wire`, how a call is carried out in `attempt`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use url::Url;

use super::config::{CallTiming, ClientConfig, LinkPolicy};
use super::limits::limiter::Limiter;
use super::limits::report::report;
use super::limits::{Backlog, CallPermit, LimitsReport, MemoryStore, RateLimits};
use super::outage::{OutageMonitor, OutageReporter, OutageView, ServiceWait};
use super::request::endpoint::Endpoint;
use super::request::options::RequestOptions;
pub use super::request::retry::ResponseHook;
use super::request::retry::{CallResult, RequestContent, Requester, Shared};
use super::transport::{HttpTransport, Transport};
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

/// The API client. Clones share their connections.
///
/// Calls that are harmless to repeat (uploads, looks, lists) are repeated by the client with the
/// contract's backoff. Calls that are not ([`Client::create`], [`Client::start`],
/// [`Client::admin_create_key`]) are sent once, and the failure's
/// [`delivery`](crate::model::Execution) says what is known.
#[derive(Clone)]
pub struct Client {
    pub(crate) requester: Requester,
}

impl Client {
    /// A client for `endpoint`, with limits of its own that end with the process. Connects to
    /// nothing yet.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: an address that must not be used, a key that cannot be sent, an
    /// unusable proxy, https on a machine without certificates.
    pub fn new(
        endpoint: ClientConfig,
        timing: CallTiming,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let store = Arc::new(MemoryStore::default());
        Self::with_store(endpoint, timing, clock, random, store, &RateLimits::default())
    }

    /// A client like [`Client::new`] whose limits are bounded by `limits` and live in `store`,
    /// where all clients of the same key share them.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn with_store(
        endpoint: ClientConfig,
        timing: CallTiming,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &RateLimits,
    ) -> Result<Self, Failure> {
        endpoint.check()?;
        let transport = Box::new(HttpTransport::new(&endpoint, &timing)?);
        Ok(Self::over(transport, endpoint, timing, clock, random, store, limits))
    }

    /// A client like [`Client::sharing`] whose requests go through `transport`.
    #[must_use]
    pub fn over(
        transport: Box<dyn Transport>,
        endpoint: ClientConfig,
        timing: CallTiming,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &RateLimits,
    ) -> Self {
        let sanitizer = endpoint.sanitizer();
        let origin = endpoint.base_url.origin().ascii_serialization();
        let fingerprint = endpoint.key.as_ref().map(ApiKey::fingerprint);
        let key = LimitKey { origin: origin.clone(), fingerprint: fingerprint.clone() };
        let watched = Arc::<OutageMonitor>::default();
        let limiter = Limiter::new(store, key, limits, Arc::clone(&clock), &timing);
        let shared = Shared {
            limiter: limiter.with_outage_monitor(Arc::clone(&watched)),
            watched,
            host: host(&endpoint.base_url),
            origin,
            fingerprint,
            profile: OnceLock::new(),
            smallest_page_refused: AtomicBool::new(false),
            sanitizer,
            links: LinkPolicy::of(&endpoint),
            proxy: endpoint.proxy,
            base_url: endpoint.base_url,
            transport,
            timing,
            clock,
            random,
        };
        Self { requester: Requester { shared: Arc::new(shared), hook: None } }
    }

    /// Scheme, host and, unless it is the scheme's own, port: `https://api.example`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.requester.shared.origin
    }

    /// Tells the key in use from others.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.requester.shared.fingerprint.clone()
    }

    /// Names the profile in the log of every call. The first name stays.
    #[must_use]
    pub fn with_profile_name(self, profile: &str) -> Self {
        self.requester.shared.profile.get_or_init(|| profile.to_owned());
        self
    }

    /// The same client, with the same connections and limits, whose answers `witness` is shown.
    #[must_use]
    pub fn with_response_hook(&self, hook: ResponseHook) -> Self {
        let shared = Arc::clone(&self.requester.shared);
        Self { requester: Requester { shared, hook: Some(hook) } }
    }

    /// `text` that others wrote, fit to be shown and stored.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.requester.shared.sanitizer.clean(text)
    }

    pub(crate) fn now(&self) -> Instant {
        self.requester.shared.now()
    }

    /// How long the service has not answered.
    #[must_use]
    pub fn silence(&self) -> ServiceWait {
        self.requester.shared.watched.now()
    }

    /// The same, for one who looks at it from time to time.
    #[must_use]
    pub fn outage_view(&self) -> OutageView {
        OutageView(Arc::downgrade(&self.requester.shared.watched))
    }

    /// A run reports it, for as long as it keeps this.
    #[must_use]
    pub fn outage_reporter(&self) -> OutageReporter {
        OutageReporter::new(&self.requester.shared.watched)
    }

    /// `POST /v1/uploads`. Streams the file from disk, again from its start at each attempt;
    /// `progress` is told the bytes of the current attempt.
    pub async fn upload(
        &self,
        file: &UploadFile,
        call: RequestOptions<'_>,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<UploadedFile, Failure> {
        let content = RequestContent::File { file, progress };
        let operation = Endpoint::upload();
        let read = by_reference(wire::job::uploaded);
        let done = self.requester.execute(&operation, content, &call, read).await?;
        // It is stored, and sent back in the job.
        if self.requester.shared.sanitizer.holds_secret(&done.value.video_url) {
            let why = "the upload URL contains a key and is not used";
            return Err(Failure::new(FailureKind::Contract, operation.described(), why));
        }
        Ok(UploadedFile { request_id: done.request_id, ..done.value })
    }

    /// `POST /v1/jobs`, sent once.
    pub async fn create(
        &self,
        job: &NewJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<CreatedJob, Failure> {
        let content = RequestContent::Json(wire::request::create(job)?);
        let read = by_reference(wire::job::created);
        let done = self.requester.execute(&Endpoint::create(), content, &call, read).await?;
        Ok(CreatedJob { request_id: done.request_id, ..done.value })
    }

    /// Waits until a start may be sent: ask before the start is recorded, so that nothing stands
    /// between the record and the bytes. Use the leave soon, or drop it.
    ///
    /// # Errors
    /// A latch has fallen, or the service asked for a pause longer than a call sits out.
    pub async fn admit_start(
        &self,
        id: &JobId,
        call: &RequestOptions<'_>,
    ) -> Result<CallPermit, Failure> {
        self.requester.admit_first(&Endpoint::start(id), call).await
    }

    /// `POST /v1/jobs/{id}/start`, sent once: this is what bills. Waits for leave first.
    pub async fn start(
        &self,
        id: &JobId,
        job: &StartJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<StartedJob, Failure> {
        let leave = self.admit_start(id, &call).await?;
        self.start_admitted(leave, id, job, call).await
    }

    /// [`Client::start`], with leave from [`Client::admit_start`]: sent without any wait.
    pub async fn start_admitted(
        &self,
        leave: CallPermit,
        id: &JobId,
        job: &StartJob<'_>,
        call: RequestOptions<'_>,
    ) -> Result<StartedJob, Failure> {
        let content = RequestContent::Json(wire::request::start(job)?);
        let read = |answer: Value| wire::job::started(&answer, id);
        let operation = Endpoint::start(id);
        let done =
            self.requester.execute_admitted(&operation, Some(leave), content, &call, read).await?;
        Ok(StartedJob { request_id: done.request_id, ..done.value })
    }

    /// `GET /v1/jobs/{id}`.
    pub async fn get(&self, id: &JobId, call: RequestOptions<'_>) -> Result<JobView, Failure> {
        let read = |answer: Value| wire::job::job(answer, id, &self.requester.shared.base_url);
        self.look(&Endpoint::job(id), &call, read).await
    }

    /// `GET /v1/jobs`: one page of this key's jobs. A page size that the service refuses is halved
    /// until it is accepted, and that size is remembered for the key. So a page may hold fewer jobs
    /// than were asked for, and only an empty page is the end of the list.
    pub async fn list(
        &self,
        page: ListQuery,
        call: RequestOptions<'_>,
    ) -> Result<JobPage, Failure> {
        let status = page.status.as_ref().map(JobStatus::as_str);
        let operation = |size| Endpoint::jobs(size, page.offset, status);
        let read = |answer: Value| wire::job::page(answer, &self.requester.shared.base_url);
        let accepted = match page.limit {
            0 | 1 => None,
            _ => self.requester.shared.limiter.state().await?.page_size,
        };
        let first = accepted.map_or(page.limit, |accepted| accepted.min(page.limit));
        let smallest_refused = &self.requester.shared.smallest_page_refused;
        let mut size = first;
        loop {
            let failure = match self.look(&operation(size), &call, read).await {
                Ok(jobs) => {
                    if size < first {
                        self.requester.shared.limiter.remember_page_size(size).await;
                    }
                    return Ok(jobs);
                }
                Err(failure) => failure,
            };
            if !refuses_page(&failure) || smallest_refused.load(Ordering::Relaxed) {
                return Err(failure);
            }
            if size <= 1 {
                smallest_refused.store(true, Ordering::Relaxed);
                return Err(failure);
            }
            size /= 2;
        }
    }

    /// `GET /api/download/{id}`, which takes no key: a new link to the output.
    pub async fn download_link(
        &self,
        id: &JobId,
        call: RequestOptions<'_>,
    ) -> Result<OutputLink, Failure> {
        let read =
            |answer: Value| wire::job::download_link(&answer, &self.requester.shared.base_url);
        self.look(&Endpoint::download_link(id), &call, read).await
    }

    /// `GET /api/pricing`.
    pub async fn pricing(&self, call: RequestOptions<'_>) -> Result<Pricing, Failure> {
        self.look(&Endpoint::pricing(), &call, wire::account::pricing).await
    }

    /// `GET /health`.
    pub async fn health(&self, call: RequestOptions<'_>) -> Result<Health, Failure> {
        let operation = Endpoint::health();
        let done = self
            .requester
            .execute(&operation, RequestContent::Nothing, &call, wire::account::health)
            .await?;
        Ok(Health { date: done.date, ..done.value })
    }

    /// `GET /v1/usage/summary` over the last `days`, which the service wants between 1 and 90.
    pub async fn usage_summary(
        &self,
        days: u32,
        call: RequestOptions<'_>,
    ) -> Result<UsageSummary, Failure> {
        self.look(&Endpoint::usage_summary(days), &call, wire::account::usage_summary).await
    }

    /// `GET /v1/usage/events`: the latest `limit`, which the service wants between 1 and 100.
    pub async fn usage_events(
        &self,
        limit: u32,
        call: RequestOptions<'_>,
    ) -> Result<UsageEventPage, Failure> {
        self.look(&Endpoint::usage_events(limit), &call, wire::account::usage_events).await
    }

    /// `GET /v1/admin/config`, whose fields are not documented.
    pub async fn admin_config(&self, call: RequestOptions<'_>) -> Result<Value, Failure> {
        self.look(&Endpoint::admin_config(), &call, as_it_is).await
    }

    /// `GET /v1/admin/keys`.
    pub async fn admin_keys(&self, call: RequestOptions<'_>) -> Result<Vec<AdminKey>, Failure> {
        self.look(&Endpoint::admin_keys(), &call, wire::account::admin_keys).await
    }

    /// `POST /v1/admin/keys`, sent once: a second one would make a second key.
    pub async fn admin_create_key(
        &self,
        client_id: &str,
        note: Option<&str>,
        call: RequestOptions<'_>,
    ) -> Result<NewKey, Failure> {
        let content = RequestContent::Json(wire::request::new_key(client_id, note)?);
        let operation = Endpoint::admin_create_key();
        let read = by_reference(wire::account::new_key);
        Ok(self.requester.execute(&operation, content, &call, read).await?.value)
    }

    /// `POST /v1/admin/keys/disable`. The fingerprint is the service's own.
    pub async fn admin_disable_key(
        &self,
        key_fingerprint: &str,
        call: RequestOptions<'_>,
    ) -> Result<Value, Failure> {
        let content = RequestContent::Json(wire::request::key(key_fingerprint)?);
        Ok(self
            .requester
            .execute(&Endpoint::admin_disable_key(), content, &call, as_it_is)
            .await?
            .value)
    }

    /// `POST /v1/admin/keys/enable`. The fingerprint is the service's own.
    pub async fn admin_enable_key(
        &self,
        key_fingerprint: &str,
        call: RequestOptions<'_>,
    ) -> Result<Value, Failure> {
        let content = RequestContent::Json(wire::request::key(key_fingerprint)?);
        Ok(self
            .requester
            .execute(&Endpoint::admin_enable_key(), content, &call, as_it_is)
            .await?
            .value)
    }

    /// How many jobs of this key may be in flight, as far as is known by now.
    pub async fn in_flight_limit(&self) -> Result<u32, Failure> {
        Ok(self.rate_limits().in_flight(&self.requester.shared.limiter.state().await?, self.now()))
    }

    /// The bounds of what is learned of this key.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        self.requester.shared.limiter.config()
    }

    /// Says what inputs that are not started yet wait for. Only while it is the pace does an accepted
    /// call tell something of it; and polls make way for submissions accordingly.
    pub fn set_backlog(&self, backlog: Backlog) {
        self.requester.shared.limiter.set_backlog(backlog);
    }

    /// What is known of this key's limits.
    pub async fn limits(&self) -> Result<LimitsReport, Failure> {
        let known = self.requester.shared.limiter.state().await?;
        Ok(report(&known, self.requester.shared.limiter.config(), self.now()))
    }

    /// Releases what only the user may: the stops after 401, 402 and 403.
    pub async fn release_latches(&self) -> Result<(), Failure> {
        self.requester.shared.limiter.release().await
    }

    /// A call that sends nothing and changes nothing.
    async fn look<T>(
        &self,
        operation: &Endpoint,
        call: &RequestOptions<'_>,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<T, Failure> {
        let done: CallResult<T> =
            self.requester.execute(operation, RequestContent::Nothing, call, read).await?;
        Ok(done.value)
    }
}

/// Whether the service refused a page for its parameters, of which the size may be the reason.
fn refuses_page(failure: &Failure) -> bool {
    failure.kind == FailureKind::InvalidRequest && matches!(failure.status, Some(400 | 422))
}

/// Name and port of the host behind `url`.
pub(crate) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// A reader that keeps nothing of an answer but what it makes of it.
fn by_reference<T>(
    read: impl Fn(&Value) -> Result<T, Unreadable>,
) -> impl Fn(Value) -> Result<T, Unreadable> {
    move |answer| read(&answer)
}

// The reader's signature is that of every answer that is understood.
#[expect(clippy::unnecessary_wraps)]
fn as_it_is(answer: Value) -> Result<Value, Unreadable> {
    Ok(without_links(answer))
}
