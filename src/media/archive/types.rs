//! The summary of an archive, and the visitor of its files.

use std::io::Read;
use std::path::Path;

use crate::media::error::OutputError;

/// What a safe archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArchiveSummary {
    pub entries: u64,
    /// Bytes of all files, unpacked.
    pub total_bytes: u64,
    /// Files that are PNG pictures.
    pub pictures: u64,
    /// Pictures that have an alpha channel.
    pub with_alpha: u64,
    /// Width and height of the first picture.
    pub size: Option<(u32, u32)>,
}

/// Takes each file of an archive: a name that is safe to join to a directory, and the content.
pub(crate) type EntryVisitor<'a> = dyn FnMut(&Path, &mut dyn Read) -> Result<(), OutputError> + 'a;
