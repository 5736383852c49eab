//! The reasons why an archive is not opened.

use crate::model::text::escaped;

/// Why an archive is not opened, in words that follow "the archive cannot be used:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// A name that leads out of the directory, or that is no file name everywhere.
    #[error("the name of an entry is not safe: {}", escaped(.0))]
    UnsafeName(String),
    /// A symbolic or hard link.
    #[error("it holds a link: {}", escaped(.0))]
    Link(String),
    /// A device, a pipe, or a sparse or encrypted file.
    #[error("it holds something that is no plain file: {}", escaped(.0))]
    NotAFile(String),
    /// Two entries of one name, letter case aside.
    #[error("two entries share the name {}", escaped(.0))]
    Duplicate(String),
    /// Two entries share bytes, as they do in bombs.
    #[error("its entries overlap")]
    Overlap,
    /// More entries than allowed.
    #[error("it holds more than {0} entries")]
    TooMany(usize),
    /// More bytes than allowed.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// More bytes for its size than pictures ever have.
    #[error("it unpacks to more than {0} times its own size")]
    Bomb(u64),
    /// Its directory, or its names, are larger than those of any real archive.
    #[error("its list of names is larger than {0} bytes")]
    TooManyNames(usize),
    /// An entry that is named like a picture and is none, or is not whole.
    #[error("{} is not a whole PNG picture", escaped(.0))]
    NotAPicture(String),
    /// It does not follow its format, or a checksum is wrong.
    #[error("it is damaged or cut short")]
    Damaged,
}
