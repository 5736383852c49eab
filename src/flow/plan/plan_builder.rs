//! Adds inputs to a plan, in chunks: each is read, priced, named and written to the ledger.

use std::collections::HashSet;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::runtime::Handle;

use super::content_key::{content_key, correlation, result_key};
use super::inputs::input_spec::check_address;
use super::inputs::{DirectoryItem, DiscoveredInput, InputSpec, InspectedObject, ScannedDirectory};
use super::outputs::output_path::{SourceName, target};
use super::outputs::output_target::{
    self, TargetRefusal, Targets, is_ours, replaces_sandbox_output, without_dots,
};
use super::outputs::own_outputs::SourceVideos;
use super::request::{PlanRequest, Planner, UnknownOutput};
use super::source::{InputRefusal, ReadSource, SourceReader};
use crate::flow::context::interrupted;
use crate::flow::run_options::Destination;
use crate::ledger::{AddResult, AttemptSpec, BatchId, InputId, InputSource, InputState, NewInput};
use crate::model::event::RemarkLevel;
use crate::model::{Background, Event, Failure, InputEvent, InputRef, ObjectUrl, Target};
use crate::store::ObjectHead;

/// Inputs written to the ledger in one transaction.
const CHUNK: usize = 256;

/// Targets in object stores that are checked at the same time.
const TARGETS_AT_ONCE: usize = 16;

/// An input that is not in the ledger yet.
struct PendingInput {
    input: NewInput,
    /// Named on the command line itself.
    explicit: bool,
    /// Reason that an existing file at the target is kept, unless it is the output.
    existing_target: Option<TargetRefusal>,
    /// Another input of the plan has the same target.
    is_shared: bool,
}

/// Builder of one plan.
pub(super) struct PlanBuilder<'a> {
    planner: &'a Planner<'a>,
    /// Without its lists.
    request: &'a PlanRequest,
    batch: BatchId,
    pricing: Option<i64>,
    result_key: String,
    /// Buckets of outputs that are known to be writable.
    buckets: HashSet<ObjectUrl>,
    discovered: i64,
    /// Inputs that were named more than once.
    repeated: usize,
    targets: Targets,
    pending: Vec<PendingInput>,
    rejected: Vec<(String, Failure)>,
    pub(super) refused: Vec<Failure>,
    /// Mistakes in single inputs end the plan.
    is_attended: bool,
    /// Outputs in the directory that is being read.
    outputs: usize,
    pub(super) unknown_outputs: Vec<UnknownOutput>,
    sources: SourceVideos,
}

impl<'a> PlanBuilder<'a> {
    pub(super) fn new(
        planner: &'a Planner<'a>,
        batch: BatchId,
        pricing: Option<i64>,
        request: &'a PlanRequest,
    ) -> Result<Self, Failure> {
        let mut targets = Targets::new(request.run_options.overwrite);
        if let Background::ImageFile(path) = &request.options.background {
            targets.add_input(&path.display().to_string(), path)?;
        }
        Ok(Self {
            planner,
            request,
            batch,
            pricing,
            result_key: result_key(&request.options)?,
            buckets: HashSet::new(),
            discovered: 0,
            repeated: 0,
            targets,
            pending: Vec::with_capacity(CHUNK),
            rejected: Vec::new(),
            refused: Vec::new(),
            is_attended: request.only.is_none(),
            outputs: 0,
            unknown_outputs: Vec::new(),
            sources: SourceVideos::new(&request.named, &request.template),
        })
    }

    pub(super) fn add_discovered(&mut self, discovered: DirectoryItem) -> Result<(), Failure> {
        match discovered {
            DirectoryItem::Input(found) => self.add(&found, None),
            DirectoryItem::Object(found, object) => self.add(&found, Some(&object)),
            DirectoryItem::Unreadable { path, why } => {
                let name = path.display().to_string();
                let why = format!("cannot read the directory: {why}");
                self.reject(name.clone(), Failure::usage(name, why))
            }
            DirectoryItem::Directory(directory) => {
                self.report_directory(directory);
                Ok(())
            }
        }
    }

    /// Reports the extensions skipped in a directory, and everything skipped in a directory without
    /// inputs.
    fn report_directory(&mut self, directory: ScannedDirectory) {
        let outputs = std::mem::take(&mut self.outputs);
        let ScannedDirectory { path, explicit, inputs, mut skipped } = directory;
        if inputs > outputs {
            if let Some(others) = skipped.other_endings() {
                let text = format!("{}: skipped {others}", path.display());
                self.notice(RemarkLevel::Info, text);
            }
            return;
        }
        skipped.outputs = outputs;
        let failure = if let Some(Ok(url)) = path.to_str().and_then(ObjectUrl::parse) {
            let why = match skipped.parts() {
                parts if parts.is_empty() => "there are no such objects".to_owned(),
                parts => format!("no videos among these objects: {}", parts.join("; ")),
            };
            Failure::usage(url.to_string(), why).with_next(skipped.next_for_objects(&url))
        } else {
            let why = format!("no videos in this directory: {skipped}");
            Failure::usage(path.display().to_string(), why).with_next(skipped.next(&path))
        };
        if explicit {
            self.refused.push(failure);
        } else {
            self.planner.warn_about(&[failure]);
        }
    }

    /// Adds an input to the plan. A mistake in one that was named itself ends the plan; one that
    /// was discovered is recorded as rejected.
    pub(super) fn add(
        &mut self,
        found: &DiscoveredInput,
        object: Option<&InspectedObject>,
    ) -> Result<(), Failure> {
        if self.planner.stop.is_cancelled() {
            return Err(interrupted());
        }
        self.discovered += 1;
        let name = display_name(found);
        match self.prepare(found, object, &name) {
            Ok(None) => Ok(()),
            Ok(Some(pending)) => {
                self.pending.push(pending);
                if self.pending.len() == CHUNK { self.flush() } else { Ok(()) }
            }
            Err(InputRefusal::Plan(failure)) => Err(failure),
            Err(InputRefusal::Input(failure)) if found.explicit && self.is_attended => Err(failure),
            Err(InputRefusal::Unreadable(failure)) if found.explicit => {
                self.refused.push(failure);
                Ok(())
            }
            Err(InputRefusal::Input(failure) | InputRefusal::Unreadable(failure)) => {
                self.reject(name, failure)
            }
        }
    }

    fn reject(&mut self, name: String, failure: Failure) -> Result<(), Failure> {
        self.rejected.push((name, failure));
        if self.rejected.len() == CHUNK { self.flush_rejected() } else { Ok(()) }
    }

    fn prepare(
        &mut self,
        found: &DiscoveredInput,
        object: Option<&InspectedObject>,
        name: &str,
    ) -> Result<Option<PendingInput>, InputRefusal> {
        let PlanRequest { destination, template, options, current_dir, .. } = self.request;
        if let InputSpec::Url(url) = &found.input {
            check_address(url)?;
        }
        let is_repeated = match &found.input {
            InputSpec::Url(url) => self.targets.repeats_url(url),
            InputSpec::Object(url) => self.targets.repeats_object(url),
            InputSpec::Path(path) => self.targets.repeats_input(&current_dir.join(path)),
        };
        if is_repeated {
            self.repeated += 1;
            return Ok(None);
        }
        let target = target(found, destination, template, options, current_dir)?;
        let Planner { ledger, observer, .. } = *self.planner;
        let reader = SourceReader { ledger, observer, current_dir };
        // Inputs that have no id yet are numbered downwards.
        let input = InputRef { id: -self.discovered, name: name.to_owned() };
        let Some(read) = reader.read(found, object, &input)? else {
            self.skip_output(found, name)?;
            return Ok(None);
        };
        let ReadSource { source, duration, content, note } = read;
        if let InputSource::File { path, size, sha256, .. } = &source
            && self.sources.has_source_of(found, path)
        {
            self.outputs += 1;
            let (name, sha256) = (name.to_owned(), sha256.clone());
            self.unknown_outputs.push(UnknownOutput { name, sha256, size: *size });
            return Ok(None);
        }
        if let Some(note) = note {
            self.notice(RemarkLevel::Warning, format!("{name}: {note}"));
        }
        self.targets.add_source(name, &source).map_err(InputRefusal::Plan)?;
        let proof = target.as_ref().map(|target| self.targets.prove(name, target)).transpose();
        let proof = proof.map_err(|refusal| self.refusal_for(found, refusal))?.flatten();
        let content_key = content_key(&self.planner.key.origin, &content, &self.result_key);
        let estimate =
            duration.and_then(|seconds| self.planner.pricing?.estimate(options.model, seconds));
        let input = NewInput {
            name: name.to_owned(),
            target,
            work: AttemptSpec {
                key: self.planner.key.clone(),
                content_key,
                profile: self.planner.profile.to_owned(),
                source,
                duration,
                options: options.clone(),
                estimate,
                pricing: self.pricing,
            },
            correlation_id: correlation(self.planner.random),
            again: self.request.run_options.again,
        };
        let is_shared = proof.as_ref().is_some_and(|proof| self.targets.add_output(name, proof));
        let existing_target = proof.and_then(|proof| proof.existing);
        Ok(Some(PendingInput { input, explicit: found.explicit, existing_target, is_shared }))
    }

    /// An unwritable directory ends the plan where no output could be written that the user asked
    /// for: it is the `-o` directory, the named directory, or above it.
    fn refusal_for(&self, found: &DiscoveredInput, refusal: TargetRefusal) -> InputRefusal {
        let current_dir = &self.request.current_dir;
        let root = match (&self.request.destination, &found.input) {
            (Destination::Directory(root), _) => current_dir.join(root),
            (_, InputSpec::Path(path)) => {
                let below = found.below.components().count();
                let root = path.ancestors().nth(below).unwrap_or(Path::new(""));
                current_dir.join(root)
            }
            (_, InputSpec::Url(_) | InputSpec::Object(_)) => current_dir.clone(),
        };
        match refusal.directory {
            Some(directory) if without_dots(&root).starts_with(&directory) => {
                InputRefusal::Plan(refusal.failure)
            }
            _ => InputRefusal::Input(refusal.failure),
        }
    }

    /// An output of ours is never taken as an input, whatever its name.
    fn skip_output(&mut self, found: &DiscoveredInput, name: &str) -> Result<(), Failure> {
        if found.explicit {
            let why = "already an output of rbgv";
            return Err(Failure::usage(name, why));
        }
        self.outputs += 1;
        self.notice(RemarkLevel::Info, format!("{name} is an output of rbgv; skipped"));
        Ok(())
    }

    fn flush_rejected(&mut self) -> Result<(), Failure> {
        let rejected = std::mem::take(&mut self.rejected);
        let inputs = self.planner.ledger.add_rejected(self.batch, &rejected)?;
        for (input, (name, failure)) in inputs.into_iter().zip(rejected) {
            self.emit(input.0, &name, InputEvent::Rejected(failure));
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.flush_rejected()?;
        let mut pending = std::mem::take(&mut self.pending);
        let existing = self.existing_objects(&mut pending)?;
        let (mut inputs, mut checks) = (Vec::new(), Vec::new());
        for (pending, existing) in pending.into_iter().zip(existing) {
            inputs.push(pending.input);
            checks.push((pending.explicit, pending.existing_target, pending.is_shared, existing));
        }
        let results = self.planner.ledger.add_inputs(self.batch, &inputs)?;
        for ((input, (explicit, existing_target, is_shared, existing)), results) in
            inputs.iter().zip(checks).zip(results)
        {
            let (id, attempt) = match results {
                AddResult::Collision(other) if self.is_attended => {
                    return Err(self.collision(input, &other));
                }
                AddResult::Collision(other) => {
                    self.rejected.push((input.name.clone(), self.collision(input, &other)));
                    continue;
                }
                AddResult::Added { input: id, .. } if is_shared => {
                    let failure = self.collision(input, "another input");
                    if self.is_attended {
                        return Err(failure);
                    }
                    self.fail(id, &input.name, failure)?;
                    continue;
                }
                AddResult::Added { input, attempt, .. } => (input, attempt),
            };
            if let Some(ObjectHead { object, tag: Some(tag) }) = existing {
                let ledger = self.planner.ledger;
                ledger.record_existing_output(id, attempt, &tag.sha256, object.size)?;
            }
            let (Some(refusal), Some(target)) = (existing_target, &input.target) else { continue };
            if is_ours(self.planner.ledger, attempt, target)? {
                continue;
            }
            if replaces_sandbox_output(self.planner.ledger, &refusal, target)? {
                let text = format!("{target} is an output of the sandbox and will be replaced");
                self.notice(RemarkLevel::Info, text);
                continue;
            }
            let failure = refusal.failure;
            if explicit {
                return Err(failure);
            }
            self.fail(id, &input.name, failure)?;
        }
        self.flush_rejected()
    }

    /// The outputs that exist already in object stores, by their tags. Any other object at a target is the
    /// reason for a refusal.
    fn existing_objects(
        &mut self,
        pending: &mut [PendingInput],
    ) -> Result<Vec<Option<ObjectHead>>, Failure> {
        let targets = pending.iter().map(|pending| match &pending.input.target {
            Some(Target::Object(url)) => Some(url.clone()),
            _ => None,
        });
        let targets: Vec<Option<ObjectUrl>> = targets.collect();
        if targets.iter().all(Option::is_none) {
            return Ok(targets.iter().map(|_| None).collect());
        }
        let stores = self.planner.stores;
        let new_buckets: Vec<_> =
            targets.iter().flatten().filter(|url| self.buckets.insert(url.with_key(""))).collect();
        let heads = Handle::current().block_on(async {
            for url in new_buckets {
                stores.check_writable(url).await?;
            }
            let heads = targets.iter().map(async |url| match url {
                Some(url) => stores.head(url).await,
                None => Ok(None),
            });
            stream::iter(heads).buffered(TARGETS_AT_ONCE).try_collect::<Vec<_>>().await
        })?;
        let mut existing = Vec::new();
        for (pending, head) in pending.iter_mut().zip(heads) {
            let is_output = |head: &ObjectHead| {
                let key = &pending.input.work.content_key;
                !self.request.run_options.again
                    && head.tag.as_ref().is_some_and(|tag| tag.content_key == *key)
            };
            let (output, other) = match head {
                Some(head) if is_output(&head) => (Some(head), None),
                other => (None, other),
            };
            if let Some(other) = other.filter(|_| !self.request.run_options.overwrite) {
                let what = format!("{}: the output {}", pending.input.name, other.object.url);
                pending.existing_target = Some(output_target::exists(what).into());
            }
            existing.push(output);
        }
        Ok(existing)
    }

    fn fail(&self, id: InputId, name: &str, failure: Failure) -> Result<(), Failure> {
        self.planner.ledger.set_input_state(id, InputState::Failed, Some(failure.clone()))?;
        self.emit(id.0, name, InputEvent::Failed(failure));
        Ok(())
    }

    /// Failure for two inputs of the plan with the same target.
    fn collision(&self, input: &NewInput, other: &str) -> Failure {
        let target = input.target.as_ref().map(Target::to_string).unwrap_or_default();
        let source =
            |name: &str| SourceName::of(&InputSpec::read(name.into()), &self.request.current_dir);
        let distinct_template =
            self.request.template.disambiguated(&source(&input.name), &source(other));
        let next = match distinct_template {
            Some(template) => format!("add --name '{template}'"),
            None => "use -r with their parent directory, which keeps the subdirectories in -o, or \
                 run each with its own -o"
                .to_owned(),
        };
        let what = format!("{} and {other}", input.name);
        Failure::usage(what, format!("both would be written to {target}")).with_next(next)
    }

    pub(super) fn report_repeated(&self) {
        if self.repeated > 0 {
            let text =
                format!("inputs named more than once: {}; each is processed once", self.repeated);
            self.notice(RemarkLevel::Info, text);
        }
    }

    fn notice(&self, level: RemarkLevel, text: String) {
        self.planner.observer.observe(&Event::Notice { level, text });
    }

    fn emit(&self, id: i64, name: &str, what: InputEvent) {
        let input = InputRef { id, name: name.to_owned() };
        self.planner.observer.observe(&Event::Input { input, what });
    }
}

fn display_name(found: &DiscoveredInput) -> String {
    match &found.input {
        InputSpec::Path(path) => without_dots(path).display().to_string(),
        InputSpec::Url(url) => crate::model::secret::redact_url(url),
        InputSpec::Object(url) => url.to_string(),
    }
}
