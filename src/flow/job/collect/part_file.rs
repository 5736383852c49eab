//! The partial file of an output: opened without following links, checked to be ours, and renamed
//! to the output only while it is still the file that was checked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, OFlags, RenameFlags, linkat, renameat_with};
use sha2::{Digest as _, Sha256};

use crate::blocking::blocking;
use crate::flow::output_file::{file_id, not_a_file, unwritable};
use crate::media;
use crate::model::text::shell_quoted;
use crate::model::{Failure, FailureKind};

/// A complete output in its partial file.
pub(crate) struct CompletePart {
    pub(crate) sha256: String,
    pub(crate) size: u64,
}

/// A part that no other process writes during the lifetime of this value.
pub(crate) struct PartFile {
    path: PathBuf,
    file: File,
}

impl PartFile {
    /// Opens or creates the part at `path`, which has to belong to this user, and locks it. Missing
    /// directories are created.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Failure> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)
                .map_err(|error| unwritable(&path, blocking_part(directory), &error))?;
        }
        let file = match options().create_new(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open_existing(&path)?,
            opened => opened.map_err(|error| cannot_write(&path, &error))?,
        };
        let part = Self { path, file };
        let is_locked = part.file.try_lock().is_ok();
        // Its previous owner may just have published it.
        if !is_locked || !part.is_current() {
            let why = "another process is writing it";
            return Err(Failure::new(
                FailureKind::Local,
                format!("writing {}", part.path.display()),
                why,
            )
            .with_next("run the same command again when that process has ended"));
        }
        Ok(part)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file for reading and writing; all users share one position.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Truncates to `length` bytes, hashes these and seeks to their end.
    pub(crate) fn truncate_and_hash(&self, length: u64) -> Result<Sha256, Failure> {
        let kept = || {
            let mut file = &self.file;
            file.set_len(length)?;
            file.rewind()?;
            let mut hash = Sha256::new();
            hash_into(&mut hash, file)?;
            file.seek(SeekFrom::Start(length))?;
            Ok(hash)
        };
        kept().map_err(|error| cannot_write(&self.path, &error))
    }

    pub(crate) fn remove(&self) -> Result<(), Failure> {
        self.check()?;
        fs::remove_file(&self.path).map_err(|error| cannot_write(&self.path, &error))
    }

    /// The path still names this file.
    fn is_current(&self) -> bool {
        let names = fs::symlink_metadata(&self.path).ok().zip(self.file.metadata().ok());
        names.is_some_and(|(found, opened)| found.is_file() && file_id(&found) == file_id(&opened))
    }

    /// # Errors
    ///
    /// The path does not name this file any more.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_current() { Ok(()) } else { Err(replaced(&self.path)) }
    }

    /// Renames the synced part to its final name. Replaces a regular file with `overwrite`, and
    /// never anything else.
    pub(crate) fn publish(&self, target: &Path, overwrite: bool) -> Result<(), Failure> {
        let what = || format!("publishing {}", target.display());
        self.check()?;
        if overwrite
            && let Ok(found) = fs::symlink_metadata(target)
            && !found.is_file()
        {
            return Err(not_a_file(what(), target, found.file_type()));
        }
        let renamed = if overwrite {
            fs::rename(&self.path, target)
        } else {
            rename_without_replacing(&self.path, target)
        };
        renamed.map_err(|error| {
            if error.kind() == ErrorKind::AlreadyExists {
                let why = "another file with this name was created meanwhile";
                let next = "run again with --overwrite, or with another -o";
                return Failure::new(FailureKind::Local, what(), why).with_next(next);
            }
            cannot_write(target, &error)
        })?;
        let published = fs::symlink_metadata(target).ok().zip(self.file.metadata().ok());
        if published.is_none_or(|(found, opened)| file_id(&found) != file_id(&opened)) {
            return Err(replaced(target));
        }
        // The directory entry has to reach the disk before the ledger says that the file exists.
        if let Some(directory) = target.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(|error| cannot_write(target, &error))?;
        }
        Ok(())
    }
}

/// Opens an existing part, if it is a regular file of this user with a single link.
fn open_existing(path: &Path) -> Result<File, Failure> {
    let is_ours = |file: &File| {
        let user = rustix::process::geteuid().as_raw();
        file.metadata()
            .is_ok_and(|found| found.is_file() && found.nlink() == 1 && found.uid() == user)
    };
    options().open(path).ok().filter(is_ours).ok_or_else(|| {
        let why = "the partial file is a link, or belongs to another user";
        Failure::new(FailureKind::Local, format!("writing {}", path.display()), why)
            .with_next(format!("rm {}, then run the same command again", shell_quoted(path)))
    })
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.read(true).write(true).custom_flags(flags.bits().cast_signed());
    options
}

pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    unwritable(path, path.parent().unwrap_or(path), error)
}

/// The first component of a directory's path that is not a directory, or the directory itself.
fn blocking_part(directory: &Path) -> &Path {
    let is_file = |part: &&Path| fs::metadata(part).is_ok_and(|metadata| !metadata.is_dir());
    directory.ancestors().find(is_file).unwrap_or(directory)
}

fn replaced(path: &Path) -> Failure {
    let why = "the partial file was replaced by another file";
    Failure::new(FailureKind::Local, format!("writing {}", path.display()), why)
        .with_next(format!("ls -la {}", shell_quoted(path)))
}

fn hash_into(hash: &mut Sha256, mut file: &File) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(&buffer[..read]);
    }
}

/// Renames in one step where the file system can; elsewhere a hard link, which never replaces
/// anything either.
fn rename_without_replacing(part: &Path, target: &Path) -> io::Result<()> {
    match renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            linkat(CWD, part, CWD, target, AtFlags::empty())?;
            fs::remove_file(part)
        }
        Err(errno) => Err(errno.into()),
    }
}

/// The partial file of a download, hashed as it grows.
pub(crate) struct PartWriter {
    pub(crate) part: Arc<PartFile>,
    hash: Sha256,
    pub(crate) size: u64,
    buffer: Vec<bytes::Bytes>,
    buffered: usize,
}

/// Write buffer in bytes: far fewer trips to the writing thread.
const WRITE_BUFFER: usize = 1 << 20;

impl PartWriter {
    /// Continues the part at `offset`: later bytes are cut off, earlier ones hashed.
    pub(crate) async fn open(part: Arc<PartFile>, offset: u64) -> Result<Self, Failure> {
        blocking(move || {
            let hash = part.truncate_and_hash(offset)?;
            Ok(Self { part, hash, size: offset, buffer: Vec::new(), buffered: 0 })
        })
        .await
    }

    pub(crate) async fn write(&mut self, chunk: bytes::Bytes) -> Result<(), Failure> {
        self.size += chunk.len() as u64;
        self.buffered += chunk.len();
        self.buffer.push(chunk);
        if self.buffered < WRITE_BUFFER { Ok(()) } else { self.flush().await }
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
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
    pub(crate) async fn finish(mut self) -> Result<CompletePart, Failure> {
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
pub(crate) fn check_free_space(path: &Path, bytes: u64) -> Result<(), Failure> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    media::check_space(directory.unwrap_or(Path::new(".")), bytes)
        .map_err(|error| cannot_write(path, &error))
}

/// Copies the output at `from`; `None` if it is not that output.
pub(crate) fn copy(
    from: &Path,
    to: &PartFile,
    sha256: &str,
) -> Result<Option<CompletePart>, Failure> {
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
    use crate::flow::output_file::part_name;
    use crate::model::Target;
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn part(directory: &Path, content: &[u8]) -> PartFile {
        let part = PartFile::open(directory.join(".p.rbgv-part")).unwrap();
        part.file().write_all(content).unwrap();
        part
    }

    #[test]
    fn a_name_is_short_and_differs_by_attempt_and_target() {
        let long = Target::File(format!("/out/{}.webm", "n".repeat(250)).into());
        let name = part_name(Some(&long), "c1");
        assert!(name.len() <= 28, "{}", name.display());
        assert_eq!(name, part_name(Some(&long), "c1"));
        assert_ne!(name, part_name(Some(&long), "c2"));
        assert_ne!(name, part_name(Some(&"/out/a.webm".into()), "c1"));
    }

    #[test]
    fn publishing_replaces_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t");
        fs::write(&target, b"old").unwrap();
        let new = part(dir.path(), b"new");
        let refused = new.publish(&target, false).unwrap_err();
        assert!(refused.next.unwrap().contains("--overwrite"));
        assert_eq!(fs::read(&target).unwrap(), b"old");
        new.publish(&target, true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(!new.path().exists());
        let other = part(dir.path(), b"other");
        other.publish(&dir.path().join("u"), false).unwrap();
        assert!(dir.path().join("u").exists() && !other.path().exists());
    }

    #[test]
    fn nothing_but_a_regular_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let new = part(dir.path(), b"new");
        let (victim, link) = (dir.path().join("victim"), dir.path().join("link"));
        fs::write(&victim, b"precious").unwrap();
        symlink(&victim, &link).unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let directory = dir.path().join("directory");
        fs::create_dir(&directory).unwrap();
        for target in [&link, &pipe, &directory] {
            let before = fs::symlink_metadata(target).unwrap();
            for overwrite in [false, true] {
                assert!(new.publish(target, overwrite).is_err(), "{}", target.display());
            }
            assert_eq!(file_id(&fs::symlink_metadata(target).unwrap()), file_id(&before));
        }
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn what_was_planted_under_its_name_is_neither_written_nor_published() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, path) = (dir.path().join("victim"), dir.path().join(".p.rbgv-part"));
        fs::write(&victim, b"precious").unwrap();
        let refused = |what: &str| {
            let Err(refused) = PartFile::open(path.clone()) else { panic!("{what} was opened") };
            assert_eq!(refused.kind, FailureKind::Local, "{what}");
            assert!(refused.next.unwrap().starts_with("rm "), "{what}");
            assert_eq!(fs::read(&victim).unwrap(), b"precious", "{what}");
        };
        symlink(&victim, &path).unwrap();
        refused("a link");
        fs::remove_file(&path).unwrap();
        symlink(dir.path().join("nowhere"), &path).unwrap();
        refused("a link to nowhere");
        assert!(!dir.path().join("nowhere").exists());
        fs::remove_file(&path).unwrap();
        fs::hard_link(&victim, &path).unwrap();
        refused("a second name");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused("a directory");
        fs::remove_dir(&path).unwrap();

        let part = part(dir.path(), b"checked");
        fs::remove_file(part.path()).unwrap();
        fs::write(part.path(), b"planted").unwrap();
        let target = dir.path().join("t");
        assert!(part.publish(&target, false).unwrap_err().why.contains("another file"));
        assert!(part.remove().is_err());
        assert!(!target.exists() && part.path().exists());
    }

    #[test]
    fn one_process_writes_it_at_a_time_and_a_part_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let first = part(dir.path(), b"some bytes");
        assert!(PartFile::open(first.path().to_owned()).is_err());
        drop(first);
        let again = PartFile::open(dir.path().join(".p.rbgv-part")).unwrap();
        assert_eq!(again.length(), 10);
        again.truncate_and_hash(4).unwrap();
        again.file().write_all(b"thing").unwrap();
        assert_eq!(fs::read(again.path()).unwrap(), b"something");
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
