//! Errors of archives that must not be unpacked.

use crate::model::text::escaped;

/// Messages that follow "the archive cannot be used:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Outside the directory, or not a file name on every system.
    #[error("the name of an entry is not safe: {}", escaped(.0))]
    UnsafeName(String),
    #[error("it holds a link: {}", escaped(.0))]
    Link(String),
    /// A device, a pipe, or a sparse or encrypted file.
    #[error("it contains an entry that is not a regular file: {}", escaped(.0))]
    NotAFile(String),
    /// Compared without case.
    #[error("two entries share the name {}", escaped(.0))]
    Duplicate(String),
    /// Two entries share bytes, as in zip bombs.
    #[error("its entries overlap")]
    Overlap,
    #[error("it holds more than {0} entries")]
    TooMany(usize),
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// Compression ratio above that of real pictures.
    #[error("it unpacks to more than {0} times its own size")]
    Bomb(u64),
    /// The central directory or the names are too large.
    #[error("its list of names is larger than {0} bytes")]
    TooManyNames(usize),
    /// A file named `.png` that is not a complete PNG picture.
    #[error("{} is not a whole PNG picture", escaped(.0))]
    NotAPicture(String),
    /// Invalid format or checksum.
    #[error("it is damaged or cut short")]
    Damaged,
}
