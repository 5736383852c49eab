//! Refuses requests with a foreign `Host`: a website could resolve its own name to this machine
//! (DNS rebinding) and read the responses.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::sandbox::state::app::App;

pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let stated =
        request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(Authority::as_str);
    if stated.chain(authority).all(|host| app.hosts.has(host)) {
        return next.run(request).await;
    }
    let message = "This sandbox does not answer under that host; see rbgv sandbox --public-host";
    let error = json!({ "code": "foreign_host", "message": message });
    (StatusCode::MISDIRECTED_REQUEST, axum::Json(json!({ "error": error }))).into_response()
}
