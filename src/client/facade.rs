//! The client as callers see it: one method for each endpoint of the contract. What travels is in
//! `wire`, how a call is carried out in `attempt`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use url::Url;

use super::asked::{
    AdminKey, Created, Health, JobPage, ListQuery, NewJob, NewKey, StartJob, Started, UploadFile,
    Uploaded, UsageEventPage, UsageSummary,
};
use super::attempt::{Content, Done};
use super::call::Call;
use super::endpoint::{Endpoint, LinkPolicy, Timing};
use super::limits::limiter::Limiter;
use super::limits::report::report;
use super::limits::{Admission, Backlog, Limits, LimitsReport, MemoryStore};
use super::operation::{Operation, Route};
use super::proxy::ProxyChoice;
use super::silence::{Reported, Silence, SilenceOf, Watched};
use super::transport::{HttpTransport, Transport};
use super::wire::{self, Unreadable};
use crate::model::limits::{LimitKey, LimiterStore};
use crate::model::sanitize::without_links;
use crate::model::{
    ApiKey, Clock, Failure, FailureKind, Fingerprint, Instant, JobId, JobStatus, JobView,
    OutputLink, Pricing, Random, Sanitizer,
};

/// The API client. Clones share their connections.
///
/// Calls that are harmless to repeat (uploads, looks, lists) are repeated by the client with the
/// contract's backoff. Calls that are not ([`Client::create`], [`Client::start`],
/// [`Client::admin_create_key`]) are sent once, and the failure's
/// [`delivery`](crate::model::Delivery) says what is known.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
    pub(super) witness: Option<Witness>,
}

/// Is shown every answer that was understood, cleaned. It may hold links that open outputs: a
/// witness keeps none of it.
pub type Witness = Arc<dyn Fn(Route, &Value) + Send + Sync>;

pub(super) struct Inner {
    pub(super) base_url: Url,
    /// Name and port, for the breaker.
    pub(super) host: String,
    pub(super) limiter: Limiter,
    pub(super) watched: Arc<Watched>,
    origin: String,
    fingerprint: Option<Fingerprint>,
    profile: OnceLock<String>,
    /// A page of one job was refused too, so that the size of pages is not the reason.
    smallest_page_refused: AtomicBool,
    pub(super) transport: Box<dyn Transport>,
    /// Cleans what the service and the hosts of outputs say.
    pub(super) sanitizer: Sanitizer,
    pub(super) proxy: ProxyChoice,
    pub(super) links: LinkPolicy,
    pub(super) timing: Timing,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Client {
    /// A client for `endpoint`, with limits of its own that end with the process. Connects to
    /// nothing yet.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`]: an address that must not be used, a key that cannot be sent, an
    /// unusable proxy, https on a machine without certificates.
    pub fn new(
        endpoint: Endpoint,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Failure> {
        let store = Arc::new(MemoryStore::default());
        Self::sharing(endpoint, timing, clock, random, store, &Limits::default())
    }

    /// A client like [`Client::new`] whose limits are bounded by `limits` and live in `store`,
    /// where all clients of the same key share them.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn sharing(
        endpoint: Endpoint,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        endpoint.check()?;
        let transport = Box::new(HttpTransport::new(&endpoint, &timing)?);
        Ok(Self::over(transport, endpoint, timing, clock, random, store, limits))
    }

    /// A client like [`Client::sharing`] whose requests go through `transport`.
    #[must_use]
    pub fn over(
        transport: Box<dyn Transport>,
        endpoint: Endpoint,
        timing: Timing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        store: Arc<dyn LimiterStore>,
        limits: &Limits,
    ) -> Self {
        let sanitizer = endpoint.sanitizer();
        let origin = endpoint.base_url.origin().ascii_serialization();
        let fingerprint = endpoint.key.as_ref().map(ApiKey::fingerprint);
        let key = LimitKey { origin: origin.clone(), fingerprint: fingerprint.clone() };
        let watched = Arc::<Watched>::default();
        let limiter = Limiter::new(store, key, limits, Arc::clone(&clock), &timing);
        let inner = Inner {
            limiter: limiter.watched(Arc::clone(&watched)),
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
        Self { inner: Arc::new(inner), witness: None }
    }

    /// Scheme, host and, unless it is the scheme's own, port: `https://api.example`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// Tells the key in use from others.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.inner.fingerprint.clone()
    }

    /// Names the profile in the log of every call. The first name stays.
    #[must_use]
    pub fn logged_as(self, profile: &str) -> Self {
        self.inner.profile.get_or_init(|| profile.to_owned());
        self
    }

    /// The same client, with the same connections and limits, whose answers `witness` is shown.
    #[must_use]
    pub fn witnessed(&self, witness: Witness) -> Self {
        Self { inner: Arc::clone(&self.inner), witness: Some(witness) }
    }

    /// `text` that others wrote, fit to be shown and stored.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.inner.sanitizer.clean(text)
    }

    pub(super) fn profile(&self) -> Option<&str> {
        self.inner.profile.get().map(String::as_str)
    }

    pub(super) fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    /// How long the service has not answered.
    #[must_use]
    pub fn silence(&self) -> Silence {
        self.inner.watched.now()
    }

    /// The same, for one who looks at it from time to time.
    #[must_use]
    pub fn silence_of(&self) -> SilenceOf {
        SilenceOf(Arc::downgrade(&self.inner.watched))
    }

    /// A run reports it, for as long as it keeps this.
    #[must_use]
    pub fn silence_reported(&self) -> Reported {
        Reported::new(&self.inner.watched)
    }

    /// `POST /v1/uploads`. Streams the file from disk, again from its start at each attempt;
    /// `progress` is told the bytes of the current attempt.
    pub async fn upload(
        &self,
        file: &UploadFile,
        call: Call<'_>,
        progress: Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<Uploaded, Failure> {
        let content = Content::File { file, progress };
        let operation = Operation::upload();
        let read = by_reference(wire::job::uploaded);
        let done = self.perform(&operation, content, &call, read).await?;
        // It is stored, and sent back in the job.
        if self.inner.sanitizer.holds_secret(&done.value.video_url) {
            let why = "the address of the upload holds a key; it is not used";
            return Err(Failure::new(FailureKind::Contract, operation.described(), why));
        }
        Ok(Uploaded { request_id: done.request_id, ..done.value })
    }

    /// `POST /v1/jobs`, sent once.
    pub async fn create(&self, job: &NewJob<'_>, call: Call<'_>) -> Result<Created, Failure> {
        let content = Content::Json(wire::request::create(job)?);
        let read = by_reference(wire::job::created);
        let done = self.perform(&Operation::create(), content, &call, read).await?;
        Ok(Created { request_id: done.request_id, ..done.value })
    }

    /// Waits until a start may be sent: ask before the start is recorded, so that nothing stands
    /// between the record and the bytes. Use the leave soon, or drop it.
    ///
    /// # Errors
    /// A latch has fallen, or the service asked for a pause longer than a call sits out.
    pub async fn admit_start(&self, id: &JobId, call: &Call<'_>) -> Result<Admission, Failure> {
        self.admit_first(&Operation::start(id), call).await
    }

    /// `POST /v1/jobs/{id}/start`, sent once: this is what bills. Waits for leave first.
    pub async fn start(
        &self,
        id: &JobId,
        job: &StartJob<'_>,
        call: Call<'_>,
    ) -> Result<Started, Failure> {
        let leave = self.admit_start(id, &call).await?;
        self.start_admitted(leave, id, job, call).await
    }

    /// [`Client::start`], with leave from [`Client::admit_start`]: sent without any wait.
    pub async fn start_admitted(
        &self,
        leave: Admission,
        id: &JobId,
        job: &StartJob<'_>,
        call: Call<'_>,
    ) -> Result<Started, Failure> {
        let content = Content::Json(wire::request::start(job)?);
        let read = |answer: Value| wire::job::started(&answer, id);
        let operation = Operation::start(id);
        let done = self.perform_admitted(&operation, Some(leave), content, &call, read).await?;
        Ok(Started { request_id: done.request_id, ..done.value })
    }

    /// `GET /v1/jobs/{id}`.
    pub async fn get(&self, id: &JobId, call: Call<'_>) -> Result<JobView, Failure> {
        let read = |answer: Value| wire::job::job(answer, id, &self.inner.base_url);
        self.look(&Operation::job(id), &call, read).await
    }

    /// `GET /v1/jobs`: one page of this key's jobs. A page size that the service refuses is halved
    /// until it is accepted, and that size is remembered for the key. So a page may hold fewer jobs
    /// than were asked for, and only an empty page is the end of the list.
    pub async fn list(&self, page: ListQuery, call: Call<'_>) -> Result<JobPage, Failure> {
        let status = page.status.as_ref().map(JobStatus::as_str);
        let operation = |size| Operation::jobs(size, page.offset, status);
        let read = |answer: Value| wire::job::page(answer, &self.inner.base_url);
        let accepted = match page.limit {
            0 | 1 => None,
            _ => self.inner.limiter.known().await?.page_size,
        };
        let first = accepted.map_or(page.limit, |accepted| accepted.min(page.limit));
        let smallest_refused = &self.inner.smallest_page_refused;
        let mut size = first;
        loop {
            let failure = match self.look(&operation(size), &call, read).await {
                Ok(jobs) => {
                    if size < first {
                        self.inner.limiter.remember_page_size(size).await;
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
    pub async fn download_link(&self, id: &JobId, call: Call<'_>) -> Result<OutputLink, Failure> {
        let read = |answer: Value| wire::job::download_link(&answer, &self.inner.base_url);
        self.look(&Operation::download_link(id), &call, read).await
    }

    /// `GET /api/pricing`.
    pub async fn pricing(&self, call: Call<'_>) -> Result<Pricing, Failure> {
        self.look(&Operation::pricing(), &call, wire::account::pricing).await
    }

    /// `GET /health`.
    pub async fn health(&self, call: Call<'_>) -> Result<Health, Failure> {
        let operation = Operation::health();
        let done = self.perform(&operation, Content::Nothing, &call, wire::account::health).await?;
        Ok(Health { date: done.date, ..done.value })
    }

    /// `GET /v1/usage/summary` over the last `days`, which the service wants between 1 and 90.
    pub async fn usage_summary(&self, days: u32, call: Call<'_>) -> Result<UsageSummary, Failure> {
        self.look(&Operation::usage_summary(days), &call, wire::account::usage_summary).await
    }

    /// `GET /v1/usage/events`: the latest `limit`, which the service wants between 1 and 100.
    pub async fn usage_events(
        &self,
        limit: u32,
        call: Call<'_>,
    ) -> Result<UsageEventPage, Failure> {
        self.look(&Operation::usage_events(limit), &call, wire::account::usage_events).await
    }

    /// `GET /v1/admin/config`, whose fields are not documented.
    pub async fn admin_config(&self, call: Call<'_>) -> Result<Value, Failure> {
        self.look(&Operation::admin_config(), &call, as_it_is).await
    }

    /// `GET /v1/admin/keys`.
    pub async fn admin_keys(&self, call: Call<'_>) -> Result<Vec<AdminKey>, Failure> {
        self.look(&Operation::admin_keys(), &call, wire::account::admin_keys).await
    }

    /// `POST /v1/admin/keys`, sent once: a second one would make a second key.
    pub async fn admin_create_key(
        &self,
        client_id: &str,
        note: Option<&str>,
        call: Call<'_>,
    ) -> Result<NewKey, Failure> {
        let content = Content::Json(wire::request::new_key(client_id, note)?);
        let operation = Operation::admin_create_key();
        let read = by_reference(wire::account::new_key);
        Ok(self.perform(&operation, content, &call, read).await?.value)
    }

    /// `POST /v1/admin/keys/disable`. The fingerprint is the service's own.
    pub async fn admin_disable_key(
        &self,
        key_fingerprint: &str,
        call: Call<'_>,
    ) -> Result<Value, Failure> {
        let content = Content::Json(wire::request::key(key_fingerprint)?);
        Ok(self.perform(&Operation::admin_disable_key(), content, &call, as_it_is).await?.value)
    }

    /// `POST /v1/admin/keys/enable`. The fingerprint is the service's own.
    pub async fn admin_enable_key(
        &self,
        key_fingerprint: &str,
        call: Call<'_>,
    ) -> Result<Value, Failure> {
        let content = Content::Json(wire::request::key(key_fingerprint)?);
        Ok(self.perform(&Operation::admin_enable_key(), content, &call, as_it_is).await?.value)
    }

    /// How many jobs of this key may be in flight, as far as is known by now.
    pub async fn in_flight_limit(&self) -> Result<u32, Failure> {
        Ok(self.shape().in_flight(&self.inner.limiter.known().await?, self.now()))
    }

    /// The bounds of what is learned of this key.
    #[must_use]
    pub fn shape(&self) -> &Limits {
        self.inner.limiter.shape()
    }

    /// Says what inputs that are not started yet wait for. Only while it is the pace does an accepted
    /// call tell something of it; and polls make way for submissions accordingly.
    pub fn set_backlog(&self, backlog: Backlog) {
        self.inner.limiter.set_backlog(backlog);
    }

    /// What is known of this key's limits.
    pub async fn limits(&self) -> Result<LimitsReport, Failure> {
        let known = self.inner.limiter.known().await?;
        Ok(report(&known, self.inner.limiter.shape(), self.now()))
    }

    /// Releases what only the user may: the stops after 401, 402 and 403.
    pub async fn release_latches(&self) -> Result<(), Failure> {
        self.inner.limiter.release().await
    }

    /// A call that sends nothing and changes nothing.
    async fn look<T>(
        &self,
        operation: &Operation,
        call: &Call<'_>,
        read: impl Fn(Value) -> Result<T, Unreadable>,
    ) -> Result<T, Failure> {
        let done: Done<T> = self.perform(operation, Content::Nothing, call, read).await?;
        Ok(done.value)
    }
}

/// Whether the service refused a page for its parameters, of which the size may be the reason.
fn refuses_page(failure: &Failure) -> bool {
    failure.kind == FailureKind::InvalidRequest && matches!(failure.status, Some(400 | 422))
}

/// Name and port of the host behind `url`.
pub(super) fn host(url: &Url) -> String {
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
