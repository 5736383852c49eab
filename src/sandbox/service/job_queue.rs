//! The queue: started jobs wait for one of a limited number of workers, in order of their start.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::url_fetch::FetchError;
use super::{Disk, JobEnd, JobOutput, RequestedBackground, ServiceJob, Timed, VideoSource};
use super::{source, webhooks};
use crate::sandbox::engine::stand_in::{Timer, UNREADABLE};
use crate::sandbox::engine::{Backdrop, Engine, EngineResult, EngineTask};
use crate::sandbox::state::app::{App, Backend};
use crate::sandbox::util::content_kind::ContentKind;

/// Queues a started job.
pub(crate) fn launch(app: &Arc<App>, id: String, start_number: u32) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        // The semaphore is fair, so jobs run in order of their start.
        let Ok(_worker) = app.workers.acquire().await else { return };
        let Some(job) = app.service().begin(&id, start_number, app.clock.wall()) else { return };
        webhooks::send(&app, &job, "job.started");
        app.audit().worker_began(&id, app.now());
        let ending = run(&app, &job).await;
        app.audit().worker_ended();
        if app.cancel.load(Ordering::Relaxed) {
            // Stopped: the job stays unfinished and runs again after a restart.
            return;
        }
        let refund = app.injector().scenario.jobs.refund_failed;
        let now = app.clock.wall();
        let finished = app.service().finish(&id, start_number, ending, refund, now);
        if let Some(job) = finished {
            {
                let (now, mut audit) = (app.now(), app.audit());
                audit.ended(&id, now);
                audit.made(&id, job.engine.clone(), job.notes.clone());
            }
            let event = if job.error.is_none() { "job.completed" } else { "job.failed" };
            webhooks::send(&app, &job, event);
        }
    });
}

async fn run(app: &Arc<App>, job: &ServiceJob) -> JobEnd {
    if let Some(message) = &job.doomed {
        return Err(message.clone());
    }
    match &app.backend {
        Backend::Timer(timer) => wait(app, job, timer).await,
        Backend::Engine(engine) => remove_background(app, job, engine).await,
    }
}

/// Waits for the processing time of the job. Writes files only for URL inputs.
async fn wait(app: &Arc<App>, job: &ServiceJob, timer: &Timer) -> JobEnd {
    let files = WorkerFiles::new(app);
    let seconds = match job.duration_seconds {
        Some(seconds) => seconds,
        None if job.source == VideoSource::Remote => {
            charge_late(app, job, input(app, job, &files).await?).await?
        }
        None => return Err(UNREADABLE.to_owned()),
    };
    backdrop(app, job, &files).await?;
    let takes = timer.service_time(seconds);
    app.service().time(&job.id, job.starts, Timed { began: app.now(), takes });
    tokio::time::sleep(takes).await;
    let stand_in = timer
        .output(&job.request.format, seconds)
        .ok_or_else(|| format!("There is no stand-in for {}", job.request.format))?;
    let outcome = EngineResult {
        duration_seconds: seconds,
        frames: 10,
        engine: "timer".to_owned(),
        notes: Vec::new(),
    };
    let output = JobOutput {
        name: output_name(job),
        bytes: stand_in.size,
        etag: stand_in.etag(),
        stand_in: true,
        seconds,
    };
    Ok((outcome, output))
}

async fn remove_background(app: &Arc<App>, job: &ServiceJob, engine: &Arc<dyn Engine>) -> JobEnd {
    let files = WorkerFiles::new(app);
    let input = input(app, job, &files).await?;
    if job.duration_seconds.is_none() {
        charge_late(app, job, input.clone()).await?;
    }
    let backdrop = backdrop(app, job, &files).await?;
    let extension = extension_of(&job.request.format);
    let task = EngineTask {
        input,
        output: files.file(&format!("output.{extension}"))?,
        model: job.request.model.clone(),
        format: job.request.format.clone(),
        backdrop,
        layout: job.request.layout.clone(),
        text_prompt: job.request.text_prompt.clone(),
    };
    let (app, engine) = (Arc::clone(app), Arc::clone(engine));
    let (id, start_number, name) = (job.id.clone(), job.starts, output_name(job));
    let worked = tokio::task::spawn_blocking(move || {
        let progress = |percent: f64| app.service().progress(&id, start_number, percent);
        let outcome = engine.run(&task, &progress, &app.cancel).map_err(|error| error.0)?;
        let output =
            store_output(disk(&app)?, &task.output, name).map_err(|error| error.to_string())?;
        Ok((outcome, output))
    });
    worked.await.map_err(|_| FAILED.to_owned())?
}

/// The error of a job when the sandbox itself fails.
const FAILED: &str = "Processing failed";

fn disk(app: &App) -> Result<&Disk, String> {
    app.store.disk().ok_or_else(|| FAILED.to_owned())
}

/// Files of one run, in a directory created on demand and removed at the end.
struct WorkerFiles<'a> {
    app: &'a App,
    directory: OnceLock<tempfile::TempDir>,
}

impl<'a> WorkerFiles<'a> {
    fn new(app: &'a App) -> Self {
        Self { app, directory: OnceLock::new() }
    }

    fn file(&self, name: &str) -> Result<PathBuf, String> {
        if self.directory.get().is_none() {
            let made = disk(self.app)?.work_directory().map_err(|e| e.to_string())?;
            // Cannot fail: each run has its own cell.
            let _ = self.directory.set(made);
        }
        self.directory.get().map(|made| made.path().join(name)).ok_or_else(|| FAILED.to_owned())
    }

    /// Downloads `url` to the file `name`; an error says that `what` could not be fetched.
    async fn download(
        &self,
        url: &str,
        name: &str,
        what: &str,
        max_bytes: u64,
        accepted: fn(ContentKind) -> bool,
    ) -> Result<PathBuf, String> {
        let failed = |error: FetchError| format!("{what} could not be fetched: {error}");
        let fetcher = self.app.fetcher.as_ref().ok_or(FetchError::Unreachable).map_err(failed)?;
        let file = self.file(name)?;
        fetcher.fetch(url, &file, max_bytes, accepted).await.map_err(failed)?;
        Ok(file)
    }
}

/// Moves a finished output to its final path.
fn store_output(disk: &Disk, file: &Path, name: String) -> std::io::Result<JobOutput> {
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
    std::fs::rename(file, disk.output(&name))?;
    let etag = format!("\"{}\"", &hex::encode(hash.finalize())[..32]);
    Ok(JobOutput { name, bytes, etag, stand_in: false, seconds: 0.0 })
}

async fn input(
    app: &Arc<App>,
    job: &ServiceJob,
    files: &WorkerFiles<'_>,
) -> Result<PathBuf, String> {
    match &job.source {
        VideoSource::Upload(id) => Ok(disk(app)?.upload(id)),
        VideoSource::Output(id) => {
            let disk = disk(app)?;
            let service = app.service();
            let output = service.job(id).and_then(|job| job.output.as_ref());
            output.map(|o| disk.output(&o.name)).ok_or_else(|| "The source is gone".to_owned())
        }
        VideoSource::Remote => {
            let (url, max_bytes) = (&job.request.video_url, app.limits.bytes);
            files.download(url, "input", "video_url", max_bytes, ContentKind::is_video).await
        }
    }
}

/// Charges for a video of a length unknown at the start, and returns its seconds.
async fn charge_late(app: &Arc<App>, job: &ServiceJob, input: PathBuf) -> Result<f64, String> {
    let measuring = Arc::clone(app);
    let measured = tokio::task::spawn_blocking(move || {
        let probe = measuring.backend.probe(&input).map_err(|error| error.0)?;
        source::check_length(&measuring, &probe).map_err(|refusal| refusal.message)
    });
    let seconds = measured.await.map_err(|_| FAILED.to_owned())??;
    let now = app.clock.wall();
    app.service().charge(&job.id, seconds, now).map_err(|refusal| refusal.message)?;
    Ok(seconds)
}

async fn backdrop(
    app: &Arc<App>,
    job: &ServiceJob,
    files: &WorkerFiles<'_>,
) -> Result<Backdrop, String> {
    let url = match &job.request.background {
        RequestedBackground::Transparent => return Ok(Backdrop::Transparent),
        RequestedBackground::Color(color) => return Ok(Backdrop::Color(*color)),
        RequestedBackground::Image(url) => url,
    };
    if let Some(upload) = source::own_upload(app, &job.key, url) {
        // Without a directory there is only the timer, which reads no files.
        let file = app.store.disk().map(|disk| disk.upload(&upload));
        return Ok(Backdrop::Image(file.unwrap_or_default()));
    }
    let (what, max_bytes) = ("The background image", app.limits.picture_bytes);
    let file = files.download(url, "background", what, max_bytes, |kind| !kind.is_video()).await?;
    Ok(Backdrop::Image(file))
}

fn output_name(job: &ServiceJob) -> String {
    format!("{}-{}.{}", job.id, job.starts, extension_of(&job.request.format))
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
