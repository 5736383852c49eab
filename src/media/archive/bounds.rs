//! Maximum content of an archive, and the counters that enforce it.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::PathBuf;

use super::entry_name;
use super::error::ArchiveError;

/// Maximum content of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveBounds {
    /// Entries, including directories.
    pub entries: usize,
    /// Unpacked bytes in total.
    pub total_bytes: u64,
    /// Unpacked bytes per packed byte. Not applied to the first 64 MB: a few empty pictures
    /// compress extremely well.
    pub ratio: u64,
}

impl Default for ArchiveBounds {
    /// Two hours at 25 pictures per second, 64 GB, and a ratio above that of real pictures.
    fn default() -> Self {
        Self { entries: 200_000, total_bytes: 64_000_000_000, ratio: 200 }
    }
}

/// Unpacked bytes up to which the ratio is not checked.
const RATIO_MIN_BYTES: u64 = 64_000_000;

/// Counts unpacked bytes against the bounds.
pub(crate) struct UnpackedBytes {
    bounds: ArchiveBounds,
    packed: u64,
    unpacked: Cell<u64>,
}

impl UnpackedBytes {
    pub(crate) fn new(bounds: ArchiveBounds, packed: u64) -> Self {
        Self { bounds, packed, unpacked: Cell::new(0) }
    }

    fn add(&self, bytes: usize) -> Result<(), ArchiveError> {
        let unpacked = self.unpacked.get().saturating_add(bytes as u64);
        self.unpacked.set(unpacked);
        if unpacked > self.bounds.total_bytes {
            return Err(ArchiveError::TooLarge(self.bounds.total_bytes));
        }
        if unpacked > RATIO_MIN_BYTES && unpacked / self.packed.max(1) > self.bounds.ratio {
            return Err(ArchiveError::Bomb(self.bounds.ratio));
        }
        Ok(())
    }

    /// `source` with its bytes counted.
    pub(crate) fn meter<R: Read>(&self, source: R) -> Metered<'_, R> {
        Metered { source, count: self }
    }
}

/// A reader that fails when the limits are exceeded.
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

/// Maximum size of all names, or of the central directory, in bytes.
pub(crate) const MAX_NAMES_BYTES: usize = 64 * 1024 * 1024;

pub(crate) struct Names {
    pub(crate) max_entries: usize,
    entries: usize,
    bytes: usize,
    /// Names in lower case, with whether each is a file.
    known: HashMap<String, bool>,
}

impl Names {
    pub(crate) fn new(bounds: ArchiveBounds) -> Self {
        Self { max_entries: bounds.entries, entries: 0, bytes: 0, known: HashMap::new() }
    }

    /// Checks and counts an entry. Returns a path that is safe to join to a directory, or `None`
    /// for an entry to skip.
    pub(crate) fn admit(
        &mut self,
        name: &[u8],
        is_file: bool,
    ) -> Result<Option<PathBuf>, ArchiveError> {
        self.count(1, name.len())?;
        if entry_name::is_litter(name) {
            return Ok(None);
        }
        let path = entry_name::safe_path(name, is_file)?;
        let duplicate = || ArchiveError::Duplicate(path.to_string_lossy().into_owned());
        // Some file systems ignore case.
        let lower = path.to_string_lossy().to_lowercase();
        // Parent directories without an entry are created too, and count.
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
        if self.entries > self.max_entries {
            return Err(ArchiveError::TooMany(self.max_entries));
        }
        if self.bytes > MAX_NAMES_BYTES {
            return Err(ArchiveError::TooManyNames(MAX_NAMES_BYTES));
        }
        Ok(())
    }
}
