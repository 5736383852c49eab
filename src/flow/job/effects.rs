//! Execution of effects: each makes its call and returns an observation.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::driver::JobDriver;
use super::lost_create::search;
use super::upload::{HashedFile, send_file, send_object, send_video};
use crate::blocking::blocking;
use crate::client::{NewJob, RequestOptions, StartJob, UploadFile};
use crate::flow::context::interrupted;
use crate::flow::job_metadata::{CONTENT_KEY, CORRELATION_ID};
use crate::flow::run::start_evidence::EVENTS;
use crate::flow::run_options::ByUrl;
use crate::flow::state_machine::{Effect, Goal, JobSnapshot, MAX_START_AGE, Observation};
use crate::ledger::{AttemptStatus, InputSource};
use crate::media;
use crate::model::{
    Background, Execution, Failure, FailureKind, InputEvent, Instant, JobId, JobStatus, JobView,
    ObjectUrl, Stage,
};

/// Minimum validity of a signed URL: the service may fetch it late.
const SIGNED_MIN: Duration = Duration::from_hours(24);

/// Validity for a draft, which is started by a later run.
const SIGNED_FOR_DRAFT: Duration = Duration::from_hours(7 * 24);

impl JobDriver<'_> {
    /// Executes an effect that calls the service; `None` when the run was stopped first.
    pub(crate) async fn execute(&mut self, effect: Effect) -> Result<Option<Observation>, Failure> {
        let observation = match effect {
            Effect::Upload => match self.run.unless_starts_stopped(self.upload()).await {
                Ok(observation) => observation?,
                Err(_) => return Ok(None),
            },
            Effect::Create => self.create().await?,
            Effect::Search => self.search().await,
            Effect::Start => self.start().await?,
            Effect::Poll => self.poll_draft().await,
            Effect::Follow => return Ok(self.follow().await),
            Effect::AskUsage => self.ask_usage().await,
            // The others make no call and are handled by the driver.
            _ => Observation::TimerFired,
        };
        Ok(Some(observation))
    }

    async fn upload(&self) -> Result<Observation, Failure> {
        let context = &self.run.context;
        let source = &self.attempt.work.source;
        match source {
            InputSource::Url(url) => {
                return Ok(Observation::Uploaded { url: url.clone(), reused: false });
            }
            InputSource::Object { object, .. } if self.sends_signed_url(&object.url)? => {
                // Signed only when the job is created. "Reused" since the service may refuse it, as it may
                // have forgotten an upload: then the bytes are sent.
                return Ok(Observation::Uploaded { url: object.url.to_string(), reused: true });
            }
            _ => {}
        }
        let upload_id = source.upload_id().unwrap_or_default();
        if self.attempt.state.reupload_count > 0 {
            context.ledger.delete_upload(&context.key, &upload_id).await?;
        }
        if let Some(url) = context.ledger.find_upload(&context.key, &upload_id).await? {
            return Ok(Observation::Uploaded { url, reused: true });
        }
        let _permit = self.run.uploads.acquire().await;
        context.emit_stage(&self.input, Stage::Upload);
        let call = self.call();
        let sent = match source {
            InputSource::File { path, size, modified_ns, .. } => {
                let (path, size, modified_ns) = (path.clone(), *size, *modified_ns);
                let file = HashedFile { path, size, modified_ns, sha256: upload_id };
                send_video(context, &self.input, &file, call).await
            }
            InputSource::Object { object, .. } => {
                send_object(context, &self.input, object, &upload_id, call).await
            }
            InputSource::Url(url) => Ok(url.clone()),
        };
        match sent {
            Ok(url) => Ok(Observation::Uploaded { url, reused: false }),
            // The file itself is the cause, so repeating does not help.
            Err(failure) if matches!(failure.kind, FailureKind::Usage | FailureKind::Local) => {
                Ok(Observation::InputFailed(failure))
            }
            Err(failure) => Ok(Observation::CallFailed(failure)),
        }
    }

    /// The service gets a signed URL of the object instead of its bytes. After an earlier attempt, or a create
    /// that was refused, it gets the bytes: perhaps it cannot fetch the URL.
    fn sends_signed_url(&self, url: &ObjectUrl) -> Result<bool, Failure> {
        let is_first = self.attempt.number == 1;
        Ok(is_first
            && self.attempt.state.reupload_count == 0
            && match self.run.run_options.by_url {
                ByUrl::Auto => self.run.context.stores.gives_public_urls(url)?,
                ByUrl::Always => true,
                ByUrl::Never => false,
            })
    }

    /// The URL of the video for a create: that of the upload, or a signed one, which is never stored.
    async fn video_url(&self) -> Result<String, Observation> {
        let known = self.attempt.state.video_url.clone().unwrap_or_default();
        let InputSource::Object { object, .. } = &self.attempt.work.source else {
            return Ok(known);
        };
        if known != object.url.to_string() {
            return Ok(known);
        }
        let stores = &self.run.context.stores;
        let head = match stores.head(&object.url).await {
            Ok(head) => head,
            Err(failure) => {
                let delivery = Execution::NotExecuted;
                return Err(Observation::CreateFailed(Failure { delivery, ..failure }));
            }
        };
        if head.is_none_or(|head| head.object != *object) {
            let why = "the object changed during processing";
            let failure = Failure::new(FailureKind::Local, self.input.name.clone(), why)
                .with_next("run the same command again; a changed object is a new input");
            return Err(Observation::InputFailed(failure));
        }
        let valid = match self.run.run_options.goal {
            Goal::Draft => SIGNED_FOR_DRAFT,
            _ => self.run.context.timing.wait_timeout.max(SIGNED_MIN),
        };
        match stores.sign(&object.url, valid).await {
            Ok(link) => Ok(link.expose().to_owned()),
            // As if the service had refused the URL.
            Err(failure) => Err(Observation::CreateFailed(Failure {
                kind: FailureKind::InvalidRequest,
                delivery: Execution::Refused,
                ..failure
            })),
        }
    }

    async fn create(&self) -> Result<Observation, Failure> {
        let context = &self.run.context;
        context.emit_stage(&self.input, Stage::Create);
        let video_url = match self.video_url().await {
            Ok(url) => url,
            Err(observation) => return Ok(observation),
        };
        let background = match self.background().await? {
            Ok(background) => background,
            Err(failure) => return Ok(Observation::CreateFailed(failure)),
        };
        let mut metadata: BTreeMap<String, String> = self.attempt.work.options.tags.clone();
        metadata.insert(CORRELATION_ID.to_owned(), self.attempt.correlation_id.clone());
        metadata.insert(CONTENT_KEY.to_owned(), self.attempt.work.content_key.clone());
        let job = NewJob {
            video_url: &video_url,
            options: &self.attempt.work.options,
            background_image_url: background.as_deref(),
            auto_start: false,
            metadata: &metadata,
        };
        // A create that still waits for its permit is not sent once starts are stopped, or once
        // another process has taken over the attempt; one that was sent is waited for.
        let is_sent = AtomicBool::new(false);
        let check = async || {
            let is_ours = context.ledger.holds_lease(&self.attempt).await?;
            if self.run.starts_stopped() || !is_ours {
                return Err(interrupted());
            }
            is_sent.store(true, Ordering::Relaxed);
            Ok(())
        };
        let last_check = || check().boxed();
        let call = RequestOptions { last_check: Some(&last_check), ..self.call() };
        let creating = context.service.create(&job, call);
        tokio::pin!(creating);
        let answer = match self.run.unless_starts_stopped(&mut creating).await {
            Ok(answer) => answer,
            Err(_) if is_sent.load(Ordering::Relaxed) => creating.await,
            Err(stopped) => Err(stopped),
        };
        Ok(match answer {
            Ok(created) => {
                context.emit(&self.input, InputEvent::Job(created.id.clone()));
                Observation::Created { job: created.id, status: created.status }
            }
            Err(failure) => Observation::CreateFailed(failure),
        })
    }

    async fn search(&self) -> Observation {
        let context = &self.run.context;
        let requested_at = context.clock.now();
        let sent = self.attempt.sent_at;
        match search(context, &self.run.list_poll, &self.attempt.correlation_id, sent, &self.call())
            .await
        {
            Ok(found) => Observation::Searched { requested_at, found },
            Err(failure) => Observation::CallFailed(failure),
        }
    }

    async fn start(&mut self) -> Result<Observation, Failure> {
        let context = &self.run.context;
        let (Some(job), Some(permit)) = (self.attempt.state.job.clone(), self.permit.take()) else {
            return Ok(Observation::StartStale);
        };
        let others = self.run.others_in_flight(&self.attempt).await?;
        let Ok(background) = self.background().await? else { return Ok(Observation::StartStale) };
        let request = StartJob {
            options: &self.attempt.work.options,
            background_image_url: background.as_deref(),
        };
        let stale = AtomicBool::new(false);
        // Last check before the first byte: the start must not be sent long after its commit, or
        // once another process has taken over the attempt.
        let check = async || {
            let committed = self.attempt.state.sent.unwrap_or_default();
            let is_ours = context.ledger.holds_lease(&self.attempt).await?;
            if is_ours && context.clock.now().since(committed) <= MAX_START_AGE {
                return Ok(());
            }
            stale.store(true, Ordering::Relaxed);
            let why = "the recorded start is too old";
            Err(Failure::new(FailureKind::Interrupted, "starting the job", why))
        };
        let last_check = || check().boxed();
        let call = RequestOptions {
            last_check: Some(&last_check),
            in_flight: Some(others),
            ..self.call()
        };
        let answer = context.service.start_admitted(permit, &job, &request, call).await;
        Ok(match answer {
            Ok(_) => Observation::Started,
            Err(_) if stale.load(Ordering::Relaxed) => Observation::StartStale,
            Err(failure) => Observation::StartFailed(failure),
        })
    }

    /// A poll of the job. To check a rejected start, a list page requested after the rejection
    /// serves as well.
    async fn poll_draft(&mut self) -> Observation {
        let state = &self.attempt.state;
        let refused = state.status == AttemptStatus::Draft && state.failure.is_some();
        if let (Some(job), Some(since)) = (&state.job, state.sent.filter(|_| refused))
            && let Some((requested_at, view)) = self.run.list_poll.shown_since(job, since)
        {
            return Observation::Polled(self.record_poll(requested_at, view, true));
        }
        self.poll().await
    }

    async fn ask_usage(&self) -> Observation {
        let context = &self.run.context;
        let requested_at = context.clock.now();
        let (Some(job), Some(doubt)) = (&self.attempt.state.job, self.attempt.state.sent) else {
            return Observation::Usage { requested_at, charged: false, later_charged: false };
        };
        match context.service.usage_events(EVENTS, self.call()).await {
            Ok(page) => {
                let (charged, later_charged) = self.run.evidence.charged(&page.events, job, doubt);
                Observation::Usage { requested_at, charged, later_charged }
            }
            // A service without usage events offers no evidence.
            Err(failure)
                if matches!(
                    failure.kind,
                    FailureKind::NotFound | FailureKind::InvalidRequest | FailureKind::Contract
                ) =>
            {
                Observation::Usage { requested_at, charged: false, later_charged: false }
            }
            Err(failure) => Observation::CallFailed(failure),
        }
    }

    /// A poll of the job, or its end as a list shows it.
    pub(crate) async fn poll(&mut self) -> Observation {
        let Some(job) = self.attempt.state.job.clone() else {
            let why = "no job in the ledger for this input";
            return Observation::CallFailed(Failure::new(
                FailureKind::Local,
                "polling the job",
                why,
            ));
        };
        let context = &self.run.context;
        let requested_at = context.clock.now();
        let since = self.attempt.state.sent.unwrap_or_default();
        let polled = tokio::select! {
            biased;
            // A list may show the end while the poll waits for its permit.
            (requested_at, view) = self.run.list_poll.end_of(context, &job, since) => {
                return Observation::Polled(self.record_poll(requested_at, view, true));
            }
            polled = context.service.get(&job, self.call()) => polled,
        };
        match polled {
            Ok(view) => {
                // A draft that has run by itself to its end needs no further poll.
                self.run.list_poll.remember_end(requested_at, &view);
                Observation::Polled(self.record_poll(requested_at, view, false))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                Observation::JobUnknown(unknown_job(failure, &job))
            }
            Err(failure) => Observation::CallFailed(failure),
        }
    }

    /// Stores the result of a poll (`listed`: from a list page) and emits its progress events.
    pub(crate) fn record_poll(
        &mut self,
        requested_at: Instant,
        view: JobView,
        listed: bool,
    ) -> JobSnapshot {
        let snapshot = JobSnapshot {
            requested_at,
            listed,
            billed: view.billing_status.is_some(),
            progress: view.progress,
            has_output: view.output_url.is_some(),
            error: view.error.clone(),
            status: view.status.clone(),
        };
        if let Some(percent) = view.progress {
            self.max_progress = self.max_progress.max(percent.clamp(0.0, 100.0));
        }
        let percent = view.progress.map(|_| self.max_progress);
        self.attempt.last_poll.job_status = Some(view.status.clone());
        self.attempt.last_poll.progress = percent;
        self.attempt.last_poll.output_seconds =
            view.duration_seconds.or(self.attempt.last_poll.output_seconds);
        self.notes = view.notes();
        self.link = view.output_url;
        if self.attempt.state.status == AttemptStatus::Running && !self.is_poll_only() {
            let status = view.status;
            let stage = match status {
                JobStatus::Processing | JobStatus::Completed => Stage::Processing,
                _ => Stage::Waiting,
            };
            self.run.context.emit_stage(&self.input, stage);
            self.run.context.emit(&self.input, InputEvent::Progress { status, percent });
        }
        snapshot
    }

    /// URL of the uploaded background picture, where the background is a file.
    async fn background(&self) -> Result<Result<Option<String>, Failure>, Failure> {
        let Background::ImageFile(path) = &self.attempt.work.options.background else {
            return Ok(Ok(None));
        };
        let context = &self.run.context;
        let (picture, hash) = {
            let path = path.clone();
            blocking(move || {
                let what = format!("the background {}", path.display());
                let hash = media::hash_file(&path, &|_| ())
                    .map_err(|error| Failure::local(format!("reading {what}"), &error))?;
                let picture = media::inspect_picture(&path)
                    .map_err(|error| Failure::usage(what, error.to_string()));
                Ok((picture, hash))
            })
            .await?
        };
        // The plan checked it, but it may have been replaced since.
        let picture = match picture {
            Ok(picture) => picture,
            Err(failure) => return Ok(Err(failure)),
        };
        let known = context.ledger.find_upload(&context.key, &hash.sha256).await?;
        if known.is_some() {
            return Ok(Ok(known));
        }
        let file = UploadFile {
            name: picture.upload_name(path),
            content_type: picture.content_type.to_owned(),
            content: path.clone().into(),
            size: hash.size,
        };
        match send_file(context, &self.input, &file, self.call()).await {
            Err(failure) => Ok(Err(failure
                .with_next("use --background with a URL, if the service does not accept images"))),
            Ok(url) => {
                context.ledger.record_upload(&context.key, &hash.sha256, &url).await?;
                Ok(Ok(Some(url)))
            }
        }
    }
}

fn unknown_job(failure: Failure, job: &JobId) -> Failure {
    let mut failure = failure
        .with_job(job)
        .with_next("use the key that created the job, or give up with rbgv resume --abandon");
    failure.why = format!("{}; this key cannot see a job that rbgv created", failure.why);
    failure
}
