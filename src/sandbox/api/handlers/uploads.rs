//! `POST /v1/uploads` (contract, *Upload*): streams the file to disk within limits and inspects it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::HeaderMap;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::media::SNIFF_BYTES;
use crate::sandbox::api::answer::{Handled, HandlerAnswer};
use crate::sandbox::api::call::{MAX_BODY_BYTES, body_too_large, stated_length};
use crate::sandbox::engine::Probe;
use crate::sandbox::service::{Caller, Refusal, Upload};
use crate::sandbox::state::app::App;
use crate::sandbox::util::content_kind::ContentKind;
use crate::sandbox::{engine::stand_in, service::source};

/// Maximum length of a file name in characters; the rest is cut off.
const MAX_NAME_CHARS: usize = 1024;

struct ReceivedPart {
    content: PartContent,
    filename: String,
    bytes: u64,
    kind: ContentKind,
}

/// `POST /v1/uploads`
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Handled {
    let max_bytes = app.limits.bytes.saturating_add(MAX_BODY_BYTES as u64);
    if stated_length(&headers).is_some_and(|stated| stated > max_bytes) {
        return Err(too_large(&app));
    }
    let multipart = multipart
        .map_err(|_| Refusal::invalid("The body must be multipart/form-data with a part `file`"))?;
    let received = receive(&app, multipart).await?;
    let upload = keep(&app, &caller, received).await?;
    let url = source::upload_url(&app, &upload);
    Ok(HandlerAnswer::of(json!({
        "success": true,
        "video_id": upload.id,
        "video_url": url,
        "filename": upload.filename,
        "size": upload.bytes,
    }))
    .with_effect())
}

/// The bytes of a part.
enum PartContent {
    /// A temporary file, and the handle that writes to it.
    File(NamedTempFile, tokio::fs::File),
    /// Without a directory.
    Memory(Vec<u8>),
}

impl PartContent {
    fn open(app: &App) -> io::Result<Self> {
        let Some(disk) = app.store.disk() else { return Ok(Self::Memory(Vec::new())) };
        let file = disk.work_file()?;
        let handle = file.reopen()?;
        Ok(Self::File(file, tokio::fs::File::from_std(handle)))
    }

    async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::File(_, writer) => writer.write_all(chunk).await,
            Self::Memory(bytes) => {
                bytes.extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(_, writer) => writer.flush().await,
            Self::Memory(_) => Ok(()),
        }
    }
}

/// Reads the first part named `file` and skips the others.
async fn receive(app: &App, mut multipart: Multipart) -> Result<ReceivedPart, Refusal> {
    let mut received = None;
    while let Some(mut field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        if received.is_none() && field.name() == Some("file") {
            received = Some(store(app, &mut field).await?);
        } else {
            skip(&mut field, app.limits.bytes).await?;
        }
    }
    received.ok_or_else(|| Refusal::invalid("No part named `file`"))
}

async fn store(app: &App, field: &mut Field<'_>) -> Result<ReceivedPart, Refusal> {
    let filename: String =
        field.file_name().unwrap_or("upload").chars().take(MAX_NAME_CHARS).collect();
    let mut content = PartContent::open(app).map_err(|error| disk(&error))?;
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    let mut kind = None;
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        bytes += chunk.len() as u64;
        if bytes > app.limits.bytes {
            return Err(too_large(app));
        }
        if kind.is_none() {
            head.extend(chunk.iter().take(SNIFF_BYTES - head.len()));
            if head.len() == SNIFF_BYTES {
                kind = Some(accepted_kind(app, &head)?);
            }
        }
        content.write(&chunk).await.map_err(|error| disk(&error))?;
    }
    content.flush().await.map_err(|error| disk(&error))?;
    let kind = kind.map_or_else(|| accepted_kind(app, &head), Ok)?;
    Ok(ReceivedPart { content, filename, bytes, kind })
}

async fn skip(field: &mut Field<'_>, max_bytes: u64) -> Result<(), Refusal> {
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        bytes += chunk.len() as u64;
        if bytes > max_bytes {
            return Err(body_too_large());
        }
    }
    Ok(())
}

/// Inspects and stores the file; refuses one that is too long.
async fn keep(app: &Arc<App>, caller: &Caller, received: ReceivedPart) -> Result<Upload, Refusal> {
    let id = format!("vid_{}", app.tokens.hex(20));
    let is_video = received.kind.is_video();
    let probe = match &received.content {
        _ if !is_video => None,
        PartContent::File(file, _) => probed(app, file.path().to_owned()).await?,
        PartContent::Memory(bytes) => stand_in::probe_bytes(bytes).ok(),
    };
    let seconds = probe.map(|probe| source::check_length(app, &probe)).transpose()?;
    // Without a directory only the length is needed later.
    if let (PartContent::File(file, _), Some(directory)) = (received.content, app.store.disk()) {
        file.persist(directory.upload(&id)).map_err(|error| disk(&error.error))?;
    }
    let upload = Upload {
        id,
        key: caller.key.clone(),
        filename: received.filename,
        extension: received.kind.extension().to_owned(),
        bytes: received.bytes,
        seconds,
        at: app.clock.wall(),
    };
    app.service().add_upload(upload.clone()).map_err(|error| disk(&error))?;
    Ok(upload)
}

/// The properties of a video, or `None` if the engine cannot read it; the job will fail with the
/// reason.
async fn probed(app: &Arc<App>, file: PathBuf) -> Result<Option<Probe>, Refusal> {
    let app = Arc::clone(app);
    let probed = tokio::task::spawn_blocking(move || app.backend.probe(&file).ok());
    probed.await.map_err(|_| Refusal::internal("The file could not be inspected"))
}

fn accepted_kind(app: &App, head: &[u8]) -> Result<ContentKind, Refusal> {
    match ContentKind::of(head) {
        Some(ContentKind::Picture(_)) if !app.injector().scenario.uploads.images => None,
        kind => kind,
    }
    .ok_or_else(|| Refusal::invalid("Invalid file type: MP4, MOV, WebM or AVI is accepted"))
}

fn too_large(app: &App) -> Refusal {
    let status = app.injector().scenario.uploads.too_large_status;
    let megabytes = app.limits.bytes / 1_000_000;
    Refusal::new(status, "invalid_request", format!("File too large: at most {megabytes} MB"))
}

fn unreadable(error: &MultipartError) -> Refusal {
    Refusal::invalid(format!("The multipart body could not be read: {error}"))
}

fn disk(error: &io::Error) -> Refusal {
    Refusal::internal(format!("The upload could not be stored: {error}"))
}
