//! The service without HTTP: keys, credits, uploads, jobs, charges.
//!
//! Every operation is one step under one lock, so it is atomic even if the connection breaks.
//!
//! Reading order: `job` (records), `request` (parameters of a job), `refusal`, `pricing`, `store`
//! (files), this file (keys, uploads, jobs), `ledger` (charges and progress), `job_queue`,
//! `source`, `url_fetch` and `public_address` (inputs), `webhooks`.

mod job;
pub(crate) mod job_queue;
mod ledger;
pub(crate) mod pricing;
pub(crate) mod public_address;
mod refusal;
mod request;
pub(crate) mod source;
mod store;
pub(crate) mod url_fetch;
pub(crate) mod webhooks;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::job::{
    Account, CreditCharge, JobOutput, Key, ServiceJob, ServiceStatus, Timed, Upload, VideoSource,
};
pub(crate) use self::ledger::JobEnd;
pub(crate) use self::refusal::{Refusal, code_for};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::request::fuzz_request;
pub(crate) use self::request::{JobRequest, RequestedBackground};
pub(crate) use self::store::{Disk, Store, is_id};
use super::faults::scenario::{JobRules, Routes, SecondStart};
use super::state::rate_limiter::RefusalPause;
use super::util::random::Tokens;
use super::util::signature::sha256_hex;

/// The client of an accepted key.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: String,
    pub(crate) client_id: String,
}

#[derive(Debug, Clone)]
pub(crate) struct StartResult {
    pub(crate) job: ServiceJob,
    /// Whether this call started it, so that it must be queued.
    pub(crate) launched: bool,
}

/// The state in `service.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServiceState {
    pub(crate) keys: Vec<Key>,
    pub(crate) clients: Vec<Account>,
    /// The first key in plain text, shown again after a restart.
    pub(crate) first_key: Option<String>,
    /// Earlier origins of the sandbox, whose links stay its own.
    pub(crate) origins: Vec<String>,
    pub(crate) link_secret: String,
}

pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) registry: ServiceState,
    jobs: BTreeMap<String, ServiceJob>,
    /// Job ids by key, oldest first.
    order: BTreeMap<String, Vec<String>>,
    /// Drafts, oldest first.
    drafts: VecDeque<(Timestamp, String)>,
    uploads: HashMap<String, Upload>,
    spent: HashMap<String, f64>,
    open: HashMap<String, usize>,
    /// Maximum number of jobs in flight so far, by key.
    pub(crate) most_open: BTreeMap<String, usize>,
}

impl Service {
    /// Reads the state of an earlier run. Running jobs are queued again, already charged.
    pub(crate) fn open(store: Arc<Store>, tokens: Arc<Tokens>) -> io::Result<Self> {
        let registry = store.load(".", "service")?.unwrap_or_else(|| ServiceState {
            link_secret: tokens.hex(64),
            ..ServiceState::default()
        });
        let mut jobs: Vec<ServiceJob> =
            store.load_all("jobs", |job: &ServiceJob| &job.id, ServiceJob::names_own_files)?;
        jobs.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let uploads: Vec<Upload> =
            store.load_all("uploads", |upload: &Upload| &upload.id, |_| true)?;
        let mut service = Self {
            store,
            tokens,
            registry,
            jobs: BTreeMap::new(),
            order: BTreeMap::new(),
            drafts: VecDeque::new(),
            uploads: uploads.into_iter().map(|upload| (upload.id.clone(), upload)).collect(),
            spent: HashMap::new(),
            open: HashMap::new(),
            most_open: BTreeMap::new(),
        };
        for mut job in jobs {
            if job.status == ServiceStatus::Processing {
                job.status = ServiceStatus::Pending;
                job.progress = 0.0;
            }
            service.adopt(job);
        }
        service.save_registry()?;
        Ok(service)
    }

    fn adopt(&mut self, job: ServiceJob) {
        for charge in &job.charges {
            *self.spent.entry(charge.client_id.clone()).or_default() += charge.credits;
        }
        if job.status.is_open() {
            self.count_open(&job.key);
        }
        if job.status == ServiceStatus::Created {
            self.drafts.push_back((job.created_at, job.id.clone()));
        }
        self.order.entry(job.key.clone()).or_default().push(job.id.clone());
        self.jobs.insert(job.id.clone(), job);
    }

    pub(crate) fn save_registry(&self) -> io::Result<()> {
        self.store.save(".", "service", &self.registry)
    }

    /// Started jobs without an end, in order of their start: the queue after a restart.
    pub(crate) fn unfinished(&self) -> Vec<(String, u32)> {
        let mut jobs: Vec<&ServiceJob> =
            self.jobs.values().filter(|job| job.status.is_open()).collect();
        jobs.sort_by_key(|job| job.started_at);
        jobs.into_iter().map(|job| (job.id.clone(), job.starts)).collect()
    }

    // --- keys and credits ---

    /// Checks a key.
    pub(crate) fn caller(&self, presented: Option<&str>) -> Result<Caller, Refusal> {
        let presented = presented.filter(|key| !key.is_empty()).ok_or_else(Refusal::missing_key)?;
        let hash = sha256_hex(presented.as_bytes());
        let known = self.registry.keys.iter().find(|key| key.sha256 == hash && key.enabled);
        let key = known.ok_or_else(Refusal::invalid_key)?;
        Ok(Caller { key: key.fingerprint.clone(), client_id: key.client_id.clone() })
    }

    /// Adds a key of a client; a new client gets credits.
    pub(crate) fn add_key(
        &mut self,
        api_key: &str,
        client_id: &str,
        note: Option<String>,
        credits: f64,
        now: Timestamp,
    ) -> io::Result<Key> {
        let sha256 = sha256_hex(api_key.as_bytes());
        if let Some(known) = self.registry.keys.iter().find(|key| key.sha256 == sha256) {
            return Ok(known.clone());
        }
        let key = Key {
            fingerprint: sha256[..12].to_owned(),
            sha256,
            client_id: client_id.to_owned(),
            note,
            created_at: now,
            enabled: true,
        };
        if !self.registry.clients.iter().any(|client| client.client_id == client_id) {
            let client = Account { client_id: client_id.to_owned(), granted: credits };
            self.registry.clients.push(client);
        }
        self.registry.keys.push(key.clone());
        self.save_registry()?;
        Ok(key)
    }

    /// Enables or disables a key; false for an unknown fingerprint.
    pub(crate) fn enable_key(&mut self, fingerprint: &str, enabled: bool) -> io::Result<bool> {
        let found = self.registry.keys.iter_mut().find(|key| key.fingerprint == fingerprint);
        let Some(key) = found else { return Ok(false) };
        key.enabled = enabled;
        self.save_registry()?;
        Ok(true)
    }

    /// Grants credits to a client and returns its balance; `None` for an unknown client.
    pub(crate) fn grant(&mut self, client_id: &str, credits: f64) -> io::Result<Option<f64>> {
        let found = self.registry.clients.iter_mut().find(|client| client.client_id == client_id);
        let Some(client) = found else { return Ok(None) };
        client.granted += credits;
        self.save_registry()?;
        Ok(Some(self.balance(client_id)))
    }

    pub(crate) fn balance(&self, client_id: &str) -> f64 {
        let client = self.registry.clients.iter().find(|client| client.client_id == client_id);
        let granted = client.map_or(0.0, |client| client.granted);
        pricing::rounded(granted - self.spent.get(client_id).copied().unwrap_or(0.0))
    }

    // --- uploads ---

    /// Records a stored upload.
    pub(crate) fn add_upload(&mut self, upload: Upload) -> io::Result<()> {
        self.store.save("uploads", &upload.id, &upload)?;
        self.uploads.insert(upload.id.clone(), upload);
        Ok(())
    }

    /// The upload with the URL segment `name`.
    pub(crate) fn upload(&self, name: &str) -> Option<&Upload> {
        let id = name.split('.').next()?;
        self.uploads.get(id).filter(|upload| upload.name() == name)
    }

    /// Forgets an upload, like storage with an expiry.
    pub(crate) fn forget_upload(&mut self, name: &str) {
        if let Some(id) = self.upload(name).map(|upload| upload.id.clone()) {
            self.uploads.remove(&id);
        }
    }

    // --- jobs ---

    /// Creates a draft; `source` is the resolved `video_url`.
    pub(crate) fn create(
        &mut self,
        caller: &Caller,
        request: JobRequest,
        source: VideoSource,
        now: Timestamp,
    ) -> Result<ServiceJob, Refusal> {
        let duration_seconds = match &source {
            VideoSource::Upload(id) => self.uploads.get(id).and_then(|upload| upload.seconds),
            VideoSource::Output(id) => self.jobs.get(id).and_then(|job| job.duration_seconds),
            VideoSource::Remote => None,
        };
        let job = ServiceJob {
            id: format!("job_{}", self.tokens.hex(20)),
            key: caller.key.clone(),
            client_id: caller.client_id.clone(),
            status: ServiceStatus::Created,
            progress: 0.0,
            request,
            source,
            created_at: now,
            started_at: None,
            began_at: None,
            finished_at: None,
            duration_seconds,
            billing: None,
            error: None,
            output: None,
            engine: None,
            notes: Vec::new(),
            starts: 0,
            charges: Vec::new(),
            webhook_events: BTreeMap::new(),
            doomed: None,
            timed: None,
        };
        self.store.save("jobs", &job.id, &job)?;
        self.adopt(job.clone());
        Ok(job)
    }

    /// Deletes a draft that the client never saw.
    pub(crate) fn discard(&mut self, id: &str) {
        if let Some(job) = self.jobs.remove(id)
            && let Some(order) = self.order.get_mut(&job.key)
        {
            order.retain(|known| known != id);
            self.store.remove("jobs", id);
        }
    }

    /// Forgets drafts created at `before` or earlier that were not started.
    pub(crate) fn forget_drafts(&mut self, before: Timestamp) {
        while let Some((_, id)) = self.drafts.pop_front_if(|(made, _)| *made <= before) {
            if self.jobs.get(&id).is_some_and(|job| job.status == ServiceStatus::Created) {
                self.discard(&id);
            }
        }
    }

    /// The job, if it belongs to the key.
    pub(crate) fn own_job(&self, caller: &Caller, id: &str) -> Result<&ServiceJob, Refusal> {
        self.jobs.get(id).filter(|job| job.key == caller.key).ok_or_else(Refusal::job_not_found)
    }

    /// Any job, for links and workers.
    pub(crate) fn job(&self, id: &str) -> Option<&ServiceJob> {
        self.jobs.get(id)
    }

    /// Number of jobs per state, for the audit.
    pub(crate) fn jobs_by_status(&self) -> BTreeMap<&str, usize> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for job in self.jobs.values() {
            *counts.entry(job.status.word()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn all_jobs(&self) -> impl Iterator<Item = &ServiceJob> {
        self.order.values().flatten().filter_map(|id| self.jobs.get(id))
    }

    /// Oldest first.
    pub(crate) fn own_jobs<'a>(
        &'a self,
        caller: &Caller,
    ) -> impl DoubleEndedIterator<Item = &'a ServiceJob> + Clone + use<'a> {
        let ids = self.order.get(&caller.key).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.jobs.get(id))
    }

    pub(crate) fn job_count(&self, caller: &Caller) -> usize {
        self.order.get(&caller.key).map_or(0, Vec::len)
    }

    /// Checks, charges and starts a job in one step.
    pub(crate) fn start(
        &mut self,
        caller: &Caller,
        id: &str,
        overrides: &Map<String, Value>,
        rules: &JobRules,
        in_flight_cap: Option<usize>,
        now: Timestamp,
    ) -> Result<StartResult, Refusal> {
        let job = self.own_job(caller, id)?;
        if job.status != ServiceStatus::Created {
            match rules.answer_to_start_of(job.status) {
                SecondStart::Conflict => {
                    return Err(Refusal::conflict(format!("Job is already {}", job.status.word())));
                }
                SecondStart::Invalid => {
                    return Err(Refusal::invalid(format!("Job is already {}", job.status.word())));
                }
                SecondStart::Same => return Ok(StartResult { job: job.clone(), launched: false }),
                SecondStart::Again => {}
            }
        }
        let request = job.request.changed(overrides)?;
        request.check_startable()?;
        let in_flight = self.open.get(&caller.key).copied().unwrap_or(0);
        if in_flight_cap.is_some_and(|cap| in_flight >= cap) {
            return Err(Refusal::rate_limited(
                format!("Too many jobs in flight: {in_flight}"),
                RefusalPause::unknown(Routes::START),
            ));
        }
        self.afford(job, &request.model)?;
        let job = self.launch(id, request, now)?;
        Ok(StartResult { job, launched: true })
    }

    fn afford(&self, job: &ServiceJob, model: &str) -> Result<(), Refusal> {
        let left = self.balance(&job.client_id);
        let needed = job.duration_seconds.map_or(0.0, |seconds| pricing::credits(model, seconds));
        let unknown_and_empty =
            job.duration_seconds.is_none() && job.source == VideoSource::Remote && left <= 0.0;
        if needed > left || unknown_and_empty {
            return Err(Refusal::insufficient(needed, left));
        }
        Ok(())
    }

    fn launch(
        &mut self,
        id: &str,
        request: JobRequest,
        now: Timestamp,
    ) -> Result<ServiceJob, Refusal> {
        let was_open = self.jobs.get(id).is_some_and(|job| job.status.is_open());
        let job = self.jobs.get_mut(id).ok_or_else(Refusal::job_not_found)?;
        job.request = request;
        job.status = ServiceStatus::Pending;
        job.progress = 0.0;
        job.starts += 1;
        job.started_at = Some(now);
        job.began_at = None;
        job.finished_at = None;
        job.error = None;
        job.doomed = None;
        job.timed = None;
        job.output = None;
        job.billing = Some("pending".to_owned());
        let key = job.key.clone();
        let seconds = job.duration_seconds;
        if !was_open {
            self.count_open(&key);
        }
        if let Some(seconds) = seconds {
            self.charge(id, seconds, now)?;
        } else {
            self.save_job(id)?;
        }
        self.jobs.get(id).cloned().ok_or_else(Refusal::job_not_found)
    }

    fn count_open(&mut self, key: &str) {
        let open = self.open.entry(key.to_owned()).or_default();
        *open += 1;
        let most = self.most_open.entry(key.to_owned()).or_default();
        *most = (*most).max(*open);
    }

    fn save_job(&self, id: &str) -> Result<(), Refusal> {
        let Some(job) = self.jobs.get(id) else { return Ok(()) };
        Ok(self.store.save("jobs", id, job)?)
    }
}
