//! The output origin: outputs behind signed links that expire, and uploads under the URL that the
//! upload response names.
//!
//! Range, `If-Range`, `ETag` and 416 follow RFC 9110; a dead link returns the error of an object
//! store.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::sandbox::api::call::header;
use crate::sandbox::api::query::Query;
use crate::sandbox::api::range::{ByteSpan, part_of};
use crate::sandbox::api::response::set;
use crate::sandbox::api::transport::throttle::{Direction, paced};
use crate::sandbox::engine::stand_in::StandIn;
use crate::sandbox::faults::plan::FaultPlan;
use crate::sandbox::faults::scenario::Action;
use crate::sandbox::service::source;
use crate::sandbox::state::app::App;
use crate::sandbox::util::lock;

/// Bytes read from disk at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// `GET /outputs/{job}/{name}`
pub(crate) async fn output(
    State(app): State<Arc<App>>,
    Extension(plan): Extension<Arc<FaultPlan>>,
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
    let Some(found) = found else { return no_such_key() };
    if plan.has(&Action::RevokeLink)
        && let Some(signature) = query.text("signature")
    {
        lock(&app.revoked).insert(signature.to_owned());
    }
    let content = match app.store.disk() {
        _ if found.stand_in => FileContent::StandIn { seconds: found.seconds },
        Some(disk) => FileContent::File(disk.output(&found.name)),
        None => return no_such_key(),
    };
    let object = ServedFile { name: found.name, bytes: found.bytes, etag: found.etag, content };
    answer(&app, &object, &headers, &plan).await
}

/// `GET /uploads/{name}`
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Extension(plan): Extension<Arc<FaultPlan>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(upload) = source::kept_upload(&app, &name) else { return no_such_key() };
    // A sandbox without a directory does not store uploads.
    let Some(disk) = app.store.disk() else { return no_such_key() };
    let content = FileContent::File(disk.upload(&upload.id));
    let etag = format!("\"{}\"", upload.id);
    let object = ServedFile { name, bytes: upload.bytes, etag, content };
    answer(&app, &object, &headers, &plan).await
}

struct ServedFile {
    name: String,
    bytes: u64,
    etag: String,
    content: FileContent,
}

enum FileContent {
    /// Generated from the format, size and length.
    StandIn {
        seconds: f64,
    },
    File(PathBuf),
}

/// The object or the requested range of it.
async fn answer(
    app: &Arc<App>,
    object: &ServedFile,
    headers: &HeaderMap,
    plan: &FaultPlan,
) -> Response {
    let etag = if plan.has(&Action::ChangingEtag) {
        format!("\"{}\"", app.tokens.hex(32))
    } else {
        object.etag.clone()
    };
    let part = if plan.has(&Action::NoRange) {
        ByteSpan::Whole
    } else {
        part_of(header(headers, &RANGE), header(headers, &IF_RANGE), &etag, object.bytes)
    };
    match send(app, object, part, plan).await {
        Ok(mut response) => {
            set(response.headers_mut(), ETAG.as_str(), &etag);
            response
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => no_such_key(),
        Err(error) => {
            tracing::warn!("{}: {error}", object.name);
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

async fn send(
    app: &Arc<App>,
    object: &ServedFile,
    part: ByteSpan,
    plan: &FaultPlan,
) -> io::Result<Response> {
    let whole = object.bytes;
    let (status, first, length) = match part {
        ByteSpan::Whole => (StatusCode::OK, 0, whole),
        ByteSpan::Range { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        ByteSpan::Unsatisfiable => {
            let mut response = denied(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            );
            set(response.headers_mut(), CONTENT_RANGE.as_str(), &format!("bytes */{whole}"));
            return Ok(response);
        }
    };
    let body = content(object, first, length).await?;
    let mut response = Response::new(paced(body, app, Direction::Output));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    set(headers, CONTENT_TYPE.as_str(), content_type(&object.name));
    set(
        headers,
        CONTENT_DISPOSITION.as_str(),
        &format!("attachment; filename=\"{}\"", object.name),
    );
    if !plan.has(&Action::NoRange) {
        set(headers, ACCEPT_RANGES.as_str(), "bytes");
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let wrong = u64::from(plan.has(&Action::WrongContentRange));
        let (from, to) = (first.saturating_sub(wrong), first + length - 1 - wrong);
        set(headers, CONTENT_RANGE.as_str(), &format!("bytes {from}-{to}/{whole}"));
    }
    Ok(response)
}

/// `length` bytes of an object from `first`.
async fn content(object: &ServedFile, first: u64, length: u64) -> io::Result<Body> {
    let path = match &object.content {
        FileContent::StandIn { seconds } => {
            let format = format_of(&object.name);
            let stand_in =
                StandIn::new(format, object.bytes, *seconds).ok_or(io::ErrorKind::NotFound)?;
            let end = first + length;
            let pieces = stream::unfold(first, move |at| {
                let piece = stand_in.piece(at, end - at);
                let next = at + piece.len() as u64;
                std::future::ready((at < end).then_some((Ok::<_, io::Error>(piece), next)))
            });
            return Ok(Body::from_stream(pieces));
        }
        FileContent::File(path) => path,
    };
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(first)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES)))
}

/// The API's name of the format of a file.
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
        Some("avi") => "video/x-msvideo",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

fn no_such_key() -> Response {
    denied(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
}

/// An error of an object store.
fn denied(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = (status, body).into_response();
    set(response.headers_mut(), CONTENT_TYPE.as_str(), "application/xml");
    response
}
