//! A PNG sequence: one archive with a picture a frame, written as the frames come.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::EngineError;

/// An archive that is being written.
pub(crate) struct Sequence {
    archive: ZipWriter<BufWriter<File>>,
    size: (u32, u32),
    color: png::ColorType,
    written: u64,
    encoded: Vec<u8>,
}

impl Sequence {
    /// Creates the file. Frames are RGBA with `alpha` and RGB without.
    pub(crate) fn create(
        output: &Path,
        size: (usize, usize),
        alpha: bool,
    ) -> Result<Self, EngineError> {
        let file =
            File::create_new(output).map_err(EngineError::because("Creating the output failed"))?;
        let narrow = |pixels: usize| {
            u32::try_from(pixels).map_err(|_| EngineError("The picture is too large".to_owned()))
        };
        Ok(Self {
            archive: ZipWriter::new(BufWriter::new(file)),
            size: (narrow(size.0)?, narrow(size.1)?),
            color: if alpha { png::ColorType::Rgba } else { png::ColorType::Rgb },
            written: 0,
            encoded: Vec::new(),
        })
    }

    /// Adds a frame as `frame_000001.png` and so on.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Result<(), EngineError> {
        self.encoded.clear();
        let mut encoder = png::Encoder::new(&mut self.encoded, self.size.0, self.size.1);
        encoder.set_color(self.color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(frame).map(|()| writer))
            .and_then(png::Writer::finish)
            .map_err(EngineError::because("Encoding a picture failed"))?;
        self.written += 1;
        // The pictures are compressed already.
        let stored =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        self.archive
            .start_file(format!("frame_{:06}.png", self.written), stored)
            .map_err(std::io::Error::from)
            .and_then(|()| self.archive.write_all(&self.encoded))
            .map_err(|error| unwritable(&error))
    }

    /// Completes the archive.
    pub(crate) fn finish(self) -> Result<(), EngineError> {
        self.archive
            .finish()
            .map_err(std::io::Error::from)
            .and_then(|mut file| file.flush())
            .map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &std::io::Error) -> EngineError {
    EngineError(format!("Writing the output failed: {error}"))
}
