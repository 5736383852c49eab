//! What an input is: its source as the ledger records it, its length and its content.

use std::path::Path;

use super::inputs::{DiscoveredInput, InputSpec, InspectedObject};
use super::outputs::output_target::without_dots;
use crate::ledger::{InputSource, Ledger, LedgerError, object_identity};
use crate::media::{self, InputError, Video};
use crate::model::{Event, Failure, FailureKind, InputEvent, InputRef, Observer, Stage};

/// Reason that an input is not added to the plan.
pub(crate) enum InputRefusal {
    /// The input is wrong: a mistake of the command line, if it was named itself.
    Input(Failure),
    /// The input cannot be read now. Others can.
    Unreadable(Failure),
    /// The plan cannot continue.
    Plan(Failure),
}

impl From<Failure> for InputRefusal {
    fn from(failure: Failure) -> Self {
        if failure.kind == FailureKind::Local { Self::Plan(failure) } else { Self::Input(failure) }
    }
}

impl From<LedgerError> for InputRefusal {
    fn from(error: LedgerError) -> Self {
        Self::Plan(error.into())
    }
}

/// The source of an input, as the ledger records it.
pub(crate) struct ReadSource {
    pub(crate) source: InputSource,
    /// Length in seconds, if known.
    pub(crate) duration: Option<f64>,
    /// Part of the content key: equal for two inputs with the same content.
    pub(crate) content: String,
    /// Warning about the video, which is processed all the same.
    pub(crate) note: Option<String>,
}

/// Reads inputs, and recognises the outputs of this ledger among them.
pub(crate) struct SourceReader<'a> {
    pub(crate) ledger: &'a Ledger,
    /// Receives the progress of hashing.
    pub(crate) observer: &'a dyn Observer,
    /// Base of relative paths.
    pub(crate) current_dir: &'a Path,
}

impl SourceReader<'_> {
    /// The source of `found`; `None` for an output. `object` is what its store says of an object.
    pub(crate) fn read(
        &self,
        found: &DiscoveredInput,
        object: Option<&InspectedObject>,
        input: &InputRef,
    ) -> Result<Option<ReadSource>, InputRefusal> {
        match (&found.input, object) {
            (_, Some(object)) => self.read_object(found, object, &input.name),
            (InputSpec::Path(path), None) => self.read_file(found, path, input),
            (InputSpec::Url(url), None) => Ok(Some(ReadSource {
                source: InputSource::Url(url.clone()),
                duration: None,
                content: format!("url {url}"),
                note: None,
            })),
            (InputSpec::Object(url), None) => {
                let why = "its store was not asked for it";
                Err(Failure::new(FailureKind::Local, url.to_string(), why).into())
            }
        }
    }

    fn read_file(
        &self,
        found: &DiscoveredInput,
        path: &Path,
        input: &InputRef,
    ) -> Result<Option<ReadSource>, InputRefusal> {
        let path = without_dots(&self.current_dir.join(path));
        let name = &input.name;
        let video = media::inspect_input(&path)
            .map_err(|bad| refusal(bad.failure(name), &bad, found, || bad.next_step(&path)))?;
        let hash = self.hash(&path, input).map_err(InputRefusal::Unreadable)?;
        if self.ledger.is_output(&hash.sha256)? {
            return Ok(None);
        }
        let content = format!("sha256 {}", hash.sha256);
        let source = InputSource::File {
            path,
            size: hash.size,
            modified_ns: hash.modified,
            sha256: hash.sha256,
        };
        Ok(Some(ReadSource { source, duration: video.duration, content, note: video.note }))
    }

    fn read_object(
        &self,
        found: &DiscoveredInput,
        inspected: &InspectedObject,
        name: &str,
    ) -> Result<Option<ReadSource>, InputRefusal> {
        let InspectedObject { object, video, sha256, is_output } = inspected;
        let is_known = |sha256: &String| self.ledger.is_output(sha256);
        if *is_output || sha256.as_ref().map(is_known).transpose()? == Some(true) {
            return Ok(None);
        }
        let Video { duration, note, .. } = video.as_ref().map_err(|bad| {
            let failure = match bad {
                InputError::Missing => Failure::usage(name, "there is no such object"),
                bad => bad.failure(name),
            };
            let folder = object.url.folder().shell_quoted();
            refusal(failure, bad, found, || format!("rbgv run --dry-run {folder}"))
        })?;
        let content = match sha256 {
            Some(sha256) => format!("sha256 {sha256}"),
            None => object_identity(object).ok_or_else(|| {
                let why = "its store gives no entity tag by which a change would be noticed";
                Failure::usage(name, why)
                    .with_next(format!("rbgv run --hash {}", object.url.shell_quoted()))
            })?,
        };
        let source = InputSource::Object { object: object.clone(), sha256: sha256.clone() };
        Ok(Some(ReadSource { source, duration: *duration, content, note: note.clone() }))
    }

    fn hash(&self, path: &Path, input: &InputRef) -> Result<media::ContentHash, Failure> {
        let emit = |what| self.observer.observe(&Event::Input { input: input.clone(), what });
        let total = std::fs::metadata(path).map(|meta| meta.len()).ok();
        emit(InputEvent::Phase(Stage::Hash));
        let hash = media::hash_file(path, &|done| emit(InputEvent::Bytes { done, total }));
        emit(InputEvent::Known);
        hash.map_err(|error| Failure::local(format!("reading {}", input.name), &error))
    }
}

/// Refusal of an unusable input. One that was named itself has a next step.
fn refusal(
    failure: Failure,
    bad: &InputError,
    found: &DiscoveredInput,
    next: impl FnOnce() -> String,
) -> InputRefusal {
    let failure = if found.explicit { failure.with_next(next()) } else { failure };
    match bad {
        InputError::Unreadable(_) => InputRefusal::Unreadable(failure),
        _ => InputRefusal::Input(failure),
    }
}
