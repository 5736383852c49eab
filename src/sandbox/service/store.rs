//! The sandbox's state on disk: plain JSON files beside the media, each replaced atomically.
//!
//! ```text
//! service.json         keys (hashed), clients, earlier origins
//! jobs/ID.json         one job with its charges
//! uploads/ID           the bytes; uploads/ID.json what is known of them
//! outputs/ID.EXT       finished outputs
//! work/                unfinished files; emptied at start
//! ```
//!
//! A file is whole after the process was killed at any moment; a power cut may lose the last ones.
//! One sandbox at a time may use a directory. Without `--state` the same directories are temporary,
//! and no JSON is written. A sandbox in process has no directory at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::{NamedTempFile, TempDir};

/// Where the state is kept.
pub(crate) enum Store {
    /// In a directory.
    Disk(Disk),
    /// Nowhere but in memory: nothing is written, and nothing needs a file.
    Memory,
}

/// The directory of a sandbox.
pub(crate) struct Disk {
    root: PathBuf,
    /// Removes a temporary root when the sandbox ends.
    temporary: Option<TempDir>,
    /// Held as long as the store is, so that no second sandbox clears our work away.
    _lock: fs::File,
}

impl Store {
    /// Opens `state`, or a temporary directory when there is none.
    pub(crate) fn open(state: Option<&Path>) -> io::Result<Self> {
        let (root, temporary) = if let Some(state) = state {
            create_private(state)?;
            (state.to_owned(), None)
        } else {
            let directory = tempfile::Builder::new().prefix("rbgv-sandbox-").tempdir()?;
            (directory.path().to_owned(), Some(directory))
        };
        let lock = fs::File::create(root.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{} is in use by another sandbox", root.display()),
            ),
            fs::TryLockError::Error(error) => error,
        })?;
        for part in ["jobs", "uploads", "outputs", "work"] {
            fs::create_dir_all(root.join(part))?;
        }
        let disk = Disk { root, temporary, _lock: lock };
        disk.clear_work()?;
        Ok(Self::Disk(disk))
    }

    /// The directory, if there is one.
    pub(crate) fn disk(&self) -> Option<&Disk> {
        match self {
            Self::Disk(disk) => Some(disk),
            Self::Memory => None,
        }
    }

    /// The directory, if it outlives the sandbox.
    fn kept(&self) -> Option<&Disk> {
        self.disk().filter(|disk| disk.temporary.is_none())
    }

    /// Writes `record` under `folder/name.json`, whole or not at all.
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

    /// Removes a record; one that is not there is as good as removed.
    pub(crate) fn remove(&self, folder: &str, name: &str) {
        if let Some(disk) = self.kept() {
            let _ = fs::remove_file(disk.root.join(folder).join(format!("{name}.json")));
        }
    }

    /// Reads `folder/name.json`, if it is there.
    pub(crate) fn load<T: DeserializeOwned>(
        &self,
        folder: &str,
        name: &str,
    ) -> io::Result<Option<T>> {
        let Some(disk) = self.kept() else { return Ok(None) };
        let path = disk.root.join(folder).join(format!("{name}.json"));
        match fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads every record in `folder`.
    pub(crate) fn load_all<T: DeserializeOwned>(&self, folder: &str) -> io::Result<Vec<T>> {
        let Some(disk) = self.kept() else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        for entry in fs::read_dir(disk.root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                records.push(parse(&path, &fs::read(&path)?)?);
            }
        }
        Ok(records)
    }
}

impl Disk {
    fn clear_work(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.work())? {
            let path = entry?.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
        Ok(())
    }

    /// Directory for unfinished files.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The bytes of an upload. Identifiers are ours, never a client's words.
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

/// Keys and uploads are nobody else's business on a shared machine.
fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_only_with_a_state_directory() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(Some(place.path())).unwrap();
        store.save("jobs", "a", &vec![1, 2]).unwrap();
        fs::write(store.disk().unwrap().work().join("half"), b"x").unwrap();
        let second = Store::open(Some(place.path())).err().unwrap();
        assert!(second.to_string().contains("in use by another sandbox"), "{second}");
        drop(store);
        let again = Store::open(Some(place.path())).unwrap();
        assert_eq!(again.load::<Vec<i32>>("jobs", "a").unwrap(), Some(vec![1, 2]));
        assert_eq!(again.load_all::<Vec<i32>>("jobs").unwrap().len(), 1);
        assert!(fs::read_dir(again.disk().unwrap().work()).unwrap().next().is_none());

        let temporary = Store::open(None).unwrap();
        temporary.save("jobs", "a", &1).unwrap();
        assert_eq!(temporary.load::<i32>("jobs", "a").unwrap(), None);
    }

    #[test]
    fn damage_is_reported_with_the_file() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(Some(place.path())).unwrap();
        fs::write(place.path().join("jobs/b.json"), b"{").unwrap();
        let error = store.load_all::<i32>("jobs").unwrap_err();
        assert!(error.to_string().contains("b.json"), "{error}");
    }
}
