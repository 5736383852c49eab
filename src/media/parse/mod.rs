//! Parsers of video containers. `cursor` is the reader that they share; `isobmff/`, `ebml`, `riff`
//! and `gif` parse one family of containers each. This file opens a file and chooses its parser.

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
use super::stream_info::StreamInfo;

/// Maximum size of a Matroska header, in bytes.
const MAX_HEADER_BYTES: usize = 1 << 20;

/// The type of the file at `path`, its size, and the open file.
pub(crate) fn open(path: &Path) -> io::Result<(Container, u64, File)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((container_in(&mut file)?, size, file))
}

/// The type of the content that `source` begins with.
pub(crate) fn container_in<R: Read>(source: &mut R) -> io::Result<Container> {
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    source.take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    // The header, which distinguishes Matroska from WebM, may be padded.
    if let Some(end) =
        header_end(&head).filter(|end| (SNIFF_BYTES..=MAX_HEADER_BYTES).contains(end))
    {
        let more = (end - head.len().min(end)) as u64;
        source.take(more).read_to_end(&mut head)?;
    }
    Ok(sniff(&head))
}

/// Parses a `container` of moving pictures; `None` for any other type.
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
