//! Tar archives. Entries are read raw, since the library would load long names and attributes of
//! any size into memory.

use std::io::{self, Read};

use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::bounds::{Names, UnpackedBytes};
use super::error::ArchiveError;
use super::types::EntryVisitor;
use crate::media::error::{OutputError, archive_read_error};

/// Maximum size of a long name or of extended attributes, in bytes.
const MAX_ATTRIBUTES_BYTES: u64 = 64 * 1024;

pub(crate) fn walk<R: Read>(
    source: R,
    count: &UnpackedBytes,
    names: &mut Names,
    visit: &mut EntryVisitor<'_>,
) -> Result<(), OutputError> {
    // Metered below the archive: skipped content is decompressed as well.
    let mut archive = Archive::new(count.meter(source));
    let mut long_name = None;
    for entry in archive.entries().map_err(archive_read_error)?.raw(true) {
        let mut entry = entry.map_err(archive_read_error)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = attributes(&mut entry)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                long_name = Some(name);
            }
            EntryType::XHeader => long_name = extended_name(&mut entry)?.or(long_name),
            EntryType::XGlobalHeader => {}
            kind => {
                let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                let is_file = is_file(kind, &name)?;
                let path = names.admit(&name, is_file)?;
                if is_file {
                    let read = match path {
                        Some(path) => visit(&path, &mut entry)?,
                        None => {
                            io::copy(&mut entry, &mut io::sink()).map_err(archive_read_error)?
                        }
                    };
                    // The library does not report a truncated entry.
                    if read != entry.size() {
                        return Err(ArchiveError::Damaged.into());
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether an entry is a file or a directory; other kinds are refused.
fn is_file(kind: EntryType, name: &[u8]) -> Result<bool, ArchiveError> {
    let shown = || String::from_utf8_lossy(name).into_owned();
    match kind {
        // In old archives only a trailing slash marks a directory.
        EntryType::Regular | EntryType::Continuous => Ok(!name.ends_with(b"/")),
        EntryType::Directory => Ok(false),
        EntryType::Link | EntryType::Symlink | EntryType::GNULongLink => {
            Err(ArchiveError::Link(shown()))
        }
        _ => Err(ArchiveError::NotAFile(shown())),
    }
}

fn attributes<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, OutputError> {
    if entry.size() > MAX_ATTRIBUTES_BYTES {
        return Err(ArchiveError::Damaged.into());
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(archive_read_error)?;
    Ok(bytes)
}

/// The name in extended attributes. Sparse files, and sizes that differ from the header, are
/// refused because readers disagree about them.
fn extended_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Option<Vec<u8>>, OutputError> {
    let bytes = attributes(entry)?;
    let mut name = None;
    for extension in PaxExtensions::new(&bytes) {
        let extension = extension.map_err(archive_read_error)?;
        match extension.key_bytes() {
            b"path" => name = Some(extension.value_bytes().to_vec()),
            b"linkpath" => {
                let target = String::from_utf8_lossy(extension.value_bytes()).into_owned();
                return Err(ArchiveError::Link(target).into());
            }
            key if key == b"size" || key.starts_with(b"GNU.sparse") => {
                let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                return Err(ArchiveError::NotAFile(shown).into());
            }
            _ => {}
        }
    }
    Ok(name)
}
