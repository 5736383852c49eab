//! What the server saw of a run, and what follows from it. The client is not asked.

use serde_json::Value;

use crate::world::{Service, World};

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub status: u64,
    pub faulty: bool,
}

/// One start of a job that took effect. Times are seconds since the server began.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub began: f64,
    pub ended: f64,
}

/// A part of the server's audit.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub calls: Vec<Call>,
    pub works: Vec<Work>,
    pub bills: usize,
}

/// How much of an audit is known already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    next: u64,
    works: usize,
    bills: usize,
}

impl Seen {
    /// Reads what was added since `mark`, and moves the mark.
    pub fn since(world: &World, mark: &mut Mark) -> Self {
        Self::with_audit(world, mark).0
    }

    /// The same, with the audit as it came.
    pub fn with_audit(world: &World, mark: &mut Mark) -> (Self, String) {
        let path = format!("/sandbox/audit?since={}", mark.next);
        let (status, body) = world.sandbox.http("GET", &path, "");
        assert_eq!(status, 200, "{body}");
        let audit: Value = serde_json::from_str(&body).unwrap_or_default();
        let list = |name: &str| audit[name].as_array().cloned().unwrap_or_default();
        let (works, bills) = (list("work"), list("charges").len());
        let seen = Self {
            calls: list("requests").iter().map(call).collect(),
            works: works.iter().skip(mark.works).filter_map(work).collect(),
            bills: bills - mark.bills,
        };
        *mark = Mark { next: audit["next"].as_u64().unwrap_or(0), works: works.len(), bills };
        (seen, body)
    }

    pub fn refusals(&self) -> usize {
        self.calls.iter().filter(|call| call.status == 429).count()
    }

    pub fn faults(&self) -> usize {
        self.calls.iter().filter(|call| call.faulty).count()
    }

    /// Polls of jobs, one by one or by pages.
    pub fn polls(&self) -> usize {
        self.calls.iter().filter(|call| call.is_poll()).count()
    }

    /// Polls of pages of jobs.
    pub fn list_polls(&self) -> usize {
        self.calls.iter().filter(|call| call.is_poll() && call.path == "/v1/jobs").count()
    }

    /// The least time that the work of this run can take (`docs/architecture.md`, makespan).
    pub fn bound(&self, service: &Service, scale: f64, sent: u64, jobs: usize) -> Bound {
        let times = self.works.iter().map(|work| work.ended - work.began);
        let jobs = jobs as f64;
        let over = |bytes: f64, rate: Option<f64>| rate.map_or(0.0, |rate| bytes / rate * scale);
        let calls = |calls: f64, rate: f64| (calls - service.burst).max(0.0) / rate * scale;
        let parts = [
            ("service / cap", times.clone().sum::<f64>() / f64::from(service.cap)),
            ("longest job", times.fold(0.0, f64::max)),
            // A create, a start and at least one poll for each.
            ("control calls", calls(2.0 * jobs, service.control)),
            ("polls", calls(jobs, service.poll)),
            ("upload", over(sent as f64, service.upload)),
            ("download", over(service.output_bytes as f64 * jobs, service.output)),
        ];
        let largest = parts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        largest.map_or(Bound { what: "nothing", seconds: 0.0 }, |(what, seconds)| Bound {
            what,
            seconds,
        })
    }
}

/// The lower bound of a makespan, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    pub what: &'static str,
    pub seconds: f64,
}

impl Call {
    fn is_poll(&self) -> bool {
        self.method == "GET" && self.path.starts_with("/v1/jobs")
    }
}

fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().map(|milliseconds| milliseconds / 1000.0)
}

fn call(row: &Value) -> Call {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    Call {
        method: text("method"),
        path: text("path"),
        status: row["status"].as_u64().unwrap_or(0),
        faulty: row["faults"].as_array().is_some_and(|faults| !faults.is_empty()),
    }
}

fn work(row: &Value) -> Option<Work> {
    let started = seconds(&row["started"])?;
    Some(Work {
        began: seconds(&row["began"]).unwrap_or(started),
        ended: seconds(&row["ended"]).unwrap_or(f64::INFINITY),
    })
}
