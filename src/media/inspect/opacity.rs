//! Opacity of the pictures of WebP, GIF and PNG archives, whose alpha needs no video decoder. The
//! number and the size of decoded pictures are limited.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use super::output::OutputSpec;
use crate::media::archive::{ArchiveBounds, ArchiveError, extract_archive};
use crate::media::container::Container;
use crate::media::error::{OutputError, write_error};
use crate::model::OutputFormat;

/// Maximum size of a decoded picture in pixels (8K).
const MAX_PIXELS: u64 = 7_680 * 4_320;

/// Pictures decoded for a remark.
const REMARK_PICTURES: usize = 3;

/// Maximum size of an archive that is unpacked for a remark, in bytes.
const MAX_REMARK_ARCHIVE_BYTES: u64 = 100_000_000;

/// A remark on a verified output with transparent background that is empty or fully opaque. `None`
/// if a video decoder is needed.
pub fn remark_on_opacity(path: &Path, expected: &OutputSpec) -> Option<&'static str> {
    let is_large = expected.size.is_none_or(|size| size > MAX_REMARK_ARCHIVE_BYTES);
    if !expected.alpha || (expected.format == OutputFormat::PngSequence && is_large) {
        return None;
    }
    // The output is already verified; one that cannot be decoded here gets no remark.
    let pictures = read_opacity(path, expected.format, REMARK_PICTURES).ok()??;
    let all = |value: u8| {
        let alike = |picture: &Opacity| picture.values.iter().all(|seen| *seen == value);
        !pictures.is_empty() && pictures.iter().all(alike)
    };
    if all(0) {
        Some("the output is empty: its first pictures are transparent everywhere")
    } else if all(u8::MAX) {
        Some("nothing shows through: the first pictures of the output are opaque everywhere")
    } else {
        None
    }
}

/// Opacity of the pixels of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opacity {
    pub width: u32,
    pub height: u32,
    /// 0 (transparent) to 255 (opaque), row by row.
    pub values: Vec<u8>,
}

impl Opacity {
    /// Mean opacity, 0 to 1.
    pub fn mean(&self) -> f64 {
        let sum: u64 = self.values.iter().map(|value| u64::from(*value)).sum();
        sum as f64 / 255.0 / (self.values.len().max(1)) as f64
    }

    /// The value at a position given as shares of width and height (0 to 1).
    pub fn at(&self, across: f64, down: f64) -> u8 {
        let column = pixel_index(across, self.width);
        let row = pixel_index(down, self.height);
        self.values.get(row * self.width as usize + column).copied().unwrap_or(0)
    }

    /// Reads a grey PNG as opacity.
    pub fn from_mask(png: &[u8]) -> Result<Self, OutputError> {
        let (width, height, samples, pixels) = decode_png(std::io::Cursor::new(png))?;
        if samples != 1 {
            return Err(malformed(Container::Png, "the mask is not grey"));
        }
        Ok(Self { width, height, values: pixels })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a width is a column"
)]
fn pixel_index(share: f64, size: u32) -> usize {
    let last = f64::from(size.saturating_sub(1));
    (share.clamp(0.0, 1.0) * f64::from(size)).floor().min(last) as usize
}

/// Opacity of the first `max_pictures` pictures of the output at `path`. `None` if a video decoder is
/// needed.
pub fn read_opacity(
    path: &Path,
    format: OutputFormat,
    max_pictures: usize,
) -> Result<Option<Vec<Opacity>>, OutputError> {
    match format {
        OutputFormat::Webp => of_webp(open(path)?, max_pictures).map(Some),
        OutputFormat::Gif => of_gif(open(path)?).map(|first| Some(vec![first])),
        OutputFormat::PngSequence => of_sequence(path, max_pictures).map(Some),
        OutputFormat::Webm | OutputFormat::Mov | OutputFormat::Mp4 => Ok(None),
    }
}

fn open(path: &Path) -> Result<BufReader<File>, OutputError> {
    let file = File::open(path).map_err(|error| OutputError::Unreadable(error.to_string()))?;
    Ok(BufReader::new(file))
}

fn malformed(container: Container, what: &'static str) -> OutputError {
    OutputError::Malformed { container, what }
}

fn sensible(container: Container, width: u32, height: u32) -> Result<(), OutputError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(malformed(container, "a picture is empty, or larger than 8K"));
    }
    Ok(())
}

fn of_webp<R: BufRead + Seek>(source: R, max_pictures: usize) -> Result<Vec<Opacity>, OutputError> {
    let broken = |_| malformed(Container::WebP, "a picture cannot be decoded");
    let mut decoder = image_webp::WebPDecoder::new(source).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    sensible(Container::WebP, width, height)?;
    let size = decoder.output_buffer_size().unwrap_or(0);
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0; size];
    if !decoder.is_animated() {
        decoder.read_image(&mut pixels).map_err(broken)?;
        return Ok(vec![last_sample(width, height, samples, &pixels)]);
    }
    let frames = usize::try_from(decoder.num_frames()).unwrap_or(max_pictures).min(max_pictures);
    let mut pictures = Vec::with_capacity(frames);
    for _ in 0..frames {
        decoder.read_frame(&mut pixels).map_err(broken)?;
        pictures.push(last_sample(width, height, samples, &pixels));
    }
    Ok(pictures)
}

/// The last sample of each pixel if that is alpha; otherwise opaque.
fn last_sample(width: u32, height: u32, samples: usize, pixels: &[u8]) -> Opacity {
    let values = match samples {
        2 | 4 => pixels.chunks_exact(samples).map(|pixel| pixel[samples - 1]).collect(),
        _ => vec![255; pixels.len() / samples.max(1)],
    };
    Opacity { width, height, values }
}

/// The first picture only: later ones may omit unchanged parts.
fn of_gif<R: Read>(source: R) -> Result<Opacity, OutputError> {
    let broken = |_| malformed(Container::Gif, "a picture cannot be decoded");
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(source).map_err(broken)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    sensible(Container::Gif, width, height)?;
    let frame = decoder
        .read_next_frame()
        .map_err(broken)?
        .ok_or(OutputError::NoPictures(Container::Gif))?;
    let mut values = vec![0; width as usize * height as usize];
    let row_length = usize::from(frame.width).max(1);
    for (row, line) in frame.buffer.chunks_exact(row_length * 4).enumerate() {
        let start = (usize::from(frame.top) + row) * width as usize + usize::from(frame.left);
        let Some(target) = values.get_mut(start..start + row_length) else {
            return Err(malformed(Container::Gif, "a picture reaches out of its frame"));
        };
        for (value, pixel) in target.iter_mut().zip(line.chunks_exact(4)) {
            *value = pixel[3];
        }
    }
    Ok(Opacity { width, height, values })
}

fn of_sequence(path: &Path, max_pictures: usize) -> Result<Vec<Opacity>, OutputError> {
    let directory = tempfile::tempdir().map_err(write_error)?;
    let files =
        extract_archive(path, &directory.path().join("pictures"), ArchiveBounds::default(), false)?;
    files
        .iter()
        .take(max_pictures)
        .map(|file| {
            let (width, height, samples, pixels) = decode_png(open(file)?)?;
            Ok(last_sample(width, height, samples, &pixels))
        })
        .collect()
}

/// Width, height, samples per pixel, and samples of eight bits.
fn decode_png<R: BufRead + Seek>(source: R) -> Result<(u32, u32, usize, Vec<u8>), OutputError> {
    let broken = |_| OutputError::Archive(ArchiveError::Damaged);
    let mut decoder = png::Decoder::new(source);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = reader.info().size();
    sensible(Container::Png, width, height)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let shape = reader.next_frame(&mut pixels).map_err(broken)?;
    pixels.truncate(shape.buffer_size());
    Ok((width, height, shape.color_type.samples(), pixels))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn sample(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)
    }

    #[test]
    fn alpha_is_read_from_each_format_that_can_be() {
        let webp = read_opacity(&sample("clear.webp"), OutputFormat::Webp, 3).unwrap().unwrap();
        assert!(!webp.is_empty() && webp.len() <= 3 && webp[0].mean() < 1.0);
        let gif = read_opacity(&sample("clear.gif"), OutputFormat::Gif, 3).unwrap().unwrap();
        assert!(gif[0].mean() < 1.0, "{}", gif[0].mean());
        let opaque = read_opacity(&sample("plain.webp"), OutputFormat::Webp, 1).unwrap().unwrap();
        assert!((opaque[0].mean() - 1.0).abs() < 1e-9);
        let archive =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/assets/standin/standin.zip");
        let pictures = read_opacity(&archive, OutputFormat::PngSequence, 2).unwrap().unwrap();
        assert!(!pictures.is_empty() && pictures.len() <= 2);
        assert_eq!(read_opacity(&sample("clear.webm"), OutputFormat::Webm, 1), Ok(None));
    }

    #[test]
    fn an_output_that_is_empty_or_opaque_is_remarked_on() {
        let remark = |path: &Path, format, alpha| {
            let size = Some(std::fs::metadata(path).unwrap().len());
            remark_on_opacity(path, &OutputSpec { format, alpha, size, length: None })
        };
        let opaque = remark(&sample("plain.webp"), OutputFormat::Webp, true);
        assert!(opaque.unwrap().starts_with("nothing shows through"));
        assert_eq!(remark(&sample("plain.webp"), OutputFormat::Webp, false), None);
        assert_eq!(remark(&sample("clear.webp"), OutputFormat::Webp, true), None);
        assert_eq!(remark(&sample("clear.webm"), OutputFormat::Webm, true), None);

        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.gif");
        let mut encoder =
            gif::Encoder::new(std::fs::File::create(&empty).unwrap(), 4, 4, &[]).unwrap();
        encoder.write_frame(&gif::Frame::from_rgba(4, 4, &mut [0; 64])).unwrap();
        drop(encoder);
        let message = remark(&empty, OutputFormat::Gif, true).unwrap();
        assert!(message.starts_with("the output is empty"), "{message}");
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for format in [OutputFormat::Webp, OutputFormat::Gif, OutputFormat::PngSequence] {
            assert!(read_opacity(&sample("plain.mp4"), format, 1).is_err(), "{format}");
        }
        assert!(Opacity::from_mask(b"no picture").is_err());
        let colored = std::fs::read(sample("clear.png")).unwrap();
        assert!(Opacity::from_mask(&colored).is_err());
    }

    #[test]
    fn places_are_shares_of_the_picture() {
        let picture = Opacity { width: 2, height: 2, values: vec![0, 1, 2, 3] };
        for (across, down, expected) in
            [(0.0, 0.0, 0), (0.6, 0.0, 1), (0.0, 1.0, 2), (1.0, 1.0, 3), (9.0, -1.0, 1)]
        {
            assert_eq!(picture.at(across, down), expected, "{across} {down}");
        }
    }
}
