//! The queue: started jobs wait for one of a bounded number of workers, first come first served.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::app::App;
use super::content::Kind;
use super::engine::{Backdrop, Outcome, Task};
use super::service::{Background, Ending, Job, Output, Source};
use super::{source, webhook};

/// Puts a started job in the queue.
pub(crate) fn launch(app: &Arc<App>, id: String, start_number: u32) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        // The semaphore is fair, so the queue is in order of starts.
        let Ok(_worker) = Arc::clone(&app.workers).acquire_owned().await else { return };
        let Some(job) = app.service().begin(&id, start_number) else { return };
        webhook::send(&app, &job, "job.started");
        app.audit().worker_began(&id, app.now());
        let ending = run(&app, &job).await;
        app.audit().worker_ended();
        if app.cancel.load(Ordering::Relaxed) {
            // Stopped in the middle: the job stays unfinished and runs again after a restart.
            return;
        }
        let refund = app.director().scenario.jobs.refund_failed;
        let now = app.clock.wall();
        let finished = app.service().finish(&id, start_number, ending, refund, now);
        if let Some(job) = finished {
            {
                let (now, mut audit) = (app.now(), app.audit());
                audit.ended(&id, now);
                audit.made(&id, job.engine.clone(), job.notes.clone());
            }
            let event = if job.error.is_none() { "job.completed" } else { "job.failed" };
            webhook::send(&app, &job, event);
        }
    });
}

async fn run(app: &Arc<App>, job: &Job) -> Ending {
    if let Some(message) = &job.doomed {
        return Ending::Failed(message.clone());
    }
    match attempt(app, job).await {
        Ok((outcome, output)) => Ending::Completed {
            output,
            seconds: outcome.duration_seconds,
            engine: outcome.engine,
            notes: outcome.notes,
        },
        Err(message) => Ending::Failed(message),
    }
}

/// Files of one run, removed when it ends.
struct Bench(tempfile::TempDir);

async fn attempt(app: &Arc<App>, job: &Job) -> Result<(Outcome, Output), String> {
    let bench = tempfile::tempdir_in(app.store.work()).map(Bench).map_err(|e| e.to_string())?;
    let input = input(app, job, bench.0.path()).await?;
    if job.duration_seconds.is_none() {
        charge_late(app, job, &input).await?;
    }
    let backdrop = backdrop(app, job, bench.0.path()).await?;
    let extension = extension_of(&job.request.format);
    let task = Task {
        input,
        output: bench.0.path().join(format!("output.{extension}")),
        model: job.request.model.clone(),
        format: job.request.format.clone(),
        backdrop,
        layout: job.request.layout.clone(),
        text_prompt: job.request.text_prompt.clone(),
    };
    let app = Arc::clone(app);
    let (id, start_number) = (job.id.clone(), job.starts);
    let worked = tokio::task::spawn_blocking(move || {
        let progress = |percent: f64| app.service().progress(&id, start_number, percent);
        let outcome = app.engine.run(&task, &progress, &app.cancel).map_err(|error| error.0)?;
        let name = format!("{id}-{start_number}.{extension}");
        let output = shelve(&app, &task.output, name).map_err(|error| error.to_string())?;
        Ok((outcome, output))
    });
    worked.await.map_err(|_| "Processing failed".to_owned())?
}

/// Moves a finished output to its shelf.
fn shelve(app: &App, file: &Path, name: String) -> std::io::Result<Output> {
    let mut hash = Sha256::new();
    let (mut reader, mut buffer, mut bytes) = (std::fs::File::open(file)?, vec![0; 1 << 16], 0);
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    std::fs::rename(file, app.store.output(&name))?;
    let etag = format!("\"{}\"", &hex::encode(hash.finalize())[..32]);
    Ok(Output { name, bytes, etag })
}

async fn input(app: &Arc<App>, job: &Job, bench: &Path) -> Result<PathBuf, String> {
    match &job.source {
        Source::Upload(id) => Ok(app.store.upload(id)),
        Source::Output(id) => {
            let service = app.service();
            let output = service.job(id).and_then(|job| job.output.as_ref());
            output.map(|o| app.store.output(&o.name)).ok_or_else(|| "The source is gone".to_owned())
        }
        Source::Remote => {
            let place = bench.join("input");
            let fetched =
                app.fetcher.fetch(&job.request.video_url, &place, app.limits.bytes, is_video).await;
            fetched.map_err(|error| format!("video_url could not be fetched: {error}"))?;
            Ok(place)
        }
    }
}

/// Bills a video whose length was not known at the start.
async fn charge_late(app: &Arc<App>, job: &Job, input: &Path) -> Result<(), String> {
    let (measuring, file) = (Arc::clone(app), input.to_owned());
    let seconds = tokio::task::spawn_blocking(move || {
        source::measure(&measuring, &file).map_err(|refusal| refusal.message)?;
        measuring.engine.probe(&file).map(|probe| probe.duration_seconds).map_err(|error| error.0)
    })
    .await
    .map_err(|_| "Processing failed".to_owned())??;
    let now = app.clock.wall();
    app.service().charge(&job.id, seconds, now).map_err(|refusal| refusal.message)
}

async fn backdrop(app: &Arc<App>, job: &Job, bench: &Path) -> Result<Backdrop, String> {
    let url = match &job.request.background {
        Background::Transparent => return Ok(Backdrop::Transparent),
        Background::Color(color) => return Ok(Backdrop::Color(*color)),
        Background::Image(url) => url,
    };
    if let Some(upload) = source::own_upload(app, &job.key, url) {
        return Ok(Backdrop::Image(upload));
    }
    let place = bench.join("background");
    let fetched = app.fetcher.fetch(url, &place, app.limits.picture_bytes, is_picture).await;
    fetched.map_err(|error| format!("The background image could not be fetched: {error}"))?;
    Ok(Backdrop::Image(place))
}

fn is_video(kind: Kind) -> bool {
    matches!(kind, Kind::Video(_))
}

fn is_picture(kind: Kind) -> bool {
    matches!(kind, Kind::Picture(_))
}

fn extension_of(format: &str) -> &'static str {
    match format {
        "mov" => "mov",
        "mp4" => "mp4",
        "gif" => "gif",
        "webp" => "webp",
        "png_sequence" => "zip",
        _ => "webm",
    }
}
