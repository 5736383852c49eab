//! What happened in a sandbox, as plain data for the checks of a simulation.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::app::App;
use super::audit::StartedWork;
pub use super::audit::{CallCount, EarlyCall};
use super::route::{Lane, Route};
use crate::sandbox::service::ServiceStatus;

/// Times are since the start of the sandbox, in whole milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// All jobs, by key and order of creation.
    pub jobs: Vec<JobTruth>,
    /// Maximum number of jobs in flight, by key fingerprint.
    pub most_in_flight: BTreeMap<String, usize>,
    /// Calls that need a key.
    pub calls: BTreeMap<Route, CallCount>,
    /// Requests for output links.
    pub downloads: u64,
    /// Calls during a pause that a response had announced to the same key.
    pub early_calls: Vec<EarlyCall>,
}

/// The history of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobTruth {
    pub id: String,
    /// Key fingerprint.
    pub key: String,
    /// `metadata.rbgv_id`: the client's id of the input.
    pub rbgv_id: Option<String>,
    /// `created`, `pending`, `processing`, `completed` or `failed`, even if clients see another state.
    pub state: &'static str,
    /// Number of charges, without refunds.
    pub charges: usize,
    /// Times of effective starts.
    pub starts: Vec<Duration>,
    /// End of its latest start.
    pub ended: Option<Duration>,
    /// Time of the first response that showed that end.
    pub end_shown: Option<Duration>,
    /// Times of later requests for this job.
    pub polls_after_end_shown: Vec<Duration>,
}

impl Truth {
    pub(crate) fn of(app: &App) -> Self {
        let (service, audit) = (app.service(), app.audit());
        let mut works: HashMap<&str, Vec<&StartedWork>> = HashMap::new();
        for work in &audit.works {
            works.entry(&work.job_id).or_default().push(work);
        }
        let jobs = service.all_jobs().map(|job| {
            let works = works.remove(job.id.as_str()).unwrap_or_default();
            let latest = works.last();
            let polls = works.iter().flat_map(|work| &work.polls_after_told);
            JobTruth {
                id: job.id.clone(),
                key: job.key.clone(),
                rbgv_id: job.request.metadata["rbgv_id"].as_str().map(str::to_owned),
                state: job.status.word(),
                charges: job.charges.iter().filter(|charge| charge.credits >= 0.0).count(),
                starts: works.iter().map(|work| Duration::from_millis(work.started)).collect(),
                ended: latest.and_then(|work| work.ended).map(Duration::from_millis),
                end_shown: latest.and_then(|work| work.told).map(Duration::from_millis),
                polls_after_end_shown: polls.copied().map(Duration::from_millis).collect(),
            }
        });
        let jobs = jobs.collect();
        Self {
            jobs,
            most_in_flight: service.most_open.clone(),
            calls: audit.routes.clone(),
            downloads: audit.calls.get(&Lane::Output).copied().unwrap_or(0),
            early_calls: audit.early_calls.clone(),
        }
    }

    /// Jobs that were created and never started.
    pub fn orphan_drafts(&self) -> impl Iterator<Item = &JobTruth> {
        self.jobs.iter().filter(|job| job.state == ServiceStatus::Created.word())
    }
}
