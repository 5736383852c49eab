//! What the sandbox saw, for tests to read: every request with its effect, refusals, webhooks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use super::route::{Lane, Route};
use crate::sandbox::faults::scenario::Routes;
use crate::sandbox::service::{JobRequest, ServiceJob};

/// Requests kept; the oldest go first, and are counted.
const KEPT: usize = 200_000;

/// One request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestRow {
    pub(crate) sequence: u64,
    /// Milliseconds since the sandbox began.
    pub(crate) at: u64,
    pub(crate) took: Option<u64>,
    pub(crate) method: String,
    /// Without the query, which may carry a signature.
    pub(crate) path: String,
    pub(crate) lane: Lane,
    pub(crate) key: Option<String>,
    pub(crate) request_id: String,
    pub(crate) job_id: Option<String>,
    /// The status as the service meant it; a fault may have kept it from arriving.
    pub(crate) status: Option<u16>,
    /// Whether the call changed anything.
    pub(crate) effect: bool,
    /// Faults that it met.
    pub(crate) faults: Vec<String>,
    /// `answered`, `reset`, `closed`, `disconnected`, or `open` while it runs.
    pub(crate) outcome: &'static str,
}

/// One webhook delivery that was tried.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) at: u64,
    /// The same in every attempt.
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) job_id: String,
    pub(crate) attempt: u32,
    /// The receiver's status; nothing when it could not be reached or the delivery was lost.
    pub(crate) status: Option<u16>,
    pub(crate) outcome: &'static str,
}

/// One start of a job, from its acceptance to its end. Times are milliseconds since the sandbox
/// began.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StartedWork {
    pub(crate) job_id: String,
    /// Fingerprint of the key.
    pub(crate) key: String,
    pub(crate) start_number: u32,
    /// What was asked for, create and start taken together.
    pub(crate) request: JobRequest,
    /// From here on it counts as in flight.
    pub(crate) started: u64,
    /// When a worker took it.
    pub(crate) began: Option<u64>,
    pub(crate) ended: Option<u64>,
    /// When an answer first showed its end to the client.
    pub(crate) told: Option<u64>,
    /// Requests for this one job that arrived later than that.
    pub(crate) polls_after_told: Vec<u64>,
    /// What made the output, and what there is to say of it.
    pub(crate) engine: Option<String>,
    pub(crate) notes: Vec<String>,
}

/// The record.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    rows: VecDeque<RequestRow>,
    dropped: u64,
    next: u64,
    refusals: BTreeMap<Lane, u64>,
    calls: BTreeMap<Lane, u64>,
    routes: BTreeMap<Route, CallCount>,
    deliveries: Vec<WebhookDelivery>,
    works: Vec<StartedWork>,
    /// Where in `works` the latest start of a job is.
    latest: HashMap<String, usize>,
    running: usize,
    most_running: usize,
    /// Pauses that were announced to a key, after a refusal of a call, for some calls: when each
    /// was announced and when it ends, both rising.
    pauses: BTreeMap<(String, Route, Routes), VecDeque<(Duration, Duration)>>,
    early_calls: Vec<EarlyCall>,
}

/// A call that arrived during a pause that the sandbox had announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyCall {
    /// The call.
    pub route: Route,
    /// When it arrived.
    pub at: Duration,
    /// The call that was refused with `Retry-After`.
    pub refused: Route,
    /// When that answer was given: the first one whose pause was still running.
    pub announced: Duration,
    /// When the announced pause ends.
    pub until: Duration,
}

/// How often a route was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCount {
    /// Calls that arrived.
    pub calls: u64,
    /// How many of them were answered with 429.
    pub refused: u64,
}

/// The record as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct AuditView {
    pub(crate) requests: Vec<RequestRow>,
    /// Requests too old to be kept.
    pub(crate) dropped: u64,
    /// Pass as `since` to get only what comes later.
    pub(crate) next: u64,
    pub(crate) calls_by_lane: BTreeMap<Lane, u64>,
    pub(crate) refusals_by_lane: BTreeMap<Lane, u64>,
    pub(crate) webhooks: Vec<WebhookDelivery>,
    /// Every start that took effect, in order.
    pub(crate) work: Vec<StartedWork>,
    /// The most jobs that workers had at the same time.
    pub(crate) most_running: usize,
}

impl Audit {
    /// Begins a row.
    pub(crate) fn open(&mut self, mut row: RequestRow) -> u64 {
        let sequence = self.next;
        self.next += 1;
        row.sequence = sequence;
        *self.calls.entry(row.lane).or_default() += 1;
        if let Some(route) = Route::of(&row.method, &row.path) {
            self.routes.entry(route).or_default().calls += 1;
            if route == Route::Get
                && let Some(work) = row.job_id.as_deref().and_then(|id| self.latest_work(id))
                && work.told.is_some()
            {
                work.polls_after_told.push(row.at);
            }
            if let Some(key) = &row.key {
                self.note_if_early(key, route, Duration::from_millis(row.at));
            }
        }
        if self.rows.len() == KEPT {
            self.rows.pop_front();
            self.dropped += 1;
        }
        self.rows.push_back(row);
        sequence
    }

    /// Ends a row, if it is still kept.
    pub(crate) fn close(
        &mut self,
        sequence: u64,
        now: Duration,
        change: impl FnOnce(&mut RequestRow),
    ) {
        let Some(index) = sequence.checked_sub(self.dropped) else { return };
        let row = usize::try_from(index).ok().and_then(|index| self.rows.get_mut(index));
        let Some(row) = row else { return };
        row.took = Some(milliseconds(now).saturating_sub(row.at));
        change(row);
        if row.status == Some(429) {
            *self.refusals.entry(row.lane).or_default() += 1;
            if let Some(route) = Route::of(&row.method, &row.path) {
                self.routes.entry(route).or_default().refused += 1;
            }
        }
    }

    fn note_if_early(&mut self, key: &str, route: Route, at: Duration) {
        for ((paused, refused, calls), pauses) in &mut self.pauses {
            if paused != key || !calls.has(route) {
                continue;
            }
            while pauses.pop_front_if(|(_, until)| *until <= at).is_some() {}
            if let Some((announced, until)) = pauses.front().copied() {
                self.early_calls.push(EarlyCall { route, at, refused: *refused, announced, until });
            }
        }
    }

    /// A refusal of `route` has announced a pause to a key.
    pub(crate) fn announced(
        &mut self,
        key: &str,
        route: Route,
        calls: Routes,
        now: Duration,
        until: Duration,
    ) {
        let pauses = self.pauses.entry((key.to_owned(), route, calls)).or_default();
        // A pause that ends before an earlier one does adds nothing.
        if pauses.back().is_none_or(|(_, latest)| *latest < until) {
            pauses.push_back((now, until));
        }
    }

    pub(crate) fn delivered(&mut self, delivery: WebhookDelivery) {
        self.deliveries.push(delivery);
    }

    /// A start took effect.
    pub(crate) fn started(&mut self, job: &ServiceJob, key: &str, now: Duration) {
        self.latest.insert(job.id.clone(), self.works.len());
        self.works.push(StartedWork {
            job_id: job.id.clone(),
            key: key.to_owned(),
            start_number: job.starts,
            request: job.request.clone(),
            started: milliseconds(now),
            began: None,
            ended: None,
            told: None,
            polls_after_told: Vec::new(),
            engine: None,
            notes: Vec::new(),
        });
    }

    /// The latest start of a job is over.
    pub(crate) fn ended(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.ended.get_or_insert(milliseconds(now));
        }
    }

    /// How the latest start of a job was worked on.
    pub(crate) fn made(&mut self, job_id: &str, engine: Option<String>, notes: Vec<String>) {
        if let Some(work) = self.latest_work(job_id) {
            (work.engine, work.notes) = (engine, notes);
        }
    }

    /// The end of a job is being told to the client.
    pub(crate) fn told(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.ended.get_or_insert(milliseconds(now));
            work.told.get_or_insert(milliseconds(now));
        }
    }

    fn latest_work(&mut self, job_id: &str) -> Option<&mut StartedWork> {
        self.latest.get(job_id).and_then(|index| self.works.get_mut(*index))
    }

    /// A worker took a job.
    pub(crate) fn worker_began(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.began.get_or_insert(milliseconds(now));
        }
        self.running += 1;
        self.most_running = self.most_running.max(self.running);
    }

    /// A worker is free again.
    pub(crate) fn worker_ended(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// Calls by route.
    pub(crate) fn routes(&self) -> &BTreeMap<Route, CallCount> {
        &self.routes
    }

    /// Calls that arrived during an announced pause.
    pub(crate) fn early_calls(&self) -> &[EarlyCall] {
        &self.early_calls
    }

    /// Requests for output links.
    pub(crate) fn downloads(&self) -> u64 {
        self.calls.get(&Lane::Output).copied().unwrap_or(0)
    }

    /// Every start that took effect, in order.
    pub(crate) fn works(&self) -> &[StartedWork] {
        &self.works
    }

    /// The record from `since` on.
    pub(crate) fn show(&self, since: u64) -> AuditView {
        AuditView {
            requests: self.rows.iter().filter(|row| row.sequence >= since).cloned().collect(),
            dropped: self.dropped,
            next: self.next,
            calls_by_lane: self.calls.clone(),
            refusals_by_lane: self.refusals.clone(),
            webhooks: self.deliveries.clone(),
            work: self.works.clone(),
            most_running: self.most_running,
        }
    }
}

/// A span in whole milliseconds.
pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
