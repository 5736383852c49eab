//! Parsers of video containers. `cursor` is the reader that they share; `isobmff/`, `ebml`, `riff`
//! and `gif` parse one family of containers each. This file opens a file and chooses its parser.

pub(crate) mod cursor;
pub(crate) mod ebml;
pub(crate) mod gif;
pub(crate) mod isobmff;
pub(crate) mod riff;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use self::cursor::{Cursor, ParseResult, Source};
use super::container::{Container, SNIFF_BYTES, sniff};
use super::stream_info::StreamInfo;

/// Maximum size of a Matroska header, in bytes.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// The type of the file at `path`, its size, and the file at its start.
pub(crate) fn open(path: &Path) -> io::Result<(Container, u64, File)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((container_in(&mut file)?, size, file))
}

/// The type of the content of `source`, which is left at its start.
pub(crate) fn container_in(source: &mut dyn Source) -> io::Result<Container> {
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    (&mut *source).take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    let size = head.len() as u64;
    let header_end = ebml::header_end(&mut Cursor::new(&mut io::Cursor::new(&head), size));
    // The header, which distinguishes Matroska from WebM, may be padded.
    if let Some(end) = header_end.filter(|end| *end <= MAX_HEADER_BYTES) {
        (&mut *source).take(end.saturating_sub(size)).read_to_end(&mut head)?;
    }
    source.rewind()?;
    Ok(sniff(&head))
}

/// Parses a `container` of moving pictures, which begins at the position of `source`; `None` for any
/// other type.
pub(crate) fn stream_info(
    container: Container,
    source: &mut dyn Source,
    size: u64,
) -> ParseResult<Option<StreamInfo>> {
    if container == Container::Gif {
        return gif::read(source).map(Some);
    }
    let mut cursor = Cursor::new(source, size);
    match container {
        Container::Mp4 | Container::QuickTime => isobmff::read(&mut cursor).map(Some),
        Container::WebM | Container::Matroska => ebml::read(&mut cursor).map(Some),
        Container::Avi => riff::read_avi(&mut cursor).map(Some),
        Container::WebP => riff::read_webp(&mut cursor).map(Some),
        _ => Ok(None),
    }
}
