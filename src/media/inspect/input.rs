//! Whether a file can be sent as an input, decided before anything is sent or spent.

use std::io;
use std::path::Path;

use crate::media::container::{Container, SNIFF_BYTES, sniff};
use crate::media::error::missing;
use crate::media::parse::{self, cursor::ParseError};
use crate::media::stream_info::ExpectedLength;
use crate::model::FailureKind;

/// Largest file that is sent (contract, *Upload*: "at most 500 MB"). The contract does not say
/// which megabyte it means; the smaller one, so that no file is refused after it was sent whole.
pub const MAX_UPLOAD_BYTES: u64 = 500 * 1_000 * 1_000;

/// A video that the service takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    pub container: Container,
    /// Content type to send it under (contract, *Upload*).
    pub content_type: &'static str,
    /// Extension that belongs to the content, without the dot.
    pub extension: &'static str,
    pub size: u64,
    /// Seconds of the pictures, counted; none where the file does not tell.
    pub duration: Option<f64>,
    /// Seconds from the start of the file to the end of the pictures, pauses included.
    pub reach: f64,
    /// Pictures, where they are counted.
    pub frames: Option<u64>,
    /// Pixels, when the headers say.
    pub width: Option<u32>,
    /// Pixels, when the headers say.
    pub height: Option<u32>,
    /// Whether the pictures carry alpha, where that can be told without decoding.
    pub has_alpha: Option<bool>,
    /// Whether the container records its own end. Recordings made to be streamed never do: for
    /// those, only a size that has stopped changing shows that the writer is done.
    pub complete: bool,
    /// What is wrong with the file and harms none of its pictures, in words that follow its name.
    pub note: Option<String>,
}

impl Video {
    /// The length that an output of this video has.
    pub fn length(&self) -> Option<ExpectedLength> {
        let seconds = self.duration?;
        let frame = self.frames.filter(|frames| *frames > 0).map(|frames| seconds / frames as f64);
        Some(ExpectedLength { seconds, reach: self.reach.max(seconds), frame })
    }

    /// The name to send the file at `path` under: its own, with the extension that belongs to its
    /// content, since the service looks at both. Control characters are left out.
    pub fn upload_name(&self, path: &Path) -> String {
        name_with(self.extension, path, "video")
    }
}

/// The file name of `path` with `extension`, or `nameless` with it. Control characters are left out.
pub(crate) fn name_with(extension: &str, path: &Path, nameless: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem: String = stem.chars().filter(|c| !c.is_control()).collect();
    let stem = if stem.is_empty() { nameless } else { &stem };
    format!("{stem}.{extension}")
}

/// Why a file cannot be sent, in words that follow its name and say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a directory; name the files in it")]
    Directory,
    /// It is a device, a socket or a pipe.
    #[error("it is not a regular file; save the video to a file first")]
    NotAFile,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is empty")]
    Empty,
    /// It is larger than the service takes.
    #[error(
        "it is too large: {:.1} MB, and the service takes at most {} MB; make it smaller, for example: \
         ffmpeg -i INPUT -crf 28 smaller.mp4",
        *.size as f64 / 1e6, MAX_UPLOAD_BYTES / 1_000_000
    )]
    TooLarge { size: u64 },
    /// It is no video, whatever its name says.
    #[error("it is not a video: its content is {}", .0.describe())]
    NotAVideo(Container),
    /// It is a video in a container that the service does not take.
    #[error(
        "it is {}, which the service does not take (mp4, mov, webm and avi are taken); convert it \
         first, for example: ffmpeg -i INPUT output.mp4",
        .0.describe()
    )]
    Unsupported(Container),
    /// It is whole, but without pictures.
    #[error("it is {} without pictures (sound only?); there is no background to remove", .0.describe())]
    NoVideoTrack(Container),
    /// It cannot be shown by itself, or is something else in the container of a video.
    #[error("it is {0}")]
    Unusable(&'static str),
    /// It ends before its end.
    #[error(
        "it is {} that is cut short or still being written{}; copy or record it again",
        .container.describe(), missing(*.size, *.expected)
    )]
    CutShort {
        container: Container,
        size: u64,
        /// Bytes it should have, at least, when it says.
        expected: Option<u64>,
    },
    /// It begins like a video and does not go on like one.
    #[error(
        "it looks like {} but is damaged: {what}; check it with a player, or repair it, for example: \
         ffmpeg -i INPUT -c copy repaired.mp4",
        .container.describe()
    )]
    Malformed { container: Container, what: &'static str },
}

impl InputError {
    /// The class of the failure: trouble with the disk, or a wrong input.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unreadable(_) => FailureKind::Local,
            _ => FailureKind::Usage,
        }
    }
}

/// Looks at the file at `path`: whether it is a whole video of a type and size that the service
/// takes. The name is not looked at (see [`Video::upload_name`]).
///
/// # Errors
/// Says what is wrong and what to do; nothing was sent.
pub fn inspect_input(path: &Path) -> Result<Video, InputError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(InputError::Directory);
    }
    if !metadata.is_file() {
        return Err(InputError::NotAFile);
    }
    if metadata.len() == 0 {
        return Err(InputError::Empty);
    }
    let (container, size, file) = parse::open(path).map_err(|error| unreadable(&error))?;
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
    let facts = parse::facts(container, file, size)
        .map_err(|flaw| refusal(container, size, flaw))?
        .ok_or(InputError::Unsupported(container))?;
    Ok(Video {
        container,
        content_type,
        extension,
        size,
        duration: facts.duration,
        width: facts.width,
        height: facts.height,
        has_alpha: facts.has_alpha,
        complete: facts.complete,
        reach: facts.reach,
        frames: facts.frames,
        note: facts.note.map(|note| note.describe(size)),
    })
}

/// Whether the file at `path` begins like a video, of a type that the service takes or not.
pub fn is_video(path: &Path) -> bool {
    let container = parse::open(path).map_or(Container::Unknown, |(container, ..)| container);
    container.is_moving() && !matches!(container, Container::Gif | Container::WebP)
}

/// Seconds of the pictures of a video in memory, when it is of a type that the service takes and they tell.
pub fn video_seconds(video: &[u8]) -> Option<f64> {
    let container = sniff(&video[..video.len().min(SNIFF_BYTES)]);
    container.upload_type()?;
    let facts = parse::facts(container, io::Cursor::new(video), video.len() as u64).ok()??;
    facts.duration
}

fn unreadable(error: &io::Error) -> InputError {
    match error.kind() {
        io::ErrorKind::NotFound => InputError::Missing,
        _ => InputError::Unreadable(error.to_string()),
    }
}

fn refusal(container: Container, size: u64, flaw: ParseError) -> InputError {
    match flaw {
        ParseError::CutShort { expected } => InputError::CutShort { container, size, expected },
        ParseError::Malformed(what) => InputError::Malformed { container, what },
        ParseError::NoVideoTrack => InputError::NoVideoTrack(container),
        ParseError::Unusable(what) => InputError::Unusable(what),
        // A file that shrinks while it is read ends early, too.
        ParseError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            InputError::CutShort { container, size, expected: None }
        }
        ParseError::Io(error) => InputError::Unreadable(error.to_string()),
    }
}
