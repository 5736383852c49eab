//! `/v1/jobs`: create, start, get, list (contract, *Job request*; *Job*).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Map, Value};

use super::answer::{Answer, Handled};
use super::query::Query;
use super::view;
use crate::sandbox::app::App;
use crate::sandbox::director::Plan;
use crate::sandbox::scenario::{Action, AnswerRules, AutoStart};
use crate::sandbox::service::{Caller, Job, JobRequest, Refusal, Service, Started};
use crate::sandbox::{source, work};

/// `POST /v1/jobs`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<Plan>>,
    body: Bytes,
) -> Handled {
    let fields = object(&body)?;
    let request = JobRequest::create(&fields)?;
    if plan.has(&Action::ForgetUpload) {
        source::forget(&app, &request.video_url);
    }
    let source = source::resolve(&app, &caller, &request.video_url)?;
    let rules = app.director().scenario.jobs.clone();
    let starts = request.auto_start || rules.auto_start == AutoStart::Ignored;
    let mut service = app.service();
    let draft = service.create(&caller, request, source, app.clock.wall())?;
    if !starts {
        drop(service);
        return Ok(accepted(&app, &draft, "Draft created"));
    }
    let started = begin(&app, &mut service, &caller, &draft.id, &Map::new(), &plan);
    if started.is_err() {
        // The draft was never shown to anybody: it goes with the refusal.
        service.discard(&draft.id);
    }
    drop(service);
    Ok(accepted(&app, &started?.job, "Job accepted"))
}

/// `POST /v1/jobs/{id}/start`
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<Plan>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Handled {
    let overrides = object(&body)?;
    let started = begin(&app, &mut app.service(), &caller, &id, &overrides, &plan)?;
    let shown = Answer::of(view::accepted(&app, &started.job, "Job accepted")).about(&id);
    Ok(if started.launched { shown.with_effect() } else { shown })
}

/// `GET /v1/jobs/{id}`
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Handled {
    let service = app.service();
    let job = service.own_job(&caller, &id)?;
    let ends = job.finished_at.map(|_| job.id.clone()).into_iter().collect();
    Ok(Answer::of(view::job(&app, job)).about(&id).with_ends(ends))
}

/// `GET /v1/jobs`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<Plan>>,
    RawQuery(query): RawQuery,
) -> Handled {
    let rules = app.director().scenario.answers;
    let asked = Asked::read(&Query::of(query.as_deref()), &rules, &plan)?;
    let service = app.service();
    let fitting = || service.own_jobs(&caller).filter(|job| asked.fits(&app, job));
    let total = match asked.status {
        Some(_) => fitting().count(),
        None => service.job_count(&caller),
    };
    let (mut shown, mut ends) = (Vec::new(), Vec::new());
    for job in asked.page_of(fitting()) {
        shown.push(view::job(&app, job));
        if job.finished_at.is_some() {
            ends.push(job.id.clone());
        }
    }
    Ok(Answer::page(shown, total, asked.limit, asked.offset).with_ends(ends))
}

/// Which page is asked for, and how a scenario spoils it.
struct Asked {
    limit: usize,
    offset: usize,
    status: Option<String>,
    shift: usize,
    omits: Option<usize>,
}

impl Asked {
    fn read(query: &Query, rules: &AnswerRules, plan: &Plan) -> Result<Self, Refusal> {
        let number = |name, least| {
            let number = query.number(name, least, u64::MAX)?;
            Ok(number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
        };
        let limit = number("limit", 1)?.unwrap_or(rules.page).min(rules.page_max);
        let status = query.text("status").filter(|status| !status.is_empty());
        if status.is_some_and(|word| !STATES.contains(&word)) {
            return Err(Refusal::invalid(format!("Invalid status: one of {}", STATES.join(", "))));
        }
        let shift = plan.find(|action| match action {
            Action::ListShift(shift) => Some(*shift),
            _ => None,
        });
        let omits = plan.find(|action| match action {
            Action::ListOmits(nth) => Some(*nth),
            _ => None,
        });
        Ok(Self {
            limit: if plan.has(&Action::ListIgnoresLimit) { rules.page } else { limit },
            offset: number("offset", 0)?.unwrap_or(0),
            status: status.map(str::to_owned),
            shift: shift.unwrap_or(0),
            omits,
        })
    }

    fn fits(&self, app: &App, job: &Job) -> bool {
        let shown = view::status_word(app, job.status);
        self.status.as_deref().is_none_or(|status| status == shown)
    }

    fn page_of<'a>(&self, jobs: impl Iterator<Item = &'a Job>) -> impl Iterator<Item = &'a Job> {
        let omits = self.omits;
        jobs.skip(self.offset.saturating_add(self.shift))
            .take(self.limit)
            .enumerate()
            .filter(move |(index, _)| omits.is_none_or(|nth| (index + 1) % nth != 0))
            .map(|(_, job)| job)
    }
}

const STATES: [&str; 5] = ["created", "pending", "processing", "completed", "failed"];

/// Starts a job under the lock that the caller holds, and puts it in the queue.
fn begin(
    app: &Arc<App>,
    service: &mut Service,
    caller: &Caller,
    id: &str,
    overrides: &Map<String, Value>,
    plan: &Plan,
) -> Result<Started, Refusal> {
    let director = app.director();
    let cap = director.caps(app.now()).in_flight;
    let rules = &director.scenario.jobs;
    let started = service.start(caller, id, overrides, rules, cap, app.clock.wall())?;
    if started.launched {
        let doom = plan.find(|action| match action {
            Action::FailJob(message) => Some(message),
            _ => None,
        });
        if let Some(message) = doom {
            service.doom(id, message);
        }
        app.audit().started(&started.job, &caller.key, app.now());
        // The worker waits for the lock that is held here.
        work::launch(app, id.to_owned(), started.job.starts);
    }
    Ok(started)
}

fn accepted(app: &App, job: &Job, message: &str) -> Answer {
    Answer::of(view::accepted(app, job, message)).with_effect().about(&job.id)
}

/// A JSON object, or an empty body for one without fields.
fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::invalid("The request body must be a JSON object")),
        Err(error) => Err(Refusal::invalid(format!("The request body is not JSON: {error}"))),
    }
}
