//! `POST /v1/uploads` (contract, *Upload*): streams the part to disk, bounded, and looks at it.

use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use super::answer::{Answer, Handled};
use crate::sandbox::app::App;
use crate::sandbox::content::{ENOUGH, Kind};
use crate::sandbox::service::{Caller, Refusal, Upload};
use crate::sandbox::source;

/// Longest name that is kept.
const LONGEST_NAME: usize = 1024;

/// After a refusal, so much more of the body is read and thrown away, so that a client that
/// sends before it reads sees the answer and not a broken pipe.
const POLITENESS: u64 = 64 << 20;

/// A part on disk.
struct Received {
    file: NamedTempFile,
    filename: String,
    bytes: u64,
    kind: Kind,
}

/// `POST /v1/uploads`
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Handled {
    let multipart = multipart
        .map_err(|_| Refusal::invalid("The body must be multipart/form-data with a part `file`"))?;
    let received = receive(&app, multipart).await?;
    let upload = keep(&app, &caller, received).await?;
    let url = source::upload_url(&app, &upload.id);
    Ok(Answer::of(json!({
        "success": true,
        "video_id": upload.id,
        "video_url": url,
        "filename": upload.filename,
        "size": upload.bytes,
    }))
    .with_effect())
}

/// Takes the first part named `file`; others are tolerated and thrown away.
async fn receive(app: &App, mut multipart: Multipart) -> Result<Received, Refusal> {
    let mut received = None;
    while let Some(mut field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        if received.is_none() && field.name() == Some("file") {
            match store(app, &mut field).await {
                Ok(part) => received = Some(part),
                Err(refusal) => {
                    drain(&mut field, app.limits.bytes.saturating_add(POLITENESS)).await;
                    return Err(refusal);
                }
            }
        } else {
            drain(&mut field, app.limits.bytes).await;
        }
    }
    received.ok_or_else(|| Refusal::invalid("No part named `file`"))
}

async fn store(app: &App, field: &mut Field<'_>) -> Result<Received, Refusal> {
    let filename: String =
        field.file_name().unwrap_or("upload").chars().take(LONGEST_NAME).collect();
    let (file, std_file) = temporary(&app.store.work())?;
    let mut writer = tokio::fs::File::from_std(std_file);
    let mut head = Vec::with_capacity(ENOUGH);
    let mut kind = None;
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        bytes += chunk.len() as u64;
        if bytes > app.limits.bytes {
            return Err(too_large(app));
        }
        if kind.is_none() {
            head.extend(chunk.iter().take(ENOUGH - head.len()));
            if head.len() == ENOUGH {
                kind = Some(accepted_kind(app, &head)?);
            }
        }
        writer.write_all(&chunk).await.map_err(|error| disk(&error))?;
    }
    writer.flush().await.map_err(|error| disk(&error))?;
    let kind = kind.map_or_else(|| accepted_kind(app, &head), Ok)?;
    Ok(Received { file, filename, bytes, kind })
}

fn temporary(directory: &Path) -> Result<(NamedTempFile, std::fs::File), Refusal> {
    let file = NamedTempFile::new_in(directory).map_err(|error| disk(&error))?;
    let handle = file.reopen().map_err(|error| disk(&error))?;
    Ok((file, handle))
}

async fn drain(field: &mut Field<'_>, most: u64) {
    let mut bytes = 0;
    while let Ok(Some(chunk)) = field.chunk().await {
        bytes += chunk.len() as u64;
        if bytes > most {
            return;
        }
    }
}

/// Looks at the file, refuses what is too long, and moves it to its place.
async fn keep(app: &Arc<App>, caller: &Caller, received: Received) -> Result<Upload, Refusal> {
    let id = format!("vid_{}", app.tokens.hex(20));
    let place = app.store.upload(&id);
    let engine = Arc::clone(app);
    let kind = received.kind;
    let (file, seconds) = tokio::task::spawn_blocking(move || {
        let seconds = match kind {
            Kind::Video(_) => source::measure(&engine, received.file.path())?,
            Kind::Picture(_) => None,
        };
        Ok((received.file, seconds))
    })
    .await
    .map_err(|_| Refusal::internal("The file could not be looked at"))??;
    file.persist(place).map_err(|error| disk(&error.error))?;
    let upload = Upload {
        id,
        key: caller.key.clone(),
        filename: received.filename,
        bytes: received.bytes,
        seconds,
        at: app.clock.wall(),
    };
    app.service().add_upload(upload.clone()).map_err(|error| disk(&error))?;
    Ok(upload)
}

fn accepted_kind(app: &App, head: &[u8]) -> Result<Kind, Refusal> {
    match Kind::of(head) {
        Some(Kind::Picture(_)) if !app.director().scenario.uploads.images => None,
        kind => kind,
    }
    .ok_or_else(|| Refusal::invalid("Invalid file type: MP4, MOV, WebM or AVI is accepted"))
}

fn too_large(app: &App) -> Refusal {
    let status = app.director().scenario.uploads.too_large_status;
    let most = app.limits.bytes / 1_000_000;
    Refusal::new(status, "invalid_request", format!("File too large: at most {most} MB"))
}

fn unreadable(error: &MultipartError) -> Refusal {
    Refusal::invalid(format!("The multipart body could not be read: {error}"))
}

fn disk(error: &std::io::Error) -> Refusal {
    Refusal::internal(format!("The upload could not be stored: {error}"))
}
