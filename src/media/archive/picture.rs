//! Checks PNG pictures: complete, with or without alpha.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Crc;
use png::{ColorType, Decoder, Limits};

use super::error::ArchiveError;
use super::types::ArchiveSummary;
use crate::media::error::{OutputError, archive_read_error, write_error};

/// Bytes of a picture kept for its header, which may follow palettes and colour profiles.
const HEADER_BYTES: usize = 64 * 1024;

/// Maximum memory of the header decoder, in bytes.
const MAX_HEADER_MEMORY: usize = 4 * 1024 * 1024;

/// Maximum width and height, in pixels.
const MAX_SIDE: u32 = 32_768;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Copies files and summarizes them.
pub(crate) struct Inspector {
    pub(crate) summary: ArchiveSummary,
    block: Vec<u8>,
}

impl Default for Inspector {
    fn default() -> Self {
        Self { summary: ArchiveSummary::default(), block: vec![0; HEADER_BYTES] }
    }
}

impl Inspector {
    /// Copies `content` of the file `name` into `sink`, adds it to the summary, and returns its bytes.
    pub(crate) fn copy(
        &mut self,
        name: &Path,
        content: &mut dyn Read,
        sink: &mut dyn Write,
    ) -> Result<u64, OutputError> {
        let mut bytes = 0;
        let mut head: Vec<u8> = Vec::new();
        let mut chunks = Chunks::default();
        let is_picture = is_named_picture(name);
        loop {
            let read = match content.read(&mut self.block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(archive_read_error(error)),
            };
            let block = &self.block[..read];
            sink.write_all(block).map_err(write_error)?;
            bytes += read as u64;
            if is_picture {
                head.extend_from_slice(&block[..read.min(HEADER_BYTES - head.len())]);
                chunks.take(block);
            }
        }
        self.summary.entries += 1;
        self.summary.total_bytes += bytes;
        if is_picture {
            let picture = chunks.are_whole().then(|| header(&head)).flatten();
            let (size, has_alpha) = picture
                .ok_or_else(|| ArchiveError::NotAPicture(name.to_string_lossy().into_owned()))?;
            self.summary.pictures += 1;
            self.summary.with_alpha += u64::from(has_alpha);
            self.summary.size.get_or_insert(size);
        }
        Ok(bytes)
    }
}

pub(crate) fn is_named_picture(name: &Path) -> bool {
    name.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

/// Incremental check of PNG chunks: valid checksums, pixel data, and nothing after the end chunk.
#[derive(Default)]
struct Chunks {
    expected: ExpectedChunk,
    /// Bytes of the current part so far, at most eight.
    part: Vec<u8>,
    checksum: Crc,
    has_pixels: bool,
    is_last: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum ExpectedChunk {
    #[default]
    Signature,
    /// Length and type of a chunk.
    Start,
    /// Remaining bytes of the content.
    Content(u32),
    Checksum,
    Nothing,
    /// Not a valid PNG.
    Broken,
}

impl Chunks {
    fn are_whole(&self) -> bool {
        self.expected == ExpectedChunk::Nothing && self.has_pixels
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let wanted = match self.expected {
                ExpectedChunk::Signature | ExpectedChunk::Start => 8,
                ExpectedChunk::Checksum => 4,
                ExpectedChunk::Content(left) => {
                    let taken = bytes.len().min(left as usize);
                    self.checksum.update(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    // `taken` is at most `left`.
                    let left = left.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
                    self.expected = if left == 0 {
                        ExpectedChunk::Checksum
                    } else {
                        ExpectedChunk::Content(left)
                    };
                    continue;
                }
                ExpectedChunk::Nothing | ExpectedChunk::Broken => {
                    self.expected = ExpectedChunk::Broken;
                    return;
                }
            };
            let taken = bytes.len().min(wanted - self.part.len());
            self.part.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.part.len() == wanted {
                self.expected = self.after_part().unwrap_or(ExpectedChunk::Broken);
                self.part.clear();
            }
        }
    }

    /// The part after a complete one, or `None` if it is invalid.
    fn after_part(&mut self) -> Option<ExpectedChunk> {
        match (self.expected, self.part.as_slice()) {
            (ExpectedChunk::Signature, signature) => {
                (signature == SIGNATURE).then_some(ExpectedChunk::Start)
            }
            (ExpectedChunk::Start, &[a, b, c, d, ref kind @ ..]) => {
                let length = u32::from_be_bytes([a, b, c, d]);
                self.checksum = Crc::new();
                self.checksum.update(kind);
                self.has_pixels |= kind == b"IDAT" && length > 0;
                self.is_last = kind == b"IEND";
                let fits = kind.iter().all(u8::is_ascii_alphabetic)
                    && i32::try_from(length).is_ok()
                    && !(self.is_last && length > 0);
                let next = if length == 0 {
                    ExpectedChunk::Checksum
                } else {
                    ExpectedChunk::Content(length)
                };
                fits.then_some(next)
            }
            (ExpectedChunk::Checksum, &[a, b, c, d]) => {
                let fits = self.checksum.sum() == u32::from_be_bytes([a, b, c, d]);
                let next = if self.is_last { ExpectedChunk::Nothing } else { ExpectedChunk::Start };
                fits.then_some(next)
            }
            _ => None,
        }
    }
}

/// Width, height and alpha from the start of a PNG.
fn header(head: &[u8]) -> Option<((u32, u32), bool)> {
    let limits = Limits { bytes: MAX_HEADER_MEMORY };
    let mut decoder = Decoder::new_with_limits(Cursor::new(head), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().ok()?;
    let size = (info.width, info.height);
    if size.0.max(size.1) > MAX_SIDE {
        return None;
    }
    let has_alpha = match info.color_type {
        ColorType::Rgba | ColorType::GrayscaleAlpha => true,
        // A separate chunk may declare one colour transparent.
        _ => decoder.read_info().is_ok_and(|reader| reader.info().trns.is_some()),
    };
    Some((size, has_alpha))
}
