//! Routes without a key: pricing, health, and the download link by job id.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde_json::json;

use crate::sandbox::api::answer::{Handled, HandlerAnswer};
use crate::sandbox::service::{Refusal, pricing};
use crate::sandbox::state::app::App;

/// `GET /api/pricing`
pub(crate) async fn pricing() -> Handled {
    Ok(HandlerAnswer::of(pricing::answer()))
}

/// `GET /health`
pub(crate) async fn health() -> Handled {
    Ok(HandlerAnswer::of(json!({
        "status": "healthy",
        "checks": { "api": true, "runpod_configured": true, "r2_configured": true },
    })))
}

/// `GET /api/download/{id}`
pub(crate) async fn download(State(app): State<Arc<App>>, Path(id): Path<String>) -> Handled {
    let (format, output) = {
        let service = app.service();
        let job = service.job(&id).ok_or_else(Refusal::job_not_found)?;
        (job.request.format.clone(), job.output.clone())
    };
    let output = output.ok_or_else(|| Refusal::invalid("Job is not completed"))?;
    Ok(HandlerAnswer::of(json!({
        "success": true,
        "download_url": app.output_link(&id, &output.name),
        "output_format": format,
    }))
    .about(&id))
}

pub(crate) async fn nothing() -> Refusal {
    Refusal::not_found("Route")
}

/// A known path with another method.
pub(crate) async fn wrong_method() -> Refusal {
    Refusal::new(405, "method_not_allowed", "Method not allowed")
}
