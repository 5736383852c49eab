//! The sandbox's state on disk: plain JSON files beside the media, each replaced atomically.
//!
//! ```text
//! .rbgv-sandbox        marks the directory as one that a sandbox made
//! service.json         keys (hashed), clients, earlier origins
//! jobs/ID.json         one job with its charges
//! uploads/ID           the bytes; uploads/ID.json what is known of them
//! outputs/ID.EXT       finished outputs
//! work/                unfinished files; what a sandbox left there is removed at start
//! ```
//!
//! A directory is used only if it is new, empty, or marked; if it belongs to this user; and if nobody
//! else may write to it. Links in it are refused, because they could make the sandbox read or remove
//! files elsewhere. Of `work/`, only names that a sandbox gave are removed.
//!
//! A file is whole after the process was killed at any moment; a power cut may lose the last ones.
//! One sandbox at a time may use a directory. Without `--state` the same directories are temporary,
//! and no JSON is written. A sandbox in process has no directory at all.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::{NamedTempFile, TempDir};

pub(crate) enum Store {
    /// In a directory.
    Disk(Disk),
    /// In memory, without any file.
    Memory,
}

/// The directory of a sandbox.
pub(crate) struct Disk {
    root: PathBuf,
    /// Removes a temporary directory at the end.
    temporary: Option<TempDir>,
    /// Held while the store exists, so that no second sandbox deletes unfinished work.
    _lock: fs::File,
}

/// Attempts to get the lock, with a pause after each.
const LOCK_ATTEMPTS: u32 = 20;

const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Locks the store. Retries, since a child process that is being started holds the files of its
/// parent for a moment.
fn hold(lock: &fs::File, root: &Path) -> io::Result<()> {
    for _ in 0..LOCK_ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("{} is in use by another sandbox", root.display()),
    ))
}

impl Store {
    /// Opens `state`, or a temporary directory.
    ///
    /// # Errors
    ///
    /// The directory does not belong to a sandbox, is in use, or cannot be read or written.
    pub(crate) fn open(state: Option<&Path>) -> io::Result<Self> {
        let (root, temporary) = if let Some(state) = state {
            (state.to_owned(), None)
        } else {
            let directory = tempfile::Builder::new().prefix("rbgv-sandbox-").tempdir()?;
            (directory.path().to_owned(), Some(directory))
        };
        claim(&root)?;
        let lock = lock(&root.join("lock"))?;
        hold(&lock, &root)?;
        for part in ["jobs", "uploads", "outputs", "work"] {
            let part = root.join(part);
            private_directory(&part)?;
            check_directory(&part)?;
        }
        for part in ["jobs", "uploads", "outputs"] {
            check_files(&root.join(part))?;
        }
        let disk = Disk { root, temporary, _lock: lock };
        disk.clear_work()?;
        Ok(Self::Disk(disk))
    }

    pub(crate) fn disk(&self) -> Option<&Disk> {
        match self {
            Self::Disk(disk) => Some(disk),
            Self::Memory => None,
        }
    }

    /// The directory, if it is persistent.
    fn kept(&self) -> Option<&Disk> {
        self.disk().filter(|disk| disk.temporary.is_none())
    }

    /// Writes `record` to `folder/name.json` atomically.
    pub(crate) fn save<T: Serialize>(
        &self,
        folder: &str,
        name: &str,
        record: &T,
    ) -> io::Result<()> {
        let Some(disk) = self.kept() else { return Ok(()) };
        let folder = disk.root.join(folder);
        let mut file = NamedTempFile::new_in(&folder)?;
        serde_json::to_writer(&mut file, record)?;
        file.flush()?;
        file.persist(folder.join(format!("{name}.json")))?;
        Ok(())
    }

    /// Removes a record, which may not exist.
    pub(crate) fn remove(&self, folder: &str, name: &str) {
        if let Some(disk) = self.kept() {
            let _ = fs::remove_file(disk.root.join(folder).join(format!("{name}.json")));
        }
    }

    pub(crate) fn load<T: DeserializeOwned>(
        &self,
        folder: &str,
        name: &str,
    ) -> io::Result<Option<T>> {
        let Some(disk) = self.kept() else { return Ok(None) };
        let path = disk.root.join(folder).join(format!("{name}.json"));
        match read(&path) {
            Ok(bytes) => parse(&path, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads every record in `folder`, whose `id` must match its file name, and which must name only files
    /// that a sandbox would have given to it.
    pub(crate) fn load_all<T: DeserializeOwned>(
        &self,
        folder: &str,
        id: impl Fn(&T) -> &str,
        names_own_files: impl Fn(&T) -> bool,
    ) -> io::Result<Vec<T>> {
        let Some(disk) = self.kept() else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        for entry in fs::read_dir(disk.root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let record = parse(&path, &read(&path)?)?;
                let named = path.file_stem().and_then(|stem| stem.to_str());
                if !is_id(id(&record)) || named != Some(id(&record)) {
                    return Err(refused(&path, "its id is not the name of the file"));
                }
                if !names_own_files(&record) {
                    return Err(refused(&path, "it names a file that is not its own"));
                }
                records.push(record);
            }
        }
        Ok(records)
    }
}

impl Disk {
    /// Removes unfinished work of an earlier sandbox. Links are removed, not followed.
    fn clear_work(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.work())? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(UNFINISHED_PREFIX) {
                continue;
            }
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// A temporary file for arriving bytes.
    pub(crate) fn work_file(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(UNFINISHED_PREFIX).tempfile_in(self.work())
    }

    pub(crate) fn work_directory(&self) -> io::Result<TempDir> {
        tempfile::Builder::new().prefix(UNFINISHED_PREFIX).tempdir_in(self.work())
    }

    fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The file of an upload. Ids are generated, never taken from a client.
    pub(crate) fn upload(&self, id: &str) -> PathBuf {
        self.root.join("uploads").join(id)
    }

    /// A finished output.
    pub(crate) fn output(&self, name: &str) -> PathBuf {
        self.root.join("outputs").join(name)
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    })
}

/// File that marks the directory of a sandbox.
const MARKER_FILE: &str = ".rbgv-sandbox";

const MARKER_TEXT: &str = "State of `rbgv sandbox`. It removes files in this directory.\n";

/// Prefix of the names of unfinished files.
const UNFINISHED_PREFIX: &str = "unfinished-";

/// Checks that `root` is a directory of a sandbox; marks a new or empty one.
fn claim(root: &Path) -> io::Result<()> {
    private_directory(root)?;
    let mode = check_owner(root)?;
    let mark = root.join(MARKER_FILE);
    if !is_there(&mark)? {
        if fs::read_dir(root)?.next().is_some() && !is_there(&mark)? {
            return Err(refused(
                root,
                "it has files in it and was not made by rbgv sandbox; name a directory that is new or \
                 empty",
            ));
        }
        // It is empty and will contain keys.
        fs::set_permissions(root, fs::Permissions::from_mode(0o700))?;
        let mut options = fs::OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&mark) {
            Ok(mut file) => file.write_all(MARKER_TEXT.as_bytes())?,
            // Another sandbox was faster; the lock decides.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    } else if mode & 0o022 != 0 {
        return Err(writable(root));
    }
    check_file(&mark)
}

fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates a directory that other users cannot read.
fn private_directory(directory: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        // The following checks apply to an existing one.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Checks for a directory of this user, not a link, that nobody else can write to.
fn check_directory(path: &Path) -> io::Result<()> {
    if check_owner(path)? & 0o022 != 0 { Err(writable(path)) } else { Ok(()) }
}

/// The mode of a directory of this user that is not a link.
fn check_owner(path: &Path) -> io::Result<u32> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(refused(path, "it is a link, and links are not followed"));
    }
    if !found.is_dir() {
        return Err(refused(path, "it is not a directory"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "it belongs to another user"));
    }
    Ok(found.mode())
}

/// Checks that every file in `folder` is a regular file, since a link could point anywhere.
fn check_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            return Err(not_plain(&entry.path()));
        }
    }
    Ok(())
}

fn check_file(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() { Ok(()) } else { Err(not_plain(path)) }
}

/// Opens the lock file without truncating it or following links.
fn lock(path: &Path) -> io::Result<fs::File> {
    if is_there(path)? {
        check_file(path)?;
    }
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(NOFOLLOW_FLAG)
        .open(path)
}

/// Reads a plain file.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    check_file(path)?;
    let mut bytes = Vec::new();
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(NOFOLLOW_FLAG)
        .open(path)?
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Fails instead of following a link.
#[expect(clippy::cast_possible_wrap, reason = "a flag is a bit pattern")]
const NOFOLLOW_FLAG: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
}

fn writable(path: &Path) -> io::Error {
    let shown = path.display();
    refused(path, &format!("other users may write to it; run: chmod go-w {shown}"))
}

fn not_plain(path: &Path) -> io::Error {
    refused(path, "it is not a plain file, and rbgv sandbox makes no links; remove it")
}

/// Whether `id` is valid as a part of file names.
pub(crate) fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !id.is_empty() && id.len() <= 64 && id.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn state() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let state = place.path().join("state");
        (place, state)
    }

    fn refusal(state: &Path) -> String {
        Store::open(Some(state)).err().expect("refused").to_string()
    }

    #[test]
    fn records_survive_only_with_a_state_directory() {
        let (_place, state) = state();
        let store = Store::open(Some(&state)).unwrap();
        store.save("jobs", "a", &"a").unwrap();
        let unfinished = store.disk().unwrap().work_directory().unwrap().keep();
        fs::write(unfinished.join("half"), b"x").unwrap();
        store.disk().unwrap().work_file().unwrap().keep().unwrap();
        assert!(refusal(&state).contains("in use by another sandbox"));
        drop(store);
        let again = Store::open(Some(&state)).unwrap();
        assert_eq!(again.load::<String>("jobs", "a").unwrap().as_deref(), Some("a"));
        assert_eq!(again.load_all::<String>("jobs", |id| id, |_| true).unwrap(), ["a"]);
        assert!(fs::read_dir(again.disk().unwrap().work()).unwrap().next().is_none());

        let temporary = Store::open(None).unwrap();
        temporary.save("jobs", "a", &1).unwrap();
        assert_eq!(temporary.load::<i32>("jobs", "a").unwrap(), None);
    }

    #[test]
    fn damage_is_reported_with_the_file() {
        let (_place, state) = state();
        let store = Store::open(Some(&state)).unwrap();
        fs::write(state.join("jobs/b.json"), b"{").unwrap();
        let error = store.load_all::<String>("jobs", |id| id, |_| true).unwrap_err();
        assert!(error.to_string().contains("b.json"), "{error}");
        for (name, id) in [("c", "other"), ("c", "../../c"), ("d.e", "d.e")] {
            let path = state.join(format!("jobs/{name}.json"));
            fs::write(&path, format!("{id:?}")).unwrap();
            fs::write(state.join("jobs/b.json"), "\"b\"").unwrap();
            let error = store.load_all::<String>("jobs", |id| id, |_| true).unwrap_err();
            assert!(error.to_string().contains("its id"), "{error}");
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_directory_that_no_sandbox_made_is_left_as_it_is() {
        let (place, _) = state();
        fs::create_dir(place.path().join("work")).unwrap();
        fs::write(place.path().join("work/thesis.txt"), "years").unwrap();
        fs::write(place.path().join("lock"), "kept").unwrap();
        assert!(refusal(place.path()).contains("not made by rbgv sandbox"));
        assert_eq!(fs::read_to_string(place.path().join("work/thesis.txt")).unwrap(), "years");
        assert_eq!(fs::read_to_string(place.path().join("lock")).unwrap(), "kept");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "nothing was added");

        // A marker that was copied with the files does not permit removing them.
        fs::write(place.path().join(MARKER_FILE), MARKER_TEXT).unwrap();
        drop(Store::open(Some(place.path())).unwrap());
        assert_eq!(fs::read_to_string(place.path().join("work/thesis.txt")).unwrap(), "years");
        assert_eq!(fs::read_to_string(place.path().join("lock")).unwrap(), "kept");
    }

    #[test]
    fn no_link_is_followed_wherever_it_is_planted() {
        let home = tempfile::tempdir().unwrap();
        for below in ["unfinished-letter", "a.json", "precious"] {
            fs::write(home.path().join(below), "precious").unwrap();
        }
        let file = home.path().join("precious");
        let planted: [(&str, &Path); 8] = [
            ("work", home.path()),
            ("jobs", home.path()),
            ("uploads", home.path()),
            ("outputs", home.path()),
            ("lock", &file),
            (MARKER_FILE, &file),
            ("uploads/vid_1", &file),
            ("outputs/job_1-1.webm", &file),
        ];
        for (name, to) in planted {
            let (_place, state) = state();
            drop(Store::open(Some(&state)).unwrap());
            let link = state.join(name);
            if link.is_dir() {
                fs::remove_dir(&link).unwrap();
            } else if link.exists() {
                fs::remove_file(&link).unwrap();
            }
            symlink(to, &link).unwrap();
            let message = refusal(&state);
            assert!(message.contains("link") && message.contains(name), "{name}: {message}");
        }
        let (place, state) = state();
        symlink(home.path(), &state).unwrap();
        assert!(refusal(&state).contains("link"));
        // In `work`, a link with one of our names is removed, and what it leads to stays.
        let real = place.path().join("real");
        drop(Store::open(Some(&real)).unwrap());
        symlink(home.path(), real.join("work/unfinished-1")).unwrap();
        drop(Store::open(Some(&real)).unwrap());
        assert!(!is_there(&real.join("work/unfinished-1")).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3);
        assert_eq!(fs::read_to_string(file).unwrap(), "precious");
    }

    #[test]
    fn only_a_directory_of_this_user_that_others_cannot_write_to_is_used() {
        let (_place, state) = state();
        drop(Store::open(Some(&state)).unwrap());
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&state, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(refusal(&state).contains("chmod go-w"));
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(state.join("work"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(refusal(&state).contains("chmod go-w"));
        if rustix::process::geteuid().is_root() {
            let (_place, theirs) = self::state();
            fs::create_dir(&theirs).unwrap();
            std::os::unix::fs::chown(&theirs, Some(65_534), None).unwrap();
            assert!(refusal(&theirs).contains("another user"));
        }
        // An empty directory is made private before anything is put there.
        let (_place, empty) = self::state();
        fs::create_dir(&empty).unwrap();
        fs::set_permissions(&empty, fs::Permissions::from_mode(0o777)).unwrap();
        drop(Store::open(Some(&empty)).unwrap());
        assert_eq!(fs::metadata(&empty).unwrap().mode() & 0o777, 0o700);
    }
}
