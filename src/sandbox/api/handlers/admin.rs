//! `/v1/admin`: configuration and keys, with the admin token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use crate::sandbox::api::answer::{Handled, HandlerAnswer};
use crate::sandbox::api::call::header;
use crate::sandbox::api::view::written;
use crate::sandbox::faults::scenario::TimeForm;
use crate::sandbox::service::{Key, Refusal};
use crate::sandbox::state::app::App;

/// `GET /v1/admin/config`
pub(crate) async fn config(_: Admin, State(app): State<Arc<App>>) -> Handled {
    Ok(HandlerAnswer::of(json!({
        "service": "rbgv sandbox",
        "version": env!("CARGO_PKG_VERSION"),
        "max_upload_bytes": app.limits.bytes,
        "max_seconds": app.limits.seconds,
        "max_frames": app.limits.frames,
        "webhooks_signed": app.webhook_secret.is_some(),
    })))
}

/// `GET /v1/admin/keys`
pub(crate) async fn keys(_: Admin, State(app): State<Arc<App>>) -> Handled {
    let times = app.injector().scenario.answers.times;
    let service = app.service();
    let items: Vec<Value> = service
        .registry
        .keys
        .iter()
        .map(|key| {
            let mut shown = shown(key, times);
            shown["credits"] = json!(service.balance(&key.client_id));
            shown
        })
        .collect();
    Ok(HandlerAnswer::of(json!({ "items": items })))
}

/// `POST /v1/admin/keys`
pub(crate) async fn create(_: Admin, State(app): State<Arc<App>>, body: Bytes) -> Handled {
    let fields = object(&body)?;
    let client_id = text(&fields, "client_id")?;
    let note = fields.get("note").and_then(Value::as_str).map(str::to_owned);
    let credits = fields.get("credits").and_then(Value::as_f64).unwrap_or(app.new_client_credits);
    let api_key = app.tokens.api_key();
    let now = app.clock.wall();
    let key = app.service().add_key(&api_key, client_id, note, credits, now)?;
    let mut answer = shown(&key, app.injector().scenario.answers.times);
    answer["api_key"] = api_key.into();
    Ok(HandlerAnswer::of(answer).with_effect())
}

/// `POST /v1/admin/keys/disable`
pub(crate) async fn disable(_: Admin, State(app): State<Arc<App>>, body: Bytes) -> Handled {
    switch(&app, &body, false)
}

/// `POST /v1/admin/keys/enable`
pub(crate) async fn enable(_: Admin, State(app): State<Arc<App>>, body: Bytes) -> Handled {
    switch(&app, &body, true)
}

fn switch(app: &App, body: &[u8], enabled: bool) -> Handled {
    let fields = object(body)?;
    let fingerprint = text(&fields, "key_fingerprint")?;
    if !app.service().enable_key(fingerprint, enabled)? {
        return Err(Refusal::not_found("Key"));
    }
    let answer = json!({ "success": true, "key_fingerprint": fingerprint, "enabled": enabled });
    Ok(HandlerAnswer::of(answer).with_effect())
}

/// An argument of handlers that refuse requests without the admin token.
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let presented = header(&parts.headers, "x-admin-token")
            .ok_or_else(|| Refusal::new(401, "missing_admin_token", "X-Admin-Token is required"))?;
        // In constant time.
        if bool::from(presented.as_bytes().ct_eq(app.admin_token.as_bytes())) {
            Ok(Self)
        } else {
            Err(Refusal::new(401, "invalid_admin_token", "The admin token is not valid"))
        }
    }
}

fn shown(key: &Key, times: TimeForm) -> Value {
    json!({
        "client_id": key.client_id,
        "key_fingerprint": key.fingerprint,
        "note": key.note,
        "enabled": key.enabled,
        "created_at": written(key.created_at, times),
    })
}

pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body)
        .map_err(|_| Refusal::invalid("The request body must be a JSON object"))
}

/// A required field.
pub(crate) fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    fields
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::invalid(format!("{name} is required")))
}
