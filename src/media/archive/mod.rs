//! Archives from elsewhere, opened without trusting them: every name, kind and size in a zip, tar or
//! tar.gz is checked, and unpacked bytes are counted, since headers may be wrong. Only pictures are unpacked: other
//! files are skipped, and hidden or unsafe names refuse the archive.
//!
//! Reading order: `error`, `types`, `entry_name` (safe names), `bounds` (maximum content), `picture` (whole
//! PNG files), `zipped` and `tarball` (one walk per format), `extract` (checking and unpacking).

mod bounds;
mod entry_name;
mod error;
mod extract;
mod picture;
mod tarball;
mod types;
mod zipped;

#[cfg(test)]
mod tests;

pub use self::bounds::ArchiveBounds;
pub use self::error::ArchiveError;
pub use self::extract::{check_archive, extract_archive};
pub use self::types::ArchiveSummary;
