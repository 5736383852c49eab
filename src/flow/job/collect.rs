//! Collection of an output: from an earlier copy where there is one, otherwise by a resumable
//! download; verified, synced, and only then given its final name.
//!
//! A partial file never has a final name. The hash is written to the ledger before the file is
//! published, so that a file published just before a crash is recognised.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};

use super::driver::JobDriver;
use super::part_file::{PartFile, cannot_write};
use crate::blocking::blocking;
use crate::client::{BackoffWait, Download, ResumePoint, request::backoff};
use crate::flow::output_file::{is_sandbox_output, part_name};
use crate::ledger::{BatchInput, InputSource};
use crate::media::{self, ExpectedLength, OutputError, OutputSpec};
use crate::model::event::PublishedOutput;
use crate::model::{
    Background, Failure, FailureKind, InputEvent, ObjectUrl, OutputLink, Stage, Target,
};
use crate::store::{NewObject, OutputTag};

/// Maximum repeated downloads of an output that fails verification.
const MAX_REFETCHES: u32 = 1;

/// Outcome of collecting an output.
pub(crate) enum CollectResult {
    /// The output was published now.
    New(PublishedOutput),
    /// The output was already there.
    Existing(PublishedOutput),
}

/// A complete output in its partial file.
struct CompletePart {
    sha256: String,
    size: u64,
}

impl JobDriver<'_> {
    /// Publishes the output of a completed job at the target of the input.
    ///
    /// # Errors
    ///
    /// The job stays completed after any failure: collecting again costs nothing.
    pub(crate) async fn collect(
        &mut self,
        input: &BatchInput,
        spool: &Path,
    ) -> Result<CollectResult, Failure> {
        let context = self.run.context.clone();
        let earlier = context.ledger.outputs_of_attempt(self.attempt.id).await?;
        let target = input.target.clone();
        if let Some(target) = &target
            && let Some((target, sha256, size)) =
                earlier.iter().find(|(earlier, ..)| earlier == target).cloned()
            && self.is_unchanged(&target, &sha256, size).await?
        {
            context.ledger.record_output_hash(input.id, &sha256, size).await?;
            return Ok(CollectResult::Existing(self.output(Some(target), sha256, size)));
        }
        let file = target.as_ref().and_then(Target::as_file);
        let directory = file.and_then(Path::parent).unwrap_or(spool);
        let path = directory.join(part_name(target.as_ref(), &self.attempt.correlation_id));
        let part = Arc::new(blocking(move || PartFile::open(path)).await?);
        let complete = match self.copy_earlier(&earlier, &part).await? {
            Some(complete) => complete,
            None => self.fetch(&part).await?,
        };
        context.ledger.record_output_hash(input.id, &complete.sha256, complete.size).await?;
        let overwrite = self.run.run_options.overwrite;
        let shown = target.clone().unwrap_or_else(|| part.path().to_owned().into());
        match target {
            Some(Target::File(target)) => {
                blocking(move || {
                    let overwrite =
                        overwrite || is_sandbox_output(context.ledger.blocking(), &target)?;
                    part.publish(&target, overwrite)
                })
                .await?;
            }
            Some(Target::Object(url)) => {
                self.write_object(&url, &part, &complete, overwrite).await?;
                blocking(move || part.remove()).await?;
            }
            None => {}
        }
        Ok(CollectResult::New(self.output(Some(shown), complete.sha256, complete.size)))
    }

    /// The output is still at `target` with this content.
    async fn is_unchanged(
        &self,
        target: &Target,
        sha256: &str,
        size: u64,
    ) -> Result<bool, Failure> {
        match target {
            Target::File(path) => file_matches(path, sha256, size).await,
            Target::Object(url) => {
                let head = self.run.context.stores.head(url).await?;
                Ok(head.is_some_and(|head| {
                    let is_tagged = head.tag.is_some_and(|tag| tag.sha256 == sha256);
                    is_tagged && head.object.size == size
                }))
            }
        }
    }

    /// Writes the verified part to an object store.
    async fn write_object(
        &self,
        url: &ObjectUrl,
        part: &Arc<PartFile>,
        complete: &CompletePart,
        overwrite: bool,
    ) -> Result<(), Failure> {
        let context = &self.run.context;
        part.check()?;
        let file = part.file().try_clone();
        let new = NewObject {
            file: Arc::new(file.map_err(|error| cannot_write(part.path(), &error))?),
            size: complete.size,
            content_type: self.attempt.work.options.format.media_type(),
            tag: OutputTag {
                sha256: complete.sha256.clone(),
                content_key: self.attempt.work.content_key.clone(),
            },
        };
        context.stores.write(url, &new, overwrite, &context.stop).await
    }

    fn output(&self, path: Option<Target>, sha256: String, size: u64) -> PublishedOutput {
        PublishedOutput {
            path,
            size,
            sha256,
            job: self.attempt.state.job.clone(),
            credits: self.started_credits(),
            elapsed: None,
            notes: self.notes.clone(),
        }
    }

    /// Copies an earlier output of the same job, which saves the download.
    async fn copy_earlier(
        &self,
        earlier: &[(Target, String, u64)],
        to: &Arc<PartFile>,
    ) -> Result<Option<CompletePart>, Failure> {
        for (from, sha256, size) in earlier {
            if !self.is_unchanged(from, sha256, *size).await? {
                continue;
            }
            self.run.context.emit_stage(&self.input, Stage::Verify);
            let from = match from {
                Target::File(from) => from,
                Target::Object(url) => {
                    if let Some(copied) = self.copy_object(url, to, sha256).await? {
                        return Ok(Some(copied));
                    }
                    continue;
                }
            };
            let (from, to, sha256) = (from.clone(), Arc::clone(to), sha256.clone());
            return blocking(move || copy(&from, &to, &sha256)).await;
        }
        Ok(None)
    }

    /// Copies an earlier output from an object store; `None` if it is not that output.
    async fn copy_object(
        &self,
        url: &ObjectUrl,
        to: &Arc<PartFile>,
        sha256: &str,
    ) -> Result<Option<CompletePart>, Failure> {
        let context = &self.run.context;
        let Some(head) = context.stores.head(url).await? else { return Ok(None) };
        let mut pieces = context.stores.read(&head.object).await?;
        let mut sink = PartWriter::open(Arc::clone(to), 0).await?;
        while let Some(piece) = context.unless_stopped(pieces.next()).await? {
            let piece = piece.map_err(|error| Failure::local(format!("reading {url}"), &error))?;
            sink.write(piece).await?;
        }
        let complete = sink.finish().await?;
        Ok((complete.sha256 == sha256).then_some(complete))
    }

    /// Downloads and verifies. An output that fails verification is downloaded once more: a gateway
    /// may have replaced it with a page of its own.
    async fn fetch(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let _permit = self.run.downloads.acquire().await;
        let mut refetched = 0;
        loop {
            self.run.context.emit_stage(&self.input, Stage::Download);
            let complete = self.download(part).await?;
            self.run.context.emit_stage(&self.input, Stage::Verify);
            match self.verify(part, complete.size).await {
                Ok(()) => return Ok(complete),
                Err(failure) => {
                    let (part, last) = (Arc::clone(part), refetched == MAX_REFETCHES);
                    blocking(move || {
                        if last { part.remove() } else { part.truncate_and_hash(0).map(drop) }
                    })
                    .await?;
                    if last {
                        return Err(failure);
                    }
                    refetched += 1;
                }
            }
        }
    }

    async fn verify(&mut self, part: &Arc<PartFile>, size: u64) -> Result<(), Failure> {
        let options = &self.attempt.work.options;
        let expected = OutputSpec {
            format: options.format,
            alpha: options.background == Background::Transparent,
            size: Some(size),
            length: None,
        };
        let part = Arc::clone(part);
        let (source, seconds) = (self.attempt.work.source.clone(), self.attempt.work.duration);
        let verified = blocking(move || {
            part.check()?;
            let expected = OutputSpec { length: input_length(&source, seconds), ..expected };
            let verified = media::verify_output(part.path(), &expected);
            Ok(verified.map(|_| media::remark_on_opacity(part.path(), &expected)))
        });
        let remark = verified.await?.map_err(|bad| self.bad_output(&bad))?;
        self.notes.extend(remark.map(ToOwned::to_owned));
        Ok(())
    }

    /// Failure of an output that fails verification. It may quote the output.
    fn bad_output(&self, bad: &OutputError) -> Failure {
        let why = self.run.context.service.clean(&bad.to_string());
        let failure = Failure::new(bad.kind(), "the output", why).with_next(self.resume_command());
        Failure { job: self.attempt.state.job.clone(), ..failure }
    }

    /// Downloads to the end, however often the connection breaks, until there is no progress for
    /// `outage_max`. A rejected link is replaced as often as a call is retried.
    async fn download(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
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
                self.link = None;
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
            context.emit(&self.input, InputEvent::Retry { failure, wait });
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
        let on_retry = self.on_retry();
        let request = context.service.download(link, resume_point, self.call(&on_retry));
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
        Failure { why, ..failure }.with_next(self.resume_command())
    }

    fn resume_command(&self) -> String {
        format!("rbgv resume {}", self.run.batch.0)
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
                return Err(self.bad_output(&OutputError::TooLarge(max_bytes)));
            }
            let next = context.unless_stopped(download.chunk()).await;
            match next {
                Ok(Ok(Some(chunk))) => {
                    self.run.output_outage.answered();
                    sink.write(chunk).await?;
                    let event = InputEvent::Bytes { done: sink.size, total: download.total };
                    context.emit(&self.input, event);
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
        let on_retry = self.on_retry();
        let service = &self.run.context.service;
        let link = match service.download_link(&job, self.call(&on_retry)).await {
            Err(failure) if !failure.kind.is_retryable_if_idempotent() => {
                let view = service.get(&job, self.call(&on_retry)).await?;
                view.output_url.ok_or(failure)?
            }
            link => link?,
        };
        self.link = Some(link.clone());
        Ok(link)
    }
}

/// The partial file of a download, hashed as it grows.
struct PartWriter {
    part: Arc<PartFile>,
    hash: Sha256,
    size: u64,
    buffer: Vec<bytes::Bytes>,
    buffered: usize,
}

/// Write buffer in bytes: far fewer trips to the writing thread.
const WRITE_BUFFER: usize = 1 << 20;

impl PartWriter {
    /// Continues the part at `offset`: later bytes are cut off, earlier ones hashed.
    async fn open(part: Arc<PartFile>, offset: u64) -> Result<Self, Failure> {
        blocking(move || {
            let hash = part.truncate_and_hash(offset)?;
            Ok(Self { part, hash, size: offset, buffer: Vec::new(), buffered: 0 })
        })
        .await
    }

    async fn write(&mut self, chunk: bytes::Bytes) -> Result<(), Failure> {
        self.size += chunk.len() as u64;
        self.buffered += chunk.len();
        self.buffer.push(chunk);
        if self.buffered < WRITE_BUFFER { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let chunks = std::mem::take(&mut self.buffer);
        self.buffered = 0;
        let mut hash = std::mem::take(&mut self.hash);
        let part = Arc::clone(&self.part);
        let buffered = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        self.hash = blocking(move || {
            check_free_space(part.path(), buffered)?;
            for chunk in &chunks {
                part.file().write_all(chunk).map_err(|error| cannot_write(part.path(), &error))?;
                hash.update(chunk);
            }
            Ok(hash)
        })
        .await?;
        Ok(())
    }

    /// Syncs, so that the bytes are on the disk before the ledger says so.
    async fn finish(mut self) -> Result<CompletePart, Failure> {
        self.flush().await?;
        let Self { part, hash, size, .. } = self;
        blocking(move || {
            part.file().sync_all().map_err(|error| cannot_write(part.path(), &error))?;
            Ok(CompletePart { sha256: hex::encode(hash.finalize()), size })
        })
        .await
    }
}

/// Checks that the file system of `path` has space for `bytes` more.
fn check_free_space(path: &Path, bytes: u64) -> Result<(), Failure> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    media::check_space(directory.unwrap_or(Path::new(".")), bytes)
        .map_err(|error| cannot_write(path, &error))
}

/// Length of an input file that was `seconds` long when it was planned; with its frame count while
/// the file is unchanged. Only the service knows the length of a URL.
fn input_length(source: &InputSource, seconds: Option<f64>) -> Option<ExpectedLength> {
    let seconds = seconds?;
    let (path, size) = match source {
        InputSource::File { path, size, .. } => (path, size),
        InputSource::Object { .. } => return Some(ExpectedLength::of_seconds(seconds)),
        InputSource::Url(_) => return None,
    };
    let now = media::inspect_input(path).ok().filter(|video| video.size == *size);
    let known = now.and_then(|video| video.length());
    let is_same = |length: &ExpectedLength| (length.seconds - seconds).abs() < 1e-6;
    Some(known.filter(is_same).unwrap_or_else(|| ExpectedLength::of_seconds(seconds)))
}

/// The file exists with this content.
async fn file_matches(path: &Path, sha256: &str, size: u64) -> Result<bool, Failure> {
    let (path, sha256) = (path.to_owned(), sha256.to_owned());
    blocking(move || {
        if !std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == size) {
            return Ok(false);
        }
        Ok(media::hash_file(&path, &|_| ()).is_ok_and(|hash| hash.sha256 == sha256))
    })
    .await
}

fn copy(from: &Path, to: &PartFile, sha256: &str) -> Result<Option<CompletePart>, Failure> {
    let Ok(mut source) = File::open(from) else { return Ok(None) };
    to.truncate_and_hash(0)?;
    let written = std::io::copy(&mut source, &mut to.file());
    let size = written
        .and_then(|size| to.file().sync_all().map(|()| size))
        .map_err(|error| cannot_write(to.path(), &error))?;
    let copied = hex::encode(to.truncate_and_hash(size)?.finalize());
    Ok((copied == sha256).then_some(CompletePart { sha256: copied, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_input_has_its_frames_while_the_file_is_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mp4");
        let clip = include_bytes!("../../sandbox/assets/astronaut.mp4");
        std::fs::write(&path, clip).unwrap();
        let size = clip.len() as u64;
        let file = |path: &Path| InputSource::File {
            path: path.to_owned(),
            size,
            modified_ns: 0,
            sha256: String::new(),
        };
        let known = input_length(&file(&path), Some(2.0)).unwrap();
        assert!((known.frame.unwrap() - 1.0 / 24.0).abs() < 1e-6, "{known:?}");
        let gone = input_length(&file(&dir.path().join("gone")), Some(2.0));
        assert_eq!(gone, Some(ExpectedLength::of_seconds(2.0)));
        assert_eq!(input_length(&file(&path), Some(3.0)), Some(ExpectedLength::of_seconds(3.0)));
        assert_eq!(input_length(&file(&path), None), None);
        let address = InputSource::Url("https://x.example/a.mp4".to_owned());
        assert_eq!(
            input_length(&address, Some(2.0)),
            None,
            "the service's word, and maybe rounded"
        );
    }

    #[test]
    fn a_copy_that_is_not_the_output_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&from, b"abc").unwrap();
        std::fs::write(&to, b"an older and longer part").unwrap();
        let part = PartFile::open(to.clone()).unwrap();
        let sha256 = media::hash_file(&from, &|_| ()).unwrap().sha256;
        let complete = copy(&from, &part, &sha256).unwrap().unwrap();
        assert_eq!((complete.size, std::fs::read(&to).unwrap()), (3, b"abc".to_vec()));
        assert!(copy(&from, &part, "00").unwrap().is_none());
        assert!(copy(&dir.path().join("gone"), &part, &sha256).unwrap().is_none());
    }
}
