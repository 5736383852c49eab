//! Collecting an output: an earlier copy where there is one, else a download that resumes;
//! verified, synced, and only then given its final name.
//!
//! No partial file is ever under a final name. The hash stands in the ledger before the file is
//! published, so a crash between the two is recognised by it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags, linkat, renameat_with};
use sha2::{Digest, Sha256};

use super::context::blocking;
use super::drive::Drive;
use crate::client::{Download, ResumePoint, Wait, backoff};
use crate::ledger::{Entry, Task};
use crate::media::{self, Expectation};
use crate::model::event::Output;
use crate::model::{Background, Failure, FailureKind, ItemEvent, OutputLink, Phase};

/// Failures in a row without one byte more, after which a download is given up.
const FRUITLESS: u32 = 6;

/// How often an output that is not what was asked for is fetched anew.
const REFETCHES: u32 = 1;

/// What collecting an entry came to.
pub(super) enum Collected {
    /// The output lies where it was wanted; it was put there now.
    New(Output),
    /// It lay there already.
    There(Output),
}

/// A whole, verified output under a temporary name.
struct Part {
    path: PathBuf,
    sha256: String,
    size: u64,
}

impl Drive<'_> {
    /// Brings the output of a completed job to where the entry wants it.
    ///
    /// # Errors
    /// What keeps the output away. The job stays completed: collecting again costs nothing.
    pub(super) async fn collect(
        &mut self,
        entry: &Entry,
        spool: &Path,
    ) -> Result<Collected, Failure> {
        let context = self.run.context.clone();
        let id = self.task.id;
        let earlier = context.ledger(move |ledger, _| ledger.outputs(id)).await?;
        let target = entry.target.clone();
        if let Some(target) = &target
            && let Some((path, sha256, size)) =
                earlier.iter().find(|(path, ..)| path == target).cloned()
            && holds(&path, &sha256, size).await?
        {
            let (entry, sha) = (entry.id, sha256.clone());
            context.ledger(move |ledger, _| ledger.announce_output(entry, &sha, size)).await?;
            return Ok(Collected::There(self.output(Some(path), sha256, size)));
        }
        let directory = target.as_deref().and_then(Path::parent).unwrap_or(spool).to_owned();
        let name = part_name(target.as_deref(), &self.task);
        let path = directory.join(name);
        let lock = open_part(path.clone()).await?;
        let part = match self.copy_earlier(&earlier, &path).await? {
            Some(part) => part,
            None => self.fetch(&path).await?,
        };
        let (sha, size, entry_id) = (part.sha256.clone(), part.size, entry.id);
        context.ledger(move |ledger, _| ledger.announce_output(entry_id, &sha, size)).await?;
        let overwrite = self.run.conduct.overwrite;
        if let Some(target) = target.clone() {
            let from = part.path.clone();
            blocking(move || publish(&from, &target, overwrite)).await?;
        }
        drop(lock);
        let shown = Some(target.unwrap_or(part.path));
        Ok(Collected::New(self.output(shown, part.sha256, part.size)))
    }

    fn output(&self, path: Option<PathBuf>, sha256: String, size: u64) -> Output {
        Output {
            path,
            size,
            sha256,
            job: self.task.row.job.clone(),
            credits: self.started_credits(),
            elapsed: None,
        }
    }

    /// An output of the same job that lies elsewhere is copied, and costs no transfer.
    async fn copy_earlier(
        &self,
        earlier: &[(PathBuf, String, u64)],
        to: &Path,
    ) -> Result<Option<Part>, Failure> {
        for (from, sha256, size) in earlier {
            if !holds(from, sha256, *size).await? {
                continue;
            }
            self.run.context.phase(&self.item, Phase::Verify);
            let (from, to, sha256, size) = (from.clone(), to.to_owned(), sha256.clone(), *size);
            return blocking(move || copy(&from, &to, &sha256, size)).await;
        }
        Ok(None)
    }

    /// Downloads and verifies. An output that does not verify is fetched once more: a gateway may
    /// have put a page of its own in its place.
    async fn fetch(&mut self, path: &Path) -> Result<Part, Failure> {
        let _permit = self.run.downloads.acquire().await;
        let mut refetched = 0;
        loop {
            self.run.context.phase(&self.item, Phase::Download);
            let part = self.download(path).await?;
            self.run.context.phase(&self.item, Phase::Verify);
            match self.verify(&part).await {
                Ok(()) => return Ok(part),
                Err(failure) => {
                    let (path, last) = (part.path, refetched == REFETCHES);
                    blocking(move || empty(&path, last)).await?;
                    if last {
                        return Err(failure);
                    }
                    refetched += 1;
                }
            }
        }
    }

    async fn verify(&self, part: &Part) -> Result<(), Failure> {
        let options = &self.task.work.options;
        let expected = Expectation {
            format: options.format,
            alpha: options.background == Background::Transparent,
            size: Some(part.size),
            duration: None,
        };
        let path = part.path.clone();
        let job = self.task.row.job.clone();
        blocking(move || {
            media::verify_output(&path, &expected).map(drop).map_err(|bad| {
                let mut failure = Failure::new(bad.kind(), "the output", bad.to_string())
                    .with_next("rbgv resume, to fetch it again; the job is not run again");
                failure.job = job;
                failure
            })
        })
        .await
    }

    /// Downloads to the end, however often the line breaks, as long as each attempt moves on.
    async fn download(&mut self, path: &Path) -> Result<Part, Failure> {
        let context = self.run.context.clone();
        let mut fruitless = 0;
        loop {
            let before = length(path);
            let failure = match self.download_once(path).await {
                Ok(part) => return Ok(part),
                Err(failure) => failure,
            };
            if matches!(failure.kind, FailureKind::Local | FailureKind::Interrupted) {
                return Err(failure);
            }
            if failure.kind == FailureKind::LinkExpired {
                self.link = None;
            }
            let again =
                failure.kind == FailureKind::LinkExpired || failure.kind.repeat_when_harmless();
            fruitless = if length(path) > before { 0 } else { fruitless + 1 };
            if !again || fruitless >= FRUITLESS {
                return Err(failure);
            }
            let timing = &context.timing.client;
            let asked = failure.retry_after;
            match backoff::wait(timing, fruitless.max(1), asked, context.random.unit()) {
                Wait::TooLong(_) => return Err(failure),
                Wait::Sleep(_) if failure.kind == FailureKind::LinkExpired && fruitless <= 1 => {}
                Wait::Sleep(wait) => {
                    context.tell(&self.item, ItemEvent::Retry { failure, wait });
                    context.sleep(wait).await?;
                }
            }
        }
    }

    async fn download_once(&mut self, path: &Path) -> Result<Part, Failure> {
        let link = self.fresh_link().await?;
        let context = self.run.context.clone();
        let id = self.task.id;
        let etag = context.ledger(move |ledger, _| ledger.output_etag(id)).await?;
        let from = etag
            .map(|etag| ResumePoint { offset: length(path), etag })
            .filter(|point| point.offset > 0);
        let on_retry = self.on_retry();
        let opening = context.service.download(&link, from, self.call(&on_retry));
        let mut download = context.unless_stopped(opening).await??;
        let etag = download.etag.clone();
        context
            .ledger(move |ledger, owner| ledger.keep_output_etag(owner, id, etag.as_deref()))
            .await?;
        let mut sink = Sink::open(path.to_owned(), download.offset).await?;
        self.pour(&mut download, &mut sink).await?;
        sink.finish().await
    }

    async fn pour(&self, download: &mut Download, sink: &mut Sink) -> Result<(), Failure> {
        let context = &self.run.context;
        loop {
            let next = context.unless_stopped(download.chunk()).await;
            match next {
                Ok(Ok(Some(piece))) => {
                    sink.write(piece).await?;
                    let what = ItemEvent::Bytes { done: sink.size, total: download.total };
                    context.tell(&self.item, what);
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
        let Some(job) = self.task.row.job.clone() else {
            let why = "the ledger has no job for this item";
            return Err(Failure::new(FailureKind::Local, "asking for the output", why));
        };
        let on_retry = self.on_retry();
        let service = &self.run.context.service;
        let link = match service.download_link(&job, self.call(&on_retry)).await {
            Err(failure) if !failure.kind.repeat_when_harmless() => {
                let view = service.get(&job, self.call(&on_retry)).await?;
                view.output_url.ok_or(failure)?
            }
            link => link?,
        };
        self.link = Some(link.clone());
        Ok(link)
    }
}

/// The growing file of a download, hashed as it grows.
struct Sink {
    path: PathBuf,
    file: Option<File>,
    hash: Sha256,
    size: u64,
    waiting: Vec<bytes::Bytes>,
    held: usize,
}

/// Bytes that are gathered before they are written: far fewer trips to the writing thread.
const GATHER: usize = 1 << 20;

impl Sink {
    /// Opens the part at `offset`; what lies behind is cut off, what lies before is hashed.
    async fn open(path: PathBuf, offset: u64) -> Result<Self, Failure> {
        blocking(move || {
            let failed = |error: std::io::Error| unwritable(&path, &error);
            let mut file = part_options().open(&path).map_err(failed)?;
            file.set_len(offset).map_err(failed)?;
            let mut hash = Sha256::new();
            hash_into(&mut hash, &mut file).map_err(failed)?;
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
            Ok(Self { path, file: Some(file), hash, size: offset, waiting: Vec::new(), held: 0 })
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
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let pieces = std::mem::take(&mut self.waiting);
        self.held = 0;
        let mut hash = std::mem::take(&mut self.hash);
        let path = self.path.clone();
        let (file, hash) = blocking(move || {
            for piece in &pieces {
                file.write_all(piece).map_err(|error| unwritable(&path, &error))?;
                hash.update(piece);
            }
            Ok((file, hash))
        })
        .await?;
        (self.file, self.hash) = (Some(file), hash);
        Ok(())
    }

    /// Syncs, so that the bytes are on the disk before anything says that they are.
    async fn finish(mut self) -> Result<Part, Failure> {
        self.flush().await?;
        let Self { path, file, hash, size, .. } = self;
        blocking(move || {
            if let Some(file) = file {
                file.sync_all().map_err(|error| unwritable(&path, &error))?;
            }
            Ok(Part { path, sha256: hex::encode(hash.finalize()), size })
        })
        .await
    }
}

fn hash_into(hash: &mut Sha256, file: &mut File) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(&buffer[..read]);
    }
}

fn part_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options
}

/// The name of a part says whose it is, so that a later run finds it and nobody else takes it.
fn part_name(target: Option<&Path>, task: &Task) -> std::ffi::OsString {
    let mut name = std::ffi::OsString::from(".");
    if let Some(file) = target.and_then(Path::file_name) {
        name.push(file);
        name.push(".");
    }
    name.push(&task.correlation[..12.min(task.correlation.len())]);
    name.push(".rbgv-part");
    name
}

/// Makes the directory and the part, and locks the part against other processes.
async fn open_part(path: PathBuf) -> Result<File, Failure> {
    blocking(move || {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        }
        let file = part_options().open(&path).map_err(|error| unwritable(&path, &error))?;
        file.try_lock().map_err(|error| unwritable(&path, &error))?;
        Ok(file)
    })
    .await
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::local(format!("writing {}", path.display()), error)
        .with_next("make room, or choose another place with -o; what was fetched is kept")
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

fn copy(from: &Path, to: &Path, sha256: &str, size: u64) -> Result<Option<Part>, Failure> {
    let failed = |error: std::io::Error| unwritable(to, &error);
    let Ok(mut source) = File::open(from) else { return Ok(None) };
    let mut file = part_options().open(to).map_err(failed)?;
    file.set_len(0).map_err(failed)?;
    std::io::copy(&mut source, &mut file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut hash = Sha256::new();
    hash_into(&mut hash, &mut file).map_err(failed)?;
    let copied = hex::encode(hash.finalize());
    let same = copied == sha256;
    Ok(same.then(|| Part { path: to.to_owned(), sha256: copied, size }))
}

/// Empties a part that is not what it should be, or removes it for good.
fn empty(path: &Path, remove: bool) -> Result<(), Failure> {
    let done = if remove {
        std::fs::remove_file(path)
    } else {
        part_options().open(path).and_then(|file| file.set_len(0))
    };
    done.map_err(|error| unwritable(path, &error))
}

/// Gives a synced part its final name. Nothing that is there is replaced unless asked for.
fn publish(part: &Path, target: &Path, overwrite: bool) -> Result<(), Failure> {
    let renamed = if overwrite {
        std::fs::rename(part, target)
    } else {
        rename_without_replacing(part, target)
    };
    renamed.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            let what = format!("publishing {}", target.display());
            let why = "a file of that name has appeared meanwhile, and is not this input's output";
            let next = "run again with --overwrite to replace it, or with another -o";
            return Failure::new(FailureKind::Local, what, why).with_next(next);
        }
        unwritable(target, &error)
    })?;
    // The name itself has to reach the disk before the ledger says that it is there.
    if let Some(directory) = target.parent() {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| unwritable(directory, &error))?;
    }
    Ok(())
}

/// Renames in one step where the file system can; where it cannot, a second link never replaces
/// anything either.
fn rename_without_replacing(part: &Path, target: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            linkat(CWD, part, CWD, target, AtFlags::empty())?;
            std::fs::remove_file(part)
        }
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishing_replaces_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let (part, target) = (dir.path().join("p"), dir.path().join("t"));
        std::fs::write(&part, b"new").unwrap();
        std::fs::write(&target, b"old").unwrap();
        let refused = publish(&part, &target, false).unwrap_err();
        assert!(refused.next.unwrap().contains("--overwrite"));
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        publish(&part, &target, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert!(!part.exists());
        std::fs::write(&part, b"other").unwrap();
        publish(&part, &dir.path().join("u"), false).unwrap();
        assert!(dir.path().join("u").exists() && !part.exists());
    }

    #[test]
    fn a_copy_that_is_not_the_output_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&from, b"abc").unwrap();
        std::fs::write(&to, b"an older and longer part").unwrap();
        let sha256 = media::hash_file(&from, &|_| ()).unwrap().sha256;
        let part = copy(&from, &to, &sha256, 3).unwrap().unwrap();
        assert_eq!((part.size, std::fs::read(&to).unwrap()), (3, b"abc".to_vec()));
        assert!(copy(&from, &to, "00", 3).unwrap().is_none());
        assert!(copy(&dir.path().join("gone"), &to, &sha256, 3).unwrap().is_none());
    }
}
