//! The routes of both origins, with the middleware around them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

use super::handlers::{account, admin, control, jobs, output, public_routes, uploads};
use super::transport::drain;
use super::{call, host};
use crate::sandbox::state::app::App;

pub(crate) fn api(app: &Arc<App>) -> Router {
    let gated = Router::new()
        .route("/v1/uploads", post(uploads::upload).layer(DefaultBodyLimit::disable()))
        .route("/v1/jobs", post(jobs::create).get(jobs::list))
        .route("/v1/jobs/{id}", get(jobs::get))
        .route("/v1/jobs/{id}/start", post(jobs::start))
        .route("/v1/usage/summary", get(account::summary))
        .route("/v1/usage/events", get(account::events))
        .route("/v1/admin/config", get(admin::config))
        .route("/v1/admin/keys", get(admin::keys).post(admin::create))
        .route("/v1/admin/keys/disable", post(admin::disable))
        .route("/v1/admin/keys/enable", post(admin::enable))
        .route("/api/download/{id}", get(public_routes::download))
        .route("/api/pricing", get(public_routes::pricing))
        .route("/health", get(public_routes::health))
        .fallback(public_routes::nothing)
        .method_not_allowed_fallback(public_routes::wrong_method)
        .layer(DefaultBodyLimit::max(call::MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(app), call::handle_call));
    gated
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(app), host::check))
        .layer(middleware::from_fn_with_state(Arc::clone(app), drain::drain_body))
        .with_state(Arc::clone(app))
}

pub(crate) fn outputs(app: &Arc<App>) -> Router {
    Router::new()
        .route("/outputs/{job}/{name}", get(output::output))
        .route("/uploads/{name}", get(output::upload))
        .fallback(public_routes::nothing)
        .layer(middleware::from_fn_with_state(Arc::clone(app), call::handle_call))
        .layer(middleware::from_fn_with_state(Arc::clone(app), host::check))
        .layer(middleware::from_fn_with_state(Arc::clone(app), drain::drain_body))
        .with_state(Arc::clone(app))
}
