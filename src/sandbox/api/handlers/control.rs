//! The control surface for tests under `/sandbox`: the audit, and changes of scenario and credits.
//! Not part of the API: without faults, rate limits and audit, and protected by the admin token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::admin::{self, Admin};
use crate::sandbox::api::answer::Handled;
use crate::sandbox::api::query::Query;
use crate::sandbox::faults::scenario::Scenario;
use crate::sandbox::service::Refusal;
use crate::sandbox::state::app::App;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sandbox/audit", get(audit))
        .route("/sandbox/scenario", post(scenario))
        .route("/sandbox/credits", post(credits))
        .route_layer(middleware::map_response(rendered))
}

/// `GET /sandbox/audit?since=N`: requests (from number `since` on), charges, jobs, limits met.
async fn audit(
    _: Admin,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let since = Query::of(query.as_deref()).number("since", 0, u64::MAX)?.unwrap_or(0);
    let mut shown = app.audit().show(since);
    let service = app.service();
    shown["charges"] = json!(service.all_charges());
    shown["most_in_flight"] = json!(service.most_open);
    shown["jobs"] = json!(service.jobs_by_status());
    Ok(Json(shown))
}

/// `POST /sandbox/scenario`: the body is a scenario file; an empty one ends all faults.
async fn scenario(
    _: Admin,
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let text = std::str::from_utf8(&body)
        .map_err(|_| Refusal::invalid("The scenario must be TOML text"))?;
    let scenario = Scenario::parse(text).map_err(|error| Refusal::invalid(error.0))?;
    app.load_scenario(scenario);
    Ok(Json(json!({ "success": true })))
}

/// `POST /sandbox/credits`: `{"client_id": ..., "credits": ...}` grants (or, negative, takes).
async fn credits(
    _: Admin,
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let fields = admin::object(&body)?;
    let client_id = fields.get("client_id").and_then(Value::as_str).unwrap_or("default");
    let granted = fields.get("credits").and_then(Value::as_f64);
    let granted = granted.ok_or_else(|| Refusal::invalid("credits must be a number"))?;
    let left = app.service().grant(client_id, granted);
    let left = left.map_err(|error| Refusal::internal(error.to_string()))?;
    let left = left.ok_or_else(|| Refusal::not_found("Client"))?;
    Ok(Json(json!({ "success": true, "credits": left })))
}

/// Renders a refusal as the contract documents it, whatever the scenario says.
async fn rendered(mut response: Response) -> Response {
    let Some(Err(refusal)) = response.extensions_mut().remove::<Handled>() else {
        return response;
    };
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = json!({ "code": refusal.code, "message": refusal.message });
    (status, Json(json!({ "error": error }))).into_response()
}
