//! Proof that outputs can be written at their targets, before anything is sent: the directory is
//! writable, the names fit its file system, and only regular files that are not inputs are
//! replaced.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::blocking::blocking;
use crate::flow::context::Context;
use crate::flow::output_file::{
    FileId, file_id, is_sandbox_output, not_a_file, part_name, unwritable,
};
use crate::ledger::{AttemptId, BatchId, InputOrder, InputSource, Ledger};
use crate::model::text::shell_quoted;
use crate::model::{Failure, FailureKind, ObjectUrl, Target};

/// Open inputs read from the ledger at a time.
const PAGE: u32 = 256;

/// `path` without `.` components.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Reason that an output cannot be written.
#[derive(Debug, Clone)]
pub(crate) struct TargetRefusal {
    pub(crate) failure: Failure,
    /// The unwritable directory, where that is the cause.
    pub(crate) directory: Option<PathBuf>,
}

impl From<Failure> for TargetRefusal {
    fn from(failure: Failure) -> Self {
        Self { failure, directory: None }
    }
}

/// An accepted target.
#[derive(Debug)]
pub(crate) struct TargetProof {
    /// Reason that an existing file at the target is kept, unless it is the requested output.
    pub(crate) existing: Option<TargetRefusal>,
    /// Digest of the target with all links followed.
    real: u128,
    /// The file that the output will replace.
    replaced: Option<FileId>,
}

/// A probed output directory.
struct ProbedDirectory {
    path: PathBuf,
    /// The part of its path that exists.
    existing: PathBuf,
    /// With all links followed.
    real: PathBuf,
    refusal: Option<TargetRefusal>,
}

/// The inputs and outputs of one plan, as files.
#[derive(Default)]
pub(crate) struct Targets {
    overwrite: bool,
    /// Each input file, with a digest of its name.
    inputs: HashMap<FileId, u64>,
    urls: HashSet<u128>,
    /// Input objects.
    objects: HashSet<u128>,
    /// Files that outputs will replace, and the inputs of these outputs.
    replaced: HashMap<FileId, String>,
    outputs: HashSet<u128>,
    /// Objects that outputs will be written to, and the inputs of these outputs.
    object_outputs: HashMap<u128, String>,
    /// The directory of the last target, as a cache: targets of one directory follow one another.
    directory: Option<ProbedDirectory>,
}

impl Targets {
    /// `overwrite`: existing files may be replaced.
    pub(crate) fn new(overwrite: bool) -> Self {
        Self { overwrite, ..Self::default() }
    }

    /// Adds a URL; returns whether the plan already had it.
    pub(crate) fn repeats_url(&mut self, url: &str) -> bool {
        !self.urls.insert(digest(url.as_bytes()))
    }

    /// The plan already has the file as an input, under the same name, by whatever path.
    pub(crate) fn repeats_input(&self, path: &Path) -> bool {
        let id = fs::metadata(path).ok().map(|metadata| file_id(&metadata));
        id.and_then(|id| self.inputs.get(&id))
            .is_some_and(|found_as| *found_as == name_digest(path))
    }

    /// Adds a file that the plan reads: no output may replace it.
    ///
    /// # Errors
    ///
    /// An output of the plan would replace it.
    pub(crate) fn add_input(&mut self, name: &str, path: &Path) -> Result<(), Failure> {
        // A deleted file cannot be replaced.
        let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
        let id = file_id(&metadata);
        if let Some(other) = self.replaced.get(&id) {
            return Err(replaces_input(other, name, &path.display()));
        }
        self.inputs.insert(id, name_digest(path));
        Ok(())
    }

    /// Adds a source that the plan reads: no output may replace it.
    ///
    /// # Errors
    ///
    /// An output of the plan would replace it.
    pub(crate) fn add_source(&mut self, name: &str, source: &InputSource) -> Result<(), Failure> {
        match source {
            InputSource::File { path, .. } => self.add_input(name, path),
            InputSource::Object { object, .. } => self.add_object(name, &object.url),
            InputSource::Url(_) => Ok(()),
        }
    }

    fn add_object(&mut self, name: &str, url: &ObjectUrl) -> Result<(), Failure> {
        let id = object_digest(url);
        if let Some(other) = self.object_outputs.get(&id) {
            return Err(replaces_input(other, name, url));
        }
        self.objects.insert(id);
        Ok(())
    }

    /// The plan already has the object as an input.
    pub(crate) fn repeats_object(&self, url: &ObjectUrl) -> bool {
        self.objects.contains(&object_digest(url))
    }

    /// Proves that the output of `name` can be written at `target`. Of an object, only that no input
    /// is replaced: whether it exists is checked when it is written.
    pub(crate) fn prove(
        &mut self,
        name: &str,
        target: &Target,
    ) -> Result<Option<TargetProof>, TargetRefusal> {
        match target {
            Target::File(path) => self.prove_file(name, path).map(Some),
            Target::Object(url) => Ok(self.prove_object(name, url).map(|()| None)?),
        }
    }

    fn prove_object(&mut self, name: &str, url: &ObjectUrl) -> Result<(), Failure> {
        let id = object_digest(url);
        if self.objects.contains(&id) {
            return Err(replaces_input(name, name, url));
        }
        self.object_outputs.insert(id, name.to_owned());
        Ok(())
    }

    fn prove_file(&mut self, name: &str, target: &Path) -> Result<TargetProof, TargetRefusal> {
        let what = || format!("{name}: the output {}", target.display());
        if is_too_long(target) {
            return Err(too_long(what()).into());
        }
        // Without access to the target, the probe of the directory has the reason.
        let found = fs::symlink_metadata(target).ok();
        if let Some(found) = &found {
            let linked_file = fs::metadata(target).ok().map(|metadata| file_id(&metadata));
            let is_input = |id: FileId| self.inputs.contains_key(&id);
            if is_input(file_id(found)) || linked_file.is_some_and(is_input) {
                return Err(replaces_input(name, name, &target.display()).into());
            }
        }
        let is_overwritten = self.overwrite && found.as_ref().is_some_and(Metadata::is_file);
        let directory = self.probed(target.parent().unwrap_or(target));
        let file = target.file_name().unwrap_or_default();
        let real = directory.real.join(file);
        let refusal = directory.refusal.clone().map(|refusal| TargetRefusal {
            failure: Failure { what: what(), ..refusal.failure },
            ..refusal
        });
        if refusal.is_none() && is_too_long(&directory.existing.join(file)) {
            return Err(too_long(what()).into());
        }
        let replaced = found.as_ref().filter(|_| is_overwritten && refusal.is_none()).map(file_id);
        let existing = match (found, refusal) {
            (None, Some(refusal)) => return Err(refusal),
            (None, None) => None,
            (Some(found), _) if !found.is_file() => {
                Some(not_a_file(what(), target, found.file_type()).into())
            }
            (Some(_), Some(refusal)) => Some(refusal),
            (Some(found), None) if is_overwritten => {
                if !may_replace(target, &found) {
                    return Err(not_replaceable(what(), target).into());
                }
                None
            }
            (Some(_), None) => Some(exists(what()).into()),
        };
        Ok(TargetProof { existing, real: digest(real.as_os_str().as_bytes()), replaced })
    }

    /// Adds the output of `name` to the plan. Returns whether the plan already has one that is the
    /// same file, perhaps under another path.
    pub(crate) fn add_output(&mut self, name: &str, proof: &TargetProof) -> bool {
        if let Some(replaced) = proof.replaced {
            self.replaced.insert(replaced, name.to_owned());
        }
        !self.outputs.insert(proof.real)
    }

    fn probed(&mut self, path: &Path) -> &ProbedDirectory {
        let known = self.directory.take().filter(|known| known.path == path);
        self.directory.insert(known.unwrap_or_else(|| probe(path)))
    }
}

/// Probes whether files can be created in the directory at `path`, or the directory itself if it
/// does not exist. Nothing is left behind.
fn probe(path: &Path) -> ProbedDirectory {
    let mut existing = path;
    let refusal = loop {
        match fs::metadata(existing) {
            Ok(metadata) if metadata.is_dir() => break probe_writable(existing, path).err(),
            Ok(_) => break Some(ErrorKind::NotADirectory.into()),
            // A dangling link keeps the directory from being created.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::symlink_metadata(existing).is_ok() {
                    break Some(ErrorKind::NotADirectory.into());
                }
            }
            // The file is further up the path.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => break Some(error),
        }
        match existing.parent() {
            Some(parent) => existing = parent,
            None => break Some(ErrorKind::NotFound.into()),
        }
    };
    let below = path.strip_prefix(existing).unwrap_or(Path::new(""));
    ProbedDirectory {
        path: path.to_owned(),
        existing: existing.to_owned(),
        real: fs::canonicalize(existing).unwrap_or_else(|_| existing.to_owned()).join(below),
        refusal: refusal.map(|error| TargetRefusal {
            failure: unwritable(path, existing, &error),
            directory: Some(existing.to_owned()),
        }),
    }
}

/// Probes whether files can be created in `existing`, and the missing directories down to `path`
/// named.
fn probe_writable(existing: &Path, path: &Path) -> io::Result<()> {
    // Unnamed where the file system can, so that a crash leaves nothing.
    tempfile::tempfile_in(existing)?;
    let missing = path.strip_prefix(existing).unwrap_or(Path::new(""));
    let names = missing.components().map(|name| existing.join(name));
    if names.chain([path.join(part_name(None, ""))]).any(|path| is_too_long(&path)) {
        return Err(ErrorKind::InvalidFilename.into());
    }
    Ok(())
}

/// This user may replace an existing file. Its own permissions do not count, since a rename
/// replaces it; but it may be immutable, or somebody else's in a sticky directory.
fn may_replace(target: &Path, found: &Metadata) -> bool {
    const STICKY: u32 = 0o1000;
    let user = rustix::process::geteuid();
    let is_kept = |directory: Metadata| {
        let owners = [directory.uid(), found.uid()];
        directory.mode() & STICKY != 0 && !owners.contains(&user.as_raw())
    };
    let directory = target.parent().and_then(|directory| fs::metadata(directory).ok());
    let is_immutable = fs::OpenOptions::new()
        .write(true)
        .open(target)
        .is_err_and(|error| error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()));
    !is_immutable && (user.is_root() || !directory.is_some_and(is_kept))
}

/// The file system rejects the name, or the whole path, for its length.
fn is_too_long(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::InvalidFilename)
}

/// Digest of a file's path, with the links of its directory followed.
fn name_digest(path: &Path) -> u64 {
    let directory = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
    let real = directory
        .zip(path.file_name())
        .map_or_else(|| path.to_owned(), |(directory, name)| directory.join(name));
    short_digest(real.as_os_str().as_bytes())
}

/// The first half of [`digest`].
pub(crate) fn short_digest(bytes: &[u8]) -> u64 {
    (digest(bytes) >> 64) as u64
}

fn object_digest(url: &ObjectUrl) -> u128 {
    digest(url.to_string().as_bytes())
}

fn digest(bytes: &[u8]) -> u128 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(16).fold(0, |digest, byte| digest << 8 | u128::from(*byte))
}

/// Proves the targets of all open inputs of a batch again, before it is resumed.
///
/// # Errors
///
/// The first output that cannot be written at its target; nothing was sent.
pub async fn prove_open(context: &Context, batch: BatchId, overwrite: bool) -> Result<(), Failure> {
    let ledger = context.ledger.clone();
    blocking(move || {
        let ledger = ledger.blocking();
        let mut targets = Targets::new(overwrite);
        each_open(ledger, batch, &mut |name, _, source, _| targets.add_source(name, source))?;
        each_open(ledger, batch, &mut |name, attempt, _, target| {
            let proof = targets.prove(name, target).map_err(|refusal| refusal.failure)?;
            match proof.and_then(|proof| proof.existing) {
                Some(refusal)
                    if !is_ours(ledger, attempt, target)?
                        && !replaces_sandbox_output(ledger, &refusal, target)? =>
                {
                    Err(refusal.failure)
                }
                _ => Ok(()),
            }
        })
    })
    .await
    .map_err(|failure| match failure.kind {
        FailureKind::Usage => failure.with_next(
            "move the existing file, then rbgv resume; or run again with another -o (nothing is \
             paid twice)",
        ),
        _ => failure,
    })
}

/// `target` was written as an output of `attempt`. Its content may have changed
/// since: collecting compares it.
pub(crate) fn is_ours(
    ledger: &Ledger,
    attempt: AttemptId,
    target: &Target,
) -> Result<bool, Failure> {
    Ok(ledger.outputs_of_attempt(attempt)?.iter().any(|(path, ..)| path == target))
}

/// The file at `target`, which is why `refusal` exists, is an unchanged output of an in-process sandbox:
/// the output replaces it.
pub(crate) fn replaces_sandbox_output(
    ledger: &Ledger,
    refusal: &TargetRefusal,
    target: &Target,
) -> Result<bool, Failure> {
    let Target::File(target) = target else { return Ok(false) };
    Ok(refusal.directory.is_none() && is_sandbox_output(ledger, target)?)
}

type EachOpen<'a> = dyn FnMut(&str, AttemptId, &InputSource, &Target) -> Result<(), Failure> + 'a;

/// Passes every open input of a batch that has a target to `visit`.
fn each_open(ledger: &Ledger, batch: BatchId, visit: &mut EachOpen<'_>) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = ledger.open_inputs(batch, InputOrder::LongestFirst, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.duration_ms, last.id));
        for input in &page {
            if let (Some(id), Some(target)) = (input.attempt, &input.target) {
                visit(&input.name, id, &ledger.attempt(id)?.work.source, target)?;
            }
        }
    }
}

pub(crate) fn exists(what: String) -> Failure {
    let why = "a different file with this name exists";
    Failure::usage(what, why).with_next(
        "use --name '{stem}-{ending}-nobg.{ext}', another -o, or --overwrite to replace it",
    )
}

fn too_long(what: String) -> Failure {
    Failure::usage(what, "the name is too long for the file system")
        .with_next("use a shorter --name, or -o FILE for one input")
}

fn not_replaceable(what: String, target: &Path) -> Failure {
    let why = "the existing file cannot be replaced: it is immutable, or belongs to another user \
               in a sticky directory";
    Failure::new(FailureKind::Unwritable, what, why)
        .with_next(format!("use another -o, or check the file: ls -l {}", shell_quoted(target)))
}

fn replaces_input(name: &str, input: &str, target: &dyn Display) -> Failure {
    let why = if name == input {
        "it is an input of this run and is never replaced".to_owned()
    } else {
        format!("it is the input {input} and is never replaced")
    };
    Failure::usage(format!("{name}: the output {target}"), why)
        .with_next("use another --name or -o")
}
