//! Giving files to the service: only what was hashed is sent, and only what was sent is believed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, blocking};
use crate::client::{Call, UploadFile};
use crate::ledger::KeyId;
use crate::media;
use crate::model::event::Level;
use crate::model::{Event, ExitClass, Failure, FailureKind, ItemEvent, ItemRef, Observer, Phase};

/// A file as it was when it was hashed.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) modified_ns: i64,
    pub(super) sha256: String,
}

impl Outgoing {
    /// # Errors
    /// The file is not what was hashed.
    async fn unchanged(&self, name: &str) -> Result<(), Failure> {
        let hash = media::ContentHash {
            sha256: self.sha256.clone(),
            size: self.size,
            modified: self.modified_ns,
        };
        let (path, name) = (self.path.clone(), name.to_owned());
        blocking(move || match hash.still_holds(&path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::new(
                FailureKind::Local,
                name,
                "the file changed while it was worked on",
            )
            .with_next("run the same command again: a changed file is a new input")),
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
pub(super) async fn send_video(
    context: &Context,
    item: &ItemRef,
    video: &Outgoing,
    call: Call<'_>,
) -> Result<String, Failure> {
    video.unchanged(&item.name).await?;
    let (path, name) = (video.path.clone(), item.name.clone());
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
    let sent = send_file(context, item, &file, call).await;
    // What was sent is only what was hashed if the file is still the same afterwards.
    video.unchanged(&item.name).await?;
    let url = sent?;
    let (key, sha256, kept) = (context.key.clone(), video.sha256.clone(), url.clone());
    context.ledger(move |ledger, _| ledger.remember_upload(&key, &sha256, &kept)).await?;
    Ok(url)
}

/// Sends a file and checks that the service got all of it.
///
/// # Errors
/// The service does not take it, or says that it has another number of bytes.
pub(super) async fn send_file(
    context: &Context,
    item: &ItemRef,
    file: &UploadFile,
    call: Call<'_>,
) -> Result<String, Failure> {
    let (observer, told) = (Arc::clone(&context.observer), item.clone());
    let total = Some(file.size);
    let progress = Arc::new(move |done| {
        let what = ItemEvent::Bytes { done, total };
        observer.observe(&Event::Item { item: told.clone(), what });
    });
    let uploaded = context.service.upload(file, call, progress).await?;
    match uploaded.size {
        Some(size) if size != file.size => {
            let what = format!("uploading {}", item.name);
            let why = format!("{} bytes were sent, the service has {size}", file.size);
            Err(Failure::new(FailureKind::Contract, what, why))
        }
        _ => Ok(uploaded.video_url),
    }
}

/// Tells people of the client's own repetitions.
pub(super) fn retry_teller(
    observer: Arc<dyn Observer>,
    item: ItemRef,
) -> impl Fn(&Failure, Duration) + Send + Sync {
    move |failure, wait| {
        let what = ItemEvent::Retry { failure: failure.clone(), wait };
        observer.observe(&Event::Item { item: item.clone(), what });
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
        let item = ItemRef { id: -number, name: path.display().to_string() };
        match upload_one(context, &item, path, again).await {
            Ok(url) => {
                succeeded = true;
                context.tell(&item, ItemEvent::Known);
                each(path, &url);
            }
            Err(failure) => {
                classes.push(failure.kind.exit_class());
                context.tell(&item, ItemEvent::Failed(failure));
            }
        }
        if context.stop.is_cancelled() {
            classes.push(ExitClass::Interrupted);
            break;
        }
    }
    Ok(match ExitClass::combine(classes, succeeded) {
        // A wrong input among others is one that failed: something was sent.
        ExitClass::Usage if succeeded => ExitClass::Some,
        class => class,
    })
}

async fn upload_one(
    context: &Context,
    item: &ItemRef,
    path: &Path,
    again: bool,
) -> Result<String, Failure> {
    context.phase(item, Phase::Hash);
    let (file, name) = (path.to_owned(), item.name.clone());
    let (note, hash) = blocking(move || {
        let video = media::inspect_input(&file)
            .map_err(|bad| Failure::new(FailureKind::Usage, &*name, bad.to_string()))?;
        let hash = media::hash_file(&file, &|_| ())
            .map_err(|error| Failure::local(format!("reading {name}"), &error))?;
        Ok((video.note, hash))
    })
    .await?;
    if let Some(note) = note {
        context.notice(Level::Warning, format!("{}: {note}", item.name));
    }
    let key: KeyId = context.key.clone();
    let sha256 = hash.sha256.clone();
    if !again
        && let Some(url) =
            context.ledger(move |ledger, _| ledger.known_upload(&key, &sha256)).await?
    {
        return Ok(url);
    }
    context.phase(item, Phase::Upload);
    let outgoing = Outgoing {
        path: path.to_owned(),
        size: hash.size,
        modified_ns: hash.modified,
        sha256: hash.sha256,
    };
    let on_retry = retry_teller(Arc::clone(&context.observer), item.clone());
    let call = Call { item: Some(&item.name), on_retry: &on_retry, ..Call::plain() };
    context.unless_stopped(send_video(context, item, &outgoing, call)).await?
}
