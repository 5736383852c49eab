//! The second origin: finished outputs behind signed links that expire.
//!
//! Range, `If-Range`, `ETag` and 416 are as in RFC 9110; a dead link answers as object stores do.

use std::io::{self, SeekFrom};
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::pace::{Direction, paced};
use super::query::Query;
use super::range::{Part, part_of};
use crate::sandbox::app::{App, lock};
use crate::sandbox::director::Plan;
use crate::sandbox::scenario::Action;
use crate::sandbox::service::Output;
use crate::sandbox::timer::StandIn;

/// Bytes read from disk at once.
const CHUNK: usize = 256 << 10;

/// `GET /outputs/{job}/{name}`
pub(crate) async fn output(
    State(app): State<Arc<App>>,
    Extension(plan): Extension<Arc<Plan>>,
    Path((job_id, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Query::of(query.as_deref());
    if let Err(message) = check_link(&app, &job_id, &name, &query) {
        return denied(StatusCode::FORBIDDEN, "AccessDenied", message);
    }
    let found = {
        let service = app.service();
        let output = service.job(&job_id).and_then(|job| job.output.clone());
        output.filter(|output| output.name == name)
    };
    let Some(found) = found else {
        return denied(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    if plan.has(&Action::RevokeLink)
        && let Some(signature) = query.text("signature")
    {
        lock(&app.revoked).insert(signature.to_owned());
    }
    let etag = if plan.has(&Action::ChangingEtag) {
        format!("\"{}\"", app.tokens.hex(32))
    } else {
        found.etag.clone()
    };
    let part = if plan.has(&Action::NoRange) {
        Part::Whole
    } else {
        part_of(text(&headers, &RANGE), text(&headers, &IF_RANGE), &etag, found.bytes)
    };
    match send(&app, &found, part, &plan).await {
        Ok(mut response) => {
            set(response.headers_mut(), ETAG, &etag);
            response
        }
        Err(error) => {
            tracing::warn!("output {name}: {error}");
            denied(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "The object is not readable.",
            )
        }
    }
}

fn check_link(app: &App, job_id: &str, name: &str, query: &Query) -> Result<(), &'static str> {
    let signature = query.text("signature").unwrap_or_default();
    let expires = query.text("expires").and_then(|text| text.parse().ok()).unwrap_or(0);
    let nonce = query.text("nonce").unwrap_or_default();
    let expected = app.link_signature(job_id, name, expires, nonce);
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return Err("The request signature does not match.");
    }
    let revoked = lock(&app.revoked).contains(signature);
    if revoked || expires <= app.clock.wall().as_millisecond() {
        return Err("Request has expired");
    }
    Ok(())
}

async fn send(app: &Arc<App>, output: &Output, part: Part, plan: &Plan) -> io::Result<Response> {
    let whole = output.bytes;
    let (status, first, length) = match part {
        Part::Whole => (StatusCode::OK, 0, whole),
        Part::Range { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => {
            let mut response = denied(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            );
            set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{whole}"));
            return Ok(response);
        }
    };
    let body = content(app, output, first, length).await?;
    let mut response = Response::new(paced(body, app, Direction::Output));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    set(headers, CONTENT_TYPE, content_type(&output.name));
    set(headers, CONTENT_DISPOSITION, &format!("attachment; filename=\"{}\"", output.name));
    if !plan.has(&Action::NoRange) {
        set(headers, ACCEPT_RANGES, "bytes");
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let wrong = u64::from(plan.has(&Action::WrongContentRange));
        let (from, to) = (first.saturating_sub(wrong), first + length - 1 - wrong);
        set(headers, CONTENT_RANGE, &format!("bytes {from}-{to}/{whole}"));
    }
    Ok(response)
}

/// `length` bytes of an output from `first` on.
async fn content(app: &App, output: &Output, first: u64, length: u64) -> io::Result<Body> {
    if output.stand_in {
        let format = format_of(&output.name);
        let stand_in =
            StandIn::new(format, output.bytes, output.seconds).ok_or(io::ErrorKind::NotFound)?;
        let end = first + length;
        let pieces = stream::unfold(first, move |at| {
            let piece = stand_in.piece(at, end - at);
            let next = at + piece.len() as u64;
            std::future::ready((at < end).then_some((Ok::<_, io::Error>(piece), next)))
        });
        return Ok(Body::from_stream(pieces));
    }
    let disk = app.store.disk().ok_or(io::ErrorKind::NotFound)?;
    let mut file = tokio::fs::File::open(disk.output(&output.name)).await?;
    file.seek(SeekFrom::Start(first)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK)))
}

/// The API's word for the format of a file.
fn format_of(name: &str) -> &str {
    match name.rsplit('.').next() {
        Some("zip") => "png_sequence",
        Some(extension) => extension,
        None => "",
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("webm") => "video/webm",
        Some("mov") => "video/quicktime",
        Some("mp4") => "video/mp4",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

/// An object store's refusal.
fn denied(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = (status, body).into_response();
    set(response.headers_mut(), CONTENT_TYPE, "application/xml");
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn set(headers: &mut HeaderMap, name: axum::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
