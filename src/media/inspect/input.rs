//! Local check of an input before its upload.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use crate::media::container::{Container, SNIFF_BYTES, sniff};
use crate::media::error::missing;
use crate::media::parse::{self, cursor::ParseError};
use crate::media::stream_info::{ExpectedLength, StreamInfo};
use crate::model::Failure;
use crate::model::text::shell_quoted;

/// Maximum size of an upload in bytes (contract, *Upload*: "at most 500 MB"). The contract does not
/// define MB; the smaller unit avoids uploads that are refused at the end.
pub const MAX_UPLOAD_BYTES: u64 = 500 * 1_000 * 1_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    pub container: Container,
    pub content_type: &'static str,
    /// By content, without the dot.
    pub extension: &'static str,
    pub size: u64,
    /// Seconds of the pictures, counted; `None` if unknown.
    pub duration: Option<f64>,
    /// Seconds from the start of the file to the end of the pictures, including pauses.
    pub reach: f64,
    /// Number of pictures, if counted.
    pub frames: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Whether the pictures have alpha, if known without decoding.
    pub has_alpha: Option<bool>,
    /// Whether the container states its end. Streamed recordings do not: only a stable size shows
    /// that they are complete.
    pub complete: bool,
    /// Description of a harmless defect, which follows the name of the file.
    pub note: Option<String>,
}

impl Video {
    /// A video of which only the type is known.
    pub fn of_container(container: Container, size: u64) -> Result<Self, InputError> {
        Self::new(container, size, StreamInfo::default())
    }

    fn new(container: Container, size: u64, stream: StreamInfo) -> Result<Self, InputError> {
        let Some((content_type, extension)) = container.upload_type() else {
            return Err(if container.is_moving() {
                InputError::Unsupported(container)
            } else {
                InputError::NotAVideo(container)
            });
        };
        if size > MAX_UPLOAD_BYTES {
            return Err(InputError::TooLarge { size });
        }
        Ok(Self {
            container,
            content_type,
            extension,
            size,
            duration: stream.duration,
            reach: stream.reach,
            frames: stream.frames,
            width: stream.width,
            height: stream.height,
            has_alpha: stream.has_alpha,
            complete: stream.complete,
            note: stream.note.map(|note| note.describe(size)),
        })
    }

    /// The expected length of an output.
    pub fn length(&self) -> Option<ExpectedLength> {
        let seconds = self.duration?;
        let frame = self.frames.filter(|frames| *frames > 0).map(|frames| seconds / frames as f64);
        Some(ExpectedLength { seconds, reach: self.reach.max(seconds), frame })
    }

    /// The upload name of the file at `path`: its own name without control characters, with the
    /// extension of its content, since the service checks both.
    pub fn upload_name(&self, path: &Path) -> String {
        name_with(self.extension, path, "video")
    }
}

/// The file name of `path` with `extension` and without control characters; `nameless` if empty.
pub(crate) fn name_with(extension: &str, path: &Path, nameless: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem: String = stem.chars().filter(|c| !c.is_control()).collect();
    let stem = if stem.is_empty() { nameless } else { &stem };
    format!("{stem}.{extension}")
}

/// Messages with the remedy that follow the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a directory; name the files in it")]
    Directory,
    #[error("it is not a regular file; save the video to a file first")]
    NotAFile,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is empty")]
    Empty,
    #[error(
        "it is too large: {:.1} MB, and the service takes at most {} MB",
        *.size as f64 / 1e6, MAX_UPLOAD_BYTES / 1_000_000
    )]
    TooLarge { size: u64 },
    #[error("it is not a video: its content is {}", .0.describe())]
    NotAVideo(Container),
    #[error(
        "it is {}, which the service does not take (mp4, mov, webm and avi are taken)",
        .0.describe()
    )]
    Unsupported(Container),
    #[error("it is {} without pictures (sound only?); there is no background to remove", .0.describe())]
    NoVideoTrack(Container),
    /// A file in the container of a video that cannot be played.
    #[error("it is {0}")]
    Unusable(&'static str),
    #[error(
        "it is {} that is cut short or still being written{}; copy or record it again",
        .container.describe(), missing(*.size, *.expected)
    )]
    CutShort {
        container: Container,
        size: u64,
        /// Minimum size in bytes, if known.
        expected: Option<u64>,
    },
    #[error(
        "it looks like {} but is damaged: {what}",
        .container.describe()
    )]
    Malformed { container: Container, what: &'static str },
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

impl InputError {
    /// Failure of the input `name`.
    pub fn failure(&self, name: &str) -> Failure {
        Failure::usage(name, self.to_string())
    }

    /// What to do about it; a command where one helps.
    pub fn next_step(&self, path: &Path) -> String {
        let file = shell_quoted(path);
        match self {
            Self::Missing => format!("ls {}", path.parent().map(shell_quoted).unwrap_or_default()),
            Self::Unreadable(_) => format!("ls -l {file}"),
            Self::TooLarge { .. } => format!("ffmpeg -i {file} -crf 28 smaller.mp4"),
            Self::Unsupported(_) => format!("ffmpeg -i {file} converted.mp4"),
            Self::Malformed { .. } => format!("ffmpeg -i {file} -c copy repaired.mp4"),
            _ => "use an mp4, mov, webm or avi file".to_owned(),
        }
    }
}

/// Checks that the file at `path` is a complete video of an accepted type and size. Its name does
/// not matter (see [`Video::upload_name`]).
pub fn inspect_input(path: &Path) -> Result<Video, InputError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(InputError::Directory);
    }
    if !metadata.is_file() {
        return Err(InputError::NotAFile);
    }
    let mut file = File::open(path)?;
    inspect_source(&mut file, metadata.len())
}

/// [`inspect_input`] of `source`, which has `size` bytes.
pub fn inspect_source(source: &mut (impl Read + Seek), size: u64) -> Result<Video, InputError> {
    if size == 0 {
        return Err(InputError::Empty);
    }
    let container = parse::container_in(source)?;
    // Refused by type and size before the file is read.
    Video::of_container(container, size)?;
    let stream = parse::stream_info(container, source, size)
        .map_err(|flaw| refusal(container, size, flaw))?
        .ok_or(InputError::Unsupported(container))?;
    Video::new(container, size, stream)
}

/// Whether the file at `path` is a video by its first bytes, of an accepted type or not.
pub fn is_video(path: &Path) -> bool {
    let container = parse::open(path).map_or(Container::Unknown, |(container, ..)| container);
    container.is_moving() && !matches!(container, Container::Gif | Container::WebP)
}

/// Seconds of the pictures of a video in memory, if it is of an accepted type and its length is
/// known.
pub fn video_seconds(video: &[u8]) -> Option<f64> {
    let container = sniff(&video[..video.len().min(SNIFF_BYTES)]);
    container.upload_type()?;
    let stream =
        parse::stream_info(container, &mut io::Cursor::new(video), video.len() as u64).ok()??;
    stream.duration
}

fn refusal(container: Container, size: u64, flaw: ParseError) -> InputError {
    match flaw {
        ParseError::CutShort { expected } => InputError::CutShort { container, size, expected },
        ParseError::Malformed(what) => InputError::Malformed { container, what },
        ParseError::NoVideoTrack => InputError::NoVideoTrack(container),
        ParseError::Unusable(what) => InputError::Unusable(what),
        // A file that shrinks while it is read also ends early.
        ParseError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            InputError::CutShort { container, size, expected: None }
        }
        ParseError::Io(error) => InputError::Unreadable(error.to_string()),
    }
}
