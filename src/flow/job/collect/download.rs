//! Resumable download of an output into its partial file.

use std::sync::Arc;

use super::part_file::{CompletePart, PartFile, PartWriter, check_free_space};
use crate::blocking::blocking;
use crate::client::{BackoffWait, Download, RequestOptions, ResumePoint, request::backoff};
use crate::flow::job::calls::AttemptCalls;
use crate::flow::run::RunState;
use crate::ledger::Attempt;
use crate::media::{self, OutputError};
use crate::model::{Failure, FailureKind, InputEvent, InputRef, OutputLink};

/// Download of the output of one completed job.
pub(crate) struct OutputDownload<'a> {
    pub(crate) run: &'a RunState,
    pub(crate) attempt: &'a Attempt,
    pub(crate) input: &'a InputRef,
    pub(crate) calls: &'a AttemptCalls,
    /// The last download link. Kept in memory only.
    pub(crate) link: &'a mut Option<OutputLink>,
}

impl OutputDownload<'_> {
    /// Downloads to the end, however often the connection breaks, until there is no progress for
    /// `outage_max`. A rejected link is replaced as often as a call is retried.
    pub(crate) async fn download(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let context = self.run.context.clone();
        let timing = &context.timing;
        let (mut progressed_at, mut failures, mut rejected_links) = (context.clock.now(), 0, 0);
        loop {
            let before = part.length();
            let failure = match self.download_once(part).await {
                Ok(complete) => return Ok(complete),
                Err(failure) => failure,
            };
            let now = context.clock.now();
            if part.length() > before {
                (progressed_at, failures, rejected_links) = (now, 0, 0);
            }
            failures += 1;
            if failure.kind == FailureKind::LinkExpired {
                *self.link = None;
                rejected_links += 1;
                if rejected_links > timing.retries {
                    return Err(self.unusable_links(failure, rejected_links));
                }
            } else if !failure.kind.is_retryable_if_idempotent()
                || now.since(progressed_at) >= timing.outage_max
            {
                return Err(failure);
            }
            let wait = backoff::wait(timing, failures, failure.retry_after, context.random.unit());
            let BackoffWait::Sleep(wait) = wait else { return Err(failure) };
            // A link may simply have expired.
            if failures == 1 && rejected_links == 1 {
                continue;
            }
            context.emit(self.input, InputEvent::Retry { failure, wait });
            context.sleep(wait).await?;
        }
    }

    async fn download_once(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let link = self.fresh_link().await?;
        let downloaded = self.download_from(&link, part).await;
        if let Err(failure) = &downloaded {
            let now = self.run.context.clock.now();
            self.run.output_outage.ended(&failure.what, Some(failure), now);
        }
        downloaded
    }

    async fn download_from(
        &mut self,
        link: &OutputLink,
        part: &Arc<PartFile>,
    ) -> Result<CompletePart, Failure> {
        let context = self.run.context.clone();
        let etag = context.ledger.output_etag(self.attempt.id).await?;
        let resume_point = etag
            .map(|etag| ResumePoint { offset: part.length(), etag })
            .filter(|point| point.offset > 0);
        let request = context.service.download(link, resume_point, self.call());
        let mut download = context.unless_stopped(request).await??;
        context.ledger.record_output_etag(self.attempt.id, download.etag.as_deref()).await?;
        let mut sink = PartWriter::open(Arc::clone(part), download.offset).await?;
        let rest = download.total.map_or(0, |total| total.saturating_sub(download.offset));
        let part = Arc::clone(part);
        blocking(move || check_free_space(part.path(), rest)).await?;
        self.stream_to_file(&mut download, &mut sink).await?;
        sink.finish().await
    }

    /// Failure of a download of which the output host rejected each of `links` new links.
    fn unusable_links(&self, failure: Failure, links: u32) -> Failure {
        let why = format!("the output host rejected {links} new links: {}", failure.why);
        Failure { why, ..failure }.with_next(resume_command(self.run))
    }

    /// Maximum size of the output, in bytes.
    fn max_bytes(&self) -> u64 {
        let work = &self.attempt.work;
        media::largest_output(
            work.options.format,
            work.duration.or(self.attempt.last_poll.output_seconds),
        )
    }

    async fn stream_to_file(
        &self,
        download: &mut Download,
        sink: &mut PartWriter,
    ) -> Result<(), Failure> {
        let context = &self.run.context;
        let max_bytes = self.max_bytes();
        loop {
            if sink.size.max(download.total.unwrap_or(0)) > max_bytes {
                let part = Arc::clone(&sink.part);
                blocking(move || part.truncate_and_hash(0)).await?;
                return Err(bad_output(self.run, self.attempt, &OutputError::TooLarge(max_bytes)));
            }
            let next = context.unless_stopped(download.chunk()).await;
            match next {
                Ok(Ok(Some(chunk))) => {
                    self.run.output_outage.answered();
                    sink.write(chunk).await?;
                    let event = InputEvent::Bytes { done: sink.size, total: download.total };
                    context.emit(self.input, event);
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(failure)) | Err(failure) => {
                    sink.flush().await?;
                    return Err(failure);
                }
            }
        }
    }

    /// The last download link, or a new one where there is none or it was rejected. The job itself
    /// is polled only where the service has no endpoint for links: it has ended.
    async fn fresh_link(&mut self) -> Result<OutputLink, Failure> {
        if let Some(link) = self.link.clone() {
            return Ok(link);
        }
        let Some(job) = self.attempt.state.job.clone() else {
            let why = "its output existed when the batch was planned, and was deleted since";
            return Err(Failure::new(FailureKind::Local, "requesting the output", why)
                .with_next("run the same command with --again (billed)"));
        };
        let service = &self.run.context.service;
        let link = match service.download_link(&job, self.call()).await {
            Err(failure) if !failure.kind.is_retryable_if_idempotent() => {
                let view = service.get(&job, self.call()).await?;
                view.output_url.ok_or(failure)?
            }
            link => link?,
        };
        *self.link = Some(link.clone());
        Ok(link)
    }

    fn call(&self) -> RequestOptions<'_> {
        self.calls.options(self.attempt.state.job.clone())
    }
}

pub(crate) fn resume_command(run: &RunState) -> String {
    format!("rbgv resume {}", run.batch.0)
}

/// Failure of an output that fails verification. It may quote the output.
pub(crate) fn bad_output(run: &RunState, attempt: &Attempt, bad: &OutputError) -> Failure {
    let why = run.context.service.clean(&bad.to_string());
    let failure = Failure::new(bad.kind(), "the output", why).with_next(resume_command(run));
    Failure { job: attempt.state.job.clone(), ..failure }
}
