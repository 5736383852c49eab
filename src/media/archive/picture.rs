//! What the files of an archive are: PNG pictures, whole, with or without alpha.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use png::{ColorType, Decoder};

use super::bounds::ArchiveFlaw;
use super::{ArchiveSummary, not_read, not_written};
use crate::media::container::{Container, sniff};
use crate::media::output::BadOutput;

/// Bytes of a picture that are kept for its header: palettes and colour profiles come first.
const HEAD: usize = 64 * 1024;

/// Widest and highest picture that is believed.
const MOST_PIXELS: u32 = 32_768;

/// The chunk that ends every PNG.
const END: &[u8; 12] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Copies files and notes what they are.
pub(super) struct Inspector {
    pub(super) summary: ArchiveSummary,
    block: Vec<u8>,
}

impl Default for Inspector {
    fn default() -> Self {
        Self { summary: ArchiveSummary::default(), block: vec![0; HEAD] }
    }
}

impl Inspector {
    /// Copies the whole `content` of the file called `name` into `sink` and looks at it.
    pub(super) fn copy(
        &mut self,
        name: &Path,
        content: &mut dyn Read,
        sink: &mut dyn Write,
    ) -> Result<(), BadOutput> {
        let mut head: Vec<u8> = Vec::new();
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let read = match content.read(&mut self.block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(not_read(error)),
            };
            let block = &self.block[..read];
            sink.write_all(block).map_err(not_written)?;
            head.extend_from_slice(&block[..read.min(HEAD - head.len())]);
            tail.extend_from_slice(&block[read.saturating_sub(END.len())..]);
            tail.drain(..tail.len().saturating_sub(END.len()));
            self.summary.total_bytes += read as u64;
        }
        self.summary.entries += 1;
        if sniff(&head) == Container::Png {
            let whole = tail == END;
            let picture = whole.then(|| header(&head)).flatten();
            let (size, has_alpha) = picture.ok_or_else(|| no_picture(name))?;
            self.summary.pictures += 1;
            self.summary.with_alpha += u64::from(has_alpha);
            self.summary.size.get_or_insert(size);
        } else if claims_picture(name) {
            return Err(no_picture(name));
        }
        Ok(())
    }
}

fn no_picture(name: &Path) -> BadOutput {
    BadOutput::Archive(ArchiveFlaw::NotAPicture(name.to_string_lossy().into_owned()))
}

/// Whether a name promises a picture. The `._` files that macOS adds to archives do not.
fn claims_picture(name: &Path) -> bool {
    let is_shadow = name.file_name().is_some_and(|file| file.to_string_lossy().starts_with("._"));
    !is_shadow && name.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

/// Width, height and alpha from the beginning of a PNG.
fn header(head: &[u8]) -> Option<((u32, u32), bool)> {
    let mut decoder = Decoder::new(Cursor::new(head));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().ok()?;
    let size = (info.width, info.height);
    if size.0.max(size.1) > MOST_PIXELS {
        return None;
    }
    let has_alpha = match info.color_type {
        ColorType::Rgba | ColorType::GrayscaleAlpha => true,
        // One colour may be declared transparent in a chunk of its own.
        _ => decoder.read_info().is_ok_and(|reader| reader.info().trns.is_some()),
    };
    Some((size, has_alpha))
}
