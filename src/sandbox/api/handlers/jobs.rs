//! `/v1/jobs`: create, start, get, list (contract, *Job request*; *Job*).

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use jiff::Timestamp;
use serde_json::{Map, Value};
use strum::VariantNames as _;

use crate::sandbox::api::answer::{Handled, HandlerAnswer};
use crate::sandbox::api::query::Query;
use crate::sandbox::api::view::ClientView;
use crate::sandbox::faults::plan::FaultPlan;
use crate::sandbox::faults::scenario::{Action, AutoStart, ListOrder, Scenario};
use crate::sandbox::service::{
    Caller, JobRequest, Refusal, Service, ServiceJob, ServiceStatus, StartResult,
};
use crate::sandbox::service::{job_queue, source};
use crate::sandbox::state::app::App;

/// `POST /v1/jobs`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<FaultPlan>>,
    body: Bytes,
) -> Handled {
    let fields = object(&body)?;
    let request = JobRequest::create(&fields)?;
    let injector = app.injector();
    let (rules, status) = (&injector.scenario.jobs, injector.scenario.answers.create_status);
    if plan.has(&Action::ForgetUpload) {
        source::forget(&app, &request.video_url);
    }
    let source = source::resolve(&app, &caller, &request.video_url)?;
    let starts = request.auto_start || rules.auto_start == AutoStart::Ignored;
    let mut service = app.service();
    let draft = service.create(&caller, request, source, app.clock.wall())?;
    if !starts {
        drop(service);
        return Ok(created(&app, &draft, "Draft created").with_status(status));
    }
    let started = begin(&app, &mut service, &caller, &draft.id, &Map::new(), &plan);
    if started.is_err() {
        // The client never saw the draft, so it is deleted with the refusal.
        service.discard(&draft.id);
    }
    drop(service);
    Ok(created(&app, &started?.job, "Job accepted").with_status(status))
}

/// `POST /v1/jobs/{id}/start`
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<FaultPlan>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Handled {
    let overrides = object(&body)?;
    let started = begin(&app, &mut service_now(&app), &caller, &id, &overrides, &plan)?;
    let shown =
        HandlerAnswer::of(ClientView::now(&app).started(&started.job, "Job accepted")).about(&id);
    Ok(if started.launched { shown.with_effect() } else { shown })
}

/// `GET /v1/jobs/{id}`
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Handled {
    let service = service_now(&app);
    let job = service.own_job(&caller, &id)?;
    let ends = job.status.is_final().then(|| job.id.clone()).into_iter().collect();
    Ok(HandlerAnswer::job(ClientView::now(&app).job(job)).about(&id).with_ends(ends))
}

/// `GET /v1/jobs`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(plan): Extension<Arc<FaultPlan>>,
    RawQuery(query): RawQuery,
) -> Handled {
    let injector = app.injector();
    let asked = RequestedPage::read(&Query::of(query.as_deref()), &injector.scenario, &plan)?;
    let service = service_now(&app);
    let view = ClientView::now(&app);
    let listed = service.own_jobs(&caller).filter_map(|job| {
        let status = view.listed_status(job)?;
        asked.fits(&view.word(status)).then_some((job, status))
    });
    let total = match (&asked.status, injector.scenario.answers.list_lag) {
        (None, Duration::ZERO) => service.job_count(&caller),
        _ => listed.clone().count(),
    };
    let page: Vec<(&ServiceJob, ServiceStatus)> = match injector.scenario.answers.order {
        ListOrder::Newest => asked.page_of(listed.rev()).collect(),
        ListOrder::Oldest => asked.page_of(listed).collect(),
    };
    let shown = page.iter().map(|(job, status)| view.listed(job, *status)).collect();
    let ended = page.iter().filter(|(_, status)| status.is_final());
    let ends = ended.map(|(job, _)| job.id.clone()).collect();
    Ok(HandlerAnswer::page(shown, total, asked.limit, asked.offset).with_ends(ends))
}

/// The service without expired drafts.
fn service_now(app: &App) -> MutexGuard<'_, Service> {
    let mut service = app.service();
    if let Some(after) = app.injector().scenario.jobs.forget_drafts_after {
        let before = app.clock.wall().checked_sub(after).unwrap_or(Timestamp::MIN);
        service.forget_drafts(before);
    }
    service
}

/// The requested page, and the faults of the scenario.
struct RequestedPage {
    limit: usize,
    offset: usize,
    status: Option<String>,
    shift: usize,
    omits: Option<usize>,
}

impl RequestedPage {
    fn read(query: &Query, scenario: &Scenario, plan: &FaultPlan) -> Result<Self, Refusal> {
        let rules = &scenario.answers;
        let number = |name, least| {
            let number = query.number(name, least, u64::MAX)?;
            Ok::<_, Refusal>(number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
        };
        let limit = number("limit", 1)?;
        if let Some(most) = rules.page_refused_above
            && limit.is_some_and(|limit| limit > most)
        {
            return Err(Refusal::invalid(format!("limit must be 1 to {most}")));
        }
        let limit = limit.unwrap_or(rules.page).min(rules.page_max);
        let status = query.text("status").filter(|status| !status.is_empty());
        let is_known =
            |word| ServiceStatus::VARIANTS.contains(&word) || word == scenario.jobs.draft_state;
        if status.is_some_and(|word| !is_known(word)) {
            return Err(Refusal::invalid(format!(
                "Invalid status: one of {}",
                ServiceStatus::VARIANTS.join(", ")
            )));
        }
        Ok(Self {
            limit: if plan.has(&Action::ListIgnoresLimit) { rules.page } else { limit },
            offset: number("offset", 0)?.unwrap_or(0),
            status: status.map(str::to_owned),
            shift: plan.find(Action::try_as_list_shift_ref).copied().unwrap_or(0),
            omits: plan.find(Action::try_as_list_omits_ref).copied(),
        })
    }

    fn fits(&self, word: &str) -> bool {
        self.status.as_deref().is_none_or(|status| status == word)
    }

    fn page_of<T>(&self, jobs: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let omits = self.omits;
        jobs.skip(self.offset.saturating_add(self.shift))
            .take(self.limit)
            .enumerate()
            .filter(move |(index, _)| omits.is_none_or(|nth| (index + 1) % nth != 0))
            .map(|(_, job)| job)
    }
}

/// Starts and queues a job under the lock of the caller.
fn begin(
    app: &Arc<App>,
    service: &mut Service,
    caller: &Caller,
    id: &str,
    overrides: &Map<String, Value>,
    plan: &FaultPlan,
) -> Result<StartResult, Refusal> {
    let injector = app.injector();
    let cap = injector.caps(app.now()).in_flight;
    let rules = &injector.scenario.jobs;
    let started = service.start(caller, id, overrides, rules, cap, app.clock.wall())?;
    if started.launched {
        if let Some(message) = plan.find(Action::try_as_fail_job_ref) {
            service.doom(id, message);
        }
        app.audit().started(&started.job, &caller.key, app.now());
        // The worker waits for the caller's lock.
        job_queue::launch(app, id.to_owned(), started.job.starts);
    }
    Ok(started)
}

fn created(app: &App, job: &ServiceJob, message: &'static str) -> HandlerAnswer {
    HandlerAnswer::of(ClientView::now(app).created(job, message)).with_effect().about(&job.id)
}

/// A JSON object; an empty body counts as one without fields.
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
