//! Giving files to the service: only what was hashed is sent, and only what was sent is believed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::client::{RequestOptions, UploadFile};
use crate::flow::context::{Context, blocking};
use crate::ledger::ApiKeyId;
use crate::media;
use crate::model::event::RemarkLevel;
use crate::model::{Event, ExitClass, Failure, FailureKind, InputEvent, InputRef, Observer, Stage};

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
    /// The file is not what was hashed.
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

/// Sends a video that was hashed and remembers where the service has it.
///
/// # Errors
/// The file changed or is no video ([`FailureKind::Local`], [`FailureKind::Usage`]), or the
/// service does not take it.
pub(crate) async fn send_video(
    context: &Context,
    input: &InputRef,
    video: &HashedFile,
    call: RequestOptions<'_>,
) -> Result<String, Failure> {
    video.unchanged(&input.name).await?;
    let (path, name) = (video.path.clone(), input.name.clone());
    let kind = blocking(move || {
        media::inspect_input(&path)
            .map_err(|bad| Failure::new(FailureKind::Usage, name, bad.to_string()))
    })
    .await?;
    let file = UploadFile {
        name: kind.upload_name(&video.path),
        path: video.path.clone(),
        size: video.size,
        content_type: kind.content_type.to_owned(),
    };
    let sent = send_file(context, input, &file, call).await;
    // What was sent is only what was hashed if the file is still the same afterwards.
    video.unchanged(&input.name).await?;
    let url = sent?;
    let (key, sha256, kept) = (context.key.clone(), video.sha256.clone(), url.clone());
    context.ledger(move |ledger, _| ledger.record_upload(&key, &sha256, &kept)).await?;
    Ok(url)
}

/// Sends a file and checks that the service got all of it.
///
/// # Errors
/// The service does not take it, or says that it has another number of bytes.
pub(crate) async fn send_file(
    context: &Context,
    input: &InputRef,
    file: &UploadFile,
    call: RequestOptions<'_>,
) -> Result<String, Failure> {
    let (observer, told) = (Arc::clone(&context.observer), input.clone());
    let total = Some(file.size);
    let progress = Arc::new(move |done| {
        let what = InputEvent::Bytes { done, total };
        observer.observe(&Event::Input { input: told.clone(), what });
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

/// Tells people of the client's own repetitions.
pub(crate) fn retry_teller(
    observer: Arc<dyn Observer>,
    input: InputRef,
) -> impl Fn(&Failure, Duration) + Send + Sync {
    move |failure, wait| {
        let what = InputEvent::Retry { failure: failure.clone(), wait };
        observer.observe(&Event::Input { input: input.clone(), what });
    }
}

/// Uploads files one after another and gives each address to `each`. Bytes that the service has
/// already are not sent again, unless `again`.
///
/// # Errors
/// Only a file that cannot be read. A failed upload is an event, and the others go on.
pub async fn upload_files(
    context: &Context,
    files: &[PathBuf],
    again: bool,
    mut each: impl FnMut(&Path, &str),
) -> Result<ExitClass, Failure> {
    let (mut classes, mut succeeded) = (Vec::new(), false);
    for (number, path) in (1..).zip(files) {
        // Uploads have no number in the ledger.
        let input = InputRef { id: -number, name: path.display().to_string() };
        match upload_one(context, &input, path, again).await {
            Ok(url) => {
                succeeded = true;
                context.tell(&input, InputEvent::Known);
                each(path, &url);
            }
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                context.tell(&input, InputEvent::Failed(failure));
            }
        }
        if context.stop.is_cancelled() {
            classes.push(ExitClass::Interrupted);
            break;
        }
    }
    Ok(match ExitClass::combine(classes, succeeded) {
        // A wrong input among others is one that failed: something was sent.
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
    context.phase(input, Stage::Hash);
    let (file, name) = (path.to_owned(), input.name.clone());
    let (note, hash) = blocking(move || {
        let video = media::inspect_input(&file)
            .map_err(|bad| Failure::new(FailureKind::Usage, &*name, bad.to_string()))?;
        let hash = media::hash_file(&file, &|_| ())
            .map_err(|error| Failure::local(format!("reading {name}"), &error))?;
        Ok((video.note, hash))
    })
    .await?;
    if let Some(note) = note {
        context.notice(RemarkLevel::Warning, format!("{}: {note}", input.name));
    }
    let key: ApiKeyId = context.key.clone();
    let sha256 = hash.sha256.clone();
    if !again
        && let Some(url) =
            context.ledger(move |ledger, _| ledger.find_upload(&key, &sha256)).await?
    {
        return Ok(url);
    }
    context.phase(input, Stage::Upload);
    let outgoing = HashedFile {
        path: path.to_owned(),
        size: hash.size,
        modified_ns: hash.modified,
        sha256: hash.sha256,
    };
    let on_retry = retry_teller(Arc::clone(&context.observer), input.clone());
    let call =
        RequestOptions { input: Some(&input.name), on_retry: &on_retry, ..RequestOptions::plain() };
    context.unless_stopped(send_video(context, input, &outgoing, call)).await?
}
