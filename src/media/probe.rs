//! Opens a file, finds out what it is, and hands it to the reader of its format.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::container::{Container, SNIFF_BYTES, sniff};
use super::reader::{Cursor, Flaw};
use super::{ebml, gif_file, isobmff, riff};

/// What the headers of a moving picture say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    /// Seconds.
    pub(super) duration: Option<f64>,
    /// Pixels.
    pub(super) width: Option<u32>,
    /// Pixels.
    pub(super) height: Option<u32>,
    /// Whether the pictures carry alpha; none where that takes a decoder.
    pub(super) has_alpha: Option<bool>,
    /// Whether the container records its own end.
    pub(super) complete: bool,
    /// Pictures, where the headers count them.
    pub(super) frames: Option<u64>,
}

/// The kind of the file at `path`, its size, and the file itself.
pub(super) fn open(path: &Path) -> io::Result<(Container, u64, File)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    (&mut file).take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    Ok((sniff(&head), size, file))
}

/// Reads the headers of a `container` that holds moving pictures; none for any other.
pub(super) fn facts<R: Read + Seek>(
    container: Container,
    mut source: R,
    size: u64,
) -> Result<Option<Facts>, Flaw> {
    if container == Container::Gif {
        source.rewind()?;
        return gif_file::read(source).map(Some);
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
