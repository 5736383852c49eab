//! Collection of an output: from an earlier copy where there is one, otherwise by a resumable
//! download; verified, synced, and only then given its final name.
//!
//! A partial file never has a final name. The hash is written to the ledger before the file is
//! published, so that a file published just before a crash is recognised.
//!
//! In reading order: this file, `download`, `part_file`.

mod download;
mod part_file;

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;

use self::download::{OutputDownload, bad_output};
use self::part_file::{CompletePart, PartFile, PartWriter, cannot_write, copy};
use super::calls::AttemptCalls;
use super::driver::JobDriver;
use crate::blocking::blocking;
use crate::flow::output_file::{is_sandbox_output, part_name};
use crate::flow::run::RunState;
use crate::ledger::{Attempt, BatchInput, InputSource};
use crate::media::{self, ExpectedLength, OutputSpec};
use crate::model::event::PublishedOutput;
use crate::model::{Background, Credits, Failure, InputRef, ObjectUrl, OutputLink, Stage, Target};
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

/// Collects the output of one completed job.
pub(crate) struct OutputCollector<'a> {
    run: &'a RunState,
    attempt: Attempt,
    input: InputRef,
    calls: AttemptCalls,
    /// Estimated credits of the job, if this run started it.
    credits: Option<Credits>,
    /// The last download link. Kept in memory only.
    link: Option<OutputLink>,
    /// Remarks on how the job was done, and on its output.
    notes: Vec<String>,
}

impl<'a> OutputCollector<'a> {
    pub(crate) fn new(driver: &JobDriver<'a>) -> Self {
        Self {
            run: driver.run,
            attempt: driver.attempt.clone(),
            input: driver.input.clone(),
            calls: AttemptCalls::new(&driver.run.context, driver.input.clone()),
            credits: driver.started_credits(),
            link: driver.link.clone(),
            notes: driver.notes.clone(),
        }
    }

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
            credits: self.credits,
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
            let mut download = OutputDownload {
                run: self.run,
                attempt: &self.attempt,
                input: &self.input,
                calls: &self.calls,
                link: &mut self.link,
            };
            let complete = download.download(part).await?;
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
        let remark = verified.await?.map_err(|bad| bad_output(self.run, &self.attempt, &bad))?;
        self.notes.extend(remark.map(ToOwned::to_owned));
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_input_has_its_frames_while_the_file_is_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.mp4");
        let clip = include_bytes!("../../../sandbox/assets/astronaut.mp4");
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
}
