//! SHA-256, size and modification time of a file.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

/// Bytes per read and per progress report. Fits into the L2 cache; blocks of four times the size
/// take a third longer.
const BLOCK_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentHash {
    /// In lower-case hex.
    pub sha256: String,
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified: i64,
}

impl ContentHash {
    /// Whether size and modification time of the file at `path` are unchanged.
    pub fn is_current(&self, path: &Path) -> io::Result<bool> {
        is_unchanged(path, self.size, self.modified)
    }
}

/// Whether the file at `path` has this size and modification time, in nanoseconds since 1970.
pub fn is_unchanged(path: &Path, size: u64, modified: i64) -> io::Result<bool> {
    Ok(stamp(&std::fs::metadata(path)?) == (size, modified))
}

/// Hashes the file at `path` in constant memory. `progress` receives the number of bytes read.
///
/// # Errors
///
/// The file cannot be read, or changed meanwhile.
pub fn hash_file(path: &Path, progress: &dyn Fn(u64)) -> io::Result<ContentHash> {
    let mut file = File::open(path)?;
    let before = stamp(&file.metadata()?);
    let mut digest = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut done = 0;
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&block[..read]);
        done += read as u64;
        progress(done);
    }
    let (size, modified) = stamp(&file.metadata()?);
    if (size, modified) != before || size != done {
        return Err(io::Error::other("it changed while it was read"));
    }
    Ok(ContentHash { sha256: hex::encode(digest.finalize()), size, modified })
}

/// Size and modification time in nanoseconds; 0 if unknown.
fn stamp(metadata: &Metadata) -> (u64, i64) {
    let modified =
        metadata.modified().ok().and_then(|time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok(),
            Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|n| -n),
        });
    (metadata.len(), modified.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn the_hash_is_the_one_that_others_compute() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        let reported = RefCell::new(Vec::new());
        let hash = hash_file(&path, &|done| reported.borrow_mut().push(done)).unwrap();
        assert_eq!(hash.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((hash.size, reported.into_inner()), (3, vec![3]));
        assert!(hash.is_current(&path).unwrap());
        std::fs::write(&path, b"abcd").unwrap();
        assert!(!hash.is_current(&path).unwrap());
    }

    #[test]
    fn a_large_file_is_read_in_blocks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zeros");
        std::fs::write(&path, vec![0; BLOCK_BYTES * 2 + 1]).unwrap();
        let reported = RefCell::new(Vec::new());
        let hash = hash_file(&path, &|done| reported.borrow_mut().push(done)).unwrap();
        assert_eq!(reported.borrow().last(), Some(&hash.size));
        assert!(reported.borrow().is_sorted());
    }
}
