//! The reasons why an output is not published.

use std::io;
use std::path::PathBuf;

use super::archive::ArchiveError;
use super::container::Container;
use crate::model::text::escaped;
use crate::model::{FailureKind, OutputFormat};

/// Why an output is not published, in words that follow its name.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutputError {
    /// It cannot be read from the disk.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It cannot be written to the disk.
    #[error("it cannot be written: {0}")]
    NotWritten(String),
    /// The directory to unpack into is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error("it is empty")]
    Empty,
    /// It goes on beyond what its format takes.
    #[error("it is larger than {0} bytes, which no output of this format and length is")]
    TooLarge(u64),
    /// Its length is not the promised one.
    #[error("it has {actual} bytes, but the server announced {expected}")]
    Length { expected: u64, actual: u64 },
    /// A message of a server came in place of a file.
    #[error("it is {} in place of {wanted}; it begins: {}", .found.describe(), escaped(begins))]
    Message {
        wanted: OutputFormat,
        found: Container,
        /// Its first words. Foreign text.
        begins: String,
    },
    /// It is something else than was asked for.
    #[error("it is {}, but {wanted} was asked for", .found.describe())]
    WrongContainer { wanted: OutputFormat, found: Container },
    /// It ends before its end.
    #[error("it is {} that is cut short{}", .container.describe(), missing(*.size, *.expected))]
    CutShort {
        container: Container,
        size: u64,
        /// Bytes it should have, at least, when it says.
        expected: Option<u64>,
    },
    /// It does not follow its format.
    #[error("it is {} that is damaged: {what}", .container.describe())]
    Malformed { container: Container, what: &'static str },
    /// It holds no pictures.
    #[error("it is {} without pictures", .0.describe())]
    NoPictures(Container),
    /// Transparency was asked for, and it has none.
    #[error("a transparent background was asked for, but it is {} without alpha", .0.describe())]
    NoAlpha(Container),
    /// It is something else in the container that was asked for.
    #[error("it is {0}")]
    Unusable(&'static str),
    /// It is longer or shorter than its input.
    #[error("it lasts {actual:.2} s, but its input lasts {expected:.2} s")]
    Duration {
        /// Seconds of the input.
        expected: f64,
        actual: f64,
    },
    /// It should be an archive and is none.
    #[error("it is {}, not an archive", .0.describe())]
    NotAnArchive(Container),
    /// It is an archive that must not be opened.
    #[error("the archive cannot be used: {0}")]
    Archive(ArchiveError),
}

impl OutputError {
    /// The class of the failure: the disk's fault, or the output's.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unreadable(_) | Self::NotWritten(_) | Self::Exists(_) => FailureKind::Local,
            _ => FailureKind::Unverified,
        }
    }
}

/// How much of a file is missing, in words.
pub(crate) fn missing(size: u64, expected: Option<u64>) -> String {
    match expected {
        Some(expected) => format!(" (it has {size} of at least {expected} bytes)"),
        None => String::new(),
    }
}

/// An error while the archive was read: ours if a bound was passed, the file system's, or the
/// archive's.
pub(crate) fn archive_read_error(error: io::Error) -> OutputError {
    match error.downcast::<ArchiveError>() {
        Ok(flaw) => OutputError::Archive(flaw),
        Err(error) if error.raw_os_error().is_some() => OutputError::Unreadable(error.to_string()),
        Err(_) => OutputError::Archive(ArchiveError::Damaged),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn write_error(error: io::Error) -> OutputError {
    OutputError::NotWritten(error.to_string())
}
