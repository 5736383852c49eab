//! Uploads: only what was hashed is sent, and only what was sent is recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::blocking::blocking;
use crate::client::{OpenStream, RequestOptions, UploadContent, UploadFile};
use crate::flow::context::Context;
use crate::media;
use crate::model::event::RemarkLevel;
use crate::model::{
    Event, ExitClass, Failure, FailureKind, InputEvent, InputRef, Observer, Stage, StoredObject,
};

/// A file as it was when it was hashed.
#[derive(Debug, Clone)]
pub(crate) struct HashedFile {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified_ns: i64,
    pub(crate) sha256: String,
}

impl HashedFile {
    /// # Errors
    ///
    /// The file was changed after it was hashed.
    async fn unchanged(&self, name: &str) -> Result<(), Failure> {
        let hash = media::ContentHash {
            sha256: self.sha256.clone(),
            size: self.size,
            modified: self.modified_ns,
        };
        let (path, name) = (self.path.clone(), name.to_owned());
        blocking(move || match hash.is_current(&path) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(Failure::new(FailureKind::Local, name, "the file changed during processing")
                    .with_next("run the same command again; a changed file is a new input"))
            }
            Err(error) => Err(Failure::local(name, &error)),
        })
        .await
    }
}

/// Uploads a hashed video and records its URL.
///
/// # Errors
///
/// The file changed or is not a video ([`FailureKind::Local`], [`FailureKind::Usage`]), or the
/// service does not accept it.
pub(crate) async fn send_video(
    context: &Context,
    input: &InputRef,
    video: &HashedFile,
    call: RequestOptions<'_>,
) -> Result<String, Failure> {
    video.unchanged(&input.name).await?;
    let (path, name) = (video.path.clone(), input.name.clone());
    let kind =
        blocking(move || media::inspect_input(&path).map_err(|bad| bad.failure(&name))).await?;
    let file = UploadFile {
        name: kind.upload_name(&video.path),
        content: video.path.clone().into(),
        size: video.size,
        content_type: kind.content_type.to_owned(),
    };
    let sent = send_file(context, input, &file, call).await;
    // The bytes sent match the hash only if the file is still unchanged afterwards.
    video.unchanged(&input.name).await?;
    let url = sent?;
    context.ledger.record_upload(&context.key, &video.sha256, &url).await?;
    Ok(url)
}

/// Streams an object from its store to the service, and records the URL.
///
/// # Errors
///
/// The object changed or cannot be read, or the service does not accept it.
pub(crate) async fn send_object(
    context: &Context,
    input: &InputRef,
    object: &StoredObject,
    upload_id: &str,
    call: RequestOptions<'_>,
) -> Result<String, Failure> {
    let video = context
        .stores
        .inspect(object)
        .await
        .map_err(|bad| Failure::usage(input.name.clone(), bad.to_string()))?;
    let (stores, opened) = (context.stores.clone(), object.clone());
    let open: OpenStream = Arc::new(move || {
        let (stores, object) = (stores.clone(), opened.clone());
        Box::pin(async move {
            stores.read(&object).await.map_err(|failure| std::io::Error::other(failure.why))
        })
    });
    let file = UploadFile {
        name: video.upload_name(Path::new(object.url.file_name())),
        content: UploadContent::Stream(open),
        size: object.size,
        content_type: video.content_type.to_owned(),
    };
    let url = send_file(context, input, &file, call).await?;
    context.ledger.record_upload(&context.key, upload_id, &url).await?;
    Ok(url)
}

/// Uploads a file and checks that the service received all of it.
pub(crate) async fn send_file(
    context: &Context,
    input: &InputRef,
    file: &UploadFile,
    call: RequestOptions<'_>,
) -> Result<String, Failure> {
    let (observer, input_ref) = (Arc::clone(&context.observer), input.clone());
    let total = Some(file.size);
    let progress = Arc::new(move |done| {
        let event = InputEvent::Bytes { done, total };
        observer.observe(&Event::Input { input: input_ref.clone(), what: event });
    });
    let uploaded = context.service.upload(file, call, progress).await?;
    match uploaded.size {
        Some(size) if size != file.size => {
            let what = format!("uploading {}", input.name);
            let why = format!("sent {} bytes, but the service received {size}", file.size);
            Err(Failure::new(FailureKind::Contract, what, why))
        }
        _ => Ok(uploaded.video_url),
    }
}

/// Reports the client's own retries to the user.
pub(crate) fn retry_reporter(
    observer: Arc<dyn Observer>,
    input: InputRef,
) -> impl Fn(&Failure, Duration) + Send + Sync {
    move |failure, wait| {
        let event = InputEvent::Retry { failure: failure.clone(), wait };
        observer.observe(&Event::Input { input: input.clone(), what: event });
    }
}

/// Uploads files one after another and passes each URL to `each`. Bytes that the service already
/// has are not sent again, unless `again`.
///
/// # Errors
///
/// Only an unreadable file. A failed upload is an event, and the others continue.
pub async fn upload_files(
    context: &Context,
    files: &[(String, PathBuf)],
    again: bool,
    mut each: impl FnMut(&Path, &str),
) -> Result<ExitClass, Failure> {
    let (mut classes, mut succeeded) = (Vec::new(), false);
    for (number, (name, path)) in (1..).zip(files) {
        // Uploads have no id in the ledger.
        let input = InputRef { id: -number, name: name.clone() };
        match upload_one(context, &input, path, again).await {
            Ok(url) => {
                succeeded = true;
                context.emit(&input, InputEvent::Known);
                each(path, &url);
            }
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                context.emit(&input, InputEvent::Failed(failure));
            }
        }
        if context.stop.is_cancelled() {
            classes.push(ExitClass::Interrupted);
            break;
        }
    }
    Ok(match ExitClass::combine(classes, succeeded) {
        // A wrong input beside uploaded ones is a partial failure.
        ExitClass::Usage if succeeded => ExitClass::PartialFailure,
        class => class,
    })
}

async fn upload_one(
    context: &Context,
    input: &InputRef,
    path: &Path,
    again: bool,
) -> Result<String, Failure> {
    context.emit_stage(input, Stage::Hash);
    let (file, name) = (path.to_owned(), input.name.clone());
    let (note, hash) = blocking(move || {
        let video = media::inspect_input(&file)
            .map_err(|bad| bad.failure(&name).with_next(bad.next_step(&file)))?;
        let hash = media::hash_file(&file, &|_| ())
            .map_err(|error| Failure::local(format!("reading {name}"), &error))?;
        Ok((video.note, hash))
    })
    .await?;
    if let Some(note) = note {
        context.notice(RemarkLevel::Warning, format!("{}: {note}", input.name));
    }
    if !again && let Some(url) = context.ledger.find_upload(&context.key, &hash.sha256).await? {
        return Ok(url);
    }
    context.emit_stage(input, Stage::Upload);
    let file = HashedFile {
        path: path.to_owned(),
        size: hash.size,
        modified_ns: hash.modified,
        sha256: hash.sha256,
    };
    let on_retry = retry_reporter(Arc::clone(&context.observer), input.clone());
    let call =
        RequestOptions { input: Some(&input.name), on_retry: &on_retry, ..RequestOptions::plain() };
    context.unless_stopped(send_video(context, input, &file, call)).await?
}
