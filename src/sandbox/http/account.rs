//! Usage (contract, *Credits*): what a key spent, in the field names of the scenario.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use jiff::{SignedDuration, Timestamp};

use super::answer::{Answer, Handled};
use super::query::Query;
use super::usage;
use crate::sandbox::app::App;
use crate::sandbox::service::{Caller, Charge, Job};

/// `GET /v1/usage/summary`
pub(crate) async fn summary(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Handled {
    let days = Query::of(query.as_deref()).number("days", 1, 90)?.unwrap_or(7);
    let (charges, jobs) = visible(&app, &caller);
    let names = app.director().scenario.usage.names;
    Ok(Answer::of(usage::summary(&charges, &jobs, days, app.clock.wall(), names)))
}

/// `GET /v1/usage/events`
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Handled {
    let limit = Query::of(query.as_deref()).number("limit", 1, 100)?.unwrap_or(20);
    let limit = usize::try_from(limit).unwrap_or(100);
    let (charges, jobs) = visible(&app, &caller);
    Ok(Answer::of(usage::events(&charges, &jobs, limit, app.director().scenario.usage)))
}

/// Charges and jobs that are old enough to show.
fn visible(app: &App, caller: &Caller) -> (Vec<Charge>, Vec<Job>) {
    let lag = SignedDuration::try_from(app.director().scenario.usage.lag).unwrap_or_default();
    let now = app.clock.wall();
    let settled = |at: Timestamp| now.duration_since(at) >= lag;
    let service = app.service();
    let charges = service.own_charges(caller).filter(|charge| settled(charge.at));
    let jobs = service.own_jobs(caller).filter(|job| job.started_at.is_some_and(settled));
    (charges.cloned().collect(), jobs.cloned().collect())
}
