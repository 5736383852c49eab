//! Zip archives.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::bounds::{MAX_NAMES_BYTES, Names, UnpackedBytes};
use super::error::ArchiveError;
use super::types::EntryVisitor;
use crate::media::error::{OutputError, archive_read_error};
use crate::media::memory_budget;

/// Signature of an entry in the central directory.
const ENTRY_SIGNATURE: &[u8; 4] = b"PK\x01\x02";

/// File types in Unix modes.
const KIND_MASK: u32 = 0o170_000;
const PLAIN: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

pub(crate) fn walk(
    mut file: File,
    size: u64,
    count: &UnpackedBytes,
    names: &mut Names,
    visit: &mut EntryVisitor<'_>,
) -> Result<(), OutputError> {
    let directory = bound_directory(&mut file, size, names.max_entries)?;
    // The library keeps every entry and an index of names in memory.
    let _memory = memory_budget::reserve(directory * 4 + MAX_NAMES_BYTES as u64);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Duplicate("(in its directory)".into()).into());
    }
    if archive.has_overlapping_entries().map_err(damaged)? {
        return Err(ArchiveError::Overlap.into());
    }
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.is_symlink() {
            return Err(ArchiveError::Link(name).into());
        }
        let kind = entry.unix_mode().unwrap_or(0) & KIND_MASK;
        if entry.encrypted() || !matches!(kind, 0 | PLAIN | DIRECTORY) {
            return Err(ArchiveError::NotAFile(name).into());
        }
        let is_file = !entry.is_dir();
        let path = names.admit(name.as_bytes(), is_file)?;
        if let Some(path) = path.filter(|_| is_file) {
            visit(&path, &mut count.meter(entry))?;
        }
    }
    Ok(())
}

/// Fixed part of an entry in the central directory, in bytes.
const ENTRY_BYTES: usize = 46;

/// Limits the central directory to `most` entries and to the maximum size of names, and returns its
/// maximum size in bytes. The library loads all of it; every entry starts with the signature and
/// states its length.
fn bound_directory(file: &mut File, size: u64, most: usize) -> Result<u64, OutputError> {
    let (mut found, mut bytes) = (0_usize, 0_usize);
    let mut block = vec![0; 256 * 1024];
    let mut kept = 0;
    loop {
        let read = file.read(&mut block[kept..]).map_err(archive_read_error)?;
        if read == 0 {
            break;
        }
        let filled = kept + read;
        for entry in block[..filled].windows(ENTRY_BYTES) {
            if entry.starts_with(ENTRY_SIGNATURE) {
                let length =
                    |at: usize| usize::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
                found += 1;
                // The name, the extra field and the comment.
                bytes += ENTRY_BYTES + length(28) + length(30) + length(32);
            }
        }
        // An entry may span two blocks.
        kept = filled.min(ENTRY_BYTES - 1);
        block.copy_within(filled - kept..filled, 0);
    }
    file.rewind().map_err(archive_read_error)?;
    // Compressed bytes match the signature about once in 4 GB.
    let by_chance = usize::try_from(size >> 30).unwrap_or(usize::MAX);
    if found > most.saturating_add(by_chance) {
        return Err(ArchiveError::TooMany(most).into());
    }
    if bytes > MAX_NAMES_BYTES.saturating_add(by_chance.saturating_mul(3 * usize::from(u16::MAX))) {
        return Err(ArchiveError::TooManyNames(MAX_NAMES_BYTES).into());
    }
    Ok(bytes as u64)
}

fn damaged(error: ZipError) -> OutputError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            archive_read_error(error)
        }
        _ => ArchiveError::Damaged.into(),
    }
}
