//! Errors of outputs that are not published.

use std::io;
use std::path::PathBuf;

use super::archive::ArchiveError;
use super::container::Container;
use crate::model::text::escaped;
use crate::model::{FailureKind, OutputFormat};

/// Messages that follow the name of the output.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutputError {
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it cannot be written: {0}")]
    NotWritten(String),
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    #[error("it is empty")]
    Empty,
    /// Larger than the format and length allow.
    #[error("it is larger than {0} bytes, which no output of this format and length is")]
    TooLarge(u64),
    /// Size other than announced by the server.
    #[error("it has {actual} bytes, but the server announced {expected}")]
    Length { expected: u64, actual: u64 },
    /// A text response instead of a file.
    #[error("it is {} in place of {wanted}; it begins: {}", .found.describe(), escaped(begins))]
    Message {
        wanted: OutputFormat,
        found: Container,
        /// Start of the text; foreign.
        begins: String,
    },
    #[error("it is {}, but {wanted} was asked for", .found.describe())]
    WrongContainer { wanted: OutputFormat, found: Container },
    #[error("it is {} that is cut short{}", .container.describe(), missing(*.size, *.expected))]
    CutShort {
        container: Container,
        size: u64,
        /// Minimum size in bytes, if known.
        expected: Option<u64>,
    },
    #[error("it is {} that is damaged: {what}", .container.describe())]
    Malformed { container: Container, what: &'static str },
    #[error("it is {} without pictures", .0.describe())]
    NoPictures(Container),
    #[error("a transparent background was asked for, but it is {} without alpha", .0.describe())]
    NoAlpha(Container),
    /// A file of the right container without a usable video.
    #[error("it is {0}")]
    Unusable(&'static str),
    #[error("it lasts {actual:.2} s, but its input lasts {expected:.2} s")]
    Duration {
        /// Seconds.
        expected: f64,
        actual: f64,
    },
    #[error("it is {}, not an archive", .0.describe())]
    NotAnArchive(Container),
    #[error("the archive cannot be used: {0}")]
    Archive(ArchiveError),
}

impl OutputError {
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unreadable(_) | Self::NotWritten(_) | Self::Exists(_) => FailureKind::Local,
            _ => FailureKind::Unverified,
        }
    }
}

impl From<ArchiveError> for OutputError {
    fn from(flaw: ArchiveError) -> Self {
        Self::Archive(flaw)
    }
}

/// The missing part of a file, as a suffix.
pub(crate) fn missing(size: u64, expected: Option<u64>) -> String {
    match expected {
        Some(expected) => format!(" (it has {size} of at least {expected} bytes)"),
        None => String::new(),
    }
}

/// Converts an error while reading an archive: an exceeded limit, the file system, or the archive.
pub(crate) fn archive_read_error(error: io::Error) -> OutputError {
    match error.downcast::<ArchiveError>() {
        Ok(flaw) => flaw.into(),
        Err(error) if error.raw_os_error().is_some() => OutputError::Unreadable(error.to_string()),
        Err(_) => ArchiveError::Damaged.into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn write_error(error: io::Error) -> OutputError {
    OutputError::NotWritten(error.to_string())
}
