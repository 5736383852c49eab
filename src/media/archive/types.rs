//! Summary of an archive, and the visitor of its files.

use std::io::Read;
use std::path::Path;

use crate::media::error::OutputError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArchiveSummary {
    pub entries: u64,
    /// Unpacked bytes of all files.
    pub total_bytes: u64,
    /// PNG pictures.
    pub pictures: u64,
    pub with_alpha: u64,
    /// Width and height of the first picture.
    pub size: Option<(u32, u32)>,
}

/// Called for each file with a safe relative path and the content. Reads all of it and returns its
/// bytes.
pub(crate) type EntryVisitor<'a> = dyn FnMut(&Path, &mut dyn Read) -> Result<u64, OutputError> + 'a;
