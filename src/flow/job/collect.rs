//! Collecting an output: an earlier copy where there is one, else a download that resumes;
//! verified, synced, and only then given its final name.
//!
//! No partial file is ever under a final name. The hash stands in the ledger before the file is
//! published, so a crash between the two is recognised by it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::driver::JobDriver;
use super::part_file::{PartFile, cannot_write};
use crate::client::{BackoffWait, Download, ResumePoint, request::backoff};
use crate::flow::context::blocking;
use crate::flow::output_file::part_name;
use crate::ledger::{BatchInput, InputSource};
use crate::media::{self, ExpectedLength, OutputError, OutputSpec};
use crate::model::event::PublishedOutput;
use crate::model::{Background, Failure, FailureKind, InputEvent, OutputLink, Stage};

/// Failures in a row without one byte more, after which a download is given up.
const FRUITLESS: u32 = 6;

/// How often an output that is not what was asked for is fetched anew.
const REFETCHES: u32 = 1;

/// What collecting an entry came to.
pub(crate) enum CollectResult {
    /// The output lies where it was wanted; it was put there now.
    New(PublishedOutput),
    /// It lay there already.
    There(PublishedOutput),
}

/// A whole output in its part.
struct CompletePart {
    sha256: String,
    size: u64,
}

impl JobDriver<'_> {
    /// Brings the output of a completed job to where the entry wants it.
    ///
    /// # Errors
    /// What keeps the output away. The job stays completed: collecting again costs nothing.
    pub(crate) async fn collect(
        &mut self,
        input: &BatchInput,
        spool: &Path,
    ) -> Result<CollectResult, Failure> {
        let context = self.run.context.clone();
        let id = self.attempt.id;
        let earlier = context.ledger(move |ledger, _| ledger.outputs_of_attempt(id)).await?;
        let target = input.target.clone();
        if let Some(target) = &target
            && let Some((path, sha256, size)) =
                earlier.iter().find(|(path, ..)| path == target).cloned()
            && holds(&path, &sha256, size).await?
        {
            let (input, sha) = (input.id, sha256.clone());
            context.ledger(move |ledger, _| ledger.record_output_hash(input, &sha, size)).await?;
            return Ok(CollectResult::There(self.output(Some(path), sha256, size)));
        }
        let directory = target.as_deref().and_then(Path::parent).unwrap_or(spool);
        let path = directory.join(part_name(target.as_deref(), &self.attempt.correlation_id));
        let part = Arc::new(blocking(move || PartFile::open(path)).await?);
        let whole = match self.copy_earlier(&earlier, &part).await? {
            Some(whole) => whole,
            None => self.fetch(&part).await?,
        };
        let (sha, size, entry_id) = (whole.sha256.clone(), whole.size, input.id);
        context.ledger(move |ledger, _| ledger.record_output_hash(entry_id, &sha, size)).await?;
        let overwrite = self.run.run_options.overwrite;
        let shown = target.clone().unwrap_or_else(|| part.path().to_owned());
        if let Some(target) = target {
            blocking(move || part.publish(&target, overwrite)).await?;
        }
        Ok(CollectResult::New(self.output(Some(shown), whole.sha256, whole.size)))
    }

    fn output(&self, path: Option<PathBuf>, sha256: String, size: u64) -> PublishedOutput {
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

    /// An output of the same job that lies elsewhere is copied, and costs no transfer.
    async fn copy_earlier(
        &self,
        earlier: &[(PathBuf, String, u64)],
        to: &Arc<PartFile>,
    ) -> Result<Option<CompletePart>, Failure> {
        for (from, sha256, size) in earlier {
            if !holds(from, sha256, *size).await? {
                continue;
            }
            self.run.context.phase(&self.input, Stage::Verify);
            let (from, to, sha256) = (from.clone(), Arc::clone(to), sha256.clone());
            return blocking(move || copy(&from, &to, &sha256)).await;
        }
        Ok(None)
    }

    /// Downloads and verifies. An output that does not verify is fetched once more: a gateway may
    /// have put a page of its own in its place.
    async fn fetch(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let _permit = self.run.downloads.acquire().await;
        let mut refetched = 0;
        loop {
            self.run.context.phase(&self.input, Stage::Download);
            let whole = self.download(part).await?;
            self.run.context.phase(&self.input, Stage::Verify);
            match self.verify(part, whole.size).await {
                Ok(()) => return Ok(whole),
                Err(failure) => {
                    let (part, last) = (Arc::clone(part), refetched == REFETCHES);
                    blocking(move || if last { part.remove() } else { part.keep(0).map(drop) })
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

    /// The failure of an output that is not what was asked for. It may quote the output.
    fn bad_output(&self, bad: &OutputError) -> Failure {
        let why = self.run.context.service.clean(&bad.to_string());
        let failure = Failure::new(bad.kind(), "the output", why)
            .with_next("rbgv resume downloads it again (free)");
        Failure { job: self.attempt.state.job.clone(), ..failure }
    }

    /// Downloads to the end, however often the line breaks, as long as each attempt moves on.
    async fn download(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let context = self.run.context.clone();
        let mut fruitless = 0;
        loop {
            let before = part.length();
            let failure = match self.download_once(part).await {
                Ok(whole) => return Ok(whole),
                Err(failure) => failure,
            };
            if matches!(
                failure.kind,
                FailureKind::Local | FailureKind::Unwritable | FailureKind::Interrupted
            ) {
                return Err(failure);
            }
            if failure.kind == FailureKind::LinkExpired {
                self.link = None;
            }
            let again = failure.kind == FailureKind::LinkExpired
                || failure.kind.is_retryable_if_idempotent();
            fruitless = if part.length() > before { 0 } else { fruitless + 1 };
            if !again || fruitless >= FRUITLESS {
                return Err(failure);
            }
            let timing = &context.timing.client;
            let asked = failure.retry_after;
            match backoff::wait(timing, fruitless.max(1), asked, context.random.unit()) {
                BackoffWait::TooLong(_) => return Err(failure),
                BackoffWait::Sleep(_)
                    if failure.kind == FailureKind::LinkExpired && fruitless <= 1 => {}
                BackoffWait::Sleep(wait) => {
                    context.tell(&self.input, InputEvent::Retry { failure, wait });
                    context.sleep(wait).await?;
                }
            }
        }
    }

    async fn download_once(&mut self, part: &Arc<PartFile>) -> Result<CompletePart, Failure> {
        let link = self.fresh_link().await?;
        let context = self.run.context.clone();
        let id = self.attempt.id;
        let etag = context.ledger(move |ledger, _| ledger.output_etag(id)).await?;
        let from = etag
            .map(|etag| ResumePoint { offset: part.length(), etag })
            .filter(|point| point.offset > 0);
        let on_retry = self.on_retry();
        let opening = context.service.download(&link, from, self.call(&on_retry));
        let mut download = context.unless_stopped(opening).await??;
        let etag = download.etag.clone();
        context
            .ledger(move |ledger, owner| ledger.record_output_etag(owner, id, etag.as_deref()))
            .await?;
        let mut sink = PartWriter::open(Arc::clone(part), download.offset).await?;
        let rest = download.total.map_or(0, |total| total.saturating_sub(download.offset));
        let part = Arc::clone(part);
        blocking(move || check_room(part.path(), rest)).await?;
        self.stream_to_file(&mut download, &mut sink).await?;
        sink.finish().await
    }

    /// Most bytes that the output may have.
    fn largest(&self) -> u64 {
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
        let most = self.largest();
        loop {
            if sink.size.max(download.total.unwrap_or(0)) > most {
                let part = Arc::clone(&sink.part);
                blocking(move || part.keep(0)).await?;
                return Err(self.bad_output(&OutputError::TooLarge(most)));
            }
            let next = context.unless_stopped(download.chunk()).await;
            match next {
                Ok(Ok(Some(piece))) => {
                    sink.write(piece).await?;
                    let what = InputEvent::Bytes { done: sink.size, total: download.total };
                    context.tell(&self.input, what);
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(failure)) | Err(failure) => {
                    sink.flush().await?;
                    return Err(failure);
                }
            }
        }
    }

    /// The link that the service gave last, or a new one where there is none or it was refused. The
    /// job is only asked for it where the service gives no links by themselves: it has ended.
    async fn fresh_link(&mut self) -> Result<OutputLink, Failure> {
        if let Some(link) = self.link.clone() {
            return Ok(link);
        }
        let Some(job) = self.attempt.state.job.clone() else {
            let why = "no job in the ledger for this input";
            return Err(Failure::new(FailureKind::Local, "requesting the output", why));
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

/// The growing part of a download, hashed as it grows.
struct PartWriter {
    part: Arc<PartFile>,
    hash: Sha256,
    size: u64,
    waiting: Vec<bytes::Bytes>,
    held: usize,
}

/// Bytes that are gathered before they are written: far fewer trips to the writing thread.
const GATHER: usize = 1 << 20;

impl PartWriter {
    /// Continues the part at `offset`; what lies behind is cut off, what lies before is hashed.
    async fn open(part: Arc<PartFile>, offset: u64) -> Result<Self, Failure> {
        blocking(move || {
            let hash = part.keep(offset)?;
            Ok(Self { part, hash, size: offset, waiting: Vec::new(), held: 0 })
        })
        .await
    }

    async fn write(&mut self, piece: bytes::Bytes) -> Result<(), Failure> {
        self.size += piece.len() as u64;
        self.held += piece.len();
        self.waiting.push(piece);
        if self.held < GATHER { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let pieces = std::mem::take(&mut self.waiting);
        self.held = 0;
        let mut hash = std::mem::take(&mut self.hash);
        let part = Arc::clone(&self.part);
        let held = pieces.iter().map(|piece| piece.len() as u64).sum();
        self.hash = blocking(move || {
            check_room(part.path(), held)?;
            for piece in &pieces {
                part.file().write_all(piece).map_err(|error| cannot_write(part.path(), &error))?;
                hash.update(piece);
            }
            Ok(hash)
        })
        .await?;
        Ok(())
    }

    /// Syncs, so that the bytes are on the disk before anything says that they are.
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

/// Checks that `bytes` more of `path` fit on its disk.
fn check_room(path: &Path, bytes: u64) -> Result<(), Failure> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    media::check_space(directory.unwrap_or(Path::new(".")), bytes)
        .map_err(|error| cannot_write(path, &error))
}

/// The length of an input file, `seconds` when it was planned: with its frames while it is as it was.
/// Of an address, only the service knows the length.
fn input_length(source: &InputSource, seconds: Option<f64>) -> Option<ExpectedLength> {
    let (InputSource::File { path, size, .. }, Some(seconds)) = (source, seconds) else {
        return None;
    };
    let now = media::inspect_input(path).ok().filter(|video| video.size == *size);
    let known = now.and_then(|video| video.length());
    let is_same = |length: &ExpectedLength| (length.seconds - seconds).abs() < 1e-6;
    Some(known.filter(is_same).unwrap_or_else(|| ExpectedLength::of_seconds(seconds)))
}

/// Whether a file is there with this content.
async fn holds(path: &Path, sha256: &str, size: u64) -> Result<bool, Failure> {
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
    to.keep(0)?;
    let written = std::io::copy(&mut source, &mut to.file());
    let size = written
        .and_then(|size| to.file().sync_all().map(|()| size))
        .map_err(|error| cannot_write(to.path(), &error))?;
    let copied = hex::encode(to.keep(size)?.finalize());
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
        let whole = copy(&from, &part, &sha256).unwrap().unwrap();
        assert_eq!((whole.size, std::fs::read(&to).unwrap()), (3, b"abc".to_vec()));
        assert!(copy(&from, &part, "00").unwrap().is_none());
        assert!(copy(&dir.path().join("gone"), &part, &sha256).unwrap().is_none());
    }
}
