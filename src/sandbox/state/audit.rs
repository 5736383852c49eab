//! The record for tests: requests with their effects, starts, refusals, webhooks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::route::{Lane, Route};
use crate::sandbox::faults::scenario::Routes;
use crate::sandbox::service::{JobRequest, ServiceJob};

/// Maximum number of recorded requests; the oldest are dropped and counted.
const MAX_ROWS: usize = 200_000;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestRow {
    pub(crate) sequence: u64,
    /// Milliseconds since the start of the sandbox.
    pub(crate) at: u64,
    pub(crate) took: Option<u64>,
    pub(crate) method: String,
    /// Without the query, which may contain a signature.
    pub(crate) path: String,
    pub(crate) lane: Lane,
    pub(crate) key: Option<String>,
    pub(crate) request_id: String,
    pub(crate) job_id: Option<String>,
    /// The status of the service; a fault may have hidden it.
    pub(crate) status: Option<u16>,
    /// Whether the call had an effect.
    pub(crate) effect: bool,
    pub(crate) faults: Vec<String>,
    /// `answered`, `reset`, `closed`, `disconnected`, or `open` while it runs.
    pub(crate) outcome: &'static str,
}

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) at: u64,
    /// Equal in all attempts.
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) job_id: String,
    pub(crate) attempt: u32,
    /// Status of the receiver; `None` if it was not reached or the delivery was dropped.
    pub(crate) status: Option<u16>,
    pub(crate) outcome: &'static str,
}

/// One start of a job, until its end. Times are milliseconds since the start of the sandbox.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StartedWork {
    pub(crate) job_id: String,
    pub(crate) key: String,
    pub(crate) start_number: u32,
    /// Parameters of create and start.
    pub(crate) request: JobRequest,
    /// The time from which it counts as in flight.
    pub(crate) started: u64,
    pub(crate) began: Option<u64>,
    pub(crate) ended: Option<u64>,
    /// The time of the first response that showed its end.
    pub(crate) told: Option<u64>,
    /// Later requests for this job.
    pub(crate) polls_after_told: Vec<u64>,
    /// Engine of the output.
    pub(crate) engine: Option<String>,
    pub(crate) notes: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Audit {
    rows: VecDeque<RequestRow>,
    dropped: u64,
    next: u64,
    refusals: BTreeMap<Lane, u64>,
    pub(super) calls: BTreeMap<Lane, u64>,
    pub(super) routes: BTreeMap<Route, CallCount>,
    deliveries: Vec<WebhookDelivery>,
    /// All effective starts in order.
    pub(super) works: Vec<StartedWork>,
    /// Index in `works` of the latest start of a job.
    latest: HashMap<String, usize>,
    running: usize,
    /// Maximum number of jobs that ran at the same time.
    most_running: usize,
    /// Pauses announced to a key after a refused call, with start and end, both ascending.
    pauses: BTreeMap<(String, Route, Routes), VecDeque<(Duration, Duration)>>,
    pub(super) early_calls: Vec<EarlyCall>,
}

/// A call during an announced pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyCall {
    pub route: Route,
    pub at: Duration,
    /// The call that was refused with `Retry-After`.
    pub refused: Route,
    /// The time of that response: the first whose pause was still running.
    pub announced: Duration,
    pub until: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCount {
    pub calls: u64,
    /// Calls refused with 429.
    pub refused: u64,
}

impl Audit {
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
        if self.rows.len() == MAX_ROWS {
            self.rows.pop_front();
            self.dropped += 1;
        }
        self.rows.push_back(row);
        sequence
    }

    /// Ends a row unless it was dropped.
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

    /// Records that a refusal of `route` announced a pause.
    pub(crate) fn announced(
        &mut self,
        key: &str,
        route: Route,
        calls: Routes,
        now: Duration,
        until: Duration,
    ) {
        let pauses = self.pauses.entry((key.to_owned(), route, calls)).or_default();
        // A pause that ends before an earlier one adds nothing.
        if pauses.back().is_none_or(|(_, latest)| *latest < until) {
            pauses.push_back((now, until));
        }
    }

    pub(crate) fn delivered(&mut self, delivery: WebhookDelivery) {
        self.deliveries.push(delivery);
    }

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

    pub(crate) fn ended(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.ended.get_or_insert(milliseconds(now));
        }
    }

    /// Records the engine of the latest start of a job, with its notes.
    pub(crate) fn made(&mut self, job_id: &str, engine: Option<String>, notes: Vec<String>) {
        if let Some(work) = self.latest_work(job_id) {
            (work.engine, work.notes) = (engine, notes);
        }
    }

    /// Records that the client sees the end of a job.
    pub(crate) fn told(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.ended.get_or_insert(milliseconds(now));
            work.told.get_or_insert(milliseconds(now));
        }
    }

    fn latest_work(&mut self, job_id: &str) -> Option<&mut StartedWork> {
        self.latest.get(job_id).and_then(|index| self.works.get_mut(*index))
    }

    pub(crate) fn worker_began(&mut self, job_id: &str, now: Duration) {
        if let Some(work) = self.latest_work(job_id) {
            work.began.get_or_insert(milliseconds(now));
        }
        self.running += 1;
        self.most_running = self.most_running.max(self.running);
    }

    pub(crate) fn worker_ended(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// The audit as JSON, with the requests from number `since` on.
    pub(crate) fn show(&self, since: u64) -> Value {
        let requests = self.rows.iter().filter(|row| row.sequence >= since);
        json!({
            "requests": requests.collect::<Vec<_>>(),
            "dropped": self.dropped,
            // The value of `since` for later requests only.
            "next": self.next,
            "calls_by_lane": self.calls,
            "refusals_by_lane": self.refusals,
            "webhooks": self.deliveries,
            "work": self.works,
            "most_running": self.most_running,
        })
    }
}

pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
