//! Opens a file, finds out what it is, and hands it to the reader of its format.

pub(crate) mod cursor;
pub(crate) mod ebml;
pub(crate) mod gif;
pub(crate) mod isobmff;
pub(crate) mod riff;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use self::cursor::{Cursor, ParseError};
use super::container::{Container, SNIFF_BYTES, header_end, sniff};

/// Largest header of Matroska that is read to its end, in bytes.
const MOST_HEADER: usize = 1 << 20;

/// What a file of moving pictures holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamInfo {
    /// Seconds of the pictures, by their own times and never by what a header says of the whole; none
    /// where they do not tell.
    pub(crate) duration: Option<f64>,
    /// Seconds from the start of the file to the end of the pictures: more than `duration` where they
    /// begin late or pause.
    pub(crate) reach: f64,
    /// Pixels.
    pub(crate) width: Option<u32>,
    /// Pixels.
    pub(crate) height: Option<u32>,
    /// Whether the pictures carry alpha; none where that takes a decoder.
    pub(crate) has_alpha: Option<bool>,
    /// Whether the container records its own end.
    pub(crate) complete: bool,
    /// Pictures, where they are counted.
    pub(crate) frames: Option<u64>,
    /// What is wrong with the file and harms no picture.
    pub(crate) note: Option<StreamDefect>,
}

/// What is wrong with a file that has all of its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamDefect {
    /// A header announces bytes up to here, beyond the end.
    Overrun(u64),
    /// This many bytes follow the end.
    Tail(u64),
}

impl StreamDefect {
    /// In words that follow the name of the file.
    pub(crate) fn describe(self, size: u64) -> String {
        match self {
            Self::Overrun(end) => format!(
                "its headers announce {end} bytes, it has {size}; all of its pictures are there, so it \
                 is accepted"
            ),
            Self::Tail(bytes) => {
                let bytes = match bytes {
                    1 => "1 byte".to_owned(),
                    more => format!("{more} bytes"),
                };
                format!("{bytes} after the end of the video ignored")
            }
        }
    }
}

/// How much FFmpeg prefers a track of pictures: by their size, the default track far before others. Of
/// equals it takes the first.
#[must_use]
pub fn track_preference(width: u32, height: u32, is_default: bool) -> u64 {
    const DEFAULT_TRACK: u64 = 5_000_000;
    u64::from(width) * u64::from(height) + if is_default { DEFAULT_TRACK } else { 0 }
}

/// The kind of the file at `path`, its size, and the file itself.
pub(crate) fn open(path: &Path) -> io::Result<(Container, u64, File)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    (&mut file).take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    // The header of Matroska and WebM, which tells them apart, may be padded.
    if let Some(end) = header_end(&head).filter(|end| (SNIFF_BYTES..=MOST_HEADER).contains(end)) {
        let more = (end - head.len().min(end)) as u64;
        (&mut file).take(more).read_to_end(&mut head)?;
    }
    Ok((sniff(&head), size, file))
}

/// Reads a `container` that holds moving pictures; none for any other.
pub(crate) fn facts<R: Read + Seek>(
    container: Container,
    mut source: R,
    size: u64,
) -> Result<Option<StreamInfo>, ParseError> {
    if container == Container::Gif {
        source.rewind()?;
        return gif::read(source).map(Some);
    }
    let mut cursor = Cursor::new(source, size)?;
    match container {
        Container::Mp4 | Container::QuickTime => isobmff::read(&mut cursor).map(Some),
        Container::WebM | Container::Matroska => ebml::read(&mut cursor).map(Some),
        Container::Avi => riff::read_avi(&mut cursor).map(Some),
        Container::WebP => riff::read_webp(&mut cursor).map(Some),
        _ => Ok(None),
    }
}
