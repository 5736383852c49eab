//! Usage of a key (contract, *Credits*), with the field names of the scenario.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use jiff::{SignedDuration, Timestamp};

use super::usage;
use crate::sandbox::api::answer::{Handled, HandlerAnswer};
use crate::sandbox::api::query::Query;
use crate::sandbox::faults::scenario::UsageRules;
use crate::sandbox::service::{Caller, CreditCharge, Service, ServiceJob};
use crate::sandbox::state::app::App;

/// `GET /v1/usage/summary`
pub(crate) async fn summary(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Handled {
    let days = Query::of(query.as_deref()).number("days", 1, 90)?.unwrap_or(7);
    let (service, injector, now) = (app.service(), app.injector(), app.clock.wall());
    let rules = injector.scenario.usage;
    let (charges, jobs) = visible(&service, rules, &caller, now);
    Ok(HandlerAnswer::of(usage::summary(&charges, &jobs, days, now, rules.names)))
}

/// `GET /v1/usage/events`
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Handled {
    let limit = Query::of(query.as_deref()).number("limit", 1, 100)?.unwrap_or(20);
    let limit = usize::try_from(limit).unwrap_or(100);
    let (service, injector) = (app.service(), app.injector());
    let (rules, times) = (injector.scenario.usage, injector.scenario.answers.times);
    let (charges, jobs) = visible(&service, rules, &caller, app.clock.wall());
    Ok(HandlerAnswer::of(usage::events(&charges, &jobs, limit, rules, times)))
}

/// Charges and jobs old enough to be shown.
fn visible<'a>(
    service: &'a Service,
    rules: UsageRules,
    caller: &Caller,
    now: Timestamp,
) -> (Vec<&'a CreditCharge>, Vec<&'a ServiceJob>) {
    let lag = SignedDuration::try_from(rules.lag).unwrap_or_default();
    let settled = |at: Timestamp| now.duration_since(at) >= lag;
    let charges = service.own_charges(caller).filter(|charge| settled(charge.at));
    let jobs = service.own_jobs(caller).rev();
    let jobs = jobs.filter(|job| job.started_at.is_some_and(settled));
    (charges.collect(), jobs.collect())
}
