//! How much an archive may hold, and the counting that holds it to that.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::PathBuf;

use super::entry_name;
use super::error::ArchiveError;

/// How much an archive may hold. What passes any of these is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveBounds {
    /// Entries, directories included.
    pub entries: usize,
    /// Bytes in all, unpacked.
    pub total_bytes: u64,
    /// Unpacked bytes for each packed one. Not applied to the first 64 MB, since a few empty
    /// pictures alone may pack extremely well.
    pub ratio: u64,
}

impl Default for ArchiveBounds {
    /// Two hours at 25 pictures a second, 64 GB, and more than pictures can be packed.
    fn default() -> Self {
        Self { entries: 200_000, total_bytes: 64_000_000_000, ratio: 200 }
    }
}

/// Up to here the ratio is not looked at.
const RATIO_FLOOR: u64 = 64_000_000;

/// Counts unpacked bytes against the bounds.
pub(crate) struct UnpackedBytes {
    bounds: ArchiveBounds,
    packed: u64,
    unpacked: Cell<u64>,
}

impl UnpackedBytes {
    /// For an archive of `packed` bytes.
    pub(crate) fn new(bounds: ArchiveBounds, packed: u64) -> Self {
        Self { bounds, packed, unpacked: Cell::new(0) }
    }

    fn add(&self, bytes: usize) -> Result<(), ArchiveError> {
        let unpacked = self.unpacked.get().saturating_add(bytes as u64);
        self.unpacked.set(unpacked);
        if unpacked > self.bounds.total_bytes {
            return Err(ArchiveError::TooLarge(self.bounds.total_bytes));
        }
        if unpacked > RATIO_FLOOR && unpacked / self.packed.max(1) > self.bounds.ratio {
            return Err(ArchiveError::Bomb(self.bounds.ratio));
        }
        Ok(())
    }

    /// `source`, counted.
    pub(crate) fn meter<R: Read>(&self, source: R) -> Metered<'_, R> {
        Metered { source, count: self }
    }
}

/// A reader that fails as soon as more came out of it than allowed.
pub(crate) struct Metered<'a, R> {
    source: R,
    count: &'a UnpackedBytes,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.count.add(read).map_err(io::Error::other)?;
        Ok(read)
    }
}

/// Most bytes that the names of an archive, or its directory, take.
pub(crate) const NAMES_MAX: usize = 64 * 1024 * 1024;

/// The names seen so far.
pub(crate) struct Names {
    most: usize,
    entries: usize,
    bytes: usize,
    /// Of each name in lower case, whether it is a file.
    known: HashMap<String, bool>,
}

impl Names {
    pub(crate) fn new(bounds: ArchiveBounds) -> Self {
        Self { most: bounds.entries, entries: 0, bytes: 0, known: HashMap::new() }
    }

    /// Most entries that are allowed.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Admits one more entry under `name`, as a path that is safe to join to a directory. `None` for
    /// what is passed over.
    pub(crate) fn admit(
        &mut self,
        name: &[u8],
        is_file: bool,
    ) -> Result<Option<PathBuf>, ArchiveError> {
        self.count(1, name.len())?;
        if entry_name::is_litter(name) {
            return Ok(None);
        }
        let path = entry_name::checked(name, is_file)?;
        let duplicate = || ArchiveError::Duplicate(path.to_string_lossy().into_owned());
        // Some file systems do not tell letter case apart.
        let lower = path.to_string_lossy().to_lowercase();
        // Directories that no entry is for are made as well, and count.
        for (end, _) in lower.match_indices('/') {
            match self.known.get(&lower[..end]) {
                Some(true) => return Err(duplicate()),
                Some(false) => {}
                None => {
                    self.count(1, end)?;
                    self.known.insert(lower[..end].to_owned(), false);
                }
            }
        }
        match self.known.get(&lower) {
            Some(was_file) if is_file || *was_file => return Err(duplicate()),
            _ => self.known.insert(lower, is_file),
        };
        Ok(Some(path))
    }

    fn count(&mut self, entries: usize, bytes: usize) -> Result<(), ArchiveError> {
        self.entries += entries;
        self.bytes += bytes;
        if self.entries > self.most {
            return Err(ArchiveError::TooMany(self.most));
        }
        if self.bytes > NAMES_MAX {
            return Err(ArchiveError::TooManyNames(NAMES_MAX));
        }
        Ok(())
    }
}
